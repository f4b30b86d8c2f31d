-- Takes every table of the platform before anything changes, all or none: who works holds some and waits for others, and
-- with a schema change that does the same both would wait for each other. Never waits for long with a table in hand.
-- Views that a function reads are locked by who calls it, so they are taken as well, with the tables that they name: only
-- those that name nothing outside of the schema. First comes the view by which every claim begins.
select pg_advisory_xact_lock(hashtextextended('odooops.migrate', 0));
do $$
declare
    v_tables text := (
        with recursive uses (view_id, id) as (
            select c.oid, c.oid from pg_catalog.pg_class as c
            where c.relnamespace = to_regnamespace('ops') and c.relkind = 'v'
            union
            select u.view_id, d.refobjid from uses as u
            join pg_catalog.pg_rewrite as w on w.ev_class = u.id
            join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
                and d.refclassid = 'pg_catalog.pg_class'::regclass
        )
        select string_agg(
            format('ops.%I', c.relname), ', '
            order by c.relname <> 'v_startable_runs', c.relname <> 'runs', c.relname
        )
        from pg_catalog.pg_class as c
        where c.relnamespace = to_regnamespace('ops') and c.relkind in ('r', 'p', 'v') and not c.relispartition
            and c.relname !~ '^agent_' and pg_has_role(c.relowner, 'usage')
            and not exists (
                select from uses as u join pg_catalog.pg_class as t on t.oid = u.id
                where u.view_id = c.oid and (t.relnamespace <> c.relnamespace or not pg_has_role(t.relowner, 'usage'))
            )
    );
    v_timeout text := current_setting('lock_timeout');
    v_tries int := 0;
begin
    while v_tables is not null loop
        begin
            -- Longer each time, for a busy machine; always before the server looks for a deadlock, which it does after a second.
            perform set_config('lock_timeout', least(800, 200 + 20 * v_tries) || 'ms', true);
            execute format('lock table %s in access exclusive mode', v_tables);
            perform set_config('lock_timeout', v_timeout, true);
            return;
        exception when lock_not_available or deadlock_detected then
            v_tries := v_tries + 1;
            if v_tries = 60 then
                raise sqlstate 'PT503' using
                    message = 'Somebody uses the tables of schema ops and does not let go of them',
                    detail = sqlerrm,
                    hint = 'Nothing was changed. Look who it is, then migrate again: select pid, usename, query from'
                        || ' pg_stat_activity where state <> ''idle''.';
            end if;
            perform pg_sleep(least(1, 0.1 * v_tries));
        end;
    end loop;
end
$$;

-- Makes room for a state of the functions, views and policies, which follow in this order: policies and views go, so that
-- functions can change. `ops db migrate` and the file that `supabase db push` applies run the same text, each in one transaction.
set local client_min_messages = warning;
-- Functions may name each other in any order.
set local check_function_bodies = off;

-- Lists what stood in the schema before the platform: it is not made anew, so it is never dropped.
create function pg_temp.older_objects()
returns setof text
language plpgsql
as $$
begin
    if to_regclass('ops.agent_objects') is not null then
        return query select o.identity from ops.agent_objects as o;
    end if;
end
$$;

-- Lists the functions of the platform with the place of each one's row, which changes with it.
create function pg_temp.own_functions()
returns table (id oid, name text, row_version text)
language sql
as $$
    select p.oid, p.proname::text, p.ctid::text
    from pg_catalog.pg_proc as p, pg_catalog.pg_identify_object('pg_catalog.pg_proc'::regclass, p.oid, 0) as i
    where p.pronamespace in ('ops'::regnamespace, 'ops_private'::regnamespace) and p.proname !~ '^agent_'
    and i.identity not in (select o.identity from pg_temp.older_objects() as o (identity))
$$;

create function pg_temp.drop_functions(p_ids oid[])
returns void
language plpgsql
as $$
declare
    v_id oid;
begin
    foreach v_id in array p_ids loop
        execute format('drop routine %s', v_id::regprocedure);
    end loop;
end
$$;

-- Creates or replaces a function; where its arguments or result changed, the old signature goes first.
create function pg_temp.make_function(p_name text, p_text text)
returns void
language plpgsql
as $$
begin
    begin
        execute p_text;
    exception when invalid_function_definition or ambiguous_function then
        perform pg_temp.drop_functions(array(select f.id from pg_temp.own_functions() as f where f.name = p_name));
        execute p_text;
    end;
end
$$;

create function pg_temp.refuse_namesakes(p_names text[])
returns void
language plpgsql
as $$
declare
    v_taken text := (
        select string_agg(distinct 'ops.' || n.name, ', ') from unnest(p_names) as n (name)
        where 'ops.' || n.name in (select split_part(o.identity, '(', 1) from pg_temp.older_objects() as o (identity))
    );
begin
    if v_taken is not null then
        raise sqlstate 'PT409' using
            message = format('Schema ops holds %s of an earlier use, and this version brings its own', v_taken),
            hint = 'Rename what is named, there and in ops.agent_objects, and migrate again. Nothing was changed.';
    end if;
end
$$;

-- A function that is made over keeps its grants: those that its file gives no more would stay.
do $$
declare
    v_revoke text;
begin
    for v_revoke in
        select format('revoke all on routine %s from %s', f.id::regprocedure, string_agg(distinct r.rolname, ', '))
        from pg_temp.own_functions() as f
        join pg_catalog.pg_proc as p on p.oid = f.id
        cross join pg_catalog.aclexplode(p.proacl) as a
        join pg_catalog.pg_roles as r on r.oid = a.grantee and r.oid <> p.proowner
        where r.rolname in (
            'anon', 'authenticated', 'service_role', 'ops_gateway', 'ops_worker', 'ops_operator',
            'ci_service_role', 'qa_tester', 'release_manager', 'sre', 'developer', 'audit_reader'
        )
        group by f.id
    loop
        execute v_revoke;
    end loop;
end
$$;

create temporary table ops_functions_before on commit drop as
select
    f.id,
    f.row_version
from pg_temp.own_functions() as f;

-- Takes the policies of the platform's tables and their partitions away, and its views. A table that no file of policies
-- bears the name of is somebody else's, made before the platform or after it: its policies stay.
create function pg_temp.make_room(p_tables text[])
returns void
language plpgsql
as $$
declare
    v_drop text;
begin
    for v_drop in
        select format('drop policy %I on ops.%I', p.policyname, p.tablename)
        from pg_catalog.pg_policies as p
        left join pg_catalog.pg_inherits as i on i.inhrelid = to_regclass(format('ops.%I', p.tablename))
        where p.schemaname = 'ops'
        and (p.tablename = any (p_tables) or i.inhparent in (select to_regclass('ops.' || t) from unnest(p_tables) as t))
        and format('ops.%I', p.tablename) not in (select o.identity from pg_temp.older_objects() as o (identity))
    loop
        execute v_drop;
    end loop;
    select 'drop view ' || string_agg(format('ops.%I', v.viewname), ', ') into v_drop from pg_catalog.pg_views as v
    where v.schemaname = 'ops' and v.viewname !~ '^agent_'
    and format('ops.%I', v.viewname) not in (select o.identity from pg_temp.older_objects() as o (identity));
    if v_drop is not null then
        execute v_drop;
    end if;
end
$$;

select pg_temp.refuse_namesakes(array['active_counts', 'add_person_alias', 'add_run_artifact', 'adopt_environment', 'advance_control_plane', 'announce_deployment', 'append_event', 'append_run_log', 'append_run_logs', 'apply_pushes', 'apply_retention', 'archive_project', 'artifact_expiry_is_due', 'audit_anchor_is_due', 'audit_entries', 'audit_limits', 'audit_trail', 'await_decision', 'branch_stage', 'break_glass', 'caller_claims', 'caller_id', 'caller_jobs', 'caller_name', 'caller_personas', 'caller_role', 'cancel_run', 'claim_and_start_runs', 'claim_next_run', 'claim_runs', 'clear_alarm', 'close_deployments', 'compare_backup', 'complete_workflow_run', 'create_backup', 'create_event_key', 'create_person', 'create_project', 'create_release', 'decide_orphan', 'drop_backup', 'drop_expired_backup', 'end_dagster_run', 'end_forgotten_transactions', 'end_orphan_decision', 'enroll_run', 'ensure_environment', 'ensure_partitions', 'environments_to_expire', 'evaluate_gate', 'expire_environments', 'expire_rows', 'explain_promotion', 'explain_rollback', 'finish_run', 'forget_template', 'freeze_reason', 'get_run', 'grant_exception', 'has_permission', 'hash_event', 'heartbeat_run', 'hold_backup', 'ingest_event', 'is_eligible_for_promotion', 'is_platform', 'janitor_is_due', 'keep_deployment', 'known_runs', 'list_logged_runs', 'list_partitions', 'list_queued_runs', 'log_retention_is_due', 'matches_pattern', 'minute_of_week', 'normalise_repo_url', 'open_incident', 'partition_key', 'peek_runs', 'person_of', 'policy', 'policy_defaults', 'policy_rules', 'project_of_webhook', 'projects_to_poll', 'promote_due_builds', 'promote_release', 'propose_release', 'queue_due_drills', 'queue_due_retention', 'queue_nightly_backups', 'queue_run', 'raise_alarm', 'read_run_logs', 'receive_event', 'receive_push', 'record_backup_failed', 'record_backup_recheck', 'record_backup_start', 'record_backup_stored', 'record_backup_verified', 'record_branch_heads', 'record_check', 'record_deployment', 'record_deployment_status', 'record_destruction', 'record_drill_end', 'record_drill_start', 'record_evidence', 'record_gate_check', 'record_lineage', 'record_orphan_decision', 'record_poll_failure', 'record_promotion', 'record_promotion_failure', 'record_repository_rules', 'record_restore_end', 'record_restore_start', 'record_restore_swap', 'record_retention', 'record_webhook_secret', 'release_backup_hold', 'release_build', 'remember_template', 'remove_condemned_artifacts', 'remove_member', 'remove_person_alias', 'renew_claim', 'replace_orphans', 'request_exception', 'requeue_expired_runs', 'requeue_run', 'require_deployable', 'require_unused_database', 'resolve_incident', 'restore_backup', 'retry_run', 'revoke_event_key', 'revoke_exception', 'right_now', 'roll_back_undecided', 'rollback_deployment', 'rotate_event_key', 'run_config_fields', 'run_kinds', 'runs_ending_with', 'seal_content', 'set_environment_status', 'set_environment_url', 'set_member', 'set_policy', 'set_project_setting', 'settle_gates', 'shown_digest', 'sign_off_gate', 'start_promotion', 'start_workflow_run', 'tell_health', 'touch_template', 'usual_duration', 'verify_backup', 'verify_chains', 'verify_checkpoints', 'verify_run_chain', 'visible_projects', 'watch_backup_freshness', 'withdraw_release', 'worker_heartbeat', 'worker_to_wait_for', 'artifacts', 'project_members', 'v_backup_freshness', 'v_deployment_history', 'v_environment_overview', 'v_event_keys', 'v_gate_status', 'v_exception_status', 'v_people', 'v_productions', 'v_promotion_eligibility', 'v_run_details', 'v_run_lineage', 'v_run_queue', 'v_runs', 'v_startable_runs', 'v_upgrade_advisories', 'v_evidence_completeness', 'v_release_gate_summary']);

select pg_temp.make_room(array['approvals', 'backups', 'branch_heads', 'checkpoints', 'control_plane', 'database_templates', 'deployments', 'environment_events', 'environments', 'event_ingest_log', 'event_keys', 'evidence_artifacts', 'exceptions', 'gate_checks', 'incidents', 'orphan_decisions', 'orphans', 'people', 'person_aliases', 'policies', 'project_counters', 'project_memberships', 'project_setting_changes', 'project_settings', 'projects', 'push_deliveries', 'recovery_drills', 'release_gates', 'releases', 'repository_rules', 'restores', 'roles', 'run_artifacts', 'run_checkpoints', 'run_checks', 'run_events', 'run_lineage', 'run_logs', 'run_requests', 'runs', 'tools', 'upgrade_advisories', 'workers', 'workflows']::text[]);

select pg_temp.make_function('accept_event', $ops_file$
-- Carries out a well-formed event once and returns the answer. Called by answer_event, which undoes everything if it
-- raises. Locks the log's row of its key, and what the handler locks.
-- A fact that is older than what is known is recorded and changes nothing, and the answer says so. Raises PT403, PT409 for
-- a project, a release or a key that does not match, and what the handler raises.
create or replace function ops_private.accept_event(
    p_envelope jsonb,
    p_text text,
    p_key ops.event_keys,
    p_run_id uuid
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid := ops_private.named_project(p_envelope ->> 'project');
    v_release ops.releases;
    v_log_id bigint;
    v_answer jsonb := '{"http_status": 200, "status": "accepted", "message": "accepted"}';
    v_ids jsonb;
begin
    if p_run_id is null then -- else the platform speaks, whoever ended its run
        perform ops_private.require_event_permission(v_project_id, p_envelope, p_key);
    end if;
    select r.* into v_release from ops.releases as r
    where r.id = ops_private.named_release(v_project_id, p_envelope ->> 'release');
    perform ops_private.check_event_target(v_project_id, v_release, p_envelope);
    v_log_id := ops_private.log_delivery(p_envelope, p_text, v_answer, p_key, v_project_id, v_release.id);
    if v_log_id is null then
        return ops_private.duplicate_of_event(v_project_id, p_envelope, p_text);
    end if;
    perform ops_private.refuse_replay(v_project_id, (p_envelope ->> 'occurred_at')::timestamptz);
    v_ids := case p_envelope ->> 'event_type'
        when 'build_complete' then ops_private.handle_build_complete(v_release, p_envelope, p_run_id)
        when 'gate_signoff' then ops_private.handle_gate_signoff(v_release, p_envelope, p_key)
        when 'deployment_event' then ops_private.handle_deployment_event(v_release, p_envelope, p_key, p_run_id)
        when 'health_check' then ops_private.handle_health_check(v_release, p_envelope, p_run_id)
        when 'environment_event' then ops_private.handle_environment_event(v_project_id, v_release, p_envelope, p_key)
    end;
    if (v_ids ->> 'is_overruled')::boolean then
        v_answer := v_answer || '{"message": "accepted, and overruled by a newer fact"}';
    end if;
    return v_answer || jsonb_build_object('ids', jsonb_strip_nulls(jsonb_build_object(
        'log_id', v_log_id, 'project_id', v_project_id, 'release_id', v_release.id
    ) || (v_ids - 'is_overruled')));
end
$$;
comment on function ops_private.accept_event is 'Carries a well-formed event out, once.';
revoke all on function ops_private.accept_event from public;
$ops_file$);

select pg_temp.make_function('acting_person', $ops_file$
-- Returns the name under which a person's act is recorded: the caller's, or, for the platform that acts for a person,
-- the name it gives. Called by RPCs in which a person requests, grants, opens or ends something. Locks nothing.
-- Raises PT403 for another's name, PT400 for one that is nobody's.
create or replace function ops_private.acting_person(p_named text)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_named is null then
        return coalesce(ops.caller_id(), ops.caller_role());
    elsif ops.person_of(p_named) is null then
        raise sqlstate 'PT400' using
            message = 'An act is somebody''s', hint = 'Name the person by visible characters.';
    elsif ops.is_platform() then
        return p_named;
    elsif not ops.person_of(p_named) = any (ops_private.caller_persons()) then
        raise sqlstate 'PT403' using message = 'You act as yourself', hint = 'Leave the name out.';
    end if;
    return coalesce(ops.caller_id(), ops.caller_role());
end
$$;
comment on function ops_private.acting_person is 'The name under which a person''s act is recorded.';
revoke all on function ops_private.acting_person from public;
$ops_file$);

select pg_temp.make_function('active_counts', $ops_file$
-- Counts the claimed and running runs, so that no more runs are claimed than there is room for. Called by the ops_queue
-- sensor. Locks and raises nothing.
create or replace function ops.active_counts()
returns table (active int)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select count(*)::int from ops.runs as r where r.status in ('claimed', 'running');
end
$$;
comment on function ops.active_counts is 'How many runs are at work.';
revoke all on function ops.active_counts from public;
grant execute on function ops.active_counts to service_role, ops_worker, ops_operator;
$ops_file$);

select pg_temp.make_function('add_person_alias', $ops_file$
-- Adds a name to a person; gates that the name decided are judged again. Called by `ops person alias` and the service
-- role. Locks the gates. Raises PT404 for the person, PT400 for a name that is empty, PT409 for another person's name.
-- Repeating it is harmless.
-- Definer: nobody may write people directly; only the service role may execute this.
create or replace function ops.add_person_alias(
    person_id uuid,
    alias text,
    kind ops.alias_kind,
    p_created_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_alias text := ops_private.fold_name(add_person_alias.alias);
    v_owner uuid;
begin
    if not exists (select from ops.people as p where p.id = add_person_alias.person_id) then
        raise sqlstate 'PT404' using message = 'There is no such person', hint = 'List them: ops person list.';
    elsif v_alias is null or add_person_alias.kind is null then
        raise sqlstate 'PT400' using
            message = 'A name has visible characters and a kind', hint = 'A kind is email, subject, login or forge.';
    end if;
    insert into ops.person_aliases (alias, person_id, kind, spelling, created_by)
    values (
        v_alias, add_person_alias.person_id, add_person_alias.kind, add_person_alias.alias,
        coalesce(p_created_by, ops.caller_id(), ops.caller_role())
    )
    on conflict (alias) do nothing;
    select a.person_id into v_owner from ops.person_aliases as a where a.alias = v_alias;
    if v_owner is distinct from add_person_alias.person_id then
        raise sqlstate 'PT409' using
            message = format('%s is the name of %s', add_person_alias.alias, (
                select p.name from ops.people as p where p.id = v_owner
            )),
            hint = 'Take it from there first: ops person unalias.';
    end if;
end
$$;
comment on function ops.add_person_alias is 'Adds a name to a person.';
revoke all on function ops.add_person_alias from public;
grant execute on function ops.add_person_alias to service_role;
$ops_file$);

select pg_temp.make_function('add_run_artifact', $ops_file$
-- Records the address and the hash of a file of the run. Called by workers once the bytes are stored.
-- Raises PT404, PT410, PT400 for a malformed hash, PT503 while that object is being removed. A later attempt replaces
-- the artifact of an earlier one with the same key; the same attempt raises PT409 unless the bytes are the same.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.add_run_artifact(
    p_run_id uuid,
    p_artifact_key text,
    p_s3_url text,
    p_sha256 text,
    p_content_type text default 'application/octet-stream',
    p_size_bytes bigint default 0,
    p_expires_at timestamptz default null,
    p_attempt int default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := ops_private.require_attempt(p_run_id, p_attempt);
    v_id uuid;
begin
    lock table ops.run_artifacts in row exclusive mode; -- condemn_artifacts waits, adders do not
    if exists (select from ops.run_artifacts as a where a.s3_url = p_s3_url and a.condemned_at is not null) then
        raise sqlstate 'PT503' using
            message = format('The object of %s is just being removed as nobody needed it', p_artifact_key),
            hint = 'Store it again in a moment, then add it again.';
    end if;
    insert into ops.run_artifacts as a (
        run_id, attempt, artifact_key, s3_url, sha256, content_type, size_bytes, expires_at
    )
    values (
        p_run_id, v_attempt, p_artifact_key, p_s3_url, lower(p_sha256), p_content_type, p_size_bytes, p_expires_at
    )
    on conflict on constraint run_artifacts_run_id_artifact_key_key do update
    set attempt = excluded.attempt, s3_url = excluded.s3_url, sha256 = excluded.sha256,
        content_type = excluded.content_type, size_bytes = excluded.size_bytes, expires_at = excluded.expires_at,
        condemned_at = null
    where a.attempt < excluded.attempt or a.sha256 = excluded.sha256
    returning a.id into v_id;
    if not found then
        raise sqlstate 'PT409' using
            message = format('The run already has another file %s', p_artifact_key),
            hint = 'Store it under another key.';
    end if;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = format('No artifact may have these values: %s', coalesce(p_artifact_key, 'null')),
        detail = sqlerrm,
        hint = 'An artifact has a key, an address, a SHA-256 of 64 hexadecimal digits and a size.';
end
$$;
comment on function ops.add_run_artifact is 'Notes where a file of a run is kept.';
revoke all on function ops.add_run_artifact from public;
grant execute on function ops.add_run_artifact to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('adopt_deployment', $ops_file$
-- Inserts a deployment that was started elsewhere, or by a run of the platform that a push queued. Called by
-- handle_deployment_event, which locks the project. Raises PT409 if the gates do not allow it, and for production
-- without a fresh backup or a reason for its absence, which the event gives as rationale_structured.no_backup_reason.
create or replace function ops_private.adopt_deployment(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage,
    p_envelope jsonb,
    p_key ops.event_keys,
    p_run_id uuid
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup_id uuid := ops_private.backup_to_return_to(p_release.project_id, p_environment_id);
    v_excuse text := nullif(p_envelope #>> '{rationale_structured,no_backup_reason}', '');
    v_id uuid;
begin
    if p_stage = 'production' and v_backup_id is null and v_excuse is null then
        raise sqlstate 'PT409' using
            message = 'Production has no verified backup that is fresh enough', column = 'environment',
            hint = 'Take one first, or say why there is none: rationale_structured.no_backup_reason.';
    end if;
    insert into ops.deployments (
        project_id, release_id, environment_id, stage, image_digest, git_shas, backup_id, no_backup_reason, run_id,
        requested_by, started_at
    )
    values (
        p_release.project_id, p_release.id, p_environment_id, p_stage, p_release.image_digest, p_release.git_shas,
        v_backup_id, case when v_backup_id is null then v_excuse end, p_run_id,
        coalesce(
            (select nullif(q.requested_by, '') from ops.run_requests as q where q.run_id = p_run_id),
            ops_private.sender_id(p_key)
        ),
        least((p_envelope ->> 'occurred_at')::timestamptz, clock_timestamp())
    )
    returning id into v_id;
    return v_id;
end
$$;
comment on function ops_private.adopt_deployment is 'Writes down a deployment that was started elsewhere.';
revoke all on function ops_private.adopt_deployment from public;
$ops_file$);

select pg_temp.make_function('adopt_environment', $ops_file$
-- Records that the branch's production runs elsewhere, and returns its environment: it can be backed up and cloned, and
-- nothing here writes to it. Its location is stored outside the database.
-- Called by `ops env adopt` and people. Locks the environment's row. Raises what ensure_environment does, and PT409 if
-- production is hosted here or is about to be. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.adopt_environment(
    p_project_id uuid,
    p_branch text
)
returns setof ops.environments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_run bigint;
begin
    select e.* into v_environment from ops.ensure_environment(p_project_id, p_branch, 'production') as e;
    select e.* into v_environment from ops.environments as e where e.id = v_environment.id for update;
    select min(r.run_number) into v_run from ops.runs as r
    where
        r.environment_id = v_environment.id and r.status in ('queued', 'claimed', 'running')
        and r.kind not in ('build', 'test');
    if v_environment.is_adopted then
        return next v_environment;
        return;
    elsif v_environment.database_name is not null then
        raise sqlstate 'PT409' using
            message = format('%s is hosted here', v_environment.partition_key),
            hint = 'Destroy it first, if nobody needs it: ops env destroy.';
    elsif v_run is not null then
        raise sqlstate 'PT409' using
            message = format('Run #%s is about to change %s', v_run, v_environment.partition_key),
            hint = 'Wait for its end, or cancel it: ops run cancel.';
    end if;
    v_environment := ops_private.move_environment(v_environment, 'adopted');
    insert into ops.environment_events (project_id, environment_id, environment, event, source, recorded_by)
    values (
        v_environment.project_id, v_environment.id, v_environment.name, 'adopted', 'ops',
        coalesce(ops.caller_name(), ops.caller_role())
    );
    return next v_environment;
end
$$;
comment on function ops.adopt_environment is 'Notes that a production runs elsewhere.';
revoke all on function ops.adopt_environment from public;
grant execute on function ops.adopt_environment to authenticated, service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('advance_control_plane', $ops_file$
-- Counts a round of the janitor and returns the control plane. p_rounds is the count in the state folder: a record with
-- a lower count was restored from an older backup, and is returned unchanged.
-- Called by the janitor. Locks the one row. Raises nothing. A retry counts one more, which is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.advance_control_plane(
    p_rounds bigint default 0
)
returns table (id uuid, rounds bigint, created_at timestamptz, is_older boolean)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    update ops.control_plane as c set rounds = c.rounds + 1 where c.rounds >= coalesce(p_rounds, 0);
    return query
        select c.id, c.rounds, c.created_at, c.rounds < coalesce(p_rounds, 0) from ops.control_plane as c;
end
$$;
comment on function ops.advance_control_plane is
'Counts a round of the janitor, and says whether the record is older than the one that was counted last.';
revoke all on function ops.advance_control_plane from public;
grant execute on function ops.advance_control_plane to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('after_attempt', $ops_file$
-- Returns the next state of a run whose attempt is given up: canceled if a cancel was requested; queued while attempts
-- are left, at once if its work had started and after a pause if not; else failed. A run from Dagster that never
-- started fails: the queue would start its whole job and not the selected assets. Locks and raises nothing.
create or replace function ops_private.after_attempt(
    p_run ops.runs,
    p_now timestamptz
)
returns table (next_status ops.run_status, not_before timestamptz, in_vain int)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pause interval;
begin
    if (p_run).status = 'claimed' then
        in_vain := (p_run).attempt - (p_run).starts;
        v_pause := ops_private.pause_before_launch(in_vain);
    end if;
    if (p_run).cancel_requested_at is not null then
        next_status := 'canceled';
    elsif (p_run).status = 'running' then
        next_status := case when (p_run).starts < (p_run).max_attempts then 'queued' else 'failed' end;
    elsif v_pause is null or (p_run).trigger = 'dagster_ui' then
        next_status := 'failed';
    else
        next_status := 'queued';
        not_before := p_now + v_pause;
    end if;
    return next;
end
$$;
comment on function ops_private.after_attempt is 'What becomes of a run whose attempt is given up.';
revoke all on function ops_private.after_attempt from public;
$ops_file$);

select pg_temp.make_function('announce_deployment', $ops_file$
-- Tells the gates that a run is about to deploy its release to a staging, and returns the answer, with the
-- deployment's id; null for a run that deploys no release there. The answer is a refusal where the gates do not allow
-- it. Gate G1 is told of the build first. The run's end tells the rest.
-- Called by step deployment before it puts a build in place. Locks the run, the project, and what a deployment locks.
-- Raises PT404 and PT410 for the attempt. A retry returns the same deployment.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.announce_deployment(
    p_run_id uuid,
    p_attempt int
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_release ops.releases := ops_private.release_of_run(v_run);
    v_environment text := (
        select e.partition_key from ops.environments as e where e.id = v_run.environment_id and e.stage = 'staging'
    );
begin
    if v_run.kind <> 'deploy' or v_release.id is null or v_environment is null then
        return null;
    end if;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    perform ops.close_deployments(v_run.project_id);
    perform ops_private.tell_build(v_run, v_release);
    return ops_private.answer_event(
        ops_private.own_envelope(v_run, v_release, 'deployment_event', jsonb_build_object(
            'environment', v_environment, 'status', 'running'
        ), 'running'),
        null, v_run.id
    );
end
$$;
comment on function ops.announce_deployment is 'Tells the gates that a run is about to deploy its release.';
revoke all on function ops.announce_deployment from public;
grant execute on function ops.announce_deployment to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('answer_event', $ops_file$
-- Carries an event out, logs the delivery and returns the answer; what a refused event wrote is undone. Called by
-- ingest_event and receive_event; the key is null where the caller speaks for itself. With a run the platform tells
-- of its own work: only then may the source and the key be of its own name space. Locks what the handler locks.
-- Raises only errors that are not the sender's fault.
create or replace function ops_private.answer_event(
    p_envelope jsonb,
    p_key ops.event_keys,
    p_run_id uuid default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := ops_private.envelope_text(p_envelope);
    v_answer jsonb;
    v_state text;
    v_message text;
    v_field text;
    v_hint text;
    v_detail text;
begin
    begin
        perform ops_private.refuse_envelope(p_envelope, v_text);
        if p_run_id is null then
            perform ops_private.refuse_own_names(p_envelope);
        end if;
        v_answer := ops_private.accept_event(p_envelope, v_text, p_key, p_run_id);
    exception when others then
        get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_field = column_name,
            v_hint = pg_exception_hint, v_detail = pg_exception_detail;
        if v_state = 'PT409' and v_detail <> '' then -- what stands in the way, such as the gates that are not met
            v_message := format('%s: %s', v_message, v_detail);
        end if;
        v_answer := ops_private.refusal_of_event(v_state, v_message, nullif(v_field, ''), nullif(v_hint, ''));
        if v_answer is null then
            raise;
        end if;
    end;
    if v_answer ->> 'status' <> 'accepted' then -- what is accepted was logged with what it wrote
        perform ops_private.log_delivery(p_envelope, v_text, v_answer, p_key);
    end if;
    return v_answer;
end
$$;
comment on function ops_private.answer_event is 'Carries an event out, logs the delivery and answers.';
revoke all on function ops_private.answer_event from public;
$ops_file$);

select pg_temp.make_function('append_event', $ops_file$
-- Adds an event to the run's chain; level is info, warning (or warn) or error. Called by workers, and by operators for
-- a run that is not claimed yet.
-- Locks the run's row. Raises PT404, PT400 and PT410. A retry adds the event again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.append_event(
    run_id uuid,
    level text,
    message text,
    payload jsonb default '{}',
    p_attempt int default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type ops.event_type := case append_event.level
        when 'debug' then 'info' when 'info' then 'info' when 'warn' then 'warning' when 'warning' then 'warning'
        when 'error' then 'error'
    end::ops.event_type;
    v_attempt int;
begin
    if v_type is null or append_event.message is null then
        raise sqlstate 'PT400' using
            message = 'An event has a message and is info, warning or error',
            hint = 'State changes write their own events.';
    end if;
    select r.attempt into v_attempt from ops.runs as r where r.id = append_event.run_id for no key update;
    if v_attempt > 0 or p_attempt is not null then
        perform ops_private.require_attempt(append_event.run_id, p_attempt);
    end if;
    perform ops_private.write_event(
        append_event.run_id, v_type, append_event.message, coalesce(append_event.payload, '{}')
    );
end
$$;
comment on function ops.append_event is 'Adds an event to a run''s chain.';
revoke all on function ops.append_event from public;
grant execute on function ops.append_event to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('append_run_log', $ops_file$
-- Adds one log line and returns its id. Called by workers. Raises PT404 and PT410. A retry adds the line again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.append_run_log(
    p_run_id uuid,
    p_level ops.log_level,
    p_message text,
    p_metadata jsonb default '{}',
    p_attempt int default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_id bigint;
begin
    insert into ops.run_logs (run_id, attempt, level, message, metadata)
    values (
        p_run_id, ops_private.require_attempt(p_run_id, p_attempt), p_level, p_message, coalesce(p_metadata, '{}')
    )
    returning id into v_id;
    return v_id;
end
$$;
comment on function ops.append_run_log is 'Adds a log line.';
revoke all on function ops.append_run_log from public;
grant execute on function ops.append_run_log to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('append_run_logs', $ops_file$
-- Adds log lines in their order and returns the count; the input is an array of {level, message, metadata,
-- logged_at}. Called by workers, a batch at a time. Raises PT400 if the input is no array, PT404 and PT410. A retry
-- adds the lines again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.append_run_logs(
    p_run_id uuid,
    p_attempt int,
    p_lines jsonb
)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := ops_private.require_attempt(p_run_id, p_attempt);
    v_count int;
begin
    if jsonb_typeof(p_lines) is distinct from 'array' then
        raise sqlstate 'PT400' using
            message = 'Log lines come as an array',
            hint = 'Pass [{"level": "info", "message": "...", "metadata": {}, "logged_at": "..."}].';
    end if;
    insert into ops.run_logs (run_id, attempt, level, message, metadata, logged_at)
    select
        p_run_id, v_attempt, coalesce(l.line ->> 'level', 'info')::ops.log_level, coalesce(l.line ->> 'message', ''),
        coalesce(l.line -> 'metadata', '{}'), coalesce((l.line ->> 'logged_at')::timestamptz, clock_timestamp())
    from jsonb_array_elements(p_lines) with ordinality as l (line, place)
    order by l.place;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.append_run_logs is 'Adds log lines.';
revoke all on function ops.append_run_logs from public;
grant execute on function ops.append_run_logs to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('apply_delivery', $ops_file$
-- Applies one stored push to every project for which it speaks. A push of a branch makes the project due to be asked for
-- its branches and changes nothing else: what runs is what the repository answers. A push of a tag queues its build,
-- which fails unless the repository has the tag at that commit. Locks the projects' rows and their
-- counters.
create or replace function ops_private.apply_delivery(
    p_delivery ops.push_deliveries
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
    v_outcome text := 'unknown_project';
begin
    for v_project in
        select p.* from ops.projects as p
        where p.status = 'active' and ops_private.speaks_for(p_delivery, p)
        order by p.created_at
    loop
        perform ops_private.lock_project(v_project.id);
        if (p_delivery).ref like 'refs/tags/%' then
            v_outcome := ops_private.apply_tag(v_project, p_delivery);
        else
            update ops.projects as p set notified_at = clock_timestamp() where p.id = v_project.id;
            v_outcome := 'due';
        end if;
    end loop;
    return v_outcome;
end
$$;
comment on function ops_private.apply_delivery is 'Acts on one stored push.';
revoke all on function ops_private.apply_delivery from public;
$ops_file$);

select pg_temp.make_function('apply_pushes', $ops_file$
-- Acts on stored pushes, in the order of arrival: projects become due to be asked for their branches, because a delivery
-- is no proof of what it tells; tags are built. A push that cannot be applied records the reason and does not block the
-- others. A push whose project another session holds is left for a later call, with all that came after it from its
-- repository.
-- Called by the github_pushes sensor. Locks the pushes and the projects; pushes that another caller applies are left
-- to it. Raises nothing: PT503 of queue_run means later, too. A retry finds them done.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.apply_pushes(
    p_limit int default 20
)
returns table (delivery_id text, outcome text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '500ms' -- a forge gives up after ten seconds, and the others wait
as $$
#variable_conflict use_column
declare
    v_delivery ops.push_deliveries;
    v_later text[] := '{}';
begin
    for v_count in 1 .. p_limit loop
        select d.* into v_delivery from ops.push_deliveries as d
        where d.processed_at is null and ops.normalise_repo_url(d.repo_url) <> all (v_later)
        order by d.id limit 1 for update skip locked;
        exit when not found;
        begin
            outcome := ops_private.apply_delivery(v_delivery);
            update ops.push_deliveries as d set processed_at = clock_timestamp(), outcome = apply_pushes.outcome
            where d.id = v_delivery.id;
        exception
            when lock_not_available or sqlstate 'PT503' then
                v_later := v_later || ops.normalise_repo_url(v_delivery.repo_url);
                continue;
            when serialization_failure or deadlock_detected or query_canceled then raise;
            when others then
                outcome := 'error';
                update ops.push_deliveries as d
                set processed_at = clock_timestamp(), outcome = 'error', error = sqlerrm
                where d.id = v_delivery.id;
        end;
        delivery_id := v_delivery.delivery_id;
        return next;
    end loop;
end
$$;
comment on function ops.apply_pushes is 'Acts on stored pushes.';
revoke all on function ops.apply_pushes from public;
grant execute on function ops.apply_pushes to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('apply_retention', $ops_file$
-- Requests that the project's retention policy is applied to its backups, and returns the run that does it: the
-- unfinished one if there is one.
-- Called by people who may back up, and by queue_due_retention. Locks the project's counter. Raises PT404, PT403, and
-- PT409 as queue_run does. A retry returns the run that waits.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.apply_retention(
    project_id uuid,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return ops.queue_run(
        apply_retention.project_id, null, null, null, p_kind => 'retention', p_trigger => p_trigger,
        p_requested_by => p_requested_by, p_idempotency_key => p_idempotency_key
    );
end
$$;
comment on function ops.apply_retention is 'Asks for a run that applies a project''s backup retention.';
revoke all on function ops.apply_retention from public;
grant execute on function ops.apply_retention to authenticated, service_role, ops_operator;
grant execute on function ops.apply_retention to sre;
$ops_file$);

select pg_temp.make_function('apply_tag', $ops_file$
-- Applies one stored push of a tag to a project: queues the build that becomes the tag's release, beside production.
-- A tag never moves: one that comes with another commit, also after it was deleted, is refused, and an alarm says so.
-- Called by apply_delivery, which locks the project. Raises what queue_run raises.
create or replace function ops_private.apply_tag(
    p_project ops.projects,
    p_delivery ops.push_deliveries
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tag text := regexp_replace((p_delivery).ref, '^refs/tags/', '');
    v_known text := coalesce(
        (
            select ops_private.project_git_sha(r) from ops.releases as r
            where r.project_id = (p_project).id and r.version = v_tag
        ),
        (
            select d.sha from ops.push_deliveries as d
            where
                d.ref = (p_delivery).ref and d.id < (p_delivery).id and d.outcome in ('queued', 'unchanged')
                and ops.normalise_repo_url(d.repo_url) = ops.normalise_repo_url((p_delivery).repo_url)
            order by d.id
            limit 1
        )
    );
    v_outcome text := case when v_known is null then 'queued' when v_known = (p_delivery).sha then 'unchanged' else 'moved tag' end;
begin
    if v_outcome = 'queued' then
        perform ops.queue_run(
            (p_project).id, (p_project).default_branch, (p_delivery).sha, (p_delivery).ref,
            p_kind => 'build', p_trigger => 'push', p_requested_by => (p_delivery).pusher
        );
    elsif v_outcome = 'moved tag' then
        perform ops.raise_alarm(
            p_key => format('tag/%s/%s', (p_project).slug, v_tag),
            p_title => format('Tag %s of %s was moved', v_tag, (p_project).slug),
            p_description => format('From %s to %s. Its release stays what it was; tag the commit under another name.',
                v_known, (p_delivery).sha),
            p_severity => 'minor', p_project_id => (p_project).id
        );
    end if;
    return v_outcome;
end
$$;
comment on function ops_private.apply_tag is 'Applies one stored push of a tag.';
revoke all on function ops_private.apply_tag from public;
$ops_file$);

select pg_temp.make_function('archive_project', $ops_file$
-- Archives a project: cancels its queued runs, accepts no new ones, and stops polling its branches.
-- Called by `ops project archive` and owners. Locks the project's row. Raises PT404 and PT403. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.archive_project(
    p_slug text
)
returns setof ops.projects
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
    v_run_id uuid;
begin
    select p.* into v_project from ops.projects as p where p.slug = p_slug for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    perform ops_private.require_permission(v_project.id, 'archive');
    update ops.projects as p set status = 'archived', archived_at = coalesce(p.archived_at, clock_timestamp())
    where p.id = v_project.id
    returning p.* into v_project;
    for v_run_id in select r.id from ops.runs as r where r.project_id = v_project.id and r.status = 'queued' loop
        perform ops_private.end_queued_run(v_run_id, 'the project was archived');
    end loop;
    return next v_project;
end
$$;
comment on function ops.archive_project is 'Archives a project.';
revoke all on function ops.archive_project from public;
grant execute on function ops.archive_project to authenticated, service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('artifact_expiry_is_due', $ops_file$
-- Returns whether the artifact expiry has something to do: condemned artifacts, expired ones, or old uploads, which only
-- the store knows and which are looked for once a day. p_last_at is the start of the last expiry that succeeded. An
-- expired artifact whose object others need counts as well; the expiry leaves it alone.
-- Called by the schedule artifact_expiry. Locks and raises nothing.
create or replace function ops.artifact_expiry_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with kept as materialized (
    select p.id, p_now - make_interval(days => (ops.policy(p.id, 'ttl') ->> 'artifact_days')::int) as since
    from ops.projects as p
)
select
    p_last_at is null or p_last_at <= p_now - interval '1 day'
    or exists (select from ops.run_artifacts as a where a.condemned_at is not null)
    or exists (select from ops.run_artifacts as a where a.expires_at < p_now)
    or exists (
        select from kept as k
        join ops.run_requests as q on q.project_id = k.id
        join ops.run_artifacts as a on a.run_id = q.run_id
        where a.expires_at is null and a.created_at < k.since
    )
$$;
comment on function ops.artifact_expiry_is_due is 'Whether artifacts are past their time.';
revoke all on function ops.artifact_expiry_is_due from public;
grant execute on function ops.artifact_expiry_is_due to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('audit_anchor_is_due', $ops_file$
-- Returns whether the record shall be anchored: an hour has passed since p_last_at, the start of the last anchoring that
-- succeeded, and something may have been put on the record meanwhile; or a day has passed.
-- Called by the schedule audit_anchor. Locks and raises nothing.
create or replace function ops.audit_anchor_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    p_last_at is null or p_last_at <= p_now - interval '1 day'
    or p_last_at <= p_now - interval '1 hour' and (
        exists (select from ops.event_ingest_log as l where l.received_at >= p_last_at)
        or exists (
            select from ops.runs as r
            where r.status in ('queued', 'claimed', 'running') or r.finished_at >= p_last_at
        )
        or coalesce((select e.created_at from ops.environment_events as e order by e.id desc limit 1) >= p_last_at, false)
    )
$$;
comment on function ops.audit_anchor_is_due is 'Whether something was put on the record since it was anchored last.';
revoke all on function ops.audit_anchor_is_due from public;
grant execute on function ops.audit_anchor_is_due to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('audit_entries', $ops_file$
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
        )
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
        'decisions on orphans', o.id::text, o.decided_at,
        jsonb_build_array(
            o.kind, o.name, o.decision, o.reason, o.decided_by, extract(epoch from o.decided_at)
        )
    from ops.orphan_decisions as o
    where o.decided_at >= p_since and o.decided_at < p_until
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
$ops_file$);

select pg_temp.make_function('audit_limits', $ops_file$
-- Returns the time by this server, when the record began, and since when retention has kept events of runs and
-- deliveries: what is older may be gone.
-- Called by the job audit_anchor and `ops audit verify`. Locks and raises nothing.
-- Definer: it calls a helper that only the owner may execute.
create or replace function ops.audit_limits()
returns table (taken_at timestamptz, began_at timestamptz, events_since timestamptz, deliveries_since timestamptz)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
select
    clock_timestamp(),
    least(
        (select c.created_at from ops.control_plane as c),
        (select min(p.created_at) from ops.projects as p),
        (select min(l.received_at) from ops.event_ingest_log as l)
    ),
    (select max(c.events_before) from ops.checkpoints as c),
    clock_timestamp() - make_interval(days => (
        select min((ops_private.rules_in_force(p.id, 'ttl') ->> 'ingest_days')::int)
        from (select project.id from ops.projects as project union all select null) as p
    ))
$$;
comment on function ops.audit_limits is 'When the record began, and since when retention keeps its parts.';
revoke all on function ops.audit_limits from public;
grant execute on function ops.audit_limits to service_role, ops_worker, ops_operator, audit_reader;
$ops_file$);

select pg_temp.make_function('audit_trail', $ops_file$
-- Lists everything on the record of a project, or without one of all, oldest first: events of runs with their seals,
-- decisions, answers to checks, exceptions, deployments, evidence, deliveries of events, incidents. An entry is the row;
-- an event of a run has besides the text over which its hash is, so that a reader can compare without this database.
-- Called by `ops audit export` and auditors. Locks and raises nothing.
create or replace function ops.audit_trail(p_project_id uuid default null)
returns table (kind text, recorded_at timestamptz, entry jsonb)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select t.kind, t.recorded_at, t.entry
from (
    select
        'run_event' as kind, e.created_at as recorded_at,
        to_jsonb(e) || jsonb_build_object('sealed', jsonb_build_array( -- as ops.hash_event has it
            e.run_id, e.seq, e.attempt, e.event_type, e.message, e.payload, extract(epoch from e.created_at)
        )::text) as entry
    from ops.run_requests as q
    join ops.run_events as e on e.run_id = q.run_id
    where p_project_id is null or q.project_id = p_project_id
    union all
    select 'release', r.created_at, to_jsonb(r) from ops.releases as r where p_project_id is null or r.project_id = p_project_id
    union all
    select 'gate_check', c.created_at, to_jsonb(c)
    from ops.releases as r
    join ops.release_gates as g on g.release_id = r.id
    join ops.gate_checks as c on c.gate_id = g.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'approval', a.created_at, to_jsonb(a)
    from ops.releases as r
    join ops.approvals as a on a.release_id = r.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'exception', x.created_at, to_jsonb(x)
    from ops.releases as r
    join ops.exceptions as x on x.release_id = r.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'evidence', e.created_at, to_jsonb(e)
    from ops.releases as r
    join ops.evidence_artifacts as e on e.release_id = r.id
    where p_project_id is null or r.project_id = p_project_id
    union all
    select 'deployment', d.created_at, to_jsonb(d) from ops.deployments as d where p_project_id is null or d.project_id = p_project_id
    union all
    select 'delivery', l.received_at, to_jsonb(l) from ops.event_ingest_log as l where p_project_id is null or l.project_id = p_project_id
    union all
    select 'environment_event', e.created_at, to_jsonb(e)
    from ops.environment_events as e where p_project_id is null or e.project_id = p_project_id
    union all
    select 'incident', i.opened_at, to_jsonb(i) from ops.incidents as i where p_project_id is null or i.project_id = p_project_id
) as t
order by t.recorded_at, t.kind, (t.entry ->> 'seq')::int, t.entry ->> 'id'
$$;
comment on function ops.audit_trail is 'Everything on the record of a project, or of all.';
revoke all on function ops.audit_trail from public;
grant execute on function ops.audit_trail to service_role, ops_operator, audit_reader;
$ops_file$);

select pg_temp.make_function('await_decision', $ops_file$
-- Asks people whether a deployment stays that proved its health before they were let in and does not answer since: its
-- health is inconclusive until somebody keeps it, rolls it back, or the time of policy promotion.decide_minutes is
-- over, after which roll_back_undecided returns to the code of before. Returns the deployment. A rollback, and a
-- deployment from which there is no way back, are returned without a deadline.
-- Called by step promote. Locks the run, the project, the deployment and its gate. Raises PT404, PT410, and PT409 for a
-- deployment of another run or one that did not succeed. A retry keeps the deadline.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.await_decision(
    p_run_id uuid,
    p_attempt int,
    p_deployment_id uuid
)
returns ops.deployments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_deployment ops.deployments;
begin
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    select d.* into v_deployment from ops.deployments as d
    where d.id = p_deployment_id and d.run_id = p_run_id and d.status = 'succeeded';
    if not found then
        raise sqlstate 'PT409' using
            message = format('Run #%s has brought no such deployment', v_run.run_number),
            hint = 'Look at it: ops release show.';
    end if;
    if v_deployment.rollback_of is null and v_deployment.decision_due_at is null
        and ops_private.release_before(v_deployment.id) is not null then
        update ops.deployments as d
        set decision_due_at = clock_timestamp() + make_interval(
            mins => (ops_private.rules_in_force(v_run.project_id, 'promotion') ->> 'decide_minutes')::int
        )
        where d.id = v_deployment.id
        returning d.* into v_deployment;
    end if;
    return v_deployment;
end
$$;
comment on function ops.await_decision is 'Asks people whether a deployment stays, with a deadline.';
revoke all on function ops.await_decision from public;
grant execute on function ops.await_decision to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('backup_of_attempt', $ops_file$
-- Returns the backup that this attempt makes, and locks its row. Called by functions that record a worker's progress.
-- Raises PT404, PT410, and PT409 if the attempt has not started it.
create or replace function ops_private.backup_of_attempt(
    p_run_id uuid,
    p_attempt int
)
returns ops.backups
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_backup ops.backups;
begin
    select b.* into v_backup from ops.backups as b
    where b.run_id = v_run.id and b.attempt = p_attempt
    for no key update;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Attempt %s of run #%s makes no backup', p_attempt, v_run.run_number),
            hint = 'Start it first: ops.record_backup_start.';
    end if;
    return v_backup;
end
$$;
comment on function ops_private.backup_of_attempt is 'The backup that an attempt makes.';
revoke all on function ops_private.backup_of_attempt from public;
$ops_file$);

select pg_temp.make_function('backup_to_return_to', $ops_file$
-- Returns the backup to which a deployment could be rolled back: the environment's newest verified one, if its data are
-- not older than the policy of promotions allows. Locks and raises nothing.
create or replace function ops_private.backup_to_return_to(
    p_project_id uuid,
    p_environment_id uuid
)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select b.id
from ops.backups as b
where
    b.environment_id = p_environment_id and b.project_id = p_project_id and b.status = 'verified'
    and b.taken_at > ops.right_now() - make_interval(
        hours => (ops_private.rules_in_force(p_project_id, 'promotion') ->> 'backup_max_age_hours')::int
    )
order by b.taken_at desc
limit 1
$$;
comment on function ops_private.backup_to_return_to is 'The backup that a deployment could be taken back to.';
revoke all on function ops_private.backup_to_return_to from public;
$ops_file$);

select pg_temp.make_function('backups_kept_by_calendar', $ops_file$
-- Lists the project's verified backups that policy retention keeps by the calendar of the time zone: of each environment
-- the newest of each of its last days, weeks and months with a backup. tools/backup/retention.py decides the same for the
-- run, and a test compares the two.
-- Called by drop_expired_backup. Locks nothing. Raises 22023 for an unknown time zone.
create or replace function ops_private.backups_kept_by_calendar(
    p_project_id uuid,
    p_time_zone text,
    p_now timestamptz
)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rules jsonb := ops_private.rules_in_force(p_project_id, 'retention');
begin
    return query
    with past as (
        select b.id, b.environment_id, coalesce(b.taken_at, b.created_at) as moment
        from ops.backups as b
        where b.project_id = p_project_id and b.status = 'verified' and coalesce(b.taken_at, b.created_at) <= p_now
    ), placed as (
        select
            p.id, u.kept,
            row_number() over (
                partition by p.environment_id, u.unit, date_trunc(u.unit, p.moment at time zone p_time_zone)
                order by p.moment desc, p.id::text desc
            ) as place_in_period,
            dense_rank() over (
                partition by p.environment_id, u.unit
                order by date_trunc(u.unit, p.moment at time zone p_time_zone) desc
            ) as period
        from past as p
        cross join (
            values
            ('day', (v_rules ->> 'daily')::int), ('week', (v_rules ->> 'weekly')::int),
            ('month', (v_rules ->> 'monthly')::int)
        ) as u (unit, kept)
    )
    select distinct o.id from placed as o where o.place_in_period = 1 and o.period <= o.kept;
end
$$;
comment on function ops_private.backups_kept_by_calendar is 'The backups that retention keeps by day, week and month.';
revoke all on function ops_private.backups_kept_by_calendar from public;
$ops_file$);

select pg_temp.make_function('backups_that_may_go', $ops_file$
-- Lists the project's backups that no rule keeps for certain: not held, past the ages that protect a backup, and not among
-- the newest verified ones of its environment. The ages are those of the policy in tools/backup/retention.py and
-- retention_plan.py; what is kept by the calendar is a matter of backups_kept_by_calendar.
-- Called by environments_to_thin_out and drop_expired_backup. Locks and raises nothing.
create or replace function ops_private.backups_that_may_go(
    p_project_id uuid,
    p_now timestamptz
)
returns table (backup_id uuid, environment_id uuid)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_minimum int := (ops_private.rules_in_force(p_project_id, 'retention') ->> 'minimum')::int;
begin
    return query
    with settled as (
        select
            b.id, b.environment_id, b.status, b.held_at, b.label, coalesce(b.taken_at, b.created_at) as moment,
            row_number() over (
                partition by b.environment_id, b.status order by b.taken_at desc, b.id::text desc
            ) as place
        from ops.backups as b
        where
            b.project_id = p_project_id and b.status in ('verified', 'failed')
            and coalesce(b.taken_at, b.created_at) <= p_now
    )
    select s.id, s.environment_id from settled as s
    where
        s.held_at is null and (s.label is null or s.moment <= p_now - interval '30 days')
        and case s.status
            when 'failed' then s.moment <= p_now - interval '2 days'
            else s.moment <= p_now - interval '1 day' and s.place > v_minimum
        end;
end
$$;
comment on function ops_private.backups_that_may_go is 'The backups that a retention policy may drop.';
revoke all on function ops_private.backups_that_may_go from public;
$ops_file$);

select pg_temp.make_function('branch_stage', $ops_file$
-- Returns the stage of a branch: the default branch is production, one that matches a pattern is
-- staging (by default release/*), all others are development. Called by stage_of_branch. Locks and raises nothing.
create or replace function ops.branch_stage(
    p_branch text,
    p_default_branch text,
    p_staging_branches jsonb default '["release/*"]'
)
returns ops.environment_stage
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_branch = p_default_branch then 'production'
    when ops.matches_pattern(p_branch, p_staging_branches) then 'staging'
    else 'development'
end::ops.environment_stage
$$;
comment on function ops.branch_stage is 'The stage of a branch.';
revoke all on function ops.branch_stage from public;
grant execute on function ops.branch_stage to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.branch_stage
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('break_glass', $ops_file$
-- Waives a gate at once and for a short time, in an emergency with nobody else at hand; returns the exception's id. It
-- opens an incident, and lifts a freeze for this release.
-- Called by release managers and site reliability engineers, including the release's author. Locks the gate.
-- Raises PT404, PT403, PT400 without a reason. A retry breaks it again.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.break_glass(
    release_id uuid,
    gate_code ops.ops_gate_code,
    reason text,
    p_broken_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(break_glass.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, break_glass.gate_code);
    v_minutes int := (ops_private.rules_in_force(v_release.project_id, 'promotion') ->> 'break_glass_minutes')::int;
    v_caller text := ops_private.acting_person(p_broken_by);
    v_now timestamptz := clock_timestamp();
    v_id uuid;
begin
    if cardinality(ops.caller_jobs()) > 0 or not ops.has_permission(v_release.project_id, 'deploy') then
        perform ops_private.require_permission(v_release.project_id, 'grant_exception');
    end if;
    insert into ops.exceptions (
        release_id, gate_id, gate_code, release_author, reason, is_break_glass, requested_by, granted_by, granted_at,
        created_at, expires_at
    )
    values (
        v_release.id, v_gate.id, v_gate.gate_code, v_release.created_by, break_glass.reason, true, v_caller, v_caller,
        v_now, v_now, v_now + make_interval(mins => v_minutes)
    )
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'Glass is broken for a reason', detail = sqlerrm, hint = 'Say what the emergency is.';
end
$$;
comment on function ops.break_glass is 'Waives a gate at once, for a short time, and opens an incident.';
revoke all on function ops.break_glass from public;
grant execute on function ops.break_glass to service_role, release_manager, sre;
$ops_file$);

select pg_temp.make_function('build_verdict', $ops_file$
-- Returns what a run says of its build: `pass` once the attempt made the last asset that its kind builds, which no
-- asset is made without its blocking checks; `fail` if the run failed before; null while nothing decides it, and for
-- a run that was canceled. Called by tell_build. Locks and raises nothing.
create or replace function ops_private.build_verdict(p_run ops.runs)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when exists (
        select from ops.run_lineage as l
        where
            l.run_id = (p_run).id and l.attempt = (p_run).attempt
            and l.asset_key = case (p_run).kind when 'build' then 'image' else 'database' end
    ) then 'pass'
    when (p_run).status = 'failed' then 'fail'
end
$$;
comment on function ops_private.build_verdict is 'What a run says of its build: pass, fail, or nothing yet.';
revoke all on function ops_private.build_verdict from public;
$ops_file$);

select pg_temp.make_function('caller_claims', $ops_file$
-- Returns the claims of the caller's token, or null if they cannot be trusted: anyone may set the setting that carries
-- them, so they count only in a session that may take the role authenticated, which is PostgREST's.
-- Called by functions that need the calling person. Locks and raises nothing.
create or replace function ops.caller_claims()
returns jsonb
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if pg_has_role(session_user, 'authenticated', 'member') then
        return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    end if;
    return null;
end
$$;
comment on function ops.caller_claims is 'The claims of the caller''s token, where a token is believed.';
revoke all on function ops.caller_claims from public;
grant execute on function ops.caller_claims to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_claims
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('caller_id', $ops_file$
-- Returns the id of the calling person: the token's subject, else the login. A token without a subject has no id,
-- except the service role's own.
-- Called by functions and policies that record or compare who did what. Locks and raises nothing.
create or replace function ops.caller_id()
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := ops.caller_claims();
begin
    return case
        when v_claims is null then session_user::text
        when coalesce(v_claims ->> 'sub', '') <> '' then v_claims ->> 'sub'
        when ops.is_platform() then ops.caller_role()
    end;
end
$$;
comment on function ops.caller_id is 'The person who calls.';
revoke all on function ops.caller_id from public;
grant execute on function ops.caller_id to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_id
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('caller_jobs', $ops_file$
-- Lists the jobs of the platform's logins that the caller has, by the role taken or by membership; none for the service
-- role and the owner of the schema, who may do everything.
-- Called by is_platform, has_permission and receive_event. Locks and raises nothing. The names are listed here and not
-- read from ops.roles: a server may have a login called owner or admin for its own reasons.
create or replace function ops.caller_jobs()
returns text[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role name := ops.caller_role();
begin
    if pg_has_role(v_role, 'service_role', 'usage') or pg_has_role(
        v_role, (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'ops'), 'usage'
    ) then
        return '{}';
    end if;
    return array(
        select j.job from unnest('{ops_gateway,ops_worker,ops_operator}'::text[]) as j (job)
        where pg_has_role(v_role, j.job::name, 'usage')
    );
end
$$;
comment on function ops.caller_jobs is 'The jobs of the platform''s logins that the caller has.';
revoke all on function ops.caller_jobs from public;
grant execute on function ops.caller_jobs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_jobs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('caller_name', $ops_file$
-- Returns the calling person's name for people: the token's e-mail address, else ops.caller_id.
-- Called by RPCs that record the requester. Locks and raises nothing.
create or replace function ops.caller_name()
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(nullif(ops.caller_claims() ->> 'email', ''), ops.caller_id());
end
$$;
comment on function ops.caller_name is 'The person who calls, as people know them.';
revoke all on function ops.caller_name from public;
grant execute on function ops.caller_name to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_name
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('caller_personas', $ops_file$
-- Lists the caller's personas, by the role taken or by membership of the login. Called by has_permission and by RPCs
-- that record the role in which somebody acted. Locks and raises nothing. The names are listed here and not read from
-- ops.roles: a server may have a login called owner or admin for its own reasons.
create or replace function ops.caller_personas()
returns text[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role text := ops.caller_role();
begin
    return array(
        select p.persona
        from unnest('{ci_service_role,qa_tester,release_manager,sre,developer,audit_reader}'::text[]) as p (persona)
        where pg_has_role(v_role, p.persona::name, 'usage')
    );
end
$$;
comment on function ops.caller_personas is 'The personas that the caller is.';
revoke all on function ops.caller_personas from public;
grant execute on function ops.caller_personas to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.caller_personas
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('caller_persons', $ops_file$
-- Lists the persons that the caller is: by the token's subject or the login, and by the token's e-mail address. They are
-- one unless two people were declared. Called by functions that compare the caller. Locks and raises nothing.
create or replace function ops_private.caller_persons()
returns text[]
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select array(
    select distinct p.person
    from unnest(array[ops.caller_id(), ops.caller_claims() ->> 'email']) as n (name)
    cross join lateral ops.person_of(n.name) as p (person)
    where p.person is not null
)
$$;
comment on function ops_private.caller_persons is 'The persons that the caller is.';
revoke all on function ops_private.caller_persons from public;
$ops_file$);

select pg_temp.make_function('caller_role', $ops_file$
-- Returns the calling role: the one taken by SET ROLE (PostgREST's way), else the login.
-- Called by functions that check the caller; inside a definer function current_user is the owner.
create or replace function ops.caller_role()
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
end
$$;
comment on function ops.caller_role is 'The role on whose behalf the statement runs.';
revoke all on function ops.caller_role from public;
grant execute on function ops.caller_role to authenticated, service_role, ops_gateway, ops_worker, ops_operator;
grant execute on function ops.caller_role
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('cancel_if_superseded', $ops_file$
-- Cancels a waiting run that a newer waiting run of its environment makes unnecessary, and returns whether it did.
-- Called when an attempt is released: a push meanwhile could not cancel a run at work. Locks the run's row.
create or replace function ops_private.cancel_if_superseded(
    p_run_id uuid
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_newer bigint;
begin
    select max(n.run_number) into v_newer
    from ops.runs as r
    join ops.runs as n
        on n.environment_id = r.environment_id and n.status = 'queued' and n.run_number > r.run_number
    where r.id = p_run_id and ops_private.does_all_of(n, r);
    return v_newer is not null and ops_private.end_queued_run(p_run_id, format('superseded by #%s', v_newer));
end
$$;
comment on function ops_private.cancel_if_superseded is 'Cancels a waiting run that a newer one makes unnecessary.';
revoke all on function ops_private.cancel_if_superseded from public;
$ops_file$);

select pg_temp.make_function('cancel_run', $ops_file$
-- Cancels a waiting run at once; for a run at work it records a cancel request, which the worker receives at the next
-- heartbeat. Called by `ops run cancel` and people. Locks the run's row. Raises PT404, PT403, and PT409 for a run that
-- ended otherwise. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.cancel_run(
    p_run_id uuid,
    p_reason text default null,
    p_requested_by text default null
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.run_to_change(p_run_id);
    v_by text := p_requested_by;
begin
    if not ops.is_platform() then
        v_by := ops.caller_name();
    end if;
    if ops_private.end_queued_run(p_run_id, p_reason, v_by) then
        return 'canceled';
    elsif v_run.status in ('succeeded', 'failed') then
        raise sqlstate 'PT409' using
            message = format('Run #%s is %s already', v_run.run_number, v_run.status),
            hint = 'Nothing is left to cancel; queue it again with ops.retry_run.';
    elsif v_run.status in ('claimed', 'running') and v_run.cancel_requested_at is null then
        update ops.runs as r set cancel_requested_at = clock_timestamp() where r.id = p_run_id;
        perform ops_private.write_event(
            p_run_id, 'info', 'cancel requested' || coalesce(': ' || p_reason, ''),
            jsonb_strip_nulls(jsonb_build_object('reason', p_reason, 'requested_by', v_by))
        );
    end if;
    return v_run.status;
end
$$;
comment on function ops.cancel_run is 'Cancels a waiting run, or asks a working one to end.';
revoke all on function ops.cancel_run from public;
grant execute on function ops.cancel_run to authenticated, service_role, ops_operator;
grant execute on function ops.cancel_run to ci_service_role, developer, sre, release_manager;
$ops_file$);

select pg_temp.make_function('changed_since', $ops_file$
-- Names the checks of a release's build that are not any more as its approvers were shown them at a moment; null if all
-- is as it was. Nothing else that they were shown can change: another commit or image is another release.
-- Called by standing_decisions. Locks and raises nothing.
create or replace function ops_private.changed_since(
    p_release_id uuid,
    p_at timestamptz
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select string_agg(format('%s is %s', c.name, c.status), ', ' order by c.name)
from (
    select
        coalesce(b.key, n.key) as name,
        coalesce(n.value, 'gone') as status
    from jsonb_each_text(ops_private.shown_of(p_release_id, p_at) -> 'checks') as b
    full join jsonb_each_text(ops_private.shown_of(p_release_id, 'infinity') -> 'checks') as n on n.key = b.key
    where n.value is distinct from b.value
) as c
$$;
comment on function ops_private.changed_since is 'What changed since approvers were shown a release.';
revoke all on function ops_private.changed_since from public;
$ops_file$);

select pg_temp.make_function('check_event_target', $ops_file$
-- Refuses an event whose subject does not exist or does not match the event. Locks nothing; raises
-- PT409 naming the field.
create or replace function ops_private.check_event_target(
    p_project_id uuid,
    p_release ops.releases,
    p_envelope jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_field text;
    v_fault text;
begin
    if p_project_id is null then
        v_field := 'project';
        v_fault := format('There is no project %s', p_envelope ->> 'project');
    elsif exists (select from ops.projects as p where p.id = p_project_id and p.status = 'archived') then
        v_field := 'project';
        v_fault := format('The project %s is archived', p_envelope ->> 'project');
    elsif p_release.id is null and p_envelope ->> 'release' is not null then
        v_field := 'release';
        v_fault := format('The project has no release %s', p_envelope ->> 'release');
    elsif p_release.id is not null and p_envelope ->> 'image_digest' <> p_release.image_digest then
        v_field := 'image_digest';
        v_fault := format('Release %s is not made of this image', p_release.version);
    elsif p_release.id is not null and p_envelope ->> 'git_sha' <> all (
        array(select s.value from jsonb_each_text(p_release.git_shas) as s)
    ) then
        v_field := 'git_sha';
        v_fault := format('Release %s is not made of this commit', p_release.version);
    end if;
    if v_field is not null then
        raise sqlstate 'PT409' using
            message = v_fault, column = v_field,
            hint = 'Create the release first: ops.create_release; an event tells of what is there.';
    end if;
end
$$;
comment on function ops_private.check_event_target is 'Refuses an event whose subject does not exist.';
revoke all on function ops_private.check_event_target from public;
$ops_file$);

select pg_temp.make_function('check_proofs', $ops_file$
-- Lists the files of a run that prove the answers to its checks, and to the questions that gates ask of a run as a
-- whole (build, health, staged). Called by told_evidence. Reads, locks and raises nothing.
create or replace function ops_private.check_proofs()
returns table (name text, artifact_key text)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
values
    ('build', 'build.json'),
    ('build', 'sbom.json'),
    ('clone_harmless', 'clone.json'),
    ('neutralization_coverage', 'clone.json'),
    ('modules_installed', 'build.log'),
    ('modules_installed', 'modules.json'),
    ('module_tests_passed', 'build.log'),
    ('module_tests_passed', 'tests.json'),
    ('log_clean', 'build.log'),
    ('log_clean', 'tests.json'),
    ('healthy', 'health.json'),
    ('health', 'health.json'),
    ('health', 'health-after.json'),
    ('staged', 'health.json')
$$;
comment on function ops_private.check_proofs is 'The files of a run that prove each check.';
revoke all on function ops_private.check_proofs from public;
$ops_file$);

select pg_temp.make_function('check_run_invariants', $ops_file$
-- Refuses an inconsistent run and an invalid change of its state, from any writer. Fired by ops.runs.
-- Raises PT409 for the change, check_violation for the rest. It replaces check constraints and a trigger's condition,
-- which every statement would parse again and which cost a twelfth of a run's lifetime.
create or replace function ops_private.check_run_invariants()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    -- a claim may start the run at once: then it goes from queued to running
    if tg_op = 'UPDATE' and old.status <> new.status and not (
        (old.status = 'queued' and new.status in ('claimed', 'canceled'))
        or (old.status = 'queued' and new.status = 'running' and new.started_at = new.claimed_at
            and new.attempt = old.attempt + 1 and new.starts = old.starts + 1)
        or (old.status = 'claimed' and new.status in ('failed', 'canceled'))
        or (old.status = 'claimed' and new.status = 'running' and new.starts = old.starts + 1)
        or (old.status = 'running' and new.status in ('succeeded', 'failed', 'canceled'))
        or (old.status in ('claimed', 'running') and new.status = 'queued' and old.starts < old.max_attempts)
    ) then
        raise sqlstate 'PT409' using
            message = format('Run #%s cannot go from %s to %s', old.run_number, old.status, new.status),
            hint = 'queued - claimed - running - succeeded, failed or canceled; back to queued only while attempts are left.';
    elsif new.starts not between 0 and least(new.attempt, new.max_attempts)
        or new.max_attempts not between 1 and 100 then
        raise check_violation using
            message = 'A run has 1 to 100 attempts, and begins no more often than it is claimed and than it has attempts';
    elsif new.status in ('claimed', 'running') and (new.claimed_by is null or new.lease_expires_at is null) then
        raise check_violation using message = 'Who works holds a lease';
    elsif (new.finished_at is not null) <> (new.status in ('succeeded', 'failed', 'canceled')) then
        raise check_violation using message = 'An end has its time, and nothing else has';
    elsif new.status = 'succeeded' and new.exit_code is distinct from 0 then
        raise check_violation using message = 'Success is exit code 0';
    end if;
    return new;
end
$$;
comment on function ops_private.check_run_invariants is 'Refuses an inconsistent run and an invalid change of state.';
revoke all on function ops_private.check_run_invariants from public;
$ops_file$);

select pg_temp.make_function('check_status_of', $ops_file$
-- Returns the check status for a sender's spelling; null for any other text. Called by functions that
-- read envelopes. Raises nothing.
create or replace function ops_private.check_status_of(p_status text)
returns ops.check_status
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_status in ('pass', 'passed') then 'passed'
    when p_status in ('fail', 'failed') then 'failed'
    when p_status in ('skip', 'skipped') then 'skipped'
end::ops.check_status
$$;
comment on function ops_private.check_status_of is 'The status of a check as senders spell it.';
revoke all on function ops_private.check_status_of from public;
$ops_file$);

select pg_temp.make_function('choose_host_label', $ops_file$
-- Returns the label that the branch has, or chooses one that no other branch ever had, and that is not the default
-- branch's. Called by make_environment, which finds out when another branch takes the label at the same time. Raises PT409
-- if there is none left.
create or replace function ops_private.choose_host_label(
    p_project ops.projects,
    p_branch text
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_label text;
begin
    select e.host_label into v_label from ops.environments as e
    where e.project_id = p_project.id and e.name = p_branch
    limit 1;
    if found then
        return v_label;
    end if;
    select c.label into v_label
    from (
        select
            ops_private.host_label(p_project.slug, p_branch, h.is_hashed) as label,
            h.is_hashed
        from (values (false), (true)) as h (is_hashed)
    ) as c
    where
        not exists (select from ops.environments as e where e.host_label = c.label)
        and (
            p_branch = p_project.default_branch
            or c.label <> ops_private.host_label(p_project.slug, p_project.default_branch)
        )
    order by c.is_hashed
    limit 1;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Every host name for branch %s of %s is another branch''s', p_branch, p_project.slug),
            hint = 'Rename the branch.';
    end if;
    return v_label;
end
$$;
comment on function ops_private.choose_host_label is 'The label under which a branch answers.';
revoke all on function ops_private.choose_host_label from public;
$ops_file$);

select pg_temp.make_function('claim_and_start_runs', $ops_file$
-- Gives a worker the next runs, already started: claim_runs and start_workflow_run in one call, for workers without
-- their own queue.
-- Called by workers that start at once. Locks the claimed runs and skips those that others hold.
-- Raises PT400 for a worker without a name. If the answer is lost, the runs return to the queue when the lease ends.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_and_start_runs(
    p_worker_id text,
    p_limit int default 1,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_runs uuid[] := ops_private.take_runs(p_worker_id, p_limit, p_lease_seconds, 'running');
begin
    return query
    select d.* from ops.v_run_details as d where d.id = any (v_runs) order by array_position(v_runs, d.id);
end
$$;
comment on function ops.claim_and_start_runs is 'Started runs, each under a lease that ends by itself.';
revoke all on function ops.claim_and_start_runs from public;
grant execute on function ops.claim_and_start_runs to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('claim_next_run', $ops_file$
-- Gives a worker the next run, or no row if no run can start now.
-- Called by any worker. Locks, raises and retries like claim_runs, whose form for one run it is.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_next_run(
    p_worker_id text,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from ops.claim_runs(p_worker_id, 1, p_lease_seconds);
end
$$;
comment on function ops.claim_next_run is 'One claimed run, or none.';
revoke all on function ops.claim_next_run from public;
grant execute on function ops.claim_next_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('claim_runs', $ops_file$
-- Gives a worker the next runs, at most one per environment: ordered by priority, then the projects' turns, then age.
-- Called by the ops_queue sensor and any other worker. Locks the claimed runs and skips those that others hold.
-- Raises PT400 for a worker without a name. If the answer is lost, the runs return to the queue when the lease ends. If
-- two workers claim runs of one environment, the unique index stops the later one, which looks again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.claim_runs(
    p_worker_id text,
    p_limit int,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_runs uuid[] := ops_private.take_runs(p_worker_id, p_limit, p_lease_seconds, 'claimed');
begin
    return query
    select d.* from ops.v_run_details as d where d.id = any (v_runs) order by array_position(v_runs, d.id);
end
$$;
comment on function ops.claim_runs is 'Claimed runs, each under a lease that ends by itself.';
revoke all on function ops.claim_runs from public;
grant execute on function ops.claim_runs to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('clear_alarm', $ops_file$
-- Resolves the open incident of the key and returns whether there was one. Called by the platform's watches once the
-- fault is gone. Locks the incident. Raises PT400 without a resolution. A retry changes nothing.
-- Definer: nobody may write incidents directly; only the platform may execute this.
create or replace function ops.clear_alarm(
    p_key text,
    p_resolution text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if btrim(coalesce(p_resolution, '')) = '' then
        raise sqlstate 'PT400' using
            message = 'A resolution says what came of the incident', hint = 'Write one sentence.';
    end if;
    return ops_private.resolve_open_incident('odooops', p_resolution, p_key => p_key);
end
$$;
comment on function ops.clear_alarm is 'Ends the open incident of a key.';
revoke all on function ops.clear_alarm from public;
grant execute on function ops.clear_alarm to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('close_deployments', $ops_file$
-- Fails the deployments whose run ended without reporting a result, so that none blocks its place for ever; returns the
-- count. Called by promote_release and the platform's housekeeping; without a project, for all.
-- Locks the deployments, their releases and gates. Raises nothing; a retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.close_deployments(p_project_id uuid default null)
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
    v_closed int := 0;
begin
    for v_deployment in
        select d.* from ops.deployments as d
        join ops.runs as r on r.id = d.run_id
        where
            (p_project_id is null or d.project_id = p_project_id) and d.status in ('pending', 'running')
            and r.status in ('succeeded', 'failed', 'canceled')
        order by d.release_id, d.id
    loop
        perform ops_private.move_deployment_to(v_deployment, 'failed');
        v_closed := v_closed + 1;
    end loop;
    return v_closed;
end
$$;
comment on function ops.close_deployments is 'Ends the deployments whose run ended without saying how they went.';
revoke all on function ops.close_deployments from public;
grant execute on function ops.close_deployments to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('commits_of', $ops_file$
-- Returns the commits of a run's build by repository: that of the project's own, by its name at the forge, and those
-- of its submodules, by their paths below that name. Called by propose_release. Locks and raises nothing.
create or replace function ops_private.commits_of(
    p_run ops.runs,
    p_submodules jsonb
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(own.name, (p_run).git_sha) || coalesce((
    select jsonb_object_agg(own.name || '/' || s.key, s.value) from jsonb_each(p_submodules) as s
), '{}')
from (
    -- the last two parts of the address, without its host: acme/shop
    select substring(regexp_replace(ops.normalise_repo_url(p.repo_url), '^[^/]+/', '') from '(?:[^/]+/)?[^/]+$') as name
    from ops.projects as p
    where p.id = (p_run).project_id
) as own
$$;
comment on function ops_private.commits_of is 'The commits of a run''s build, by repository.';
revoke all on function ops_private.commits_of from public;
$ops_file$);

select pg_temp.make_function('compare_backup', $ops_file$
-- Requests a comparison of rows of a verified backup with the live database of the environment that it is of, and
-- returns the run that makes it. Each item of tables is a table, or rows of one: `res_partner:1,2`.
-- Called by people who may restore, and by the platform. Locks the backup's row and the project's counter. Raises PT404,
-- PT403, PT400 without a table, PT409 for a backup that is not verified or of another environment. Each call queues
-- another run.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.compare_backup(
    backup_id uuid,
    env text,
    tables text[],
    p_requested_by text default null,
    p_trigger text default 'api'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(compare_backup.backup_id, 'restore');
    v_environment ops.environments := ops_private.living_environment(v_backup.project_id, compare_backup.env);
begin
    if coalesce(cardinality(compare_backup.tables), 0) = 0
        or array_position(compare_backup.tables, null) is not null then
        raise sqlstate 'PT400' using
            message = 'A comparison names at least one table', hint = 'Such as res_partner, or res_partner:1,2.';
    elsif v_backup.status <> 'verified' then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s, not verified', v_backup.id, v_backup.status),
            hint = 'List the backups: ops backup list.';
    elsif v_backup.environment_id <> v_environment.id then
        raise sqlstate 'PT409' using
            message = format('Backup %s is not of %s', v_backup.id, v_environment.partition_key),
            hint = 'Take one that is: ops backup list; or clone production.';
    end if;
    return ops.queue_run(
        v_backup.project_id, null, null, null, p_kind => 'compare', p_trigger => p_trigger,
        p_requested_by => p_requested_by,
        p_config => jsonb_build_object('backup_id', v_backup.id, 'tables', to_jsonb(compare_backup.tables))
    );
end
$$;
comment on function ops.compare_backup is 'Asks for a run that compares a backup with the live database.';
revoke all on function ops.compare_backup from public;
grant execute on function ops.compare_backup to authenticated, service_role, ops_operator;
grant execute on function ops.compare_backup to sre;
$ops_file$);

select pg_temp.make_function('complete_workflow_run', $ops_file$
-- Ends a run: exit code 0 is success, any other is failure, p_canceled is a completed cancel. Without p_attempt it
-- means attempt 1.
-- Called by the worker that owns the run. Locks the run's row. Raises PT404, PT400 without an exit code, PT410 if the
-- attempt is over, PT409 if the run ended otherwise or never started. Repeating it with the same result does nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.complete_workflow_run(
    p_run_id uuid,
    p_exit_code int,
    p_error_message text default null,
    p_attempt int default null,
    p_worker_id text default null,
    p_canceled boolean default false
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := coalesce(p_attempt, 1);
    v_run ops.runs;
    v_status ops.run_status := case
        when p_canceled then 'canceled' when p_exit_code = 0 then 'succeeded' else 'failed'
    end;
begin
    if p_exit_code is null and not p_canceled then
        raise sqlstate 'PT400' using
            message = 'A run ends with an exit code',
            hint = 'Pass p_exit_code: 0 for success, anything else for failure.';
    end if;
    if ops_private.end_run(p_run_id, v_attempt, v_status, p_exit_code, p_error_message, p_worker_id) then
        return v_status;
    end if;
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    if v_run.id is null or v_run.attempt <> v_attempt or v_run.claimed_by is null or v_run.status = 'queued'
        or v_run.claimed_by <> p_worker_id then
        perform ops_private.refuse_attempt(p_run_id, v_attempt);
    end if;
    if v_run.status = v_status and v_run.exit_code is not distinct from p_exit_code then
        return v_status;
    end if;
    raise sqlstate 'PT409' using
        message = format('Run #%s is %s and cannot become %s', v_run.run_number, v_run.status, v_status),
        hint = case
            when v_run.status = 'claimed' then 'Start it first: ops.start_workflow_run.'
            else 'An ended run stays as it is; queue it again with ops.retry_run.'
        end;
end
$$;
comment on function ops.complete_workflow_run is 'Ends a run as its owner.';
revoke all on function ops.complete_workflow_run from public;
grant execute on function ops.complete_workflow_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('condemn_artifacts', $ops_file$
-- Marks the expired artifacts whose object nothing else needs, and returns the addresses of the objects to remove,
-- including those marked before and not yet removed. An object is removed only if every row that points to it has
-- expired and no evidence and no backup points to it. Objects are compared by the hash in their address, because a
-- moved store changes the addresses. From then on ops.add_run_artifact refuses rows that point to it. Waits for
-- artifacts being added. A retry returns the same addresses.
create or replace function ops_private.condemn_artifacts(
    p_limit int
)
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_object constant text := '(?:^|[/:])(sha256/[0-9a-f]{2}/[0-9a-f]{64})$';
begin
    lock table ops.run_artifacts in share row exclusive mode;
    with kept as materialized (
        select p.id, make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'artifact_days')::int) as age
        from ops.projects as p
    ), pointing as materialized (
        select
            a.s3_url, coalesce(substring(a.s3_url from v_object), a.s3_url) as object,
            coalesce(a.expires_at, a.created_at + k.age) < v_now as is_over
        from ops.run_artifacts as a
        join ops.run_requests as q on q.run_id = a.run_id
        join kept as k on k.id = q.project_id
    ), needed as materialized (
        select p.object from pointing as p where not p.is_over
        union
        select coalesce(substring(e.s3_url from v_object), e.s3_url) from ops.evidence_artifacts as e
        union
        select coalesce(substring(b.manifest_url from v_object), b.manifest_url) from ops.backups as b
        where b.manifest_url is not null and b.dropped_at is null
    ), over as (
        select distinct p.s3_url from pointing as p
        where not exists (select from needed as n where n.object = p.object)
        limit p_limit
    )
    update ops.run_artifacts as a set condemned_at = v_now
    from over
    where a.s3_url = over.s3_url and a.condemned_at is null;
    return query
    select
        'run_artifacts', 'condemned', null::text, null::uuid, sum(c.row_count)::bigint, array_agg(c.s3_url order by c.s3_url),
        null::text
    from (
        select a.s3_url, count(*) as row_count from ops.run_artifacts as a
        where a.condemned_at is not null
        group by a.s3_url
        limit p_limit
    ) as c
    having count(*) > 0;
end
$$;
comment on function ops_private.condemn_artifacts is 'Marks the artifacts whose time is over.';
revoke all on function ops_private.condemn_artifacts from public;
$ops_file$);

select pg_temp.make_function('content_sha256', $ops_file$
-- Returns the hash of what an envelope says, without when; null for one that is not to be written out. Raises nothing.
create or replace function ops_private.content_sha256(
    p_envelope jsonb,
    p_text text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_text is not null and jsonb_typeof(p_envelope) = 'object'
        then encode(sha256(convert_to((p_envelope - 'occurred_at')::text, 'UTF8')), 'hex')
end
$$;
comment on function ops_private.content_sha256 is 'The name of an envelope by what it says.';
revoke all on function ops_private.content_sha256 from public;
$ops_file$);

select pg_temp.make_function('count_approvals', $ops_file$
-- Returns the verdict of a gate's approvals and the persons it is based on, whatever names they used; the release's
-- author is none of them: failed since somebody rejected it, which no later decision lifts, passed once the quorum
-- approved, else pending. Where one person counts for only one of G2 and G3, the quorums are a matching of persons to gates: of
-- those who approved both, G2 takes as many as it lacks and the others count for G3. So both pass whenever there are
-- enough persons for both, in whatever order they decided. An approval of what has changed since does not count.
-- Called by gate_verdict. Locks and raises nothing.
create or replace function ops_private.count_approvals(p_gate ops.release_gates)
returns table (verdict ops.ops_gate_status, reason text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with persons as (
    select
        max(l.approver_id) filter (where l.is_here) as name,
        coalesce(bool_or(l.decision = 'rejected') filter (where l.is_here), false) as is_against,
        coalesce(bool_or(l.decision = 'approved' and l.changed is null) filter (where l.is_here), false) as is_for_this,
        coalesce(bool_or(l.decision = 'approved' and l.changed is null) filter (where not l.is_here), false) as is_for_other,
        max(l.approver_id || ', since then ' || l.changed) filter (where l.is_here and l.decision = 'approved') as void
    from ops_private.standing_decisions(p_gate) as l
    group by l.person
), counted as (
    select
        string_agg(p.name, ', ' order by p.name) filter (where p.is_against) as against,
        string_agg(p.name, ', ' order by p.name) filter (where p.is_for_this) as approvers,
        string_agg(p.void, '; ' order by p.void) as void,
        count(*) filter (where p.is_for_this) as approvals,
        count(*) filter (where p.is_for_this and p.is_for_other) as both,
        count(*) filter (where p.is_for_other and not p.is_for_this) as only_other
    from persons as p
), matched as (
    select
        c.*,
        case (p_gate).gate_code when 'G3' then least(c.both, greatest(0, (
            select o.quorum from ops.release_gates as o
            where o.release_id = (p_gate).release_id and o.gate_code = 'G2'
        ) - c.only_other)) else 0 end as taken
    from counted as c
)
select
    (case
        when m.against is not null then 'failed'
        when m.approvals - m.taken >= (p_gate).quorum then 'passed'
        else 'pending'
    end)::ops.ops_gate_status,
    case
        when m.against is not null then 'rejected by ' || m.against
        else format('approved by %s of %s%s', m.approvals - m.taken, (p_gate).quorum, ': ' || m.approvers)
            || case when m.taken > 0 then format(', %s of whom G2 needs', m.taken) else '' end
            || coalesce(' (does not count: ' || m.void || ')', '')
    end
from matched as m
$$;
comment on function ops_private.count_approvals is 'The verdict of a gate''s approvals, and whose they are.';
revoke all on function ops_private.count_approvals from public;
$ops_file$);

select pg_temp.make_function('count_checks', $ops_file$
-- Returns the verdict of a gate's checks and the checks it is based on: failed if a required one failed, passed if
-- all of them passed, else pending. The newest result of each check counts, by when it happened, then by when it was
-- recorded: a result that comes late overrules no newer one. What is recorded after p_until does not count. A skipped
-- check stays open. If no check is required by name, all reported ones are; the others that failed are named beside a
-- required one that did.
-- Locks and raises nothing.
create or replace function ops_private.count_checks(
    p_gate_id uuid,
    p_required text[],
    p_deployment_id uuid default null,
    p_until timestamptz default null
)
returns table (verdict ops.ops_gate_status, reason text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with latest as (
    select distinct on (c.name)
        c.name,
        c.status
    from ops.gate_checks as c
    where
        c.gate_id = p_gate_id
        and (p_deployment_id is null or c.deployment_id = p_deployment_id)
        and (p_until is null or c.created_at <= p_until)
    order by c.name, c.occurred_at desc, c.created_at desc, c.id desc
), wanted as (
    select n.name from unnest(p_required) as n (name)
    union all
    select l.name from latest as l where cardinality(p_required) = 0
), named as (
    select
        string_agg(w.name, ', ' order by w.name) filter (where l.status = 'failed') as failed,
        string_agg(w.name, ', ' order by w.name) filter (where l.status is null or l.status = 'skipped') as open,
        string_agg(w.name, ', ' order by w.name) filter (where l.status = 'passed') as passed,
        (
            select string_agg(o.name, ', ' order by o.name) from latest as o
            where o.status = 'failed' and o.name not in (select m.name from wanted as m)
        ) as failed_besides
    from wanted as w
    left join latest as l on l.name = w.name
)
select
    (case
        when n.failed is not null then 'failed'
        when n.open is null and n.passed is not null then 'passed'
        else 'pending'
    end)::ops.ops_gate_status,
    coalesce(
        'by ' || n.failed || coalesce(format(' (%s failed)', n.failed_besides), ''),
        'waits for ' || n.open,
        'by ' || n.passed,
        'waits for a first check'
    )
from named as n
$$;
comment on function ops_private.count_checks is 'The verdict of a gate''s checks, and which ones it is based on.';
revoke all on function ops_private.count_checks from public;
$ops_file$);

select pg_temp.make_function('create_backup', $ops_file$
-- Requests a backup of a living environment and returns its id; the run that makes it waits in the queue.
-- Called by people who may back up, and by the platform. Locks the project's counter, as queue_run does. Raises PT404
-- for an unknown project or environment, PT403, PT409 as queue_run does.
-- Repeating it with the same idempotency key returns the same backup.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.create_backup(
    project_id uuid,
    env text,
    p_label text default null,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api',
    p_priority int default 0,
    p_config jsonb default '{}'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_environment ops.environments;
    v_run_id uuid;
    v_id uuid;
begin
    perform ops_private.require_run(create_backup.project_id, 'backup');
    v_environment := ops_private.living_environment(create_backup.project_id, env);
    v_run_id := ops.queue_run(
        create_backup.project_id, v_environment.name, v_environment.deployed_sha, null, p_kind => 'backup',
        p_trigger => p_trigger, p_requested_by => p_requested_by, p_priority => p_priority,
        p_idempotency_key => p_idempotency_key,
        p_config => coalesce(p_config, '{}') || jsonb_strip_nulls(jsonb_build_object('label', p_label))
    );
    select b.id into v_id from ops.backups as b where b.run_id = v_run_id;
    if not found then
        v_id := (ops_private.make_backup(v_run_id)).id;
    end if;
    return v_id;
end
$$;
comment on function ops.create_backup is 'Asks for a backup and returns its id.';
revoke all on function ops.create_backup from public;
grant execute on function ops.create_backup to authenticated, service_role, ops_operator;
grant execute on function ops.create_backup to sre;
$ops_file$);

select pg_temp.make_function('create_event_key', $ops_file$
-- Makes a key for a machine that sends events, and returns it with its id: this is the only time that it is shown. A key
-- that signs off gates does so as one person, whom p_approver_id names.
-- Called by `ops key create` and the service role. Locks nothing. Raises PT400 for values that no key has, PT404 for the
-- project, PT403 for an operator's key that signs off gates. A retry makes another key.
-- Definer: nobody may write keys directly; only operators and the service role may execute this.
create or replace function ops.create_event_key(
    name text,
    persona text,
    event_types text[],
    expires_at timestamptz,
    p_project_id uuid default null,
    p_approver_id text default null,
    p_created_by text default null
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if p_project_id is not null and not exists (select from ops.projects as p where p.id = p_project_id) then
        raise sqlstate 'PT404' using message = 'There is no such project', hint = 'List them: ops project list.';
    end if;
    perform ops_private.refuse_key_events(create_event_key.persona, create_event_key.event_types);
    return query
    select * from ops_private.write_event_key(
        create_event_key.name, create_event_key.persona, create_event_key.event_types, create_event_key.expires_at,
        p_project_id, p_approver_id, coalesce(p_created_by, ops.caller_id(), ops.caller_role()), null
    );
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No key may have these values', detail = sqlerrm,
        hint = 'A key has a name, a persona, event types and a time to come at which it ends; one that signs off has a '
        || 'person, and no other has.';
end
$$;
comment on function ops.create_event_key is 'Makes a key for a machine that sends events.';
revoke all on function ops.create_event_key from public;
grant execute on function ops.create_event_key to service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('create_person', $ops_file$
-- Creates a person and returns the id; names are added with ops.add_person_alias.
-- Called by `ops person create` and the service role. Locks nothing; raises PT400 without a name. A retry creates another.
-- Definer: nobody may write people directly; only the service role may execute this.
create or replace function ops.create_person(
    name text,
    p_created_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    insert into ops.people (name, created_by)
    values (create_person.name, coalesce(p_created_by, ops.caller_id(), ops.caller_role()))
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using message = 'A person has a name', hint = 'Pass what people call the person.';
end
$$;
comment on function ops.create_person is 'Creates a person.';
revoke all on function ops.create_person from public;
grant execute on function ops.create_person to service_role;
$ops_file$);

select pg_temp.make_function('create_project', $ops_file$
-- Creates a project and returns it. Called by `ops project create`. Locks no rows of other projects.
-- Raises PT400 for invalid values and for an address with a name or a password in it, PT409 if a project with other values has the slug.
-- Repeating it with the same values returns the project.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.create_project(
    p_slug text,
    p_repo_url text,
    p_odoo_version text,
    p_workspace_key text default null,
    p_default_branch text default 'main',
    p_poll_enabled boolean default true,
    p_config jsonb default '{}'
)
returns setof ops.projects
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
begin
    if p_repo_url ~* '^https?://[^/]*@' then -- forges show addresses with a token in the place of the name
        raise sqlstate 'PT400' using
            message = 'The repository''s address holds a name or a password, which every member would see',
            hint = 'Leave it out: use an ssh key (ops project deploy-key) or a git credential of the platform''s user.';
    end if;
    insert into ops.projects (slug, workspace_key, odoo_version, repo_url, default_branch, poll_enabled, config)
    values (
        p_slug, coalesce(p_workspace_key, p_slug), p_odoo_version, p_repo_url, p_default_branch, p_poll_enabled,
        coalesce(p_config, '{}')
    )
    on conflict do nothing
    returning * into v_project;
    if found then
        insert into ops.project_counters (project_id) values (v_project.id);
        return next v_project;
        return;
    end if;
    select p.* into v_project from ops.projects as p where p.slug = p_slug;
    if (v_project.workspace_key, v_project.odoo_version, v_project.repo_url, v_project.default_branch,
        v_project.poll_enabled, v_project.config)
        is distinct from (coalesce(p_workspace_key, p_slug), p_odoo_version, p_repo_url, p_default_branch,
        p_poll_enabled, coalesce(p_config, '{}')) then
        raise sqlstate 'PT409' using
            message = format('There is already a project %s', coalesce(v_project.slug, 'with workspace key '
                || coalesce(p_workspace_key, p_slug))),
            detail = 'It has other values.',
            hint = 'Choose another slug and workspace key.';
    end if;
    return next v_project;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No project may have these values',
        detail = sqlerrm,
        hint = 'A slug is lower-case letters, digits and dashes; a version is like 19.0; the repository needs an address.';
end
$$;
comment on function ops.create_project is 'Creates a project, or returns the one that is the same.';
revoke all on function ops.create_project from public;
grant execute on function ops.create_project to service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('create_release', $ops_file$
-- Creates a release with its four gates and returns its id; the gates' rules are the policy's current ones.
-- Called by builds and by developers. Locks no rows of others.
-- Raises PT404, PT403, PT400 for invalid values, PT409 for an existing version with other content.
-- Repeating it with the same values returns the release.
-- Definer: nobody may write releases directly; the caller's permission is checked. The author is the caller: only a
-- machine, which cannot be an author, names another.
create or replace function ops.create_release(
    project_id uuid,
    version text,
    git_shas jsonb,
    image_digest text,
    p_created_by text default null,
    p_run_id uuid default null,
    p_notes text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases;
    v_author text;
begin
    perform ops_private.recognise_caller();
    v_author := ops_private.release_author(create_release.project_id, p_created_by);
    perform ops_private.refuse_shas(create_release.git_shas);
    insert into ops.releases (project_id, version, git_shas, image_digest, created_by, run_id, notes)
    values (
        create_release.project_id, create_release.version, create_release.git_shas, create_release.image_digest,
        v_author, p_run_id, p_notes
    )
    on conflict (project_id, version) do nothing
    returning * into v_release;
    if found then
        perform ops_private.make_gates(v_release);
        perform ops_private.evaluate_gate_row(g.id) from ops.release_gates as g where g.release_id = v_release.id;
        return v_release.id;
    end if;
    select r.* into v_release from ops.releases as r
    where r.project_id = create_release.project_id and r.version = create_release.version;
    if (v_release.git_shas, v_release.image_digest, v_release.run_id, v_release.notes)
        is distinct from (create_release.git_shas, create_release.image_digest, p_run_id, p_notes) then
        raise sqlstate 'PT409' using
            message = format('There is already a release %s', v_release.version),
            detail = format('It is made of %s, %s.', v_release.image_digest, v_release.git_shas),
            hint = 'A release never changes: choose another version.';
    end if;
    return v_release.id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No release may have these values', detail = sqlerrm,
        hint = 'It takes a version, the commit of every repository and an image''s digest, sha256:…; its run is of its project.';
end
$$;
comment on function ops.create_release is 'Creates a release with its four gates, or returns the one that is the same.';
revoke all on function ops.create_release from public;
grant execute on function ops.create_release to authenticated, service_role, ops_operator, ci_service_role, developer;
$ops_file$);

select pg_temp.make_function('decide_orphan', $ops_file$
-- Writes down what a person decided about a listed orphan; the janitor's next round carries it out. A later decision
-- replaces one that is still pending.
-- Called by `ops env orphans`. Locks the orphan's row. Raises PT404 for what is not listed. Repeating it is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.decide_orphan(
    p_kind ops.orphan_kind,
    p_name text,
    p_decision ops.orphan_decision,
    p_decided_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.orphans as o
    set decision = p_decision, decided_by = coalesce(p_decided_by, ops.caller_id(), ops.caller_role()),
        decided_at = clock_timestamp(), refusal = null
    where o.kind = p_kind and o.name = p_name;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no orphan %s', p_name), hint = 'List them: ops env orphans list.';
    end if;
end
$$;
comment on function ops.decide_orphan is 'Writes down what a person wants done with an orphan.';
revoke all on function ops.decide_orphan from public;
grant execute on function ops.decide_orphan to service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('delivered_moves', $ops_file$
-- Lists the branches that deliveries moved since the repository was last asked, with the commits, null for a deletion,
-- and who pushed. Called by moved_branches, for the record: what the repository does not confirm is not followed.
-- Locks and raises nothing.
create or replace function ops_private.delivered_moves(
    p_project ops.projects
)
returns table (branch text, sha text, pusher text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select distinct on (d.ref, d.sha)
    regexp_replace(d.ref, '^refs/heads/', '') as branch,
    case when d.sha !~ '^0+$' then d.sha end as sha,
    d.pusher
from ops.push_deliveries as d
where
    d.received_at > coalesce((p_project).heads_asked_at, '-infinity')
    and d.event = 'push' and d.ref like 'refs/heads/_%' and ops_private.speaks_for(d, p_project)
order by d.ref, d.sha, d.id desc
$$;
comment on function ops_private.delivered_moves is 'What deliveries told since a repository was last asked.';
revoke all on function ops_private.delivered_moves from public;
$ops_file$);

select pg_temp.make_function('deployment_at_work', $ops_file$
-- Returns the unfinished deployment of a release to a place, if there is one. Called by promote_release and
-- handle_deployment_event, which lock the project. Raises PT409 if another release is being deployed there.
create or replace function ops_private.deployment_at_work(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage
)
returns uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
begin
    select d.* into v_deployment from ops.deployments as d
    where
        d.project_id = p_release.project_id and d.stage = p_stage and d.status in ('pending', 'running')
        and d.environment_id is not distinct from p_environment_id;
    if v_deployment.release_id <> p_release.id then
        raise sqlstate 'PT409' using
            message = format('Release %s is on its way to %s', (
                select r.version from ops.releases as r where r.id = v_deployment.release_id
            ), p_stage),
            hint = 'Wait for its end.';
    end if;
    return v_deployment.id;
end
$$;
comment on function ops_private.deployment_at_work is 'The deployment that is bringing a release to a place.';
revoke all on function ops_private.deployment_at_work from public;
$ops_file$);

select pg_temp.make_function('deployment_began', $ops_file$
-- Returns the time from which on facts may be about a deployment: its start, if it was told of; for one that we queued,
-- five minutes before, because clocks differ. Called by functions that read envelopes. Locks and raises nothing.
create or replace function ops_private.deployment_began(p_deployment ops.deployments)
returns timestamptz
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when (p_deployment).run_id is null then coalesce((p_deployment).started_at, (p_deployment).created_at)
    else (p_deployment).created_at - interval '5 minutes'
end
$$;
comment on function ops_private.deployment_began is 'When a deployment began, as far as facts about it go.';
revoke all on function ops_private.deployment_began from public;
$ops_file$);

select pg_temp.make_function('deployment_to_check', $ops_file$
-- Returns the deployment that a health check is about: the named one, else the release's newest that did not fail.
-- Locks the deployment, before its check locks the gate. Raises PT400 and PT409.
create or replace function ops_private.deployment_to_check(
    p_gate ops.release_gates,
    p_deployment_id uuid
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    if p_gate.gate_code <> 'G4' then
        raise sqlstate 'PT400' using
            message = format('%s is not about a deployment', p_gate.gate_code),
            hint = 'Leave the deployment out, or record the check for G4.';
    end if;
    select d.id into v_id from ops.deployments as d
    where d.release_id = p_gate.release_id
        and case when p_deployment_id is null then d.status <> 'failed' else d.id = p_deployment_id end
    order by d.created_at desc, d.id desc
    limit 1
    for no key update;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The release has no such deployment whose health could be checked',
            hint = 'Promote it first: ops.promote_release.';
    end if;
    return v_id;
end
$$;
comment on function ops_private.deployment_to_check is 'The deployment that a health check is about.';
revoke all on function ops_private.deployment_to_check from public;
$ops_file$);

select pg_temp.make_function('deployment_told_of', $ops_file$
-- Returns the newest deployment of a release to a place if an event is about it, and whether the event is late: older
-- than what was told of it, or than the deployment where an earlier one may be meant. An event with the deployment's own
-- end is a repeat with another key. No row if the event tells of a deployment that is not known.
-- Called by handle_deployment_event, which locks the project. Locks and raises nothing.
create or replace function ops_private.deployment_told_of(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage,
    p_status ops.deployment_status,
    p_occurred_at timestamptz
)
returns table (deployment ops.deployments, is_late boolean)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with there as (
    select
        d as deployment,
        count(*) over () > 1 as is_one_of_many,
        row_number() over (order by d.created_at desc, d.id desc) as place
    from ops.deployments as d
    where
        d.release_id = (p_release).id and d.stage = p_stage
        and d.environment_id is not distinct from p_environment_id
), newest as (
    select
        t.deployment,
        coalesce(
            p_occurred_at < (t.deployment).told_at
            -- of two facts of one moment, the end is the newer one
            or p_occurred_at = (t.deployment).told_at and p_status = 'running'
            and (t.deployment).status in ('succeeded', 'failed'),
            t.is_one_of_many and p_occurred_at < ops_private.deployment_began(t.deployment)
        ) as is_late
    from there as t
    where t.place = 1
)
select
    n.deployment,
    n.is_late
from newest as n
where
    n.is_late or (n.deployment).status in ('pending', 'running')
    or (n.deployment).status = p_status and not exists (
        select from ops.deployments as o
        where
            o.project_id = (p_release).project_id and o.stage = p_stage
            and o.environment_id is not distinct from p_environment_id
            and o.created_at > (n.deployment).created_at
    )
$$;
comment on function ops_private.deployment_told_of is 'The deployment that an event is about, and whether it is late.';
revoke all on function ops_private.deployment_told_of from public;
$ops_file$);

select pg_temp.make_function('did_retention_change', $ops_file$
-- Returns whether a verdict of the retention policy on the environment's backups may have changed since p_since: a
-- backup came, failed or passed an age that protects it, a hold was released, or the policy was changed.
-- Called by projects_due_for_retention. Locks and raises nothing.
create or replace function ops_private.did_retention_change(
    p_project_id uuid,
    p_environment_id uuid,
    p_since timestamptz,
    p_now timestamptz
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select from ops.policies as o
        where
            o.policy_type = 'retention' and o.updated_at >= p_since
            and (o.project_id is null or o.project_id = p_project_id)
    ) or exists (
        select from ops.repository_rules as k where k.project_id = p_project_id and k.recorded_at >= p_since
    ) or exists (
        select from ops.environment_events as v
        where
            v.environment_id = p_environment_id and v.created_at >= p_since
            and v.event in ('backup_hold_released', 'backup_spoilt')
    ) or exists (
        select from ops.backups as b
        cross join lateral (
            values
            (b.created_at), (b.stored_at), (b.verified_at),
            (coalesce(b.taken_at, b.created_at)), -- of the future until then, by a wrong clock
            (coalesce(b.taken_at, b.created_at) + interval '1 day'),
            (coalesce(b.taken_at, b.created_at) + interval '2 days'),
            (case when b.label is not null then coalesce(b.taken_at, b.created_at) + interval '30 days' end)
        ) as m (moment)
        where
            b.environment_id = p_environment_id and b.status in ('verified', 'failed')
            and m.moment >= p_since and m.moment <= p_now
    );
end
$$;
comment on function ops_private.did_retention_change is 'Whether retention may decide otherwise than at its last turn.';
revoke all on function ops_private.did_retention_change from public;
$ops_file$);

select pg_temp.make_function('does_all_of', $ops_file$
-- Returns whether a newer run makes an older one on the same environment unnecessary, by their kinds. The build of a
-- tag is the tag's release: no other build takes its place, nor it that of another. Locks and raises nothing.
create or replace function ops_private.does_all_of(
    p_newer ops.runs,
    p_older ops.runs
)
returns boolean
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when (p_newer).kind = 'destroy' then (p_older).kind in ('build', 'deploy', 'destroy')
    when 'refs/tags/' in (left((p_newer).git_ref, 10), left((p_older).git_ref, 10)) then false
    when (p_newer).kind = 'build' then (p_older).kind = 'build'
    when (p_newer).kind = 'deploy' then (p_older).kind in ('build', 'deploy', 'destroy')
    else false
end
$$;
comment on function ops_private.does_all_of is 'Whether a newer run makes an older one of the environment pointless.';
revoke all on function ops_private.does_all_of from public;
$ops_file$);

select pg_temp.make_function('drop_backup', $ops_file$
-- Drops a backup: its row stays, its objects are no longer referenced. It never drops a backup that is held, at work or
-- in use, nor the last verified one of its environment, however many drops run at once.
-- Called by people who may back up, and by drop_expired_backup. Locks the backup's and the environment's rows. Raises PT404,
-- PT403, PT409, PT400 without a reason. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.drop_backup(
    backup_id uuid,
    reason text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(drop_backup.backup_id, 'backup');
    v_refusal text;
begin
    if coalesce(btrim(drop_backup.reason), '') = '' then
        raise sqlstate 'PT400' using message = 'What is dropped is dropped for a reason', hint = 'Say which.';
    elsif v_backup.status = 'dropped' then
        return v_backup;
    end if;
    -- one drop at a time, so that two concurrent drops cannot remove the last two
    perform from ops.environments as e where e.id = v_backup.environment_id for no key update;
    v_refusal := ops_private.reason_to_keep(v_backup);
    if v_refusal is not null then
        raise sqlstate 'PT409' using
            message = format('Backup %s is not dropped: it is %s', v_backup.id, v_refusal),
            hint = 'Take another one; a hold is released with ops backup hold --release.';
    end if;
    v_backup.drop_reason := drop_backup.reason;
    v_backup := ops_private.move_backup(v_backup, 'dropped');
    perform ops_private.note_backup(v_backup, 'backup_dropped', drop_backup.reason);
    return v_backup;
end
$$;
comment on function ops.drop_backup is 'Lets a backup go.';
revoke all on function ops.drop_backup from public;
grant execute on function ops.drop_backup to authenticated, service_role, ops_operator;
grant execute on function ops.drop_backup to sre;
$ops_file$);

select pg_temp.make_function('drop_expired_backup', $ops_file$
-- Drops a backup for the retention run that works on its project, as drop_backup does: only one that policy retention
-- does not keep, in the time zone whose days it counts, so that the worker drops no others.
-- Called by step apply_policy. Locks the run's row, and what drop_backup locks. Raises PT404, PT410, PT409 for a run of
-- another kind or project and for a backup that is kept, PT400 without a reason. A retry is harmless.
-- Definer: the worker may not drop backups itself.
create or replace function ops.drop_expired_backup(
    p_run_id uuid,
    p_attempt int,
    backup_id uuid,
    reason text,
    p_time_zone text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_now timestamptz := clock_timestamp();
    v_backup ops.backups := ops_private.require_backup(drop_expired_backup.backup_id, 'backup');
begin
    if v_run.kind <> 'retention' or v_run.project_id <> v_backup.project_id then
        raise sqlstate 'PT409' using
            message = format('Run #%s applies no retention to this backup''s project', v_run.run_number),
            hint = 'Queue one that does: ops backup retention.';
    elsif v_backup.status <> 'dropped' and (
        v_backup.id not in (select g.backup_id from ops_private.backups_that_may_go(v_run.project_id, v_now) as g)
        or v_backup.id in (
            select k.id from ops_private.backups_kept_by_calendar(v_run.project_id, p_time_zone, v_now) as k (id)
        )
    ) then
        raise sqlstate 'PT409' using
            message = format('Backup %s is not dropped: policy retention keeps it', v_backup.id),
            hint = 'A person who may back up can drop it: ops backup drop.';
    end if;
    return ops.drop_backup(v_backup.id, drop_expired_backup.reason);
end
$$;
comment on function ops.drop_expired_backup is 'Lets a backup go that retention no longer keeps.';
revoke all on function ops.drop_expired_backup from public;
grant execute on function ops.drop_expired_backup to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('duplicate_of_event', $ops_file$
-- Answers an event whose key was accepted before in the project: a repeat, which may tell another time, or another event
-- with the same key. Locks nothing; raises PT409 for the latter.
create or replace function ops_private.duplicate_of_event(
    p_project_id uuid,
    p_envelope jsonb,
    p_text text
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_first ops.event_ingest_log;
begin
    select l.* into v_first from ops.event_ingest_log as l
    where
        l.project_id = p_project_id and l.idempotency_key = p_envelope ->> 'idempotency_key'
        and l.processing_status = 'accepted';
    if v_first.envelope_sha256 <> ops_private.envelope_sha256(p_envelope, p_text)
        and v_first.content_sha256 is distinct from ops_private.content_sha256(p_envelope, p_text) then
        raise sqlstate 'PT409' using
            message = format('The idempotency key %s was used for another event', v_first.idempotency_key),
            column = 'idempotency_key', hint = 'Use a new key for a new event.';
    end if;
    return jsonb_build_object(
        'http_status', 200, 'status', 'duplicate', 'message', 'accepted before', 'ids', jsonb_strip_nulls(
            jsonb_build_object(
                'log_id', v_first.id, 'project_id', v_first.project_id, 'release_id', v_first.release_id
            )
        )
    );
end
$$;
comment on function ops_private.duplicate_of_event is 'Answers an event whose key was accepted before.';
revoke all on function ops_private.duplicate_of_event from public;
$ops_file$);

select pg_temp.make_function('end_dagster_run', $ops_file$
-- Ends the run of a Dagster run if the run's process did not do so: the second writer. Returns whether it ended one.
-- Called by the reconciler. Locks the run's row; a retry finds nothing to end. Raises PT400 for
-- a status that is no end. A success of a run that never started is a failure: its work cannot have been done. A
-- failure of one is a failed launch: the run returns to the queue.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.end_dagster_run(
    p_dagster_run_id text,
    p_status ops.run_status,
    p_error_message text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
    v_status ops.run_status := p_status;
    v_error text := p_error_message;
begin
    if p_status is null or p_status not in ('succeeded', 'failed', 'canceled') then
        raise sqlstate 'PT400' using
            message = format('A run cannot end as %s', coalesce(p_status::text, 'null')),
            hint = 'End it as succeeded, failed or canceled.';
    end if;
    select r.* into v_run from ops.runs as r
    where r.dagster_run_id = p_dagster_run_id and r.status in ('claimed', 'running')
    for no key update;
    if not found then
        return false;
    end if;
    if v_run.status = 'claimed' and v_status = 'succeeded' then
        v_status := 'failed';
        v_error := 'Dagster ended the run before it was started';
    elsif v_run.status = 'claimed' and v_status = 'failed' and v_run.trigger <> 'dagster_ui' then
        return ops_private.release_attempt(
            v_run.id, v_run.attempt, coalesce(v_error, 'Dagster could not start it'), false
        ) is not null;
    end if;
    return ops_private.end_run(
        v_run.id, v_run.attempt, v_status,
        case v_status when 'succeeded' then 0 when 'failed' then 1 end, v_error, null, p_dagster_run_id
    );
end
$$;
comment on function ops.end_dagster_run is 'Ends the run of a Dagster run whose process did not end it.';
revoke all on function ops.end_dagster_run from public;
grant execute on function ops.end_dagster_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('end_data_work', $ops_file$
-- Fails the run's unfinished data work: a backup that was not verified, and a restore or a drill at work, so that
-- nothing stays at work for an ended run. Called by every function that ends a run. Locks their rows.
-- A retry finds nothing to end.
create or replace function ops_private.end_data_work(
    p_run_id uuid,
    p_reason text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason text := 'the run ended' || coalesce(': ' || nullif(p_reason, ''), '');
    v_backup ops.backups;
    v_restore ops.restores;
begin
    if not (
        exists (select from ops.backups as b where b.run_id = p_run_id)
        or exists (select from ops.restores as s where s.run_id = p_run_id)
        or exists (select from ops.recovery_drills as d where d.run_id = p_run_id)
    ) then
        return; -- as most runs: they move no data
    end if;
    for v_backup in
        select b.* from ops.backups as b
        where b.run_id = p_run_id and b.status in ('pending', 'running', 'stored')
        for no key update
    loop
        v_backup.error_message := format('Not verified when %s', v_reason);
        perform ops_private.move_backup(v_backup, 'failed');
    end loop;
    for v_restore in
        select s.* from ops.restores as s
        where s.run_id = p_run_id and s.status in ('pending', 'running')
        for no key update
    loop
        v_restore.error_message := format('Unfinished when %s', v_reason);
        perform ops_private.move_restore(v_restore, 'failed');
    end loop;
    update ops.recovery_drills as d
    set finished_at = clock_timestamp(), passed = false, summary = format('Unfinished when %s', v_reason)
    where d.run_id = p_run_id and d.finished_at is null;
end
$$;
comment on function ops_private.end_data_work is 'Ends what a run left unfinished of backups and restores.';
revoke all on function ops_private.end_data_work from public;
$ops_file$);

select pg_temp.make_function('end_forgotten_transactions', $ops_file$
-- Ends the sessions of people's logins whose transaction is older than p_older_than and is idle or holds locks of this
-- schema, and returns them: what a function locks for a caller stays locked as long as the caller's transaction.
-- Called by the housekeeping sensor. A login can change its own timeouts, so that no setting does this. Readers that work
-- are left alone. Locks and raises nothing; sessions that the schema's owner may not end stay. A retry ends what is left.
-- Definer: only the owner of the schema, as a member of pg_signal_backend on hosted servers, may end others' sessions.
create or replace function ops.end_forgotten_transactions(
    p_older_than interval default '1 minute'
)
returns table (login name, began_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pid int;
begin
    for v_pid, login, began_at in
        select a.pid, a.usename, a.xact_start
        from pg_stat_activity as a
        join pg_roles as r on r.oid = a.usesysid
        where
            a.datname = current_database() and a.pid <> pg_backend_pid()
            and not r.rolsuper and r.rolname not in (current_user, 'ops_worker')
            and exists (
                select
                from unnest('{ci_service_role,qa_tester,release_manager,sre,developer,audit_reader}'::text[]) as p (persona)
                where pg_has_role(a.usesysid, p.persona::name, 'member')
            )
            and a.xact_start < clock_timestamp() - p_older_than
            and (a.state like 'idle in transaction%' or exists (
                select from pg_locks as l
                join pg_class as c on c.oid = l.relation
                where
                    l.pid = a.pid and l.granted and l.mode <> 'AccessShareLock' and c.relnamespace = 'ops'::regnamespace
                    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
            ))
    loop
        begin
            if pg_terminate_backend(v_pid) then
                return next;
            end if;
        exception when insufficient_privilege then null; -- a hosted server may keep this right to itself
        end;
    end loop;
end
$$;
comment on function ops.end_forgotten_transactions is 'Ends old transactions of people that hold locks.';
revoke all on function ops.end_forgotten_transactions from public;
grant execute on function ops.end_forgotten_transactions to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('end_orphan_decision', $ops_file$
-- Ends the pending decision about an orphan: it was carried out, or could not be for the given reason. A decision that a
-- person made meanwhile stays.
-- Called by the janitor. Locks the orphan's row. Raises nothing; a retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.end_orphan_decision(
    p_kind ops.orphan_kind,
    p_name text,
    p_decided_at timestamptz,
    p_refusal text default null
)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
update ops.orphans as o
set decision = null, decided_by = null, decided_at = null, refusal = nullif(p_refusal, '')
where o.kind = p_kind and o.name = p_name and o.decided_at = p_decided_at
$$;
comment on function ops.end_orphan_decision is 'Ends what a person decided about an orphan.';
revoke all on function ops.end_orphan_decision from public;
grant execute on function ops.end_orphan_decision to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('end_queued_run', $ops_file$
-- Cancels a run that still waits, and returns whether it did. Called by cancel_run, supersede_runs and other functions
-- that clear the queue.
-- Locks the run's row; skips a run that was claimed meanwhile. A retry finds nothing to cancel.
create or replace function ops_private.end_queued_run(
    p_run_id uuid,
    p_reason text,
    p_requested_by text default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if ops_private.move_runs(
        array[p_run_id], '{queued}', 'canceled', 'canceled' || coalesce(': ' || p_reason, ''),
        jsonb_build_object('reason', p_reason, 'requested_by', p_requested_by), p_error_message => p_reason
    ) = 0 then
        return false;
    end if;
    perform ops_private.end_data_work(p_run_id, coalesce(p_reason, 'canceled'));
    return true;
end
$$;
comment on function ops_private.end_queued_run is 'Cancels a run that still waits.';
revoke all on function ops_private.end_queued_run from public;
$ops_file$);

select pg_temp.make_function('end_run', $ops_file$
-- Ends the attempt and what it left unfinished, and returns whether there was one to end: every end of work goes through
-- it. A null worker or Dagster run means any. Locks the run's row. A retry finds nothing to end.
create or replace function ops_private.end_run(
    p_run_id uuid,
    p_attempt int,
    p_status ops.run_status,
    p_exit_code int,
    p_error_message text,
    p_worker_id text default null,
    p_dagster_run_id text default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_from ops.run_status[] := case p_status when 'succeeded' then '{running}' else '{claimed,running}' end;
begin
    if ops_private.move_runs(
        array[p_run_id], v_from, p_status, p_status::text || coalesce(': ' || p_error_message, ''),
        jsonb_build_object('exit_code', p_exit_code),
        p_attempt => p_attempt, p_holder => p_worker_id, p_dagster_run_id => p_dagster_run_id,
        p_exit_code => p_exit_code, p_error_message => p_error_message
    ) = 0 then
        return false;
    end if;
    if p_status = 'failed' then
        perform ops_private.fail_pending_environment(p_run_id);
    end if;
    perform ops_private.end_data_work(p_run_id, p_error_message);
    perform ops_private.tell_gates(p_run_id);
    return true;
end
$$;
comment on function ops_private.end_run is 'Ends an attempt with its event.';
revoke all on function ops_private.end_run from public;
$ops_file$);

select pg_temp.make_function('enroll_run', $ops_file$
-- Records a run that started in Dagster; it is claimed from the start. Called by the run coordinator.
-- Locks the project's counter. Raises PT404 for an unknown partition, PT400 for a config of other fields than those of
-- Dagster, PT409 if another run works on the environment, this one would harm production or the kind has no job.
-- Repeating it for the same Dagster run returns the same run.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.enroll_run(
    p_dagster_run_id text,
    p_partition_key text,
    p_kind ops.run_kind,
    p_requested_by text default null,
    p_worker_id text default 'dagster',
    p_config jsonb default '{}',
    p_lease_seconds int default 60
)
returns table (run_id uuid, attempt int)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
    v_id uuid := ops_private.new_run_id(v_now);
    v_environment ops.environments;
    v_payload jsonb := jsonb_strip_nulls(jsonb_build_object(
        'to', 'claimed', 'trigger', 'dagster_ui', 'requested_by', p_requested_by, 'dagster_run_id', p_dagster_run_id
    ));
    v_hash bytea := ops.hash_event('', v_id, 1, 1, 'state_change', 'claimed: started in Dagster', v_payload, v_now);
    v_branch_ref text;
begin
    return query select r.id, r.attempt from ops.runs as r where r.dagster_run_id = p_dagster_run_id;
    if found then
        return;
    end if;
    select e.* into v_environment from ops.environments as e
    where e.partition_key = p_partition_key and e.destroyed_at is null;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no living environment %s', p_partition_key), hint = 'List them: ops env list.';
    end if;
    if coalesce(p_config, '{}') - '{assets,confirm}'::text[] <> '{}' then
        raise sqlstate 'PT400' using
            message = 'A run that starts in Dagster takes only assets and confirm in its config',
            hint = 'Queue it: ops --help.';
    end if;
    perform ops_private.refuse_config(v_environment.project_id, p_kind, p_config);
    if v_environment.stage = 'production' then
        perform ops_private.refuse_harm(v_environment.id, p_kind, p_config);
    end if;
    perform ops_private.require_carried_out(p_kind, p_config, true);
    v_branch_ref := 'refs/heads/' || v_environment.branch;
    with counter as (
        update ops.project_counters as c set last_run_number = c.last_run_number + 1
        where c.project_id = v_environment.project_id
        returning c.last_run_number
    ), request as (
        insert into ops.run_requests (
            run_id, project_id, environment_id, run_number, requested_by, config, body_hash
        )
        select
            v_id, v_environment.project_id, v_environment.id, c.last_run_number, p_requested_by,
            coalesce(p_config, '{}'), sha256(convert_to(p_dagster_run_id, 'UTF8'))
        from counter as c
        returning run_number
    ), run as (
        insert into ops.runs (
            id, project_id, environment_id, run_number, kind, status, trigger, git_ref, git_sha, attempt, max_attempts,
            claimed_by, dagster_run_id, created_at, claimed_at, lease_expires_at, event_count, event_hash
        )
        select
            v_id, v_environment.project_id, v_environment.id, q.run_number, p_kind, 'claimed', 'dagster_ui',
            v_branch_ref, coalesce(h.sha, v_environment.deployed_sha), 1, 1, p_worker_id, p_dagster_run_id, v_now,
            v_now, v_now + make_interval(secs => p_lease_seconds), 1, v_hash
        from request as q
        left join ops.branch_heads as h
            on h.project_id = v_environment.project_id and h.branch = v_environment.branch
    )
    insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
    values (v_id, 1, 1, 'state_change', 'claimed: started in Dagster', v_payload, v_now, '', v_hash);
    return query values (v_id, 1);
exception when unique_violation then
    return query select r.id, r.attempt from ops.runs as r where r.dagster_run_id = p_dagster_run_id;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Another run works on %s', p_partition_key),
            hint = 'Wait for its end, or cancel it: ops run list.';
    end if;
end
$$;
comment on function ops.enroll_run is 'Puts a run born in Dagster on the record.';
revoke all on function ops.enroll_run from public;
grant execute on function ops.enroll_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('ensure_environment', $ops_file$
-- Returns the branch's living environment, created now if there is none; after a destroyed one comes the next
-- generation. Called by `ops env create` and people. Two concurrent callers get the same row. Raises PT404, PT403,
-- PT400 for a branch without a name and PT409 if the living environment has another stage. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.ensure_environment(
    p_project_id uuid,
    p_branch text,
    p_stage ops.environment_stage default null
)
returns setof ops.environments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    if coalesce(p_branch, '') = '' then
        raise sqlstate 'PT400' using
            message = 'An environment needs a branch', hint = 'Name the branch, for example feature/invoices.';
    end if;
    perform ops_private.require_permission(p_project_id, 'queue');
    if not exists (select from ops.projects as p where p.id = p_project_id) then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    end if;
    v_environment := ops_private.make_environment(p_project_id, p_branch, p_stage);
    if v_environment.stage = 'production' then
        perform ops_private.require_permission(p_project_id, 'queue_production');
    end if;
    if p_stage is not null and p_stage <> v_environment.stage then
        raise sqlstate 'PT409' using
            message = format('%s is a %s environment', v_environment.partition_key, v_environment.stage),
            hint = 'Destroy it first, or leave the stage out.';
    end if;
    return next v_environment;
end
$$;
comment on function ops.ensure_environment is 'The living environment of a branch.';
revoke all on function ops.ensure_environment from public;
grant execute on function ops.ensure_environment to authenticated, service_role, ops_operator, developer;
$ops_file$);

select pg_temp.make_function('ensure_partitions', $ops_file$
-- Creates the missing partitions of months of events and log lines in advance, and returns the partitions created.
-- Called after every migration and by the job log_retention. Only one caller at a time, including an expiry; with
-- nothing to create it waits only for other callers, else it gives up with 55P03 rather than block writers. A retry
-- creates the rest.
-- Definer: partitions belong to the owner of their table.
create or replace function ops.ensure_partitions(
    p_months_ahead int default 3
)
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
    v_table record;
    v_month timestamptz;
    v_name text;
begin
    lock table ops.checkpoints in share row exclusive mode; -- one at a time
    for v_table in
        select * from (
            values ('run_events', 'created_at'), ('run_logs', 'logged_at')
        ) as t (name, place)
    loop
        for v_month in
            select m.month
            from ops_private.months_without_partition(v_table.name, v_table.place, p_months_ahead) as m (month)
        loop
            return next ops_private.make_partition(v_table.name, v_table.place, v_month);
        end loop;
        for v_name in
            select p.partition_name from ops.list_partitions(v_table.name) as p
            where not exists (
                select from pg_catalog.pg_policy as own
                where own.polrelid = format('ops.%I', p.partition_name)::regclass
            )
        loop
            perform ops_private.seal_partition(v_name);
        end loop;
    end loop;
end
$$;
comment on function ops.ensure_partitions is 'Makes the months that events and log lines will need.';
revoke all on function ops.ensure_partitions from public;
grant execute on function ops.ensure_partitions to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('envelope_fields', $ops_file$
-- Lists the fields of an event's envelope: the type of each, and the events that need it. Reads, locks and raises
-- nothing. A text must match its pattern.
create or replace function ops_private.envelope_fields()
returns table (place int, field text, json_type text, pattern text, meaning text, needed_by text[])
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select v.place, v.field, v.json_type, v.pattern, v.meaning, v.needed_by
from (
    values
    (1, 'idempotency_key', 'string', '^.{1,200}$', 'a text of at most 200 characters',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'::text[]),
    (2, 'source', 'string', '^.{1,200}$', 'a text of at most 200 characters',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'),
    (3, 'occurred_at', 'string', '^2\d{3}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$',
        'a time with its offset, such as 2026-02-13T12:00:00Z',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'),
    (4, 'project', 'string', '^.{1,200}$', 'a project''s slug or id',
        '{build_complete,gate_signoff,deployment_event,health_check,environment_event}'),
    (5, 'release', 'string', '^.{1,200}$', 'a release''s version or id',
        '{build_complete,gate_signoff,deployment_event,health_check}'),
    (6, 'gate_code', 'string', '^G[1-4]$', 'G1, G2, G3 or G4', '{gate_signoff}'),
    (7, 'decision', 'string', '^(approved|rejected)$', 'approved or rejected', '{gate_signoff}'),
    (8, 'approver_id', 'string', '^.{1,200}$', 'a text of at most 200 characters', '{}'),
    (9, 'persona_role', 'string', '^(qa_tester|release_manager)$', 'qa_tester or release_manager', '{}'),
    (10, 'rationale_structured', 'object', null, 'an object', '{}'),
    (11, 'environment', 'string', '^.{1,200}$', 'an environment''s name',
        '{deployment_event,health_check,environment_event}'),
    (12, 'status', 'string', '^.{1,200}$', 'a text of at most 200 characters',
        '{build_complete,deployment_event,health_check,environment_event}'),
    (13, 'image_digest', 'string', '^sha256:[0-9a-f]{64}$', 'sha256: and 64 hexadecimal digits', '{}'),
    (14, 'git_sha', 'string', '^([0-9a-f]{40}|[0-9a-f]{64})$', '40 or 64 hexadecimal digits', '{}'),
    (15, 'checks', 'array', null, 'a list', '{}'),
    (16, 'evidence', 'array', null, 'a list', '{}')
) as v (place, field, json_type, pattern, meaning, needed_by)
$$;
comment on function ops_private.envelope_fields is 'The fields of an event''s envelope.';
revoke all on function ops_private.envelope_fields from public;
$ops_file$);

select pg_temp.make_function('envelope_label', $ops_file$
-- Returns a text of an envelope in a form that fits the log's index, whatever was sent. Raises nothing.
create or replace function ops_private.envelope_label(
    p_envelope jsonb,
    p_field text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case when jsonb_typeof(p_envelope -> p_field) = 'string' then left(p_envelope ->> p_field, 200) end
$$;
comment on function ops_private.envelope_label is 'A text of an envelope as the logs index takes it.';
revoke all on function ops_private.envelope_label from public;
$ops_file$);

select pg_temp.make_function('envelope_sha256', $ops_file$
-- Returns the hash of an envelope's content; for one that is too large to be written out, only of its
-- hash code. Raises nothing.
create or replace function ops_private.envelope_sha256(
    p_envelope jsonb,
    p_text text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select encode(sha256(convert_to(
    coalesce(p_text, 'too large: ' || jsonb_hash_extended(p_envelope, 0), 'null'), 'UTF8'
)), 'hex')
$$;
comment on function ops_private.envelope_sha256 is 'The name of an envelope by its content.';
revoke all on function ops_private.envelope_sha256 from public;
$ops_file$);

select pg_temp.make_function('envelope_text', $ops_file$
-- Returns an envelope as text, or null if it must not be written out: a short number such as 1e9999 becomes ten
-- thousand digits, and parsers fail on thousands of levels. Locks and raises nothing.
create or replace function ops_private.envelope_text(p_envelope jsonb)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if pg_column_size(p_envelope) > 1048576 or p_envelope @? 'strict $.**{33}' or p_envelope @? 'strict $.** ? (
        @.type() == "number" && (@ > 1e18 || @ < -1e18 || (@ != 0 && @ < 1e-18 && @ > -1e-18))
    )' then
        return null;
    end if;
    return p_envelope::text;
exception when program_limit_exceeded or statement_too_complex then
    return null;
end
$$;
comment on function ops_private.envelope_text is 'An envelope written out, unless nobody should.';
revoke all on function ops_private.envelope_text from public;
$ops_file$);

select pg_temp.make_function('environment_to_work_on', $ops_file$
-- Returns the environment of a request; it is created now if it is missing, but never for a destruction. Called by
-- queue_run. Locks the project's counter if it creates one.
-- Raises PT404 if there is nothing to destroy, PT403 if a person may not work on production.
create or replace function ops_private.environment_to_work_on(
    p_project_id uuid,
    p_env text,
    p_kind ops.run_kind
)
returns ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    select e.* into v_environment from ops.environments as e
    where e.project_id = p_project_id and e.name = p_env and e.destroyed_at is null;
    if not found and p_kind = 'destroy' then
        raise sqlstate 'PT404' using
            message = format('There is no living environment %s', p_env), hint = 'List them: ops env list.';
    elsif not found then
        -- The counter first: a poll that has queued its first run holds it, and makes the environment of its next.
        perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
        v_environment := ops_private.make_environment(p_project_id, p_env);
    end if;
    if v_environment.stage = 'production' then
        perform ops_private.require_run(p_project_id, p_kind, v_environment.stage);
    end if;
    return v_environment;
end
$$;
comment on function ops_private.environment_to_work_on is 'The environment that a request works on.';
revoke all on function ops_private.environment_to_work_on from public;
$ops_file$);

select pg_temp.make_function('environments_to_expire', $ops_file$
-- Lists the expired development environments without active or waiting runs. Called by expire_environments.
-- Locks and raises nothing.
create or replace function ops.environments_to_expire(
    p_now timestamptz
)
returns setof ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.* from ops.environments as e
    where
        e.destroyed_at is null and e.stage = 'development' and e.expires_at < p_now
        and not exists (
            select from ops.runs as r
            where r.environment_id = e.id and r.status = 'queued'
        ) and not exists (
            select from ops.runs as r
            where r.environment_id = e.id and r.status in ('claimed', 'running')
        )
    order by e.expires_at;
end
$$;
comment on function ops.environments_to_expire is 'The previews past their time.';
revoke all on function ops.environments_to_expire from public;
grant execute on function ops.environments_to_expire to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('environments_to_thin_out', $ops_file$
-- Lists the project's environments with a backup that no rule keeps for certain.
-- Called by projects_due_for_retention. Locks and raises nothing.
create or replace function ops_private.environments_to_thin_out(
    p_project_id uuid,
    p_now timestamptz
)
returns setof uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select distinct g.environment_id from ops_private.backups_that_may_go(p_project_id, p_now) as g
$$;
comment on function ops_private.environments_to_thin_out is
'The environments with a backup that a retention policy may drop.';
revoke all on function ops_private.environments_to_thin_out from public;
$ops_file$);

select pg_temp.make_function('evaluate_gate', $ops_file$
-- Evaluates a gate by its current checks, approvals and exceptions, and returns its status.
-- Called by anyone who may read the release. Locks the gate's row; raises PT404. A retry is harmless.
-- Definer: people may not write gates themselves; the written status follows from the recorded facts.
create or replace function ops.evaluate_gate(
    gate_id uuid
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
begin
    select r.project_id into v_project_id
    from ops.release_gates as g
    join ops.releases as r on r.id = g.release_id
    where g.id = evaluate_gate.gate_id;
    if not found or not ops.has_permission(v_project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no gate %s', evaluate_gate.gate_id),
            hint = 'List them: select gate_id, gate_code, status from ops.v_gate_status.';
    end if;
    return ops_private.evaluate_gate_row(evaluate_gate.gate_id)::text;
end
$$;
comment on function ops.evaluate_gate is 'Judges a gate as of now and returns its status.';
revoke all on function ops.evaluate_gate from public;
grant execute on function ops.evaluate_gate to authenticated, service_role, ops_operator;
grant execute on function ops.evaluate_gate
to ci_service_role, qa_tester, release_manager, sre, developer; -- it writes what it finds: not the auditor
$ops_file$);

select pg_temp.make_function('evaluate_gate_row', $ops_file$
-- Evaluates a gate again, stores the verdict and returns it.
-- Called by evaluate_gate and the triggers of all facts of a gate. Locks the gate's row, so that of two concurrent
-- facts the second evaluation includes the first; returns null for a gate that does not exist. A retry is harmless.
create or replace function ops_private.evaluate_gate_row(
    p_gate_id uuid
)
returns ops.ops_gate_status
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate ops.release_gates;
    v_status ops.ops_gate_status;
begin
    select g.* into v_gate from ops.release_gates as g where g.id = p_gate_id for no key update;
    update ops.release_gates as g
    set merit = j.merit, reason = j.reason, deadline_at = j.deadline_at, evaluated_at = clock_timestamp()
    from ops_private.gate_verdict(v_gate) as j
    where g.id = v_gate.id;
    update ops.release_gates as g set status = s.status
    from ops.v_gate_status as s
    where g.id = v_gate.id and s.gate_id = g.id
    returning g.status into v_status;
    return v_status;
end
$$;
comment on function ops_private.evaluate_gate_row is 'Evaluates a gate and stores the verdict.';
revoke all on function ops_private.evaluate_gate_row from public;
$ops_file$);

select pg_temp.make_function('event_check_names', $ops_file$
-- Lists the checks of an event by name, with the one that its own status is recorded as. Called by refuse_envelope.
-- Locks and raises nothing for checks that are well-formed.
create or replace function ops_private.event_check_names(p_envelope jsonb)
returns text[]
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case p_envelope ->> 'event_type'
    when 'build_complete' then '{build}'::text[] || n.names
    when 'health_check' then '{health}'::text[] || n.names
    else '{}'
end
from (
    select array(
        select c.value ->> 'name'
        from jsonb_array_elements(
            case jsonb_typeof(p_envelope -> 'checks') when 'array' then p_envelope -> 'checks' else '[]' end
        ) as c
    ) as names
) as n
$$;
comment on function ops_private.event_check_names is 'The checks of an event, by name.';
revoke all on function ops_private.event_check_names from public;
$ops_file$);

select pg_temp.make_function('event_key_to_change', $ops_file$
-- Returns the key with this prefix, locked. Called by rotate_event_key and revoke_event_key. Raises PT404.
create or replace function ops_private.event_key_to_change(p_prefix text)
returns ops.event_keys
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys;
begin
    select k.* into v_key from ops.event_keys as k where k.prefix = p_prefix for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no key %s', coalesce(p_prefix, 'without a prefix')), hint = 'List them: ops key list.';
    end if;
    return v_key;
end
$$;
comment on function ops_private.event_key_to_change is 'A key, locked, by its prefix.';
revoke all on function ops_private.event_key_to_change from public;
$ops_file$);

select pg_temp.make_function('event_permissions', $ops_file$
-- Lists the permissions of which one is needed to send an event of this type, about this gate if one is named. Called by
-- functions that check senders. Reads, locks and raises nothing.
create or replace function ops_private.event_permissions(
    p_event_type text,
    p_gate_code text default null
)
returns text[]
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_event_type = 'build_complete' then '{ingest_build}'::text[]
    when p_event_type <> 'gate_signoff' then '{deploy}'
    when p_gate_code = 'G3' then '{sign_off_g3}'
    when p_gate_code is null then '{sign_off_g2,sign_off_g3}'
    else '{sign_off_g2}'
end
$$;
comment on function ops_private.event_permissions is 'What a sender of an event must be allowed.';
revoke all on function ops_private.event_permissions from public;
$ops_file$);

select pg_temp.make_function('exception_to_change', $ops_file$
-- Returns an exception to a caller who may grant and revoke it, and locks it. Raises PT404 and PT403.
create or replace function ops_private.exception_to_change(p_exception_id uuid)
returns ops.exceptions
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_exception ops.exceptions;
begin
    select e.* into v_exception from ops.exceptions as e where e.id = p_exception_id for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such exception', hint = 'List them: select id, reason from ops.exceptions.';
    end if;
    perform ops_private.require_release(v_exception.release_id, 'grant_exception');
    return v_exception;
end
$$;
comment on function ops_private.exception_to_change is 'An exception, locked, to who may grant and revoke it.';
revoke all on function ops_private.exception_to_change from public;
$ops_file$);

select pg_temp.make_function('expire_environments', $ops_file$
-- Queues the destruction of expired previews, for a second at most, and returns the runs; the next call continues.
-- Called by the environment_expiry schedule.
-- Locks the projects' counters. A retry finds them queued.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.expire_environments(
    p_now timestamptz default clock_timestamp()
)
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    for v_environment in select e.* from ops.environments_to_expire(p_now) as e loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        return next ops.queue_run(
            v_environment.project_id, v_environment.name, v_environment.deployed_sha,
            'refs/heads/' || v_environment.branch, p_kind => 'destroy', p_trigger => 'schedule'
        );
    end loop;
end
$$;
comment on function ops.expire_environments is 'Queues the destruction of previews past their time.';
revoke all on function ops.expire_environments from public;
grant execute on function ops.expire_environments to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('expire_event_month', $ops_file$
-- Drops the oldest month of events once no project keeps it any longer, at most one per call, after writing its
-- checkpoint. A month with a broken chain of a run is kept and named: it is evidence. Locks the month, and
-- ops.run_events for the moment of the drop. A retry finds it gone.
create or replace function ops_private.expire_event_month()
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_cutoff timestamptz := clock_timestamp() - make_interval(days => ops_private.longest_ttl('event_days'));
    v_part record;
    v_broken uuid;
    v_checkpoint ops.checkpoints;
begin
    select p.*, to_char(p.held_until - interval '1 month', 'YYYY-MM') as month into v_part
    from ops.list_partitions('run_events') as p
    where p.held_until <= v_cutoff
    order by p.held_until
    limit 1;
    if not found then
        return;
    end if;
    execute format('lock table ops.%I in share row exclusive mode', v_part.partition_name);
    v_broken := ops_private.last_broken_run(v_part.held_until);
    if v_broken is not null then
        return next row(
            'run_events', 'kept', v_part.month, null, 0, null, format('the chain of run %s is broken', v_broken)
        )::ops.expiry;
        return;
    end if;
    v_checkpoint := ops_private.write_checkpoint(v_part.held_until);
    execute format('drop table ops.%I', v_part.partition_name);
    perform ops_private.remove_checkpointed_events(v_checkpoint.id);
    return next row(
        'run_events', 'dropped', v_part.month, null, v_checkpoint.event_count, null,
        'checkpoint ' || encode(v_checkpoint.hash, 'hex')
    )::ops.expiry;
end
$$;
comment on function ops_private.expire_event_month is 'Drops the oldest month of events, checkpointed.';
revoke all on function ops_private.expire_event_month from public;
$ops_file$);

select pg_temp.make_function('expire_ingest_log', $ops_file$
-- Deletes log rows of deliveries older than their project's retention, at most p_limit rows; rows without a
-- project have the platform's retention. What is sent again that late is refused, see refuse_replay. Locks the
-- rows. A retry continues.
create or replace function ops_private.expire_ingest_log(
    p_limit int
)
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    return query
    with kept as materialized (
        select p.id, v_now - make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'ingest_days')::int) as since
        from (select project.id from ops.projects as project union all select null) as p
    ), old as materialized (
        select l.id
        from ops.event_ingest_log as l
        join kept as k on k.id is not distinct from l.project_id
        where l.received_at < k.since and l.received_at < (select max(newest.since) from kept as newest)
        order by l.received_at
        limit p_limit
    ), deleted as (
        delete from ops.event_ingest_log as l using old
        where l.id = old.id
        returning l.project_id
    )
    select 'event_ingest_log', 'deleted', null::text, d.project_id, count(*), null::text[], null::text
    from deleted as d
    group by d.project_id;
end
$$;
comment on function ops_private.expire_ingest_log is 'Deletes the log of deliveries past its time.';
revoke all on function ops_private.expire_ingest_log from public;
$ops_file$);

select pg_temp.make_function('expire_log_months', $ops_file$
-- Drops the months of log lines that no project keeps any longer. Locks ops.run_logs for the moment of the drop. A
-- retry finds them gone.
create or replace function ops_private.expire_log_months()
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_cutoff timestamptz := clock_timestamp() - make_interval(days => ops_private.longest_ttl('log_days'));
    v_part record;
    v_count bigint;
begin
    for v_part in
        select * from ops.list_partitions('run_logs') as p where p.held_until <= v_cutoff
    loop
        execute format('lock table ops.%I in share row exclusive mode', v_part.partition_name);
        execute format('select count(*) from ops.%I', v_part.partition_name) into v_count;
        execute format('drop table ops.%I', v_part.partition_name);
        return next row(
            'run_logs', 'dropped', to_char(v_part.held_until - interval '1 month', 'YYYY-MM'), null, v_count, null,
            v_part.partition_name
        )::ops.expiry;
    end loop;
end
$$;
comment on function ops_private.expire_log_months is 'Drops the months of log lines that no project keeps.';
revoke all on function ops_private.expire_log_months from public;
$ops_file$);

select pg_temp.make_function('expire_logs', $ops_file$
-- Deletes log lines older than their project's retention, at most p_limit of them, and returns the count per project.
-- Locks the lines. A retry continues.
create or replace function ops_private.expire_logs(
    p_limit int
)
returns setof ops.expiry
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_newest timestamptz;
begin
    -- this bound skips the months without expired lines
    select max(v_now - make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'log_days')::int)) into v_newest
    from ops.projects as p;
    return query
    with kept as materialized (
        select p.id, v_now - make_interval(days => (ops_private.rules_in_force(p.id, 'ttl') ->> 'log_days')::int) as since
        from ops.projects as p
    ), old as materialized (
        select l.run_id, l.id, l.logged_at, q.project_id
        from ops.run_logs as l
        join ops.run_requests as q on q.run_id = l.run_id
        join kept as k on k.id = q.project_id
        where l.logged_at < v_newest and l.logged_at < k.since
        limit p_limit
    ), deleted as (
        delete from ops.run_logs as l using old
        where l.run_id = old.run_id and l.id = old.id and l.logged_at = old.logged_at
        returning old.project_id
    )
    select 'run_logs', 'deleted', null::text, d.project_id, count(*), null::text[], null::text
    from deleted as d
    group by d.project_id;
end
$$;
comment on function ops_private.expire_logs is 'Deletes log lines past their project''s time.';
revoke all on function ops_private.expire_logs from public;
$ops_file$);

select pg_temp.make_function('expire_rows', $ops_file$
-- Removes data older than their project's retention (policy type ttl), and returns what it removed: whole months of log
-- lines and events that no project keeps any longer, at most p_limit log lines and deliveries, and at most p_limit
-- artifacts marked as condemned with the addresses of their objects. p_parts limits it to some of logs, events, ingest
-- and artifacts.
-- Called by the jobs log_retention and artifact_expiry until nothing is left. Only one caller at a time, including
-- callers of ops.ensure_partitions; gives up with 55P03 rather than let writers wait for a month to be dropped. Raises
-- PT400. All or nothing; a retry continues.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.expire_rows(
    p_limit int default 10000,
    p_parts text[] default '{logs,events,ingest,artifacts}'
)
returns setof ops.expiry
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '5s'
as $$
begin
    if coalesce(p_limit, 0) < 1 or p_parts is null or not p_parts <@ '{logs,events,ingest,artifacts}' then
        raise sqlstate 'PT400' using
            message = 'Only logs, events, ingest and artifacts expire, at least one row at a time',
            hint = 'Call ops.expire_rows(p_limit => 10000, p_parts => ''{logs}'').';
    end if;
    lock table ops.checkpoints in share row exclusive mode; -- one at a time
    if 'logs' = any (p_parts) then
        return query select * from ops_private.expire_log_months();
        return query select * from ops_private.expire_logs(p_limit);
    end if;
    if 'ingest' = any (p_parts) then
        return query select * from ops_private.expire_ingest_log(p_limit);
    end if;
    if 'artifacts' = any (p_parts) then
        return query select * from ops_private.condemn_artifacts(p_limit);
    end if;
    if 'events' = any (p_parts) then
        return query select * from ops_private.expire_event_month();
    end if;
end
$$;
comment on function ops.expire_rows is 'Removes what is past its time, and says what it removed.';
revoke all on function ops.expire_rows from public;
grant execute on function ops.expire_rows to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('explain_promotion', $ops_file$
-- Lists each requirement of a promotion with whether it is met, and by what; target_env is staging, production or an
-- environment's name. Called by anyone who may read the release. Locks nothing; raises PT404, and PT400 for the target.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked.
create or replace function ops.explain_promotion(
    release_id uuid,
    target_env text
)
returns table (requirement text, is_met boolean, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(explain_promotion.release_id);
begin
    return query
    select p.requirement, p.is_met, p.detail
    from ops_private.promotion_requirements(
        v_release.id, ops_private.target_stage(v_release.project_id, explain_promotion.target_env)
    ) as p;
end
$$;
comment on function ops.explain_promotion is 'Each requirement of a promotion, met or not, and by what.';
revoke all on function ops.explain_promotion from public;
grant execute on function ops.explain_promotion to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.explain_promotion
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('explain_rollback', $ops_file$
-- Lists the two ways back from a deployment, the code alone and the code with its data: whether each is possible, the
-- release that comes back, and the minutes of work that it loses. Called by anyone who may read the deployment. Locks
-- nothing. Raises PT404.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked.
create or replace function ops.explain_rollback(deployment_id uuid)
returns table (way text, is_possible boolean, version text, lost_minutes int, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_deployment ops.deployments := ops_private.require_deployment(explain_rollback.deployment_id, 'read');
    v_version text := (
        select r.version from ops.releases as r where r.id = ops_private.release_before(v_deployment.id)
    );
    v_is_kept boolean := ops_private.keeps_data_before(v_deployment);
    v_minutes int := ceil(extract(epoch from clock_timestamp() - v_deployment.finished_at) / 60);
begin
    if v_version is null then
        return query values
            ('code', false, null::text, null::int, 'there is no release to go back to'),
            ('code and data', false, null, null, 'there is no release to go back to');
        return;
    end if;
    return query values
        ('code', true, v_version, 0, format('release %s over the data of now', v_version)),
        (
            'code and data', v_is_kept, v_version, case when v_is_kept then v_minutes end,
            case
                when v_deployment.previous_database_name is null then
                    'this deployment changed no module: its data are those of now'
                when not v_is_kept then 'the data of before are not kept any more: restore a backup'
                else format('release %s and the data of %s', v_version, to_char(
                    v_deployment.finished_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
                ))
            end
        );
end
$$;
comment on function ops.explain_rollback is 'The ways back from a deployment, and what each loses.';
revoke all on function ops.explain_rollback from public;
grant execute on function ops.explain_rollback to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.explain_rollback to qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('fail_pending_environment', $ops_file$
-- Marks the environment of a failed deployment as failed if nothing was ever deployed there. Called by end_run. Locks the
-- environment's row. A retry is harmless.
create or replace function ops_private.fail_pending_environment(
    p_run_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    select e.* into v_environment
    from ops.runs as r
    join ops.environments as e on e.id = r.environment_id
    where r.id = p_run_id and r.kind in ('deploy', 'build') and e.status = 'pending'
    for no key update of e;
    if found then
        perform ops_private.move_environment(v_environment, 'failed');
    end if;
end
$$;
comment on function ops_private.fail_pending_environment is 'Marks an environment as failed that never ran.';
revoke all on function ops_private.fail_pending_environment from public;
$ops_file$);

select pg_temp.make_function('find_same_request', $ops_file$
-- Returns the run that was already queued with the idempotency key. Called by queue_run, before and after its insert.
-- Raises PT409 if the key was used for another body.
create or replace function ops_private.find_same_request(
    p_project_id uuid,
    p_key text,
    p_body bytea
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_request ops.run_requests;
begin
    select q.* into v_request from ops.run_requests as q
    where q.project_id = p_project_id and q.idempotency_key = p_key;
    if v_request.body_hash <> p_body then
        raise sqlstate 'PT409' using
            message = format('The idempotency key %s was used for another request', p_key),
            detail = format('It made run #%s.', v_request.run_number),
            hint = 'Use a new key for a new request.';
    end if;
    return v_request.run_id;
end
$$;
comment on function ops_private.find_same_request is 'The run that an idempotency key made.';
revoke all on function ops_private.find_same_request from public;
$ops_file$);

select pg_temp.make_function('finish_run', $ops_file$
-- Ends the current attempt of a run with the given status: succeeded, failed or canceled.
-- Called by the operator's scripts, which hold no attempt. Locks the run's row.
-- Raises PT404, PT400 for another status, PT409 if the run is not at work. Repeating it does nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.finish_run(
    run_id uuid,
    status text
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    if coalesce(finish_run.status, '') not in ('succeeded', 'failed', 'canceled') then
        raise sqlstate 'PT400' using
            message = format('A run cannot end as %s', coalesce(finish_run.status, 'null')),
            hint = 'End it as succeeded, failed or canceled.';
    end if;
    select r.* into v_run from ops.runs as r where r.id = finish_run.run_id for no key update;
    if not found then
        perform ops_private.refuse_attempt(finish_run.run_id, null);
    end if;
    if v_run.status::text = finish_run.status then
        return v_run.status;
    end if;
    if not ops_private.end_run(
        v_run.id, v_run.attempt, finish_run.status::ops.run_status,
        case finish_run.status when 'succeeded' then 0 when 'failed' then 1 end, null
    ) then
        raise sqlstate 'PT409' using
            message = format('Run #%s is %s and cannot become %s', v_run.run_number, v_run.status, finish_run.status),
            hint = 'Only a run at work can be ended; cancel a queued one with ops.cancel_run.';
    end if;
    return finish_run.status::ops.run_status;
end
$$;
comment on function ops.finish_run is 'Ends a run by hand.';
revoke all on function ops.finish_run from public;
grant execute on function ops.finish_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('first_turn', $ops_file$
-- Returns the turn of the first waiting run, for a run that returns to the queue: it goes before all later runs of its
-- priority. Locks and raises nothing.
create or replace function ops_private.first_turn(
    p_priority int,
    p_turn bigint
)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return coalesce(
        (
            select r.turn from ops.runs as r
            where r.status = 'queued' and r.priority = p_priority
            order by r.turn
            limit 1
        ),
        p_turn
    );
end
$$;
comment on function ops_private.first_turn is 'The turn at the front of the queue.';
revoke all on function ops_private.first_turn from public;
$ops_file$);

select pg_temp.make_function('fold_name', $ops_file$
-- Returns a name as it is compared: NFKC, case-folded, trimmed, single spaces, without characters that nobody sees. Null
-- for a name without visible characters. Called by functions that compare people. Locks and raises nothing. PL/pgSQL
-- plans a statement when it runs, so that a server without a collation does not fail: without both, what the database's
-- own locale knows is folded.
create or replace function ops_private.fold_name(p_name text)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := regexp_replace(
        normalize(p_name, nfkc),
        '[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
        || '\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]', '', 'g'
    );
    v_collations text[] := array(
        select c.collname from pg_collation as c
        where c.collname in ('pg_unicode_fast', 'und-x-icu') and c.collnamespace = 'pg_catalog'::regnamespace
    );
begin
    if 'pg_unicode_fast' = any (v_collations) then -- PostgreSQL 18 has it; others have ICU, unless built without
        v_name := lower(upper(v_name collate "pg_unicode_fast") collate "pg_unicode_fast");
    elsif 'und-x-icu' = any (v_collations) then
        v_name := lower(upper(v_name collate "und-x-icu") collate "und-x-icu");
    else
        v_name := lower(upper(v_name));
    end if;
    return nullif(btrim(regexp_replace(normalize(v_name, nfkc), '[\s\u0085\u1680\u2028\u2029]+', ' ', 'g')), '');
end
$$;
comment on function ops_private.fold_name is 'A name as it is compared.';
revoke all on function ops_private.fold_name from public;
$ops_file$);

select pg_temp.make_function('forget_template', $ops_file$
-- Deletes the row of a template database, and returns whether there was one. Called by whoever drops the database. A
-- retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.forget_template(
    p_database_name text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from ops.database_templates as t where t.database_name = p_database_name;
    return found;
end
$$;
comment on function ops.forget_template is 'Forgets a kept database.';
revoke all on function ops.forget_template from public;
grant execute on function ops.forget_template to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('free_version', $ops_file$
-- Returns a version for the release of a run that no release of the project has: build-12, then build-12.2.
-- Called by release_build, which locks the project. Raises nothing.
create or replace function ops_private.free_version(
    p_project_id uuid,
    p_run_number bigint
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select v.version
from generate_series(1, 1000) as n (place)
cross join lateral (
    select format('build-%s', p_run_number) || case when n.place > 1 then '.' || n.place else '' end as version
) as v
where not exists (
    select from ops.releases as r
    where r.project_id = p_project_id and r.version = v.version
)
order by n.place
limit 1
$$;
comment on function ops_private.free_version is 'A version for the release of a run.';
revoke all on function ops_private.free_version from public;
$ops_file$);

select pg_temp.make_function('freeze_reason', $ops_file$
-- Returns the reason of the first freeze window that includes the moment, or null if there is none.
-- A window is {from, to, reason} between two moments, or, with a time zone, a weekly one between two local times:
-- {"from": "fri 16:00", "to": "mon 08:00", "time_zone": "Europe/Brussels", "reason": "weekend"}. The end is excluded.
-- Called by promotion_requirements and views. Locks and raises nothing for windows that set_policy accepted.
create or replace function ops.freeze_reason(
    p_windows jsonb,
    p_at timestamptz
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select format('%s, until %s', coalesce(w.value ->> 'reason', 'frozen'), w.value ->> 'to')
from jsonb_array_elements(p_windows) with ordinality as w (value, place)
cross join lateral (
    select
        case when w.value ? 'time_zone' then ops.minute_of_week(w.value ->> 'from') end as opens,
        case when w.value ? 'time_zone' then ops.minute_of_week(w.value ->> 'to') end as closes,
        case
            when w.value ? 'time_zone'
                then ops.minute_of_week(to_char(p_at at time zone (w.value ->> 'time_zone'), 'dy hh24:mi'))
        end as minute
) as week
where
    case
        when not w.value ? 'time_zone'
            then p_at >= (w.value ->> 'from')::timestamptz and p_at < (w.value ->> 'to')::timestamptz
        when week.opens < week.closes then week.minute >= week.opens and week.minute < week.closes
        else week.minute >= week.opens or week.minute < week.closes
    end
order by w.place
limit 1
$$;
comment on function ops.freeze_reason is 'Why nothing is promoted at a moment, if nothing is.';
revoke all on function ops.freeze_reason from public;
grant execute on function ops.freeze_reason to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.freeze_reason
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('gate_approver', $ops_file$
-- Returns the person whose decision on a gate the caller submits: the person of the key, or the caller, or, for the
-- service role, the person that it names. The rights of a key were checked before. Locks nothing. Raises PT400, and PT403 for a person who may not
-- decide, such as the release's author.
create or replace function ops_private.gate_approver(
    p_release ops.releases,
    p_gate_code ops.ops_gate_code,
    p_named text,
    p_key ops.event_keys default null
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_approver text := p_named;
begin
    if p_gate_code not in ('G2', 'G3') then
        raise sqlstate 'PT400' using
            message = format('Nobody signs %s off', p_gate_code), column = 'gate_code',
            hint = 'G1 and G4 are decided by checks: record one.';
    end if;
    if p_key.id is not null then
        v_approver := p_key.approver_id;
    else
        perform ops_private.require_permission(p_release.project_id, ops_private.gate_permission(p_gate_code));
        if not ops.is_platform() then
            v_approver := ops.caller_id();
        end if;
    end if;
    if ops.person_of(v_approver) is null then
        raise sqlstate 'PT400' using
            message = 'A decision is somebody''s', column = 'approver_id', hint = 'Name the person: approver_id.';
    elsif not ops.person_of(p_named) = any (ops_private.persons_of(v_approver)) then
        raise sqlstate 'PT403' using
            message = 'You decide as yourself', column = 'approver_id', hint = 'Leave the approver out.';
    elsif ops.person_of(p_release.created_by) = any (ops_private.persons_of(v_approver)) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot approve it', v_approver),
            column = 'approver_id',
            hint = 'Ask somebody else: four eyes.';
    end if;
    return v_approver;
end
$$;
comment on function ops_private.gate_approver is 'Whose decision on a gate the caller brings.';
revoke all on function ops_private.gate_approver from public;
$ops_file$);

select pg_temp.make_function('gate_of_release', $ops_file$
-- Returns a gate of a release. Called by RPCs of gates after the permission check. Locks nothing; raises PT400 for an
-- unknown gate code.
create or replace function ops_private.gate_of_release(
    p_release_id uuid,
    p_gate_code ops.ops_gate_code
)
returns ops.release_gates
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate ops.release_gates;
begin
    select g.* into v_gate from ops.release_gates as g
    where g.release_id = p_release_id and g.gate_code = p_gate_code;
    if not found then
        raise sqlstate 'PT400' using
            message = 'Name a gate of the release', hint = 'A gate is G1, G2, G3 or G4.';
    end if;
    return v_gate;
end
$$;
comment on function ops_private.gate_of_release is 'A gate of a release.';
revoke all on function ops_private.gate_of_release from public;
$ops_file$);

select pg_temp.make_function('gate_permission', $ops_file$
-- Returns the permission that is needed to record facts of a gate. Called by RPCs of gates. Raises nothing.
create or replace function ops_private.gate_permission(p_gate_code ops.ops_gate_code)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case p_gate_code
    when 'G1' then 'ingest_build' when 'G2' then 'sign_off_g2' when 'G3' then 'sign_off_g3' when 'G4' then 'deploy'
end
$$;
comment on function ops_private.gate_permission is 'The permission that answering a gate''s questions takes.';
revoke all on function ops_private.gate_permission from public;
$ops_file$);

select pg_temp.make_function('gate_verdict', $ops_file$
-- Returns the verdict on a gate's facts without exceptions, its basis, and the time until which it can still change.
-- Called by evaluate_gate_row, which locks the gate's row. Locks and raises nothing.
create or replace function ops_private.gate_verdict(
    p_gate ops.release_gates
)
returns table (merit ops.ops_gate_status, reason text, deadline_at timestamptz)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
    v_checks record;
    v_approvals record;
begin
    if p_gate.gate_code = 'G4' then
        -- a failed deployment has nothing whose health could be checked
        select d.* into v_deployment from ops.deployments as d
        where d.release_id = p_gate.release_id and d.status <> 'failed'
        order by d.created_at desc, d.id desc
        limit 1;
        if not found then
            return query select 'pending'::ops.ops_gate_status, 'not deployed yet', null::timestamptz;
            return;
        end if;
        return query select j.verdict, j.reason, v_deployment.g4_deadline_at from ops_private.judge_deployment(v_deployment) as j;
        return;
    end if;
    select 'passed'::ops.ops_gate_status as verdict, null::text as reason into v_approvals;
    v_checks := v_approvals;
    if p_gate.gate_code in ('G2', 'G3') then
        select t.verdict, t.reason into v_approvals from ops_private.count_approvals(p_gate) as t;
    end if;
    if p_gate.gate_code = 'G1' or p_gate.required_checks <> '{}' then
        select t.verdict, t.reason into v_checks from ops_private.count_checks(p_gate.id, p_gate.required_checks) as t;
    end if;
    return query select
        case
            when 'failed' in (v_approvals.verdict, v_checks.verdict) then 'failed'::ops.ops_gate_status
            when 'pending' in (v_approvals.verdict, v_checks.verdict) then 'pending'
            else 'passed'
        end,
        concat_ws('; ', v_approvals.reason, v_checks.reason), null::timestamptz;
end
$$;
comment on function ops_private.gate_verdict is 'The verdict on a gate''s facts, without exceptions.';
revoke all on function ops_private.gate_verdict from public;
$ops_file$);

select pg_temp.make_function('get_run', $ops_file$
-- Returns one run with its related names, in the form that claims return. Called by workers and by other functions.
-- Locks and raises nothing.
create or replace function ops.get_run(
    p_run_id uuid
)
returns setof ops.run_details
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return query select d.* from ops.v_run_details as d where d.id = p_run_id;
end
$$;
comment on function ops.get_run is 'One run, as claims return it.';
revoke all on function ops.get_run from public;
grant execute on function ops.get_run to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.get_run
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('git_shas_of', $ops_file$
-- Returns the commits of a release that the platform itself makes: the project's repository by its owner and name, at
-- the given commit. Called by functions that make releases of builds. Locks and raises nothing.
create or replace function ops_private.git_shas_of(
    p_project_id uuid,
    p_git_sha text
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    (regexp_match(ops.normalise_repo_url(p.repo_url), '([^/]+(/[^/]+)?)$'))[1], p_git_sha
)
from ops.projects as p
where p.id = p_project_id
$$;
comment on function ops_private.git_shas_of is 'The commits of a release of the project''s own repository.';
revoke all on function ops_private.git_shas_of from public;
$ops_file$);

select pg_temp.make_function('grant_exception', $ops_file$
-- Grants a requested exception: from now until it expires, its gate counts as bypassed.
-- Called by release managers, and by the platform for one of them, whom it names. Locks the exception, then its gate.
-- Raises PT404, PT403 (also for the release's author and for who requested it: four eyes), and PT409 for one that
-- expired or was revoked. Repeating it is harmless.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.grant_exception(
    exception_id uuid,
    p_granted_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_exception ops.exceptions := ops_private.exception_to_change(grant_exception.exception_id);
    v_caller text := ops_private.acting_person(p_granted_by);
begin
    if v_exception.revoked_at is not null or v_exception.expires_at <= clock_timestamp() then
        raise sqlstate 'PT409' using
            message = format('The exception %s', case
                when v_exception.revoked_at is not null then 'was revoked by ' || v_exception.revoked_by
                else 'has expired'
            end),
            hint = 'Request another one.';
    elsif ops.person_of(v_exception.release_author) = any (ops_private.persons_of(v_caller)) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot waive its gates', v_caller),
            hint = 'Ask somebody else: four eyes.';
    end if;
    perform ops_private.recognise_caller();
    update ops.exceptions as e set granted_by = v_caller, granted_at = clock_timestamp()
    where e.id = v_exception.id and e.granted_at is null;
end
$$;
comment on function ops.grant_exception is 'Grants a requested exception.';
revoke all on function ops.grant_exception from public;
grant execute on function ops.grant_exception to service_role, release_manager;
$ops_file$);

select pg_temp.make_function('handle_build_complete', $ops_file$
-- Records a build's result at gate G1: its outcome as the check `build`, and the checks it made. Locks the gate. Raises
-- PT400 for another gate, and what record_gate_check raises.
create or replace function ops_private.handle_build_complete(
    p_release ops.releases,
    p_envelope jsonb,
    p_run_id uuid
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_envelope ->> 'gate_code' <> 'G1' then
        perform ops_private.refuse_field('gate_code', 'of a build is G1');
    end if;
    return ops_private.take_checks(p_release, 'G1', 'build', p_envelope, p_run_id);
end
$$;
comment on function ops_private.handle_build_complete is 'Notes what a build says of gate G1.';
revoke all on function ops_private.handle_build_complete from public;
$ops_file$);

select pg_temp.make_function('handle_deployment_event', $ops_file$
-- Records the progress of a deployment: changes the state of the one at work there, or inserts one that was
-- started elsewhere, which the gates must allow like any other. An event that is older than what is known changes
-- nothing: a late `running` opens no second deployment. Locks the project and what a deployment locks.
-- Raises PT400 and PT409.
create or replace function ops_private.handle_deployment_event(
    p_release ops.releases,
    p_envelope jsonb,
    p_key ops.event_keys,
    p_run_id uuid
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status ops.deployment_status := (p_envelope ->> 'status')::ops.deployment_status;
    v_at timestamptz := least((p_envelope ->> 'occurred_at')::timestamptz, clock_timestamp());
    v_place record;
    v_told record;
    v_deployment ops.deployments;
    v_id uuid;
begin
    perform from ops.projects as p where p.id = p_release.project_id for no key update;
    select * into v_place from ops_private.promotion_target(p_release.project_id, p_envelope ->> 'environment');
    select t.deployment, t.is_late into v_told
    from ops_private.deployment_told_of(p_release, v_place.environment_id, v_place.stage, v_status, v_at) as t;
    v_deployment := v_told.deployment;
    if v_deployment.id is null then
        perform ops_private.deployment_at_work(p_release, v_place.environment_id, v_place.stage);
        v_id := ops_private.adopt_deployment(
            p_release, v_place.environment_id, v_place.stage, p_envelope, p_key, p_run_id
        );
        select d.* into v_deployment from ops.deployments as d where d.id = v_id;
    end if;
    if v_told.is_late then
        update ops.deployments as d set started_at = least(d.started_at, v_at)
        where d.id = v_deployment.id and d.run_id is null and v_status = 'running';
    else
        perform ops_private.move_deployment_to(v_deployment, v_status);
        update ops.deployments as d set told_at = v_at where d.id = v_deployment.id;
    end if;
    return jsonb_build_object('deployment_id', v_deployment.id, 'is_overruled', coalesce(v_told.is_late, false))
        || ops_private.take_evidence(ops_private.gate_of_release(p_release.id, 'G4'), p_envelope);
end
$$;
comment on function ops_private.handle_deployment_event is 'Notes how a deployment goes.';
revoke all on function ops_private.handle_deployment_event from public;
$ops_file$);

select pg_temp.make_function('handle_environment_event', $ops_file$
-- Records an event of an environment with the event's facts. Locks nothing. Raises PT400 for
-- evidence without a release.
create or replace function ops_private.handle_environment_event(
    p_project_id uuid,
    p_release ops.releases,
    p_envelope jsonb,
    p_key ops.event_keys
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id bigint;
begin
    if jsonb_array_length(nullif(p_envelope -> 'evidence', 'null')) > 0 then
        perform ops_private.refuse_field('evidence', 'is of a release; an environment has none');
    end if;
    insert into ops.environment_events (
        project_id, environment_id, environment, event, payload, source, recorded_by, occurred_at
    )
    values (
        p_project_id,
        (
            select e.id from ops.environments as e
            where
                e.project_id = p_project_id and e.destroyed_at is null
                and p_envelope ->> 'environment' in (e.name, e.partition_key)
            limit 1
        ),
        p_envelope ->> 'environment', p_envelope ->> 'status',
        jsonb_strip_nulls(p_envelope - '{schema_version,event_type,idempotency_key,source,occurred_at,project,environment,status}'::text[]),
        p_envelope ->> 'source', ops_private.sender_id(p_key), (p_envelope ->> 'occurred_at')::timestamptz
    )
    returning id into v_id;
    return jsonb_build_object('environment_event_id', v_id);
end
$$;
comment on function ops_private.handle_environment_event is 'Notes what happened to an environment.';
revoke all on function ops_private.handle_environment_event from public;
$ops_file$);

select pg_temp.make_function('handle_gate_signoff', $ops_file$
-- Records a person's decision on gate G2 or G3. Locks the gate. Raises PT400, and what gate_approver raises.
create or replace function ops_private.handle_gate_signoff(
    p_release ops.releases,
    p_envelope jsonb,
    p_key ops.event_keys
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate_code ops.ops_gate_code := (p_envelope ->> 'gate_code')::ops.ops_gate_code;
    v_approval_id uuid;
begin
    if (v_gate_code, p_envelope ->> 'persona_role') in (('G2', 'release_manager'), ('G3', 'qa_tester')) then
        perform ops_private.refuse_field('persona_role', format('does not decide gate %s', v_gate_code));
    end if;
    v_approval_id := ops_private.write_approval(
        p_release, v_gate_code, (p_envelope ->> 'decision')::ops.ops_decision_type,
        coalesce(nullif(p_envelope -> 'rationale_structured', 'null'), '{}'),
        ops_private.gate_approver(p_release, v_gate_code, p_envelope ->> 'approver_id', p_key),
        p_envelope ->> 'source', (p_envelope ->> 'occurred_at')::timestamptz
    );
    return jsonb_build_object('approval_id', v_approval_id, 'is_overruled', exists (
        select from ops.approvals as a
        join ops.approvals as n
            on
                n.gate_id = a.gate_id and (n.occurred_at > a.occurred_at or n.decision = 'rejected')
                and ops.person_of(n.approver_id) = ops.person_of(a.approver_id)
        where a.id = v_approval_id and a.decision = 'approved'
    ))
        || ops_private.take_evidence(ops_private.gate_of_release(p_release.id, v_gate_code), p_envelope);
end
$$;
comment on function ops_private.handle_gate_signoff is 'Notes a person''s decision on a gate.';
revoke all on function ops_private.handle_gate_signoff from public;
$ops_file$);

select pg_temp.make_function('handle_health_check', $ops_file$
-- Records the health of a release's deployment to a place, of several the one that was there at the event's time: the
-- event's status as the check `health`, and the checks it made. Locks the deployment and the gate. Raises PT400 for
-- another gate, PT409 if the release was not deployed there.
create or replace function ops_private.handle_health_check(
    p_release ops.releases,
    p_envelope jsonb,
    p_run_id uuid
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_place record;
    v_deployment_id uuid;
begin
    if p_envelope ->> 'gate_code' <> 'G4' then
        perform ops_private.refuse_field('gate_code', 'of a health check is G4');
    end if;
    select * into v_place from ops_private.promotion_target(p_release.project_id, p_envelope ->> 'environment');
    select d.id into v_deployment_id from ops.deployments as d
    where
        d.release_id = p_release.id and d.stage = v_place.stage and d.status <> 'failed'
        and d.environment_id is not distinct from v_place.environment_id
    -- of several deployments it is about the one that was there when it was made
    order by
        ops_private.deployment_began(d) <= (p_envelope ->> 'occurred_at')::timestamptz desc,
        abs(extract(epoch from (p_envelope ->> 'occurred_at')::timestamptz - ops_private.deployment_began(d))),
        d.created_at desc, d.id desc
    limit 1;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Release %s was not brought to %s', p_release.version, p_envelope ->> 'environment'),
            column = 'environment', hint = 'Tell of its deployment first: deployment_event.';
    end if;
    return jsonb_build_object('deployment_id', v_deployment_id)
        || ops_private.take_checks(p_release, 'G4', 'health', p_envelope, p_run_id, v_deployment_id);
end
$$;
comment on function ops_private.handle_health_check is 'Notes the health of a deployment.';
revoke all on function ops_private.handle_health_check from public;
$ops_file$);

select pg_temp.make_function('has_permission', $ops_file$
-- Returns whether the caller has the permission in the project, by ops.roles: a signed-in person by their role in the
-- project, a persona everywhere, a login of the platform by its job; the service role and the owner may do everything.
-- Called by policies and RPCs, and by every queue_run. Locks nothing; raises PT400 for a permission that does not
-- exist.
-- Definer: it reads memberships for policies that guard memberships themselves.
create or replace function ops.has_permission(
    p_project_id uuid,
    p_permission text
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_jobs text[] := ops.caller_jobs();
begin
    if p_permission is null or p_permission <> all (array[
        'read', 'queue_build', 'queue', 'queue_production', 'manage', 'archive', 'ingest_build', 'sign_off_g2',
        'sign_off_g3', 'grant_exception', 'promote', 'deploy', 'record_incident', 'drill', 'backup', 'restore', 'audit'
    ]) then
        raise sqlstate 'PT400' using
            message = format('There is no permission %s', coalesce(p_permission, 'null')),
            hint = 'Ask for one that ops.roles names, such as read or queue.';
    elsif cardinality(v_jobs) > 0 then
        return exists (
            select from ops.roles as r where r.role = any (v_jobs) and p_permission = any (r.permissions)
        );
    elsif ops.is_platform() then
        return true;
    elsif pg_has_role(ops.caller_role(), 'authenticated', 'usage') then
        return exists (
            select from ops.project_memberships as m
            join ops.roles as r on r.role = m.role::text
            where m.project_id = p_project_id and m.user_id = auth.uid() and p_permission = any (r.permissions)
        );
    end if;
    return exists (
        select from ops.roles as r
        where r.role = any (ops.caller_personas()) and p_permission = any (r.permissions)
    );
end
$$;
comment on function ops.has_permission is 'Whether the caller may do this in the project; ops.roles says who may what.';
revoke all on function ops.has_permission from public;
grant execute on function ops.has_permission to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.has_permission
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('hash_event', $ops_file$
-- Returns the hash that seals an event over the one before it: SHA-256 over that hash and the event as a JSON array.
-- Called by every function that writes an event, and by verify_run_chain. Locks and raises nothing.
create or replace function ops.hash_event(
    p_prev_hash bytea,
    p_run_id uuid,
    p_seq int,
    p_attempt int,
    p_event_type ops.event_type,
    p_message text,
    p_payload jsonb,
    p_created_at timestamptz
)
returns bytea
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return sha256(p_prev_hash || convert_to(
        jsonb_build_array(
            p_run_id, p_seq, p_attempt, p_event_type, p_message, p_payload, extract(epoch from p_created_at)
        )::text, 'UTF8'
    ));
end
$$;
comment on function ops.hash_event is 'The hash of an event, over its content and the hash before it.';
revoke all on function ops.hash_event from public;
grant execute on function ops.hash_event to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.hash_event
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('heartbeat_run', $ops_file$
-- Renews the lease of the worker's attempt and returns whether a cancel was requested.
-- Called by the owner every few seconds. Locks the run's row; raises PT404 and PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.heartbeat_run(
    p_run_id uuid,
    p_worker_id text,
    p_attempt int default 1,
    p_lease_seconds int default 60
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_attempt int := coalesce(p_attempt, 1);
    v_canceled boolean;
begin
    update ops.runs as r
    set lease_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where
        r.id = p_run_id and r.attempt = v_attempt and r.claimed_by = p_worker_id
        and r.status in ('claimed', 'running')
    returning r.cancel_requested_at is not null into v_canceled;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, v_attempt);
    end if;
    return v_canceled;
end
$$;
comment on function ops.heartbeat_run is 'Renews a lease; true when a cancel was asked for.';
revoke all on function ops.heartbeat_run from public;
grant execute on function ops.heartbeat_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('hold_backup', $ops_file$
-- Holds a backup: neither retention nor a person can drop it until the hold is released. Called by people who may back
-- up. Locks the backup's row. Raises PT404, PT403, PT409 for a backup that is failed or dropped, PT400 without a
-- reason. Repeating it keeps the first hold.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.hold_backup(
    backup_id uuid,
    reason text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(hold_backup.backup_id, 'backup');
begin
    if coalesce(btrim(hold_backup.reason), '') = '' then
        raise sqlstate 'PT400' using message = 'A hold has a reason', hint = 'Say why it is kept.';
    elsif v_backup.status in ('failed', 'dropped') then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s: there is nothing to hold', v_backup.id, v_backup.status),
            hint = 'List what there is: ops backup list.';
    elsif v_backup.held_at is null then
        update ops.backups as b
        set held_at = clock_timestamp(), held_by = coalesce(ops.caller_name(), ops.caller_role()),
            hold_reason = hold_backup.reason
        where b.id = v_backup.id
        returning b.* into v_backup;
        perform ops_private.note_backup(v_backup, 'backup_held', hold_backup.reason);
    end if;
    return v_backup;
end
$$;
comment on function ops.hold_backup is 'Holds a backup against being dropped.';
revoke all on function ops.hold_backup from public;
grant execute on function ops.hold_backup to authenticated, service_role, ops_operator;
grant execute on function ops.hold_backup to sre;
$ops_file$);

select pg_temp.make_function('host_label', $ops_file$
-- Returns the first label of an environment's host name: feature-visits--shop. The part before the first two dashes is the
-- branch's, and has no two dashes itself, so that no branch of another project gets the same. With p_hashed, or where the
-- readable form is no good label, a part of a hash tells apart what would read the same. Two characters before the dashes
-- would make a label of IDNA (RFC 5890, section 2.3.1), of which xn-- is one.
-- Called by choose_host_label. Locks and raises nothing.
create or replace function ops_private.host_label(
    p_slug text,
    p_branch text,
    p_hashed boolean default false
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_hashed or length(s.slug) in (0, 2) or length(s.slug || '--' || p_slug) > 63
        then rtrim(left(coalesce(nullif(s.slug, ''), 'branch'), 22), '-') || '-'
            || left(encode(sha256(convert_to(p_slug || '/' || p_branch, 'UTF8')), 'hex'), 8)
            || '--' || rtrim(left(p_slug, 30), '-')
    else s.slug || '--' || p_slug
end
from (
    select btrim(regexp_replace(lower(p_branch collate "C"), '[^a-z0-9]+', '-', 'g'), '-') as slug
) as s
$$;
comment on function ops_private.host_label is 'The first label of an environment''s host name.';
revoke all on function ops_private.host_label from public;
$ops_file$);

select pg_temp.make_function('ingest_event', $ops_file$
-- Accepts or refuses an event: returns the result as {http_status, status, message, field, hint, ids}, and raises
-- no error for faults of the sender. Every delivery leaves a row in ops.event_ingest_log; what a refused one wrote
-- is undone. Called by the edge function, by PostgREST, and by the platform's own steps; POST /v1/events comes in
-- through ops.receive_event. Locks what its handler locks. Raises only errors that are not the sender's fault.
-- Repeating it with the same idempotency key writes nothing twice.
-- Definer: senders of events may not write tables; the caller's permission for the event is checked.
create or replace function ops.ingest_event(envelope jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := ops_private.answer_event(envelope, null);
begin
    perform set_config('response.status', v_answer ->> 'http_status', true); -- PostgREST's answer
    return v_answer;
end
$$;
comment on function ops.ingest_event is 'Takes an event in and says what came of it.';
revoke all on function ops.ingest_event from public;
grant execute on function ops.ingest_event to service_role, ops_operator,
ci_service_role, qa_tester, release_manager, sre;
$ops_file$);

select pg_temp.make_function('is_eligible_for_promotion', $ops_file$
-- Returns whether every requirement of a promotion is met; ops.explain_promotion lists the unmet ones.
-- Called by anyone who may read the release. Locks nothing; raises PT404, and PT400 for the target.
create or replace function ops.is_eligible_for_promotion(
    release_id uuid,
    target_env text
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select bool_and(p.is_met)
from ops.explain_promotion(is_eligible_for_promotion.release_id, is_eligible_for_promotion.target_env) as p
$$;
comment on function ops.is_eligible_for_promotion is 'Whether a release may be promoted to a place now.';
revoke all on function ops.is_eligible_for_promotion from public;
grant execute on function ops.is_eligible_for_promotion to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.is_eligible_for_promotion
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('is_hosted', $ops_file$
-- Returns whether the environment is deployed on this platform, so that the platform's own runs promote to it.
-- Called by functions that promote. Locks and raises nothing; false without an environment.
create or replace function ops_private.is_hosted(p_environment_id uuid)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.environments as e
    where e.id = p_environment_id and e.database_name is not null and not e.is_adopted and e.destroyed_at is null
)
$$;
comment on function ops_private.is_hosted is 'Whether the platform itself deploys to an environment.';
revoke all on function ops_private.is_hosted from public;
$ops_file$);

select pg_temp.make_function('is_platform', $ops_file$
-- Returns whether the caller is the platform itself: a login of one of its jobs, the service role, or the owner of the
-- schema. It names the person for whom it acts; what it may do is a matter of has_permission.
-- Called by has_permission and RPCs. Locks and raises nothing.
create or replace function ops.is_platform()
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role name := ops.caller_role();
begin
    return pg_has_role(v_role, 'service_role', 'usage')
        or pg_has_role(
            v_role, (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'ops'), 'usage'
        )
        or cardinality(ops.caller_jobs()) > 0;
end
$$;
comment on function ops.is_platform is 'Whether the caller is the platform rather than a person.';
revoke all on function ops.is_platform from public;
grant execute on function ops.is_platform to authenticated, service_role, ops_gateway, ops_worker, ops_operator;
grant execute on function ops.is_platform
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('janitor_is_due', $ops_file$
-- Returns whether the janitor has something to look for: since its last round a run ended or the time of a replaced
-- database was over; a person decided about an orphan; and every ten minutes in any case, for what the record does not
-- know. p_last_at is the start of the last round that succeeded.
-- Called by the sensor housekeeping. Locks and raises nothing.
create or replace function ops.janitor_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    p_last_at is null or p_last_at <= p_now - interval '10 minutes'
    -- Ids are ordered by time: only the runs of the last day are read.
    or exists (
        select from ops.runs as r
        where
            r.id > encode(
                substring(int8send((extract(epoch from p_now - interval '1 day') * 1000)::bigint) from 3)
                || '\x00000000000000000000', 'hex'
            )::uuid
            and r.finished_at >= p_last_at
    )
    or exists (
        select from ops.restores as s where s.keep_previous_until between p_last_at and p_now
    )
    or exists (select from ops.orphans as o where o.decision is not null)
$$;
comment on function ops.janitor_is_due is 'Whether the janitor has a reason to go round.';
revoke all on function ops.janitor_is_due from public;
grant execute on function ops.janitor_is_due to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('judge_deployment', $ops_file$
-- Returns the health of a deployment: passed if every health check passed within the window, counted from its end. A
-- check still pending when the window closes counts as failed, which ops.v_gate_status computes and no row stores.
-- While people are asked about it, a failure is inconclusive; what they keep has passed.
-- Called by settle_health and gate_verdict. Locks and raises nothing. It is PL/pgSQL because a statement may not name a
-- value of an enum that the same transaction added.
create or replace function ops_private.judge_deployment(
    p_deployment ops.deployments
)
returns table (verdict ops.ops_gate_status, reason text)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_told record;
begin
    select t.verdict, t.reason into v_told
    from ops.release_gates as g
    cross join lateral ops_private.count_checks(
        g.id, g.required_checks, (p_deployment).id, (p_deployment).g4_deadline_at
    ) as t
    where g.release_id = (p_deployment).release_id and g.gate_code = 'G4';
    if not found then
        return;
    end if;
    return query select
        (case
            when (p_deployment).kept_at is not null then 'passed'
            when v_told.verdict = 'failed' and (p_deployment).decision_due_at is not null then 'inconclusive'
            when v_told.verdict = 'passed' and (p_deployment).status <> 'succeeded' then 'pending'
            else v_told.verdict::text
        end)::ops.ops_gate_status,
        format('deployment to %s, %s', (p_deployment).stage, case
            when (p_deployment).kept_at is not null
                then format('kept by %s: %s', (p_deployment).kept_by, (p_deployment).kept_reason)
            when v_told.verdict = 'failed' and (p_deployment).decision_due_at is not null
                then format('%s; a person decides by %s', v_told.reason, to_char(
                    (p_deployment).decision_due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
                ))
            else v_told.reason
        end);
end
$$;
comment on function ops_private.judge_deployment is 'Whether a deployment proved its health, within its window.';
revoke all on function ops_private.judge_deployment from public;
$ops_file$);

select pg_temp.make_function('keep_deployment', $ops_file$
-- Decides that a deployment stays whose health is inconclusive: gate G4 passes by this person's word, and nothing goes
-- back by itself any more.
-- Called by release managers and site reliability engineers, and by the platform for one of them, whom it names. Locks
-- the project, then the deployment and its gate. Raises PT404, PT403, PT400 without a reason, and PT409 if nobody is
-- asked, or it goes back already. A retry by the same person is harmless.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.keep_deployment(
    deployment_id uuid,
    reason text,
    p_kept_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.require_deployment(keep_deployment.deployment_id, 'read');
    v_person text := ops_private.acting_person(p_kept_by);
begin
    if not ops.has_permission(v_deployment.project_id, 'promote') then
        perform ops_private.require_permission(v_deployment.project_id, 'deploy');
    end if;
    if btrim(coalesce(keep_deployment.reason, '')) = '' then
        raise sqlstate 'PT400' using message = 'What is kept is kept for a reason', hint = 'Say what you saw.';
    end if;
    perform from ops.projects as p where p.id = v_deployment.project_id for no key update;
    select d.* into v_deployment from ops.deployments as d where d.id = v_deployment.id for no key update;
    if v_deployment.kept_by = v_person then
        return;
    elsif v_deployment.decision_due_at is null or v_deployment.kept_at is not null or exists (
        select from ops.deployments as k where k.rollback_of = v_deployment.id and k.status <> 'failed'
    ) then
        raise sqlstate 'PT409' using
            message = 'Nobody is asked whether this deployment stays',
            detail = 'It proved its health, was kept or rolled back, or another one followed.',
            hint = 'Look at it: ops release show.';
    end if;
    update ops.deployments as d
    set kept_by = v_person, kept_at = clock_timestamp(), kept_reason = keep_deployment.reason
    where d.id = v_deployment.id;
end
$$;
comment on function ops.keep_deployment is 'Decides that a deployment stays whose health is inconclusive.';
revoke all on function ops.keep_deployment from public;
grant execute on function ops.keep_deployment to service_role, sre, release_manager;
$ops_file$);

select pg_temp.make_function('keeps_data_before', $ops_file$
-- Returns whether the data from before a deployment are kept, and its own data still serve: only then a rollback can
-- return to them. Called by rollback_deployment and explain_rollback. Locks and raises nothing.
create or replace function ops_private.keeps_data_before(p_deployment ops.deployments)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce((p_deployment).keep_previous_until > clock_timestamp(), false) and exists (
    select from ops.environments as e
    where e.id = (p_deployment).environment_id and e.database_name = (p_deployment).database_name
)
$$;
comment on function ops_private.keeps_data_before is 'Whether a rollback of a deployment can return to its data too.';
revoke all on function ops_private.keeps_data_before from public;
$ops_file$);

select pg_temp.make_function('known_runs', $ops_file$
-- Returns those of the given runs that are on the record. Called by the janitor and before a database is dropped. Locks
-- and raises nothing.
create or replace function ops.known_runs(
    p_run_ids uuid[]
)
returns setof uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select r.id from ops.runs as r where r.id = any (p_run_ids);
$$;
comment on function ops.known_runs is 'Those of the runs that are on the record.';
revoke all on function ops.known_runs from public;
grant execute on function ops.known_runs to service_role, ops_worker, ops_operator;
$ops_file$);

select pg_temp.make_function('last_broken_run', $ops_file$
-- Returns a run with an event before that time whose chain does not verify, or null. Locks and raises nothing.
create or replace function ops_private.last_broken_run(
    p_until timestamptz
)
returns uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run_id uuid;
begin
    for v_run_id in
        select distinct e.run_id from ops.run_events as e where e.created_at < p_until
    loop
        if not exists (select from ops.runs as r where r.id = v_run_id) or not ops.verify_run_chain(v_run_id) then
            return v_run_id;
        end if;
    end loop;
    return null;
end
$$;
comment on function ops_private.last_broken_run is 'A run with an event before that time whose chain is broken.';
revoke all on function ops_private.last_broken_run from public;
$ops_file$);

select pg_temp.make_function('list_logged_runs', $ops_file$
-- Lists the runs of an environment since a moment, the newest first, at most p_limit of them, for the logs in a backup.
-- Called by the step `backup`. Locks and raises nothing.
create or replace function ops.list_logged_runs(
    p_environment_id uuid,
    p_since timestamptz,
    p_limit int default 1000
)
returns table (
    run_id uuid,
    run_number bigint,
    kind ops.run_kind,
    created_at timestamptz,
    finished_at timestamptz
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    -- the newest ones first, by the requests' index, so that a long history is not scanned
    with newest as (
        select q.run_id as id, q.run_number as number
        from ops.run_requests as q
        where q.environment_id = p_environment_id
        order by q.run_number desc
        limit p_limit
    )

    select r.id, n.number, r.kind, r.created_at, r.finished_at
    from newest as n
    join ops.runs as r on r.id = n.id
    where r.created_at >= p_since
    order by n.number desc;
end
$$;
comment on function ops.list_logged_runs is 'The runs of an environment since a moment, whose logs a backup holds.';
revoke all on function ops.list_logged_runs from public;
grant execute on function ops.list_logged_runs to service_role, ops_worker, ops_operator;
$ops_file$);

select pg_temp.make_function('list_partitions', $ops_file$
-- Lists the partitions of a table of events or log lines with the time range of each; the first one has no lower bound,
-- the default one has no range.
-- Called by ensure_partitions and the expiry. Locks and raises nothing.
create or replace function ops.list_partitions(
    p_table text
)
returns table (
    partition_name text,
    held_from timestamptz,
    held_until timestamptz
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    return query
    select
        c.relname::text,
        (b.bound ->> 0)::timestamptz, (b.bound ->> 1)::timestamptz
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    left join lateral (
        select to_jsonb(regexp_match(
            pg_get_expr(c.relpartbound, c.oid), 'FROM \((?:MINVALUE|''(.+)'')\) TO \(''(.+)''\)'
        )) as bound
    ) as b on true
    where i.inhparent = format('ops.%I', p_table)::regclass
    order by 3 nulls last;
end
$$;
comment on function ops.list_partitions is 'The partitions of a table and the time each holds.';
revoke all on function ops.list_partitions from public;
grant execute on function ops.list_partitions to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('list_queued_runs', $ops_file$
-- Lists the waiting runs in claim order, with the reason why each waits and how long such runs usually work; people see
-- their own projects'.
-- Called by people and `ops run queue`. Locks and raises nothing.
create or replace function ops.list_queued_runs()
returns table (
    "position" bigint,
    run_id uuid,
    project_slug text,
    run_number bigint,
    kind ops.run_kind,
    partition_key text,
    priority int,
    age interval,
    waits_for text,
    usual_duration interval
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        q."position", q.run_id, q.project_slug, q.run_number, q.kind, q.partition_key, q.priority, q.age, q.waits_for,
        q.usual_duration
    from ops.v_run_queue as q
    order by q."position";
end
$$;
comment on function ops.list_queued_runs is 'What waits, in order, and for what.';
revoke all on function ops.list_queued_runs from public;
grant execute on function ops.list_queued_runs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.list_queued_runs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('living_environment', $ops_file$
-- Returns the living environment of that name. Called by create_backup and restore_backup, after the permission check.
-- Locks nothing. Raises PT404.
create or replace function ops_private.living_environment(
    p_project_id uuid,
    p_env text
)
returns ops.environments
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    select e.* into v_environment from ops.environments as e
    where e.project_id = p_project_id and e.name = p_env and e.destroyed_at is null;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no living environment %s', coalesce(p_env, 'without a name')),
            hint = 'List them: ops env list.';
    end if;
    return v_environment;
end
$$;
comment on function ops_private.living_environment is 'The living environment of a name.';
revoke all on function ops_private.living_environment from public;
$ops_file$);

select pg_temp.make_function('lock_attempt', $ops_file$
-- Returns the run if this is its current attempt and it is at work, and locks its row, so that an attempt that was
-- given up cannot write. Called by functions that record backups and restores. Raises PT404 and PT410.
create or replace function ops_private.lock_attempt(
    p_run_id uuid,
    p_attempt int
)
returns ops.runs
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    select r.* into v_run from ops.runs as r
    where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running'
    for no key update;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    return v_run;
end
$$;
comment on function ops_private.lock_attempt is 'The run whose current attempt this is.';
revoke all on function ops_private.lock_attempt from public;
$ops_file$);

select pg_temp.make_function('lock_project', $ops_file$
-- Locks a project's row and its counter, in the order in which pushes and polls need them, and returns the row; null if
-- there is no such project. Called where a branch moves, before queue_run, so that the caller's patience counts.
-- Raises lock_not_available. A retry is harmless.
create or replace function ops_private.lock_project(
    p_project_id uuid
)
returns ops.projects
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project ops.projects;
begin
    select p.* into v_project from ops.projects as p where p.id = p_project_id for no key update;
    perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
    return v_project;
end
$$;
comment on function ops_private.lock_project is 'Locks a project whose branches move.';
revoke all on function ops_private.lock_project from public;
$ops_file$);

select pg_temp.make_function('lock_promotion', $ops_file$
-- Returns the unfinished deployment of a promote run's current attempt. Called by functions that record its progress.
-- Locks the run, then the project, as promote_release does. Raises PT404, PT410, and PT409 without such a deployment.
create or replace function ops_private.lock_promotion(
    p_run_id uuid,
    p_attempt int
)
returns ops.deployments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_deployment ops.deployments;
begin
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    select d.* into v_deployment from ops.deployments as d
    where d.run_id = p_run_id and d.status in ('pending', 'running') and d.environment_id = v_run.environment_id;
    if not found or v_run.kind <> 'promote' then
        raise sqlstate 'PT409' using
            message = format('No deployment waits for run #%s', v_run.run_number),
            hint = 'Promote a release: ops promote.';
    end if;
    return v_deployment;
end
$$;
comment on function ops_private.lock_promotion is 'The deployment that a promote run carries out.';
revoke all on function ops_private.lock_promotion from public;
$ops_file$);

select pg_temp.make_function('log_decision', $ops_file$
-- Inserts the log row of a decision that came as no event: the log of events has every decision, with the envelope
-- that would have told it. Called by sign_off_gate. Locks and raises nothing.
create or replace function ops_private.log_decision(p_approval_id uuid)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops_private.log_delivery(
    e.envelope, ops_private.envelope_text(e.envelope), '{"http_status": 200, "status": "accepted"}', null,
    e.project_id, e.release_id
)
from (
    select
        p.id as project_id,
        r.id as release_id,
        jsonb_build_object(
            'schema_version', '1.0', 'event_type', 'gate_signoff',
            'idempotency_key', format('odooops/gate_signoff/%s', a.id), 'source', a.source,
            'occurred_at', to_char(a.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'project', p.slug, 'release', r.version, 'gate_code', a.gate_code, 'decision', a.decision,
            'approver_id', a.approver_id, 'persona_role', a.persona_role,
            'rationale_structured', a.rationale_structured
        ) as envelope
    from ops.approvals as a
    join ops.releases as r on r.id = a.release_id
    join ops.projects as p on p.id = r.project_id
    where a.id = p_approval_id
) as e
$$;
comment on function ops_private.log_decision is 'Writes a decision into the log of events.';
revoke all on function ops_private.log_decision from public;
$ops_file$);

select pg_temp.make_function('log_delivery', $ops_file$
-- Inserts the log row of a delivery and returns its id; null if the same key was accepted
-- before in the project. This prevents a
-- second write of an event: concurrent deliveries wait for the first. Locks and raises nothing. The log keeps 64 kB of
-- an envelope; more belongs in the store.
create or replace function ops_private.log_delivery(
    p_envelope jsonb,
    p_text text,
    p_answer jsonb,
    p_key ops.event_keys,
    p_project_id uuid default null,
    p_release_id uuid default null
)
returns bigint
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.event_ingest_log (
    idempotency_key, schema_version, event_type, source, project_id, release_id, processing_status, http_status, error,
    envelope, envelope_sha256, content_sha256, size_bytes, caller_role, caller_id
)
select
    ops_private.envelope_label(p_envelope, 'idempotency_key'), ops_private.envelope_label(p_envelope, 'schema_version'),
    ops_private.envelope_label(p_envelope, 'event_type'), ops_private.envelope_label(p_envelope, 'source'),
    coalesce(p_project_id, p.id), coalesce(p_release_id, ops_private.named_release(p.id, p_envelope ->> 'release')),
    (p_answer ->> 'status')::ops.ops_processing_status, (p_answer ->> 'http_status')::int,
    case
        when p_answer ->> 'status' = 'rejected' then concat_ws(': ', p_answer ->> 'field', p_answer ->> 'message')
    end,
    -- a character takes four bytes at most
    case
        when octet_length(p_text) <= 65536 then p_envelope
        when p_text is not null then jsonb_build_object('truncated', left(p_text, 16000))
    end,
    ops_private.envelope_sha256(p_envelope, p_text), ops_private.content_sha256(p_envelope, p_text),
    coalesce(octet_length(p_text), pg_column_size(p_envelope), 0),
    ops_private.sender_role(p_key), ops_private.sender_id(p_key)
from (select ops_private.named_project(p_envelope ->> 'project') as id) as p
on conflict (project_id, idempotency_key) where processing_status = 'accepted' do nothing
returning id
$$;
comment on function ops_private.log_delivery is 'Writes the logs row of a delivery.';
revoke all on function ops_private.log_delivery from public;
$ops_file$);

select pg_temp.make_function('log_retention_is_due', $ops_file$
-- Returns whether the log retention has something to do: months of log lines or events that no project keeps any longer,
-- months without a partition, expired deliveries, or single expired log lines, which are looked for once a day because
-- no index finds them. p_last_at is the start of the last retention that succeeded.
-- Called by the schedule log_retention. Locks and raises nothing.
-- Definer: it calls helpers that only the owner may execute.
create or replace function ops.log_retention_is_due(
    p_now timestamptz,
    p_last_at timestamptz
)
returns boolean
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
select
    p_last_at is null or p_last_at <= p_now - interval '1 day'
    or exists (
        select from ops.list_partitions('run_logs') as p
        where p.held_until <= p_now - make_interval(days => ops_private.longest_ttl('log_days'))
    )
    or exists (
        select from ops.list_partitions('run_events') as p
        where p.held_until <= p_now - make_interval(days => ops_private.longest_ttl('event_days'))
    )
    or exists (select from ops_private.months_without_partition('run_logs', 'logged_at', 3))
    or exists (select from ops_private.months_without_partition('run_events', 'created_at', 3))
    or exists (
        select from ops.event_ingest_log as l
        where l.received_at < p_now - make_interval(days => ops_private.longest_ttl('ingest_days'))
    )
$$;
comment on function ops.log_retention_is_due is 'Whether log lines, deliveries or events are past their time.';
revoke all on function ops.log_retention_is_due from public;
grant execute on function ops.log_retention_is_due to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('log_unread', $ops_file$
-- Inserts the log row of a delivery whose body was not understood: too large, no JSON, or with a key that does not work.
-- A key that was never made leaves no row: anyone may send such deliveries, and they would fill the log. Called by
-- receive_event. Locks and raises nothing.
create or replace function ops_private.log_unread(
    p_body bytea,
    p_size_bytes bigint,
    p_answer jsonb,
    p_key ops.event_keys,
    p_key_prefix text
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.event_ingest_log (
    project_id, processing_status, http_status, error, envelope_sha256, size_bytes, caller_role, caller_id
)
select
    p_key.project_id, 'rejected', (p_answer ->> 'http_status')::int,
    concat_ws(': ', p_answer ->> 'field', p_answer ->> 'message'), encode(sha256(coalesce(p_body, '')), 'hex'),
    least(coalesce(greatest(p_size_bytes, octet_length(p_body)), 0), 2147483647)::int,
    case when p_answer ->> 'http_status' = '401' then 'unknown' else ops_private.sender_role(p_key) end,
    ops_private.sender_id(p_key)
where p_key.id is not null or p_key_prefix is null
$$;
comment on function ops_private.log_unread is 'Writes the logs row of a delivery whose body was not understood.';
revoke all on function ops_private.log_unread from public;
$ops_file$);

select pg_temp.make_function('longest_ttl', $ops_file$
-- Returns the longest retention, in days, of all projects and of the platform's default.
-- Called by the expiry of whole months. Locks and raises nothing.
create or replace function ops_private.longest_ttl(
    p_rule text
)
returns int
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select max((ops_private.rules_in_force(p.id, 'ttl') ->> p_rule)::int)
from (select project.id from ops.projects as project union all select null) as p
$$;
comment on function ops_private.longest_ttl is 'The most days that any project keeps something.';
revoke all on function ops_private.longest_ttl from public;
$ops_file$);

select pg_temp.make_function('make_backup', $ops_file$
-- Inserts the row of a run's backup, of the run's environment or of the production that it clones. Called by
-- create_backup, and by record_backup_start for a run that was queued in another way. Locks nothing. Raises PT409 for a
-- run that has ended or works on no environment.
create or replace function ops_private.make_backup(
    p_run_id uuid,
    p_environment_id uuid default null
)
returns ops.backups
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups;
begin
    insert into ops.backups (project_id, environment_id, stage, run_id, label, requested_by)
    select
        r.project_id, e.id, e.stage, r.id,
        case when e.id = r.environment_id then nullif(q.config ->> 'label', '') else 'for ' || w.name end, q.requested_by
    from ops.runs as r
    join ops.run_requests as q on q.run_id = r.id
    join ops.environments as w on w.id = r.environment_id
    join ops.environments as e on e.id = coalesce(p_environment_id, r.environment_id)
    where r.id = p_run_id and r.finished_at is null
    returning * into v_backup;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The run has ended, or works on no environment: it makes no backup',
            hint = 'Ask for a backup with a new key: ops backup create.';
    end if;
    return v_backup;
end
$$;
comment on function ops_private.make_backup is 'The row of the backup that a run makes.';
revoke all on function ops_private.make_backup from public;
$ops_file$);

select pg_temp.make_function('make_environment', $ops_file$
-- Returns the branch's living environment, created now if there is none; after a destroyed one comes the next
-- generation. Called by functions that checked the permission. Two concurrent callers get the
-- same row. Raises PT409 if every host name for the branch is another branch's. A retry is harmless.
create or replace function ops_private.make_environment(
    p_project_id uuid,
    p_branch text,
    p_stage ops.environment_stage default null
)
returns ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_project ops.projects;
    v_host_label text;
begin
    select p.* into v_project from ops.projects as p where p.id = p_project_id;
    loop
        select e.* into v_environment from ops.environments as e
        where e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null;
        exit when found;
        v_host_label := ops_private.choose_host_label(v_project, p_branch);
        insert into ops.environments as e (project_id, name, branch, stage, generation, partition_key, host_label)
        select
            p_project_id, p_branch, p_branch,
            coalesce(p_stage, ops_private.stage_of_branch(p_project_id, p_branch)), g.generation,
            ops.partition_key(v_project.slug, p_branch, g.generation), v_host_label
        from (
            select coalesce(max(o.generation), 0) + 1 as generation
            from ops.environments as o
            where o.project_id = p_project_id and o.name = p_branch
        ) as g
        on conflict do nothing;
    end loop;
    return v_environment;
end
$$;
comment on function ops_private.make_environment is 'The living environment of a branch, made where there is none.';
revoke all on function ops_private.make_environment from public;
$ops_file$);

select pg_temp.make_function('make_gates', $ops_file$
-- Creates the four gates of a new release, with the policy's current rules. Locks no rows of others; raises nothing.
create or replace function ops_private.make_gates(p_release ops.releases)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.release_gates
(release_id, gate_code, required_checks, quorum, window_seconds, is_distinct, is_required)
select
    (p_release).id, g.code,
    array(select jsonb_array_elements_text(rules -> format('%s_checks', lower(g.code::text)))),
    coalesce((rules ->> format('%s_quorum', lower(g.code::text)))::int, 1),
    (rules ->> 'g4_window_seconds')::int, (rules ->> 'g2_g3_distinct')::boolean,
    -- without release managers, a build and its health are what decides
    g.code in ('G1', 'G4')
    or ops_private.rules_in_force((p_release).project_id, 'promotion') ->> 'release' = 'gated'
from unnest(enum_range(null::ops.ops_gate_code)) as g (code)
cross join ops_private.rules_in_force((p_release).project_id, 'gates') as rules
$$;
comment on function ops_private.make_gates is 'Makes the four gates of a new release.';
revoke all on function ops_private.make_gates from public;
$ops_file$);

select pg_temp.make_function('make_partition', $ops_file$
-- Creates the partition of one month and moves its rows there from the default partition.
-- Called by ensure_partitions, under its lock. Locks the default partition. Raises what the server raises.
create or replace function ops_private.make_partition(
    p_table text,
    p_column text,
    p_month timestamptz
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_name text := p_table || to_char(p_month, '_YYYY_MM');
    v_default text := p_table || '_default';
    v_until timestamptz := p_month + interval '1 month';
begin
    execute format('create table ops.%I (like ops.%I including defaults including constraints)', v_name, p_table);
    execute format('lock table ops.%I in access exclusive mode', v_default);
    -- rows move from one partition to another: nothing is removed from the record
    execute format('alter table ops.%I disable trigger user', v_default);
    execute format(
        'with late as (delete from ops.%1$I as d where d.%2$I >= %3$L and d.%2$I < %4$L returning d.*)'
        ' insert into ops.%5$I select l.* from late as l', v_default, p_column, p_month, v_until, v_name
    );
    execute format('alter table ops.%I enable trigger user', v_default);
    execute format(
        'alter table ops.%I attach partition ops.%I for values from (%L) to (%L)', p_table, v_name, p_month, v_until
    );
    return v_name;
end
$$;
comment on function ops_private.make_partition is 'Makes the partition of one month.';
revoke all on function ops_private.make_partition from public;
$ops_file$);

select pg_temp.make_function('make_restore', $ops_file$
-- Inserts the row of a run's restore. Called by restore_backup, and by record_restore_start for a run that was queued
-- in another way. Locks nothing. Raises PT409 for a run that has ended.
create or replace function ops_private.make_restore(
    p_run_id uuid,
    p_backup_id uuid,
    p_purpose ops.restore_purpose
)
returns ops.restores
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_restore ops.restores;
begin
    insert into ops.restores (
        backup_id, project_id, environment_id, run_id, purpose, masking_profile, requested_by
    )
    select
        p_backup_id, r.project_id, r.environment_id, r.id, p_purpose, nullif(q.config ->> 'masking_profile', ''),
        q.requested_by
    from ops.runs as r
    join ops.run_requests as q on q.run_id = r.id
    where r.id = p_run_id and r.finished_at is null
    returning * into v_restore;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The run has ended: it restores nothing any more',
            hint = 'Ask again with a new key: ops backup restore.';
    end if;
    return v_restore;
end
$$;
comment on function ops_private.make_restore is 'The row of the restore that a run does.';
revoke all on function ops_private.make_restore from public;
$ops_file$);

select pg_temp.make_function('makes_release', $ops_file$
-- Returns whether a run's build is a release: that of the branch of a staging or of production, or of a tag, which is
-- built beside production. Called by propose_release. Locks and raises nothing.
create or replace function ops_private.makes_release(p_run ops.runs)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.environments as e
    where
        e.id = (p_run).environment_id and (p_run).kind in ('build', 'test', 'deploy')
        and (
            e.stage <> 'development' and (p_run).git_ref = 'refs/heads/' || e.branch
            or e.stage = 'production' and (p_run).git_ref like 'refs/tags/_%'
        )
)
$$;
comment on function ops_private.makes_release is 'Whether a run''s build is a release.';
revoke all on function ops_private.makes_release from public;
$ops_file$);

select pg_temp.make_function('matches_pattern', $ops_file$
-- Returns whether a text is what one of the patterns stands for; * in a pattern is any text.
-- Called by branch_stage and stricter_rule. Locks and raises nothing.
create or replace function ops.matches_pattern(
    p_text text,
    p_patterns jsonb
)
returns boolean
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from jsonb_array_elements_text(p_patterns) as p (pattern)
    where p_text like replace(regexp_replace(p.pattern, '([\\%_])', '\\\1', 'g'), '*', '%')
)
$$;
comment on function ops.matches_pattern is 'Whether a text is what one of the patterns stands for.';
revoke all on function ops.matches_pattern from public;
grant execute on function ops.matches_pattern to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.matches_pattern
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('minute_of_week', $ops_file$
-- Returns the minutes from Monday 00:00 to a time of the week such as `fri 16:00`; null for any other text.
-- Called by freeze_reason and window_fault. Reads, locks and raises nothing.
create or replace function ops.minute_of_week(p_time text)
returns int
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select (array_position('{mon,tue,wed,thu,fri,sat,sun}'::text[], m[1]) - 1) * 1440 + m[2]::int * 60 + m[3]::int
from regexp_match(p_time, '^(mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):([0-5][0-9])$') as m
$$;
comment on function ops.minute_of_week is 'Minutes from Monday 00:00 to a time of the week.';
revoke all on function ops.minute_of_week from public;
grant execute on function ops.minute_of_week to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.minute_of_week
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('months_without_partition', $ops_file$
-- Lists the months without a partition: this one, the next ones, and those of rows in the default partition that are
-- not older than the longest retention. Locks and raises nothing.
create or replace function ops_private.months_without_partition(
    p_table text,
    p_column text,
    p_months_ahead int
)
returns setof timestamptz
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    return query execute format(
        $query$
        select m.month
        from (
            select g.month
            from generate_series(
                date_trunc('month', $1), date_trunc('month', $1) + make_interval(months => $2), interval '1 month'
            ) as g (month)
            union
            select date_trunc('month', d.%2$I)
            from ops.%1$I as d
            where d.%2$I >= $1 - interval '3650 days' and d.%2$I < $1 + make_interval(months => $2)
        ) as m
        where not exists (
            select from ops.list_partitions(%3$L) as p
            where coalesce(p.held_from, '-infinity') <= m.month and p.held_until > m.month
        )
        order by m.month
        $query$, p_table || '_default', p_column, p_table
    ) using v_now, p_months_ahead;
end
$$;
comment on function ops_private.months_without_partition is 'The months that lack a partition.';
revoke all on function ops_private.months_without_partition from public;
$ops_file$);

select pg_temp.make_function('move_backup', $ops_file$
-- Moves a backup to a state, with what p_backup says of it, and returns it: the only writer of a backup's state. Sets the
-- state's time. Called by functions that locked its row and decided on the change. Raises check_violation for a state
-- that lacks its facts.
create or replace function ops_private.move_backup(
    p_backup ops.backups,
    p_to ops.backup_status
)
returns ops.backups
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_backup ops.backups;
begin
    update ops.backups as b
    set status = p_to, attempt = p_backup.attempt, manifest_url = p_backup.manifest_url,
        manifest_sha256 = p_backup.manifest_sha256, taken_at = p_backup.taken_at, size_bytes = p_backup.size_bytes,
        stored_bytes = p_backup.stored_bytes, object_count = p_backup.object_count,
        format_version = p_backup.format_version, database_name = p_backup.database_name,
        odoo_version = p_backup.odoo_version, git_sha = p_backup.git_sha, image_digest = p_backup.image_digest,
        metadata = p_backup.metadata, error_message = p_backup.error_message, drop_reason = p_backup.drop_reason,
        stored_at = case p_to when 'stored' then v_now else b.stored_at end,
        verified_at = case p_to when 'verified' then v_now else b.verified_at end,
        dropped_at = case p_to when 'dropped' then v_now end
    where b.id = p_backup.id
    returning b.* into v_backup;
    return v_backup;
end
$$;
comment on function ops_private.move_backup is 'Moves a backup to a state.';
revoke all on function ops_private.move_backup from public;
$ops_file$);

select pg_temp.make_function('move_deployment', $ops_file$
-- Refuses an invalid change of a deployment's state, and sets the time of a valid one: the window of the health checks
-- starts at the end. Fired by deployments, for any writer. Locks nothing; raises PT409.
create or replace function ops_private.move_deployment()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.status <> old.status and not (
        old.status = 'pending' or old.status = 'running' and new.status <> 'pending'
    ) then
        raise sqlstate 'PT409' using
            message = format('A deployment cannot go from %s to %s', old.status, new.status),
            hint = 'pending - running - succeeded or failed.';
    end if;
    if new.status <> 'pending' then
        new.started_at := coalesce(new.started_at, clock_timestamp());
    end if;
    if new.status in ('succeeded', 'failed') then
        new.finished_at := coalesce(new.finished_at, clock_timestamp());
    end if;
    if new.status = 'succeeded' and new.g4_deadline_at is null then
        new.g4_deadline_at := new.finished_at + make_interval(secs => (
            select g.window_seconds from ops.release_gates as g
            where g.release_id = new.release_id and g.gate_code = 'G4'
        ));
    end if;
    return new;
end
$$;
comment on function ops_private.move_deployment is 'Refuses a state change of a deployment that is not drawn.';
revoke all on function ops_private.move_deployment from public;
$ops_file$);

select pg_temp.make_function('move_deployment_to', $ops_file$
-- Changes the state of a deployment. Called by record_deployment_status, events and close_deployments after the
-- permission check. Locks the releases it concerns, then the deployment and its gate. Raises PT409 for an invalid
-- change. Repeating it is harmless.
create or replace function ops_private.move_deployment_to(
    p_deployment ops.deployments,
    p_status ops.deployment_status
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.releases as r
    where r.id = p_deployment.release_id or r.id = (
        select d.release_id from ops.deployments as d where d.id = p_deployment.rollback_of
    )
    order by r.id
    for no key update;
    update ops.deployments as d set status = p_status where d.id = p_deployment.id and d.status <> p_status;
end
$$;
comment on function ops_private.move_deployment_to is 'Moves a deployment to a state.';
revoke all on function ops_private.move_deployment_to from public;
$ops_file$);

select pg_temp.make_function('move_environment', $ops_file$
-- Moves an environment to a state, with what p_environment says of its deployment, and returns it: the only writer of an
-- environment's state. A destroyed one keeps no address and no database. Called by functions that locked its row and
-- decided on the change. Raises check_violation for a running one without an address, and unique_violation for another
-- environment's port or database.
create or replace function ops_private.move_environment(
    p_environment ops.environments,
    p_to ops.environment_status
)
returns ops.environments
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_is_destroyed boolean := p_to = 'destroyed';
begin
    update ops.environments as e
    set status = p_to, is_adopted = e.is_adopted or p_to = 'adopted',
        url = case when not v_is_destroyed then p_environment.url end,
        port = case when not v_is_destroyed then p_environment.port end,
        database_name = case when not v_is_destroyed then p_environment.database_name end,
        expires_at = case when not v_is_destroyed then p_environment.expires_at end,
        destroyed_at = case when v_is_destroyed then clock_timestamp() end,
        image_digest = p_environment.image_digest, deployed_sha = p_environment.deployed_sha,
        deployed_run_id = p_environment.deployed_run_id
    where e.id = p_environment.id
    returning e.* into v_environment;
    return v_environment;
end
$$;
comment on function ops_private.move_environment is 'Moves an environment to a state.';
revoke all on function ops_private.move_environment from public;
$ops_file$);

select pg_temp.make_function('move_release', $ops_file$
-- Moves a release to a state and returns whether it did: the only writer of a release's state. A withdrawn release stays
-- withdrawn, a rolled back one is at most withdrawn, and p_from limits the states that it leaves. Locks the release. A retry changes nothing.
create or replace function ops_private.move_release(
    p_release_id uuid,
    p_to ops.ops_release_status,
    p_from ops.ops_release_status[] default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.releases as r
    set status = p_to, withdrawn_at = case p_to when 'withdrawn' then clock_timestamp() end
    where
        r.id = p_release_id and r.status not in ('withdrawn', p_to) and (r.status <> 'rolled_back' or p_to = 'withdrawn')
        and (p_from is null or r.status = any (p_from));
    return found;
end
$$;
comment on function ops_private.move_release is 'Moves a release to a state.';
revoke all on function ops_private.move_release from public;
$ops_file$);

select pg_temp.make_function('move_restore', $ops_file$
-- Moves a restore to a state, with what p_restore says of it, and returns it: the only writer of a restore's state. Sets
-- the state's time. Called by functions that locked its run and decided on the change. Raises check_violation for a
-- failure without a reason.
create or replace function ops_private.move_restore(
    p_restore ops.restores,
    p_to ops.restore_status
)
returns ops.restores
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_restore ops.restores;
begin
    update ops.restores as s
    set status = p_to, attempt = p_restore.attempt, database_name = p_restore.database_name,
        previous_database_name = p_restore.previous_database_name,
        keep_previous_until = p_restore.keep_previous_until, report = p_restore.report,
        error_message = p_restore.error_message,
        started_at = case p_to when 'running' then v_now else s.started_at end,
        finished_at = case when p_to in ('succeeded', 'failed') then v_now end
    where s.id = p_restore.id
    returning s.* into v_restore;
    return v_restore;
end
$$;
comment on function ops_private.move_restore is 'Moves a restore to a state.';
revoke all on function ops_private.move_restore from public;
$ops_file$);

select pg_temp.make_function('move_runs', $ops_file$
-- Moves runs to a state, each with its event in the same statement, and returns how many it moved: the only writer of a
-- run's state. Each state has its columns: a run at work has a worker and a lease, a waiting run has neither, an ended
-- run has its end, and keeps its worker unless the worker lost its lease.
-- It moves only what is still as the caller believes: in one of the states p_from, at p_attempt, held by p_holder and of
-- p_dagster_run_id or of no Dagster run yet; null means any, and an empty Dagster run means none. p_message and
-- p_payload are the event's; the states and the worker are added.
-- Called by every function that changes a run's state. Locks the runs. A retry moves nothing. Raises PT409 for a change
-- that check_run_invariants refuses, and unique_violation for a second run at work on an environment.
create or replace function ops_private.move_runs(
    p_run_ids uuid[],
    p_from ops.run_status[],
    p_to ops.run_status,
    p_message text,
    p_payload jsonb default '{}',
    p_attempt int default null,
    p_holder text default null,
    p_dagster_run_id text default null,
    p_worker_id text default null,
    p_lease_seconds int default null,
    p_exit_code int default null,
    p_error_message text default null,
    p_not_before timestamptz default null,
    p_is_lease_lost boolean default false
)
returns int
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_is_taken boolean := p_to in ('claimed', 'running');
    v_count int;
begin
    with was as materialized (
        select r.id, r.event_count + 1 as seq, r.event_hash as prev_hash,
            r.attempt + (v_is_taken and r.status = 'queued')::int as attempt,
            jsonb_strip_nulls(jsonb_build_object(
                'from', r.status, 'to', p_to, 'worker', coalesce(p_worker_id, r.claimed_by)
            ) || p_payload) as payload
        from ops.runs as r
        where
            r.id = any (p_run_ids) and r.status = any (p_from)
            and (p_attempt is null or r.attempt = p_attempt)
            and (p_holder is null or r.claimed_by = p_holder)
            and (p_dagster_run_id is null or r.dagster_run_id is null or r.dagster_run_id = p_dagster_run_id)
        for no key update
    ), moved as (
        update ops.runs as r
        set status = p_to, attempt = was.attempt, starts = r.starts + (p_to = 'running')::int,
            claimed_by = case when not p_is_lease_lost then coalesce(p_worker_id, r.claimed_by) end,
            lease_expires_at = v_now + make_interval(secs => p_lease_seconds),
            turn = case when p_to = 'queued' then ops_private.first_turn(r.priority, r.turn) else r.turn end,
            not_before = p_not_before,
            dagster_run_id = case
                when p_to <> 'queued' then coalesce(r.dagster_run_id, nullif(p_dagster_run_id, ''))
            end,
            claimed_at = case when was.attempt > r.attempt then v_now when p_to <> 'queued' then r.claimed_at end,
            started_at = case when p_to = 'running' then v_now when p_to <> 'queued' then r.started_at end,
            finished_at = case when not v_is_taken and p_to <> 'queued' then v_now end,
            exit_code = p_exit_code, error_message = p_error_message, event_count = was.seq,
            event_hash = ops.hash_event(
                was.prev_hash, was.id, was.seq, was.attempt, 'state_change', p_message, was.payload, v_now
            )
        from was
        where r.id = was.id
        returning r.id, r.event_count, r.attempt, r.event_hash, was.prev_hash, was.payload
    )
    insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
    select m.id, m.event_count, m.attempt, 'state_change', p_message, m.payload, v_now, m.prev_hash, m.event_hash
    from moved as m;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops_private.move_runs is 'Moves runs to a state, each with its event.';
revoke all on function ops_private.move_runs from public;
$ops_file$);

select pg_temp.make_function('moved_branches', $ops_file$
-- Lists the branches whose head an answer, {branch: commit}, moves: null for the commit of a deletion, and whether a
-- delivery told of it, and who pushed. A branch whose environment is gone also moves if somebody pushed the commit
-- that it had. Of a project that is not polled only branches that a delivery named count.
-- Called by record_branch_heads. Locks and raises nothing.
create or replace function ops_private.moved_branches(
    p_project ops.projects,
    p_heads jsonb
)
returns table (branch text, sha text, is_delivered boolean, pusher text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select m.branch, m.sha, t.branch is not null, t.pusher
from (
    select coalesce(h.branch, a.key) as branch, h.branch is not null as is_known, h.sha as old_sha, a.value as sha
    from (select b.branch, b.sha from ops.branch_heads as b where b.project_id = (p_project).id) as h
    full join jsonb_each_text(p_heads) as a on a.key = h.branch
) as m
left join ops_private.delivered_moves(p_project) as t on t.branch = m.branch and t.sha is not distinct from m.sha
where
    (
        m.old_sha is distinct from m.sha
        or (t.branch is not null and not exists (
            select from ops.environments as e
            where e.project_id = (p_project).id and e.name = m.branch and e.destroyed_at is null
        ))
    )
    and ((p_project).poll_enabled or m.is_known or ops_private.was_told_of(p_project, m.branch))
order by m.branch
$$;
comment on function ops_private.moved_branches is 'The branches that an answer of a repository moves.';
revoke all on function ops_private.moved_branches from public;
$ops_file$);

select pg_temp.make_function('named_project', $ops_file$
-- Returns the project with that slug or id; null if there is none. Called by functions that read envelopes. Raises
-- nothing.
create or replace function ops_private.named_project(p_name text)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select p.id from ops.projects as p where p.slug = p_name
union all
select p.id from ops.projects as p where p.id::text = lower(p_name)
limit 1
$$;
comment on function ops_private.named_project is 'The project of a slug or an id.';
revoke all on function ops_private.named_project from public;
$ops_file$);

select pg_temp.make_function('named_release', $ops_file$
-- Returns the release with a version or an id in a project; null if there is none. Called by functions that read
-- envelopes. Raises nothing.
create or replace function ops_private.named_release(
    p_project_id uuid,
    p_name text
)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select r.id from ops.releases as r where r.project_id = p_project_id and r.version = p_name
union all
select r.id from ops.releases as r
where
    r.project_id = p_project_id
    and r.id = case
        when p_name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p_name::uuid
    end
limit 1
$$;
comment on function ops_private.named_release is 'The release of a version or an id.';
revoke all on function ops_private.named_release from public;
$ops_file$);

select pg_temp.make_function('new_run_id', $ops_file$
-- Returns a new run id: a UUID of version 7, which begins with the time and ends with random bits, so that the newest
-- runs are adjacent in every index, however many runs have ended. PostgreSQL 15 to 17 have no such function.
-- Called by queue_run and enroll_run, and by scripts that fill a database. Locks and raises nothing.
create or replace function ops_private.new_run_id(
    p_at timestamptz
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_bytes bytea := overlay(
        uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from p_at) * 1000)::bigint) from 3) from 1 for 6
    );
begin
    return encode(set_byte(v_bytes, 6, (get_byte(v_bytes, 6) & 15) | 112), 'hex')::uuid;
end
$$;
comment on function ops_private.new_run_id is 'A new run''s id, ordered by time.';
revoke all on function ops_private.new_run_id from public;
$ops_file$);

select pg_temp.make_function('newest_build', $ops_file$
-- Returns the newest successful run of the project's default branch that made an image, or the given one of them.
-- Called by release_build and promote_due_builds. Locks and raises nothing; no row if there is none.
create or replace function ops_private.newest_build(
    p_project_id uuid,
    p_run_id uuid default null
)
returns table (run_id uuid, run_number bigint, git_sha text, image_digest text, requested_by text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    r.id,
    q.run_number,
    r.git_sha,
    l.data_version,
    q.requested_by
from ops.run_requests as q
join ops.runs as r on r.id = q.run_id
join ops.environments as e on e.id = q.environment_id
join ops.projects as p on p.id = q.project_id and p.default_branch = e.branch
join ops.run_lineage as l on l.run_id = r.id and l.attempt = r.attempt and l.asset_key = 'image'
where
    q.project_id = p_project_id and r.status = 'succeeded' and r.kind in ('build', 'test', 'deploy')
    and r.git_sha is not null and (p_run_id is null or r.id = p_run_id)
order by q.run_number desc
limit 1
$$;
comment on function ops_private.newest_build is 'The newest successful build of the default branch.';
revoke all on function ops_private.newest_build from public;
$ops_file$);

select pg_temp.make_function('next_turn', $ops_file$
-- Returns the turn of a new run: after its project's last waiting run, else its turn among the projects. So projects
-- alternate however many runs each has queued or at work.
-- Called by queue_run and when a run returns to the queue. Locks and raises nothing; two concurrent calls may return
-- the same turn, and then age decides.
create or replace function ops_private.next_turn(
    p_project_id uuid,
    p_priority int
)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return coalesce(
        (
            select r.turn + 1 from ops.runs as r
            where r.status = 'queued' and r.project_id = p_project_id and r.priority = p_priority
            order by r.turn desc
            limit 1
        ),
        ops_private.turn_among_projects(p_project_id, p_priority),
        1
    );
end
$$;
comment on function ops_private.next_turn is 'The place of a project''s next run among all projects.';
revoke all on function ops_private.next_turn from public;
$ops_file$);

select pg_temp.make_function('next_version', $ops_file$
-- Returns the version of a ref's next release: a tag's name, or the branch's with the number of the candidate, such
-- as 1.0-rc.3 for the third of release/1.0. Called by write_candidate, whose caller locks the project. Raises
-- nothing.
create or replace function ops_private.next_version(
    p_project_id uuid,
    p_git_ref text
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_git_ref like 'refs/tags/%' then substr(p_git_ref, length('refs/tags/') + 1)
    else n.begins || (
        select 1 + coalesce(max(substr(r.version, length(n.begins) + 1)::int), 0)
        from ops.releases as r
        where
            r.project_id = p_project_id and left(r.version, length(n.begins)) = n.begins
            and substr(r.version, length(n.begins) + 1) ~ '^[1-9]\d{0,8}$'
    )
end
from (select replace(regexp_replace(p_git_ref, '^refs/heads/(release/)?', ''), '/', '-') || '-rc.' as begins) as n
$$;
comment on function ops_private.next_version is 'The version of a branch''s or tag''s next release.';
revoke all on function ops_private.next_version from public;
$ops_file$);

select pg_temp.make_function('night_of', $ops_file$
-- Returns the last night whose hour has passed at p_now: the day in the time zone, and the moment from which its backup
-- is due. An hour that the clock skips counts from the moment of the jump; an hour that the clock repeats counts once,
-- at its first time.
-- Called by queue_nightly_backups. Locks nothing. Raises 22023 for an unknown time zone.
create or replace function ops_private.night_of(
    p_now timestamptz,
    p_hour int,
    p_time_zone text
)
returns table (day date, due_at timestamptz)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
with night as (
    select (p_now at time zone p_time_zone)::date + offsets.days as day
    from generate_series(-2, 1) as offsets (days)
), late as (
    select n.day, (n.day + make_interval(hours => p_hour)) at time zone p_time_zone as due_at
    from night as n
), moment as (
    -- PostgreSQL takes the second of two equal local times; no clock goes back by more than two hours
    select l.day, min(l.due_at - s.shift) as due_at
    from late as l
    cross join (
        values (interval '0'), (interval '30 minutes'), (interval '1 hour'), (interval '2 hours')
    ) as s (shift)
    where s.shift = interval '0' or (l.due_at - s.shift) at time zone p_time_zone = l.due_at at time zone p_time_zone
    group by l.day
)
select m.day, m.due_at from moment as m
where m.due_at <= p_now
order by m.day desc
limit 1
$$;
comment on function ops_private.night_of is 'The last night whose hour has passed.';
revoke all on function ops_private.night_of from public;
$ops_file$);

select pg_temp.make_function('normalise_repo_url', $ops_file$
-- Returns one spelling for all addresses of a repository: it unifies scheme, user, usual ports, ssh's short form,
-- letter case (forges ignore it), .git and slashes at the end.
-- Called when a push looks for its project. Locks and raises nothing.
create or replace function ops.normalise_repo_url(
    p_url text
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_url ~ '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]+/' and p_url !~* '^file:' then
        lower(
            regexp_replace(p_url, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^@/]*@)?([^/]+?)(?::(?:22|80|443|9418))?/.*$', '\1')
            || '/' || regexp_replace(regexp_replace(p_url, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]+/+', ''), '/*(\.git)?/*$', '')
        )
    when p_url ~ '^([^/@]+@)?[^/:]+:' and p_url !~* '^file:' then
        lower(
            regexp_replace(p_url, '^(?:[^/@]+@)?([^:]+):.*$', '\1')
            || '/' || regexp_replace(regexp_replace(p_url, '^[^:]+:/*', ''), '/*(\.git)?/*$', '')
        )
    else regexp_replace(regexp_replace(p_url, '^file://(localhost)?', '', 'i'), '/*(\.git)?/*$', '')
end
$$;
comment on function ops.normalise_repo_url is 'One spelling for all addresses of a repository.';
revoke all on function ops.normalise_repo_url from public;
grant execute on function ops.normalise_repo_url to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.normalise_repo_url
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('note_backup', $ops_file$
-- Records a change of a backup in its environment's events. Called by hold_backup, drop_backup and similar functions.
-- Locks and raises nothing.
create or replace function ops_private.note_backup(
    p_backup ops.backups,
    p_event text,
    p_reason text default null
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.environment_events (
        project_id, environment_id, environment, event, payload, source, recorded_by
    )
    select
        e.project_id, e.id, e.name, p_event,
        jsonb_strip_nulls(jsonb_build_object('backup_id', p_backup.id, 'reason', p_reason)), 'ops',
        coalesce(ops.caller_name(), ops.caller_role())
    from ops.environments as e
    where e.id = p_backup.environment_id;
end
$$;
comment on function ops_private.note_backup is 'Writes what people did with a backup to its environment''s events.';
revoke all on function ops_private.note_backup from public;
$ops_file$);

select pg_temp.make_function('note_deployment', $ops_file$
-- Updates what depends on a deployment's state: gate G4 follows the newest deployment, and the release's status follows
-- where it was deployed.
-- Fired by deployments. Locks the deployment, its gate and the releases, which record_deployment_status locked before.
-- Definer: a caller who changes a deployment may not write gates and releases.
create or replace function ops_private.note_deployment()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.status <> 'pending' then
        perform ops_private.settle_health(new.id);
    end if;
    perform ops_private.evaluate_gate_row(g.id) from ops.release_gates as g
    where g.release_id = new.release_id and g.gate_code = 'G4';
    if new.status = 'succeeded' and new.stage = 'production' then
        perform ops_private.move_release(new.release_id, 'released');
        -- one that failed to take over was on its way
        perform ops_private.move_release(undone.release_id, 'rolled_back', case undone.status
            when 'failed' then '{candidate,staging,released}' else '{released}'
        end::ops.ops_release_status[])
        from ops.deployments as undone
        where undone.id = new.rollback_of and undone.release_id <> new.release_id;
    elsif new.status = 'succeeded' then
        perform ops_private.move_release(new.release_id, 'staging', '{candidate}');
    end if;
    return null;
end
$$;
comment on function ops_private.note_deployment is 'Updates gate G4 and the release when a deployment changes state.';
revoke all on function ops_private.note_deployment from public;
$ops_file$);

select pg_temp.make_function('note_gate_fact', $ops_file$
-- Evaluates the gate of a new fact, the deployment whose health the fact is about, and also, for a decision, the gate
-- with which it shares its persons, and, for a check of G1, the gates whose approvers were shown it.
-- Fired by approvals, checks and exceptions. Locks the deployment's row, then the gates', in their order. Raises
-- nothing.
-- Definer: a caller who records a fact may not write gates.
create or replace function ops_private.note_gate_fact()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_table_name = 'gate_checks' then
        perform ops_private.settle_health(new.deployment_id);
    end if;
    perform ops_private.evaluate_gate_row(g.id)
    from (
        select o.id
        from ops.release_gates as n
        join ops.release_gates as o on o.release_id = n.release_id
        where
            n.id = new.gate_id
            and (o.id = n.id or o.gate_code in ('G2', 'G3') and (
                n.is_distinct and tg_table_name = 'approvals' or n.gate_code = 'G1' and tg_table_name = 'gate_checks'
            ))
        order by o.gate_code
    ) as g;
    return null;
end
$$;
comment on function ops_private.note_gate_fact is 'Judges the gate of a fact that was just told.';
revoke all on function ops_private.note_gate_fact from public;
$ops_file$);

select pg_temp.make_function('note_person_alias', $ops_file$
-- Evaluates the gates again that a name decided: whose release it authored, or which it approved. Fired by person_aliases.
-- Locks the gates; raises nothing.
-- Definer: who changes a name may not write gates.
create or replace function ops_private.note_person_alias()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_aliases text[] := array[
        case when tg_op <> 'INSERT' then old.alias end, case when tg_op <> 'DELETE' then new.alias end
    ];
begin
    perform ops_private.evaluate_gate_row(g.id)
    from (
        select o.id from ops.release_gates as o
        where exists (
            select from ops.approvals as a
            join ops.release_gates as d on d.id = a.gate_id
            where
                a.release_id = o.release_id and (a.gate_id = o.id or d.is_distinct and o.gate_code in ('G2', 'G3'))
                and (
                    ops_private.fold_name(a.approver_id) = any (v_aliases)
                    or ops_private.fold_name(a.release_author) = any (v_aliases)
                )
        )
        order by o.release_id, o.gate_code
    ) as g;
    return null;
end
$$;
comment on function ops_private.note_person_alias is 'Judges the gates again that a name decided.';
revoke all on function ops_private.note_person_alias from public;
$ops_file$);

select pg_temp.make_function('open_break_glass_incident', $ops_file$
-- Opens the incident of a break-glass exception, for any writer of the exception. Fired by exceptions. Locks and raises nothing.
-- Definer: a caller who breaks glass may not write incidents.
create or replace function ops_private.open_break_glass_incident()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.incidents (project_id, exception_id, severity, title, description, opened_by)
    select
        r.project_id, new.id, 'critical', format('Glass broken: %s of release %s', new.gate_code, r.version),
        new.reason, new.granted_by
    from ops.releases as r
    where r.id = new.release_id;
    return null;
end
$$;
comment on function ops_private.open_break_glass_incident is 'Opens the incident of a break-glass exception.';
revoke all on function ops_private.open_break_glass_incident from public;
$ops_file$);

select pg_temp.make_function('open_incident', $ops_file$
-- Opens an incident of a project, or of one of its deployments, and returns its id. Called by people on call and by
-- alerts. Locks no rows of others. Raises PT404, PT403 and PT400. A retry opens another.
-- Definer: nobody may write incidents directly; the caller's permission is checked.
create or replace function ops.open_incident(
    project_id uuid,
    title text,
    p_description text default '',
    p_severity ops.incident_severity default 'major',
    p_deployment_id uuid default null,
    p_opened_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_id uuid;
begin
    perform ops_private.require_permission(open_incident.project_id, 'record_incident');
    if p_deployment_id is not null and not exists (
        select from ops.deployments as d
        where d.id = p_deployment_id and d.project_id = open_incident.project_id
    ) then
        raise sqlstate 'PT404' using
            message = 'The project has no such deployment', hint = 'List them: select id from ops.deployments.';
    end if;
    insert into ops.incidents (project_id, deployment_id, severity, title, description, opened_by)
    values (
        open_incident.project_id, p_deployment_id, p_severity, open_incident.title, coalesce(p_description, ''),
        ops_private.acting_person(p_opened_by)
    )
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No incident may have these values', detail = sqlerrm, hint = 'An incident has a project and a title.';
end
$$;
comment on function ops.open_incident is 'Opens an incident.';
revoke all on function ops.open_incident from public;
grant execute on function ops.open_incident to service_role, ops_worker, ops_operator, sre;
$ops_file$);

select pg_temp.make_function('open_incident_of_launches', $ops_file$
-- Opens the incident of a run that was given up because it could not be started; a project has at most one open. Waits
-- for a concurrent call for the same project. Raises nothing.
create or replace function ops_private.open_incident_of_launches(
    p_run_id uuid
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.incidents (project_id, key, severity, title, description, opened_by)
select
    r.project_id, 'launches:' || r.project_id, 'major', 'Runs cannot be started',
    format('Run #%s: %s. Next: ops doctor, then ops run retry.', r.run_number, r.error_message),
    coalesce(ops.caller_id(), ops.caller_role())
from ops.runs as r
where r.id = p_run_id
on conflict (key) where status = 'open' and key is not null do nothing
$$;
comment on function ops_private.open_incident_of_launches is 'Opens the incident of a run that could not be started.';
revoke all on function ops_private.open_incident_of_launches from public;
$ops_file$);

select pg_temp.make_function('own_envelope', $ops_file$
-- Returns the envelope of an event that the platform tells of its own run. Its idempotency key is of the platform's
-- own name space, which no other sender may use: odooops/shop#12/1/build_complete. Called by the functions that tell
-- gates of runs. Locks and raises nothing.
create or replace function ops_private.own_envelope(
    p_run ops.runs,
    p_release ops.releases,
    p_event_type text,
    p_facts jsonb,
    p_step text default null
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    'schema_version', '1.0', 'event_type', p_event_type,
    'idempotency_key', concat_ws(
        '/', 'odooops', format('%s#%s', p.slug, q.run_number), (p_run).attempt, p_event_type, p_step
    ),
    'source', 'odooops', 'project', p.slug, 'release', (p_release).id,
    'occurred_at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'git_sha', (p_run).git_sha, 'image_digest', (p_release).image_digest
) || p_facts
from ops.projects as p
join ops.run_requests as q on q.run_id = (p_run).id
where p.id = (p_run).project_id
$$;
comment on function ops_private.own_envelope is 'An event that the platform tells of its own run.';
revoke all on function ops_private.own_envelope from public;
$ops_file$);

select pg_temp.make_function('partition_key', $ops_file$
-- Returns the environment's name in Dagster: project/branch, without the characters that Dagster reserves, and with the
-- generation from the second on. Two environments never have the same name, because no branch name contains ~.
-- Called by make_environment. Locks and raises nothing.
create or replace function ops.partition_key(
    p_slug text,
    p_branch text,
    p_generation int
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select p_slug || '/'
    || replace(replace(replace(replace(p_branch, '%', '%25'), '|', '%7C'), '~', '%7E'), '...', '%2E%2E%2E')
    || case when p_generation > 1 then '~' || p_generation else '' end
$$;
comment on function ops.partition_key is 'The Dagster partition of an environment.';
revoke all on function ops.partition_key from public;
grant execute on function ops.partition_key to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.partition_key
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('pause_before_launch', $ops_file$
-- Returns how long a run waits after so many failed launches: 5 seconds, then twice as long each time, at most 5
-- minutes; null after the sixteenth, about an hour, when it is given up. Locks and raises nothing.
create or replace function ops_private.pause_before_launch(
    p_in_vain int
)
returns interval
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select make_interval(secs => least(5 * 2 ^ (p_in_vain - 1), 300)) where p_in_vain < 16
$$;
comment on function ops_private.pause_before_launch is 'How long a run waits that could not be started.';
revoke all on function ops_private.pause_before_launch from public;
$ops_file$);

select pg_temp.make_function('peek_runs', $ops_file$
-- Returns the runs that claim_runs would return, without claiming them. Called by dry runs of the sensor.
-- Locks and raises nothing.
create or replace function ops.peek_runs(
    p_limit int
)
returns setof ops.run_details
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return query
    select d.*
    from (
        select s.* from ops.v_startable_runs as s
        order by s.priority desc, s.turn, s.created_at
        limit greatest(p_limit, 0)
    ) as s
    join ops.v_run_details as d on d.id = s.id
    order by s.priority desc, s.turn, s.created_at;
end
$$;
comment on function ops.peek_runs is 'The runs that the next claim would give.';
revoke all on function ops.peek_runs from public;
grant execute on function ops.peek_runs to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('person_of', $ops_file$
-- Returns the person of a name as one text: the person's id, or the name as it is compared if nobody declared it.
-- Two names are one person's if the results are equal; null and invisible names are nobody's, null.
-- Called by everything that compares people, also by views. Locks and raises nothing.
-- Definer: callers compare names of people whose aliases they may not read.
create or replace function ops.person_of(p_name text)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_alias text := ops_private.fold_name(p_name);
begin
    return coalesce((select a.person_id::text from ops.person_aliases as a where a.alias = v_alias), v_alias);
end
$$;
comment on function ops.person_of is 'The person of a name, to compare names by.';
revoke all on function ops.person_of from public;
grant execute on function ops.person_of to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.person_of
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('persons_of', $ops_file$
-- Lists the persons that a name is: the caller's, where the name is the caller's own; else the one of the name. Called by
-- functions that compare people. Locks and raises nothing.
create or replace function ops_private.persons_of(p_name text)
returns text[]
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_name = ops.caller_id() then ops_private.caller_persons()
    else array_remove(array[ops.person_of(p_name)], null)
end
$$;
comment on function ops_private.persons_of is 'The persons that a name is.';
revoke all on function ops_private.persons_of from public;
$ops_file$);

select pg_temp.make_function('policy', $ops_file$
-- Returns the rules in force in a project; without a project, the platform's rules for all.
-- Called by people and steps. Locks nothing; raises PT404 for a project the caller cannot see.
-- Definer: the rules are the same for every caller; the caller's right to read the project is checked.
create or replace function ops.policy(
    project_id uuid,
    type ops.policy_type
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if policy.project_id is not null then
        perform ops_private.require_permission(policy.project_id, 'read');
    end if;
    return ops_private.rules_in_force(policy.project_id, policy.type);
end
$$;
comment on function ops.policy is 'The rules that hold in a project.';
revoke all on function ops.policy from public;
grant execute on function ops.policy to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.policy
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('policy_defaults', $ops_file$
-- Returns the default rules of a policy. Called by rules_in_force. Reads, locks and raises nothing.
create or replace function ops.policy_defaults(p_type ops.policy_type)
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_object_agg(r.rule, r.default_value) from ops.policy_rules() as r where r.policy_type = p_type
$$;
comment on function ops.policy_defaults is 'The rules of a policy where nobody set any.';
revoke all on function ops.policy_defaults from public;
grant execute on function ops.policy_defaults to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.policy_defaults
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('policy_rules', $ops_file$
-- Lists every rule of every policy: its kind, default and limits; this is their only definition.
-- Called by policy_defaults and refuse_rules. Reads, locks and raises nothing.
create or replace function ops.policy_rules()
returns table (
    policy_type ops.policy_type,
    rule text,
    kind text,
    default_value jsonb,
    minimum int,
    maximum int,
    meaning text
)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select * from (
    values
    ('gates'::ops.policy_type, 'g1_checks', 'names', '["build"]'::jsonb, 1, 50, 'Checks that gate G1 waits for'),
    ('gates', 'g2_checks', 'names', '[]', 0, 50, 'Checks that gate G2 waits for, besides the approvals'),
    ('gates', 'g3_checks', 'names', '[]', 0, 50, 'Checks that gate G3 waits for, besides the approvals'),
    ('gates', 'g4_checks', 'names', '["health"]', 1, 50, 'Health checks that gate G4 waits for after a deployment'),
    ('gates', 'g2_quorum', 'integer', '1', 1, 20, 'Testers who must approve'),
    ('gates', 'g3_quorum', 'integer', '1', 1, 20, 'Release managers who must approve'),
    ('gates', 'g2_g3_distinct', 'boolean', 'false', null, null, 'One person counts for only one of gates G2 and G3 of a release'),
    ('gates', 'untested_modules', 'one of refuse_overlooked, refuse, allow', '"refuse_overlooked"', null, null,
        'A module without a test that ran: refuse it, allow it, or refuse it if its tests were written to run'),
    ('gates', 'leave_out_tests', 'boolean', 'false', null, null,
        'Tags in odooops.yaml may leave out tests of the repository''s own modules'),
    ('gates', 'g4_window_seconds', 'integer', '900', 1, 604800, 'Time a deployment has to prove its health'),
    ('promotion', 'release', 'one of on_push, by_hand, gated', '"gated"', null, null,
        'What brings the default branch to production: each build that succeeds, a person, or gates with approvals'),
    ('promotion', 'update_minutes', 'integer', '60', 1, 1440,
        'Time that the update of the changed modules may take, in which nobody can work'),
    ('promotion', 'decide_minutes', 'integer', '60', 1, 1440,
        'Time in which a person decides about a release that stopped answering, until its code goes back'),
    ('promotion', 'staging_requires_g2', 'boolean', 'false', null, null, 'Staging waits for gate G2 too'),
    ('promotion', 'production_requires_g4', 'boolean', 'false', null, null,
        'Production waits for the health of the newest deployment to staging'),
    ('promotion', 'default_author', 'text', '""', null, 200,
        'The author of releases for which a build pipeline names none; empty: it has to'),
    ('promotion', 'freeze_windows', 'windows', '[]', 0, 100, 'Times in which nothing is promoted to production'),
    ('promotion', 'backup_max_age_hours', 'integer', '4', 1, 720,
        'Age at which production''s newest verified backup is too old to promote over'),
    ('promotion', 'exception_max_hours', 'integer', '168', 1, 2160, 'The longest that an exception may last'),
    ('promotion', 'break_glass_minutes', 'integer', '60', 1, 240, 'How long broken glass stays open'),
    ('ttl', 'log_days', 'integer', '30', 1, 3650, 'Days that log lines are kept'),
    ('ttl', 'event_days', 'integer', '400', 1, 3650, 'Days that events of runs are kept'),
    ('ttl', 'artifact_days', 'integer', '90', 1, 3650, 'Days that files of runs are kept'),
    ('ttl', 'ingest_days', 'integer', '90', 1, 3650, 'Days that the log of deliveries is kept'),
    ('backup', 'nightly', 'boolean', 'true', null, null, 'Production is backed up every night'),
    ('backup', 'max_age_hours', 'integer', '26', 1, 720, 'Age at which the newest verified backup is stale'),
    ('backup', 'attachments_elsewhere_fatal', 'boolean', 'false', null, null,
        'Attachments in an object store, which no backup holds, make the backup fail'),
    ('retention', 'daily', 'integer', '7', 0, 366, 'Days whose last backup is kept'),
    ('retention', 'weekly', 'integer', '4', 0, 520, 'Weeks whose last backup is kept'),
    ('retention', 'monthly', 'integer', '3', 0, 240, 'Months whose last backup is kept'),
    ('retention', 'minimum', 'integer', '1', 1, 100, 'Verified backups that are kept whatever their age'),
    ('clone', 'source', 'one of dump, newest_verified', '"dump"', null, null,
        'A staging''s data: a backup made at the push, or the newest verified one'),
    ('clone', 'staging_branches', 'names', '["release/*"]', 0, 50,
        'Branches that become stagings on a copy of production''s data; * is any text'),
    ('clone', 'max_backup_age_hours', 'integer', '24', 1, 720, 'Age at which a backup is too old to clone from'),
    ('clone', 'keep_previous_hours', 'integer', '24', 0, 720, 'Hours that a database stays after it was replaced'),
    ('clone', 'masking_hooks', 'names', '[]', 0, 50, 'SQL files of the repository that mask data, in order'),
    ('clone', 'columns', 'columns', '{}', 0, 200,
        'What to do with single columns: keep, delete_rows, truncate, or value: and what to put there'),
    ('clone', 'coverage_fatal', 'boolean', 'false', null, null,
        'A module that nothing neutralises stops the clone'),
    ('clone', 'run_tests', 'boolean', 'false', null, null, 'The repository''s tests run on a clone of production too')
) as v (policy_type, rule, kind, default_value, minimum, maximum, meaning)
$$;
comment on function ops.policy_rules is 'Every rule that a policy may hold, with its kind, default and limits.';
revoke all on function ops.policy_rules from public;
grant execute on function ops.policy_rules to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.policy_rules
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('project_git_sha', $ops_file$
-- Returns the commit of the project's own repository in a release, or of the release's only repository; null if there
-- is neither. Locks and raises nothing.
create or replace function ops_private.project_git_sha(p_release ops.releases)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select s.value
from jsonb_each_text((p_release).git_shas) as s
join ops.projects as p on p.id = (p_release).project_id
where
    right(ops.normalise_repo_url(p.repo_url), length(s.key) + 1) = '/' || lower(s.key)
    or (select count(*) from jsonb_object_keys((p_release).git_shas)) = 1
order by length(s.key) desc
limit 1
$$;
comment on function ops_private.project_git_sha is 'The commit of the project''s own repository in a release.';
revoke all on function ops_private.project_git_sha from public;
$ops_file$);

select pg_temp.make_function('project_of_webhook', $ops_file$
-- Returns the project that a webhook's address names, if the project has a secret of its own; else null.
-- Called by the gateway, which reads no table, for each delivery to a project's address. Locks and raises nothing.
-- Definer: the gateway may not read projects.
create or replace function ops.project_of_webhook(p_slug text)
returns uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select p.id from ops.projects as p where p.slug = p_slug and p.own_webhook_at is not null
$$;
comment on function ops.project_of_webhook is 'The project of a webhook''s address that has a secret of its own.';
revoke all on function ops.project_of_webhook from public;
grant execute on function ops.project_of_webhook to service_role, ops_gateway;
$ops_file$);

select pg_temp.make_function('projects_due_for_retention', $ops_file$
-- Lists the projects in which retention may have something to do: a backup was dropped and the store may still hold it,
-- or a backup may go and something changed since the policy was last applied. It never misses a backup that the policy
-- drops; the policy itself is decided in tools/backup/retention.py, and a test compares the two.
-- Called by queue_due_retention. Locks and raises nothing.
create or replace function ops_private.projects_due_for_retention(
    p_now timestamptz
)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select p.id from ops.projects as p
    join ops.project_counters as c on c.project_id = p.id
    where
        p.status <> 'archived'
        and (
            exists (
                select from ops.backups as b
                where
                    b.project_id = p.id and b.status = 'dropped'
                    and b.dropped_at > coalesce(c.retention_swept_at, '-infinity')
            )
            or exists (
                select from ops_private.environments_to_thin_out(p.id, p_now) as e (id)
                where
                    c.retention_planned_at is null
                    or ops_private.did_retention_change(p.id, e.id, c.retention_planned_at, p_now)
            )
        )
        and not exists (
            select from ops.runs as r
            where r.project_id = p.id and r.kind = 'retention' and r.status in ('queued', 'claimed', 'running')
        )
    order by p.slug;
end
$$;
comment on function ops_private.projects_due_for_retention is 'Projects in which retention may have work.';
revoke all on function ops_private.projects_due_for_retention from public;
$ops_file$);

select pg_temp.make_function('projects_to_poll', $ops_file$
-- Lists the active projects whose repository was not polled for that long, with or without success, and those whose
-- repository a delivery named, even if they are not polled: at once, but not sooner after a failure. Called by the
-- github_pushes sensor. Locks and raises nothing.
create or replace function ops.projects_to_poll(
    p_older_than_seconds int,
    p_now timestamptz default clock_timestamp()
)
returns setof ops.projects
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_due timestamptz := p_now - make_interval(secs => p_older_than_seconds);
begin
    return query
    select p.* from ops.projects as p
    where
        p.status = 'active' and coalesce(p.poll_failed_at, '-infinity') <= v_due
        and (p.notified_at is not null or (p.poll_enabled and coalesce(p.last_polled_at, '-infinity') <= v_due))
    order by p.notified_at nulls last, greatest(p.last_polled_at, p.poll_failed_at) nulls first;
end
$$;
comment on function ops.projects_to_poll is 'The projects whose branches are due to be looked at.';
revoke all on function ops.projects_to_poll from public;
grant execute on function ops.projects_to_poll to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('promote_due_builds', $ops_file$
-- Promotes the newest build of each project whose policy promotion.release is on_push, unless it serves already, was
-- brought to production before, somebody rejected or withdrew a release of it, or another deployment is at work there;
-- returns the deployments. A project whose
-- promotion is refused is left for the next call: a freeze ends by itself.
-- Called by the platform's clock. Locks what promote_release locks, one project after the other. Raises nothing: PT400
-- and PT409 are such refusals. A retry finds nothing left to do.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.promote_due_builds()
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_due record;
begin
    for v_due in
        select p.id as project_id, e.name as environment, b.run_id
        from ops.projects as p
        join ops.environments as e on e.project_id = p.id and e.branch = p.default_branch and e.stage = 'production'
        cross join lateral ops_private.newest_build(p.id) as b
        where
            p.status = 'active' and ops_private.is_hosted(e.id)
            and ops_private.rules_in_force(p.id, 'promotion') ->> 'release' = 'on_push'
            and (e.image_digest, e.deployed_sha) is distinct from (b.image_digest, b.git_sha)
            and not exists (
                select from ops.deployments as d
                join ops.releases as r on r.id = d.release_id
                where
                    d.environment_id = e.id and (
                        d.status in ('pending', 'running')
                        or r.image_digest = b.image_digest and ops_private.project_git_sha(r) = b.git_sha
                    )
            )
            and not exists (
                select from ops.releases as r
                where
                    r.project_id = p.id and r.image_digest = b.image_digest
                    and ops_private.project_git_sha(r) = b.git_sha and (r.status = 'withdrawn' or exists (
                        select from ops.approvals as a where a.release_id = r.id and a.decision = 'rejected'
                    ))
            )
        order by p.created_at
    loop
        begin
            return next ops.promote_release(
                ops.release_build(v_due.project_id, p_run_id => v_due.run_id), v_due.environment,
                p_reason => 'policy promotion.release is on_push'
            );
        exception when sqlstate 'PT409' or sqlstate 'PT400' then
            continue;
        end;
    end loop;
end
$$;
comment on function ops.promote_due_builds is 'Promotes the builds that policy promotes by themselves.';
revoke all on function ops.promote_due_builds from public;
grant execute on function ops.promote_due_builds to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('promote_release', $ops_file$
-- Promotes a release to a place: queues the run that deploys it and returns the deployment, with the release's image
-- and commits. While the release is being deployed there, it returns the same deployment. Called by release managers,
-- by operators for people, and by promote_due_builds. Locks the project, the release and its gates, so that of two
-- concurrent promotions one finds the other. Raises PT404, PT403, PT400, and PT409 with what is missing: gates, a
-- freeze, a fresh backup of a production that runs elsewhere, or another deployment at work there; and if the release
-- serves there already. A retry is harmless.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.promote_release(
    release_id uuid,
    target_env text,
    p_no_backup_reason text default null,
    p_reason text default null,
    p_requested_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(promote_release.release_id);
    v_place record;
    v_id uuid;
begin
    perform ops_private.require_promoter(v_release.project_id);
    perform from ops.projects as p where p.id = v_release.project_id for no key update;
    perform ops.close_deployments(v_release.project_id);
    select * into v_place from ops_private.promotion_target(v_release.project_id, promote_release.target_env);
    v_id := ops_private.deployment_at_work(v_release, v_place.environment_id, v_place.stage);
    if v_id is null then
        if ops_private.is_hosted(v_place.environment_id) then
            perform ops_private.record_what_serves(v_place.environment_id);
            if ops_private.serves_release(v_place.environment_id, v_release) then
                raise sqlstate 'PT409' using
                    message = format('Release %s serves there already', v_release.version),
                    hint = 'Push a change and promote its build.';
            end if;
        end if;
        perform ops_private.refuse_ineligible(v_release.id, v_place.stage);
        v_id := ops_private.start_deployment(
            v_release, v_place.environment_id, v_place.stage, p_no_backup_reason, null::uuid, p_reason,
            p_requested_by
        );
    end if;
    return v_id;
end
$$;
comment on function ops.promote_release is 'Brings a release to a place.';
revoke all on function ops.promote_release from public;
grant execute on function ops.promote_release to service_role, ops_operator, release_manager;
$ops_file$);

select pg_temp.make_function('promotion_requirements', $ops_file$
-- Lists the requirements of a release's promotion to a stage, whether each is met, and by what.
-- Called by explain_promotion and by the functions that refuse an ineligible promotion. Locks and raises nothing.
-- A release that was withdrawn, or rolled back in production, goes nowhere any more.
-- Staging needs G1 and no failed gate, but for a G4 whose window closed unproven: to deploy again reopens it.
-- Production needs G1 to G3, no failed gate, and no freeze unless glass was broken for it; policy may require more. A
-- gate that policy promotion.release did not ask for, neither when the release was made nor now, need not pass.
-- It is PL/pgSQL so that its plan is kept: reports call it for many releases at once.
create or replace function ops_private.promotion_requirements(
    p_release_id uuid,
    p_stage ops.environment_stage
)
returns table (requirement text, is_met boolean, detail text)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with release as (
        select r.*, ops_private.rules_in_force(r.project_id, 'promotion') as rules from ops.releases as r where r.id = p_release_id
    ), gates as materialized (
        select * from ops.v_gate_status as s where s.release_id = p_release_id
    ), staging as (
        select d.g4_status from ops.deployments as d
        where d.release_id = p_release_id and d.stage = 'staging' and d.status <> 'failed'
        order by d.created_at desc, d.id desc
        limit 1
    ), demands as (
        select
            g.*,
            case g.gate_code
                when 'G1' then true
                when 'G2' then a.is_asked and (p_stage = 'production' or (r.rules ->> 'staging_requires_g2')::boolean)
                when 'G3' then a.is_asked and p_stage = 'production'
                else false
            end as must_pass,
            g.gate_code = 'G4' and p_stage = 'staging' and g.is_overdue as is_reopened,
            a.is_asked,
            g.gate_code = 'G4' and p_stage = 'production' and (r.rules ->> 'production_requires_g4')::boolean as must_be_healthy
        from release as r
        cross join gates as g
        cross join lateral (select g.is_required or r.rules ->> 'release' = 'gated' as is_asked) as a
    )
    select 'release', r.status not in ('withdrawn', 'rolled_back'), case r.status
        when 'withdrawn' then 'withdrawn'
        when 'rolled_back' then format('%s was rolled back and stays so: make another release', r.version)
        else format('%s is a %s', r.version, r.status) end
    from release as r
    union all
    select
        d.gate_code::text,
        d.status = 'bypassed' or (
            (d.status::text not in ('failed', 'inconclusive') or d.is_reopened) and (d.status = 'passed' or not d.must_pass)
            and (not d.must_be_healthy or exists (select from staging as s where s.g4_status = 'passed'))
        ),
        case
            when d.status = 'bypassed' then
                format('bypassed by %s until %s: %s', d.granted_by, to_char(d.expires_at at time zone 'UTC',
                    'YYYY-MM-DD"T"HH24:MI:SS"Z"'), d.exception_reason)
            when d.is_reopened then 'its window closed before its health was proved: a new deployment reopens it'
            when d.must_be_healthy and d.status <> 'failed' and not exists (
                select from staging as s where s.g4_status = 'passed'
            ) then 'the newest deployment to staging has not proved its health'
            when not d.is_asked and d.status = 'pending' then 'not required: policy promotion.release is not gated'
            else concat_ws(': ', d.status, d.reason)
        end
    from demands as d
    union all
    select 'freeze', f.reason is null or g.broken, coalesce(f.reason || case when g.broken then ' (glass broken)' else '' end,
        'nothing is frozen')
    from release as r
    cross join lateral (select ops.freeze_reason(r.rules -> 'freeze_windows', ops.right_now()) as reason) as f
    cross join (select coalesce(bool_or(s.is_break_glass), false) as broken from gates as s) as g
    where p_stage = 'production';
end
$$;
comment on function ops_private.promotion_requirements is 'What a release needs for a stage, and whether it has it.';
revoke all on function ops_private.promotion_requirements from public;
$ops_file$);

select pg_temp.make_function('promotion_target', $ops_file$
-- Returns the place of a target: a stage, or a living environment by name or partition. The environment is null if the
-- stage has none of its own. Called by functions that promote. Locks nothing. Raises PT400 for an invalid target and
-- PT409 if the stage has several environments.
create or replace function ops_private.promotion_target(
    p_project_id uuid,
    p_target_env text
)
returns table (environment_id uuid, stage ops.environment_stage)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_stage ops.environment_stage := ops_private.target_stage(p_project_id, p_target_env);
    v_names text;
    v_found int;
begin
    return query
    select e.id, e.stage
    from ops.environments as e
    where
        e.project_id = p_project_id and e.destroyed_at is null and e.stage = v_stage
        and p_target_env in (e.name, e.partition_key)
    order by e.name = p_target_env desc
    limit 1;
    if found then
        return;
    end if;
    select string_agg(e.name, ', ' order by e.name), count(*) into v_names, v_found
    from ops.environments as e
    where e.project_id = p_project_id and e.destroyed_at is null and e.stage = v_stage;
    if v_found > 1 then
        raise sqlstate 'PT409' using
            message = format('The project has several %s environments: %s', v_stage, v_names),
            column = 'environment',
            hint = 'Name one of them.';
    end if;
    return query
    select e.id, v_stage
    from (select) as nothing
    left join ops.environments as e
        on e.project_id = p_project_id and e.destroyed_at is null and e.stage = v_stage;
end
$$;
comment on function ops_private.promotion_target is 'Where a promotion goes: an environment and its stage.';
revoke all on function ops_private.promotion_target from public;
$ops_file$);

select pg_temp.make_function('propose_release', $ops_file$
-- Makes the release of a build, and returns it; no row for a build that makes none (ops_private.makes_release). A
-- build of what is a release of the branch or tag already, by commits and image, returns that one.
-- Called by asset image once the build is made. Locks the run, then the project, so that versions are counted one by
-- one.
-- Raises PT404 and PT410 for the attempt, PT400 for invalid values, and PT409 for a version that is made of something
-- else: a tag never moves. A retry returns the same release.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.propose_release(
    p_run_id uuid,
    p_attempt int,
    p_image_digest text,
    p_submodules jsonb default '{}',
    p_lock_digest text default null,
    p_author text default null
)
returns setof ops.releases
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_release ops.releases;
    v_shas jsonb;
begin
    if not ops_private.makes_release(v_run) then
        return;
    end if;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    v_shas := ops_private.commits_of(v_run, p_submodules);
    perform ops_private.refuse_shas(v_shas);
    select r.* into v_release from ops.releases as r
    where
        r.project_id = v_run.project_id and r.git_ref = v_run.git_ref and r.image_digest = p_image_digest
        and r.git_shas = v_shas and r.status <> 'withdrawn'
    order by r.created_at desc
    limit 1;
    if not found then
        v_release := ops_private.write_candidate(v_run, v_shas, p_image_digest, p_lock_digest, p_author);
    end if;
    return next v_release;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No release may have these values', detail = sqlerrm,
        hint = 'It takes an image''s digest, sha256:…, and the full commit of every submodule.';
end
$$;
comment on function ops.propose_release is 'Makes the release of a build, or returns the one that is the same.';
revoke all on function ops.propose_release from public;
grant execute on function ops.propose_release to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('prove_check', $ops_file$
-- Records the files of a run that prove an answer to a check of a gate. Called by take_build and tell_staged. Locks
-- nothing. Raises what record_evidence raises. A retry records nothing twice.
create or replace function ops_private.prove_check(
    p_check_id uuid,
    p_run_id uuid,
    p_name text
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops.record_evidence(
    e.value ->> 'kind', e.value ->> 's3_url', e.value ->> 'sha256', p_check_id => p_check_id,
    p_content_type => e.value ->> 'content_type', p_size_bytes => (e.value ->> 'size_bytes')::bigint
)
from ops.runs as r
cross join lateral jsonb_array_elements(
    ops_private.told_evidence(r, jsonb_build_array(jsonb_build_object('name', p_name)))
) as e
where r.id = p_run_id
$$;
comment on function ops_private.prove_check is 'Records the files of a run that prove an answer.';
revoke all on function ops_private.prove_check from public;
$ops_file$);

select pg_temp.make_function('queue_due_drills', $ops_file$
-- Queues the week's drills that are not queued yet: one of each living production of an active project that has a
-- verified backup. Weeks are those of ISO 8601 in the time zone; on the week's first day nothing is queued before
-- p_from_hour, so that the drill uses that night's backup. Returns each drill's backup, or why it was
-- refused; after a second it stops, and the next call continues.
-- Called by the schedule recovery_drills. Locks as restore_backup does. Raises nothing: a refusal of one production
-- (PT400, PT403, PT404, PT409) is returned with it and stops no other. A retry queues nothing twice, even if there is a
-- newer backup since.
-- Definer: the worker may not ask for restores itself.
create or replace function ops.queue_due_drills(
    p_now timestamptz,
    p_time_zone text,
    p_from_hour int default 4
)
returns table (partition_key text, backup_id uuid, refusal text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    c_asker constant text := 'schedule recovery_drills';
    c_week constant text := 'IYYY-"W"IW';
    v_local timestamp := p_now at time zone p_time_zone;
    v_due record;
begin
    if extract(isodow from v_local) = 1 and extract(hour from v_local) < p_from_hour then
        return;
    end if;
    for v_due in
        select p.* from ops.v_productions as p
        where
            p.is_active and p.verified_backup_id is not null
            and not exists (
                select from ops.restores as s
                join ops.backups as b on b.id = s.backup_id
                where
                    b.environment_id = p.environment_id and s.purpose = 'drill' and s.requested_by = c_asker
                    and to_char(s.created_at at time zone p_time_zone, c_week) = to_char(v_local, c_week)
            )
        order by p.partition_key
    loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        partition_key := v_due.partition_key;
        backup_id := v_due.verified_backup_id;
        refusal := null;
        begin
            perform ops.restore_backup(
                v_due.verified_backup_id, null, 'drill', p_requested_by => c_asker, p_trigger => 'schedule',
                p_idempotency_key => format('platform:drill:%s:%s', v_due.environment_id, to_char(v_local, c_week))
            );
        exception when sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' then
            refusal := sqlerrm;
        end;
        return next;
    end loop;
end
$$;
comment on function ops.queue_due_drills is 'Queues the week''s drills that are not queued yet.';
revoke all on function ops.queue_due_drills from public;
grant execute on function ops.queue_due_drills to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('queue_due_retention', $ops_file$
-- Queues a retention run for each project that is due, and returns the runs. Called by the backup_retention schedule.
-- Locks the projects' counters. Raises nothing. A repeat within the hour, by p_now, finds the runs queued.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.queue_due_retention(
    p_now timestamptz default clock_timestamp()
)
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_key text := 'platform:retention ' || to_char(p_now at time zone 'UTC', 'YYYY-MM-DD"T"HH24');
begin
    for v_project_id in select d.id from ops_private.projects_due_for_retention(p_now) as d (id) loop
        continue when exists (
            select from ops.run_requests as q where q.project_id = v_project_id and q.idempotency_key = v_key
        );
        return next ops.apply_retention(
            v_project_id, p_requested_by => 'schedule backup_retention', p_idempotency_key => v_key,
            p_trigger => 'schedule'
        );
    end loop;
end
$$;
comment on function ops.queue_due_retention is 'Queues the retention runs that are due.';
revoke all on function ops.queue_due_retention from public;
grant execute on function ops.queue_due_retention to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('queue_nightly_backups', $ops_file$
-- Queues the backups of the night that are not queued yet: one of each living production with data whose policy wants
-- nightly backups, and once more an hour after it failed, which rewrites damaged objects. p_hour is the hour of the
-- night in the time zone. Returns each backup that it queued, or why it was refused; after a second it
-- stops, and the next call continues.
-- Called by the schedule nightly_backups. Locks as create_backup does. Raises nothing: a refusal of one production
-- (PT400, PT403, PT404, PT409) is returned with it and stops no other. A retry queues nothing twice: the backups on
-- record are looked at first, because after a deployment the idempotency key alone would be refused.
-- Definer: it calls helpers that only the owner may execute.
create or replace function ops.queue_nightly_backups(
    p_now timestamptz,
    p_hour int,
    p_time_zone text
)
returns table (partition_key text, backup_id uuid, refusal text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    c_asker constant text := 'schedule nightly_backups';
    v_night record;
    v_due record;
begin
    select n.day, n.due_at into v_night from ops_private.night_of(p_now, p_hour, p_time_zone) as n;
    for v_due in
        select p.*, asked.count as asked
        from ops.v_productions as p
        cross join lateral (
            select count(*) as count, bool_and(b.status = 'failed') as has_failed, max(b.created_at) as last_at
            from ops.backups as b
            where b.environment_id = p.environment_id and b.requested_by = c_asker and b.created_at >= v_night.due_at
        ) as asked
        where
            p.is_active and p.has_data and (ops.policy(p.project_id, 'backup') ->> 'nightly')::boolean
            and (asked.count = 0 or (
                -- the cause of the failure may be gone by then: a store that was down, a disk that was full
                asked.count = 1 and asked.has_failed and asked.last_at <= p_now - interval '1 hour'
            ))
        order by p.partition_key
    loop
        exit when clock_timestamp() > statement_timestamp() + interval '1 second';
        partition_key := v_due.partition_key;
        backup_id := null;
        refusal := null;
        begin
            backup_id := ops.create_backup(
                v_due.project_id, v_due.name, p_trigger => 'schedule', p_requested_by => c_asker,
                p_idempotency_key => format(
                    'platform:nightly backup of %s on %s%s', v_due.environment_id, to_char(v_night.day, 'YYYY-MM-DD'),
                    case when v_due.asked > 0 then ', again' else '' end
                )
            );
        exception when sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' then
            refusal := sqlerrm;
        end;
        return next;
    end loop;
end
$$;
comment on function ops.queue_nightly_backups is 'Queues the night''s backups that are not queued yet.';
revoke all on function ops.queue_nightly_backups from public;
grant execute on function ops.queue_nightly_backups to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('queue_run', $ops_file$
-- Queues a run and returns its id; env is the branch's name, empty for work on no environment. It supersedes older
-- waiting runs of the branch and goes before those of its project that a poll queued. A project has one unfinished
-- retention run: while there is one, it is the run returned.
-- Called by every door. Locks the project's counter, so that the requests of one project run one after the other.
-- Raises PT404, PT403 (also for a trigger, an idempotency key or a field of p_config that the caller may not use), PT409 for an archived project,
-- a key used for another body, harm to production or a kind without a job, PT503 if another session holds the project
-- for longer, PT400 for invalid values and for a field of p_config that the kind does not take.
-- Repeating it with the same idempotency key returns the same run.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.queue_run(
    project_id uuid,
    env text,
    git_sha text,
    ref text,
    p_kind ops.run_kind default 'deploy',
    p_trigger text default 'api',
    p_requested_by text default null,
    p_priority int default 0,
    p_idempotency_key text default null,
    p_config jsonb default '{}',
    p_max_attempts int default 3,
    p_retry_of uuid default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s' -- a request that somebody waits for gives up after ten
as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
    v_id uuid := ops_private.new_run_id(v_now);
    v_body bytea;
    v_environment ops.environments;
    v_number bigint;
    v_requested_by text := p_requested_by;
    v_turn bigint;
begin
    perform ops_private.require_queueable(queue_run.project_id, p_kind);
    perform ops_private.refuse_platform_names(p_trigger, p_idempotency_key, p_retry_of);
    if not ops.is_platform() then
        v_requested_by := ops.caller_name();
        if p_priority > 0 then -- ahead of everybody's work, in every project
            perform ops_private.require_permission(queue_run.project_id, 'manage');
        end if;
    end if;
    if p_retry_of is not null and not exists (
        select from ops.run_requests as q where q.run_id = p_retry_of and q.project_id = queue_run.project_id
    ) then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_retry_of),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    v_body := sha256(convert_to(jsonb_build_array(
        env, git_sha, ref, p_kind, p_priority, coalesce(p_config, '{}'), p_max_attempts, p_retry_of
    )::text, 'UTF8'));
    if p_idempotency_key is not null then
        v_id := coalesce(ops_private.find_same_request(queue_run.project_id, p_idempotency_key, v_body), v_id);
        if exists (select from ops.run_requests as q where q.run_id = v_id) then
            return v_id;
        end if;
    end if;
    perform ops_private.refuse_config(queue_run.project_id, p_kind, p_config);
    if coalesce(env, '') <> '' then
        v_environment := ops_private.environment_to_work_on(queue_run.project_id, env, p_kind);
        if v_environment.stage = 'production' then
            perform ops_private.refuse_harm(v_environment.id, p_kind, p_config);
        end if;
    end if;
    perform ops_private.require_carried_out(p_kind, p_config, v_environment.id is not null);
    if p_kind = 'retention' then
        v_id := coalesce(ops_private.unfinished_retention(queue_run.project_id), v_id);
        if exists (select from ops.run_requests as q where q.run_id = v_id) then
            return v_id;
        end if;
    end if;
    if p_trigger not in ('poll', 'schedule') then
        v_turn := ops_private.turn_before_polled(queue_run.project_id, coalesce(p_priority, 0));
    end if;
    with counter as (
        update ops.project_counters as c set last_run_number = c.last_run_number + 1
        where c.project_id = queue_run.project_id
        returning c.last_run_number
    ), request as (
        insert into ops.run_requests (
            run_id, project_id, environment_id, run_number, requested_by, config, idempotency_key, body_hash, retry_of
        )
        select
            v_id, queue_run.project_id, v_environment.id, c.last_run_number, v_requested_by, coalesce(p_config, '{}'),
            p_idempotency_key, v_body, p_retry_of
        from counter as c
        on conflict (project_id, idempotency_key) where idempotency_key is not null do nothing
        returning run_number
    ), sealed as materialized (
        select q.run_number, jsonb_strip_nulls(jsonb_build_object(
            'to', 'queued', 'trigger', p_trigger, 'requested_by', v_requested_by, 'git_sha', queue_run.git_sha
        )) as payload
        from request as q
    ), run as (
        insert into ops.runs as r (
            id, project_id, environment_id, run_number, kind, trigger, git_ref, git_sha, priority, turn, max_attempts,
            created_at, event_count, event_hash
        )
        select
            v_id, queue_run.project_id, v_environment.id, s.run_number, p_kind, p_trigger, ref, queue_run.git_sha,
            coalesce(p_priority, 0),
            coalesce(v_turn, ops_private.next_turn(queue_run.project_id, coalesce(p_priority, 0))), p_max_attempts, v_now, 1,
            ops.hash_event('', v_id, 1, 0, 'state_change', 'queued', s.payload, v_now)
        from sealed as s
        returning r.event_hash
    ), event as (
        insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
        select v_id, 1, 0, 'state_change', 'queued', s.payload, v_now, '', r.event_hash
        from sealed as s, run as r
    )
    select s.run_number into v_number from sealed as s;
    if not found then
        return ops_private.find_same_request(queue_run.project_id, p_idempotency_key, v_body);
    end if;
    if v_environment.id is not null and p_kind in ('deploy', 'build', 'destroy') then
        perform ops_private.supersede_runs(v_environment.id, v_id, v_number);
    end if;
    return v_id;
exception
    when check_violation or not_null_violation or foreign_key_violation then
        raise sqlstate 'PT400' using
            message = 'No run may have these values', detail = sqlerrm,
            hint = 'See ops.queue_run''s arguments: \df+ ops.queue_run.';
    when lock_not_available then
        raise sqlstate 'PT503' using
            message = 'Another session holds the queue of this project', hint = 'Try again in a minute.';
end
$$;
comment on function ops.queue_run is 'Asks for a run and returns its id.';
revoke all on function ops.queue_run from public;
grant execute on function ops.queue_run to authenticated, service_role, ops_operator;
grant execute on function ops.queue_run to ci_service_role, developer;
$ops_file$);

select pg_temp.make_function('raise_alarm', $ops_file$
-- Opens the incident of the key, or updates the open one, and returns its id; without a project it belongs to the
-- platform. Called by the platform's watches in each round.
-- Two concurrent callers open one. Raises PT400 without a key or a title. A retry changes nothing.
-- Definer: nobody may write incidents directly; only the platform may execute this.
create or replace function ops.raise_alarm(
    p_key text,
    p_title text,
    p_description text default '',
    p_severity ops.incident_severity default 'major',
    p_project_id uuid default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    insert into ops.incidents as i (project_id, key, severity, title, description, opened_by)
    values (p_project_id, p_key, p_severity, p_title, coalesce(p_description, ''), 'odooops')
    on conflict (key) where status = 'open' and key is not null do update
    set severity = excluded.severity, title = excluded.title, description = excluded.description
    where (i.severity, i.title, i.description) is distinct from
        (excluded.severity, excluded.title, excluded.description);
    select i.id into v_id from ops.incidents as i where i.key = p_key and i.status = 'open';
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No alarm may have these values', detail = sqlerrm, hint = 'An alarm has a key and a title.';
end
$$;
comment on function ops.raise_alarm is 'Opens the incident of a key, once while it is open.';
revoke all on function ops.raise_alarm from public;
grant execute on function ops.raise_alarm to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('read_run_logs', $ops_file$
-- Returns the lines of a run after a given one, the oldest first. Called by clients that follow a log; people see their
-- own projects'. Locks and raises nothing.
create or replace function ops.read_run_logs(
    p_run_id uuid,
    p_after_id bigint default 0,
    p_limit int default 500
)
returns setof ops.run_logs
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select l.* from ops.run_logs as l
    where l.run_id = p_run_id and l.id > p_after_id
    order by l.id
    limit p_limit;
end
$$;
comment on function ops.read_run_logs is 'The lines of a run after a known one.';
revoke all on function ops.read_run_logs from public;
grant execute on function ops.read_run_logs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.read_run_logs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('reason_to_keep', $ops_file$
-- Returns the reason why a backup may not be dropped, or null. Called by drop_backup, which locked its environment.
-- Locks and raises nothing.
create or replace function ops_private.reason_to_keep(
    p_backup ops.backups
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when p_backup.held_at is not null then 'held: ' || p_backup.hold_reason
        when p_backup.status in ('pending', 'running', 'stored') then 'at work'
        when exists (
            select from ops.restores as s
            where s.backup_id = p_backup.id and s.status in ('pending', 'running')
        ) then 'being restored'
        when exists (
            select from ops.deployments as d
            where d.backup_id = p_backup.id and d.status in ('pending', 'running')
        ) then 'the way back of a deployment at work'
        when p_backup.status = 'verified' and not exists (
            select from ops.backups as o
            where o.environment_id = p_backup.environment_id and o.status = 'verified' and o.id <> p_backup.id
        ) then 'the last verified one of its environment'
    end;
end
$$;
comment on function ops_private.reason_to_keep is 'Why a backup may not be dropped.';
revoke all on function ops_private.reason_to_keep from public;
$ops_file$);

select pg_temp.make_function('receive_event', $ops_file$
-- Accepts or refuses the body of a delivery as it came over the wire, like ops.ingest_event: a body that is no JSON, or
-- that the database cannot store, is a row in the log and a 400. With a key the delivery counts as the key's persona;
-- without one it counts as the caller's; the gateway's login has no rights of its own, and needs a key. p_key_sha256 is
-- the SHA-256 of the whole key; of it only a hash is stored. p_size_bytes is the length that the sender announced, for
-- a body that was not read: it is refused as too large. Called by POST /v1/events. Locks what the event's handler
-- locks. Raises only errors that are not the sender's fault. Repeating it with the same idempotency key writes nothing
-- twice.
-- Definer: the gateway may not write tables; the key's rights, or the caller's, are checked.
create or replace function ops.receive_event(
    body bytea,
    p_key_prefix text default null,
    p_key_sha256 text default null,
    p_size_bytes bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys;
    v_refusal jsonb;
    v_envelope jsonb;
begin
    if p_key_prefix is not null or p_key_sha256 is not null or 'ops_gateway' = any (ops.caller_jobs()) then
        select k.* into v_key from ops.event_keys as k where k.prefix = p_key_prefix;
        v_refusal := ops_private.refusal_of_key(v_key, p_key_sha256);
    end if;
    if v_refusal is null and greatest(p_size_bytes, octet_length(body)) > 262144 then
        v_refusal := ops_private.refusal_of_event(
            'PT413', 'The envelope is too large', null,
            'An envelope has at most 256 kB; put what is larger into the store and name it as evidence.'
        );
    end if;
    if v_refusal is null then
        begin
            v_envelope := convert_from(body, 'UTF8')::jsonb;
        exception when data_exception or program_limit_exceeded then
            v_refusal := ops_private.refusal_of_event(
                'PT400', 'The body is no JSON that can be stored: ' || sqlerrm, 'envelope',
                'Send one JSON object in UTF-8, without NUL and without half a surrogate pair.'
            );
        end;
    end if;
    if v_refusal is null then
        return ops_private.answer_event(v_envelope, v_key);
    end if;
    perform ops_private.log_unread(body, p_size_bytes, v_refusal, v_key, p_key_prefix);
    return v_refusal;
end
$$;
comment on function ops.receive_event is 'Takes the body of a delivery in and says what came of it.';
revoke all on function ops.receive_event from public;
grant execute on function ops.receive_event to service_role, ops_gateway;
$ops_file$);

select pg_temp.make_function('receive_push', $ops_file$
-- Stores a forge's delivery once and returns accepted, duplicate, ignored (no push of a branch or a tag, or a tag's
-- deletion: its release stays), unknown_project or own_secret (each project of the repository has a secret of its own,
-- and this was signed with the platform's).
-- apply_pushes acts on it. p_project_id is the project whose secret signed it, null for the platform's; p_body_sha256 is
-- the hash of the signed body. Called by the gateway. Raises PT400 for a push without its fields. A delivery whose id or
-- whose signed body came before is a duplicate.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.receive_push(
    p_delivery_id text,
    p_event text,
    p_repo_url text,
    p_ref text,
    p_sha text,
    p_previous_sha text default null,
    p_forced boolean default false,
    p_pusher text default null,
    p_payload jsonb default '{}',
    p_body_sha256 text default null,
    p_project_id uuid default null
)
returns table (outcome text, delivery bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_is_push boolean := p_event = 'push' and (
        p_ref like 'refs/heads/_%' or p_ref like 'refs/tags/_%' and p_sha !~ '^0+$'
    );
    v_outcome text := case
        when not v_is_push then 'ignored'
        else ops_private.refusal_of_push(p_repo_url, p_project_id)
    end;
begin
    if coalesce(p_delivery_id, '') = '' or coalesce(p_event, '') = ''
        or (p_event = 'push' and (p_ref is null or p_repo_url is null or p_sha !~ '^[0-9a-f]{40,64}$')) then
        raise sqlstate 'PT400' using
            message = 'A push has a delivery id, a repository, a ref and a commit',
            hint = 'Send the forge''s delivery unchanged.';
    end if;
    insert into ops.push_deliveries as d (
        delivery_id, event, repo_url, ref, sha, previous_sha, is_forced, pusher, payload, processed_at, outcome,
        body_sha256, project_id
    )
    values (
        p_delivery_id, p_event, coalesce(p_repo_url, ''), p_ref, p_sha, p_previous_sha, coalesce(p_forced, false),
        p_pusher, coalesce(p_payload, '{}'), case when v_outcome is not null then clock_timestamp() end, v_outcome,
        p_body_sha256, p_project_id
    )
    on conflict do nothing
    returning coalesce(d.outcome, 'accepted'), d.id into outcome, delivery;
    if not found then
        select 'duplicate', d.id into outcome, delivery
        from ops.push_deliveries as d
        where
            d.delivery_id = p_delivery_id
            or (d.body_sha256 = p_body_sha256 and d.project_id is not distinct from p_project_id)
        order by d.id
        limit 1;
    end if;
    return next;
end
$$;
comment on function ops.receive_push is 'Stores a delivery of a forge.';
revoke all on function ops.receive_push from public;
grant execute on function ops.receive_push to service_role, ops_gateway;
$ops_file$);

select pg_temp.make_function('recognise_caller', $ops_file$
-- Records that a token's subject and its e-mail address are one person, so that the two are still one when only one of
-- them is named. Does nothing without both, or where two people were declared. Called by RPCs in which a person decides.
-- Locks the gates that the names decided; raises nothing. Repeating it is harmless.
create or replace function ops_private.recognise_caller()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := ops.caller_claims();
    v_subject text := ops_private.fold_name(v_claims ->> 'sub');
    v_email text := ops_private.fold_name(v_claims ->> 'email');
    v_person uuid;
begin
    if v_subject is null or v_email is null or v_claims ->> 'email_verified' = 'false' or (
        select count(*) from ops.person_aliases as a where a.alias in (v_subject, v_email)
    ) = 2 then
        return;
    end if;
    select a.person_id into v_person from ops.person_aliases as a where a.alias in (v_subject, v_email);
    if not found then
        insert into ops.people (name, created_by) values (v_claims ->> 'email', 'odooops') returning id into v_person;
    end if;
    insert into ops.person_aliases (alias, person_id, kind, spelling, created_by)
    values
    (v_subject, v_person, 'subject', v_claims ->> 'sub', 'odooops'),
    (v_email, v_person, 'email', v_claims ->> 'email', 'odooops')
    on conflict (alias) do nothing;
end
$$;
comment on function ops_private.recognise_caller is 'Records that a subject and an address are one person.';
revoke all on function ops_private.recognise_caller from public;
$ops_file$);

select pg_temp.make_function('record_backup_failed', $ops_file$
-- Records that the attempt's backup failed, and why. Called by step backup. Locks the run's and the backup's rows.
-- Raises PT404, PT410, PT409 for a backup that is verified or dropped, PT400 without a reason. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_failed(
    p_run_id uuid,
    p_attempt int,
    p_error_message text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.backup_of_attempt(p_run_id, p_attempt);
begin
    if v_backup.status = 'failed' then
        return v_backup;
    elsif v_backup.status not in ('running', 'stored') then
        perform ops_private.refuse_backup_change(v_backup, 'failed');
    end if;
    v_backup.error_message := p_error_message;
    v_backup := ops_private.move_backup(v_backup, 'failed');
    perform ops_private.write_event(p_run_id, 'error', 'backup failed: ' || p_error_message, jsonb_build_object(
        'backup_id', v_backup.id
    ));
    return v_backup;
exception when check_violation then
    raise sqlstate 'PT400' using
        message = 'A failure has a reason', detail = sqlerrm, hint = 'Pass p_error_message.';
end
$$;
comment on function ops.record_backup_failed is 'Notes that the attempt''s backup came to nothing.';
revoke all on function ops.record_backup_failed from public;
grant execute on function ops.record_backup_failed to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_backup_recheck', $ops_file$
-- Records the result of reading a backup again: it matches its manifest and is verified, or it is damaged and failed
-- with a reason; a backup whose run died before the verification may become verified.
-- Called by commands and drills that read backups again, at any time and without a run. Locks the backup's row.
-- Raises PT404, PT409 for a backup that is dropped, at work or has another manifest. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_recheck(
    p_backup_id uuid,
    p_manifest_sha256 text,
    p_error_message text default null
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(p_backup_id, 'backup');
    v_status ops.backup_status := case when p_error_message is null then 'verified' else 'failed' end;
begin
    if v_backup.status in ('pending', 'running', 'dropped')
        or v_backup.manifest_sha256 is distinct from p_manifest_sha256 then
        perform ops_private.refuse_backup_change(v_backup, v_status);
    end if;
    v_backup.error_message := p_error_message;
    v_backup := ops_private.move_backup(v_backup, v_status);
    if p_error_message is not null then
        perform ops_private.note_backup(v_backup, 'backup_spoilt', p_error_message);
    end if;
    return v_backup;
end
$$;
comment on function ops.record_backup_recheck is 'Notes what reading a backup again found.';
revoke all on function ops.record_backup_recheck from public;
grant execute on function ops.record_backup_recheck to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_backup_start', $ops_file$
-- Records that the attempt makes the run's backup, and returns it; a backup that was not requested by id gets its row
-- now. A run that clones production may first make one of production: p_environment_id. A later attempt continues an
-- earlier one; a verified backup is returned unchanged. Called by steps backup and prod_clone. Locks the run's and the
-- backup's rows. Raises PT404, PT410, and PT409 for a backup that failed or was dropped, and for another environment's
-- data that the run does not clone. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_start(
    p_run_id uuid,
    p_attempt int,
    p_environment_id uuid default null
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_backup ops.backups;
begin
    select b.* into v_backup from ops.backups as b where b.run_id = v_run.id for no key update;
    if not found then
        if p_environment_id <> v_run.environment_id then
            perform ops_private.require_clone_of(v_run, p_environment_id);
        end if;
        v_backup := ops_private.make_backup(v_run.id, p_environment_id);
    end if;
    if v_backup.status in ('failed', 'dropped') then
        perform ops_private.refuse_backup_change(v_backup, 'running');
    elsif v_backup.status = 'verified' or v_backup.attempt = p_attempt then
        return v_backup;
    end if;
    v_backup.attempt := p_attempt;
    v_backup := ops_private.move_backup(v_backup, 'running');
    perform ops_private.write_event(
        p_run_id, 'info', 'backup started', jsonb_build_object('backup_id', v_backup.id)
    );
    return v_backup;
end
$$;
comment on function ops.record_backup_start is 'Notes that the attempt makes the run''s backup.';
revoke all on function ops.record_backup_start from public;
grant execute on function ops.record_backup_start to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_backup_stored', $ops_file$
-- Records that the manifest of the attempt's backup is written: the backup can be found, but is not verified yet.
-- Called by step backup. Locks the run's and the backup's rows. Raises PT404, PT410, PT409 for a backup that is not
-- running, PT400 for invalid values. Repeating it with the same manifest is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_stored(
    p_run_id uuid,
    p_attempt int,
    p_manifest_url text,
    p_manifest_sha256 text,
    p_taken_at timestamptz,
    p_size_bytes bigint,
    p_stored_bytes bigint,
    p_object_count int,
    p_format_version int,
    p_database_name text,
    p_odoo_version text,
    p_git_sha text default null,
    p_image_digest text default null,
    p_metadata jsonb default '{}'
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.backup_of_attempt(p_run_id, p_attempt);
begin
    if v_backup.status in ('stored', 'verified') and v_backup.manifest_sha256 = p_manifest_sha256 then
        return v_backup;
    elsif v_backup.status <> 'running' then
        perform ops_private.refuse_backup_change(v_backup, 'stored');
    end if;
    v_backup.manifest_url := p_manifest_url;
    v_backup.manifest_sha256 := p_manifest_sha256;
    v_backup.taken_at := p_taken_at;
    v_backup.size_bytes := p_size_bytes;
    v_backup.stored_bytes := p_stored_bytes;
    v_backup.object_count := p_object_count;
    v_backup.format_version := p_format_version;
    v_backup.database_name := p_database_name;
    v_backup.odoo_version := p_odoo_version;
    v_backup.git_sha := p_git_sha;
    v_backup.image_digest := p_image_digest;
    v_backup.metadata := coalesce(p_metadata, '{}');
    v_backup := ops_private.move_backup(v_backup, 'stored');
    perform ops_private.write_event(p_run_id, 'info', 'backup stored', jsonb_build_object(
        'backup_id', v_backup.id, 'manifest_sha256', p_manifest_sha256, 'stored_bytes', p_stored_bytes
    ));
    return v_backup;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No backup may have these values', detail = sqlerrm,
        hint = 'A stored backup has its manifest''s address and SHA-256, and the time its dump began.';
end
$$;
comment on function ops.record_backup_stored is 'Notes that the attempt''s backup is stored.';
revoke all on function ops.record_backup_stored from public;
grant execute on function ops.record_backup_stored to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_backup_verified', $ops_file$
-- Records that every object of the attempt's backup was read back and matches the manifest: the backup is now verified.
-- Called by step backup. Locks the run's and the backup's rows. Raises PT404, PT410, PT409 for a backup that is not
-- stored or has another manifest. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_backup_verified(
    p_run_id uuid,
    p_attempt int,
    p_manifest_sha256 text
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.backup_of_attempt(p_run_id, p_attempt);
begin
    if v_backup.status not in ('stored', 'verified') then
        perform ops_private.refuse_backup_change(v_backup, 'verified');
    elsif v_backup.manifest_sha256 is distinct from p_manifest_sha256 then
        raise sqlstate 'PT409' using
            message = format('Backup %s has another manifest than the one that was verified', v_backup.id),
            hint = 'Verify what ops.record_backup_stored was told of.';
    elsif v_backup.status = 'stored' then
        v_backup := ops_private.move_backup(v_backup, 'verified');
        perform ops_private.write_event(p_run_id, 'info', 'backup verified', jsonb_build_object(
            'backup_id', v_backup.id, 'manifest_sha256', p_manifest_sha256
        ));
    end if;
    return v_backup;
end
$$;
comment on function ops.record_backup_verified is 'Notes that the attempt''s backup was read back.';
revoke all on function ops.record_backup_verified from public;
grant execute on function ops.record_backup_verified to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_branch_heads', $ops_file$
-- Compares a repository's branches, {branch: commit}, with the known heads, queues the resulting runs, and returns
-- them. A move that a delivery told of counts as a push of the one who pushed, every other one as found by polling.
-- Called by polling. p_asked_at is the time of the question: an answer older than the last one changes nothing. The
-- first answer builds only feature/*, release/*, the default branch and what a delivery told of, except p_empty_branch,
-- which holds no module: nobody waits for it. For a project that is not polled, it builds the branches that a delivery
-- named. A branch that cannot be followed leaves its reason as the project's poll_error and holds up no other.
-- Locks the project's row and its counter.
-- Raises PT404, PT503 if another session holds the project, and PT400 for an empty answer, which would destroy
-- everything. A retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_branch_heads(
    p_project_id uuid,
    p_heads jsonb,
    p_asked_at timestamptz default null,
    p_empty_branch text default null
)
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s' -- other projects' polls wait
as $$
declare
    v_asked_at timestamptz := coalesce(p_asked_at, clock_timestamp());
    v_project ops.projects;
    v_moved record;
    v_outcome record;
    v_error text;
begin
    if jsonb_typeof(p_heads) is distinct from 'object' or p_heads = '{}' then
        raise sqlstate 'PT400' using
            message = 'An answer without branches is not believed',
            hint = 'Look at the repository: git ls-remote --heads.';
    end if;
    v_project := ops_private.lock_project(p_project_id);
    if v_project.id is null then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    elsif v_project.heads_asked_at > v_asked_at then
        return;
    end if;
    for v_moved in select m.* from ops_private.moved_branches(v_project, p_heads) as m loop
        if v_project.poll_enabled and v_project.last_polled_at is null and v_moved.sha is not null and (
            v_moved.branch = p_empty_branch
            or (v_moved.branch <> v_project.default_branch and v_moved.branch !~ '^(feature|release)/')
        ) and not v_moved.is_delivered then
            insert into ops.branch_heads (project_id, branch, sha) values (p_project_id, v_moved.branch, v_moved.sha)
            on conflict do nothing;
            continue;
        end if;
        begin
            select m.outcome, m.run_id into v_outcome
            from ops_private.update_branch_head(
                p_project_id, v_moved.branch, v_moved.sha,
                case when v_moved.is_delivered then 'push' else 'poll' end, v_moved.pusher
            ) as m;
            if v_outcome.outcome = 'queued' then
                return next v_outcome.run_id;
            end if;
        exception
            when serialization_failure or deadlock_detected or query_canceled or lock_not_available then raise;
            when others then v_error := format('%s: %s', v_moved.branch, sqlerrm);
        end;
    end loop;
    update ops.projects as p
    set heads_asked_at = v_asked_at,
        last_polled_at = case when p.poll_enabled then clock_timestamp() else p.last_polled_at end,
        poll_failed_at = case when v_error is not null then clock_timestamp() end, poll_error = v_error,
        notified_at = case when v_error is not null or p.notified_at > v_asked_at then p.notified_at end
    where p.id = p_project_id;
exception when lock_not_available then
    raise sqlstate 'PT503' using
        message = 'Another session holds this project', hint = 'It is polled again; see pg_stat_activity.';
end
$$;
comment on function ops.record_branch_heads is 'Compares a repositorys branches with what was last seen.';
revoke all on function ops.record_branch_heads from public;
grant execute on function ops.record_branch_heads to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_check', $ops_file$
-- Records the result of a check; the last result of an attempt counts. Called by checks before Dagster gets the result.
-- Raises PT404 and PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_check(
    p_run_id uuid,
    p_attempt int,
    p_name text,
    p_passed boolean,
    p_blocking boolean,
    p_summary text,
    p_metadata jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.run_checks as c (run_id, attempt, name, passed, blocking, summary, metadata)
    values (
        p_run_id, ops_private.require_attempt(p_run_id, p_attempt), p_name, p_passed, p_blocking, p_summary,
        coalesce(p_metadata, '{}')
    )
    on conflict on constraint run_checks_run_id_attempt_name_key do update
    set passed = excluded.passed, blocking = excluded.blocking, summary = excluded.summary,
        metadata = excluded.metadata, created_at = excluded.created_at;
end
$$;
comment on function ops.record_check is 'Notes the answer of a check.';
revoke all on function ops.record_check from public;
grant execute on function ops.record_check to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_deployment', $ops_file$
-- Points the environment at the run's build, and returns the previous database. Called by step deployment once the new
-- Odoo answers. Locks the run's and the environment's rows, so that an attempt that was given up meanwhile cannot
-- deploy. Raises PT404 and PT410, and PT409 if a run of this kind may not do that (refuse_replacement), a promotion is
-- not of the released build, or another environment has the port or the database. Repeating it is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_deployment(
    p_run_id uuid,
    p_attempt int,
    p_url text,
    p_port int,
    p_database_name text,
    p_image_digest text,
    p_git_sha text,
    p_expires_at timestamptz default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_previous_database text;
    v_environment_id uuid;
    v_kind ops.run_kind;
begin
    select r.kind, e.id into v_kind, v_environment_id
    from ops.runs as r
    join ops.environments as e on e.id = r.environment_id
    where
        r.id = p_run_id and r.attempt = p_attempt and r.status = 'running' and e.destroyed_at is null
    for no key update of r, e;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    select e.* into v_environment from ops.environments as e where e.id = v_environment_id;
    perform ops_private.refuse_replacement(v_environment, v_kind, p_database_name);
    if v_kind = 'promote' then
        perform ops_private.refuse_unreleased(p_run_id, p_image_digest, p_git_sha);
    end if;
    v_previous_database := v_environment.database_name;
    v_environment.url := p_url;
    v_environment.port := p_port;
    v_environment.database_name := p_database_name;
    v_environment.image_digest := p_image_digest;
    v_environment.deployed_sha := p_git_sha;
    v_environment.deployed_run_id := p_run_id;
    v_environment.expires_at := p_expires_at;
    perform ops_private.move_environment(v_environment, 'running');
    perform ops_private.write_event(p_run_id, 'info', 'deployed at ' || p_url, jsonb_build_object(
        'url', p_url, 'database', p_database_name, 'image_digest', p_image_digest, 'git_sha', p_git_sha,
        'previous_database', v_previous_database
    ));
    return v_previous_database;
exception when unique_violation then
    raise sqlstate 'PT409' using
        message = format('Another environment has port %s or database %s', p_port, p_database_name),
        hint = 'Deploy again: the next attempt chooses another port.';
end
$$;
comment on function ops.record_deployment is 'Points the environment at the run''s build.';
revoke all on function ops.record_deployment from public;
grant execute on function ops.record_deployment to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_deployment_status', $ops_file$
-- Records the status of a deployment: running, succeeded or failed.
-- Called by step deployment and events. Locks the releases it concerns, the deployment and its gate.
-- Raises PT404, PT403, and PT409 for an invalid change. Repeating it is harmless.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.record_deployment_status(
    deployment_id uuid,
    status ops.deployment_status
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_deployment ops.deployments := ops_private.require_deployment(record_deployment_status.deployment_id, 'deploy');
begin
    perform ops_private.move_deployment_to(v_deployment, record_deployment_status.status);
end
$$;
comment on function ops.record_deployment_status is 'Notes how a deployment goes.';
revoke all on function ops.record_deployment_status from public;
grant execute on function ops.record_deployment_status to service_role, ops_operator, sre;
$ops_file$);

select pg_temp.make_function('record_destruction', $ops_file$
-- Records that the run's environment is destroyed; work that waited for it is queued again for the branch's
-- next environment. Called by step destruction. Locks the run's and the environment's rows. Raises PT404 and
-- PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_destruction(
    p_run_id uuid,
    p_attempt int
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_waiting ops.run_details;
    v_again uuid;
begin
    select e.* into v_environment
    from ops.runs as r
    join ops.environments as e on e.id = r.environment_id
    where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running'
    for no key update of r, e;
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    elsif v_environment.destroyed_at is not null then
        return;
    end if;
    perform ops_private.move_environment(v_environment, 'destroyed');
    perform ops_private.write_event(p_run_id, 'info', 'destroyed ' || v_environment.partition_key);
    for v_waiting in
        select d.* from ops.runs as r, ops.get_run(r.id) as d
        where r.environment_id = v_environment.id and r.status = 'queued'
        order by r.run_number
    loop
        -- a promotion, and a kind without a job, were for this environment only
        if v_waiting.kind not in ('destroy', 'promote') and exists (
            select from ops.run_kinds() as k where k.kind = v_waiting.kind and k.is_carried_out
        ) then
            v_again := ops.queue_run(
                v_waiting.project_id, v_environment.name, v_waiting.git_sha, v_waiting.git_ref,
                p_kind => v_waiting.kind, p_trigger => v_waiting.trigger, p_requested_by => v_waiting.requested_by,
                p_priority => v_waiting.priority, p_config => v_waiting.config,
                p_max_attempts => v_waiting.max_attempts, p_retry_of => v_waiting.id
            );
        end if;
        perform ops_private.end_queued_run(v_waiting.id, 'its environment was destroyed');
    end loop;
end
$$;
comment on function ops.record_destruction is 'Notes that an environment is gone.';
revoke all on function ops.record_destruction from public;
grant execute on function ops.record_destruction to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_drill_end', $ops_file$
-- Records the result of the drill and returns it; its restore ends with it. A passed drill has its RTO, its RPO and its
-- evidence of the run. Called by step drill. Locks the run's row.
-- Raises PT404, PT410, PT409 for a drill that was not started or that ended otherwise, PT400 for a pass without its
-- proof. Repeating it with the same end is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_drill_end(
    p_run_id uuid,
    p_attempt int,
    p_passed boolean,
    p_summary text,
    p_rto_seconds numeric default null,
    p_rpo_seconds numeric default null,
    p_evidence_id uuid default null,
    p_report jsonb default '{}'
)
returns ops.recovery_drills
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_drill ops.recovery_drills;
begin
    select d.* into v_drill from ops.recovery_drills as d where d.run_id = v_run.id;
    if v_drill.passed = p_passed then
        return v_drill;
    elsif v_drill.id is null or v_drill.finished_at is not null then
        raise sqlstate 'PT409' using
            message = format('The drill of run #%s was not begun, or ended otherwise', v_run.run_number),
            hint = 'Start it first: ops.record_drill_start.';
    elsif p_passed is null or p_passed and not exists (
        select from ops.evidence_artifacts as e where e.id = p_evidence_id and e.run_id = v_run.id
    ) then
        raise sqlstate 'PT400' using
            message = 'A drill passed or did not, and one that passed shows evidence of its own run',
            hint = 'Record its report first: ops.record_evidence.';
    end if;
    update ops.recovery_drills as d
    set finished_at = clock_timestamp(), passed = p_passed, summary = p_summary, rto_seconds = p_rto_seconds,
        rpo_seconds = p_rpo_seconds, evidence_id = p_evidence_id, report = coalesce(p_report, '{}')
    where d.id = v_drill.id
    returning d.* into v_drill;
    perform ops.record_restore_end(
        p_run_id, p_attempt,
        p_error_message => case when not p_passed then p_summary end,
        p_database_name => case when p_passed then 'scratch' end
    );
    return v_drill;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No drill may end with these values', detail = sqlerrm,
        hint = 'One that passed measured p_rto_seconds and p_rpo_seconds, neither below 0.';
end
$$;
comment on function ops.record_drill_end is 'Notes what trying a backup showed.';
revoke all on function ops.record_drill_end from public;
grant execute on function ops.record_drill_end to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_drill_start', $ops_file$
-- Records the start of the run's drill and returns the drill; a later attempt continues an earlier one, and its time
-- starts again. Called by step drill, after record_restore_start. Locks the run's row.
-- Raises PT404, PT410, and PT409 for a run without a drill, or whose drill has ended. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_drill_start(
    p_run_id uuid,
    p_attempt int
)
returns ops.recovery_drills
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_restore ops.restores;
    v_drill ops.recovery_drills;
begin
    select s.* into v_restore from ops.restores as s
    where s.run_id = v_run.id and s.attempt = p_attempt and s.purpose = 'drill';
    select d.* into v_drill from ops.recovery_drills as d where d.run_id = v_run.id;
    if v_restore.id is null or v_drill.finished_at is not null then
        raise sqlstate 'PT409' using
            message = format('Run #%s has no drill to begin', v_run.run_number),
            hint = 'Ask for another one: ops drill run.';
    elsif v_drill.id is null then
        insert into ops.recovery_drills (project_id, backup_id, restore_id, run_id)
        values (v_run.project_id, v_restore.backup_id, v_restore.id, v_run.id)
        returning * into v_drill;
    else
        update ops.recovery_drills as d set started_at = v_restore.started_at
        where d.id = v_drill.id
        returning d.* into v_drill;
    end if;
    return v_drill;
end
$$;
comment on function ops.record_drill_start is 'Notes that the attempt tries a backup.';
revoke all on function ops.record_drill_start from public;
grant execute on function ops.record_drill_start to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_evidence', $ops_file$
-- Records an object as evidence of a release, a gate, a check or a run, and returns its id. The missing parents are
-- filled in: a check's gate, a gate's release.
-- Called by builds, testers, deployments and drills. Locks no rows of others. Raises PT404, PT403 and PT400.
-- Repeating it returns the same evidence.
-- Definer: nobody may write evidence directly; the caller's permission for its subject is checked.
create or replace function ops.record_evidence(
    kind text,
    s3_url text,
    sha256 text,
    p_release_id uuid default null,
    p_gate_id uuid default null,
    p_check_id uuid default null,
    p_run_id uuid default null,
    p_content_type text default 'application/octet-stream',
    p_size_bytes bigint default 0
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_of record;
    v_id uuid;
begin
    select * into v_of from ops_private.subject_of_evidence(p_release_id, p_gate_id, p_check_id, p_run_id);
    insert into ops.evidence_artifacts (
        release_id, gate_id, check_id, run_id, kind, s3_url, sha256, content_type, size_bytes, created_by
    )
    values (
        v_of.release_id, v_of.gate_id, p_check_id, p_run_id, record_evidence.kind, record_evidence.s3_url,
        record_evidence.sha256, p_content_type, p_size_bytes, coalesce(ops.caller_id(), ops.caller_role())
    )
    on conflict do nothing
    returning id into v_id;
    if not found then
        select e.id into v_id from ops.evidence_artifacts as e
        where e.sha256 = record_evidence.sha256 and e.kind = record_evidence.kind
            and (e.release_id, e.gate_id, e.check_id, e.run_id)
            is not distinct from (v_of.release_id, v_of.gate_id, p_check_id, p_run_id);
    end if;
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No evidence may have these values', detail = sqlerrm,
        hint = 'Evidence has a kind, an address (s3://, https:// or file://) and a SHA-256, and is of a release, a gate, a '
            'check or a run.';
end
$$;
comment on function ops.record_evidence is 'Notes an object that proves something.';
revoke all on function ops.record_evidence from public;
grant execute on function ops.record_evidence to service_role, ops_worker, ops_operator,
ci_service_role, qa_tester, release_manager, sre;
$ops_file$);

select pg_temp.make_function('record_gate_check', $ops_file$
-- Records the result of a gate's check and returns its id; the newest result of each check, by when
-- it happened, counts.
-- Called by builds, testers, deployments and health checks. A check of G4 is about a deployment: the release's newest,
-- unless one is named. Locks the gate and the deployment. Raises PT404, PT403, PT400, and PT409 before any deployment.
-- A retry records it again, which changes nothing.
-- Definer: nobody may write checks directly; the caller's permission for the gate is checked.
create or replace function ops.record_gate_check(
    release_id uuid,
    gate_code ops.ops_gate_code,
    name text,
    status ops.check_status,
    p_summary text default '',
    p_metadata jsonb default '{}',
    p_deployment_id uuid default null,
    p_run_id uuid default null,
    p_source text default 'sql',
    p_occurred_at timestamptz default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(record_gate_check.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, record_gate_check.gate_code);
    v_deployment_id uuid;
    v_id uuid;
begin
    if not ops.is_platform() then
        perform ops_private.require_permission(v_release.project_id, ops_private.gate_permission(v_gate.gate_code));
    end if;
    if v_gate.gate_code = 'G4' or p_deployment_id is not null then
        v_deployment_id := ops_private.deployment_to_check(v_gate, p_deployment_id);
    end if;
    insert into ops.gate_checks (
        gate_id, deployment_id, run_id, name, status, summary, metadata, source, occurred_at
    )
    values (
        v_gate.id, v_deployment_id, p_run_id, record_gate_check.name, record_gate_check.status, coalesce(p_summary, ''),
        coalesce(p_metadata, '{}'), p_source,
        -- a clock that is ahead overrules nobody for longer than it takes to arrive
        least(p_occurred_at, clock_timestamp())
    )
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'No check may have these values', detail = sqlerrm,
        hint = 'A check has a name and is passed, failed or skipped.';
end
$$;
comment on function ops.record_gate_check is 'Notes the answer to a question of a gate.';
revoke all on function ops.record_gate_check from public;
grant execute on function ops.record_gate_check to service_role, ops_operator,
ci_service_role, qa_tester, release_manager, sre;
$ops_file$);

select pg_temp.make_function('record_lineage', $ops_file$
-- Records that the run made an asset, with its code version and inputs. Called by assets once they are made.
-- Raises PT404 and PT410. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_lineage(
    p_run_id uuid,
    p_attempt int,
    p_asset_key text,
    p_partition_key text,
    p_code_version text,
    p_data_version text,
    p_inputs jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into ops.run_lineage as l (
        run_id, attempt, asset_key, partition_key, code_version, data_version, inputs
    )
    values (
        p_run_id, ops_private.require_attempt(p_run_id, p_attempt), p_asset_key, p_partition_key, p_code_version,
        p_data_version, coalesce(p_inputs, '{}')
    )
    on conflict on constraint run_lineage_run_id_attempt_asset_key_key do update
    set partition_key = excluded.partition_key, code_version = excluded.code_version,
        data_version = excluded.data_version, inputs = excluded.inputs;
end
$$;
comment on function ops.record_lineage is 'Notes what an asset was made from.';
revoke all on function ops.record_lineage from public;
grant execute on function ops.record_lineage to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_orphan_decision', $ops_file$
-- Records a person's decision about an orphan that was carried out, and returns the decision's number.
-- Called by the janitor. Locks nothing. Raises PT400 for invalid values. A retry records it again.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_orphan_decision(
    p_kind ops.orphan_kind,
    p_name text,
    p_decision ops.orphan_decision,
    p_reason text,
    p_decided_by text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id bigint;
begin
    insert into ops.orphan_decisions as d (kind, name, decision, reason, decided_by)
    values (p_kind, p_name, p_decision, p_reason, coalesce(p_decided_by, ops.caller_id(), ops.caller_role()))
    returning d.id into v_id;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No decision may have these values', detail = sqlerrm,
        hint = 'A decision has a kind, a name and a reason.';
end
$$;
comment on function ops.record_orphan_decision is 'Writes down what a person decided about an orphan.';
revoke all on function ops.record_orphan_decision from public;
grant execute on function ops.record_orphan_decision to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_poll_failure', $ops_file$
-- Records that a project's repository could not be polled, and why; the next successful poll clears it.
-- Called by polling. Locks the project's row. Raises PT404. A retry changes only the time.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_poll_failure(
    p_project_id uuid,
    p_error text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.projects as p
    set poll_failed_at = clock_timestamp(), poll_error = coalesce(nullif(p_error, ''), 'no reason given')
    where p.id = p_project_id;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    end if;
end
$$;
comment on function ops.record_poll_failure is 'Notes why a repository could not be asked.';
revoke all on function ops.record_poll_failure from public;
grant execute on function ops.record_poll_failure to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_promotion', $ops_file$
-- Points the environment at the promoted release and ends the deployment as succeeded, in one transaction: until then the
-- old release and its data serve, afterwards these data are kept until p_keep_previous_until.
-- Called by step promote once the new Odoo has proved its health, before people are let in. Locks what record_deployment
-- and move_deployment_to lock. Raises PT400 without a time for the data of before, and what these raise.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_promotion(
    p_run_id uuid,
    p_attempt int,
    p_url text,
    p_port int,
    p_database_name text,
    p_image_digest text,
    p_git_sha text,
    p_keep_previous_until timestamptz default null
)
returns ops.deployments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.lock_promotion(p_run_id, p_attempt);
    v_previous text;
begin
    v_previous := nullif(ops.record_deployment(
        p_run_id, p_attempt, p_url, p_port, p_database_name, p_image_digest, p_git_sha
    ), p_database_name);
    if v_previous is not null and p_keep_previous_until is null then
        raise sqlstate 'PT400' using
            message = 'The replaced database is kept for a while', hint = 'Say until when: p_keep_previous_until.';
    end if;
    update ops.deployments as d
    set database_name = p_database_name, previous_database_name = v_previous,
        keep_previous_until = case when v_previous is not null then p_keep_previous_until end
    where d.id = v_deployment.id;
    perform ops_private.move_deployment_to(v_deployment, 'succeeded');
    select d.* into v_deployment from ops.deployments as d where d.id = v_deployment.id;
    return v_deployment;
end
$$;
comment on function ops.record_promotion is 'Points the environment at the promoted release.';
revoke all on function ops.record_promotion from public;
grant execute on function ops.record_promotion to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_promotion_failure', $ops_file$
-- Records that a promotion failed before people were let in, and that the release and the data of before serve again:
-- fails the deployment, records the rollback of it, and opens an incident, in one transaction. Returns the incident.
-- Called by step promote after it restored the service. Locks what move_deployment_to locks. Raises PT404, PT410, and
-- PT409 if the environment serves the promoted release already.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_promotion_failure(
    p_run_id uuid,
    p_attempt int,
    p_reason text
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.lock_promotion(p_run_id, p_attempt);
    v_environment ops.environments;
    v_release ops.releases;
    v_before ops.releases;
    v_incident_id uuid;
begin
    select e.* into v_environment from ops.environments as e where e.id = v_deployment.environment_id;
    select r.* into v_release from ops.releases as r where r.id = v_deployment.release_id;
    if v_environment.deployed_run_id = p_run_id then
        raise sqlstate 'PT409' using
            message = format('Release %s serves in %s already', v_release.version, v_environment.partition_key),
            hint = 'Roll it back: ops rollback.';
    end if;
    perform ops_private.move_deployment_to(v_deployment, 'failed');
    select r.* into v_before from ops.releases as r where r.id = ops_private.release_before(v_deployment.id);
    if found and v_deployment.rollback_of is null and ops_private.serves_release(v_environment.id, v_before) then
        perform ops_private.record_rollback(v_deployment, v_before, p_reason);
    end if;
    insert into ops.incidents (project_id, deployment_id, severity, title, description, opened_by)
    values (
        v_deployment.project_id, v_deployment.id, 'major',
        format('Release %s did not reach %s', v_release.version, v_environment.partition_key),
        format('%s. The release and the data of before serve again; nobody worked in the new ones.', p_reason),
        coalesce(ops.caller_id(), ops.caller_role())
    )
    returning id into v_incident_id;
    return v_incident_id;
end
$$;
comment on function ops.record_promotion_failure is 'Records that a promotion failed and was rolled back.';
revoke all on function ops.record_promotion_failure from public;
grant execute on function ops.record_promotion_failure to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_repository_rules', $ops_file$
-- Records the rules that a run found under protect in odooops.yaml, if the run's commit is the newest one that is known
-- of the project's default branch. Returns whether they hold now: false if they differ from those that hold and the
-- commit is another one.
-- Called by the step that reads a commit. Locks the project's row. Raises PT404 and PT410, and PT400 naming the wrong
-- rule. A retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_repository_rules(
    p_run_id uuid,
    p_attempt int,
    p_rules jsonb
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
    v_policy record;
begin
    perform ops_private.require_attempt(p_run_id, p_attempt);
    for v_policy in select g.key, g.value from jsonb_each(p_rules) as g loop
        perform ops_private.refuse_rules(v_policy.key::ops.policy_type, v_policy.value);
    end loop;
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    if exists (
        select from ops.projects as p
        join ops.branch_heads as h on h.project_id = p.id and h.branch = p.default_branch
        where p.id = v_run.project_id and h.sha = v_run.git_sha
    ) then
        insert into ops.repository_rules as k (project_id, rules, git_sha, run_id)
        values (v_run.project_id, p_rules, v_run.git_sha, p_run_id)
        on conflict (project_id) do update
        set rules = excluded.rules, git_sha = excluded.git_sha, run_id = excluded.run_id,
            recorded_at = excluded.recorded_at
        where k.rules is distinct from excluded.rules;
    end if;
    return p_rules = coalesce(
        (select k.rules from ops.repository_rules as k where k.project_id = v_run.project_id), '{}'
    );
exception when invalid_text_representation then
    raise sqlstate 'PT400' using
        message = 'There is no such policy', detail = sqlerrm,
        hint = format('There are: %s.', array_to_string(enum_range(null::ops.policy_type), ', '));
end
$$;
comment on function ops.record_repository_rules is 'Records what the head of the default branch wants protected.';
revoke all on function ops.record_repository_rules from public;
grant execute on function ops.record_repository_rules to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_restore_end', $ops_file$
-- Records the end of the attempt's restore: failed with p_error_message, else succeeded, into p_database_name. The
-- report of a successful clone lists what was made harmless. Called by steps restore, clone and drill. Locks the run's
-- row. Raises PT404, PT410, PT409 for a restore of another run or one that ended otherwise, PT400 for a success without
-- its proof. Repeating it with the same end is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_restore_end(
    p_run_id uuid,
    p_attempt int,
    p_error_message text default null,
    p_database_name text default null,
    p_previous_database_name text default null,
    p_keep_previous_until timestamptz default null,
    p_report jsonb default '{}'
)
returns ops.restores
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_status ops.restore_status := case when p_error_message is null then 'succeeded' else 'failed' end;
    v_restore ops.restores;
begin
    select s.* into v_restore from ops.restores as s where s.run_id = v_run.id and s.attempt = p_attempt;
    if v_restore.status = v_status then
        return v_restore;
    elsif v_restore.status is distinct from 'running' then
        raise sqlstate 'PT409' using
            message = format('The restore of run #%s is %s and cannot become %s', v_run.run_number,
                coalesce(v_restore.status::text, 'not started by this attempt'), v_status),
            hint = 'pending - running - succeeded or failed; start it with ops.record_restore_start.';
    elsif v_status = 'succeeded' and (
        p_database_name is null or (v_restore.purpose = 'clone' and coalesce(p_report, '{}') = '{}')
    ) then
        raise sqlstate 'PT400' using
            message = 'A restore that succeeded names its database, and a clone reports what was made harmless',
            hint = 'Pass p_database_name and p_report.';
    end if;
    v_restore.error_message := p_error_message;
    v_restore.database_name := p_database_name;
    v_restore.previous_database_name := p_previous_database_name;
    v_restore.keep_previous_until := p_keep_previous_until;
    v_restore.report := coalesce(p_report, '{}');
    v_restore := ops_private.move_restore(v_restore, v_status);
    perform ops_private.write_event(
        p_run_id, case v_status when 'failed' then 'error' else 'info' end::ops.event_type,
        format('%s %s', v_restore.purpose, v_status) || coalesce(': ' || p_error_message, ''),
        jsonb_strip_nulls(jsonb_build_object('restore_id', v_restore.id, 'database', p_database_name))
    );
    return v_restore;
end
$$;
comment on function ops.record_restore_end is 'Notes how the attempt''s restore ended.';
revoke all on function ops.record_restore_end from public;
grant execute on function ops.record_restore_end to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_restore_start', $ops_file$
-- Records the start of the run's restore and returns it; one that was not requested by id, such as the clone of a
-- deployment, gets its row now, of p_backup_id. A later attempt continues an earlier one, and repeats a clone that the
-- earlier one had finished: no build uses another's database. Called by steps restore, prod_clone and drill. Locks the
-- run's and the backup's rows. Raises PT404, PT410, and PT409 for a restore that has ended and for what refuse_restore
-- refuses: the backup may have been dropped meanwhile. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_restore_start(
    p_run_id uuid,
    p_attempt int,
    p_backup_id uuid default null,
    p_purpose ops.restore_purpose default null
)
returns ops.restores
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_config jsonb := (
        -- only of kinds whose config was checked for these fields when the run was queued
        select q.config from ops.run_requests as q
        where q.run_id = v_run.id and v_run.kind in ('restore', 'clone', 'drill')
    );
    v_restore ops.restores;
    v_backup ops.backups;
    v_environment ops.environments;
    v_purpose ops.restore_purpose;
begin
    select s.* into v_restore from ops.restores as s where s.run_id = v_run.id;
    v_backup := ops_private.require_backup(
        coalesce(v_restore.backup_id, p_backup_id, (v_config ->> 'backup_id')::uuid), 'read'
    );
    v_purpose := coalesce(
        v_restore.purpose, p_purpose, (v_config ->> 'purpose')::ops.restore_purpose,
        case v_run.kind when 'restore' then 'restore' when 'drill' then 'drill' else 'clone' end::ops.restore_purpose
    );
    if v_backup.project_id <> v_run.project_id then
        raise sqlstate 'PT409' using
            message = format('Backup %s is of another project than run #%s', v_backup.id, v_run.run_number),
            hint = 'A project gets its own data only.';
    elsif v_restore.id is null then
        v_restore := ops_private.make_restore(v_run.id, v_backup.id, v_purpose);
    elsif v_restore.status in ('succeeded', 'failed')
        and not (v_restore.purpose = 'clone' and v_restore.attempt < p_attempt) then
        raise sqlstate 'PT409' using
            message = format('The restore of run #%s is %s', v_run.run_number, v_restore.status),
            hint = 'Ask for another one: ops backup restore.';
    elsif v_restore.attempt = p_attempt then
        return v_restore;
    end if;
    select e.* into v_environment from ops.environments as e where e.id = v_run.environment_id;
    perform ops_private.refuse_restore(v_backup, v_environment, v_purpose);
    v_restore.attempt := p_attempt;
    v_restore.error_message := null;
    v_restore.database_name := null;
    v_restore.report := '{}';
    v_restore := ops_private.move_restore(v_restore, 'running');
    perform ops_private.write_event(p_run_id, 'info', v_purpose || ' started', jsonb_build_object(
        'restore_id', v_restore.id, 'backup_id', v_backup.id
    ));
    return v_restore;
end
$$;
comment on function ops.record_restore_start is 'Notes that the attempt does the run''s restore.';
revoke all on function ops.record_restore_start from public;
grant execute on function ops.record_restore_start to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_restore_swap', $ops_file$
-- Points the environment at the restored database and ends the restore as succeeded, in one transaction: until then the
-- old database serves, afterwards it is kept until p_keep_previous_until.
-- Called by step restore once the restored database answers. Locks what record_deployment and record_restore_end lock,
-- and raises what they raise. Repeating it is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_restore_swap(
    p_run_id uuid,
    p_attempt int,
    p_url text,
    p_port int,
    p_database_name text,
    p_image_digest text,
    p_git_sha text,
    p_expires_at timestamptz default null,
    p_keep_previous_until timestamptz default null,
    p_report jsonb default '{}'
)
returns ops.restores
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_previous text := ops.record_deployment(
        p_run_id, p_attempt, p_url, p_port, p_database_name, p_image_digest, p_git_sha, p_expires_at
    );
begin
    return ops.record_restore_end(
        p_run_id, p_attempt,
        p_database_name => p_database_name,
        p_previous_database_name => v_previous,
        p_keep_previous_until => case when v_previous is not null then p_keep_previous_until end,
        p_report => p_report
    );
end
$$;
comment on function ops.record_restore_swap is 'Points the environment at the restored database.';
revoke all on function ops.record_restore_swap from public;
grant execute on function ops.record_restore_swap to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_retention', $ops_file$
-- Records how far the run's retention has come: the policy was applied for p_planned_at, and the store holds nothing of
-- what was dropped up to p_swept_at (null: a part of it waits for a later turn).
-- Called by step apply_policy. Locks the run's row and the project's counter. Raises PT404, PT410, and PT409 for a run
-- of another kind. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_retention(
    p_run_id uuid,
    p_attempt int,
    p_planned_at timestamptz,
    p_swept_at timestamptz default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
begin
    if v_run.kind <> 'retention' then
        raise sqlstate 'PT409' using
            message = format('Run #%s applies no retention: it is a %s run', v_run.run_number, v_run.kind),
            hint = 'Queue one that does: ops backup retention.';
    end if;
    update ops.project_counters as c
    set retention_planned_at = greatest(c.retention_planned_at, p_planned_at),
        retention_swept_at = greatest(c.retention_swept_at, p_swept_at)
    where c.project_id = v_run.project_id;
end
$$;
comment on function ops.record_retention is 'Notes how far a project''s retention has come.';
revoke all on function ops.record_retention from public;
grant execute on function ops.record_retention to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('record_rollback', $ops_file$
-- Records the rollback of a failed deployment that is done already: the release of before serves with its own data.
-- Called by record_promotion_failure, which locked the project. Locks what a deployment locks. Raises PT409 as the
-- trigger of deployments does.
create or replace function ops_private.record_rollback(
    p_failed ops.deployments,
    p_release ops.releases,
    p_reason text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rollback ops.deployments;
begin
    insert into ops.deployments as d (
        project_id, release_id, environment_id, stage, image_digest, git_shas, backup_id, no_backup_reason, rollback_of,
        with_data, reason, run_id, requested_by
    )
    values (
        p_release.project_id, p_release.id, p_failed.environment_id, p_failed.stage, p_release.image_digest,
        p_release.git_shas, p_failed.backup_id, p_failed.no_backup_reason, p_failed.id, true, p_reason,
        p_failed.run_id, coalesce(ops.caller_id(), ops.caller_role())
    )
    returning d.* into v_rollback;
    perform ops_private.move_deployment_to(v_rollback, 'succeeded');
end
$$;
comment on function ops_private.record_rollback is 'Records a rollback that is done already.';
revoke all on function ops_private.record_rollback from public;
$ops_file$);

select pg_temp.make_function('record_webhook_secret', $ops_file$
-- Records that a project's webhook has a secret of its own from now on, which the gateway reads from a file; deliveries
-- signed with the platform's secret speak for the project no longer. Returns when it was made.
-- Called by `ops webhook`. Locks the project's row. Raises PT404. A retry changes only the time.
-- Definer: nobody may write projects directly; only operators and the service role may execute this.
create or replace function ops.record_webhook_secret(
    p_project_id uuid
)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_made_at timestamptz;
begin
    update ops.projects as p set own_webhook_at = clock_timestamp()
    where p.id = p_project_id
    returning p.own_webhook_at into v_made_at;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    end if;
    return v_made_at;
end
$$;
comment on function ops.record_webhook_secret is 'Notes that a project has its own webhook''s secret.';
revoke all on function ops.record_webhook_secret from public;
grant execute on function ops.record_webhook_secret to service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('record_what_serves', $ops_file$
-- Records what a hosted environment serves as a release that was deployed there, unless the newest deployment says so
-- already: the first promotion then has something to return to. Its gates were not asked for, and it changes nothing
-- there. Called by promote_release, which locks the project. Does nothing for a build without a digest.
create or replace function ops_private.record_what_serves(
    p_environment_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_release ops.releases;
    v_deployment ops.deployments;
begin
    select e.* into v_environment from ops.environments as e where e.id = p_environment_id;
    if v_environment.deployed_run_id is null or v_environment.image_digest !~ '^sha256:[0-9a-f]{64}$'
        or v_environment.deployed_sha !~ '^[0-9a-f]{40}([0-9a-f]{24})?$' or exists (
        select from ops.deployments as d
        join ops.releases as r on r.id = d.release_id
        where
            d.environment_id = p_environment_id and d.status = 'succeeded'
            and ops_private.serves_release(p_environment_id, r)
            and not exists (
                select from ops.deployments as n
                where
                    n.environment_id = d.environment_id and n.status = 'succeeded' and n.created_at > d.created_at
            )
    ) then
        return;
    end if;
    select r.* into v_release from ops.releases as r
    where
        r.project_id = v_environment.project_id and r.status not in ('withdrawn', 'rolled_back')
        and ops_private.serves_release(p_environment_id, r)
    order by r.created_at desc
    limit 1;
    if not found then
        insert into ops.releases as r (project_id, version, git_shas, image_digest, created_by, run_id, notes)
        select
            v_environment.project_id, 'served-' || q.run_number,
            ops_private.git_shas_of(v_environment.project_id, v_environment.deployed_sha), v_environment.image_digest,
            coalesce(q.requested_by, ops.caller_id(), ops.caller_role()), q.run_id,
            format('What %s served before its first promotion.', v_environment.partition_key)
        from ops.run_requests as q
        where q.run_id = v_environment.deployed_run_id
        on conflict (project_id, version) do nothing
        returning r.* into v_release;
        if not found then
            return;
        end if;
        perform ops_private.make_gates(v_release);
        update ops.release_gates as g set is_required = false where g.release_id = v_release.id;
    end if;
    insert into ops.deployments (
        project_id, release_id, environment_id, stage, image_digest, git_shas, no_backup_reason, reason, run_id,
        requested_by
    )
    values (
        v_release.project_id, v_release.id, p_environment_id, v_environment.stage, v_release.image_digest,
        v_release.git_shas, 'it served already', 'it served before the first promotion', v_environment.deployed_run_id,
        v_release.created_by
    )
    returning * into v_deployment;
    perform ops_private.move_deployment_to(v_deployment, 'succeeded');
end
$$;
comment on function ops_private.record_what_serves is 'Records what an environment serves as its first release.';
revoke all on function ops_private.record_what_serves from public;
$ops_file$);

select pg_temp.make_function('refusal_of_event', $ops_file$
-- Returns the answer to the sender for an error while an event was carried out; null if the error is not the sender's
-- fault, such as a deadlock. Locks and raises nothing.
create or replace function ops_private.refusal_of_event(
    p_state text,
    p_message text,
    p_field text,
    p_hint text
)
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    'http_status', case s.code when 404 then 409 else s.code end, 'status', 'rejected', 'message', p_message,
    'field', p_field, 'hint', p_hint, 'ids', '{}'::jsonb
)
from (
    select case
        when p_state ~ '^PT4\d\d$' then right(p_state, 3)::int
        when p_state = '42501' then 403
        when p_state in ('23503', '23505') then 409
        when p_state ~ '^(22|23)' then 400
    end as code
) as s
where s.code is not null
$$;
comment on function ops_private.refusal_of_event is 'The answer to who sent an event that was refused.';
revoke all on function ops_private.refusal_of_event from public;
$ops_file$);

select pg_temp.make_function('refusal_of_key', $ops_file$
-- Returns the answer to a sender whose key does not work; null for a key that does, whose use is noted once a minute.
-- Called by receive_event. Both hashes are compared by a hash with a fresh salt: the time it takes says nothing of the
-- stored one. Locks the key's row where its use is noted, unless another delivery does. Raises nothing.
create or replace function ops_private.refusal_of_key(
    p_key ops.event_keys,
    p_key_sha256 text
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_salt text := gen_random_uuid()::text;
    v_shown text := encode(sha256(convert_to(coalesce(p_key_sha256, ''), 'UTF8')), 'hex');
    v_is_right boolean := sha256(convert_to(v_salt || v_shown, 'UTF8'))
        = sha256(convert_to(v_salt || coalesce(p_key.key_sha256, ''), 'UTF8'));
    v_now timestamptz := clock_timestamp();
begin
    if p_key.id is null or not v_is_right then
        return ops_private.refusal_of_event('PT401', 'The key is not known', null, 'Make one: ops key create.');
    elsif p_key.revoked_at is not null or p_key.expires_at <= v_now then
        return ops_private.refusal_of_event(
            'PT401', format('The key %s was revoked or has expired', p_key.prefix), null, 'Make one: ops key create.'
        );
    end if;
    update ops.event_keys as k set last_used_at = v_now
    where k.id in (
        select o.id from ops.event_keys as o
        where o.id = p_key.id and coalesce(o.last_used_at < v_now - interval '1 minute', true)
        for no key update skip locked
    );
    return null;
end
$$;
comment on function ops_private.refusal_of_key is 'The answer to a sender whose key does not work.';
revoke all on function ops_private.refusal_of_key from public;
$ops_file$);

select pg_temp.make_function('refusal_of_push', $ops_file$
-- Returns why no project follows pushes to a repository that were signed with one project's secret, or with the
-- platform's: unknown_project, own_secret, or null if there is one. Called by receive_push. Locks and raises nothing.
create or replace function ops_private.refusal_of_push(
    p_repo_url text,
    p_project_id uuid
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when count(*) = 0 then 'unknown_project'
    when p_project_id is null and bool_and(p.own_webhook_at is not null) then 'own_secret'
end
from ops.projects as p
where
    p.status = 'active' and ops.normalise_repo_url(p.repo_url) = ops.normalise_repo_url(p_repo_url)
    and (p_project_id is null or p.id = p_project_id)
$$;
comment on function ops_private.refusal_of_push is 'Why nobody follows a push.';
revoke all on function ops_private.refusal_of_push from public;
$ops_file$);

select pg_temp.make_function('refuse_attempt', $ops_file$
-- Refuses a worker that does not own the run: PT404 for an unknown run, PT410 for a lost attempt.
-- Called by every fenced RPC whose statement found no row.
create or replace function ops_private.refuse_attempt(
    p_run_id uuid,
    p_attempt int
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    raise sqlstate 'PT410' using
        message = format('Attempt %s of run #%s is over', p_attempt, v_run.run_number),
        detail = format(
            'The run is %s at attempt %s%s.', v_run.status, v_run.attempt, coalesce(', held by ' || v_run.claimed_by, '')
        ),
        hint = 'Stop the work: whatever this attempt writes is refused.';
end
$$;
comment on function ops_private.refuse_attempt is 'Tells a worker that its attempt is over.';
revoke all on function ops_private.refuse_attempt from public;
$ops_file$);

select pg_temp.make_function('refuse_backup_change', $ops_file$
-- Refuses an invalid change of a backup's state. Called by functions that change the state. Locks
-- nothing; always raises PT409.
create or replace function ops_private.refuse_backup_change(
    p_backup ops.backups,
    p_to ops.backup_status
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    raise sqlstate 'PT409' using
        message = format('Backup %s is %s and cannot become %s', p_backup.id, p_backup.status, p_to),
        hint = 'pending - running - stored - verified, or failed on the way; dropped at the end.';
end
$$;
comment on function ops_private.refuse_backup_change is 'Refuses a change of a backup''s state that is not drawn.';
revoke all on function ops_private.refuse_backup_change from public;
$ops_file$);

select pg_temp.make_function('refuse_change', $ops_file$
-- Refuses to change or delete recorded rows. Fired by the append-only tables. Always raises PT409.
create or replace function ops_private.refuse_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    raise sqlstate 'PT409' using
        message = format('%s.%s is append-only', tg_table_schema, tg_table_name),
        detail = format('A statement tried to %s it.', lower(tg_op)),
        hint = 'Add a new row that corrects the old one.';
end
$$;
comment on function ops_private.refuse_change is 'Refuses to change what is on the record.';
revoke all on function ops_private.refuse_change from public;
$ops_file$);

select pg_temp.make_function('refuse_config', $ops_file$
-- Refuses a config with a field that runs of the kind do not take, with a value of another type, with a field that
-- takes a permission which the caller does not have, or one that is too large. A null is the same as no field. Called by
-- queue_run and enroll_run. Locks nothing. Raises PT400 and PT403, which name the field and the permission.
create or replace function ops_private.refuse_config(
    p_project_id uuid,
    p_kind ops.run_kind,
    p_config jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    c_most_bytes constant int := 256 * 1024;
    v_given record;
    v_kinds text;
    v_permissions text;
begin
    if coalesce(p_config, '{}') = '{}' then
        return;
    elsif jsonb_typeof(p_config) <> 'object' or octet_length(p_config::text) > c_most_bytes then
        raise sqlstate 'PT400' using
            message = 'The config of a run is a JSON object of at most 256 kB',
            hint = 'ops.run_config_fields lists its fields.';
    end if;
    for v_given in
        select g.key, jsonb_typeof(g.value) as json_type, f.json_type as wanted, f.permissions
        from jsonb_each(p_config) as g (key, value)
        left join ops.run_config_fields() as f on f.kind = p_kind and f.field = g.key
        where jsonb_typeof(g.value) <> 'null'
    loop
        if v_given.wanted is null then
            select string_agg(f.kind::text, ', ' order by f.kind), string_agg(distinct array_to_string(f.permissions, ' or '), ', ')
            into v_kinds, v_permissions
            from ops.run_config_fields() as f
            where f.field = v_given.key;
            raise sqlstate 'PT400' using
                message = format('A %s run takes no %s in its config', p_kind, left(v_given.key, 100)),
                hint = coalesce(
                    'Runs of kind ' || v_kinds || ' take it, with permission ' || v_permissions || '.',
                    'ops.run_config_fields lists what runs take.'
                );
        elsif v_given.json_type <> v_given.wanted then
            raise sqlstate 'PT400' using
                message = format('%s in the config of a %s run is no %s', v_given.key, p_kind, v_given.wanted),
                hint = 'ops.run_config_fields lists the types.';
        elsif not exists (
            select from unnest(v_given.permissions) as p (name) where ops.has_permission(p_project_id, p.name)
        ) then
            raise sqlstate 'PT403' using
                message = format('You may not set %s in the config of a %s run', v_given.key, p_kind),
                hint = format('It takes permission %s.', array_to_string(v_given.permissions, ' or '));
        end if;
    end loop;
end
$$;
comment on function ops_private.refuse_config is
'Refuses a config that runs of the kind do not take, or the caller may not set.';
revoke all on function ops_private.refuse_config from public;
$ops_file$);

select pg_temp.make_function('refuse_envelope', $ops_file$
-- Refuses a malformed envelope. Locks nothing. Raises PT413 for one that is too large, PT422 for an unknown schema
-- version, PT400 naming the field in the error's column.
create or replace function ops_private.refuse_envelope(
    p_envelope jsonb,
    p_text text
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := p_envelope ->> 'event_type';
    v_wrong record;
begin
    if greatest(octet_length(p_text), pg_column_size(p_envelope)) > 262144 then
        raise sqlstate 'PT413' using
            message = 'The envelope is too large',
            hint = 'An envelope has at most 256 kB; put what is larger into the store and name it as evidence.';
    elsif jsonb_typeof(p_envelope) is distinct from 'object' then
        perform ops_private.refuse_field('envelope', 'must be an object');
    elsif p_text is null then
        perform ops_private.refuse_field('envelope', 'must have at most 32 levels, and numbers below 1e18 and above 1e-18');
    elsif jsonb_typeof(p_envelope -> 'schema_version') is distinct from 'string' then
        perform ops_private.refuse_field('schema_version', 'must be a text, such as 1.0');
    elsif p_envelope ->> 'schema_version' not in ('1', '1.0') then
        raise sqlstate 'PT422' using
            message = format('Schema version %s is not known', left(p_envelope ->> 'schema_version', 40)),
            column = 'schema_version', hint = 'Send 1.0.';
    elsif jsonb_typeof(p_envelope -> 'event_type') is distinct from 'string' or v_type not in (
        'build_complete', 'gate_signoff', 'deployment_event', 'health_check', 'environment_event'
    ) then
        perform ops_private.refuse_field('event_type', 'must be build_complete, gate_signoff, deployment_event, health_check or '
            || 'environment_event');
    end if;
    select f.* into v_wrong
    from ops_private.envelope_fields() as f
    where case
        when coalesce(jsonb_typeof(p_envelope -> f.field), 'null') = 'null' then v_type = any (f.needed_by)
        else jsonb_typeof(p_envelope -> f.field) <> f.json_type or p_envelope ->> f.field !~ f.pattern
    end
    order by f.place
    limit 1;
    if found then
        perform ops_private.refuse_field(v_wrong.field, case
            when p_envelope -> v_wrong.field is null then 'is missing: it is ' else 'must be '
        end || v_wrong.meaning);
    end if;
    perform ops_private.refuse_event_time(p_envelope ->> 'occurred_at');
    perform ops_private.refuse_event_status(v_type, p_envelope ->> 'status');
    perform ops_private.refuse_event_checks(p_envelope -> 'checks');
    perform ops_private.refuse_event_evidence(
        p_envelope -> 'evidence', ops_private.event_check_names(p_envelope)
    );
end
$$;
comment on function ops_private.refuse_envelope is 'Refuses an envelope that cannot be understood.';
revoke all on function ops_private.refuse_envelope from public;
$ops_file$);

select pg_temp.make_function('refuse_event_checks', $ops_file$
-- Refuses malformed checks of an event: each needs a unique name and a status. Locks nothing; raises
-- PT400 naming the part.
create or replace function ops_private.refuse_event_checks(p_checks jsonb)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_check jsonb;
    v_place int := 0;
    v_names text[] := '{}';
begin
    if coalesce(jsonb_typeof(p_checks), 'null') = 'null' then
        return;
    elsif jsonb_array_length(p_checks) > 500 then
        perform ops_private.refuse_field('checks', 'must have at most 500 entries');
    end if;
    for v_check in select c.value from jsonb_array_elements(p_checks) as c loop
        perform ops_private.refuse_part('checks', v_place, v_check, '{name,status}', '{name,status,summary}');
        if ops_private.check_status_of(v_check ->> 'status') is null then
            perform ops_private.refuse_field(format('checks[%s].status', v_place), 'must be pass, fail or skipped');
        elsif coalesce(jsonb_typeof(v_check -> 'metadata'), 'object') not in ('object', 'null') then
            perform ops_private.refuse_field(format('checks[%s].metadata', v_place), 'must be an object');
        elsif v_check ->> 'name' = any (v_names) then
            perform ops_private.refuse_field(format('checks[%s].name', v_place), 'must not come twice');
        end if;
        v_names := v_names || (v_check ->> 'name');
        v_place := v_place + 1;
    end loop;
end
$$;
comment on function ops_private.refuse_event_checks is 'Refuses checks of an event that are not well-formed.';
revoke all on function ops_private.refuse_event_checks from public;
$ops_file$);

select pg_temp.make_function('refuse_event_evidence', $ops_file$
-- Refuses malformed evidence of an event: each needs a kind, an address and a hash, and may name one of the event's
-- checks as what it proves. Locks nothing; raises PT400 naming the part.
create or replace function ops_private.refuse_event_evidence(
    p_evidence jsonb,
    p_checks text[]
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_entry jsonb;
    v_place int := 0;
begin
    if coalesce(jsonb_typeof(p_evidence), 'null') = 'null' then
        return;
    elsif jsonb_array_length(p_evidence) > 100 then
        perform ops_private.refuse_field('evidence', 'must have at most 100 entries');
    end if;
    for v_entry in select e.value from jsonb_array_elements(p_evidence) as e loop
        perform ops_private.refuse_part(
            'evidence', v_place, v_entry, '{kind,s3_url,sha256}', '{kind,s3_url,sha256,content_type,check}'
        );
        if v_entry ->> 'sha256' !~ '^[0-9a-f]{64}$' then
            perform ops_private.refuse_field(format('evidence[%s].sha256', v_place), 'must be 64 hexadecimal digits');
        elsif v_entry ->> 's3_url' !~ '^((s3|https|file)://|memory:)[^[:cntrl:]]+$' then
            perform ops_private.refuse_field(format('evidence[%s].s3_url', v_place), 'must begin with s3://, https:// or file://');
        elsif coalesce(jsonb_typeof(v_entry -> 'size_bytes'), 'null') not in ('number', 'null')
            or (v_entry ->> 'size_bytes')::numeric not between 0 and 9007199254740991
            or (v_entry ->> 'size_bytes')::numeric <> trunc((v_entry ->> 'size_bytes')::numeric) then
            perform ops_private.refuse_field(format('evidence[%s].size_bytes', v_place), 'must be a whole number of bytes');
        end if;
        if v_entry ->> 'check' is not null and v_entry ->> 'check' <> all (p_checks) then
            perform ops_private.refuse_field(format('evidence[%s].check', v_place), 'must name a check of this event');
        end if;
        v_place := v_place + 1;
    end loop;
end
$$;
comment on function ops_private.refuse_event_evidence is 'Refuses evidence of an event that is not well-formed.';
revoke all on function ops_private.refuse_event_evidence from public;
$ops_file$);

select pg_temp.make_function('refuse_event_status', $ops_file$
-- Refuses a status that events of this type do not have. Locks nothing; raises PT400.
create or replace function ops_private.refuse_event_status(
    p_type text,
    p_status text
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_type in ('build_complete', 'health_check') and ops_private.check_status_of(p_status) is null then
        perform ops_private.refuse_field('status', 'must be pass, fail or skipped');
    elsif p_type = 'deployment_event' and p_status not in ('running', 'succeeded', 'failed') then
        perform ops_private.refuse_field('status', 'must be running, succeeded or failed');
    end if;
end
$$;
comment on function ops_private.refuse_event_status is 'Refuses a status that events of this type do not have.';
revoke all on function ops_private.refuse_event_status from public;
$ops_file$);

select pg_temp.make_function('refuse_event_time', $ops_file$
-- Refuses a time that is invalid or in the future; it tolerates five minutes of difference between clocks.
-- Locks nothing; raises PT400.
create or replace function ops_private.refuse_event_time(p_time text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_time::timestamptz > statement_timestamp() + interval '5 minutes' then
        perform ops_private.refuse_field('occurred_at', 'must not be in the future');
    end if;
exception when invalid_datetime_format or datetime_field_overflow or invalid_parameter_value then
    perform ops_private.refuse_field('occurred_at', 'must be a time that exists');
end
$$;
comment on function ops_private.refuse_event_time is 'Refuses a time that does not exist or is still to come.';
revoke all on function ops_private.refuse_event_time from public;
$ops_file$);

select pg_temp.make_function('refuse_field', $ops_file$
-- Refuses a field of an envelope, by its name. Called by functions that read envelopes. Always raises PT400.
create or replace function ops_private.refuse_field(
    p_field text,
    p_fault text
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    raise sqlstate 'PT400' using
        message = format('%s %s', p_field, p_fault), column = p_field,
        hint = 'The envelope is described by ops_private.envelope_fields().';
end
$$;
comment on function ops_private.refuse_field is 'Refuses a field of an envelope, by its name.';
revoke all on function ops_private.refuse_field from public;
$ops_file$);

select pg_temp.make_function('refuse_harm', $ops_file$
-- Refuses work that would write to an adopted environment, replace production's data, destroy production if the caller
-- did not name it (a job started on all partitions names nobody), or destroy its only copy. run_kinds lists what a kind
-- may do. Locks the environment against adoption until the work is queued. Raises PT409.
create or replace function ops_private.refuse_harm(
    p_environment_id uuid,
    p_kind ops.run_kind,
    p_config jsonb
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_effect text;
begin
    select e.* into v_environment from ops.environments as e where e.id = p_environment_id for key share;
    select k.effect into v_effect from ops.run_kinds() as k where k.kind = p_kind;
    if v_effect in ('new', 'replace') then
        perform ops_private.refuse_replacement(v_environment, p_kind);
        return;
    end if;
    if v_effect <> 'remove' or v_environment.database_name is null then
        return;
    end if;
    if coalesce(p_config ->> 'confirm', '') <> v_environment.partition_key then
        raise sqlstate 'PT409' using
            message = format('%s is production, and nobody confirmed that it shall be destroyed', v_environment.partition_key),
            hint = format(
                'Use ops env destroy, which asks; or confirm it by name: config {"confirm": "%1$s"}, in Dagster the tag '
                'ops/confirm=%1$s.', v_environment.partition_key
            );
    end if;
    if coalesce(p_config ->> 'without_backup', '') <> 'true' and not exists (
        select from ops.backups as b where b.environment_id = v_environment.id and b.status = 'verified'
    ) then
        raise sqlstate 'PT409' using
            message = format('%s has no verified backup', v_environment.partition_key),
            hint = 'Take one: ops backup create; or give its data up: ops env destroy --without-backup.';
    end if;
end
$$;
comment on function ops_private.refuse_harm is 'Refuses work that would harm production.';
revoke all on function ops_private.refuse_harm from public;
$ops_file$);

select pg_temp.make_function('refuse_ineligible', $ops_file$
-- Refuses a promotion with unmet requirements. Called by promote_release and by the trigger of deployments. Locks
-- nothing; raises PT409 with every unmet requirement in its detail.
create or replace function ops_private.refuse_ineligible(
    p_release_id uuid,
    p_stage ops.environment_stage
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unmet text;
    v_version text;
begin
    if p_stage = 'development' then
        v_unmet := 'nothing is promoted to development';
    else
        select string_agg(p.requirement || ': ' || p.detail, '; ') into v_unmet
        from ops_private.promotion_requirements(p_release_id, p_stage) as p
        where not p.is_met;
    end if;
    if v_unmet is not null then
        select r.version into v_version from ops.releases as r where r.id = p_release_id;
        raise sqlstate 'PT409' using
            message = format('Release %s is not eligible for %s', v_version, p_stage),
            detail = v_unmet,
            hint = 'Meet what is missing, or have it waived; ops.explain_promotion lists it.';
    end if;
end
$$;
comment on function ops_private.refuse_ineligible is 'Refuses a promotion for which something is missing.';
revoke all on function ops_private.refuse_ineligible from public;
$ops_file$);

select pg_temp.make_function('refuse_ineligible_deployment', $ops_file$
-- Refuses an ineligible deployment, from any writer: one that the gates do not allow, or a rollback to
-- anything but the previous release. What its environment serves already, by the run that brought it there, changes
-- nothing and asks no gate. Fired by deployments. Locks the release and its gates, so that no decision changes
-- meanwhile. Raises PT409.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_ineligible_deployment()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.releases as r where r.id = new.release_id for no key update;
    perform from ops.release_gates as g where g.release_id = new.release_id order by g.gate_code for no key update;
    if new.rollback_of is null and new.run_id is not null and exists (
        select from ops.environments as e
        join ops.releases as r on r.id = new.release_id
        where
            e.id = new.environment_id and e.deployed_run_id = new.run_id
            and ops_private.serves_release(e.id, r)
    ) then
        return new;
    elsif new.rollback_of is null then
        perform ops_private.refuse_ineligible(new.release_id, new.stage);
    elsif new.release_id is distinct from ops_private.release_before(new.rollback_of) then
        raise sqlstate 'PT409' using
            message = 'A rollback goes back to the release that was there before, and only from the newest deployment',
            hint = 'Use ops.rollback_deployment on the newest deployment of the environment.';
    end if;
    return new;
end
$$;
comment on function ops_private.refuse_ineligible_deployment is 'Refuses a deployment that the gates do not allow.';
revoke all on function ops_private.refuse_ineligible_deployment from public;
$ops_file$);

select pg_temp.make_function('refuse_interested_approver', $ops_file$
-- Refuses a decision on a gate by the release's author, whatever name either has here. Fired by approvals, for any
-- writer. Locks nothing. Raises PT403, and PT400 for a name that is nobody's.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_interested_approver()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_persons text[] := ops_private.persons_of(new.approver_id);
begin
    if v_persons = '{}' then
        raise sqlstate 'PT400' using
            message = 'A decision is somebody''s', column = 'approver_id', hint = 'Name the person: approver_id.';
    elsif new.approver_id <> new.release_author -- the table's own check refuses the same name
        and ops.person_of(new.release_author) = any (v_persons) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot approve it', new.approver_id), column = 'approver_id',
            hint = 'Ask somebody else: four eyes.';
    end if;
    return new;
end
$$;
comment on function ops_private.refuse_interested_approver is 'Refuses a decision by who has a part in the release.';
revoke all on function ops_private.refuse_interested_approver from public;
$ops_file$);

select pg_temp.make_function('refuse_interested_grant', $ops_file$
-- Refuses that an exception is granted by the release's author or by who requested it, whatever names they have here.
-- Glass is broken when nobody else is there; the platform that acts as itself is no person. Fired by exceptions, for any
-- writer. Locks nothing; raises PT403.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_interested_grant()
returns trigger
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_persons text[] := ops_private.persons_of(new.granted_by);
begin
    if new.is_break_glass or new.granted_by = new.release_author or ( -- the table's own check refuses the second
        ops.is_platform() and new.granted_by = ops.caller_id() and coalesce(ops.caller_claims() ->> 'sub', '') = ''
    ) then
        return new;
    elsif ops.person_of(new.release_author) = any (v_persons) then
        raise sqlstate 'PT403' using
            message = format('%s made this release and cannot waive its gates', new.granted_by),
            hint = 'Ask somebody else: four eyes.';
    elsif ops.person_of(new.requested_by) = any (v_persons) then
        raise sqlstate 'PT403' using
            message = format('%s requested this exception and cannot grant it', new.granted_by),
            hint = 'Ask somebody else; alone, in an emergency, break glass: ops.break_glass.';
    end if;
    return new;
end
$$;
comment on function ops_private.refuse_interested_grant is 'Refuses a grant by who has a part in the exception.';
revoke all on function ops_private.refuse_interested_grant from public;
$ops_file$);

select pg_temp.make_function('refuse_key_events', $ops_file$
-- Refuses event types that a persona may not send: such a key would only collect refusals. Called by create_event_key.
-- Locks nothing; raises PT400.
create or replace function ops_private.refuse_key_events(
    p_persona text,
    p_event_types text[]
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_foreign text;
begin
    select string_agg(t.event_type, ', ' order by t.event_type) into v_foreign
    from unnest(p_event_types) as t (event_type)
    where not exists (
        select from ops.roles as r
        where r.role = p_persona and r.permissions && ops_private.event_permissions(t.event_type)
    );
    if v_foreign is not null then
        raise sqlstate 'PT400' using
            message = format('A %s does not send %s', p_persona, v_foreign),
            hint = 'ci_service_role sends build_complete, qa_tester and release_manager gate_signoff, sre the others.';
    end if;
end
$$;
comment on function ops_private.refuse_key_events is 'Refuses event types that a persona may not send.';
revoke all on function ops_private.refuse_key_events from public;
$ops_file$);

select pg_temp.make_function('refuse_late_promotion', $ops_file$
-- Refuses to start a promotion that the gates allowed when it was asked for and do not allow any more: an exception
-- ended, or a freeze began, while it waited. Fired by deployments that start, for any writer; a rollback is never
-- late. Locks the release and its gates, so that no decision changes meanwhile. Raises PT409.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_late_promotion()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.releases as r where r.id = new.release_id for no key update;
    perform from ops.release_gates as g where g.release_id = new.release_id order by g.gate_code for no key update;
    perform ops_private.refuse_ineligible(new.release_id, new.stage);
    return new;
end
$$;
comment on function ops_private.refuse_late_promotion is
'Refuses to start a promotion that the gates do not allow any more.';
revoke all on function ops_private.refuse_late_promotion from public;
$ops_file$);

select pg_temp.make_function('refuse_own_names', $ops_file$
-- Refuses an idempotency key or a source of the platform's own name space: such an event would take the place of what
-- the platform tells of its runs. Called by answer_event for all other senders. Locks nothing; raises PT400 naming
-- the field.
create or replace function ops_private.refuse_own_names(p_envelope jsonb)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_envelope ->> 'idempotency_key' like 'odooops/%' then
        perform ops_private.refuse_field('idempotency_key', 'must not begin with odooops/, as those of the platform''s own runs');
    elsif p_envelope ->> 'source' = 'odooops' then
        perform ops_private.refuse_field('source', 'must not be odooops, which is the platform itself');
    end if;
end
$$;
comment on function ops_private.refuse_own_names is 'Refuses the name space of the platform''s own events.';
revoke all on function ops_private.refuse_own_names from public;
$ops_file$);

select pg_temp.make_function('refuse_part', $ops_file$
-- Refuses an entry of a list that is no object, or whose texts are missing, empty or over 2000 characters. Called by
-- functions that read envelopes. Locks nothing; raises PT400 naming the part.
create or replace function ops_private.refuse_part(
    p_list text,
    p_place int,
    p_entry jsonb,
    p_needed text[],
    p_texts text[]
)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text;
begin
    if jsonb_typeof(p_entry) <> 'object' then
        perform ops_private.refuse_field(format('%s[%s]', p_list, p_place), 'must be an object');
    end if;
    foreach v_name in array p_texts loop
        if v_name = any (p_needed) and coalesce(p_entry ->> v_name, '') = '' then
            perform ops_private.refuse_field(format('%s[%s].%s', p_list, p_place, v_name), 'is missing');
        elsif coalesce(jsonb_typeof(p_entry -> v_name), 'null') not in ('string', 'null')
            or length(p_entry ->> v_name) > 2000 then
            perform ops_private.refuse_field(
                format('%s[%s].%s', p_list, p_place, v_name), 'must be a text of at most 2000 characters'
            );
        end if;
    end loop;
end
$$;
comment on function ops_private.refuse_part is 'Refuses an entry of a list that is not well-formed.';
revoke all on function ops_private.refuse_part from public;
$ops_file$);

select pg_temp.make_function('refuse_platform_names', $ops_file$
-- Refuses names that are the platform's: a trigger that is not the caller's own, and idempotency keys of the platform's
-- clocks, which begin with platform: and go with the trigger schedule only. A person may come through api or cli, and
-- repeats a run with retry.
-- Called by queue_run. Locks nothing. Raises PT403.
create or replace function ops_private.refuse_platform_names(
    p_trigger text,
    p_idempotency_key text,
    p_retry_of uuid
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_idempotency_key like 'platform:%' and p_trigger is distinct from 'schedule' then
        raise sqlstate 'PT403' using
            message = 'Idempotency keys that begin with platform: are the platform''s own',
            hint = 'Use another key.';
    elsif not (p_trigger in ('api', 'cli') or (p_trigger = 'retry' and p_retry_of is not null))
        and not ops.is_platform() then
        raise sqlstate 'PT403' using
            message = format('You may not queue a run with trigger %s', p_trigger),
            hint = 'Leave p_trigger out, or pass api or cli.';
    end if;
end
$$;
comment on function ops_private.refuse_platform_names is 'Refuses names that are the platform''s.';
revoke all on function ops_private.refuse_platform_names from public;
$ops_file$);

select pg_temp.make_function('refuse_replacement', $ops_file$
-- Refuses to point an environment at a database if a run of the kind may not do that: by its effect, so that a
-- kind that is not known to replace data replaces none. Without a database it means any other than the current
-- one. Called by refuse_harm before the run, and by record_deployment and require_deployable while it works.
-- Locks nothing. Raises PT409.
create or replace function ops_private.refuse_replacement(
    p_environment ops.environments,
    p_kind ops.run_kind,
    p_database_name text default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rule record;
begin
    select k.* into v_rule from ops.run_kinds() as k where k.kind = p_kind;
    if v_rule.effect is null or v_rule.effect not in ('new', 'replace') then
        raise sqlstate 'PT409' using
            message = format('A %s run deploys nothing to %s', p_kind, p_environment.partition_key),
            hint = 'Deploy the branch: ops run create --kind deploy; or restore a backup: ops backup restore.';
    elsif p_environment.is_adopted then
        raise sqlstate 'PT409' using
            message = format('%s is adopted: it can be backed up and cloned, nothing more', p_environment.partition_key),
            hint = 'Clone it into another environment, or host it: ops env destroy forgets the adopted one.';
    elsif p_environment.stage <> all (v_rule.stages) then
        raise sqlstate 'PT409' using
            message = format('A %s run does not work on %s, which is %s', p_kind, p_environment.partition_key,
                p_environment.stage),
            hint = 'Restore a backup of production: ops backup restore; a clone goes to another environment.';
    elsif p_environment.stage = 'production' and v_rule.effect <> 'replace'
        and p_environment.database_name <> coalesce(p_database_name, '') then
        raise sqlstate 'PT409' using
            message = format('%s has data%s: a deployment would start from an empty database',
                p_environment.partition_key,
                case when p_database_name is not null then ' in ' || p_environment.database_name end),
            hint = 'It runs; ops env show says where. A push to its branch is built, and changes nothing there.';
    end if;
end
$$;
comment on function ops_private.refuse_replacement is 'Refuses a change of the database that an environment serves.';
revoke all on function ops_private.refuse_replacement from public;
$ops_file$);

select pg_temp.make_function('refuse_replay', $ops_file$
-- Refuses a new event that is older than the log's memory: it may be a repeat whose first delivery was forgotten. A
-- project younger than that has forgotten nothing. Called by accept_event for keys that the log does not know. Locks
-- nothing; raises PT400.
create or replace function ops_private.refuse_replay(
    p_project_id uuid,
    p_occurred_at timestamptz
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days int := (ops_private.rules_in_force(p_project_id, 'ttl') ->> 'ingest_days')::int;
    v_forgotten timestamptz := statement_timestamp() - make_interval(days => v_days);
begin
    if p_occurred_at < v_forgotten and exists (
        select from ops.projects as p where p.id = p_project_id and p.created_at < v_forgotten
    ) then
        raise sqlstate 'PT400' using
            message = format('occurred_at must not be older than %s days', v_days), column = 'occurred_at',
            hint = 'Older deliveries are forgotten, and this may be one of them; the policy is ttl.ingest_days.';
    end if;
end
$$;
comment on function ops_private.refuse_replay is 'Refuses an event that may be a forgotten repeat.';
revoke all on function ops_private.refuse_replay from public;
$ops_file$);

select pg_temp.make_function('refuse_restore', $ops_file$
-- Refuses a restore of an unverified backup, one that would leak production, and one that would overwrite production
-- with another stage's data. Locks nothing. Raises PT409.
create or replace function ops_private.refuse_restore(
    p_backup ops.backups,
    p_environment ops.environments,
    p_purpose ops.restore_purpose
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_backup.status <> 'verified' then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s, not verified', p_backup.id, p_backup.status),
            hint = 'Take one that is: ops backup list.';
    elsif p_environment.is_adopted and p_purpose = 'restore' then
        raise sqlstate 'PT409' using
            message = format('%s is adopted: nothing here writes it', p_environment.partition_key),
            hint = 'Clone the backup into another environment, or restore it where production runs.';
    elsif p_environment.stage = 'production' and (p_purpose = 'clone' or p_backup.stage <> 'production') then
        raise sqlstate 'PT409' using
            message = 'Production gets back its own data, whole: no clone, no backup of another stage',
            hint = 'Restore a backup of production.';
    elsif p_environment.stage <> 'production' and p_purpose = 'restore' and p_backup.stage = 'production' then
        raise sqlstate 'PT409' using
            message = format('Production''s data does not go to %s as it is', p_environment.name),
            hint = 'Clone it: its data is made harmless on the way.';
    end if;
end
$$;
comment on function ops_private.refuse_restore is 'Refuses a use of a backup that would do harm.';
revoke all on function ops_private.refuse_restore from public;
$ops_file$);

select pg_temp.make_function('refuse_rules', $ops_file$
-- Refuses rules that a policy of this type does not have. Locks nothing; raises PT400 naming the rule.
create or replace function ops_private.refuse_rules(
    p_type ops.policy_type,
    p_rules jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong text;
begin
    if jsonb_typeof(p_rules) is distinct from 'object' then
        v_wrong := 'A policy is an object';
    else
        select case
            when r.rule is null then format('%s: the policy %s has no such rule', g.key, p_type)
            else format('%s %s', g.key, ops_private.rule_fault(r.kind, g.value, r.minimum, r.maximum))
        end into v_wrong
        from jsonb_each(p_rules) as g
        left join ops.policy_rules() as r on r.policy_type = p_type and r.rule = g.key
        where r.rule is null or ops_private.rule_fault(r.kind, g.value, r.minimum, r.maximum) is not null
        order by g.key
        limit 1;
    end if;
    if v_wrong is not null then
        raise sqlstate 'PT400' using
            message = v_wrong,
            hint = format('Its rules: %s.', (
                select string_agg(r.rule, ', ') from ops.policy_rules() as r where r.policy_type = p_type
            ));
    end if;
end
$$;
comment on function ops_private.refuse_rules is 'Refuses rules that no policy of this type may hold.';
revoke all on function ops_private.refuse_rules from public;
$ops_file$);

select pg_temp.make_function('refuse_shas', $ops_file$
-- Refuses a value that is not one commit per repository. Locks nothing; raises PT400.
create or replace function ops_private.refuse_shas(p_git_shas jsonb)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong text;
begin
    if jsonb_typeof(p_git_shas) is distinct from 'object' then
        v_wrong := 'They are not an object';
    else
        select format('That of %s is not', s.key) into v_wrong
        from jsonb_each(p_git_shas) as s
        where s.key = '' or jsonb_typeof(s.value) <> 'string' or s.value #>> '{}' !~ '^([0-9a-f]{40}|[0-9a-f]{64})$'
        limit 1;
    end if;
    if v_wrong is not null then
        raise sqlstate 'PT400' using
            message = 'git_shas names the full commit of every repository',
            detail = v_wrong || '.',
            hint = 'Write them as {"acme/shop": "40 hexadecimal digits"}.';
    end if;
end
$$;
comment on function ops_private.refuse_shas is 'Refuses commits that are not a commit per repository.';
revoke all on function ops_private.refuse_shas from public;
$ops_file$);

select pg_temp.make_function('refuse_unreleased', $ops_file$
-- Refuses to let a promote run deploy anything but what its deployment was released as: the image and the commit.
-- Called by record_deployment; require_deployable, before the work, knows no build yet. Locks nothing. Raises PT409.
create or replace function ops_private.refuse_unreleased(
    p_run_id uuid,
    p_image_digest text default null,
    p_git_sha text default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases;
begin
    select r.* into v_release from ops.deployments as d
    join ops.releases as r on r.id = d.release_id
    where d.run_id = p_run_id and d.status in ('pending', 'running');
    if not found then
        raise sqlstate 'PT409' using
            message = 'A promote run deploys a release, and no deployment waits for this one',
            hint = 'Promote a release: ops promote.';
    elsif (v_release.image_digest, ops_private.project_git_sha(v_release)) is distinct from (
        coalesce(p_image_digest, v_release.image_digest), coalesce(p_git_sha, ops_private.project_git_sha(v_release))
    ) then
        raise sqlstate 'PT409' using
            message = format('Release %s is another build', v_release.version),
            detail = format('It is %s of commit %s, and not %s of commit %s.', v_release.image_digest,
                ops_private.project_git_sha(v_release), p_image_digest, p_git_sha),
            hint = 'Deploy exactly what was released, or make a release of the other build.';
    end if;
end
$$;
comment on function ops_private.refuse_unreleased is 'Refuses a promotion of anything but the released build.';
revoke all on function ops_private.refuse_unreleased from public;
$ops_file$);

select pg_temp.make_function('refuse_withdrawn', $ops_file$
-- Refuses new facts about a withdrawn release: decisions, checks and exceptions of its gates. What is deployed goes on
-- proving its health at gate G4. Fired by approvals, gate_checks and exceptions, for any writer. Locks nothing; raises
-- PT409.
-- Definer: the answer does not depend on what the writer may read.
create or replace function ops_private.refuse_withdrawn()
returns trigger
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_version text;
begin
    select r.version into v_version
    from ops.release_gates as g
    join ops.releases as r on r.id = g.release_id
    where g.id = new.gate_id and r.status = 'withdrawn' and (g.gate_code <> 'G4' or tg_table_name = 'exceptions');
    if found then
        raise sqlstate 'PT409' using
            message = format('Release %s was withdrawn', v_version), column = 'release', hint = 'Make another release.';
    end if;
    return new;
end
$$;
comment on function ops_private.refuse_withdrawn is 'Refuses new facts about a withdrawn release.';
revoke all on function ops_private.refuse_withdrawn from public;
$ops_file$);

select pg_temp.make_function('release_attempt', $ops_file$
-- Ends an attempt, not necessarily its run: the run returns to the front of the queue while attempts are left, else it
-- fails; it is canceled if a cancel was requested or a newer push of the environment already waits. A run whose work
-- had not started waits longer each time; when it is given up, an incident is opened. Locks the run's row; returns
-- nothing if the attempt is already over.
create or replace function ops_private.release_attempt(
    p_run_id uuid,
    p_attempt int,
    p_reason text,
    p_only_expired boolean
)
returns ops.run_status
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_run ops.runs;
    v_next record;
begin
    select r.* into v_run from ops.runs as r
    where
        r.id = p_run_id and r.attempt = p_attempt and r.status in ('claimed', 'running')
        and (not p_only_expired or r.lease_expires_at < v_now)
    for no key update;
    select a.* into v_next from ops_private.after_attempt(v_run, v_now) as a;
    if v_run.id is null or ops_private.move_runs(
        array[p_run_id], array[v_run.status], v_next.next_status, format('%s: %s', v_next.next_status, p_reason),
        jsonb_build_object('reason', p_reason),
        p_error_message => case
            when v_next.next_status = 'queued' then null
            when v_next.next_status = 'failed' and v_next.in_vain > 1
                then format('could not be started, %s times in vain: %s', v_next.in_vain, p_reason)
            else p_reason
        end,
        p_not_before => v_next.not_before, p_is_lease_lost => true
    ) = 0 then
        return null;
    end if;
    if v_next.next_status = 'failed' and v_next.in_vain > 1 then
        perform ops_private.open_incident_of_launches(p_run_id);
    end if;
    if v_next.next_status = 'queued' and ops_private.cancel_if_superseded(p_run_id) then
        return 'canceled';
    elsif v_next.next_status in ('failed', 'canceled') then
        perform ops_private.end_data_work(p_run_id, p_reason);
        perform ops_private.tell_gates(p_run_id);
    end if;
    return v_next.next_status;
end
$$;
comment on function ops_private.release_attempt is 'Ends an attempt: the run is queued again, failed or canceled.';
revoke all on function ops_private.release_attempt from public;
$ops_file$);

select pg_temp.make_function('release_author', $ops_file$
-- Returns the author of a new release: the caller, or the person whom a machine names, or whom policy
-- names for machines that name nobody. Locks nothing. Raises PT404, PT403, and PT400 where nobody is named.
create or replace function ops_private.release_author(
    p_project_id uuid,
    p_named text
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_author text;
begin
    if not ops.has_permission(p_project_id, 'ingest_build') then
        perform ops_private.require_permission(p_project_id, 'queue');
    end if;
    if not exists (select from ops.projects as p where p.id = p_project_id) then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'List them: ops project list.';
    elsif ops.has_permission(p_project_id, 'ingest_build') then
        v_author := coalesce(p_named, nullif(ops_private.rules_in_force(p_project_id, 'promotion') ->> 'default_author', ''));
        if v_author is null and ops.is_platform() then
            v_author := ops.caller_id();
        elsif ops.person_of(v_author) is null then
            raise sqlstate 'PT400' using
                message = 'A release has an author', column = 'author',
                hint = 'Name who made the change: p_created_by; the policy promotion.default_author names one for all.';
        end if;
        return v_author;
    elsif not ops.person_of(p_named) = any (ops_private.caller_persons()) then
        raise sqlstate 'PT403' using
            message = 'You author the releases that you make',
            hint = 'Leave p_created_by out.';
    end if;
    return ops.caller_id();
end
$$;
comment on function ops_private.release_author is 'The author of a release that the caller makes.';
revoke all on function ops_private.release_author from public;
$ops_file$);

select pg_temp.make_function('release_backup_hold', $ops_file$
-- Releases the hold of a backup, if there is one. Called by people who may back up. Locks the backup's row.
-- Raises PT404 and PT403. A retry is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.release_backup_hold(
    backup_id uuid
)
returns ops.backups
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(release_backup_hold.backup_id, 'backup');
    v_reason text := v_backup.hold_reason;
begin
    if v_backup.held_at is not null then
        update ops.backups as b set held_at = null, held_by = null, hold_reason = null where b.id = v_backup.id
        returning b.* into v_backup;
        perform ops_private.note_backup(v_backup, 'backup_hold_released', v_reason);
    end if;
    return v_backup;
end
$$;
comment on function ops.release_backup_hold is 'Releases the hold of a backup.';
revoke all on function ops.release_backup_hold from public;
grant execute on function ops.release_backup_hold to authenticated, service_role, ops_operator;
grant execute on function ops.release_backup_hold to sre;
$ops_file$);

select pg_temp.make_function('release_before', $ops_file$
-- Returns the release to which a rollback of a deployment returns: the newest one deployed to the same place before,
-- neither rolled back nor withdrawn since. Null if there is none, or if the deployment is not the newest that took effect.
-- Called by rollback_deployment and the trigger of deployments. Locks and raises nothing.
create or replace function ops_private.release_before(p_deployment_id uuid)
returns uuid
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select b.release_id
from ops.deployments as d
join ops.deployments as b
    on b.project_id = d.project_id and b.stage = d.stage
    and b.environment_id is not distinct from d.environment_id and b.created_at < d.created_at
join ops.releases as r on r.id = b.release_id
where
    d.id = p_deployment_id and d.status in ('succeeded', 'failed') and b.status = 'succeeded'
    and r.status not in ('withdrawn', 'rolled_back')
    -- after a failed deployment, a rollback may return to the same release
    and (d.status = 'failed' or b.release_id <> d.release_id)
    and not exists (
        select from ops.deployments as k where k.rollback_of = b.id and k.status = 'succeeded'
    )
    and not exists (
        select from ops.deployments as n
        where
            n.project_id = d.project_id and n.stage = d.stage
            and n.environment_id is not distinct from d.environment_id and n.created_at > d.created_at
            and ops_private.takes_effect(n)
    )
order by b.created_at desc, b.id desc
limit 1
$$;
comment on function ops_private.release_before is 'The release that a rollback of a deployment returns to.';
revoke all on function ops_private.release_before from public;
$ops_file$);

select pg_temp.make_function('release_build', $ops_file$
-- Makes a release of the newest successful build of the project's default branch, or of the given run, and returns it:
-- its commit, its image, and gate G1 by the checks of the runs that made and tested this image. Without a version it is
-- called build-<number of the run>. A release of the same build to which the same gates apply is returned instead,
-- unless it was withdrawn, rolled back or rejected: the same build is then another release, which begins anew.
-- Called by `ops promote`, and by promote_due_builds. Locks the gates of the release. Raises PT404, PT403, and PT409 if
-- there is no such build. A retry returns the same release.
-- Definer: nobody may write releases directly; the caller's permission is checked.
create or replace function ops.release_build(
    project_id uuid,
    p_version text default null,
    p_run_id uuid default null,
    p_requested_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_build record;
    v_id uuid;
begin
    perform ops_private.require_promoter(release_build.project_id);
    perform from ops.projects as p where p.id = release_build.project_id for no key update;
    select b.* into v_build from ops_private.newest_build(release_build.project_id, p_run_id) as b;
    if not found then
        raise sqlstate 'PT409' using
            message = 'The default branch has no build that succeeded',
            hint = 'Push to it, or queue its newest commit: ops run create.';
    end if;
    select r.id into v_id from ops.releases as r
    where
        r.project_id = release_build.project_id and r.status not in ('withdrawn', 'rolled_back')
        and r.version = coalesce(p_version, r.version) and r.image_digest = v_build.image_digest
        and ops_private.project_git_sha(r) = v_build.git_sha
        and not exists ( -- the rules are those of the day on which it was made
            select from ops.release_gates as g
            where
                g.release_id = r.id and g.gate_code = 'G3'
                and g.is_required <> (
                    ops_private.rules_in_force(r.project_id, 'promotion') ->> 'release' = 'gated'
                )
        )
        and not exists (select from ops.approvals as a where a.release_id = r.id and a.decision = 'rejected')
    order by r.created_at desc
    limit 1;
    if not found then
        v_id := ops.create_release(
            release_build.project_id, coalesce(p_version, ops_private.free_version(release_build.project_id, v_build.run_number)),
            ops_private.git_shas_of(release_build.project_id, v_build.git_sha), v_build.image_digest,
            coalesce(v_build.requested_by, p_requested_by), v_build.run_id
        );
    end if;
    perform ops_private.take_build(v_id, v_build.image_digest);
    return v_id;
end
$$;
comment on function ops.release_build is 'Makes a release of the newest build of the default branch.';
revoke all on function ops.release_build from public;
grant execute on function ops.release_build to service_role, ops_operator, release_manager;
$ops_file$);

select pg_temp.make_function('release_of_run', $ops_file$
-- Returns the release that a run built, or built again; null if it built none, or if that was withdrawn. Called by
-- the functions that tell gates of runs. Locks and raises nothing.
create or replace function ops_private.release_of_run(p_run ops.runs)
returns ops.releases
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select r.*
from ops.releases as r
where
    r.project_id = (p_run).project_id and r.git_ref = (p_run).git_ref and r.status <> 'withdrawn'
    and ops_private.project_git_sha(r) = (p_run).git_sha
    and (r.run_id = (p_run).id or r.image_digest in (
        select l.data_version from ops.run_lineage as l where l.run_id = (p_run).id and l.asset_key = 'image'
    ))
order by r.created_at desc
limit 1
$$;
comment on function ops_private.release_of_run is 'The release that a run built.';
revoke all on function ops_private.release_of_run from public;
$ops_file$);

select pg_temp.make_function('remember_template', $ops_file$
-- Records a database as the template for its key. Called by step database. Raises PT404, PT410, and PT409 if another
-- database has the key. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.remember_template(
    p_run_id uuid,
    p_attempt int,
    p_key text,
    p_series text,
    p_database_name text,
    p_modules text[],
    p_tests jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt int := ops_private.require_attempt(p_run_id, p_attempt);
begin
    insert into ops.database_templates as t (key, series, database_name, modules, tests, built_by_run)
    values (p_key, p_series, p_database_name, p_modules, coalesce(p_tests, '{}'), p_run_id)
    on conflict do nothing;
    if not exists (
        select from ops.database_templates as t where t.key = p_key and t.database_name = p_database_name
    ) then
        raise sqlstate 'PT409' using
            message = format('Another database is kept for the same modules of Odoo %s', p_series),
            hint = format('Drop %s and start from the kept one.', p_database_name);
    end if;
end
$$;
comment on function ops.remember_template is 'Keeps a database to start previews from.';
revoke all on function ops.remember_template from public;
grant execute on function ops.remember_template to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('remove_checkpointed_events', $ops_file$
-- Removes events that a checkpoint covers and that are stored outside its month: of two events written at once as the
-- month ended, the one with the lower number may have the later time. Almost always there is none.
-- Called by expire_event_month once the month is dropped. Locks ops.run_events if there is something to remove.
create or replace function ops_private.remove_checkpointed_events(
    p_checkpoint_id bigint
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from ops.run_checkpoints as c
        join ops.run_events as e on e.run_id = c.run_id and e.seq <= c.last_seq
        where c.checkpoint_id = p_checkpoint_id
    ) then
        return;
    end if;
    alter table ops.run_events disable trigger run_events_stay;
    delete from ops.run_events as e using ops.run_checkpoints as c
    where c.checkpoint_id = p_checkpoint_id and e.run_id = c.run_id and e.seq <= c.last_seq;
    alter table ops.run_events enable trigger run_events_stay;
end
$$;
comment on function ops_private.remove_checkpointed_events is 'Deletes checkpointed events outside of their month.';
revoke all on function ops_private.remove_checkpointed_events from public;
$ops_file$);

select pg_temp.make_function('remove_condemned_artifacts', $ops_file$
-- Deletes the rows of condemned artifacts once their objects are gone, and returns the count. Called by the job
-- artifact_expiry, after it removed the objects. Locks the rows. A retry finds them gone.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.remove_condemned_artifacts(
    p_s3_urls text[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
    delete from ops.run_artifacts as a
    where a.s3_url = any (p_s3_urls) and a.condemned_at is not null;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function ops.remove_condemned_artifacts is 'Deletes the rows of artifacts whose objects are gone.';
revoke all on function ops.remove_condemned_artifacts from public;
grant execute on function ops.remove_condemned_artifacts to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('remove_member', $ops_file$
-- Ends a membership and returns whether there was one; everyone may leave. Called by people.
-- Locks the project's memberships. Raises PT404, PT403 and PT409 for the last owner. A retry is harmless.
-- Definer: it answers that a foreign project does not exist, which row level security alone would not do.
create or replace function ops.remove_member(
    p_project_id uuid,
    p_user_id uuid
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_user_id is distinct from auth.uid() or ops.caller_role() <> 'authenticated' then
        perform ops_private.require_member_change(p_project_id, p_user_id);
    end if;
    delete from ops.project_memberships as m where m.project_id = p_project_id and m.user_id = p_user_id;
    return found;
end
$$;
comment on function ops.remove_member is 'Ends a membership.';
revoke all on function ops.remove_member from public;
grant execute on function ops.remove_member to authenticated, service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('remove_person_alias', $ops_file$
-- Takes a name from its person and returns whether it had one; gates that the name decided are judged again. Called by
-- `ops person unalias` and the service role. Locks the gates; raises nothing. Repeating it is harmless.
-- Definer: nobody may write people directly; only the service role may execute this.
create or replace function ops.remove_person_alias(alias text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from ops.person_aliases as a where a.alias = ops_private.fold_name(remove_person_alias.alias);
    return found;
end
$$;
comment on function ops.remove_person_alias is 'Takes a name from its person.';
revoke all on function ops.remove_person_alias from public;
grant execute on function ops.remove_person_alias to service_role;
$ops_file$);

select pg_temp.make_function('renew_claim', $ops_file$
-- Renews the lease of a claimed run that waits in Dagster's queue, and records the id of its Dagster run.
-- Called by the run coordinator and the reconciler. Locks the run's row; raises PT404, and PT410 if the attempt is over
-- or belongs to another Dagster run. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.renew_claim(
    p_run_id uuid,
    p_attempt int,
    p_dagster_run_id text default null,
    p_lease_seconds int default 60
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.runs as r
    set lease_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds),
        dagster_run_id = coalesce(r.dagster_run_id, p_dagster_run_id)
    where
        r.id = p_run_id and r.attempt = p_attempt and r.status in ('claimed', 'running')
        and (r.dagster_run_id is null or p_dagster_run_id is null or r.dagster_run_id = p_dagster_run_id);
    if not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
end
$$;
comment on function ops.renew_claim is 'Renews the lease of a run that waits in Dagsters queue.';
revoke all on function ops.renew_claim from public;
grant execute on function ops.renew_claim to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('replace_orphans', $ops_file$
-- Replaces the list of orphans with what the janitor's round found: an array of objects with the columns kind, name,
-- answer, reason, is_foreign, installation, control_plane, run_id and made_at. A pending decision stays with its orphan,
-- and so do the last refusal and the time when it was first found.
-- Called by the janitor in each round. Locks the table, so that each round is whole. Raises PT400 for invalid values. A
-- retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.replace_orphans(
    p_orphans jsonb,
    p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    lock table ops.orphans in share row exclusive mode;
    delete from ops.orphans as o where not exists (
        select from jsonb_populate_recordset(null::ops.orphans, p_orphans) as f
        where f.kind = o.kind and f.name = o.name
    );
    insert into ops.orphans (
        kind, name, answer, reason, is_foreign, installation, control_plane, run_id, made_at, found_at
    )
    select f.kind, f.name, f.answer, f.reason, f.is_foreign, f.installation, f.control_plane, f.run_id, f.made_at, p_now
    from jsonb_populate_recordset(null::ops.orphans, p_orphans) as f
    on conflict (kind, name) do update set
        answer = excluded.answer, reason = excluded.reason, is_foreign = excluded.is_foreign,
        installation = excluded.installation, control_plane = excluded.control_plane, run_id = excluded.run_id,
        made_at = excluded.made_at;
    update ops.control_plane as c set orphans_found_at = p_now where c.is_only;
exception when check_violation or not_null_violation or invalid_text_representation then
    raise sqlstate 'PT400' using
        message = 'No orphan may have these values', detail = sqlerrm,
        hint = 'An orphan has a kind, a name, an answer and a reason.';
end
$$;
comment on function ops.replace_orphans is 'Replaces the list of things that the record does not explain.';
revoke all on function ops.replace_orphans from public;
grant execute on function ops.replace_orphans to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('request_exception', $ops_file$
-- Requests that a gate be waived until a time, and returns the request's id; it waives nothing until it is granted.
-- Called by callers who may queue work, and by release managers. Locks the gate. Raises PT404, PT403, and PT400 for a
-- time that has passed or that policy does not allow. Only the platform may name somebody else as the requester. A
-- retry requests it again.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.request_exception(
    release_id uuid,
    gate_code ops.ops_gate_code,
    reason text,
    expires_at timestamptz,
    p_requested_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(request_exception.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, request_exception.gate_code);
    v_hours int := (ops_private.rules_in_force(v_release.project_id, 'promotion') ->> 'exception_max_hours')::int;
    v_id uuid;
begin
    if not ops.has_permission(v_release.project_id, 'grant_exception') then
        perform ops_private.require_permission(v_release.project_id, 'queue');
    end if;
    if request_exception.expires_at > clock_timestamp() + make_interval(hours => v_hours) then
        raise sqlstate 'PT400' using
            message = format('An exception lasts %s hours at most', v_hours),
            hint = 'Ask for less; the policy is promotion.exception_max_hours.';
    end if;
    perform ops_private.recognise_caller();
    insert into ops.exceptions (
        release_id, gate_id, gate_code, release_author, reason, requested_by, expires_at
    )
    values (
        v_release.id, v_gate.id, v_gate.gate_code, v_release.created_by, request_exception.reason,
        ops_private.acting_person(p_requested_by), request_exception.expires_at
    )
    returning id into v_id;
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No exception may have these values', detail = sqlerrm,
        hint = 'An exception has a reason and a time to come at which it ends.';
end
$$;
comment on function ops.request_exception is 'Asks that a gate be waived until a time.';
revoke all on function ops.request_exception from public;
grant execute on function ops.request_exception to authenticated, service_role, ops_operator,
developer, release_manager;
$ops_file$);

select pg_temp.make_function('requeue_expired_runs', $ops_file$
-- Gives up every attempt whose lease has expired, except the runs that the caller knows to be alive. Called by the
-- reconciler and any operator.
-- Locks the rows, skipping those that others hold. A retry finds nothing left.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.requeue_expired_runs(
    p_spare uuid[] default '{}'
)
returns table (run_id uuid, outcome ops.run_status)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run record;
begin
    for v_run in
        select r.id, r.attempt, r.lease_expires_at from ops.runs as r
        where
            r.status in ('claimed', 'running')
            and r.lease_expires_at < clock_timestamp()
            and r.id <> all (p_spare)
        order by r.lease_expires_at
        for no key update skip locked
    loop
        run_id := v_run.id;
        outcome := ops_private.release_attempt(v_run.id, v_run.attempt, 'the worker''s lease ended', true);
        if outcome is not null then
            return next;
        end if;
    end loop;
end
$$;
comment on function ops.requeue_expired_runs is 'Gives up attempts whose lease ended.';
revoke all on function ops.requeue_expired_runs from public;
grant execute on function ops.requeue_expired_runs to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('requeue_run', $ops_file$
-- Gives up an attempt whose process is known to be gone, without waiting for its lease. Called by the reconciler.
-- Locks the run's row. Raises PT404, and PT410 if the attempt is already over, so a retry changes nothing.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.requeue_run(
    p_run_id uuid,
    p_attempt int,
    p_reason text
)
returns ops.run_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status ops.run_status := ops_private.release_attempt(p_run_id, p_attempt, p_reason, false);
begin
    if v_status is null then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    return v_status;
end
$$;
comment on function ops.requeue_run is 'Gives up an attempt.';
revoke all on function ops.requeue_run from public;
grant execute on function ops.requeue_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('require_attempt', $ops_file$
-- Refuses a worker whose attempt is not the run's current one; the last attempt of an ended run may still
-- write. Called by the RPCs that add logs, artifacts, checks and lineage. Raises PT404 and PT410. Without
-- p_attempt it means attempt 1.
create or replace function ops_private.require_attempt(
    p_run_id uuid,
    p_attempt int
)
returns int
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    if not exists (
        select from ops.runs as r
        where
            r.id = p_run_id and r.attempt = coalesce(p_attempt, 1)
            and r.status <> 'queued' and r.claimed_by is not null
    ) then
        perform ops_private.refuse_attempt(p_run_id, coalesce(p_attempt, 1));
    end if;
    return coalesce(p_attempt, 1);
end
$$;
comment on function ops_private.require_attempt is 'The attempt, once it is known to be the current one.';
revoke all on function ops_private.require_attempt from public;
$ops_file$);

select pg_temp.make_function('require_backup', $ops_file$
-- Returns a backup that the caller may use, and locks its row. Called by restore_backup, hold_backup and similar
-- functions. Raises PT404 with the same message for a backup that does not exist and for one that the caller may not
-- know of, and PT403.
create or replace function ops_private.require_backup(
    p_backup_id uuid,
    p_permission text
)
returns ops.backups
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups;
begin
    select b.* into v_backup from ops.backups as b where b.id = p_backup_id;
    if not found or not ops.has_permission(v_backup.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no backup %s', coalesce(p_backup_id::text, 'without an id')),
            hint = 'List them: ops backup list.';
    end if;
    perform ops_private.require_permission(v_backup.project_id, p_permission);
    select b.* into v_backup from ops.backups as b where b.id = p_backup_id for no key update;
    return v_backup;
end
$$;
comment on function ops_private.require_backup is 'A backup that the caller may use.';
revoke all on function ops_private.require_backup from public;
$ops_file$);

select pg_temp.make_function('require_carried_out', $ops_file$
-- Refuses a run of a kind for which this version has no job: it would wait for ever; and a promotion for which no
-- deployment waits. It also refuses to bind a run to an environment whose kind works
-- on none: the run would block the environment's other work. Called by queue_run and enroll_run. Locks nothing. Raises
-- PT409.
create or replace function ops_private.require_carried_out(
    p_kind ops.run_kind,
    p_config jsonb,
    p_is_bound boolean
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kind record;
begin
    select k.is_carried_out, k.stages = '{}' as is_of_no_environment into v_kind
    from ops.run_kinds() as k
    where k.kind = p_kind;
    if p_is_bound and v_kind.is_of_no_environment then
        raise sqlstate 'PT409' using
            message = format('A %s run works on no environment', p_kind),
            hint = 'Use its command: ops backup verify, ops backup retention or ops backup records diff.';
    elsif p_kind = 'promote' and not exists (
        select from ops.deployments as d
        where d.id::text = p_config ->> 'deployment_id' and d.status = 'pending' and d.run_id is null
    ) then
        raise sqlstate 'PT409' using
            message = 'A promote run carries out one deployment of a release, and none waits for this one',
            hint = 'Promote a release: ops promote; or take the newest one back: ops rollback.';
    elsif v_kind.is_carried_out then
        return;
    end if;
    raise sqlstate 'PT409' using
        message = format('This version carries out no %s run', p_kind),
        hint = 'Queue one that it does: build, test, deploy, backup, restore, clone, drill, destroy, verify, retention or compare.';
end
$$;
comment on function ops_private.require_carried_out is 'Refuses a run of a kind that no job carries out.';
revoke all on function ops_private.require_carried_out from public;
$ops_file$);

select pg_temp.make_function('require_clone_of', $ops_file$
-- Refuses to back up an environment's data for a run that does not clone them: a run of another branch may, if the
-- environment is its project's living production. Locks nothing. Raises PT409.
create or replace function ops_private.require_clone_of(
    p_run ops.runs,
    p_environment_id uuid
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_run.kind not in ('deploy', 'test', 'clone') or not exists (
        select from ops.environments as e
        join ops.environments as w on w.id = p_run.environment_id
        where
            e.id = p_environment_id and e.project_id = p_run.project_id
            and e.stage = 'production' and e.status <> 'destroyed' and w.stage <> 'production'
    ) then
        raise sqlstate 'PT409' using
            message = format('Run #%s backs up no data of environment %s', p_run.run_number, p_environment_id),
            hint = 'A run backs up its own environment; one that clones production may back up production.';
    end if;
end
$$;
comment on function ops_private.require_clone_of is 'Refuses to back up data that a run does not clone.';
revoke all on function ops_private.require_clone_of from public;
$ops_file$);

select pg_temp.make_function('require_deployable', $ops_file$
-- Refuses what record_deployment would refuse: steps call it before they start, because a deployment takes minutes.
-- Called by steps database and deployment. Locks nothing. Raises PT404 and PT410, and PT409 if a run of this kind may
-- not point its environment at that database. A retry is harmless.
-- Definer: the platform's login executes this but may not execute the functions that it calls.
create or replace function ops.require_deployable(
    p_run_id uuid,
    p_attempt int,
    p_database_name text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
    v_kind ops.run_kind;
begin
    select r.kind into v_kind from ops.runs as r
    where r.id = p_run_id and r.attempt = p_attempt and r.status = 'running';
    select e.* into v_environment from ops.environments as e
    where e.destroyed_at is null and e.id = (select r.environment_id from ops.runs as r where r.id = p_run_id);
    if v_kind is null or not found then
        perform ops_private.refuse_attempt(p_run_id, p_attempt);
    end if;
    perform ops_private.refuse_replacement(v_environment, v_kind, p_database_name);
    if v_kind = 'promote' then
        perform ops_private.refuse_unreleased(p_run_id);
    end if;
end
$$;
comment on function ops.require_deployable is 'Refuses a deployment that could not be recorded.';
revoke all on function ops.require_deployable from public;
grant execute on function ops.require_deployable to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('require_deployment', $ops_file$
-- Returns the deployment to a caller with this permission in its project. Called by the RPCs of deployments.
-- Locks nothing. Raises PT404 if it does not exist or the caller may not see it, PT403 if the caller may only read it.
create or replace function ops_private.require_deployment(
    p_deployment_id uuid,
    p_permission text
)
returns ops.deployments
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
begin
    select d.* into v_deployment from ops.deployments as d where d.id = p_deployment_id;
    if not found or not ops.has_permission(v_deployment.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such deployment', hint = 'List them: select id, status from ops.deployments.';
    end if;
    perform ops_private.require_permission(v_deployment.project_id, p_permission);
    return v_deployment;
end
$$;
comment on function ops_private.require_deployment is 'The deployment, to who may do this with it.';
revoke all on function ops_private.require_deployment from public;
$ops_file$);

select pg_temp.make_function('require_event_permission', $ops_file$
-- Refuses a sender who may not send events of this type: by the key's persona and scope, else by the caller's rights.
-- Called by accept_event, before it reveals anything of projects. Locks nothing; raises PT403.
create or replace function ops_private.require_event_permission(
    p_project_id uuid,
    p_envelope jsonb,
    p_key ops.event_keys
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := p_envelope ->> 'event_type';
    v_needed text[] := ops_private.event_permissions(v_type, coalesce(p_envelope ->> 'gate_code', 'none'));
begin
    if p_key.id is null then
        if ops.has_permission(p_project_id, v_needed[1]) then
            return;
        end if;
    elsif not v_type = any (p_key.event_types) or p_key.project_id <> p_project_id
        or (p_key.project_id is not null and p_project_id is null) then
        raise sqlstate 'PT403' using
            message = format('This key may not tell of %s in this project', v_type),
            hint = 'ops key list shows what each key may send; make another: ops key create.';
    elsif exists (select from ops.roles as r where r.role = p_key.persona and r.permissions && v_needed) then
        return;
    end if;
    raise sqlstate 'PT403' using
        message = format('You may not tell of %s', v_type),
        hint = (
            select format('It takes one of these roles: %s.', string_agg(r.role, ', ' order by r.role))
            from ops.roles as r
            where r.permissions && v_needed and r.role !~ '^ops_' -- people take no login of the platform
        );
end
$$;
comment on function ops_private.require_event_permission is 'Refuses who may not tell events of this type.';
revoke all on function ops_private.require_event_permission from public;
$ops_file$);

select pg_temp.make_function('require_evidence_keeper', $ops_file$
-- Refuses a caller who may not add evidence: to a gate without the gate's permission, to anything else without the
-- permission of any gate. Locks nothing. Raises PT404 and PT403.
create or replace function ops_private.require_evidence_keeper(
    p_project_id uuid,
    p_gate_code ops.ops_gate_code
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if ops.is_platform() or p_gate_code is null and exists (
        select from unnest(enum_range(null::ops.ops_gate_code)) as g (code)
        where ops.has_permission(p_project_id, ops_private.gate_permission(g.code))
    ) then
        return;
    end if;
    perform ops_private.require_permission(p_project_id, ops_private.gate_permission(coalesce(p_gate_code, 'G1')));
end
$$;
comment on function ops_private.require_evidence_keeper is 'Refuses who may not add evidence.';
revoke all on function ops_private.require_evidence_keeper from public;
$ops_file$);

select pg_temp.make_function('require_member_change', $ops_file$
-- Refuses a caller who may not give this role to, or take it from, this person: admins change roles below owner, owners
-- all roles. Raises PT404 and PT403.
create or replace function ops_private.require_member_change(
    p_project_id uuid,
    p_user_id uuid,
    p_role ops.membership_role default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops_private.require_permission(p_project_id, case
        when p_role = 'owner' or exists (
            select from ops.project_memberships as m
            where m.project_id = p_project_id and m.user_id = p_user_id and m.role = 'owner'
        ) then 'archive'
        else 'manage'
    end);
end
$$;
comment on function ops_private.require_member_change is 'Refuses the caller who may not change this membership.';
revoke all on function ops_private.require_member_change from public;
$ops_file$);

select pg_temp.make_function('require_one_owner', $ops_file$
-- Prevents the removal of a project's last owner, by any caller. Fired by ops.project_memberships, before an owner's
-- row is changed or removed; the removal of a project removes its owners too.
-- Locks the project's row, so that two owners cannot remove each other at once. Raises PT409.
-- Definer: it counts owners whom the caller may not see, and locks a row that the caller may not change.
create or replace function ops_private.require_one_owner()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from ops.projects as p where p.id = old.project_id for no key update;
    if found and not exists (
        select from ops.project_memberships as m
        where m.project_id = old.project_id and m.role = 'owner' and m.user_id <> old.user_id
    ) then
        raise sqlstate 'PT409' using
            message = 'A project keeps an owner',
            hint = 'Make somebody else owner first: ops.set_member.';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function ops_private.require_one_owner is 'Refuses the removal of a project''s last owner.';
revoke all on function ops_private.require_one_owner from public;
$ops_file$);

select pg_temp.make_function('require_permission', $ops_file$
-- Refuses a caller without the permission. Called by RPCs open to people.
-- Raises PT404 if the caller may not know of the project, PT403 if the caller may only read it.
create or replace function ops_private.require_permission(
    p_project_id uuid,
    p_permission text
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if ops.has_permission(p_project_id, p_permission) then
        return;
    end if;
    if not ops.has_permission(p_project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    raise sqlstate 'PT403' using
        message = format('You may not %s in this project', replace(p_permission, '_', ' ')),
        hint = (
            select format('It takes one of these roles: %s.', string_agg(r.role, ', ' order by r.role))
            from ops.roles as r
            where p_permission = any (r.permissions) and r.role !~ '^ops_' -- people take no login of the platform
        );
end
$$;
comment on function ops_private.require_permission is 'Refuses the caller who may not do this in the project.';
revoke all on function ops_private.require_permission from public;
$ops_file$);

select pg_temp.make_function('require_promoter', $ops_file$
-- Refuses a caller who may not promote in the project. The worker, which decides nothing for people, promotes only where
-- policy promotion.release is on_push: promote_due_builds. Called by promote_release and release_build. Locks nothing.
-- Raises PT404 and PT403.
create or replace function ops_private.require_promoter(p_project_id uuid)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if 'ops_worker' = any (ops.caller_jobs())
        and ops_private.rules_in_force(p_project_id, 'promotion') ->> 'release' = 'on_push' then
        return;
    end if;
    perform ops_private.require_permission(p_project_id, 'promote');
end
$$;
comment on function ops_private.require_promoter is 'Refuses the caller who may not promote in the project.';
revoke all on function ops_private.require_promoter from public;
$ops_file$);

select pg_temp.make_function('require_queueable', $ops_file$
-- Refuses work for a project that does not exist, that is archived, or in which the caller may not queue.
-- Raises PT404, PT403, PT409.
create or replace function ops_private.require_queueable(
    p_project_id uuid,
    p_kind ops.run_kind
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status ops.project_status;
begin
    perform ops_private.require_run(p_project_id, p_kind);
    select p.status into v_status from ops.projects as p where p.id = p_project_id;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project', hint = 'Create it: ops project create.';
    elsif v_status = 'archived' then
        raise sqlstate 'PT409' using
            message = 'The project is archived', hint = 'Queue work in an active project.';
    end if;
end
$$;
comment on function ops_private.require_queueable is 'Refuses work that may not be queued.';
revoke all on function ops_private.require_queueable from public;
$ops_file$);

select pg_temp.make_function('require_release', $ops_file$
-- Returns the release to a caller with this permission in its project. Called by the RPCs of releases and gates.
-- Locks nothing. Raises PT404 if it does not exist or the caller may not see it, PT403 if the caller may only read it.
create or replace function ops_private.require_release(
    p_release_id uuid,
    p_permission text default 'read'
)
returns ops.releases
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases;
begin
    select r.* into v_release from ops.releases as r where r.id = p_release_id;
    if not found or not ops.has_permission(v_release.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no release %s', coalesce(p_release_id::text, 'without an id')),
            hint = 'List them: select id, version, status from ops.releases.';
    end if;
    perform ops_private.require_permission(v_release.project_id, p_permission);
    return v_release;
end
$$;
comment on function ops_private.require_release is 'The release, to who may do this with it.';
revoke all on function ops_private.require_release from public;
$ops_file$);

select pg_temp.make_function('require_run', $ops_file$
-- Refuses a caller who may not request, repeat or cancel work of this kind on an environment of this stage. Called by
-- functions that queue or change a queued run. Locks nothing; raises PT404 and PT403. Work that moves data or
-- releases has its own permission, on production too; all other work needs the permission to queue.
create or replace function ops_private.require_run(
    p_project_id uuid,
    p_kind ops.run_kind,
    p_stage ops.environment_stage default null
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_kind = 'promote' and ops.has_permission(p_project_id, 'deploy') then
        return; -- a rollback is a promotion of what was there before
    elsif p_kind in ('build', 'test') and p_stage is distinct from 'production'
        and ops.has_permission(p_project_id, 'queue_build') then
        return;
    end if;
    perform ops_private.require_permission(p_project_id, case
        when p_kind in ('backup', 'drill', 'promote') then p_kind::text
        when p_kind in ('verify', 'retention') then 'backup'
        when p_kind in ('restore', 'clone', 'compare') then 'restore' -- a comparison shows the backup's data
        when p_stage = 'production' then 'queue_production'
        else 'queue'
    end);
end
$$;
comment on function ops_private.require_run is 'Refuses the caller who may not ask for this work.';
revoke all on function ops_private.require_run from public;
$ops_file$);

select pg_temp.make_function('require_unused_database', $ops_file$
-- Refuses to drop a database that serves an environment, or that a restore or a promotion keeps for the way back. p_run_id and p_attempt
-- name a destroy run at work, which may drop the databases of its own environment.
-- Called by retire_database, the only way to drop a database. Locks nothing: one run at a time works on an environment,
-- and no name is used twice. Raises PT409. A retry is harmless.
-- Definer: a row that row-level security hides from the caller must protect its database too.
create or replace function ops.require_unused_database(
    p_database_name text,
    p_run_id uuid default null,
    p_attempt int default null
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_use record;
begin
    with living as (
        select e.* from ops.environments as e
        where e.destroyed_at is null and not exists (
            select from ops.runs as r
            where
                r.id = p_run_id and r.attempt = p_attempt and r.status = 'running' and r.kind = 'destroy'
                and r.environment_id = e.id
        )
    ), way_back as ( -- both sides of each swap that can be taken back, or whose way back was asked for in time
        select s.id, s.database_name, s.previous_database_name, s.keep_previous_until, e.partition_key, e.id as environment
        from ops.restores as s
        join living as e on e.id = s.environment_id
        where s.purpose = 'restore' and s.status = 'succeeded' and s.previous_database_name is not null and (
            s.keep_previous_until > clock_timestamp() or exists (
                select from ops.runs as r
                join ops.run_requests as q on q.run_id = r.id
                where r.environment_id = e.id and r.finished_at is null and q.config ->> 'undo' = s.id::text
            )
        )
        union all
        select d.id, d.database_name, d.previous_database_name, d.keep_previous_until, e.partition_key, e.id
        from ops.deployments as d
        join living as e on e.id = d.environment_id
        where d.status = 'succeeded' and d.previous_database_name is not null and (
            d.keep_previous_until > clock_timestamp() or exists (
                select from ops.deployments as k
                where k.rollback_of = d.id and k.with_data and k.status in ('pending', 'running')
            )
        )
    )
    select used.* into v_use
    from (
        select e.partition_key, null::timestamptz as kept_until from living as e
        where e.database_name = p_database_name
        union all
        select w.partition_key, w.keep_previous_until
        from way_back as w
        where p_database_name in (w.database_name, w.previous_database_name) and exists (
            -- after a later deployment the live database is none of them, and no undo is possible
            select from way_back as o
            join living as e on e.id = o.environment
            where o.environment = w.environment and e.database_name in (o.database_name, o.previous_database_name)
        )
    ) as used
    order by used.kept_until desc nulls first
    limit 1;
    if not found then
        return;
    elsif v_use.kept_until is null then
        raise sqlstate 'PT409' using
            message = format('Database %s serves %s', p_database_name, v_use.partition_key),
            hint = 'It goes when its environment has another one, or is destroyed: ops env destroy.';
    end if;
    raise sqlstate 'PT409' using
        message = format('Database %s is kept until %s, so that a restore or a promotion of %s can be undone',
            p_database_name, to_char(v_use.kept_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), v_use.partition_key),
        hint = 'Wait until then, or destroy the environment: ops env destroy.';
end
$$;
comment on function ops.require_unused_database is 'Refuses to drop a database that serves or that is kept.';
revoke all on function ops.require_unused_database from public;
grant execute on function ops.require_unused_database to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('resolve_incident', $ops_file$
-- Resolves an incident with its resolution. Called by people on call. Locks the incident. Raises PT404, PT403, PT400
-- without a resolution, and PT409 if another resolution is recorded. Repeating it is harmless.
-- Definer: nobody may write incidents directly; the caller's permission is checked.
create or replace function ops.resolve_incident(
    incident_id uuid,
    resolution text,
    p_resolved_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_incident ops.incidents;
begin
    select i.* into v_incident from ops.incidents as i where i.id = resolve_incident.incident_id for no key update;
    if not found or not ops.has_permission(v_incident.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = 'There is no such incident', hint = 'List them: select id, title from ops.incidents.';
    end if;
    perform ops_private.require_permission(v_incident.project_id, 'record_incident');
    if btrim(coalesce(resolve_incident.resolution, '')) = '' then
        raise sqlstate 'PT400' using
            message = 'A resolution says what came of the incident', hint = 'Write one sentence.';
    elsif v_incident.resolution <> resolve_incident.resolution then
        raise sqlstate 'PT409' using
            message = format('%s resolved this incident already', v_incident.resolved_by),
            detail = v_incident.resolution,
            hint = 'Open another incident for what is new.';
    end if;
    perform ops_private.resolve_open_incident(
        ops_private.acting_person(p_resolved_by), resolve_incident.resolution, v_incident.id
    );
end
$$;
comment on function ops.resolve_incident is 'Ends an incident with what came of it.';
revoke all on function ops.resolve_incident from public;
grant execute on function ops.resolve_incident to service_role, ops_worker, ops_operator, sre;
$ops_file$);

select pg_temp.make_function('resolve_open_incident', $ops_file$
-- Resolves the open incident of an id or a key and returns whether there was one: the only writer of an incident's state.
-- Locks the incident. A retry changes nothing.
create or replace function ops_private.resolve_open_incident(
    p_resolved_by text,
    p_resolution text,
    p_incident_id uuid default null,
    p_key text default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.incidents as i
    set status = 'resolved', resolved_by = p_resolved_by, resolved_at = clock_timestamp(), resolution = p_resolution
    where (i.id = p_incident_id or i.key = p_key) and i.status = 'open';
    return found;
end
$$;
comment on function ops_private.resolve_open_incident is 'Resolves an open incident.';
revoke all on function ops_private.resolve_open_incident from public;
$ops_file$);

select pg_temp.make_function('restore_backup', $ops_file$
-- Requests a restore, clone or drill of a verified backup and returns the restore's id; its run waits in the queue.
-- Without p_purpose production's data becomes a clone, made harmless, anywhere but in production. A drill has no
-- target. Called by people who may restore, and by the platform. Locks the backup's row and the project's counter.
-- Raises PT404, PT403, and PT409 for what refuse_restore refuses. Repeating it with the same idempotency key
-- returns the same restore.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.restore_backup(
    backup_id uuid,
    target_env text,
    p_purpose ops.restore_purpose default null,
    p_masking_profile text default null,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api',
    p_priority int default 0,
    p_config jsonb default '{}'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_backup ops.backups := ops_private.require_backup(
        restore_backup.backup_id, case when p_purpose = 'drill' then 'drill' else 'restore' end
    );
    v_environment ops.environments;
    v_purpose ops.restore_purpose;
    v_run_id uuid;
    v_id uuid;
begin
    if p_purpose is distinct from 'drill' then
        v_environment := ops_private.living_environment(v_backup.project_id, target_env);
    end if;
    v_purpose := coalesce(p_purpose, case
        when v_backup.stage = 'production' and v_environment.stage <> 'production' then 'clone'
        else 'restore'
    end::ops.restore_purpose);
    perform ops_private.refuse_restore(v_backup, v_environment, v_purpose);
    v_run_id := ops.queue_run(
        v_backup.project_id, v_environment.name,
        -- a clone names no commit: it keeps the one that is deployed there when it starts
        case v_purpose when 'clone' then null else v_backup.git_sha end,
        case v_purpose when 'clone' then 'refs/heads/' || v_environment.branch end,
        p_kind => v_purpose::text::ops.run_kind,
        p_trigger => p_trigger, p_requested_by => p_requested_by, p_priority => p_priority,
        p_idempotency_key => p_idempotency_key,
        p_config => coalesce(p_config, '{}') || jsonb_strip_nulls(jsonb_build_object(
            'backup_id', v_backup.id, 'purpose', v_purpose, 'masking_profile', p_masking_profile
        ))
    );
    select s.id into v_id from ops.restores as s where s.run_id = v_run_id;
    if not found then
        v_id := (ops_private.make_restore(v_run_id, v_backup.id, v_purpose)).id;
    end if;
    return v_id;
end
$$;
comment on function ops.restore_backup is 'Asks for a use of a backup and returns its id.';
revoke all on function ops.restore_backup from public;
grant execute on function ops.restore_backup to authenticated, service_role, ops_operator;
grant execute on function ops.restore_backup to sre;
$ops_file$);

select pg_temp.make_function('retry_run', $ops_file$
-- Queues an ended run again, as a new run that refers to the one it repeats. Called by `ops run retry` and
-- people. Locks the project's counter. Raises PT404, PT403, and PT409 for a run that has not ended. Each
-- call queues another run.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.retry_run(
    p_run_id uuid,
    p_requested_by text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.run_to_change(p_run_id);
    v_priority int := v_run.priority;
    v_branch text;
begin
    if v_run.finished_at is null then
        raise sqlstate 'PT409' using
            message = format('Run #%s is %s', v_run.run_number, v_run.status),
            hint = 'Wait for its end, or cancel it first: ops.cancel_run.';
    end if;
    if not ops.has_permission(v_run.project_id, 'manage') then
        v_priority := least(v_priority, 0); -- what was pressing then need not be now
    end if;
    select e.name into v_branch from ops.environments as e where e.id = v_run.environment_id;
    return ops.queue_run(
        v_run.project_id, v_branch, v_run.git_sha, v_run.git_ref, p_kind => v_run.kind, p_trigger => 'retry',
        p_requested_by => p_requested_by, p_priority => v_priority,
        p_config => (select q.config from ops.run_requests as q where q.run_id = v_run.id),
        p_max_attempts => v_run.max_attempts, p_retry_of => v_run.id
    );
end
$$;
comment on function ops.retry_run is 'Queues an ended run again.';
revoke all on function ops.retry_run from public;
grant execute on function ops.retry_run to authenticated, service_role, ops_operator;
grant execute on function ops.retry_run to ci_service_role, developer;
$ops_file$);

select pg_temp.make_function('revoke_event_key', $ops_file$
-- Ends a key at once and returns whether it was in force. Called by `ops key revoke` and the service role. Locks the key.
-- Raises PT404. Repeating it is harmless.
-- Definer: nobody may write keys directly; only operators and the service role may execute this.
create or replace function ops.revoke_event_key(
    prefix text,
    p_revoked_by text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key ops.event_keys := ops_private.event_key_to_change(revoke_event_key.prefix);
begin
    update ops.event_keys as k
    set revoked_at = clock_timestamp(), revoked_by = coalesce(p_revoked_by, ops.caller_id(), ops.caller_role())
    where k.id = v_key.id and k.revoked_at is null;
    return v_key.revoked_at is null and v_key.expires_at > clock_timestamp();
end
$$;
comment on function ops.revoke_event_key is 'Ends a key at once.';
revoke all on function ops.revoke_event_key from public;
grant execute on function ops.revoke_event_key to service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('revoke_exception', $ops_file$
-- Revokes an exception, or refuses one that was only requested; its gate is evaluated without it again.
-- Called by release managers, and by the platform for one of them, whom it names. Locks the exception, then its gate.
-- Raises PT404, PT403. Repeating it is harmless.
-- Definer: nobody may write exceptions directly; the caller's permission is checked.
create or replace function ops.revoke_exception(
    exception_id uuid,
    p_revoked_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_exception ops.exceptions := ops_private.exception_to_change(revoke_exception.exception_id);
begin
    update ops.exceptions as e
    set revoked_by = ops_private.acting_person(p_revoked_by), revoked_at = clock_timestamp()
    where e.id = v_exception.id and e.revoked_at is null;
end
$$;
comment on function ops.revoke_exception is 'Ends an exception.';
revoke all on function ops.revoke_exception from public;
grant execute on function ops.revoke_exception to service_role, release_manager;
$ops_file$);

select pg_temp.make_function('right_now', $ops_file$
-- Returns the time at which it is called. A statement's own time is that of its beginning: what waited for a lock
-- would be judged by a time before the wait. It is declared stable so that views that call it are merged into the
-- queries that read them; within one query the time may differ by the query's duration.
-- Called by views and functions that judge gates. Reads, locks and raises nothing.
create or replace function ops.right_now()
returns timestamptz
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return clock_timestamp();
end
$$;
comment on function ops.right_now is 'The time at which it is called.';
revoke all on function ops.right_now from public;
grant execute on function ops.right_now to authenticated, service_role, ops_worker, ops_operator,
ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('roll_back_undecided', $ops_file$
-- Rolls back the code of deployments whose health is inconclusive and about which nobody decided in time, and returns
-- the new deployments. Data never go back by themselves: people were let in. One that cannot go back, or whose rollback
-- was tried, is left to the people who are asked.
-- Called by the platform's clock. Locks what rollback_deployment locks, one project after the other. Raises nothing:
-- PT409 is such a refusal. A retry finds nothing left to do.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.roll_back_undecided()
returns setof uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_undecided record;
begin
    for v_undecided in
        select d.id, d.decision_due_at from ops.deployments as d
        where
            d.decision_due_at <= clock_timestamp() and d.kept_at is null and d.g4_status = 'inconclusive'
            and ops_private.release_before(d.id) is not null
            and not exists (select from ops.deployments as k where k.rollback_of = d.id)
        order by d.decision_due_at
    loop
        begin
            return next ops.rollback_deployment(
                v_undecided.id, format('its health was inconclusive, and nobody decided by %s', to_char(
                    v_undecided.decision_due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
                ))
            );
        exception when sqlstate 'PT409' then
            continue;
        end;
    end loop;
end
$$;
comment on function ops.roll_back_undecided is 'Rolls back what nobody decided about in time.';
revoke all on function ops.roll_back_undecided from public;
grant execute on function ops.roll_back_undecided to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('rollback_deployment', $ops_file$
-- Rolls the newest deployment of a place back to the previous release: queues the run and returns the new deployment.
-- With p_with_data the data of before come back too, which loses what was written since; else the previous release gets
-- the data of now. No gate and no freeze blocks it. While it is at work, it returns the same deployment.
-- Called by site reliability engineers and release managers. Locks the project, the release and its gates. Raises
-- PT404, PT403, PT400 without a reason, and PT409 if there is no previous release or its data are not kept.
-- Definer: nobody may write deployments directly; the caller's permission is checked.
create or replace function ops.rollback_deployment(
    deployment_id uuid,
    reason text,
    p_requested_by text default null,
    p_with_data boolean default false
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_undone ops.deployments := ops_private.require_deployment(rollback_deployment.deployment_id, 'read');
    v_release ops.releases;
    v_id uuid;
begin
    if not ops.has_permission(v_undone.project_id, 'promote') then
        perform ops_private.require_permission(v_undone.project_id, 'deploy');
    end if;
    if btrim(coalesce(rollback_deployment.reason, '')) = '' then
        raise sqlstate 'PT400' using
            message = 'A rollback has a reason', hint = 'Say what went wrong.';
    end if;
    perform from ops.projects as p where p.id = v_undone.project_id for no key update;
    select d.id into v_id from ops.deployments as d
    where d.rollback_of = v_undone.id and d.status in ('pending', 'running');
    if found then
        return v_id;
    end if;
    select r.* into v_release from ops.releases as r where r.id = ops_private.release_before(v_undone.id);
    if not found then
        raise sqlstate 'PT409' using
            message = 'There is nothing to roll this deployment back to',
            detail = 'It is still at work, not the newest of its environment, or nothing was there before it.',
            hint = 'Roll back the newest deployment, or promote another release.';
    end if;
    if p_with_data and not ops_private.keeps_data_before(v_undone) then
        raise sqlstate 'PT409' using
            message = 'The data from before this deployment are not kept',
            detail = 'It changed no module, so that its data are those of now, or the time for which they are kept is over.',
            hint = 'Roll back the code alone, or restore a backup: ops backup restore.';
    end if;
    return ops_private.start_deployment(
        v_release, v_undone.environment_id, v_undone.stage, 'rollback: ' || rollback_deployment.reason, v_undone.id,
        rollback_deployment.reason, p_requested_by, p_with_data
    );
end
$$;
comment on function ops.rollback_deployment is 'Takes a deployment back to the release that was there before.';
revoke all on function ops.rollback_deployment from public;
grant execute on function ops.rollback_deployment to service_role, ops_operator, sre, release_manager;
$ops_file$);

select pg_temp.make_function('rotate_event_key', $ops_file$
-- Makes a successor of a key, with the same rights, and returns it; the old key works until the overlap ends.
-- Called by `ops key rotate` and the service role. Locks the key. Raises PT404, PT403 for an operator
-- and a key that signs off gates, PT400 for an invalid time, and PT409 for a key that ended. A retry makes another successor.
-- Definer: nobody may write keys directly; only operators and the service role may execute this.
create or replace function ops.rotate_event_key(
    prefix text,
    expires_at timestamptz,
    p_overlap interval default '1 hour',
    p_created_by text default null
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_old ops.event_keys := ops_private.event_key_to_change(rotate_event_key.prefix);
    v_now timestamptz := clock_timestamp();
begin
    if v_old.revoked_at is not null or v_old.expires_at <= v_now then
        raise sqlstate 'PT409' using
            message = format('The key %s has ended', v_old.prefix), hint = 'Make a new one: ops key create.';
    elsif p_overlap is null or p_overlap < interval '0' then
        raise sqlstate 'PT400' using
            message = 'The old key cannot end in the past', hint = 'Pass an overlap such as 1 hour, or 0.';
    end if;
    update ops.event_keys as k
    set expires_at = greatest(least(k.expires_at, v_now + p_overlap), k.created_at + interval '1 microsecond')
    where k.id = v_old.id;
    return query
    select * from ops_private.write_event_key(
        v_old.name, v_old.persona, v_old.event_types, rotate_event_key.expires_at, v_old.project_id, v_old.approver_id,
        coalesce(p_created_by, ops.caller_id(), ops.caller_role()), v_old.id
    );
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No key may have these values', detail = sqlerrm, hint = 'Pass a time to come at which the new key ends.';
end
$$;
comment on function ops.rotate_event_key is 'Makes a successor of a key.';
revoke all on function ops.rotate_event_key from public;
grant execute on function ops.rotate_event_key to service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('rule_fault', $ops_file$
-- Returns the fault of a rule's value, or null if it is valid. Locks and raises nothing.
create or replace function ops_private.rule_fault(
    p_kind text,
    p_value jsonb,
    p_minimum int,
    p_maximum int
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := jsonb_typeof(p_value);
begin
    if p_kind = 'boolean' then
        return case when v_type <> 'boolean' then 'is true or false' end;
    elsif p_kind = 'integer' then
        if v_type <> 'number' or p_value::numeric <> trunc(p_value::numeric)
            or p_value::numeric not between p_minimum and p_maximum then
            return format('is a whole number from %s to %s', p_minimum, p_maximum);
        end if;
        return null;
    elsif p_kind = 'text' then
        return case
            when v_type <> 'string' or length(p_value #>> '{}') > p_maximum
                then format('is a text of at most %s characters', p_maximum)
        end;
    elsif p_kind like 'one of %' then
        if v_type <> 'string' or p_value #>> '{}' <> all (string_to_array(substr(p_kind, length('one of ') + 1), ', ')) then
            return 'is ' || p_kind;
        end if;
        return null;
    elsif p_kind = 'columns' then
        if v_type <> 'object' or (select count(*) from jsonb_object_keys(p_value)) > p_maximum or exists (
            select from jsonb_each(p_value) as c
            where c.key !~ '^[^.]+(\.[^.]+){1,2}$' or jsonb_typeof(c.value) <> 'string'
                or c.value #>> '{}' !~ '^(keep|delete_rows|truncate|value:.+)$'
        ) then
            return format('says of up to %s columns, as table.column, keep, delete_rows, truncate or value:...', p_maximum);
        end if;
        return null;
    elsif v_type <> 'array' then
        return 'is a list';
    elsif jsonb_array_length(p_value) not between p_minimum and p_maximum then
        return format('has %s to %s entries', p_minimum, p_maximum);
    elsif p_kind = 'windows' then
        return (select min(ops_private.window_fault(w.value)) from jsonb_array_elements(p_value) as w);
    elsif exists (
        select from jsonb_array_elements(p_value) as n
        where jsonb_typeof(n.value) <> 'string' or btrim(n.value #>> '{}') = ''
    ) or (select count(*) <> count(distinct n.value) from jsonb_array_elements(p_value) as n) then
        return 'is a list of different names';
    end if;
    return null;
end
$$;
comment on function ops_private.rule_fault is 'What is wrong with the value of a rule, if anything is.';
revoke all on function ops_private.rule_fault from public;
$ops_file$);

select pg_temp.make_function('rules_in_force', $ops_file$
-- Returns a project's rules: the defaults, overridden by the platform's policy, overridden by the project's own, and
-- each as strict at least as the repository's default branch has it.
-- Called by functions that apply a policy, with any caller. Locks and raises nothing.
create or replace function ops_private.rules_in_force(
    p_project_id uuid,
    p_type ops.policy_type
)
returns jsonb
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return ops_private.stricter_rules(
        p_type,
        ops.policy_defaults(p_type)
        || coalesce((select p.rules from ops.policies as p where p.project_id is null and p.policy_type = p_type), '{}')
        || coalesce((select p.rules from ops.policies as p where p.project_id = p_project_id and p.policy_type = p_type), '{}'),
        coalesce((select k.rules -> p_type::text from ops.repository_rules as k where k.project_id = p_project_id), '{}')
    );
end
$$;
comment on function ops_private.rules_in_force is 'The rules that hold in a project.';
revoke all on function ops_private.rules_in_force from public;
$ops_file$);

select pg_temp.make_function('run_config_fields', $ops_file$
-- Lists what the config of a run of each kind may hold: the field, the type of its JSON value, and the permissions of
-- which the asker needs one. The config is what steps obey beside the run's kind, environment and commit, so a field that is
-- not listed for a kind is refused at every door. kinds.py has the same fields for the steps, and a test compares the
-- two. `assets` is what was selected in Dagster.
-- Called by refuse_config. Locks and raises nothing.
create or replace function ops.run_config_fields()
returns table (kind ops.run_kind, field text, json_type text, permissions text[])
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select k.kind, 'assets', 'array', '{read}'::text[] from ops.run_kinds() as k where k.stages <> '{}'
union all
values
    ('backup'::ops.run_kind, 'label', 'string', '{backup}'::text[]),
    ('backup'::ops.run_kind, 'import', 'object', '{backup}'::text[]),
    ('restore'::ops.run_kind, 'backup_id', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'purpose', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'masking_profile', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'only', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'undo', 'string', '{restore}'::text[]),
    ('restore'::ops.run_kind, 'records', 'object', '{restore}'::text[]),
    ('clone'::ops.run_kind, 'backup_id', 'string', '{restore}'::text[]),
    ('clone'::ops.run_kind, 'purpose', 'string', '{restore}'::text[]),
    ('clone'::ops.run_kind, 'masking_profile', 'string', '{restore}'::text[]),
    ('drill'::ops.run_kind, 'backup_id', 'string', '{drill}'::text[]),
    ('drill'::ops.run_kind, 'purpose', 'string', '{drill}'::text[]),
    ('drill'::ops.run_kind, 'masking_profile', 'string', '{drill}'::text[]),
    ('promote'::ops.run_kind, 'deployment_id', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'with_data', 'boolean', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'release_id', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'version', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'stage', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'image_digest', 'string', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'git_shas', 'object', '{deploy,promote}'::text[]),
    ('promote'::ops.run_kind, 'rollback_of', 'string', '{deploy,promote}'::text[]),
    ('destroy'::ops.run_kind, 'confirm', 'string', '{queue,queue_production}'::text[]),
    ('destroy'::ops.run_kind, 'without_backup', 'boolean', '{queue_production}'::text[]),
    ('verify'::ops.run_kind, 'backup_id', 'string', '{backup}'::text[]),
    ('compare'::ops.run_kind, 'backup_id', 'string', '{restore}'::text[]),
    ('compare'::ops.run_kind, 'tables', 'array', '{restore}'::text[])
$$;
comment on function ops.run_config_fields is
'What the config of a run of each kind may hold, and the permission it takes.';
revoke all on function ops.run_config_fields from public;
grant execute on function ops.run_config_fields to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.run_config_fields
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('run_kinds', $ops_file$
-- Lists what a run of each kind may do, decided by its effect on an environment's data and not by its name:
--   none     it points no environment at another database
--   new      it gives an environment a new database; production gets one only while it has none
--   replace  it may replace the data of any environment, production's too
--   remove   it removes the environment
-- It also lists the stages on which the kind may work (none: its runs work on no environment), and whether this version
-- has a job for it. kinds.py has the same facts for Dagster, and a test compares the two. A kind that is not listed may
-- do nothing.
-- Called by functions that refuse work. Locks and raises nothing.
create or replace function ops.run_kinds()
returns table (kind ops.run_kind, effect text, stages ops.environment_stage[], is_carried_out boolean)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
values
    ('build'::ops.run_kind, 'none', enum_range(null::ops.environment_stage), true),
    ('test'::ops.run_kind, 'none', enum_range(null::ops.environment_stage), true),
    ('deploy'::ops.run_kind, 'new', enum_range(null::ops.environment_stage), true),
    ('backup'::ops.run_kind, 'none', enum_range(null::ops.environment_stage), true),
    ('restore'::ops.run_kind, 'replace', enum_range(null::ops.environment_stage), true),
    ('clone'::ops.run_kind, 'new', '{development,staging}'::ops.environment_stage[], true),
    ('upgrade'::ops.run_kind, 'none', enum_range(null::ops.environment_stage), false),
    ('drill'::ops.run_kind, 'none', enum_range(null::ops.environment_stage), true),
    ('promote'::ops.run_kind, 'replace', '{staging,production}'::ops.environment_stage[], true),
    ('destroy'::ops.run_kind, 'remove', enum_range(null::ops.environment_stage), true),
    ('verify'::ops.run_kind, 'none', '{}'::ops.environment_stage[], true),
    ('retention'::ops.run_kind, 'none', '{}'::ops.environment_stage[], true),
    ('compare'::ops.run_kind, 'none', '{}'::ops.environment_stage[], true)
$$;
comment on function ops.run_kinds is 'What a run of each kind may do to an environment.';
revoke all on function ops.run_kinds from public;
grant execute on function ops.run_kinds to service_role, ops_worker, ops_operator;
$ops_file$);

select pg_temp.make_function('run_to_change', $ops_file$
-- Returns a run that the caller may cancel or repeat, and locks its row. Raises PT404 with the same message for a run
-- that does not exist and for one that the caller may not know of, and PT403.
create or replace function ops_private.run_to_change(
    p_run_id uuid
)
returns ops.runs
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs;
begin
    select r.* into v_run from ops.runs as r where r.id = p_run_id;
    if not found or not ops.has_permission(v_run.project_id, 'read') then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    perform ops_private.require_run(
        v_run.project_id, v_run.kind, (select e.stage from ops.environments as e where e.id = v_run.environment_id)
    );
    select r.* into v_run from ops.runs as r where r.id = p_run_id for no key update;
    return v_run;
end
$$;
comment on function ops_private.run_to_change is 'A run that the caller may cancel or repeat.';
revoke all on function ops_private.run_to_change from public;
$ops_file$);

select pg_temp.make_function('run_to_join', $ops_file$
-- Returns the branch's run that already does what is asked: the newest that builds, deploys or destroys there, if it
-- waits or works, for the same commit and of the same kind; null if there is none. A run of chosen assets does only
-- a part, and one that is being canceled does not count.
-- Called by update_branch_head. Locks and raises nothing.
create or replace function ops_private.run_to_join(
    p_project_id uuid,
    p_branch text,
    p_sha text,
    p_kind ops.run_kind
)
returns uuid
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_newest ops.runs;
begin
    select r.* into v_newest
    from ops.environments as e
    join ops.runs as r on r.environment_id = e.id
    where
        e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null
        and r.status in ('queued', 'claimed', 'running') and r.kind in ('build', 'deploy', 'destroy')
        and coalesce(r.git_ref not like 'refs/tags/%', true) -- the build of a tag is another release
    order by r.run_number desc
    limit 1;
    return (
        select q.run_id from ops.run_requests as q
        where
            q.run_id = v_newest.id and v_newest.kind = p_kind and v_newest.git_sha = p_sha
            and v_newest.cancel_requested_at is null and coalesce(q.config -> 'assets', '[]') = '[]'
    );
end
$$;
comment on function ops_private.run_to_join is 'The run that already does what a moved branch asks for.';
revoke all on function ops_private.run_to_join from public;
$ops_file$);

select pg_temp.make_function('runs_ending_with', $ops_file$
-- Returns the runs whose ids end with one of these hexadecimal digits, which a template's name contains.
-- Called by the janitor, only for templates without a mark: it reads every run. Locks and raises nothing.
create or replace function ops.runs_ending_with(
    p_ends text[]
)
returns table (id uuid, ending text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select r.id, e.ending
    from ops.runs as r
    join unnest(p_ends) as e (ending) on right(replace(r.id::text, '-', ''), length(e.ending)) = e.ending;
$$;
comment on function ops.runs_ending_with is 'Runs by the end of their ids.';
revoke all on function ops.runs_ending_with from public;
grant execute on function ops.runs_ending_with to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('seal_content', $ops_file$
-- Returns the hash that seals a record over the one before it: SHA-256 over that hash and the record as JSON.
-- Called by functions that write and verify checkpoints; events have ops.hash_event. Locks and raises nothing.
create or replace function ops.seal_content(
    p_prev_hash bytea,
    p_content jsonb
)
returns bytea
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select sha256(p_prev_hash || convert_to(p_content::text, 'UTF8'))
$$;
comment on function ops.seal_content is 'The hash of a record, over its content and the hash before it.';
revoke all on function ops.seal_content from public;
grant execute on function ops.seal_content to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.seal_content
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('seal_partition', $ops_file$
-- Closes direct access to a partition: its rows are read through its parent table, whose grants and policies decide.
-- Called by ensure_partitions, after each migration too. Locks the partition. A retry changes nothing.
create or replace function ops_private.seal_partition(
    p_partition text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_class pg_catalog.pg_class;
    v_parent text;
    v_grantee oid;
    v_trigger record;
begin
    select c.* into v_class from pg_catalog.pg_class as c where c.oid = format('ops.%I', p_partition)::regclass;
    select p.relname into v_parent
    from pg_catalog.pg_inherits as i join pg_catalog.pg_class as p on p.oid = i.inhparent
    where i.inhrelid = v_class.oid;
    for v_grantee in
        select distinct a.grantee from aclexplode(v_class.relacl) as a where a.grantee <> v_class.relowner
    loop
        execute format(
            'revoke all on ops.%I from %s', p_partition, case v_grantee when 0 then 'public' else v_grantee::regrole::text end
        );
    end loop;
    if not v_class.relrowsecurity then
        execute format('alter table ops.%I enable row level security', p_partition);
    end if;
    if not exists (select from pg_catalog.pg_policy as p where p.polrelid = v_class.oid) then
        execute format('create policy "Nobody reads a part by its own name" on ops.%I to public using (false)', p_partition);
    end if;
    execute format(
        'comment on table ops.%I is %L', p_partition, format(
            'Part of ops.%s: %s.', v_parent, case pg_get_expr(v_class.relpartbound, v_class.oid)
                when 'DEFAULT' then 'what no other part takes' else 'the time in its name'
            end
        )
    );
    for v_trigger in -- a statement's trigger is not inherited: it would let the part be truncated alone
        select pg_get_triggerdef(t.oid) as definition from pg_catalog.pg_trigger as t
        where t.tgrelid = format('ops.%I', v_parent)::regclass and not t.tgisinternal and t.tgtype & 1 = 0
            and not exists (
                select from pg_catalog.pg_trigger as own where own.tgrelid = v_class.oid and own.tgname = t.tgname
            )
    loop
        execute replace(
            v_trigger.definition, format(' ON ops.%I ', v_parent), format(' ON ops.%I ', p_partition)
        );
    end loop;
end
$$;
comment on function ops_private.seal_partition is 'Closes a partition to everyone by its own name.';
revoke all on function ops_private.seal_partition from public;
$ops_file$);

select pg_temp.make_function('sender_id', $ops_file$
-- Returns the name under which a delivery's sender is recorded: the key, else the calling person or role. Raises nothing.
create or replace function ops_private.sender_id(p_key ops.event_keys)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce('key:' || p_key.prefix, ops.caller_id(), ops.caller_role())
$$;
comment on function ops_private.sender_id is 'The name under which a sender is recorded.';
revoke all on function ops_private.sender_id from public;
$ops_file$);

select pg_temp.make_function('sender_role', $ops_file$
-- Returns the role under which a delivery's sender is recorded: the key's persona, else the calling role. Raises nothing.
create or replace function ops_private.sender_role(p_key ops.event_keys)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce(p_key.persona, ops.caller_role())
$$;
comment on function ops_private.sender_role is 'The role under which a sender is recorded.';
revoke all on function ops_private.sender_role from public;
$ops_file$);

select pg_temp.make_function('serves_release', $ops_file$
-- Returns whether an environment serves exactly this release: its image and the commit of the project's repository.
-- Called by promote_release and record_what_serves. Locks and raises nothing.
create or replace function ops_private.serves_release(
    p_environment_id uuid,
    p_release ops.releases
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.environments as e
    where
        e.id = p_environment_id and e.project_id = (p_release).project_id and e.database_name is not null
        and e.image_digest = (p_release).image_digest and e.deployed_sha = ops_private.project_git_sha(p_release)
)
$$;
comment on function ops_private.serves_release is 'Whether an environment serves exactly this release.';
revoke all on function ops_private.serves_release from public;
$ops_file$);

select pg_temp.make_function('set_environment_status', $ops_file$
-- Records whether an environment's Odoo runs, is stopped or failed. Called by the steps.
-- Locks the environment's row. Raises PT400 for other states and PT404 for no living environment or an adopted one.
-- A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.set_environment_status(
    p_environment_id uuid,
    p_status ops.environment_status
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments;
begin
    if p_status is null or p_status not in ('building', 'running', 'stopped', 'failed') then
        raise sqlstate 'PT400' using
            message = format('An environment cannot be set %s', coalesce(p_status::text, 'null')),
            hint = 'Set building, running, stopped or failed; destroying is a run of kind destroy.';
    end if;
    select e.* into v_environment from ops.environments as e
    where e.id = p_environment_id and e.destroyed_at is null and not e.is_adopted
    for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such living environment that is hosted here', hint = 'List them: ops env list.';
    end if;
    perform ops_private.move_environment(v_environment, p_status);
end
$$;
comment on function ops.set_environment_status is 'Notes what an environment does.';
revoke all on function ops.set_environment_status from public;
grant execute on function ops.set_environment_status to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('set_environment_url', $ops_file$
-- Records under which URL an environment answers, after a setting changed it. Called by the job converge. Locks the
-- environment's row. Raises PT404 for no living environment with a database here. A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.set_environment_url(
    p_environment_id uuid,
    p_url text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.environments as e set url = p_url
    where e.id = p_environment_id and e.destroyed_at is null and e.database_name is not null;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such living environment that is hosted here', hint = 'List them: ops env list.';
    end if;
end
$$;
comment on function ops.set_environment_url is 'Notes where an environment answers.';
revoke all on function ops.set_environment_url from public;
grant execute on function ops.set_environment_url to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('set_member', $ops_file$
-- Adds a member to a project, or changes the member's role. Called by people.
-- Locks the project's memberships. Raises PT400 without a user or a role, PT404, PT403 (admins change roles below
-- owner, owners all roles) and PT409 if the last owner would step down. A retry is harmless.
-- Definer: it answers that a foreign project does not exist, which row level security alone would not do.
create or replace function ops.set_member(
    p_project_id uuid,
    p_user_id uuid,
    p_role ops.membership_role
)
returns setof ops.project_memberships
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops_private.require_member_change(p_project_id, p_user_id, p_role);
    return query
    insert into ops.project_memberships as m (project_id, user_id, role) values (p_project_id, p_user_id, p_role)
    on conflict (project_id, user_id) do update set role = excluded.role
    returning m.*;
exception when not_null_violation or foreign_key_violation then
    raise sqlstate 'PT400' using
        message = 'A member is a user of an existing project, with a role',
        detail = sqlerrm,
        hint = 'Pass p_project_id, p_user_id and one of viewer, developer, admin, owner.';
end
$$;
comment on function ops.set_member is 'Makes somebody a member, or changes what they are.';
revoke all on function ops.set_member from public;
grant execute on function ops.set_member to authenticated, service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('set_policy', $ops_file$
-- Sets a project's policy and returns the rules in force; a rule left out falls back to the platform's. Without a
-- project it sets the rules for all, which only the platform may do.
-- Called by admins. Locks the policy's row.
-- Raises PT404, PT403 and PT400 naming the wrong rule. Repeating it is harmless.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.set_policy(
    project_id uuid,
    type ops.policy_type,
    rules jsonb
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if set_policy.project_id is not null then
        perform ops_private.require_permission(set_policy.project_id, 'manage');
    elsif not ops.is_platform() then
        raise sqlstate 'PT403' using
            message = 'You may not set the policy for all projects',
            hint = 'Set that of a project you administer.';
    end if;
    perform ops_private.refuse_rules(set_policy.type, set_policy.rules);
    insert into ops.policies as p (project_id, policy_type, rules, updated_by)
    values (set_policy.project_id, set_policy.type, set_policy.rules, coalesce(ops.caller_id(), ops.caller_role()))
    on conflict (project_id, policy_type) do update
    set rules = excluded.rules, updated_by = excluded.updated_by, updated_at = now();
    return ops_private.rules_in_force(set_policy.project_id, set_policy.type);
exception when foreign_key_violation then
    raise sqlstate 'PT404' using
        message = 'There is no such project', hint = 'List them: ops project list.';
end
$$;
comment on function ops.set_policy is 'Sets what a project holds itself to.';
revoke all on function ops.set_policy from public;
grant execute on function ops.set_policy to authenticated, service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('set_project_setting', $ops_file$
-- Sets one of a project's settings, or removes it where the value is null, and records the change. Returns the value
-- before, null if there was none. The keys and values are those of odooops.yaml; the caller checks them.
-- Called by `ops project set`, `ops project unset` and admins. Locks the project's row. Raises PT404, PT403 and PT400.
-- A retry changes and records nothing.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.set_project_setting(
    p_slug text,
    p_key text,
    p_value jsonb default null,
    p_changed_by text default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_value jsonb := nullif(p_value, 'null');
    v_by text := coalesce(case when ops.is_platform() then p_changed_by end, ops.caller_id(), ops.caller_role());
    v_old jsonb;
begin
    select p.id into v_project_id from ops.projects as p where p.slug = p_slug for no key update;
    if not found then
        raise sqlstate 'PT404' using
            message = 'There is no such project',
            hint = 'List the projects you belong to: select slug from ops.projects.';
    end if;
    perform ops_private.require_permission(v_project_id, 'manage');
    select s.value into v_old from ops.project_settings as s where s.project_id = v_project_id and s.key = p_key;
    if v_old is not distinct from v_value then
        return v_old;
    end if;
    delete from ops.project_settings as s where s.project_id = v_project_id and s.key = p_key;
    insert into ops.project_settings (project_id, key, value, set_by)
    select v_project_id, p_key, v_value, v_by where v_value is not null;
    insert into ops.project_setting_changes (project_id, key, old_value, new_value, changed_by)
    values (v_project_id, p_key, v_old, v_value, v_by);
    return v_old;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No project may have this setting', detail = sqlerrm,
        hint = 'A key is as in odooops.yaml, with dots: odoo.options.limit_time_real.';
end
$$;
comment on function ops.set_project_setting is 'Sets or removes one of a project''s settings.';
revoke all on function ops.set_project_setting from public;
grant execute on function ops.set_project_setting to authenticated, service_role, ops_operator;
$ops_file$);

select pg_temp.make_function('settle_gates', $ops_file$
-- Stores the status of gates that time alone changed: an exception ended, or a window closed. Returns how many. Called by
-- the platform's clock. Locks those gates, except ones that are being judged. Raises nothing; a retry is harmless.
-- Definer: the platform's login executes this but may not write gates itself.
create or replace function ops.settle_gates()
returns int
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate_id uuid;
    v_settled int := 0;
begin
    for v_gate_id in
        select g.id from ops.release_gates as g
        where g.id in (
            select o.id from ops.release_gates as o where o.status = 'bypassed'
            union all
            select o.id from ops.release_gates as o where o.status = 'pending' and o.deadline_at < ops.right_now()
        )
        order by g.id
        for no key update skip locked
    loop
        if (select s.status <> g.status from ops.release_gates as g
            join ops.v_gate_status as s on s.gate_id = g.id where g.id = v_gate_id) then
            perform ops_private.evaluate_gate_row(v_gate_id);
            v_settled := v_settled + 1;
        end if;
    end loop;
    return v_settled;
end
$$;
comment on function ops.settle_gates is 'Stores the status of gates that time alone changed.';
revoke all on function ops.settle_gates from public;
grant execute on function ops.settle_gates to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('settle_health', $ops_file$
-- Evaluates the health of a deployment again and stores the verdict.
-- Called when a check or the end of the deployment is recorded. Locks the deployment's row; does nothing without a
-- deployment. A retry is harmless.
create or replace function ops_private.settle_health(
    p_deployment_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments;
begin
    select d.* into v_deployment from ops.deployments as d where d.id = p_deployment_id for no key update;
    update ops.deployments as d set g4_status = j.verdict
    from ops_private.judge_deployment(v_deployment) as j
    where d.id = v_deployment.id;
end
$$;
comment on function ops_private.settle_health is 'Judges the health of a deployment anew.';
revoke all on function ops_private.settle_health from public;
$ops_file$);

select pg_temp.make_function('shown_digest', $ops_file$
-- Returns the SHA-256 of all that the approvers of a release are shown now, or were at a moment: its version, the commit
-- of every repository and submodule, image, packages, and the newest result of each check of its build. An approval
-- counts while this is what it was when the person decided.
-- Called by anyone who may read the release. Locks nothing. Raises PT404.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked.
create or replace function ops.shown_digest(
    release_id uuid,
    p_at timestamptz default 'infinity'
)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases := ops_private.require_release(shown_digest.release_id);
begin
    return encode(sha256(convert_to(ops_private.shown_of(v_release.id, p_at)::text, 'UTF8')), 'hex');
end
$$;
comment on function ops.shown_digest is 'The digest of all that the approvers of a release are shown.';
revoke all on function ops.shown_digest from public;
grant execute on function ops.shown_digest to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.shown_digest
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('shown_of', $ops_file$
-- Returns all that the approvers of a release are shown, as of a moment: what it is made of, and the newest result of
-- each check of its build. Its digest is ops.shown_digest. Called by shown_digest and changed_since. Locks and raises
-- nothing.
create or replace function ops_private.shown_of(
    p_release_id uuid,
    p_at timestamptz
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object(
    'version', r.version, 'git_shas', r.git_shas, 'image_digest', r.image_digest, 'lock_digest', r.lock_digest,
    'checks', coalesce((
        select jsonb_object_agg(l.name, l.status)
        from (
            select distinct on (c.name)
                c.name,
                c.status
            from ops.gate_checks as c
            join ops.release_gates as g on g.id = c.gate_id
            where g.release_id = r.id and g.gate_code = 'G1' and c.occurred_at <= p_at
            order by c.name, c.occurred_at desc, c.created_at desc, c.id desc
        ) as l
    ), '{}')
)
from ops.releases as r
where r.id = p_release_id
$$;
comment on function ops_private.shown_of is 'All that the approvers of a release are shown.';
revoke all on function ops_private.shown_of from public;
$ops_file$);

select pg_temp.make_function('sign_off_gate', $ops_file$
-- Records a person's decision on gate G2 or G3 and returns its id. A rejection stays, whatever the person decides later.
-- Called by people with the gate's persona, and by the service role for one of them, whom it names.
-- With p_shown, the digest of what the person was shown (ops.shown_digest), the decision is refused if something has
-- changed since. Locks the gates. Raises PT404, PT403 (also for the release's author: four eyes), PT400, and PT409 for
-- another digest. A retry records it again, which changes nothing. The decision is in the log of events like one that
-- came as an event.
-- Definer: a decision is stored with what the platform knows of the release, not with what the caller claims.
create or replace function ops.sign_off_gate(
    release_id uuid,
    gate_code ops.ops_gate_code,
    decision ops.ops_decision_type,
    p_rationale jsonb default '{}',
    p_approver_id text default null,
    p_source text default 'sql',
    p_shown text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_release ops.releases := ops_private.require_release(sign_off_gate.release_id);
    v_gate ops.release_gates := ops_private.gate_of_release(v_release.id, sign_off_gate.gate_code);
    v_id uuid;
begin
    perform ops_private.recognise_caller();
    if p_shown is not null then
        perform from ops.release_gates as g where g.release_id = v_release.id order by g.gate_code for no key update;
        if p_shown <> ops.shown_digest(v_release.id) then
            raise sqlstate 'PT409' using
                message = format('Release %s is not what you were shown any more', v_release.version),
                hint = 'Look at it again: ops release show.';
        end if;
    end if;
    v_id := ops_private.write_approval(
        v_release, v_gate.gate_code, sign_off_gate.decision, coalesce(p_rationale, '{}'),
        ops_private.gate_approver(v_release, v_gate.gate_code, p_approver_id), p_source
    );
    perform ops_private.log_decision(v_id);
    return v_id;
exception when check_violation or not_null_violation then
    raise sqlstate 'PT400' using
        message = 'No decision may have these values', detail = sqlerrm,
        hint = 'A decision is approved or rejected, with an object as its rationale.';
end
$$;
comment on function ops.sign_off_gate is 'Notes a person''s decision on a gate.';
revoke all on function ops.sign_off_gate from public;
grant execute on function ops.sign_off_gate to service_role, qa_tester, release_manager;
$ops_file$);

select pg_temp.make_function('speaks_for', $ops_file$
-- Returns whether a delivery may speak for a project: it names the project's repository and was signed with the
-- project's secret, or with the platform's before the project had a secret of its own. Locks and raises nothing.
create or replace function ops_private.speaks_for(
    p_delivery ops.push_deliveries,
    p_project ops.projects
)
returns boolean
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return ops.normalise_repo_url((p_delivery).repo_url) = ops.normalise_repo_url((p_project).repo_url)
        and case
            when (p_delivery).project_id is not null then (p_delivery).project_id = (p_project).id
            else coalesce((p_delivery).received_at < (p_project).own_webhook_at, true)
        end;
end
$$;
comment on function ops_private.speaks_for is 'Whether a delivery may speak for a project.';
revoke all on function ops_private.speaks_for from public;
$ops_file$);

select pg_temp.make_function('stage_of_branch', $ops_file$
-- Returns the stage that a new environment of the branch gets, by the project's rules in force.
-- Called by make_environment and update_branch_head. Locks and raises nothing.
create or replace function ops_private.stage_of_branch(
    p_project_id uuid,
    p_branch text
)
returns ops.environment_stage
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select ops.branch_stage(
    p_branch, p.default_branch, ops_private.rules_in_force(p.id, 'clone') -> 'staging_branches'
)
from ops.projects as p where p.id = p_project_id
$$;
comment on function ops_private.stage_of_branch is 'The stage of a branch of a project.';
revoke all on function ops_private.stage_of_branch from public;
$ops_file$);

select pg_temp.make_function('standing_decisions', $ops_file$
-- Returns what stands of the decisions on a gate, one of each person, and on the other gate too where persons count for
-- one of both: a rejection if the person ever rejected, else the newest approval, with the checks that changed since.
-- Called by count_approvals. Locks and raises nothing.
create or replace function ops_private.standing_decisions(p_gate ops.release_gates)
returns table (is_here boolean, person text, approver_id text, decision ops.ops_decision_type, changed text)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select distinct on (a.gate_code, ops.person_of(a.approver_id))
    a.gate_code = (p_gate).gate_code,
    ops.person_of(a.approver_id),
    a.approver_id,
    a.decision,
    ops_private.changed_since(a.release_id, a.occurred_at)
from ops.approvals as a
where
    a.release_id = (p_gate).release_id and (a.gate_id = (p_gate).id or (p_gate).is_distinct)
    and ops.person_of(a.approver_id) is distinct from ops.person_of(a.release_author)
order by a.gate_code, ops.person_of(a.approver_id), a.decision desc, a.occurred_at desc, a.created_at desc, a.id desc
$$;
comment on function ops_private.standing_decisions is 'The decision of each person on a gate that stands.';
revoke all on function ops_private.standing_decisions from public;
$ops_file$);

select pg_temp.make_function('start_deployment', $ops_file$
-- Inserts a deployment and queues its run, which no other door queues. Called by promote_release and
-- rollback_deployment, which lock the project; only the platform may name somebody else as the requester. Where the
-- platform deploys itself, the run makes the backup. Raises PT409 if another production has no fresh backup and no
-- reason is given, and what queue_run and the trigger of deployments raise.
create or replace function ops_private.start_deployment(
    p_release ops.releases,
    p_environment_id uuid,
    p_stage ops.environment_stage,
    p_no_backup_reason text,
    p_rollback_of uuid,
    p_reason text,
    p_requested_by text,
    p_with_data boolean default false
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid := gen_random_uuid();
    v_is_hosted boolean := ops_private.is_hosted(p_environment_id);
    v_backup_id uuid := case
        when not v_is_hosted then ops_private.backup_to_return_to(p_release.project_id, p_environment_id)
    end;
    v_run_id uuid;
begin
    if p_stage = 'production' and not v_is_hosted and v_backup_id is null and p_no_backup_reason is null then
        raise sqlstate 'PT409' using
            message = 'Production has no verified backup that is fresh enough',
            detail = format('Policy promotion.backup_max_age_hours is %s.',
                ops_private.rules_in_force(p_release.project_id, 'promotion') ->> 'backup_max_age_hours'),
            hint = 'Take one: ops backup create; or say why there is none: p_no_backup_reason.';
    end if;
    insert into ops.deployments (
        id, project_id, release_id, environment_id, stage, image_digest, git_shas, backup_id, no_backup_reason,
        rollback_of, with_data, reason, requested_by
    )
    values (
        v_id, p_release.project_id, p_release.id, p_environment_id, p_stage, p_release.image_digest, p_release.git_shas,
        v_backup_id, case when v_backup_id is null then p_no_backup_reason end, p_rollback_of, p_with_data,
        p_reason, coalesce(case when ops.is_platform() then p_requested_by end, ops.caller_id(), ops.caller_role())
    );
    v_run_id := ops.queue_run(
        p_release.project_id, (select e.name from ops.environments as e where e.id = p_environment_id),
        ops_private.project_git_sha(p_release), p_release.version, 'promote',
        case when ops.is_platform() then 'promotion' else 'api' end,
        coalesce(p_requested_by, ops.caller_name()),
        p_config => jsonb_build_object(
            'deployment_id', v_id, 'release_id', p_release.id, 'version', p_release.version, 'stage', p_stage,
            'image_digest', p_release.image_digest, 'git_shas', p_release.git_shas, 'rollback_of', p_rollback_of,
            'with_data', p_with_data
        )
    );
    update ops.deployments as d set run_id = v_run_id where d.id = v_id;
    return v_id;
end
$$;
comment on function ops_private.start_deployment is 'Writes a deployment down and queues its run.';
revoke all on function ops_private.start_deployment from public;
$ops_file$);

select pg_temp.make_function('start_promotion', $ops_file$
-- Starts the deployment of a promote run, after the backup and before anything changes: asks the gates once more, notes
-- the backup to which one could return, and moves the deployment to running. Called by step promote.
-- Locks the run, the project, the release and its gates. Raises PT404, PT410, and PT409 if the release is not eligible
-- any more, and for a production without a verified backup. A retry of the attempt, or another attempt, is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.start_promotion(
    p_run_id uuid,
    p_attempt int,
    p_backup_id uuid default null
)
returns ops.deployments
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment ops.deployments := ops_private.lock_promotion(p_run_id, p_attempt);
begin
    perform from ops.releases as r where r.id = v_deployment.release_id for no key update;
    perform from ops.release_gates as g where g.release_id = v_deployment.release_id order by g.gate_code for no key update;
    if v_deployment.rollback_of is null then
        perform ops_private.refuse_ineligible(v_deployment.release_id, v_deployment.stage);
    end if;
    if v_deployment.backup_id is null and p_backup_id is not null then
        update ops.deployments as d set backup_id = b.id
        from ops.backups as b
        where
            d.id = v_deployment.id and b.id = p_backup_id and b.environment_id = d.environment_id
            and b.status = 'verified'
        returning d.* into v_deployment;
    end if;
    if v_deployment.id is null
        or v_deployment.stage = 'production' and v_deployment.backup_id is null
        and v_deployment.no_backup_reason is null then
        raise sqlstate 'PT409' using
            message = 'Production is not promoted over without a verified backup of it',
            hint = 'Look at it: ops backup list.';
    end if;
    perform ops_private.move_deployment_to(v_deployment, 'running');
    select d.* into v_deployment from ops.deployments as d where d.id = v_deployment.id;
    return v_deployment;
end
$$;
comment on function ops.start_promotion is 'Starts a promotion, once there is a way back.';
revoke all on function ops.start_promotion from public;
grant execute on function ops.start_promotion to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('start_workflow_run', $ops_file$
-- Takes ownership of a claimed run, which is running from now on. Without p_attempt it means attempt 1 of the claiming
-- worker. Called by the run process, fenced by attempt and Dagster run. Locks the run's row. Raises PT404, and PT410 if
-- the attempt is over or owned by another. The owner may repeat it.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.start_workflow_run(
    p_run_id uuid,
    p_worker_id text,
    p_attempt int default null,
    p_dagster_run_id text default null,
    p_lease_seconds int default 60
)
returns setof ops.run_details
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_attempt int := coalesce(p_attempt, 1);
begin
    if ops_private.move_runs(
        array[p_run_id], '{claimed}', 'running', 'started by ' || p_worker_id,
        jsonb_build_object('dagster_run_id', p_dagster_run_id),
        p_attempt => v_attempt, p_holder => case when p_attempt is null then p_worker_id end,
        p_dagster_run_id => coalesce(p_dagster_run_id, ''), p_worker_id => p_worker_id,
        p_lease_seconds => p_lease_seconds
    ) = 0 then
        perform from ops.runs as r
        where
            r.id = p_run_id and r.status = 'running' and r.attempt = v_attempt and r.claimed_by = p_worker_id
            and r.dagster_run_id is not distinct from p_dagster_run_id;
        if not found then
            perform ops_private.refuse_attempt(p_run_id, v_attempt);
        end if;
    end if;
    return query select d.* from ops.v_run_details as d where d.id = p_run_id;
end
$$;
comment on function ops.start_workflow_run is 'Takes ownership of a claimed run.';
revoke all on function ops.start_workflow_run from public;
grant execute on function ops.start_workflow_run to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('stricter_rule', $ops_file$
-- Returns the stricter of a rule's value and of what the repository says. A rule that is not named here is not for the
-- repository to say. Called by stricter_rules. Locks and raises nothing.
create or replace function ops_private.stricter_rule(
    p_type ops.policy_type,
    p_rule text,
    p_value jsonb,
    p_other jsonb
)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loose_to_strict constant text[] := case p_rule
        when 'release' then array['on_push', 'by_hand', 'gated']
        else array['allow', 'refuse_overlooked', 'refuse']
    end;
begin
    return case
        when p_type = 'retention' then to_jsonb(greatest(p_value::int, p_other::int))
        when p_type = 'backup' and p_rule = 'max_age_hours' then to_jsonb(least(p_value::int, p_other::int))
        when (p_type, p_rule) in (
            ('backup', 'nightly'), ('backup', 'attachments_elsewhere_fatal'), ('clone', 'coverage_fatal')
        ) then to_jsonb(p_value::boolean or p_other::boolean)
        when (p_type, p_rule) in (('gates', 'untested_modules'), ('promotion', 'release')) then to_jsonb(v_loose_to_strict[greatest(
            array_position(v_loose_to_strict, p_value #>> '{}'), array_position(v_loose_to_strict, p_other #>> '{}')
        )])
        when p_type = 'clone' and p_rule = 'masking_hooks' then p_value || (
            select coalesce(jsonb_agg(o.value order by o.ordinality), '[]')
            from jsonb_array_elements(p_other) with ordinality as o where not p_value ? (o.value #>> '{}')
        )
        when p_type = 'clone' and p_rule = 'columns' then p_value || (
            -- what is to be kept protects nothing; of two values the policy's counts, and what removes counts before both
            select coalesce(jsonb_object_agg(o.key, o.value), '{}') from jsonb_each_text(p_other) as o
            where o.value <> 'keep' and (
                coalesce(p_value ->> o.key, 'keep') = 'keep'
                or o.value in ('delete_rows', 'truncate') and p_value ->> o.key like 'value:%'
            )
        )
        when p_type = 'clone' and p_rule = 'staging_branches' then (
            -- of two patterns the narrower one, if it lies within the other
            select coalesce(jsonb_agg(distinct n.pattern), '[]') from (
                select o.pattern from jsonb_array_elements_text(p_other) as o (pattern)
                where ops.matches_pattern(o.pattern, p_value)
                union all
                select v.pattern from jsonb_array_elements_text(p_value) as v (pattern)
                where ops.matches_pattern(v.pattern, p_other)
            ) as n
        )
        else p_value
    end;
end
$$;
comment on function ops_private.stricter_rule is 'The stricter of two values of a rule.';
revoke all on function ops_private.stricter_rule from public;
$ops_file$);

select pg_temp.make_function('stricter_rules', $ops_file$
-- Returns rules of a policy, each as strict as the repository wants it at least.
-- Called by rules_in_force. Locks and raises nothing.
create or replace function ops_private.stricter_rules(
    p_type ops.policy_type,
    p_rules jsonb,
    p_others jsonb
)
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select p_rules || coalesce(
    jsonb_object_agg(o.key, ops_private.stricter_rule(p_type, o.key, p_rules -> o.key, o.value)), '{}'
)
from jsonb_each(p_others) as o
where p_rules ? o.key
$$;
comment on function ops_private.stricter_rules is 'Rules of a policy, made stricter by others.';
revoke all on function ops_private.stricter_rules from public;
$ops_file$);

select pg_temp.make_function('subject_of_evidence', $ops_file$
-- Returns the release and the gate of new evidence, and refuses a caller who may not add to them. Locks nothing. Raises
-- PT404, PT403, and PT400 if the parts do not belong together.
create or replace function ops_private.subject_of_evidence(
    p_release_id uuid,
    p_gate_id uuid,
    p_check_id uuid,
    p_run_id uuid
)
returns table (release_id uuid, gate_id uuid)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_gate_id uuid := coalesce((select c.gate_id from ops.gate_checks as c where c.id = p_check_id), p_gate_id);
    v_gate ops.release_gates;
    v_release_id uuid;
    v_project_id uuid;
    v_run_project_id uuid;
begin
    select g.* into v_gate from ops.release_gates as g where g.id = v_gate_id;
    v_release_id := coalesce(v_gate.release_id, p_release_id);
    select q.project_id into v_run_project_id from ops.run_requests as q where q.run_id = p_run_id;
    select coalesce((select r.project_id from ops.releases as r where r.id = v_release_id), v_run_project_id)
    into v_project_id;
    if v_project_id is null or v_project_id <> v_run_project_id
        or p_gate_id <> v_gate_id or p_release_id <> v_release_id then
        raise sqlstate 'PT400' using
            message = 'Evidence is of things that exist and belong together',
            hint = 'Name a release, one of its gates, one of the gate''s checks, or a run of the same project.';
    end if;
    perform ops_private.require_evidence_keeper(v_project_id, v_gate.gate_code);
    return query select v_release_id, v_gate_id;
end
$$;
comment on function ops_private.subject_of_evidence is 'The release and the gate that evidence belongs to.';
revoke all on function ops_private.subject_of_evidence from public;
$ops_file$);

select pg_temp.make_function('supersede_runs', $ops_file$
-- Cancels the environment's older waiting runs that a newer one makes unnecessary. Locks the rows that it cancels.
-- A retry is harmless.
create or replace function ops_private.supersede_runs(
    p_environment_id uuid,
    p_run_id uuid,
    p_run_number bigint
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old uuid;
begin
    for v_old in
        select r.id from ops.runs as r
        join ops.runs as n on n.id = p_run_id
        where
            r.environment_id = p_environment_id and r.status = 'queued' and r.run_number < p_run_number
            and ops_private.does_all_of(n, r)
        order by r.run_number
    loop
        perform ops_private.end_queued_run(v_old, format('superseded by #%s', p_run_number));
    end loop;
end
$$;
comment on function ops_private.supersede_runs is 'Cancels older waiting runs of an environment.';
revoke all on function ops_private.supersede_runs from public;
$ops_file$);

select pg_temp.make_function('take_build', $ops_file$
-- Records at gate G1 of a release what the runs that made its image found: the check build, and each run's own checks,
-- with the files that prove them.
-- A check that is recorded for the same run already is left alone. Called by release_build, which checked the
-- permission. Locks the gate. Raises what record_gate_check raises.
create or replace function ops_private.take_build(
    p_release_id uuid,
    p_image_digest text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer record;
    v_check_id uuid;
begin
    for v_answer in
        with runs as (
            select
                r.id,
                r.attempt,
                r.run_number,
                r.finished_at
            from ops.releases as o
            join ops.run_requests as q on q.project_id = o.project_id
            join ops.runs as r on r.id = q.run_id
            join ops.run_lineage as l on l.run_id = r.id and l.attempt = r.attempt and l.asset_key = 'image'
            where
                o.id = p_release_id and l.data_version = p_image_digest and r.status = 'succeeded'
                and r.kind in ('build', 'test', 'deploy')
        ), answers as (
            select
                r.id as run_id,
                'build' as name,
                true as passed,
                format('run #%s', r.run_number) as summary,
                r.finished_at as at
            from runs as r
            union all
            select
                r.id,
                c.name,
                c.passed or not c.blocking,
                c.summary,
                c.created_at
            from runs as r
            join ops.run_checks as c on c.run_id = r.id and c.attempt = r.attempt
            where c.name <> 'healthy'
        )
        select a.* from answers as a
        where not exists (
            select from ops.gate_checks as c
            join ops.release_gates as g on g.id = c.gate_id
            where g.release_id = p_release_id and g.gate_code = 'G1' and c.name = a.name and c.run_id = a.run_id
        )
        order by a.at
    loop
        v_check_id := ops.record_gate_check(
            p_release_id, 'G1', v_answer.name, case when v_answer.passed then 'passed' else 'failed' end::ops.check_status,
            v_answer.summary, p_run_id => v_answer.run_id, p_source => 'odooops', p_occurred_at => v_answer.at
        );
        perform ops_private.prove_check(v_check_id, v_answer.run_id, v_answer.name);
    end loop;
end
$$;
comment on function ops_private.take_build is 'Records at gate G1 what the builds of a release found.';
revoke all on function ops_private.take_build from public;
$ops_file$);

select pg_temp.make_function('take_checks', $ops_file$
-- Records the checks of an event at a gate, including its own status under a given name, and its evidence; returns the
-- ids. Called by the handlers of events. Locks the gate. Raises what record_gate_check and record_evidence raise.
create or replace function ops_private.take_checks(
    p_release ops.releases,
    p_gate_code ops.ops_gate_code,
    p_own_name text,
    p_envelope jsonb,
    p_run_id uuid,
    p_deployment_id uuid default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_checks jsonb := case jsonb_typeof(p_envelope -> 'checks') when 'array' then p_envelope -> 'checks' else '[]' end;
    v_check jsonb;
    v_ids jsonb := '[]';
    v_named jsonb := '{}';
    v_id uuid;
begin
    if not exists (select from jsonb_array_elements(v_checks) as c where c.value ->> 'name' = p_own_name) then
        v_checks := v_checks || jsonb_build_object('name', p_own_name, 'status', p_envelope ->> 'status');
    end if;
    for v_check in select c.value from jsonb_array_elements(v_checks) as c loop
        v_id := ops.record_gate_check(
            p_release.id, p_gate_code, v_check ->> 'name', ops_private.check_status_of(v_check ->> 'status'),
            v_check ->> 'summary', nullif(v_check -> 'metadata', 'null'), p_deployment_id, p_run_id,
            p_envelope ->> 'source', (p_envelope ->> 'occurred_at')::timestamptz
        );
        v_ids := v_ids || to_jsonb(v_id);
        v_named := v_named || jsonb_build_object(v_check ->> 'name', v_id);
    end loop;
    return jsonb_build_object('check_ids', v_ids, 'is_overruled', not exists (
        select from ops.gate_checks as c
        where v_ids ? c.id::text and not exists (
            select from ops.gate_checks as n
            where
                n.gate_id = c.gate_id and n.name = c.name and n.occurred_at > c.occurred_at
                and n.deployment_id is not distinct from c.deployment_id
        )
    ))
        || ops_private.take_evidence(
            ops_private.gate_of_release(p_release.id, p_gate_code), p_envelope, v_named
        );
end
$$;
comment on function ops_private.take_checks is 'Notes the checks and the evidence of an event at a gate.';
revoke all on function ops_private.take_checks from public;
$ops_file$);

select pg_temp.make_function('take_evidence', $ops_file$
-- Records the evidence of an event at a gate, or at those of its checks that it names, by their ids; returns the ids
-- of the evidence. Called by the handlers of events.
-- Raises what record_evidence raises.
create or replace function ops_private.take_evidence(
    p_gate ops.release_gates,
    p_envelope jsonb,
    p_check_ids jsonb default '{}'
)
returns jsonb
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
select jsonb_build_object('evidence_ids', coalesce(jsonb_agg(ops.record_evidence(
    e.value ->> 'kind', e.value ->> 's3_url', e.value ->> 'sha256', (p_gate).release_id, (p_gate).id,
    (p_check_ids ->> (e.value ->> 'check'))::uuid, null,
    coalesce(nullif(e.value ->> 'content_type', ''), 'application/octet-stream'),
    coalesce((e.value ->> 'size_bytes')::numeric::bigint, 0)
)), '[]'))
from jsonb_array_elements(
    case jsonb_typeof(p_envelope -> 'evidence') when 'array' then p_envelope -> 'evidence' else '[]' end
) as e
$$;
comment on function ops_private.take_evidence is 'Notes the evidence of an event at a gate.';
revoke all on function ops_private.take_evidence from public;
$ops_file$);

select pg_temp.make_function('take_runs', $ops_file$
-- Takes the next runs for a worker and returns them in their order, each under a lease and with its next attempt, which is
-- the fencing token: at most one run per environment, by priority, then the projects' turns, then age. p_to is claimed,
-- or running for a worker that starts at once.
-- Called by every claim. Locks the runs that it takes and skips those that others hold. Raises PT400 for a worker
-- without a name. If two workers take runs of one environment, the unique index stops the later one, which looks again.
create or replace function ops_private.take_runs(
    p_worker_id text,
    p_limit int,
    p_lease_seconds int,
    p_to ops.run_status
)
returns uuid[]
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
set plan_cache_mode = force_generic_plan -- the length of an array is no reason for another plan
as $$
declare
    v_runs uuid[];
    v_count int;
    v_tries int := 0;
begin
    if coalesce(p_worker_id, '') = '' or coalesce(p_lease_seconds, 0) <= 0 then
        raise sqlstate 'PT400' using
            message = 'A claim needs a worker''s name and a lease of at least one second',
            hint = 'Name the worker: select * from ops.claim_runs(p_worker_id => ''worker-1'', ...).';
    end if;
    loop
        begin
            v_runs := array(
                select r.id
                from ops.v_startable_runs as s
                join ops.runs as r on r.id = s.id
                where r.status = 'queued' -- asked again of a row that another worker has just let go
                order by s.priority desc, s.turn, s.created_at
                limit greatest(p_limit, 0)
                for no key update of r skip locked
            );
            if v_runs <> '{}' then
                v_count := ops_private.move_runs(
                    v_runs, '{queued}', p_to,
                    case p_to when 'claimed' then 'claimed by ' else 'started by ' end || p_worker_id,
                    case p_to when 'claimed' then '{}' else '{"through": "claimed"}' end::jsonb,
                    p_worker_id => p_worker_id, p_lease_seconds => p_lease_seconds
                );
            end if;
            return v_runs;
        exception when unique_violation then
            v_tries := v_tries + 1;
            if v_tries >= 5 then
                raise;
            end if;
        end;
    end loop;
end
$$;
comment on function ops_private.take_runs is 'Takes the next runs for a worker.';
revoke all on function ops_private.take_runs from public;
$ops_file$);

select pg_temp.make_function('takes_effect', $ops_file$
-- Returns whether a deployment changes its place, or still may. Where the platform deploys itself, a failed one leaves
-- what was there before, and the rollback that records this changes nothing either.
-- Called by release_before. Locks and raises nothing.
create or replace function ops_private.takes_effect(p_deployment ops.deployments)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select not ops_private.is_hosted((p_deployment).environment_id) or not (
    (p_deployment).status = 'failed'
    or (p_deployment).status = 'succeeded' and (p_deployment).rollback_of is not null
    and (p_deployment).database_name is null
)
$$;
comment on function ops_private.takes_effect is 'Whether a deployment changes its place, or still may.';
revoke all on function ops_private.takes_effect from public;
$ops_file$);

select pg_temp.make_function('target_stage', $ops_file$
-- Returns the stage of a target: the stage itself, or that of a living environment by name or partition.
-- Called by functions that promote and by those that explain a promotion: the requirements depend only on the stage.
-- Locks nothing; raises PT400 for an invalid target.
create or replace function ops_private.target_stage(
    p_project_id uuid,
    p_target_env text
)
returns ops.environment_stage
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_stage ops.environment_stage;
begin
    -- an environment of another stage may be named like a stage: the name production always means the stage
    if p_target_env in ('staging', 'production') then
        return p_target_env;
    end if;
    select e.stage into v_stage
    from ops.environments as e
    where
        e.project_id = p_project_id and e.destroyed_at is null and e.stage <> 'development'
        and p_target_env in (e.name, e.partition_key)
    order by e.name = p_target_env desc
    limit 1;
    if not found then
        raise sqlstate 'PT400' using
            message = format('Nothing is promoted to %s', coalesce(p_target_env, 'nowhere')),
            column = 'environment',
            hint = 'Name staging, production, or an environment of one of these stages.';
    end if;
    return v_stage;
end
$$;
comment on function ops_private.target_stage is 'The stage that a promotion''s target belongs to.';
revoke all on function ops_private.target_stage from public;
$ops_file$);

select pg_temp.make_function('tell_build', $ops_file$
-- Tells gate G1 how a run's build went, once per attempt: its checks, and as check `build` the build as a whole.
-- Called by announce_deployment and tell_gates, which lock the project. Locks the gate. Raises only errors that are
-- not a refusal.
create or replace function ops_private.tell_build(
    p_run ops.runs,
    p_release ops.releases
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_verdict text := ops_private.build_verdict(p_run);
    v_checks jsonb := ops_private.told_checks(p_run, p_of_deployment => false) || jsonb_build_object(
        'name', 'build', 'status', v_verdict, 'summary', case v_verdict
            when 'pass' then 'image ' || (p_release).image_digest
            else left(coalesce((p_run).error_message, 'it failed'), 2000)
        end
    );
    v_envelope jsonb := ops_private.own_envelope(p_run, p_release, 'build_complete', jsonb_build_object(
        'gate_code', 'G1', 'status', v_verdict, 'checks', v_checks,
        'evidence', ops_private.told_evidence(p_run, v_checks)
    ));
begin
    if v_verdict is not null and not exists (
        select from ops.event_ingest_log as l
        where
            l.project_id = (p_run).project_id and l.idempotency_key = v_envelope ->> 'idempotency_key'
            and l.processing_status = 'accepted'
    ) then
        perform ops_private.answer_event(v_envelope, null, (p_run).id);
    end if;
end
$$;
comment on function ops_private.tell_build is 'Tells gate G1 how a run''s build went.';
revoke all on function ops_private.tell_build from public;
$ops_file$);

select pg_temp.make_function('tell_deployment', $ops_file$
-- Tells how the deployment ended that a run announced: its end, its health at gate G4, and at gate G2 as check
-- `staged` whether there is something to test; policy gates.g2_checks decides whether G2 waits for it. Called by
-- tell_gates, which locks the project. Locks the deployment and its gates. Raises only errors that are not a refusal.
create or replace function ops_private.tell_deployment(
    p_run ops.runs,
    p_release ops.releases
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_place jsonb;
    v_is_up boolean := (p_run).status = 'succeeded';
    v_status text := case when v_is_up then 'succeeded' else 'failed' end;
    v_checks jsonb := ops_private.told_checks(p_run, p_of_deployment => true);
begin
    select jsonb_build_object('environment', e.partition_key, 'status', v_status) into v_place
    from ops.deployments as d
    join ops.environments as e on e.id = d.environment_id
    where d.run_id = (p_run).id and d.release_id = (p_release).id and d.status in ('pending', 'running');
    if not found then
        return;
    end if;
    perform ops_private.answer_event(
        ops_private.own_envelope(p_run, p_release, 'deployment_event', v_place, v_status), null, (p_run).id
    );
    if v_is_up then
        v_checks := v_checks || jsonb_build_object(
            'name', 'health', 'status', 'passed', 'summary', v_checks #>> '{0,summary}'
        );
        perform ops_private.answer_event(
            ops_private.own_envelope(p_run, p_release, 'health_check', v_place || jsonb_build_object(
                'gate_code', 'G4', 'status', 'pass', 'checks', v_checks,
                'evidence', ops_private.told_evidence(p_run, v_checks)
            )), null, (p_run).id
        );
    end if;
    perform ops_private.tell_staged(p_run, p_release, v_place ->> 'environment');
end
$$;
comment on function ops_private.tell_deployment is 'Tells how the deployment of a run ended.';
revoke all on function ops_private.tell_deployment from public;
$ops_file$);

select pg_temp.make_function('tell_gates', $ops_file$
-- Tells the gates of its release how a run ended. Called by every function that ends a run, in the transaction that
-- ends it, so that no run ends untold. A refusal is in the log of deliveries; another error is an event of the run,
-- which ends all the same. Locks the project, the deployment and the gates. Raises only what a retry mends.
create or replace function ops_private.tell_gates(p_run_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_run ops.runs;
    v_release ops.releases;
begin
    select r.* into v_run from ops.runs as r
    where
        r.id = p_run_id and r.kind in ('build', 'test', 'deploy')
        and exists (select from ops.releases as o where o.project_id = r.project_id and o.git_ref = r.git_ref);
    if not found then
        return; -- as most runs: they are of previews
    end if;
    v_release := ops_private.release_of_run(v_run);
    if v_release.id is null then
        return;
    end if;
    begin
        perform from ops.projects as p where p.id = v_run.project_id for no key update;
        perform ops_private.tell_build(v_run, v_release);
        perform ops_private.tell_deployment(v_run, v_release);
    exception
        when serialization_failure or deadlock_detected or query_canceled or lock_not_available then raise;
        when others then
            perform ops_private.write_event(
                p_run_id, 'warning', 'the gates of its release could not be told: ' || sqlerrm,
                jsonb_build_object('release_id', v_release.id, 'sqlstate', sqlstate)
            );
    end;
end
$$;
comment on function ops_private.tell_gates is 'Tells the gates of its release how a run ended.';
revoke all on function ops_private.tell_gates from public;
$ops_file$);

select pg_temp.make_function('tell_health', $ops_file$
-- Tells gate G4 of a promotion's release what a health check of its deployment found, with the files of the run that
-- prove it, and returns the answer. p_moment names the look: a repeat of it counts once.
-- Called by step promote before and after people are let in. Locks the run, the project, the deployment and the gate.
-- Raises PT404 and PT410 for the attempt. A retry is a duplicate.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.tell_health(
    p_run_id uuid,
    p_attempt int,
    p_release_id uuid,
    p_passed boolean,
    p_moment text,
    p_summary text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run ops.runs := ops_private.lock_attempt(p_run_id, p_attempt);
    v_status text := case when p_passed then 'pass' else 'fail' end;
    v_checks jsonb := jsonb_build_array(jsonb_build_object('name', 'health', 'status', v_status, 'summary', p_summary));
    v_release ops.releases;
begin
    select r.* into v_release from ops.releases as r where r.id = p_release_id and r.project_id = v_run.project_id;
    perform from ops.projects as p where p.id = v_run.project_id for no key update;
    return ops_private.answer_event(
        ops_private.own_envelope(v_run, v_release, 'health_check', jsonb_build_object(
            'gate_code', 'G4', 'status', v_status,
            'environment', (select e.partition_key from ops.environments as e where e.id = v_run.environment_id),
            'checks', v_checks, 'evidence', ops_private.told_evidence(v_run, v_checks)
        ), p_moment),
        null, v_run.id
    );
end
$$;
comment on function ops.tell_health is 'Tells gate G4 what a health check of a promotion found.';
revoke all on function ops.tell_health from public;
grant execute on function ops.tell_health to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('tell_staged', $ops_file$
-- Records at gate G2 whether a run put the release where people can test it, with its proof. Called by
-- tell_deployment. Locks the gate. Raises what record_gate_check raises.
create or replace function ops_private.tell_staged(
    p_run ops.runs,
    p_release ops.releases,
    p_environment text
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_there boolean := (p_run).status = 'succeeded';
    v_check_id uuid := ops.record_gate_check(
        (p_release).id, 'G2', 'staged', case when v_is_there then 'passed' else 'failed' end::ops.check_status,
        case
            when v_is_there then format('deployed to %s', p_environment)
            else format('not deployed to %s: %s', p_environment, coalesce((p_run).error_message, (p_run).status::text))
        end,
        p_run_id => (p_run).id, p_source => 'odooops'
    );
begin
    perform ops_private.prove_check(v_check_id, (p_run).id, 'staged');
end
$$;
comment on function ops_private.tell_staged is 'Tells gate G2 whether there is something to test.';
revoke all on function ops_private.tell_staged from public;
$ops_file$);

select pg_temp.make_function('told_checks', $ops_file$
-- Returns the checks of a run as an event tells them: those of its deployment, or all others. What a check left out,
-- such as tests that policy does not run on production's data, is skipped. Called by the functions that tell gates of
-- runs. Locks and raises nothing.
create or replace function ops_private.told_checks(
    p_run ops.runs,
    p_of_deployment boolean
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce(jsonb_agg(jsonb_build_object(
    'name', c.name,
    'status', case when not c.passed then 'failed' when c.metadata ->> 'ran' = 'false' then 'skipped' else 'passed' end,
    'summary', left(c.summary, 2000)
) order by c.created_at, c.name), '[]')
from ops.run_checks as c
where c.run_id = (p_run).id and c.attempt = (p_run).attempt and (c.name = 'healthy') = p_of_deployment
$$;
comment on function ops_private.told_checks is 'The checks of a run, as an event tells them.';
revoke all on function ops_private.told_checks from public;
$ops_file$);

select pg_temp.make_function('told_evidence', $ops_file$
-- Returns the files of a run that prove these checks, as an event tells them: each with the check that it proves.
-- Called by the functions that tell gates of runs. Locks and raises nothing.
create or replace function ops_private.told_evidence(
    p_run ops.runs,
    p_checks jsonb
)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select coalesce(jsonb_agg(jsonb_build_object(
    'kind', a.artifact_key, 's3_url', a.s3_url, 'sha256', a.sha256, 'content_type', a.content_type,
    'size_bytes', a.size_bytes, 'check', p.name
) order by p.name, a.artifact_key), '[]')
from ops.run_artifacts as a
join ops_private.check_proofs() as p on p.artifact_key = a.artifact_key
where
    a.run_id = (p_run).id and a.attempt = (p_run).attempt
    and p.name in (select c.value ->> 'name' from jsonb_array_elements(p_checks) as c)
$$;
comment on function ops_private.told_evidence is 'The files of a run that prove checks, as an event tells them.';
revoke all on function ops_private.told_evidence from public;
$ops_file$);

select pg_temp.make_function('touch_template', $ops_file$
-- Returns the template database of a key, or no row, and records its use. Called by step database. Locks the row. A
-- retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.touch_template(
    p_key text
)
returns setof ops.database_templates
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    update ops.database_templates as t set last_used_at = clock_timestamp()
    where t.key = p_key
    returning t.*;
end
$$;
comment on function ops.touch_template is 'The database kept for a key.';
revoke all on function ops.touch_template from public;
grant execute on function ops.touch_template to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('turn_among_projects', $ops_file$
-- Returns the turn of a run whose project has no other waiting run, given the first run that could start now:
-- * one turn before it, if its project has more runs at work: who occupies every worker does not get the next one too;
-- * the next turn in use, if that run already waited when this project's last run started: else projects that queue
--   one run at a time would pass it for ever;
-- * its turn otherwise.
-- Runs that wait for their environment set no turn while others could start.
-- Called by next_turn. Locks and raises nothing; null if nothing waits.
create or replace function ops_private.turn_among_projects(
    p_project_id uuid,
    p_priority int
)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_first record;
    v_last record;
    v_next record;
begin
    select r.project_id, r.turn into v_first from ops.runs as r
    where
        r.status = 'queued' and r.priority = p_priority
        and (r.not_before is null or r.not_before <= clock_timestamp())
        and not exists (
            select from ops.runs as o
            where o.environment_id = r.environment_id and o.status in ('claimed', 'running')
        )
    order by r.turn, r.created_at
    limit 1;
    if not found then
        return (
            select r.turn from ops.runs as r
            where r.status = 'queued' and r.priority = p_priority
            order by r.turn
            limit 1
        );
    end if;
    select r.turn, r.claimed_at into v_last
    from ops.run_requests as q
    join ops.runs as r on r.id = q.run_id and r.priority = p_priority
    where q.project_id = p_project_id
    order by q.run_number desc
    limit 1;
    if v_last.turn >= v_first.turn then
        select r.turn, r.created_at into v_next from ops.runs as r
        where r.status = 'queued' and r.priority = p_priority and r.turn > v_first.turn
        order by r.turn, r.created_at
        limit 1;
        if v_next.turn <= v_last.turn + 1 and v_next.created_at < v_last.claimed_at then
            return v_next.turn;
        end if;
    end if;
    return v_first.turn - (
        select
            (count(*) filter (where r.project_id = v_first.project_id)
                > count(*) filter (where r.project_id = p_project_id))::int
        from ops.runs as r where r.status in ('claimed', 'running')
    );
end
$$;
comment on function ops_private.turn_among_projects is 'The turn of a project''s only waiting run.';
revoke all on function ops_private.turn_among_projects from public;
$ops_file$);

select pg_temp.make_function('turn_before_polled', $ops_file$
-- Returns the turn of the project's first waiting run that a poll queued, for a person's run, and moves those runs back
-- by one turn: somebody waits for the person's run. Other projects keep their places. A run that is being claimed or
-- that has been claimed before stays where it is.
-- Called by queue_run. Locks the project's counter and those runs; raises nothing; null if no such run waits.
create or replace function ops_private.turn_before_polled(
    p_project_id uuid,
    p_priority int
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_turn bigint;
begin
    if not exists (
        select from ops.runs as r
        where r.status = 'queued' and r.trigger = 'poll' and r.project_id = p_project_id and r.priority = p_priority
    ) then
        return null;
    end if;
    perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
    with polled as materialized (
        select r.id, r.turn from ops.runs as r
        where
            r.status = 'queued' and r.trigger = 'poll' and r.project_id = p_project_id and r.priority = p_priority
            and r.attempt = 0
        for no key update of r skip locked
    ), moved as (
        update ops.runs as r set turn = r.turn + 1
        from polled as p
        where r.id = p.id
    )
    select min(p.turn) into v_turn from polled as p;
    return v_turn;
end
$$;
comment on function ops_private.turn_before_polled is 'The turn before the project''s polled runs.';
revoke all on function ops_private.turn_before_polled from public;
$ops_file$);

select pg_temp.make_function('unfinished_retention', $ops_file$
-- Returns the project's retention run that waits or works, or null. Called by queue_run. Locks the project's counter, so
-- that two requests at once queue one run. Raises nothing.
create or replace function ops_private.unfinished_retention(
    p_project_id uuid
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    perform from ops.project_counters as c where c.project_id = p_project_id for no key update;
    return (
        select u.id from (
            select r.id from ops.runs as r
            where r.project_id = p_project_id and r.kind = 'retention' and r.status = 'queued'
            union all
            select r.id from ops.runs as r
            where r.project_id = p_project_id and r.kind = 'retention' and r.status in ('claimed', 'running')
        ) as u
        limit 1
    );
end
$$;
comment on function ops_private.unfinished_retention is 'The retention run of a project that has not ended.';
revoke all on function ops_private.unfinished_retention from public;
$ops_file$);

select pg_temp.make_function('update_branch_head', $ops_file$
-- Moves a branch to a commit, or to nothing, and queues the resulting runs: previews and staging are deployed,
-- production is built, environments of deleted branches are destroyed. Locks the project's row until the transaction
-- ends. Production is never destroyed by a push. A run that waits or works for the commit is joined instead of
-- superseded. Called by record_branch_heads for branches that moved.
create or replace function ops_private.update_branch_head(
    p_project_id uuid,
    p_branch text,
    p_sha text,
    p_trigger text,
    p_requested_by text default null
)
returns table (outcome text, run_id uuid)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_environment ops.environments;
    v_is_gone boolean := p_sha is null or p_sha ~ '^0+$';
    v_stage ops.environment_stage;
    v_kind ops.run_kind := 'destroy';
begin
    perform from ops.projects as p where p.id = p_project_id for no key update;
    run_id := null;
    if v_is_gone then
        delete from ops.branch_heads as h where h.project_id = p_project_id and h.branch = p_branch;
        select e.* into v_environment from ops.environments as e
        where e.project_id = p_project_id and e.name = p_branch and e.destroyed_at is null;
        outcome := case
            when v_environment.id is null then 'nothing to destroy'
            when v_environment.stage = 'production' then 'production stays'
            when exists (
                select from ops.runs as r
                where r.environment_id = v_environment.id and r.kind = 'destroy'
                    and r.status in ('queued', 'claimed', 'running')
                    and not exists ( -- what waits behind it would go to the branch's next environment
                        select from ops.runs as n
                        where n.environment_id = v_environment.id and n.status = 'queued'
                            and n.kind in ('deploy', 'build') and n.run_number > r.run_number
                    )
            ) then 'unchanged'
            else 'queued'
        end;
    else
        insert into ops.branch_heads as h (project_id, branch, sha) values (p_project_id, p_branch, p_sha)
        on conflict (project_id, branch) do update set sha = excluded.sha, seen_at = excluded.seen_at;
        -- a stage that was given at the environment's creation overrides the branch's rule
        select coalesce(e.stage, ops_private.stage_of_branch(p.id, p_branch)) into v_stage
        from ops.projects as p
        left join ops.environments as e
            on e.project_id = p.id and e.name = p_branch and e.destroyed_at is null
        where p.id = p_project_id;
        v_kind := case when v_stage = 'production' then 'build' else 'deploy' end;
        run_id := ops_private.run_to_join(p_project_id, p_branch, p_sha, v_kind);
        outcome := case when run_id is null then 'queued' else 'joined' end;
    end if;
    if outcome = 'queued' then
        run_id := ops.queue_run(
            p_project_id, p_branch, case when v_is_gone then v_environment.deployed_sha else p_sha end,
            'refs/heads/' || p_branch,
            p_kind => v_kind, p_trigger => p_trigger, p_requested_by => p_requested_by
        );
    end if;
    return next;
end
$$;
comment on function ops_private.update_branch_head is 'Moves a branch and queues what follows.';
revoke all on function ops_private.update_branch_head from public;
$ops_file$);

select pg_temp.make_function('usual_duration', $ops_file$
-- Returns how long a project's runs of a kind usually work: the median of the last ten that succeeded, among its last
-- 500 runs; null without any. People see their own projects'.
-- Called by v_run_queue and `ops run show`. Locks and raises nothing.
create or replace function ops.usual_duration(
    p_project_id uuid,
    p_kind ops.run_kind
)
returns interval
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    return (
        select date_trunc('second', percentile_cont(0.5) within group (order by done.duration))
        from (
            select r.finished_at - r.started_at as duration
            from (
                select q.run_id, q.run_number from ops.run_requests as q
                where q.project_id = p_project_id
                order by q.run_number desc
                limit 500
            ) as recent
            join ops.runs as r on r.id = recent.run_id and r.kind = p_kind and r.status = 'succeeded'
            order by recent.run_number desc
            limit 10
        ) as done
    );
end
$$;
comment on function ops.usual_duration is 'How long a project''s runs of a kind usually work.';
revoke all on function ops.usual_duration from public;
grant execute on function ops.usual_duration to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.usual_duration
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('verify_backup', $ops_file$
-- Requests that a backup is read back from the store, and returns the run that does it. The run works on no environment:
-- it blocks neither a deployment nor another backup.
-- Called by people who may back up, and by the platform. Locks the backup's row and the project's counter. Raises PT404,
-- PT403, and PT409 for a backup that is not stored. Repeating it with the same idempotency key returns the same run.
-- Definer: people may not write tables themselves: the function checks their permission and writes for them.
create or replace function ops.verify_backup(
    backup_id uuid,
    p_requested_by text default null,
    p_idempotency_key text default null,
    p_trigger text default 'api'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_backup ops.backups := ops_private.require_backup(verify_backup.backup_id, 'backup');
begin
    if v_backup.manifest_url is null or v_backup.status in ('pending', 'running', 'dropped') then
        raise sqlstate 'PT409' using
            message = format('Backup %s is %s: there is nothing to read', v_backup.id, v_backup.status),
            hint = 'List what there is: ops backup list.';
    end if;
    return ops.queue_run(
        v_backup.project_id, null, null, null, p_kind => 'verify', p_trigger => p_trigger,
        p_requested_by => p_requested_by, p_idempotency_key => p_idempotency_key,
        p_config => jsonb_build_object('backup_id', v_backup.id)
    );
end
$$;
comment on function ops.verify_backup is 'Asks for a run that reads a backup back.';
revoke all on function ops.verify_backup from public;
grant execute on function ops.verify_backup to authenticated, service_role, ops_operator;
grant execute on function ops.verify_backup to sre;
$ops_file$);

select pg_temp.make_function('verify_chains', $ops_file$
-- Lists the chains of the audit trail, each with the number of its links and the names of those that are not exactly
-- what was written: the events of each run, and, without a project, the checkpoints of dropped months, whose p_anchor
-- is the hash of one that was recorded elsewhere.
-- Called by `ops audit verify` and auditors. Locks and raises nothing.
create or replace function ops.verify_chains(
    p_project_id uuid default null,
    p_anchor text default null
)
returns table (chain text, links bigint, broken text[])
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    'events of runs', coalesce(sum(d.event_count), 0)::bigint,
    coalesce(
        array_agg(format('%s#%s', d.slug, d.run_number) order by d.slug, d.run_number) filter (where not d.is_intact), '{}'
    )
from (
    select p.slug, q.run_number, r.event_count, ops.verify_run_chain(r.id) as is_intact
    from ops.runs as r
    join ops.run_requests as q on q.run_id = r.id
    join ops.projects as p on p.id = r.project_id
    where p_project_id is null or r.project_id = p_project_id
) as d
union all
select 'checkpoints', count(*), case when not ops.verify_checkpoints(p_anchor) then '{checkpoints}'::text[] else '{}' end
from ops.checkpoints
where p_project_id is null
having p_project_id is null
$$;
comment on function ops.verify_chains is 'The chains of the audit trail, and what in them is not as it was written.';
revoke all on function ops.verify_chains from public;
grant execute on function ops.verify_chains to service_role, ops_operator, audit_reader;
$ops_file$);

select pg_temp.make_function('verify_checkpoints', $ops_file$
-- Returns whether the checkpoints are exactly those that were written: each month sealed over the one before, with all
-- of its runs. p_anchor is the hash of a checkpoint recorded elsewhere (the log of the schedule log_retention has
-- them): it must still exist, so that a completely rewritten history is detected.
-- Called by auditors. Locks and raises nothing.
create or replace function ops.verify_checkpoints(
    p_anchor text default null
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_checkpoint ops.checkpoints;
    v_runs record;
    v_hash bytea := '\x';
begin
    for v_checkpoint in select c.* from ops.checkpoints as c order by c.id loop
        select
            count(*) as run_count, coalesce(sum(r.event_count), 0) as event_count,
            sha256(coalesce(string_agg(r.hash, '\x' order by r.run_id), '\x')) as root,
            coalesce(bool_and(r.hash = ops.seal_content(r.prev_hash, jsonb_build_array(
                r.run_id, r.last_seq, encode(r.last_hash, 'hex'), r.event_count
            ))), true) as are_sealed
        into v_runs
        from ops.run_checkpoints as r
        where r.checkpoint_id = v_checkpoint.id;
        if v_checkpoint.prev_hash <> v_hash or not v_runs.are_sealed or v_runs.root <> v_checkpoint.root
            or v_runs.run_count <> v_checkpoint.run_count or v_runs.event_count <> v_checkpoint.event_count then
            return false;
        end if;
        v_hash := ops.seal_content(v_hash, jsonb_build_array(
            extract(epoch from v_checkpoint.events_before), v_checkpoint.run_count, v_checkpoint.event_count,
            encode(v_checkpoint.root, 'hex'), extract(epoch from v_checkpoint.created_at)
        ));
        if v_hash <> v_checkpoint.hash then
            return false;
        end if;
    end loop;
    return p_anchor is null or exists (select from ops.checkpoints as c where encode(c.hash, 'hex') = lower(p_anchor));
end
$$;
comment on function ops.verify_checkpoints is 'Whether the checkpoints are exactly those that were written.';
revoke all on function ops.verify_checkpoints from public;
grant execute on function ops.verify_checkpoints to service_role, ops_worker, ops_operator, audit_reader;
$ops_file$);

select pg_temp.make_function('verify_run_chain', $ops_file$
-- Returns whether the run's events are exactly those that were written: numbered without a gap, each sealed over the
-- one before, and the last one is the one in the run's row. If months of events were dropped, it starts from the run's
-- checkpoint. Called by auditors and tests; people may call it for runs they can see. Locks nothing; raises PT404.
create or replace function ops.verify_run_chain(
    p_run_id uuid
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run record;
    v_checkpoint ops.run_checkpoints;
    v_sealed bytea := '\x';
    v_event ops.run_events;
    v_hash bytea := '';
    v_seq int := 0;
begin
    select r.event_count, r.event_hash into v_run from ops.runs as r where r.id = p_run_id;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
    for v_checkpoint in select c.* from ops.run_checkpoints as c where c.run_id = p_run_id order by c.last_seq loop
        if v_checkpoint.prev_hash <> v_sealed or v_checkpoint.event_count <> v_checkpoint.last_seq - v_seq then
            return false;
        end if;
        v_seq := v_checkpoint.last_seq;
        v_hash := v_checkpoint.last_hash;
        v_sealed := ops.seal_content(v_sealed, jsonb_build_array(
            p_run_id, v_seq, encode(v_hash, 'hex'), v_checkpoint.event_count
        ));
        if v_sealed <> v_checkpoint.hash then
            return false;
        end if;
    end loop;
    for v_event in select e.* from ops.run_events as e where e.run_id = p_run_id order by e.seq loop
        v_seq := v_seq + 1;
        if v_event.seq <> v_seq or v_event.prev_hash <> v_hash then
            return false;
        end if;
        v_hash := ops.hash_event(
            v_event.prev_hash, v_event.run_id, v_event.seq, v_event.attempt, v_event.event_type, v_event.message,
            v_event.payload, v_event.created_at
        );
        if v_hash <> v_event.hash then
            return false;
        end if;
    end loop;
    return v_seq = v_run.event_count and v_hash = v_run.event_hash;
end
$$;
comment on function ops.verify_run_chain is 'Whether a run''s events are exactly those that were written.';
revoke all on function ops.verify_run_chain from public;
grant execute on function ops.verify_run_chain to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.verify_run_chain
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('visible_projects', $ops_file$
-- Lists the projects of which the caller is a member.
-- Called once per statement by the policies of every table with a project. Locks and raises nothing.
-- Definer: the policy of memberships itself calls it, which would recurse without end under row level security.
create or replace function ops.visible_projects()
returns setof uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select m.project_id from ops.project_memberships as m where m.user_id = (select auth.uid())
$$;
comment on function ops.visible_projects is 'The projects that the calling person belongs to.';
revoke all on function ops.visible_projects from public;
grant execute on function ops.visible_projects to authenticated, service_role, ops_worker, ops_operator;
$ops_file$);

select pg_temp.make_function('was_told_of', $ops_file$
-- Returns whether a delivery named the project's branch. Called by moved_branches. Locks and raises nothing.
create or replace function ops_private.was_told_of(
    p_project ops.projects,
    p_branch text
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.push_deliveries as d
    where d.event = 'push' and d.ref = 'refs/heads/' || p_branch and ops_private.speaks_for(d, p_project)
)
$$;
comment on function ops_private.was_told_of is 'Whether a delivery told of a branch.';
revoke all on function ops_private.was_told_of from public;
$ops_file$);

select pg_temp.make_function('watch_backup_freshness', $ops_file$
-- Opens one incident for each production whose newest verified backup is older than policy backup.max_age_hours, and
-- resolves it once there is a newer one; a new production has the same time for its first backup. A breach whose
-- incident a person resolved gets no other. Returns a line for each change.
-- Called by the schedule backup_freshness. Locks the incidents that it changes. Raises nothing. A retry changes nothing.
create or replace function ops.watch_backup_freshness(
    p_now timestamptz
)
returns setof text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_production record;
    v_incident_id uuid;
begin
    for v_production in
        select
            p.project_id, p.verified_taken_at,
            'backup_freshness:' || p.environment_id as key,
            format('Backups of %s/%s are stale', p.project_slug, p.name) as title,
            to_char(p.verified_taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as taken,
            rule.hours,
            coalesce(p.verified_taken_at, p.created_at) + make_interval(hours => rule.hours) as stale_from,
            newest.error_message
        from ops.v_productions as p
        cross join lateral (
            select (ops.policy(p.project_id, 'backup') ->> 'max_age_hours')::int as hours
        ) as rule
        left join lateral (
            select b.error_message from ops.backups as b
            where b.environment_id = p.environment_id
            order by b.created_at desc
            limit 1
        ) as newest on true
        where p.is_active and p.has_data
        order by p.partition_key
    loop
        if v_production.stale_from <= p_now then
            continue when exists (
                select from ops.incidents as i
                where
                    i.project_id = v_production.project_id and i.opened_at >= v_production.stale_from
                    -- incidents of earlier versions have no key
                    and (i.key = v_production.key or (i.key is null and i.title = v_production.title))
            );
            perform ops.raise_alarm(
                v_production.key, v_production.title, p_project_id => v_production.project_id,
                p_description => format(
                    '%s; the policy allows %s hours (backup.max_age_hours).%s Next: ops backup create.',
                    coalesce('The newest that was read back is of ' || v_production.taken, 'None was ever read back'),
                    v_production.hours, ' The last one failed: ' || v_production.error_message
                )
            );
            return next 'incident: ' || v_production.title;
        elsif v_production.verified_taken_at is not null then
            for v_incident_id in
                select i.id from ops.incidents as i
                where
                    i.project_id = v_production.project_id and i.status = 'open'
                    and (i.key = v_production.key or (i.key is null and i.title = v_production.title))
            loop
                perform ops.resolve_incident(v_incident_id, format('A backup of %s was read back.', v_production.taken));
                return next 'resolved: ' || v_production.title;
            end loop;
        end if;
    end loop;
end
$$;
comment on function ops.watch_backup_freshness is 'Opens and ends the alarms of stale backups.';
revoke all on function ops.watch_backup_freshness from public;
grant execute on function ops.watch_backup_freshness to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('window_fault', $ops_file$
-- Returns the fault of a freeze window, or null if it is valid; ops.freeze_reason describes the format. Locks and
-- raises nothing. A moment must have its offset, so that the window is the same for every reader.
create or replace function ops_private.window_fault(p_window jsonb)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_moment text := '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$';
    v_from text := p_window ->> 'from';
    v_to text := p_window ->> 'to';
begin
    if jsonb_typeof(p_window) <> 'object' or p_window - '{from,to,reason,time_zone}'::text[] <> '{}'
        or exists (select from jsonb_each(p_window) as w where jsonb_typeof(w.value) <> 'string')
        or v_from is null or v_to is null or btrim(coalesce(p_window ->> 'reason', '')) = '' then
        return 'is a list of windows with from, to and reason';
    elsif p_window ? 'time_zone' then
        if not exists (select from pg_catalog.pg_timezone_names as z where z.name = p_window ->> 'time_zone') then
            return format('names a time zone that does not exist, %s', p_window ->> 'time_zone');
        elsif ops.minute_of_week(v_from) is null or ops.minute_of_week(v_to) is null or v_from = v_to then
            return 'has weekly windows between two times such as fri 16:00';
        end if;
        return null;
    elsif v_from !~ v_moment or v_to !~ v_moment or v_from::timestamptz >= v_to::timestamptz then
        return 'has windows between two moments such as 2026-12-24T00:00Z, or weekly ones with a time_zone';
    end if;
    return null;
exception when invalid_datetime_format or datetime_field_overflow then
    return 'has windows between two moments such as 2026-12-24T00:00Z, or weekly ones with a time_zone';
end
$$;
comment on function ops_private.window_fault is 'What is wrong with a freeze window, if anything is.';
revoke all on function ops_private.window_fault from public;
$ops_file$);

select pg_temp.make_function('withdraw_release', $ops_file$
-- Withdraws a release: it can no longer be promoted. Existing deployments stay. Called by its author and by callers who
-- may promote. Locks the release. Raises PT404, PT403. Repeating it is harmless.
-- Definer: nobody may write releases directly; the function checks that the caller may promote or is the author.
create or replace function ops.withdraw_release(release_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases := ops_private.require_release(withdraw_release.release_id);
begin
    if not ops.person_of(v_release.created_by) = any (ops_private.caller_persons()) then
        perform ops_private.require_permission(v_release.project_id, 'promote');
    end if;
    perform ops_private.move_release(v_release.id, 'withdrawn');
end
$$;
comment on function ops.withdraw_release is 'Takes a release out of the running.';
revoke all on function ops.withdraw_release from public;
grant execute on function ops.withdraw_release to authenticated, service_role, ops_operator, ci_service_role,
developer, release_manager;
$ops_file$);

select pg_temp.make_function('worker_heartbeat', $ops_file$
-- Records that a worker is alive. Called by workers at intervals. Raises PT400 for a worker without a name.
-- A retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.worker_heartbeat(
    p_worker_id text,
    p_kind text,
    p_metadata jsonb default '{}'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(p_worker_id, '') = '' then
        raise sqlstate 'PT400' using message = 'A worker needs a name', hint = 'Pass p_worker_id.';
    end if;
    insert into ops.workers as w (id, kind, metadata) values (p_worker_id, p_kind, coalesce(p_metadata, '{}'))
    on conflict (id) do update
    set kind = excluded.kind, metadata = excluded.metadata, last_seen_at = clock_timestamp();
end
$$;
comment on function ops.worker_heartbeat is 'Notes that a worker lives.';
revoke all on function ops.worker_heartbeat from public;
grant execute on function ops.worker_heartbeat to service_role, ops_worker;
$ops_file$);

select pg_temp.make_function('worker_to_wait_for', $ops_file$
-- Returns in words what a run waits for that could start: a free worker, or one that lives at all: a worker is heard of
-- every few seconds.
-- Called by v_run_queue. Locks and raises nothing.
-- Definer: workers serve every project, so only the platform reads them; this tells only when the last one was heard of.
create or replace function ops.worker_to_wait_for()
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select case
    when max(w.last_seen_at) < clock_timestamp() - interval '2 minutes'
        then format(
            'a worker: none was heard of since %s UTC',
            to_char(max(w.last_seen_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
        )
    else 'a free worker'
end
from ops.workers as w
$$;
comment on function ops.worker_to_wait_for is 'What a run waits for that could start.';
revoke all on function ops.worker_to_wait_for from public;
grant execute on function ops.worker_to_wait_for to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.worker_to_wait_for
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
$ops_file$);

select pg_temp.make_function('write_approval', $ops_file$
-- Inserts a person's decision on a gate and returns its id. Called by sign_off_gate and handle_gate_signoff after they
-- found out whose decision it is. Locks the gate. Raises what the table's checks raise.
create or replace function ops_private.write_approval(
    p_release ops.releases,
    p_gate_code ops.ops_gate_code,
    p_decision ops.ops_decision_type,
    p_rationale jsonb,
    p_approver text,
    p_source text,
    p_occurred_at timestamptz default null
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate ops.release_gates := ops_private.gate_of_release(p_release.id, p_gate_code);
    v_id uuid;
begin
    insert into ops.approvals (
        release_id, gate_id, gate_code, approver_id, persona_role, decision, rationale_structured, release_author,
        source, occurred_at
    )
    values (
        p_release.id, v_gate.id, v_gate.gate_code, p_approver,
        case v_gate.gate_code when 'G2' then 'qa_tester' when 'G3' then 'release_manager' end,
        p_decision, p_rationale, p_release.created_by, p_source, least(p_occurred_at, clock_timestamp())
    )
    returning id into v_id;
    return v_id;
end
$$;
comment on function ops_private.write_approval is 'Writes a person''s decision on a gate down.';
revoke all on function ops_private.write_approval from public;
$ops_file$);

select pg_temp.make_function('write_candidate', $ops_file$
-- Inserts the release of a run's build, with its gates, and returns it. Its author is who pushed, else who committed,
-- else whom policy names. Called by propose_release, which locks the run and the project. Raises PT409 for a version
-- that exists with another content, and what the table's checks raise.
create or replace function ops_private.write_candidate(
    p_run ops.runs,
    p_git_shas jsonb,
    p_image_digest text,
    p_lock_digest text,
    p_author text
)
returns ops.releases
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_version text := ops_private.next_version((p_run).project_id, (p_run).git_ref);
    v_pusher text := (
        select q.requested_by from ops.run_requests as q where q.run_id = (p_run).id and (p_run).trigger = 'push'
    );
    v_release ops.releases;
begin
    insert into ops.releases (
        project_id, version, git_shas, image_digest, created_by, run_id, git_ref, lock_digest
    )
    values (
        (p_run).project_id, v_version, p_git_shas, p_image_digest,
        ops_private.release_author((p_run).project_id, coalesce(nullif(v_pusher, ''), nullif(p_author, ''))), (p_run).id,
        (p_run).git_ref, nullif(p_lock_digest, '')
    )
    on conflict (project_id, version) do nothing
    returning * into v_release;
    if not found then
        raise sqlstate 'PT409' using
            message = format('There is already a release %s, made of something else', v_version),
            hint = 'A release never changes, and its tag never moves: name another one.';
    end if;
    perform ops_private.make_gates(v_release);
    perform ops_private.evaluate_gate_row(g.id) from ops.release_gates as g where g.release_id = v_release.id;
    perform ops_private.write_event((p_run).id, 'info', 'release ' || v_version, jsonb_build_object(
        'release_id', v_release.id, 'version', v_version, 'git_shas', p_git_shas
    ));
    return v_release;
end
$$;
comment on function ops_private.write_candidate is 'Writes the release of a run''s build down.';
revoke all on function ops_private.write_candidate from public;
$ops_file$);

select pg_temp.make_function('write_checkpoint', $ops_file$
-- Records the end of the chain of every run with events before that time, and seals all of it over the month before.
-- Called by expire_event_month, under expire_rows' lock, after the chains were verified. Raises what the server raises.
create or replace function ops_private.write_checkpoint(
    p_until timestamptz
)
returns ops.checkpoints
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_checkpoint ops.checkpoints;
begin
    with gone as materialized (
        select e.run_id, max(e.seq) as last_seq from ops.run_events as e where e.created_at < p_until group by e.run_id
    ), former as (
        select distinct on (c.run_id) c.run_id, c.last_seq, c.hash
        from ops.run_checkpoints as c
        join gone as g on g.run_id = c.run_id
        order by c.run_id, c.last_seq desc
    ), sealed as materialized (
        select
            g.run_id, g.last_seq, e.hash as last_hash, g.last_seq - coalesce(f.last_seq, 0) as event_count,
            coalesce(f.hash, '\x') as prev_hash,
            ops.seal_content(coalesce(f.hash, '\x'), jsonb_build_array(
                g.run_id, g.last_seq, encode(e.hash, 'hex'), g.last_seq - coalesce(f.last_seq, 0)
            )) as hash
        from gone as g
        join ops.run_events as e on e.run_id = g.run_id and e.seq = g.last_seq
        left join former as f on f.run_id = g.run_id
    ), latest as (
        select coalesce((select c.hash from ops.checkpoints as c order by c.id desc limit 1), '\x') as hash
    ), month as (
        select
            count(*)::int as run_count, coalesce(sum(s.event_count), 0)::bigint as event_count,
            sha256(coalesce(string_agg(s.hash, '\x' order by s.run_id), '\x')) as root
        from sealed as s
    ), checkpoint as (
        insert into ops.checkpoints (events_before, run_count, event_count, root, created_at, prev_hash, hash)
        select
            p_until, m.run_count, m.event_count, m.root, v_now, l.hash,
            ops.seal_content(l.hash, jsonb_build_array(
                extract(epoch from p_until), m.run_count, m.event_count, encode(m.root, 'hex'), extract(epoch from v_now)
            ))
        from month as m, latest as l
        returning *
    ), noted as (
        insert into ops.run_checkpoints (run_id, last_seq, last_hash, event_count, checkpoint_id, prev_hash, hash)
        select s.run_id, s.last_seq, s.last_hash, s.event_count, c.id, s.prev_hash, s.hash
        from sealed as s, checkpoint as c
    )
    select c.* into v_checkpoint from checkpoint as c;
    return v_checkpoint;
end
$$;
comment on function ops_private.write_checkpoint is 'Writes down where the chains stood before a month was dropped.';
revoke all on function ops_private.write_checkpoint from public;
$ops_file$);

select pg_temp.make_function('write_event', $ops_file$
-- Appends an event to the run's chain. Called by functions whose own statement does not write the event.
-- Locks the run's row; raises PT404 for an unknown run. A retry writes a second event.
create or replace function ops_private.write_event(
    p_run_id uuid,
    p_event_type ops.event_type,
    p_message text,
    p_payload jsonb default '{}'
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    with was as materialized (
        select r.id, r.event_count + 1 as seq, r.attempt, r.event_hash as prev_hash
        from ops.runs as r
        where r.id = p_run_id
        for no key update
    ), sealed as materialized (
        select was.*,
            ops.hash_event(was.prev_hash, was.id, was.seq, was.attempt, p_event_type, p_message, p_payload, v_now)
                as hash
        from was
    ), moved as (
        update ops.runs as r set event_count = s.seq, event_hash = s.hash
        from sealed as s
        where r.id = s.id
    )
    insert into ops.run_events (run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash)
    select s.id, s.seq, s.attempt, p_event_type, p_message, p_payload, v_now, s.prev_hash, s.hash
    from sealed as s;
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no run %s', p_run_id),
            hint = 'List runs: select id, run_number, status from ops.runs.';
    end if;
end
$$;
comment on function ops_private.write_event is 'Appends an event to a run''s chain.';
revoke all on function ops_private.write_event from public;
$ops_file$);

select pg_temp.make_function('write_event_key', $ops_file$
-- Inserts a key and returns it, which nothing does again. Called by create_event_key and rotate_event_key. The secret has
-- 244 random bits, so one round of SHA-256 protects it. Locks nothing; raises PT403 for an operator's key that signs off
-- gates, and what the table's checks raise.
create or replace function ops_private.write_event_key(
    p_name text,
    p_persona text,
    p_event_types text[],
    p_expires_at timestamptz,
    p_project_id uuid,
    p_approver_id text,
    p_created_by text,
    p_rotated_from uuid
)
returns table (key_id uuid, key text)
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_prefix text := left(replace(gen_random_uuid()::text, '-', ''), 12);
    v_key text := format('opsk_%s_%s', v_prefix, encode(
        sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'
    ));
    v_sent text := encode(sha256(convert_to(v_key, 'UTF8')), 'hex');
begin
    if 'gate_signoff' = any (p_event_types) and cardinality(ops.caller_jobs()) > 0 then
        raise sqlstate 'PT403' using
            message = 'A key that signs off gates decides for a person: no login of the platform makes one',
            hint = 'Make it as the schema''s owner: ODOOOPS_MIGRATE_URL.';
    end if;
    return query
    insert into ops.event_keys as k (
        prefix, key_sha256, name, persona, event_types, project_id, approver_id, created_by, expires_at, rotated_from
    )
    values (
        v_prefix, encode(sha256(convert_to(v_sent, 'UTF8')), 'hex'), p_name, p_persona, p_event_types, p_project_id,
        p_approver_id, p_created_by, p_expires_at, p_rotated_from
    )
    returning k.id, v_key;
end
$$;
comment on function ops_private.write_event_key is 'Writes a key down by its hash.';
revoke all on function ops_private.write_event_key from public;
$ops_file$);

-- Drops the functions that the state made neither anew nor over: they are of no file any more, or older signatures.
select pg_temp.drop_functions(array(
    select f.id from pg_temp.own_functions() as f
    join pg_temp.ops_functions_before as b on b.id = f.id and b.row_version = f.row_version
));
drop function pg_temp.make_function(text, text), pg_temp.refuse_namesakes(text[]), pg_temp.drop_functions(oid[]);
drop function pg_temp.make_room(text[]);
drop function pg_temp.own_functions(), pg_temp.older_objects();

-- Lists the files of runs, under the name that seed B gives them.
create view ops.artifacts
with (security_invoker = true) as
select
    a.id,
    r.project_id,
    a.run_id,
    a.attempt,
    a.artifact_key,
    a.s3_url,
    a.sha256,
    a.content_type,
    a.size_bytes,
    a.expires_at,
    a.created_at
from ops.run_artifacts as a
join ops.runs as r on r.id = a.run_id;
comment on view ops.artifacts is 'Files of runs, each with its project.';
comment on column ops.artifacts.project_id is 'The project of the run that left it.';
revoke all on ops.artifacts from public, anon;
grant select on ops.artifacts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.artifacts
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Lists the members of each project and their permissions, under the name that seed B gives it.
create view ops.project_members
with (security_invoker = true) as
select
    m.project_id,
    p.slug as project_slug,
    m.user_id,
    m.role,
    r.permissions,
    m.created_at
from ops.project_memberships as m
join ops.projects as p on p.id = m.project_id
join ops.roles as r on r.role = m.role::text;
comment on view ops.project_members is 'Members of projects, with what their role allows.';
comment on column ops.project_members.project_slug is 'The project''s short name.';
comment on column ops.project_members.permissions is 'What the role allows, as ops.roles has it.';
revoke all on ops.project_members from public, anon;
grant select on ops.project_members to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.project_members to audit_reader;

-- Shows how much data would be lost now: per environment that is or was to be backed up, the age of the newest verified
-- backup.
create view ops.v_backup_freshness
with (security_invoker = true) as
select
    e.project_id,
    p.slug as project_slug,
    e.id as environment_id,
    e.name as environment_name,
    e.stage,
    verified.id as verified_backup_id,
    verified.taken_at as verified_taken_at,
    statement_timestamp() - verified.taken_at as verified_age,
    newest.id as newest_backup_id,
    newest.status as newest_status,
    newest.created_at as newest_created_at,
    newest.error_message as newest_error,
    make_interval(hours => (ops.policy(e.project_id, 'backup') ->> 'max_age_hours')::int) as max_age,
    coalesce(
        statement_timestamp() - verified.taken_at
        <= make_interval(hours => (ops.policy(e.project_id, 'backup') ->> 'max_age_hours')::int),
        false
    ) as is_fresh,
    coalesce(kept.backups, 0) as kept_backups,
    coalesce(kept.held, 0) as held_backups,
    coalesce(kept.stored_bytes, 0) as stored_bytes,
    drill.finished_at as last_passed_drill_at,
    drill.rto_seconds as last_rto_seconds
from ops.environments as e
join ops.projects as p on p.id = e.project_id
left join lateral (
    select
        b.id,
        b.taken_at
    from ops.backups as b
    where b.environment_id = e.id and b.status = 'verified'
    order by b.taken_at desc
    limit 1
) as verified on true
left join lateral (
    select
        b.id,
        b.status,
        b.created_at,
        b.error_message
    from ops.backups as b
    where b.environment_id = e.id
    order by b.created_at desc
    limit 1
) as newest on true
left join lateral (
    select
        count(*) as backups,
        count(*) filter (where b.held_at is not null) as held,
        sum(b.stored_bytes) as stored_bytes
    from ops.backups as b
    where b.environment_id = e.id and b.status in ('stored', 'verified')
) as kept on true
left join lateral (
    select
        d.finished_at,
        d.rto_seconds
    from ops.recovery_drills as d
    join ops.backups as b on b.id = d.backup_id
    where b.environment_id = e.id and d.passed
    order by d.finished_at desc
    limit 1
) as drill on true
where e.destroyed_at is null and (e.stage = 'production' or newest.id is not null);
comment on view ops.v_backup_freshness is
'Environments that are or ought to be backed up, and the age of what could be restored.';
comment on column ops.v_backup_freshness.verified_age is
'Time whose work would be lost now; empty where nothing could be restored.';
comment on column ops.v_backup_freshness.is_fresh is
'Whether the newest verified backup is young enough for the policy.';
comment on column ops.v_backup_freshness.newest_status is 'State of the newest backup, good or not.';
comment on column ops.v_backup_freshness.last_rto_seconds is
'How long the last drill that passed took until Odoo answered.';
comment on column ops.v_backup_freshness.verified_backup_id is 'The newest backup that was read back whole.';
comment on column ops.v_backup_freshness.verified_taken_at is 'The moment whose data it holds.';
comment on column ops.v_backup_freshness.newest_backup_id is 'The newest backup, good or not.';
comment on column ops.v_backup_freshness.newest_created_at is 'When the newest backup was asked for.';
comment on column ops.v_backup_freshness.newest_error is 'Why the newest backup failed, if it did.';
comment on column ops.v_backup_freshness.max_age is 'How old the policy lets the newest verified backup become.';
comment on column ops.v_backup_freshness.kept_backups is 'How many backups are kept, verified or still to be.';
comment on column ops.v_backup_freshness.held_backups is 'How many of those are held, and so never dropped.';
comment on column ops.v_backup_freshness.last_passed_drill_at is 'When a backup of it was last restored and booted.';
revoke all on ops.v_backup_freshness from public, anon;
grant select on ops.v_backup_freshness to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_backup_freshness
to release_manager, sre, developer, audit_reader;

-- Lists the deployments: what was deployed where, when and by whom, the result, and its rollback.
create view ops.v_deployment_history
with (security_invoker = true) as
select
    d.project_id,
    p.slug as project_slug,
    d.id as deployment_id,
    d.release_id,
    r.version,
    d.stage,
    d.environment_id,
    e.name as environment_name,
    d.status,
    case
        when d.g4_status = 'pending' and d.g4_deadline_at < ops.right_now() then 'failed'
        else d.g4_status
    end as g4_status,
    d.g4_deadline_at,
    d.decision_due_at,
    d.kept_by,
    d.image_digest,
    d.git_shas,
    d.requested_by,
    d.reason,
    d.rollback_of,
    taken_back.version as rollback_of_version,
    d.rollback_of is not null as is_rollback,
    undone.id as rolled_back_by,
    before.release_id as replaced_release_id,
    before.version as replaced_version,
    d.backup_id,
    d.no_backup_reason,
    d.created_at - b.taken_at as backup_age,
    (
        select count(*) from ops.incidents as i
        where i.deployment_id = d.id
    ) as incident_count,
    d.run_id,
    d.created_at,
    d.started_at,
    d.finished_at,
    d.finished_at - d.started_at as duration
from ops.deployments as d
join ops.projects as p on p.id = d.project_id
join ops.releases as r on r.id = d.release_id
left join ops.environments as e on e.id = d.environment_id
left join ops.backups as b on b.id = d.backup_id
left join lateral (
    select s.version
    from ops.deployments as o
    join ops.releases as s on s.id = o.release_id
    where o.id = d.rollback_of
) as taken_back on true
left join lateral (
    select o.id from ops.deployments as o
    where o.rollback_of = d.id and o.project_id = d.project_id and o.stage = d.stage and o.status <> 'failed'
    order by o.created_at desc
    limit 1
) as undone on true
left join lateral (
    select
        o.release_id,
        s.version
    from ops.deployments as o
    join ops.releases as s on s.id = o.release_id
    where
        o.project_id = d.project_id and o.stage = d.stage and o.status = 'succeeded'
        and o.environment_id is not distinct from d.environment_id
        and (o.created_at, o.id) < (d.created_at, d.id)
    order by o.created_at desc, o.id desc
    limit 1
) as before on true;
comment on view ops.v_deployment_history is
'Deployments and rollbacks, with what each replaced and whether it proved its health.';
comment on column ops.v_deployment_history.g4_status is 'As of now: what is pending when its window closed has failed.';
comment on column ops.v_deployment_history.replaced_version is 'The release that was there before.';
comment on column ops.v_deployment_history.backup_age is 'How old the backup was to which one could have gone back.';
comment on column ops.v_deployment_history.rollback_of_version is 'The release that this rollback took back.';
comment on column ops.v_deployment_history.is_rollback is 'Whether it took another deployment back.';
comment on column ops.v_deployment_history.rolled_back_by is 'The deployment that took this one back, if one did.';
comment on column ops.v_deployment_history.replaced_release_id is 'The release that was there before.';
comment on column ops.v_deployment_history.incident_count is 'How many incidents it caused.';
comment on column ops.v_deployment_history.duration is 'How long it took; empty until it ended.';
revoke all on ops.v_deployment_history from public, anon;
grant select on ops.v_deployment_history to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_deployment_history
to qa_tester, release_manager, sre, developer, audit_reader;

-- Shows each environment with its project and its newest run, so that one row has the deployment and the current work
-- of a branch.
create view ops.v_environment_overview
with (security_invoker = true) as
select
    e.id,
    e.project_id,
    p.slug as project_slug,
    e.name,
    e.branch,
    e.stage,
    e.generation,
    e.partition_key,
    case
        when e.status in ('pending', 'failed') and working.kind in ('deploy', 'build') then 'building'
        else e.status
    end as status,
    e.url,
    e.host_label,
    e.port,
    e.database_name,
    e.image_digest,
    e.deployed_sha,
    e.deployed_run_id,
    e.expires_at,
    e.is_adopted,
    e.created_at,
    e.destroyed_at,
    working.id as working_run_id,
    latest.run_number as latest_run_number,
    latest.status as latest_run_status,
    latest.error_message as latest_run_error
from ops.environments as e
join ops.projects as p on p.id = e.project_id
left join ops.runs as working on working.environment_id = e.id and working.status in ('claimed', 'running')
left join lateral (
    select
        r.run_number,
        r.status,
        r.error_message
    from ops.run_requests as q
    join ops.runs as r on r.id = q.run_id
    where q.environment_id = e.id
    order by q.run_number desc
    limit 1
) as latest on true;
comment on view ops.v_environment_overview is 'Environments, what they show and what works on them.';
comment on column ops.v_environment_overview.status is 'The environment''s state; building while its first run works.';
comment on column ops.v_environment_overview.working_run_id is 'The run that works on it now.';
comment on column ops.v_environment_overview.latest_run_number is 'The number of its newest run.';
comment on column ops.v_environment_overview.latest_run_status is 'How its newest run goes.';
comment on column ops.v_environment_overview.latest_run_error is 'Why its newest run failed, if it did.';
revoke all on ops.v_environment_overview from public, anon;
grant select on ops.v_environment_overview to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_environment_overview
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Shows the keys of machines that send events, and whether each still works; no hash.
create view ops.v_event_keys
with (security_invoker = true) as
select
    k.id as key_id,
    k.prefix,
    k.name,
    case
        when k.revoked_at is not null then 'revoked'
        when k.expires_at <= statement_timestamp() then 'expired'
        else 'active'
    end as status,
    k.persona,
    k.event_types,
    k.project_id,
    p.slug as project_slug,
    k.approver_id,
    k.created_by,
    k.created_at,
    k.expires_at,
    k.last_used_at,
    k.rotated_from,
    k.revoked_by,
    k.revoked_at
from ops.event_keys as k
left join ops.projects as p on p.id = k.project_id;
comment on view ops.v_event_keys is 'Keys of machines that send events, with what each may send.';
comment on column ops.v_event_keys.key_id is 'The key''s id.';
comment on column ops.v_event_keys.status is 'active, expired or revoked, as of now.';
comment on column ops.v_event_keys.project_slug is 'The only project that it may speak of; null for every project.';
revoke all on ops.v_event_keys from public, anon;
grant select on ops.v_event_keys to service_role, ops_worker, ops_operator, audit_reader;

-- Shows every gate with its status at this moment: exceptions end and windows close without a write.
-- Functions that evaluate, promote or report read this view, so that all agree.
-- No `with`: a view that has one is not merged into the query that reads it, which then reads every gate.
create view ops.v_gate_status
with (security_invoker = true) as
select
    g.id as gate_id,
    g.release_id,
    r.project_id,
    r.version,
    g.gate_code,
    case
        when x.exception_id is not null then 'bypassed'::ops.ops_gate_status
        else g.merit_now
    end as status,
    g.merit_now as merit,
    g.reason,
    g.deadline_at,
    x.exception_id,
    x.exception_reason,
    x.granted_by,
    x.expires_at,
    x.is_break_glass,
    g.required_checks,
    g.quorum,
    g.window_seconds,
    g.evaluated_at,
    g.is_overdue,
    g.is_required
from ( -- noqa: ST05
    select
        o.*,
        case
            when o.merit = 'pending' and o.deadline_at < ops.right_now() then 'failed'::ops.ops_gate_status
            else o.merit
        end as merit_now,
        o.merit = 'pending' and coalesce(o.deadline_at < ops.right_now(), false) as is_overdue
    from ops.release_gates as o
) as g
join ops.releases as r on r.id = g.release_id
left join lateral (
    select
        e.id as exception_id,
        e.reason as exception_reason,
        e.granted_by,
        e.expires_at,
        bool_or(e.is_break_glass) over () as is_break_glass
    from ops.exceptions as e
    where
        e.gate_id = g.id and e.granted_at is not null and e.revoked_at is null
        and e.expires_at > ops.right_now()
        -- a rejection stays until a new exception
        and not exists (
            select from ops.approvals as a
            where a.gate_id = g.id and a.decision = 'rejected' and a.created_at >= e.granted_at
        )
    order by e.expires_at desc, e.id desc
    limit 1
) as x on true;
comment on view ops.v_gate_status is 'Gates as they stand now, with the exception that waives each, if one does.';
comment on column ops.v_gate_status.status is 'Bypassed while an exception is active, else the merit.';
comment on column ops.v_gate_status.merit is 'What checks and approvals say now, exceptions left aside.';
comment on column ops.v_gate_status.exception_id is 'The active exception that lasts longest.';
comment on column ops.v_gate_status.is_break_glass is 'Whether one of the active exceptions is broken glass.';
comment on column ops.v_gate_status.is_overdue is
'Whether it failed only because its window closed before anything decided it.';
comment on column ops.v_gate_status.is_required is 'Whether the policy asked for it when the release was made.';
comment on column ops.v_gate_status.reason is 'By what the merit was decided.';
revoke all on ops.v_gate_status from public, anon;
grant select on ops.v_gate_status to authenticated, service_role, ops_worker, ops_operator,
ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Shows every exception and its status: time alone can end it, so the status is not stored.
create view ops.v_exception_status
with (security_invoker = true) as
select
    r.project_id,
    p.slug as project_slug,
    x.id as exception_id,
    x.release_id,
    r.version,
    x.gate_id,
    x.gate_code,
    x.status,
    greatest(x.expires_at - ops.right_now(), interval '0') as time_remaining,
    x.expires_at,
    x.reason,
    x.is_break_glass,
    x.requested_by,
    x.granted_by,
    x.granted_at,
    x.revoked_by,
    x.revoked_at,
    x.created_at,
    i.id as incident_id,
    i.status as incident_status,
    x.status = 'pending_review' or coalesce(i.status = 'open', false) as needs_review
from (
    select
        e.*,
        case
            when e.revoked_at is not null then 'revoked'
            when e.expires_at <= ops.right_now() then 'expired'
            when e.granted_at is null then 'pending_review'
            else 'active'
        end as status
    from ops.exceptions as e
) as x
join ops.releases as r on r.id = x.release_id
join ops.projects as p on p.id = r.project_id
left join ops.incidents as i on i.exception_id = x.id;
comment on view ops.v_exception_status is
'Exceptions: active, expired, revoked or waiting for a second person, with the time left.';
comment on column ops.v_exception_status.status is 'pending_review, active, expired or revoked, as of now.';
comment on column ops.v_exception_status.needs_review is
'Nobody granted it yet, or glass was broken and its incident is open.';
comment on column ops.v_exception_status.time_remaining is
'How long it can still waive the gate; zero once it is over.';
revoke all on ops.v_exception_status from public, anon;
grant select on ops.v_exception_status to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_exception_status
to qa_tester, release_manager, sre, developer, audit_reader;

-- Shows each person with all names.
create view ops.v_people
with (security_invoker = true) as
select
    p.id as person_id,
    p.name,
    coalesce(n.aliases, '[]') as aliases,
    p.created_by,
    p.created_at
from ops.people as p
left join lateral (
    select jsonb_agg(jsonb_build_object('kind', a.kind, 'name', a.spelling) order by a.kind, a.alias) as aliases
    from ops.person_aliases as a
    where a.person_id = p.id
) as n on true;
comment on view ops.v_people is 'People and the names by which they are known.';
comment on column ops.v_people.person_id is 'The person''s id.';
comment on column ops.v_people.aliases is 'Kind and spelling of each name.';
revoke all on ops.v_people from public, anon;
grant select on ops.v_people to service_role, ops_worker, ops_operator, audit_reader;

-- Shows each living production with its newest verified backup and its newest drill. The clocks of backups, drills and
-- alarms read it, and so do clones, drills and the command line.
create view ops.v_productions
with (security_invoker = true) as
select
    e.id as environment_id,
    e.project_id,
    p.slug as project_slug,
    e.name,
    e.branch,
    e.partition_key,
    e.branch = p.default_branch as is_default_branch,
    p.status = 'active' as is_active,
    e.is_adopted or e.database_name is not null as has_data,
    e.created_at,
    verified.id as verified_backup_id,
    verified.taken_at as verified_taken_at,
    drill.id as newest_drill_id,
    drill.passed as newest_drill_passed,
    drill.started_at as newest_drill_started_at
from ops.environments as e
join ops.projects as p on p.id = e.project_id
left join lateral (
    select
        b.id,
        coalesce(b.taken_at, b.created_at) as taken_at
    from ops.backups as b
    where b.environment_id = e.id and b.status = 'verified'
    order by b.taken_at desc
    limit 1
) as verified on true
left join lateral (
    select
        d.id,
        d.passed,
        d.started_at
    from ops.recovery_drills as d
    join ops.backups as b on b.id = d.backup_id
    where b.environment_id = e.id
    order by d.started_at desc
    limit 1
) as drill on true
where e.stage = 'production' and e.destroyed_at is null;
comment on view ops.v_productions is 'Living productions, their newest verified backup and their newest drill.';
comment on column ops.v_productions.is_default_branch is 'Whether it is the production of the default branch.';
comment on column ops.v_productions.is_active is 'Whether its project is active, not archived.';
comment on column ops.v_productions.has_data is 'Whether it is deployed or adopted: there is something to back up.';
comment on column ops.v_productions.verified_backup_id is 'The newest backup that was read back whole.';
comment on column ops.v_productions.verified_taken_at is 'The moment whose data it holds.';
comment on column ops.v_productions.newest_drill_id is 'The newest drill of one of its backups, passed or not.';
comment on column ops.v_productions.newest_drill_passed is 'Whether that drill passed; empty while it works.';
comment on column ops.v_productions.newest_drill_started_at is 'When that drill began.';
revoke all on ops.v_productions from public, anon;
grant select on ops.v_productions to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_productions
to release_manager, sre, developer, audit_reader;

-- Shows the stages to which each release may be promoted now, and the first unmet requirement of each.
create view ops.v_promotion_eligibility
with (security_invoker = true) as
select
    r.project_id,
    p.slug as project_slug,
    r.id as release_id,
    r.version,
    r.status as release_status,
    r.created_at,
    staging.is_eligible as eligible_for_staging,
    staging.missing as staging_missing,
    production.is_eligible as eligible_for_production,
    production.missing as production_missing
from ops.releases as r
join ops.projects as p on p.id = r.project_id
inner join lateral (
    select
        bool_and(q.is_met) as is_eligible,
        (array_agg(q.requirement || ': ' || q.detail) filter (where not q.is_met))[1] as missing
    from ops.explain_promotion(r.id, 'staging') as q
) as staging on true
inner join lateral (
    select
        bool_and(q.is_met) as is_eligible,
        (array_agg(q.requirement || ': ' || q.detail) filter (where not q.is_met))[1] as missing
    from ops.explain_promotion(r.id, 'production') as q
) as production on true;
comment on view ops.v_promotion_eligibility is
'Releases, whether each may go to staging and to production, and what it lacks.';
comment on column ops.v_promotion_eligibility.staging_missing is 'The first requirement that is not met.';
comment on column ops.v_promotion_eligibility.production_missing is 'The first requirement that is not met.';
comment on column ops.v_promotion_eligibility.eligible_for_staging is 'Whether it may go to staging now.';
comment on column ops.v_promotion_eligibility.eligible_for_production is 'Whether it may go to production now.';
revoke all on ops.v_promotion_eligibility from public, anon;
grant select on ops.v_promotion_eligibility to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_promotion_eligibility
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Lists runs with their requests and related names, in the form that claims return.
create view ops.v_run_details
with (security_invoker = true) as
select
    r.id,
    r.project_id,
    p.slug as project_slug,
    r.environment_id,
    e.partition_key,
    r.run_number,
    r.kind,
    r.status,
    r.trigger,
    q.requested_by,
    r.git_ref,
    r.git_sha,
    r.priority,
    r.attempt,
    r.max_attempts,
    r.claimed_by,
    r.dagster_run_id,
    q.config,
    r.exit_code,
    r.error_message,
    q.retry_of,
    r.created_at,
    r.claimed_at,
    r.started_at,
    r.finished_at,
    r.cancel_requested_at,
    r.lease_expires_at
from ops.runs as r
join ops.run_requests as q on q.run_id = r.id
join ops.projects as p on p.id = r.project_id
left join ops.environments as e on e.id = r.environment_id;
comment on view ops.v_run_details is 'Runs with their related names, as claims return them.';
revoke all on ops.v_run_details from public, anon;
grant select on ops.v_run_details to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_run_details
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Shows the run, commit and inputs of each asset: the answer to "what is this preview made of?".
create view ops.v_run_lineage
with (security_invoker = true) as
select
    p.slug as project_slug,
    l.partition_key,
    l.asset_key,
    r.run_number,
    l.run_id,
    l.attempt,
    r.git_sha,
    r.git_ref,
    l.code_version,
    l.data_version,
    l.inputs,
    r.dagster_run_id,
    l.created_at
from ops.run_lineage as l
join ops.runs as r on r.id = l.run_id
join ops.projects as p on p.id = r.project_id;
comment on view ops.v_run_lineage is 'Assets with the runs, commits and inputs they were made from.';
comment on column ops.v_run_lineage.inputs is 'The data version of every asset it was made from.';
revoke all on ops.v_run_lineage from public, anon;
grant select on ops.v_run_lineage to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_run_lineage
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Lists the waiting runs in claim order, with the reason why each waits: the answer to "why does my run not start?".
create view ops.v_run_queue
with (security_invoker = true) as
with past as materialized ( -- once for each project and kind, not for each run
    select
        q.project_id,
        q.kind,
        ops.usual_duration(q.project_id, q.kind) as usual_duration
    from (
        select distinct
            w.project_id,
            w.kind
        from ops.runs as w
        where w.status = 'queued'
    ) as q
),

worker as materialized (
    select ops.worker_to_wait_for() as waits_for
)

select
    row_number() over (order by r.priority desc, r.turn asc, r.created_at asc) as "position",
    r.id as run_id,
    p.slug as project_slug,
    r.run_number,
    r.kind,
    e.partition_key,
    r.git_sha,
    r.priority,
    r.attempt,
    clock_timestamp() - r.created_at as age,
    case
        when working.run_number is not null then format('run #%s, which works on the environment', working.run_number)
        when ahead.run_number is not null then format('run #%s, which waits for the environment too', ahead.run_number)
        when last_event.message is not null
            then format(
                'its next try, at %s UTC (%s)', to_char(r.not_before at time zone 'UTC', 'HH24:MI:SS'),
                regexp_replace(last_event.message, '^queued: ', '')
            )
        else worker.waits_for
    end as waits_for,
    past.usual_duration
from ops.runs as r
join ops.projects as p on p.id = r.project_id
join past on past.project_id = r.project_id and past.kind = r.kind
cross join worker
left join ops.environments as e on e.id = r.environment_id
left join ops.runs as working
    on working.environment_id = r.environment_id and working.status in ('claimed', 'running')
left join lateral (
    select o.run_number
    from ops.runs as o
    where
        o.environment_id = r.environment_id and o.status = 'queued'
        and (-o.priority, o.turn, o.created_at, o.id) < (-r.priority, r.turn, r.created_at, r.id)
    order by o.priority desc, o.turn asc, o.created_at asc
    limit 1
) as ahead on true
left join lateral (
    select v.message
    from ops.run_events as v
    where v.run_id = r.id and v.seq = r.event_count and r.not_before > clock_timestamp()
) as last_event on true
where r.status = 'queued';
comment on view ops.v_run_queue is 'Waiting runs in the order in which they will be claimed.';
comment on column ops.v_run_queue."position" is 'Place in the queue, as far as the reader sees it.';
comment on column ops.v_run_queue.waits_for is 'What must happen before the run can start.';
comment on column ops.v_run_queue.age is 'How long it has waited.';
comment on column ops.v_run_queue.usual_duration is
'How long its project''s last successful runs of this kind worked, as a median; empty without a past.';
revoke all on ops.v_run_queue from public, anon;
grant select on ops.v_run_queue to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_run_queue
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Shows one run with its related names: the answer to "how is this run?" for people and workers.
create view ops.v_runs
with (security_invoker = true) as
select
    r.id,
    r.project_id,
    p.slug as project_slug,
    r.environment_id,
    e.partition_key,
    r.run_number,
    r.kind,
    r.status,
    r.trigger,
    q.requested_by,
    r.git_ref,
    r.git_sha,
    r.priority,
    r.attempt,
    r.max_attempts,
    r.starts,
    r.not_before,
    r.claimed_by,
    r.dagster_run_id,
    q.config,
    r.exit_code,
    r.error_message,
    q.retry_of,
    r.created_at,
    r.claimed_at,
    r.started_at,
    r.finished_at,
    r.cancel_requested_at,
    r.lease_expires_at,
    r.finished_at - r.started_at as duration
from ops.runs as r
join ops.run_requests as q on q.run_id = r.id
join ops.projects as p on p.id = r.project_id
left join ops.environments as e on e.id = r.environment_id;
comment on view ops.v_runs is 'Runs with the names of their project and environment.';
comment on column ops.v_runs.duration is 'How long the work took; empty until it ended.';
revoke all on ops.v_runs from public, anon;
grant select on ops.v_runs to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_runs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Lists the waiting runs that a worker may take now: those whose pause is over, at most one per environment and none of
-- an environment on which a run works. A claim takes them in the order of priority, turn and age.
create view ops.v_startable_runs
with (security_invoker = true) as
select
    r.id,
    r.priority,
    r.turn,
    r.created_at
from ops.runs as r
where
    r.status = 'queued'
    and (r.not_before is null or r.not_before <= clock_timestamp())
    and (
        r.environment_id is null
        or not exists (
            select from ops.runs as o
            where
                o.environment_id = r.environment_id
                and o.status in ('queued', 'claimed', 'running')
                and (
                    o.status <> 'queued'
                    or (-o.priority, o.turn, o.created_at, o.id) < (-r.priority, r.turn, r.created_at, r.id)
                )
        )
    );
comment on view ops.v_startable_runs is 'Waiting runs that a worker may take now.';
revoke all on ops.v_startable_runs from public, anon;
grant select on ops.v_startable_runs to audit_reader, service_role, ops_worker, ops_operator;

-- Lists what each project should know before it moves to a newer series: the advisories from its current series on.
create view ops.v_upgrade_advisories
with (security_invoker = true) as
select
    p.id as project_id,
    p.slug as project_slug,
    p.odoo_version,
    a.id as advisory_id,
    a.to_version,
    a.severity,
    jsonb_array_length(a.breaking_changes) as breaking_change_count,
    a.breaking_changes,
    a.migration_guides,
    a.created_at
from ops.projects as p
join ops.upgrade_advisories as a on a.from_version = p.odoo_version
where p.status = 'active';
comment on view ops.v_upgrade_advisories is 'Advisories that apply to the series each project is on.';
comment on column ops.v_upgrade_advisories.breaking_change_count is 'How many changes break something.';
comment on column ops.v_upgrade_advisories.advisory_id is 'The advisory, as ops.upgrade_advisories has it.';
revoke all on ops.v_upgrade_advisories from public, anon;
grant select on ops.v_upgrade_advisories to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_upgrade_advisories
to release_manager, sre, developer, audit_reader;

-- Shows the evidence of each gate, and the claims without evidence.
create view ops.v_evidence_completeness
with (security_invoker = true) as
select
    s.project_id,
    s.release_id,
    s.version,
    s.gate_id,
    s.gate_code,
    s.status,
    coalesce(e.evidence_count, 0) + coalesce(c.evidence_count, 0) as evidence_count,
    coalesce(c.checks, 0) as checks,
    coalesce(c.without_evidence, '{}') as checks_without_evidence,
    array_remove(array[
        case when cardinality(c.without_evidence) > 0 then 'checks without evidence' end,
        case
            when s.merit = 'passed' and coalesce(e.evidence_count, 0) + coalesce(c.evidence_count, 0) = 0
                then 'passed without evidence'
        end,
        case when s.status = 'bypassed' then 'bypassed' end
    ], null) as gaps,
    cardinality(coalesce(c.without_evidence, '{}')) = 0 and s.status <> 'bypassed'
    and (s.merit <> 'passed' or coalesce(e.evidence_count, 0) + coalesce(c.evidence_count, 0) > 0) as is_complete
from ops.v_gate_status as s
left join lateral (
    select count(*) as evidence_count from ops.evidence_artifacts as o
    where o.gate_id = s.gate_id and o.check_id is null
) as e on true
left join lateral ( -- noqa: ST05
    with latest as (
        select distinct on (k.name)
            k.id,
            k.name
        from ops.gate_checks as k
        where k.gate_id = s.gate_id
        order by k.name asc, k.occurred_at desc, k.created_at desc, k.id desc
    ),

    proved as (
        select
            l.name,
            count(o.id) as evidence_count
        from latest as l
        left join ops.evidence_artifacts as o on o.check_id = l.id
        group by l.name
    )

    select
        count(*) as checks,
        sum(l.evidence_count)::bigint as evidence_count,
        array_agg(l.name order by l.name) filter (where l.evidence_count = 0) as without_evidence
    from proved as l
) as c on true;
comment on view ops.v_evidence_completeness is 'Evidence of each gate, and what is claimed without any.';
comment on column ops.v_evidence_completeness.evidence_count is
'Evidence of the gate and of the newest answer to each check.';
comment on column ops.v_evidence_completeness.gaps is
'What is claimed without proof, in words; empty where nothing is.';
comment on column ops.v_evidence_completeness.checks is 'How many questions of the gate were answered.';
comment on column ops.v_evidence_completeness.checks_without_evidence is
'The answered questions that nothing proves, by name.';
comment on column ops.v_evidence_completeness.is_complete is 'Whether nothing is claimed without proof.';
revoke all on ops.v_evidence_completeness from public, anon;
grant select on ops.v_evidence_completeness to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_evidence_completeness
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Shows every gate of every release in one row: its status, its basis, and what is missing.
-- The counts are computed per gate, so that a page of gates costs as much as its gates.
create view ops.v_release_gate_summary
with (security_invoker = true) as
select
    r.project_id,
    p.slug as project_slug,
    r.id as release_id,
    r.version,
    r.status as release_status,
    r.created_by,
    r.created_at,
    s.gate_id,
    s.gate_code,
    s.status,
    s.merit,
    s.reason,
    coalesce(c.total, 0) as checks_total,
    coalesce(c.passed, 0) as checks_passed,
    coalesce(c.failed, 0) as checks_failed,
    coalesce(c.skipped, 0) as checks_skipped,
    (
        select coalesce(array_agg(n.name order by n.name), '{}') from unnest(s.required_checks) as n (name)
        where n.name <> all(coalesce(c.names, '{}'))
    ) as checks_missing,
    s.quorum,
    coalesce(a.approved, 0) as approvals,
    coalesce(a.rejected, 0) as rejections,
    coalesce(a.approvers, '{}') as approvers,
    s.exception_id,
    s.expires_at as exception_expires_at,
    -- two queries, each with its index: a combined one would read everything
    (
        select count(*) from ops.evidence_artifacts as e
        where e.gate_id = s.gate_id
    ) + (
        select count(*)
        from ops.gate_checks as k
        join ops.evidence_artifacts as e on e.check_id = k.id
        where k.gate_id = s.gate_id and e.gate_id is distinct from s.gate_id
    ) as evidence_count,
    s.deadline_at,
    s.evaluated_at,
    s.is_required
from ops.v_gate_status as s
join ops.releases as r on r.id = s.release_id
join ops.projects as p on p.id = r.project_id
left join lateral ( -- noqa: ST05
    with latest as (
        select distinct on (k.name)
            k.name,
            k.status
        from ops.gate_checks as k
        where k.gate_id = s.gate_id
        order by k.name asc, k.occurred_at desc, k.created_at desc, k.id desc
    )

    select
        count(*) as total,
        count(*) filter (where l.status = 'passed') as passed,
        count(*) filter (where l.status = 'failed') as failed,
        count(*) filter (where l.status = 'skipped') as skipped,
        array_agg(l.name) as names
    from latest as l
) as c on true
left join lateral ( -- noqa: ST05
    with latest as (
        select distinct on (ops.person_of(d.approver_id))
            d.approver_id,
            d.decision
        from ops.approvals as d
        where d.gate_id = s.gate_id and ops.person_of(d.approver_id) is distinct from ops.person_of(d.release_author)
        order by ops.person_of(d.approver_id) asc, d.decision desc, d.occurred_at desc, d.created_at desc, d.id desc
    )

    select
        count(*) filter (where l.decision = 'approved') as approved,
        count(*) filter (where l.decision = 'rejected') as rejected,
        array_agg(l.approver_id order by l.approver_id) filter (where l.decision = 'approved') as approvers
    from latest as l
) as a on true;
comment on view ops.v_release_gate_summary is 'Gates of releases: how each stands, by how many answers and by whom.';
comment on column ops.v_release_gate_summary.status is 'As of now; bypassed while an exception is active.';
comment on column ops.v_release_gate_summary.merit is 'What checks and approvals say, exceptions left aside.';
comment on column ops.v_release_gate_summary.is_required is 'Whether policy asked for it when it was made.';
comment on column ops.v_release_gate_summary.checks_total is 'Questions that were answered, each by its newest answer.';
comment on column ops.v_release_gate_summary.checks_missing is 'Checks that the gate waits for and nobody answered.';
comment on column ops.v_release_gate_summary.quorum is 'How many must approve; gates G2 and G3 only.';
comment on column ops.v_release_gate_summary.evidence_count is 'Evidence of the gate and of its checks.';
comment on column ops.v_release_gate_summary.checks_passed is 'Questions whose newest answer is yes.';
comment on column ops.v_release_gate_summary.checks_failed is 'Questions whose newest answer is no.';
comment on column ops.v_release_gate_summary.checks_skipped is 'Questions that were left out this time.';
comment on column ops.v_release_gate_summary.approvals is 'How many people approved and did not reject.';
comment on column ops.v_release_gate_summary.rejections is 'How many people rejected; a rejection stays.';
comment on column ops.v_release_gate_summary.approvers is 'Who approves.';
comment on column ops.v_release_gate_summary.exception_expires_at is 'Until when the active exception waives the gate.';
revoke all on ops.v_release_gate_summary from public, anon;
grant select on ops.v_release_gate_summary to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.v_release_gate_summary
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;

-- Members read who decided what. Who signs off writes the decision of their own gate, as themselves; nobody changes it.
revoke all on ops.approvals from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.approvals from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.approvals to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.approvals to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
-- when, and through which door, is not theirs to say
grant insert (
    release_id, gate_id, gate_code, approver_id, persona_role, decision, rationale_structured, release_author
) on ops.approvals to qa_tester, release_manager;
alter table ops.approvals enable row level security;

create policy "Members read who decided what in their projects"
on ops.approvals for select to authenticated
using (exists (
    select from ops.releases as r
    where r.id = approvals.release_id
));

create policy "The platform reads every decision"
on ops.approvals for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every decision"
on ops.approvals for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create policy "Testers decide gate G2 as themselves"
on ops.approvals for insert to qa_tester
with check (gate_code = 'G2' and persona_role = 'qa_tester' and approver_id = ops.caller_id());

create policy "Release managers decide gate G3 as themselves"
on ops.approvals for insert to release_manager
with check (gate_code = 'G3' and persona_role = 'release_manager' and approver_id = ops.caller_id());

create or replace trigger approvals_stay
before update or delete on ops.approvals
for each row execute function ops_private.refuse_change();
create or replace trigger approvals_stay_whole
before truncate on ops.approvals
for each statement execute function ops_private.refuse_change();
create or replace trigger approvals_are_of_others
before insert on ops.approvals
for each row execute function ops_private.refuse_interested_approver();
create or replace trigger approvals_are_wanted
before insert on ops.approvals
for each row execute function ops_private.refuse_withdrawn();
create or replace trigger approvals_decide_gates
after insert on ops.approvals
for each row execute function ops_private.note_gate_fact();

-- Members read their projects' backups; every change goes through an RPC.
revoke all on ops.backups from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.backups from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.backups to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.backups to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.backups enable row level security;

create policy "Members read their projects' backups"
on ops.backups for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every backup"
on ops.backups for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every backup"
on ops.backups for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read their projects' branches.
revoke all on ops.branch_heads from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.branch_heads from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.branch_heads to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.branch_heads to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.branch_heads enable row level security;

create policy "Members read their projects' branches"
on ops.branch_heads for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every branch"
on ops.branch_heads for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every branch"
on ops.branch_heads for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- The platform and auditors read where dropped months ended; nobody changes it.
revoke all on ops.checkpoints from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.checkpoints from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.checkpoints to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.checkpoints enable row level security;

create policy "The platform and auditors read every checkpoint"
on ops.checkpoints for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

create or replace trigger checkpoints_stay
before update or delete on ops.checkpoints
for each row execute function ops_private.refuse_change();
create or replace trigger checkpoints_stay_whole
before truncate on ops.checkpoints
for each statement execute function ops_private.refuse_change();

-- The platform and auditors read which control plane this is; only the janitor's rounds change, by an RPC.
revoke all on ops.control_plane from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.control_plane from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.control_plane to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.control_plane enable row level security;

create policy "The platform and auditors read which control plane this is"
on ops.control_plane for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

-- Only the platform reads templates: they serve every project.
revoke all on ops.database_templates from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.database_templates from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.database_templates to service_role, ops_worker, ops_operator;
grant select on ops.database_templates to audit_reader;
alter table ops.database_templates enable row level security;

create policy "The platform reads every template"
on ops.database_templates for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every template"
on ops.database_templates for select to audit_reader
using (true);

-- Members read where their projects' releases went; every change goes through an RPC.
revoke all on ops.deployments from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.deployments from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.deployments to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.deployments to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.deployments enable row level security;

create policy "Members read their projects' deployments"
on ops.deployments for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every deployment"
on ops.deployments for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every deployment"
on ops.deployments for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger deployments_are_eligible
before insert on ops.deployments
for each row execute function ops_private.refuse_ineligible_deployment();
create or replace trigger deployments_move_as_drawn
before insert or update of status on ops.deployments
for each row execute function ops_private.move_deployment();
create or replace trigger deployments_are_felt
after insert or update of status on ops.deployments
for each row execute function ops_private.note_deployment();
create or replace trigger deployments_await_people
after update of decision_due_at, kept_at on ops.deployments
for each row execute function ops_private.note_deployment();
create or replace trigger deployments_start_in_time
before update of status on ops.deployments
for each row when (old.status = 'pending' and new.status = 'running' and new.rollback_of is null)
execute function ops_private.refuse_late_promotion();
create or replace trigger deployments_keep_their_identity
before update of id, project_id, release_id, environment_id, stage, image_digest, git_shas, no_backup_reason,
rollback_of, with_data, reason, requested_by, created_at
on ops.deployments
for each row execute function ops_private.refuse_change();
-- the run makes the backup before it changes anything
create or replace trigger deployments_keep_their_backup
before update of backup_id on ops.deployments
for each row when (old.backup_id is not null or old.status <> 'pending') execute function ops_private.refuse_change();
-- people are asked once, and answer once
create or replace trigger deployments_keep_their_deadline
before update of decision_due_at on ops.deployments
for each row when (old.decision_due_at is not null) execute function ops_private.refuse_change();
create or replace trigger deployments_keep_their_decision
before update of kept_by, kept_at, kept_reason on ops.deployments
for each row when (old.kept_at is not null) execute function ops_private.refuse_change();
-- promote_release queues the run for the row that is there
create or replace trigger deployments_keep_their_run
before update of run_id on ops.deployments
for each row when (old.run_id is not null) execute function ops_private.refuse_change();

-- Members read what happened to their projects' environments; nobody changes it.
revoke all on ops.environment_events from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.environment_events from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.environment_events to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.environment_events to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.environment_events enable row level security;

create policy "Members read what happened to their projects' environments"
on ops.environment_events for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every event"
on ops.environment_events for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every event"
on ops.environment_events for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger environment_events_stay
before update or delete on ops.environment_events
for each row execute function ops_private.refuse_change();
create or replace trigger environment_events_stay_whole
before truncate on ops.environment_events
for each statement execute function ops_private.refuse_change();

-- Members read their project's environments; every change goes through an RPC.
revoke all on ops.environments from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.environments from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.environments to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.environments to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.environments enable row level security;

create policy "Members read their projects' environments"
on ops.environments for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every environment"
on ops.environments for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every environment"
on ops.environments for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read what was told of their projects, personas what they told themselves.
revoke all on ops.event_ingest_log from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.event_ingest_log from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.event_ingest_log to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.event_ingest_log to ci_service_role, qa_tester, developer, release_manager, sre, audit_reader;
alter table ops.event_ingest_log enable row level security;

create policy "Members read what was told of their projects"
on ops.event_ingest_log for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every delivery"
on ops.event_ingest_log for select to ops_worker, ops_operator, service_role
using (true);

create policy "Those who run releases read every delivery"
on ops.event_ingest_log for select to release_manager, sre, audit_reader
using (true);

create policy "Personas read what they told themselves"
on ops.event_ingest_log for select to ci_service_role, qa_tester, developer
using (caller_id = (select ops.caller_id()));

-- The platform and auditors read keys, but nobody reads a hash; functions make and revoke keys.
revoke all on ops.event_keys from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.event_keys from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select (
    id, prefix, name, persona, event_types, project_id, approver_id, created_by, created_at, expires_at, last_used_at,
    rotated_from, revoked_by, revoked_at
) on ops.event_keys to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.event_keys enable row level security;

create policy "The platform and auditors read every key"
on ops.event_keys for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

-- Members read their projects' evidence; nobody changes it.
revoke all on ops.evidence_artifacts from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.evidence_artifacts from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.evidence_artifacts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.evidence_artifacts to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.evidence_artifacts enable row level security;

create policy "Members read their projects' evidence"
on ops.evidence_artifacts for select to authenticated
using (
    (release_id is null or exists (
        select from ops.releases as r
        where r.id = evidence_artifacts.release_id
    ))
    and (gate_id is null or exists (
        select from ops.release_gates as g
        where g.id = evidence_artifacts.gate_id
    ))
    and (check_id is null or exists (
        select from ops.gate_checks as c
        where c.id = evidence_artifacts.check_id
    ))
    and (run_id is null or exists (
        select from ops.runs as r
        where r.id = evidence_artifacts.run_id
    ))
);

create policy "The platform reads every piece of evidence"
on ops.evidence_artifacts for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every piece of evidence"
on ops.evidence_artifacts for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger evidence_artifacts_stay
before update or delete on ops.evidence_artifacts
for each row execute function ops_private.refuse_change();
create or replace trigger evidence_artifacts_stay_whole
before truncate on ops.evidence_artifacts
for each statement execute function ops_private.refuse_change();

-- Members read which of their projects' gates were waived; every change goes through an RPC.
revoke all on ops.exceptions from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.exceptions from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.exceptions to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.exceptions to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.exceptions enable row level security;

create policy "Members read their projects' exceptions"
on ops.exceptions for select to authenticated
using (exists (
    select from ops.releases as r
    where r.id = exceptions.release_id
));

create policy "The platform reads every exception"
on ops.exceptions for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every exception"
on ops.exceptions for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger exceptions_are_of_others
before insert or update of granted_by on ops.exceptions
for each row when (new.granted_by is not null) execute function ops_private.refuse_interested_grant();
create or replace trigger exceptions_are_wanted
before insert or update of granted_by on ops.exceptions
for each row execute function ops_private.refuse_withdrawn();
create or replace trigger exceptions_decide_gates
after insert or update on ops.exceptions
for each row execute function ops_private.note_gate_fact();
create or replace trigger exceptions_open_incidents
after insert on ops.exceptions
for each row when (new.is_break_glass) execute function ops_private.open_break_glass_incident();
create or replace trigger exceptions_keep_their_identity
before update of id, release_id, gate_id, gate_code, release_author, reason, is_break_glass, requested_by,
created_at, expires_at
on ops.exceptions
for each row execute function ops_private.refuse_change();

-- Members read the answers to their projects' gates; they come in through RPCs.
revoke all on ops.gate_checks from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.gate_checks from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.gate_checks to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.gate_checks to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.gate_checks enable row level security;

create policy "Members read the answers to their projects' gates"
on ops.gate_checks for select to authenticated
using (exists (
    select from ops.release_gates as g
    where g.id = gate_checks.gate_id
));

create policy "The platform reads every answer"
on ops.gate_checks for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every answer"
on ops.gate_checks for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger gate_checks_are_wanted
before insert on ops.gate_checks
for each row execute function ops_private.refuse_withdrawn();
create or replace trigger gate_checks_decide_gates
after insert on ops.gate_checks
for each row execute function ops_private.note_gate_fact();

-- Members read their projects' incidents; every change goes through an RPC.
revoke all on ops.incidents from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.incidents from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.incidents to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.incidents to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.incidents enable row level security;

create policy "Members read their projects' incidents"
on ops.incidents for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every incident"
on ops.incidents for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every incident"
on ops.incidents for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- The platform and auditors read what was decided about things that nobody knew; nobody changes it.
revoke all on ops.orphan_decisions from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.orphan_decisions from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.orphan_decisions to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.orphan_decisions enable row level security;

create policy "The platform and auditors read every decision about an orphan"
on ops.orphan_decisions for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

create or replace trigger orphan_decisions_stay
before update or delete on ops.orphan_decisions
for each row execute function ops_private.refuse_change();
create or replace trigger orphan_decisions_stay_whole
before truncate on ops.orphan_decisions
for each statement execute function ops_private.refuse_change();

-- The platform and auditors read what nobody knows; every change goes through the platform's functions.
revoke all on ops.orphans from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.orphans from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.orphans to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.orphans enable row level security;

create policy "The platform and auditors read every orphan"
on ops.orphans for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

-- The platform and auditors read people; functions write them.
revoke all on ops.people from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.people from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.people to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.people enable row level security;

create policy "The platform and auditors read every person"
on ops.people for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

-- The platform and auditors read the names of people; functions write them.
revoke all on ops.person_aliases from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.person_aliases from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.person_aliases to service_role, ops_worker, ops_operator, audit_reader;
alter table ops.person_aliases enable row level security;

create policy "The platform and auditors read every name"
on ops.person_aliases for select to ops_worker, ops_operator, service_role, audit_reader
using (true);

create or replace trigger person_aliases_decide_gates
after insert or update or delete on ops.person_aliases
for each row execute function ops_private.note_person_alias();

-- Members read their projects' rules and those for all; they change through an RPC.
revoke all on ops.policies from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.policies from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.policies to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.policies to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.policies enable row level security;

create policy "Members read their projects' rules and those for all"
on ops.policies for select to authenticated
using (project_id is null or project_id in (select ops.visible_projects()));

create policy "The platform reads every policy"
on ops.policies for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every policy"
on ops.policies for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Only functions count.
revoke all on ops.project_counters from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_counters from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.project_counters to service_role, ops_worker, ops_operator;
grant select on ops.project_counters to audit_reader;
alter table ops.project_counters enable row level security;

create policy "The platform reads every counter"
on ops.project_counters for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every counter"
on ops.project_counters for select to audit_reader
using (true);

-- Members see who else belongs; admins decide who does, below their own role, owners without limit.
revoke all on ops.project_memberships from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_memberships from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select, delete on ops.project_memberships to authenticated;
-- whose membership it is, and since when, is never changed
grant insert (project_id, user_id, role), update (role) on ops.project_memberships to authenticated;
grant select, insert, update, delete on ops.project_memberships to service_role;
grant select on ops.project_memberships to ops_worker, ops_operator;
grant select on ops.project_memberships to audit_reader;
alter table ops.project_memberships enable row level security;

create policy "Members read who belongs to their projects"
on ops.project_memberships for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "Admins add members below owner"
on ops.project_memberships for insert to authenticated
with check (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end));

create policy "Admins change members below owner"
on ops.project_memberships for update to authenticated
using (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end))
with check (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end));

create policy "Admins remove members below owner"
on ops.project_memberships for delete to authenticated
using (ops.has_permission(project_id, case when role = 'owner' then 'archive' else 'manage' end));

create policy "The platform reads every membership"
on ops.project_memberships for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role manages memberships"
on ops.project_memberships for all to service_role
using (true)
with check (true);

create policy "The auditor reads every membership"
on ops.project_memberships for select to audit_reader
using (true);

create or replace trigger project_memberships_keep_an_owner
before delete on ops.project_memberships
for each row when (old.role = 'owner')
execute function ops_private.require_one_owner();
create or replace trigger project_memberships_keep_an_owner_in_role
before update on ops.project_memberships
for each row when (old.role = 'owner' and (new.role, new.project_id) is distinct from ('owner', old.project_id))
execute function ops_private.require_one_owner();

-- Members read the changes of their projects' settings; every change goes through an RPC.
revoke all on ops.project_setting_changes from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_setting_changes
from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.project_setting_changes to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.project_setting_changes to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.project_setting_changes enable row level security;

create policy "Members read the changes of their projects' settings"
on ops.project_setting_changes for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads the changes of every project's settings"
on ops.project_setting_changes for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read the changes of every project's settings"
on ops.project_setting_changes for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger project_setting_changes_stay
before update or delete on ops.project_setting_changes
for each row execute function ops_private.refuse_change();
create or replace trigger project_setting_changes_stay_whole
before truncate on ops.project_setting_changes
for each statement execute function ops_private.refuse_change();

-- Members read their projects' settings; every change goes through an RPC.
revoke all on ops.project_settings from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.project_settings from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.project_settings to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.project_settings to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.project_settings enable row level security;

create policy "Members read their projects' settings"
on ops.project_settings for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every project's settings"
on ops.project_settings for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every project's settings"
on ops.project_settings for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read their projects; every change goes through an RPC.
revoke all on ops.projects from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.projects from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.projects to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.projects to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.projects enable row level security;

create policy "Members read their projects"
on ops.projects for select to authenticated
using (id in (select ops.visible_projects()));

create policy "The platform reads every project"
on ops.projects for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every project"
on ops.projects for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Only the platform reads deliveries: they may name repositories of any project.
revoke all on ops.push_deliveries from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.push_deliveries from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.push_deliveries to service_role, ops_worker, ops_operator;
grant select on ops.push_deliveries to audit_reader;
alter table ops.push_deliveries enable row level security;

create policy "The platform reads every delivery"
on ops.push_deliveries for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every delivery"
on ops.push_deliveries for select to audit_reader
using (true);

-- Members read their projects' drills; every change goes through an RPC.
revoke all on ops.recovery_drills from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.recovery_drills from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.recovery_drills to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.recovery_drills to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.recovery_drills enable row level security;

create policy "Members read their projects' drills"
on ops.recovery_drills for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every drill"
on ops.recovery_drills for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every drill"
on ops.recovery_drills for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read their projects' gates. The rules of a gate are those of the day its release was made.
revoke all on ops.release_gates from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.release_gates from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.release_gates to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.release_gates to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.release_gates enable row level security;

create policy "Members read their projects' gates"
on ops.release_gates for select to authenticated
using (exists (
    select from ops.releases as r
    where r.id = release_gates.release_id
));

create policy "The platform reads every gate"
on ops.release_gates for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every gate"
on ops.release_gates for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger release_gates_keep_their_rules
before update of id, release_id, gate_code, required_checks, quorum, window_seconds on ops.release_gates
for each row execute function ops_private.refuse_change();

-- Members read their projects' releases. What a release is never changes; how it goes is changed by RPCs.
revoke all on ops.releases from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.releases from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.releases to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.releases to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.releases enable row level security;

create policy "Members read their projects' releases"
on ops.releases for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every release"
on ops.releases for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every release"
on ops.releases for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger releases_keep_their_identity
before update of id, project_id, version, git_shas, image_digest, created_by, git_ref, lock_digest, created_at
on ops.releases
for each row execute function ops_private.refuse_change();

-- Members read their projects' rules; runs of the default branch's head change them through an RPC.
revoke all on ops.repository_rules from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.repository_rules from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.repository_rules to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.repository_rules to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.repository_rules enable row level security;

create policy "Members read the rules of their projects' repositories"
on ops.repository_rules for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads the rules of every repository"
on ops.repository_rules for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read the rules of every repository"
on ops.repository_rules for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read their projects' restores; every change goes through an RPC.
revoke all on ops.restores from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.restores from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.restores to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.restores to qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.restores enable row level security;

create policy "Members read their projects' restores"
on ops.restores for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every restore"
on ops.restores for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every restore"
on ops.restores for select to qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Who may do what is no secret; it changes by migration only.
revoke all on ops.roles from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.roles from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.roles to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.roles to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.roles enable row level security;

create policy "Everyone who signed in reads what roles may do"
on ops.roles for select to authenticated
using (true);

create policy "The platform reads every role"
on ops.roles for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every role"
on ops.roles for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- A login of the platform, or one that is a member of a persona, may come in, also where the public may not.
do $$
begin
    execute format(
        'grant connect on database %I to authenticator, ops_gateway, ops_operator,'
        ' ci_service_role, qa_tester, release_manager, sre, developer, audit_reader', current_database()
    );
exception when insufficient_privilege or undefined_object then null; -- the owner of the database says who comes in
end $$;

-- Members read their projects' artifacts; workers add them through RPCs.
revoke all on ops.run_artifacts from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_artifacts from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_artifacts to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_artifacts to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_artifacts enable row level security;

create policy "Members read their projects' artifacts"
on ops.run_artifacts for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_artifacts.run_id
));

create policy "The platform reads every artifact"
on ops.run_artifacts for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every artifact"
on ops.run_artifacts for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read where the dropped events of their projects' runs ended; nobody changes it.
revoke all on ops.run_checkpoints from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_checkpoints from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_checkpoints to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_checkpoints to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_checkpoints enable row level security;

create policy "Members read the checkpoints of their projects' runs"
on ops.run_checkpoints for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_checkpoints.run_id
));

create policy "The platform reads every checkpoint of a run"
on ops.run_checkpoints for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every checkpoint of a run"
on ops.run_checkpoints for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger run_checkpoints_stay
before update or delete on ops.run_checkpoints
for each row execute function ops_private.refuse_change();
create or replace trigger run_checkpoints_stay_whole
before truncate on ops.run_checkpoints
for each statement execute function ops_private.refuse_change();

-- Members read their projects' checks; workers add them through RPCs.
revoke all on ops.run_checks from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_checks from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_checks to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_checks to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_checks enable row level security;

create policy "Members read their projects' checks"
on ops.run_checks for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_checks.run_id
));

create policy "The platform reads every check"
on ops.run_checks for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every check"
on ops.run_checks for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read what happened in their projects; nobody changes it.
revoke all on ops.run_events from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_events from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_events to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_events to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_events enable row level security;

create policy "Members read what happened in their projects"
on ops.run_events for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_events.run_id
));

create policy "The platform reads every event"
on ops.run_events for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every event"
on ops.run_events for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger run_events_stay
before update or delete on ops.run_events
for each row execute function ops_private.refuse_change();
create or replace trigger run_events_stay_whole
before truncate on ops.run_events
for each statement execute function ops_private.refuse_change();

-- Members read their projects' lineage rows; workers add them through RPCs.
revoke all on ops.run_lineage from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_lineage from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_lineage to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_lineage to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_lineage enable row level security;

create policy "Members read their projects' lineage rows"
on ops.run_lineage for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_lineage.run_id
));

create policy "The platform reads every lineage row"
on ops.run_lineage for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every lineage row"
on ops.run_lineage for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Members read their projects' log lines; workers add them through RPCs.
revoke all on ops.run_logs from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_logs from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_logs to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_logs to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_logs enable row level security;

create policy "Members read their projects' log lines"
on ops.run_logs for select to authenticated
using (exists (
    select from ops.runs as r
    where r.id = run_logs.run_id
));

create policy "The platform reads every log line"
on ops.run_logs for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every log line"
on ops.run_logs for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Partitions are closed again after every migration, which took their policies too.
select ops.ensure_partitions();

-- Members read what was asked in their projects; nobody changes it.
revoke all on ops.run_requests from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.run_requests from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.run_requests to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.run_requests to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.run_requests enable row level security;

create policy "Members read what was asked in their projects"
on ops.run_requests for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every request"
on ops.run_requests for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every request"
on ops.run_requests for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger run_requests_stay
before update or delete on ops.run_requests
for each row execute function ops_private.refuse_change();
create or replace trigger run_requests_stay_whole
before truncate on ops.run_requests
for each statement execute function ops_private.refuse_change();

-- Members read their project's runs; every change goes through an RPC, and none but the drawn ones is possible.
revoke all on ops.runs from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.runs from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.runs to authenticated, service_role, ops_worker, ops_operator;
grant select on ops.runs to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.runs enable row level security;

create policy "Members read their projects' runs"
on ops.runs for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "The platform reads every run"
on ops.runs for select to ops_worker, ops_operator, service_role
using (true);

create policy "Personas read every run"
on ops.runs for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

create or replace trigger runs_make_sense
before insert or update of status, attempt, starts, max_attempts, claimed_by, exit_code, finished_at, lease_expires_at
on ops.runs
for each row execute function ops_private.check_run_invariants();
create or replace trigger runs_keep_their_identity
before update of id, project_id, environment_id, run_number, kind on ops.runs
for each row execute function ops_private.refuse_change();
create or replace trigger runs_stay
before delete on ops.runs
for each row execute function ops_private.refuse_change();
create or replace trigger runs_stay_whole
before truncate on ops.runs
for each statement execute function ops_private.refuse_change();

-- Tools belong to no project: everyone who signed in reads them, the service role keeps them.
revoke all on ops.tools from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.tools from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.tools to authenticated, ops_worker, ops_operator;
grant select, insert, update, delete on ops.tools to service_role;
grant select on ops.tools to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.tools enable row level security;

create policy "Everyone who signed in reads tools"
on ops.tools for select to authenticated
using (true);

create policy "The platform reads every tool"
on ops.tools for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role keeps tools"
on ops.tools for all to service_role
using (true)
with check (true);

create policy "Personas read every tool"
on ops.tools for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Advisories belong to no project: everyone who signed in reads them, the service role keeps them.
revoke all on ops.upgrade_advisories from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.upgrade_advisories from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.upgrade_advisories to authenticated, ops_worker, ops_operator;
grant select, insert, update, delete on ops.upgrade_advisories to service_role;
grant select on ops.upgrade_advisories to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.upgrade_advisories enable row level security;

create policy "Everyone who signed in reads upgrade advisories"
on ops.upgrade_advisories for select to authenticated
using (true);

create policy "The platform reads every advisory"
on ops.upgrade_advisories for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role keeps upgrade advisories"
on ops.upgrade_advisories for all to service_role
using (true)
with check (true);

create policy "Personas read every advisory"
on ops.upgrade_advisories for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);

-- Only the platform reads workers: they serve every project.
revoke all on ops.workers from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.workers from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select on ops.workers to service_role, ops_worker, ops_operator;
grant select on ops.workers to audit_reader;
alter table ops.workers enable row level security;

create policy "The platform reads every worker"
on ops.workers for select to ops_worker, ops_operator, service_role
using (true);

create policy "The auditor reads every worker"
on ops.workers for select to audit_reader
using (true);

-- Members read their project's workflows; admins change them.
revoke all on ops.workflows from public, anon, authenticated, service_role, ops_worker, ops_operator;
revoke all on ops.workflows from ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
grant select, delete on ops.workflows to authenticated;
-- an id chosen by hand could tell whether another project has it
grant insert (project_id, name, workflow_type, config, is_enabled) on ops.workflows to authenticated;
grant update (name, workflow_type, config, is_enabled) on ops.workflows to authenticated;
grant select, insert, update, delete on ops.workflows to service_role;
grant select on ops.workflows to ops_worker, ops_operator;
grant select on ops.workflows to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
alter table ops.workflows enable row level security;

create policy "Members read their projects' workflows"
on ops.workflows for select to authenticated
using (project_id in (select ops.visible_projects()));

create policy "Admins add workflows"
on ops.workflows for insert to authenticated
with check (ops.has_permission(project_id, 'manage'));

create policy "Admins change workflows"
on ops.workflows for update to authenticated
using (ops.has_permission(project_id, 'manage'))
with check (ops.has_permission(project_id, 'manage'));

create policy "Admins remove workflows"
on ops.workflows for delete to authenticated
using (ops.has_permission(project_id, 'manage'));

create policy "The platform reads every workflow"
on ops.workflows for select to ops_worker, ops_operator, service_role
using (true);

create policy "The service role manages workflows"
on ops.workflows for all to service_role
using (true)
with check (true);

create policy "Personas read every workflow"
on ops.workflows for select to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader
using (true);
