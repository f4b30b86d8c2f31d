-- Records the rules that a run found under notifications in odooops.yaml, if the run's commit is the newest one that is
-- known of the project's default branch: those that the file has no longer are removed, rules that people made stay, and
-- so do muted ones. Mails to whom nobody here knows (declared_rules) do not count, which is a warning of the run.
-- Returns whether the declared rules are these now; a change is an event of the run.
-- Called by the step that reads a commit. Locks the project's row. Raises PT404 and PT410, and PT400 for a rule that none
-- may be. A retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_notification_rules(
    p_run_id uuid,
    p_attempt int,
    p_rules jsonb,
    p_domains text[] default '{}'
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
    v_gone bigint[];
    v_added int;
    v_refused int;
begin
    perform ops_private.require_attempt(p_run_id, p_attempt);
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    p_domains := array(select lower(d.domain) from unnest(p_domains) as d (domain));
    v_gone := array(
        select n.id from ops.notification_rules as n
        where n.project_id = v_run.project_id and n.is_declared and n.muted_by is null and not exists (
            select from ops_private.declared_rules(v_run.project_id, p_rules, p_domains) as d
            where (d.events, d.stage, d.fault, d.channel, d.recipient)
                is not distinct from (n.events, n.stage, n.fault, n.channel, n.recipient)
        )
    );
    if not ops_private.is_default_head(v_run) then
        return v_gone = '{}' and not exists (
            select from ops_private.declared_rules(v_run.project_id, p_rules, p_domains) as d
            where not exists (
                select from ops.notification_rules as n
                where
                    n.project_id = v_run.project_id and n.is_declared
                    and (d.events, d.stage, d.fault, d.channel, d.recipient)
                    is not distinct from (n.events, n.stage, n.fault, n.channel, n.recipient)
            )
        );
    end if;
    delete from ops.notification_rules as n where n.id = any (v_gone);
    insert into ops.notification_rules (
        project_id, events, stage, fault, channel, recipient, created_by, git_sha, is_declared
    )
    select v_run.project_id, d.events, d.stage, d.fault, d.channel, d.recipient, 'odooops.yaml', v_run.git_sha, true
    from ops_private.declared_rules(v_run.project_id, p_rules, p_domains) as d
    on conflict on constraint notification_rules_once_key do nothing;
    get diagnostics v_added = row_count;
    if v_added > 0 or v_gone <> '{}' then
        -- everybody who reads the run reads its events, but not whose addresses the rules have
        perform ops_private.write_event(
            p_run_id, 'info',
            format('who is told changed: %s rule(s) added, %s removed', v_added, cardinality(v_gone)),
            jsonb_build_object('rules_added', v_added, 'rules_removed', cardinality(v_gone))
        );
    end if;
    select count(*) into v_refused
    from jsonb_to_recordset(p_rules) as d (channel text, recipient text)
    where d.channel = 'mail' and not exists (
        select from ops_private.declared_rules(v_run.project_id, p_rules, p_domains) as k
        where k.channel = 'mail' and k.recipient = d.recipient
    );
    if v_refused > 0 and not exists (
        select from ops.run_events as e where e.run_id = p_run_id and e.payload ? 'rules_refused'
    ) then
        perform ops_private.write_event(
            p_run_id, 'warning',
            format(
                'notifications: %s rule(s) mail to addresses that nobody here has, and do not count: '
                'ops notify rule add mail ADDRESS, or ODOOOPS_NOTIFY_DOMAINS', v_refused
            ),
            jsonb_build_object('rules_refused', v_refused)
        );
    end if;
    return true;
exception when check_violation or not_null_violation or invalid_text_representation then
    raise sqlstate 'PT400' using
        message = 'No rule may be like this', detail = sqlerrm,
        hint = 'Events are run, deployment, gate, backup, alarm and incident; a mail goes to an address.';
end
$$;
comment on function ops.record_notification_rules is 'Records whom the head of the default branch wants told.';
revoke all on function ops.record_notification_rules from public;
grant execute on function ops.record_notification_rules to service_role, ops_worker;
