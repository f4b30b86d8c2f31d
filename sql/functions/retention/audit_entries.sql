-- Lists what was put on the record in a window, from p_since to before p_until: of each entry its chain, what it is
-- found by, and a hash of what it says. It reads the tables whose rows are written once: an entry that differs later,
-- is missing or appears was not written by the platform. What retention removes is told by ops.audit_limits.
-- Called by the job audit_anchor and `ops audit verify`. Locks and raises nothing.
create or replace function ops.audit_entries(
    p_since timestamptz,
    p_until timestamptz
)
returns table (chain text, entry text, recorded_at timestamptz, sha256 text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select t.chain, t.entry, t.recorded_at, encode(ops.seal_content('\x', t.content), 'hex')
from (
    select
        'events of runs' as chain, format('%s#%s event %s', p.slug, q.run_number, e.seq) as entry,
        e.created_at as recorded_at, jsonb_build_array(e.run_id, e.seq, encode(e.hash, 'hex')) as content
    from ops.run_events as e
    join ops.run_requests as q on q.run_id = e.run_id
    join ops.projects as p on p.id = q.project_id
    where e.created_at >= p_since and e.created_at < p_until
    union all
    select
        'events of environments', e.id::text, e.created_at,
        jsonb_build_array(
            e.project_id, e.environment_id, e.environment, e.event, e.payload, e.source, e.recorded_by,
            extract(epoch from e.occurred_at), extract(epoch from e.created_at)
        )
    from ops.environment_events as e
    where e.created_at >= p_since and e.created_at < p_until
    union all
    select
        'releases', r.id::text, r.created_at,
        jsonb_build_array(
            r.project_id, r.version, r.git_shas, r.image_digest, r.created_by, extract(epoch from r.created_at)
        )
    from ops.releases as r
    where r.created_at >= p_since and r.created_at < p_until
    union all
    select
        'answers to checks', c.id::text, c.created_at,
        jsonb_build_array(
            c.gate_id, c.name, c.status, c.summary, c.metadata, c.source, extract(epoch from c.occurred_at),
            extract(epoch from c.created_at)
        )
    from ops.gate_checks as c
    where c.created_at >= p_since and c.created_at < p_until
    union all
    select
        'decisions', a.id::text, a.created_at,
        jsonb_build_array(
            a.release_id, a.gate_code, a.approver_id, a.persona_role, a.decision, a.rationale_structured,
            a.release_author, a.source, extract(epoch from a.occurred_at), extract(epoch from a.created_at)
        ) || case -- what was anchored before approvals were signed stays as it was
            when a.signature is null then '[]' else jsonb_build_array(a.signature, a.key_id)
        end
    from ops.approvals as a
    where a.created_at >= p_since and a.created_at < p_until
    union all
    select
        'evidence', e.id::text, e.created_at,
        jsonb_build_array(
            e.release_id, e.gate_id, e.check_id, e.run_id, e.kind, e.s3_url, e.sha256, e.content_type, e.size_bytes,
            e.created_by, extract(epoch from e.created_at)
        )
    from ops.evidence_artifacts as e
    where e.created_at >= p_since and e.created_at < p_until
    union all
    select
        'deliveries', l.id::text, l.received_at,
        jsonb_build_array( -- the project and the release of a row may be removed from it
            l.idempotency_key, l.event_type, l.source, l.processing_status, l.http_status, l.error, l.envelope,
            l.envelope_sha256, l.caller_role, l.caller_id, extract(epoch from l.received_at)
        )
    from ops.event_ingest_log as l
    where l.received_at >= p_since and l.received_at < p_until
    union all
    select
        'settings of projects', s.id::text, s.changed_at,
        jsonb_build_array(
            s.project_id, s.key, s.old_value, s.new_value, s.changed_by, extract(epoch from s.changed_at)
        )
    from ops.project_setting_changes as s
    where s.changed_at >= p_since and s.changed_at < p_until
    union all
    select
        'settings of tools', c.id::text, c.changed_at,
        jsonb_build_array(c.tool, c.old_value, c.new_value, c.changed_by, extract(epoch from c.changed_at))
    from ops.tool_changes as c
    where c.changed_at >= p_since and c.changed_at < p_until
    union all
    select
        'upgrade previews', u.id::text, u.created_at,
        jsonb_build_array(
            u.project_id, u.environment_id, u.run_id, u.backup_id, u.evidence_id, u.image_digest, u.git_sha,
            u.source_digest, u.source_series, u.target_series, u.engine, u.verdict, u.summary, u.report,
            u.new_errors, u.new_warnings, u.seconds, u.downtime_seconds, extract(epoch from u.created_at)
        )
    from ops.upgrade_previews as u
    where u.created_at >= p_since and u.created_at < p_until
    union all
    select
        'sources of advisories', v.id::text, v.imported_at,
        jsonb_build_array(
            v.advisory_id, v.number, v.name, v.project_id, v.release, v.sha256, v.items_sha256, v.counts,
            v.imported_by, extract(epoch from v.imported_at)
        )
    from ops.upgrade_advisory_sources as v
    where v.imported_at >= p_since and v.imported_at < p_until
    union all
    select
        'decisions on orphans', o.id::text, o.decided_at,
        jsonb_build_array(
            o.kind, o.name, o.decision, o.reason, o.decided_by, extract(epoch from o.decided_at)
        )
    from ops.orphan_decisions as o
    where o.decided_at >= p_since and o.decided_at < p_until
    union all -- what changes later stands here once for each change: of each its own columns are written once
    select
        'exceptions', format('%s %s', e.id, c.change), c.changed_at, c.content
    from ops.exceptions as e
    cross join lateral (
        values
        ('requested', e.created_at, jsonb_build_array(
            e.release_id, e.gate_id, e.gate_code, e.reason, e.requested_by, e.release_author, e.is_break_glass,
            extract(epoch from e.expires_at), extract(epoch from e.created_at)
        )),
        ('granted', e.granted_at, jsonb_build_array(e.granted_by, extract(epoch from e.granted_at))),
        ('revoked', e.revoked_at, jsonb_build_array(e.revoked_by, extract(epoch from e.revoked_at)))
    ) as c (change, changed_at, content)
    where c.changed_at >= p_since and c.changed_at < p_until
    union all
    select
        'deployments', format('%s %s', d.id, c.change), c.changed_at, c.content
    from ops.deployments as d
    cross join lateral (
        values
        ('requested', d.created_at, jsonb_build_array(
            d.release_id, d.environment_id, d.stage, d.image_digest, d.git_shas, d.no_backup_reason, d.rollback_of,
            d.with_data, d.reason, d.requested_by, extract(epoch from d.created_at)
        )),
        ('ended', d.finished_at, jsonb_build_array(d.status, extract(epoch from d.finished_at)))
    ) as c (change, changed_at, content)
    where c.changed_at >= p_since and c.changed_at < p_until
    union all
    select
        'incidents', format('%s %s', i.id, c.change), c.changed_at, c.content
    from ops.incidents as i
    cross join lateral (
        values
        ('opened', i.opened_at, jsonb_build_array(
            i.project_id, i.deployment_id, i.exception_id, i.key, i.title, i.description, i.severity, i.opened_by,
            extract(epoch from i.opened_at)
        )),
        ('resolved', i.resolved_at, jsonb_build_array(
            i.resolved_by, i.resolution, extract(epoch from i.resolved_at)
        ))
    ) as c (change, changed_at, content)
    where c.changed_at >= p_since and c.changed_at < p_until
    union all
    select 'checkpoints', c.id::text, c.created_at, jsonb_build_array(encode(c.hash, 'hex'))
    from ops.checkpoints as c
    where c.created_at >= p_since and c.created_at < p_until
) as t
order by t.chain, t.recorded_at, t.entry
$$;
comment on function ops.audit_entries is 'What was put on the record in a window, with a hash of each entry.';
revoke all on function ops.audit_entries from public;
grant execute on function ops.audit_entries to service_role, ops_worker, ops_operator, audit_reader;
