-- Writes down that a person opens a terminal in an environment, before it opens: p_program is `shell` or `psql`. Who
-- types there may read and change all of its data, production's too.
-- Called by `ops env shell` and `ops env psql` on the platform's own machine. Locks nothing. Raises PT404 for an
-- environment that does not exist or is destroyed. Each call is one more line of the record.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.note_terminal(
    p_project_id uuid,
    p_env text,
    p_program text,
    p_opened_by text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment ops.environments := ops_private.living_environment(p_project_id, p_env);
begin
    insert into ops.environment_events (project_id, environment_id, environment, event, payload, source, recorded_by)
    values (
        v_environment.project_id, v_environment.id, v_environment.name, 'terminal_opened',
        jsonb_build_object('program', p_program), 'ops', coalesce(p_opened_by, ops.caller_name(), ops.caller_role())
    );
end
$$;
comment on function ops.note_terminal is 'Records that a person opens a terminal in an environment.';
revoke all on function ops.note_terminal from public;
grant execute on function ops.note_terminal to service_role, ops_operator;
