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
    if ops_private.is_default_head(v_run) then
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
