-- Makes room where agents were tracked in schema ops before: `runs`, whatever is called `run_...`, and what stands where
-- the platform puts something of its own become `agent_...`, with all that hangs on them. Nothing to do on a fresh
-- database, and where the platform stands already.
do $$
declare
    -- what the platform makes in the schema, besides run_...
    v_taken constant text[] := regexp_split_to_array(btrim('
        accept_event active_counts add_run_artifact adopt_deployment adopt_environment advisory_severity append_event
        append_run_log append_run_logs apply_delivery apply_pushes approvals archive_project artifacts
        backup_of_attempt backup_status backup_to_return_to backups branch_heads branch_stage break_glass
        broken_run_before caller_claims caller_id caller_name caller_personas caller_role cancel_run
        check_status check_status_of checkpoints claim_and_start_runs claim_next_run claim_runs
        close_deployments complete_workflow_run condemn_artifacts create_backup create_project create_release
        database_templates deployment_at_work deployment_status deployment_to_check deployments drop_backup
        duplicate_of_event end_data_work end_queued_run end_run ended_deployment enroll_run ensure_environment
        ensure_partitions envelope_fields envelope_label envelope_sha256 envelope_text environment_events
        environment_stage environment_status environment_to_work_on environments environments_to_expire
        evaluate_gate event_ingest_log event_type evidence_artifacts exception_to_change exceptions
        expire_environments expire_event_month expire_ingest_log expire_log_months expire_logs expire_rows
        expiry explain_promotion fail_run_of_dagster find_same_request finish_run first_turn forget_template
        freeze_reason gate_approver gate_checks gate_of_release gate_permission get_run give_up_attempt
        grant_exception handle_build_complete handle_deployment_event handle_environment_event
        handle_gate_signoff handle_health_check has_permission hash_event heartbeat_run hold_backup
        incident_severity incident_status incidents ingest_event is_eligible_for_promotion is_platform
        is_worker judge_deployment judge_gate keep_an_owner list_partitions list_queued_runs
        living_environment lock_attempt log_delivery log_level longest_ttl main_sha make_backup
        make_environment make_gates make_partition make_restore membership_role minute_of_week
        months_without_partition move_branch move_deployment move_deployment_to named_project named_release
        new_run_id next_turn normalise_repo_url note_backup note_deployment note_gate_fact open_incident
        open_incident_of_glass ops_decision_type ops_gate_code ops_gate_status ops_processing_status
        ops_release_status partition_key peek_runs policies policy policy_defaults policy_rules policy_type
        project_counters project_members project_memberships project_status projects projects_to_poll
        promote_release promotion_requirements promotion_target push_deliveries queue_run read_run_logs
        reason_to_keep receive_push record_backup_failed record_backup_recheck record_backup_start
        record_backup_stored record_backup_verified record_branch_heads record_check record_deployment
        record_deployment_status record_destruction record_drill_end record_drill_start record_evidence
        record_gate_check record_lineage record_poll_failure record_restore_end record_restore_start
        record_restore_swap recovery_drills refusal_of_event
        refuse_attempt refuse_backup_change refuse_change refuse_envelope refuse_event_checks
        refuse_event_evidence refuse_event_status refuse_event_time refuse_field refuse_harm refuse_ineligible
        refuse_ineligible_deployment refuse_nonsense refuse_part refuse_restore refuse_rules refuse_shas
        refuse_stray_event release_author release_backup_hold release_before release_gates releases
        remember_template remove_checkpointed_events remove_condemned_artifacts remove_member renew_claim
        request_exception requeue_expired_runs requeue_run require_attempt require_backup require_deployment
        require_event_permission require_evidence_keeper require_member_change require_permission
        require_queueable require_release require_run resolve_incident restore_backup restore_purpose
        restore_status restores retry_run revoke_exception roles rollback_deployment rule_fault rules_in_force
        seal_content seal_partition set_environment_status set_member set_policy settle_gate settle_health
        sign_off_gate start_deployment start_workflow_run subject_of_evidence supersede_runs take_checks
        take_evidence tally_approvals tally_checks target_stage tools touch_template upgrade_advisories
        v_backup_freshness v_deployment_history v_environment_overview v_evidence_completeness
        v_exception_status v_gate_status v_promotion_eligibility v_release_gate_summary v_run_lineage
        v_run_queue v_runs v_upgrade_advisories verify_checkpoints verify_run_chain visible_projects
        window_fault withdraw_release worker_heartbeat workers workflow_type workflows write_checkpoint
        write_event yield_to_newer_run
    ', E' \n'), '\s+');
    v_run constant text := '^runs?(_|$)';
    v_ops constant oid := to_regnamespace('ops');
    v_moves jsonb;
    v_move jsonb;
    v_refusals text;
    v_row record;
    v_definition text;
begin
    if v_ops is null or exists ( -- the platform's runs are told by the chain that they seal
        select from pg_attribute as a where a.attrelid = to_regclass('ops.runs') and a.attname = 'event_hash'
    ) then
        return;
    end if;

    -- Decide what moves. Indexes take their constraints along; all else follows the object, whatever its name.
    with recursive tracking as (
        select c.oid from pg_class as c
        where c.relnamespace = v_ops and c.relkind in ('r', 'p', 'f') and c.relname ~ v_run
        union
        select k.conrelid from pg_constraint as k
        join tracking as t on t.oid = k.confrelid
        where k.contype = 'f'
    ), relation as (
        select c.oid, c.relname::text as name, c.relkind,
            c.relkind in ('r', 'p', 'f') and c.oid not in (select t.oid from tracking as t) as is_strange
        from pg_class as c
        where c.relnamespace = v_ops and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
            and (c.relname ~ v_run or c.relname = any (v_taken))
    ), part as ( -- what bears the name of its table: indexes, and the sequences of columns
        select i.indexrelid as oid, r.name from pg_index as i
        join relation as r on r.oid = i.indrelid
        union
        select d.objid, r.name from pg_depend as d
        join relation as r on r.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
        join pg_class as c on c.oid = d.objid and c.relkind = 'S'
        where d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    ), move as (
        select 1 as turn, 'routine' as kind, p.proname::text as name, p.oid::regprocedure::text as identity,
            p.proargtypes::text as signature, false as is_strange
        from pg_proc as p
        where p.pronamespace = v_ops and p.proname = any (v_taken)
        union all
        select 2, 'type', t.typname, format('ops.%I', t.typname), '', false
        from pg_type as t
        left join pg_class as c on c.oid = t.typrelid
        where t.typnamespace = v_ops and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
            and (t.typname ~ v_run or t.typname = any (v_taken))
        union all
        select 3, case c.relkind when 'S' then 'sequence' else 'index' end, c.relname, format('ops.%I', c.relname), '', false
        from part as p
        join pg_class as c on c.oid = p.oid and c.relnamespace = v_ops
        where starts_with(c.relname, p.name || '_') and c.oid not in (select r.oid from relation as r)
        union all
        select 4, case r.relkind
            when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence'
            else 'table' end, r.name, format('ops.%I', r.name), '', r.is_strange
        from relation as r
    )
    select jsonb_agg(to_jsonb(m) || jsonb_build_object('target', ('agent_' || m.name)::name) order by m.turn, m.identity)
    into v_moves
    from move as m;

    -- Refuse before anything is touched.
    select string_agg(
        case when (m ->> 'is_strange')::boolean
            then format('%s has the name of a table of the platform and is not a companion of runs', m ->> 'identity')
            else format('%s cannot become ops.%I, which exists', m ->> 'identity', m ->> 'target') end,
        '; ' order by m ->> 'identity'
    )
    into v_refusals
    from jsonb_array_elements(v_moves) as m
    where (m ->> 'is_strange')::boolean
        or (m ->> 'kind' = 'routine' and exists (
            select from pg_proc as p
            where p.pronamespace = v_ops and p.proname = m ->> 'target' and p.proargtypes::text = m ->> 'signature'
        ))
        or (m ->> 'kind' <> 'routine' and exists (
            select from pg_class as c where c.relnamespace = v_ops and c.relname = m ->> 'target'
        ))
        or (m ->> 'kind' not in ('routine', 'index') and exists (
            select from pg_type as t where t.typnamespace = v_ops and t.typname = m ->> 'target'
        ));
    if v_refusals is not null then
        raise sqlstate 'PT409' using
            message = 'What stands in schema ops cannot make room for the platform: ' || v_refusals,
            hint = 'Rename or move what is named, and migrate again. Nothing was changed.';
    end if;

    for v_move in select m.value from jsonb_array_elements(v_moves) as m loop
        execute format('alter %s %s rename to %I', v_move ->> 'kind', v_move ->> 'identity', v_move ->> 'target');
    end loop;

    -- Bodies of functions are text, which follows no rename: there too, the old names become the new ones.
    perform set_config('check_function_bodies', 'off', true);
    for v_row in
        select p.oid, pg_get_functiondef(p.oid) as definition from pg_proc as p
        join pg_language as l on l.oid = p.prolang
        where p.prokind in ('f', 'p') and l.lanname not in ('internal', 'c') and p.prosrc ~* '\mops"?\s*\.'
            and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    loop
        v_definition := v_row.definition;
        for v_move in select m.value from jsonb_array_elements(v_moves) as m loop
            v_definition := regexp_replace(
                v_definition,
                format('("ops"|\mops)(\s*\.\s*)("%1$s"|%1$s\M)', regexp_replace(v_move ->> 'name', '\W', '\\\&', 'g')),
                '\1\2' || quote_ident(v_move ->> 'target'), 'gi'
            );
        end loop;
        if v_definition <> v_row.definition then
            execute v_definition;
        end if;
    end loop;
    perform set_config('check_function_bodies', 'on', true);

    -- The platform closes the schema to the public: who had a use for it keeps it by name.
    if exists (
        select from pg_namespace as n, aclexplode(n.nspacl) as a
        where n.oid = v_ops and a.grantee = 0 and a.privilege_type = 'USAGE'
    ) then
        for v_row in
            select distinct a.grantee::regrole::text as name from (
                select c.relacl as acl from pg_class as c where c.relnamespace = v_ops
                union all
                select p.proacl from pg_proc as p where p.pronamespace = v_ops
            ) as o, aclexplode(o.acl) as a
            where a.grantee <> 0
        loop
            execute format('grant usage on schema ops to %s', v_row.name);
        end loop;
    end if;
    -- What the schema gave away by default it must not give away of the platform.
    for v_row in
        select distinct a.grantee, case d.defaclobjtype
            when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' else 'types' end as kind
        from pg_default_acl as d, aclexplode(d.defaclacl) as a
        where d.defaclnamespace = v_ops and d.defaclrole = current_user::regrole
    loop
        execute format(
            'alter default privileges in schema ops revoke all on %s from %s', v_row.kind,
            case v_row.grantee when 0 then 'public' else v_row.grantee::regrole::text end
        );
    end loop;

    -- What stays in the schema is written down: `ops db migrate` makes functions, views and policies anew, but not these.
    if not exists (
        select from pg_class as c where c.relnamespace = v_ops
        union all
        select from pg_proc as p where p.pronamespace = v_ops
    ) then
        return;
    end if;
    create table ops.agent_objects (
        kind text not null,
        identity text not null,
        primary key (kind, identity)
    );
    comment on table ops.agent_objects is 'What stood in the schema before the platform, which leaves it alone.';
    alter table ops.agent_objects enable row level security;
    revoke all on ops.agent_objects from public;
    insert into ops.agent_objects (kind, identity)
    select i.type, i.identity from (
        select 'pg_class'::regclass as class, c.oid from pg_class as c
        where c.relnamespace = v_ops and c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relname <> 'agent_objects'
        union all
        select 'pg_proc'::regclass, p.oid from pg_proc as p where p.pronamespace = v_ops
    ) as o, pg_identify_object(o.class, o.oid, 0) as i;
end $$;
