-- Schema ops_private holds the functions that only other functions and triggers call. No role but the owner may use the
-- schema, and PostgREST does not serve it. A fresh database has no functions yet; in an upgraded one the trigger functions
-- move here, so that their triggers stay bound to them, and all other functions are dropped and recreated.
create schema ops_private;
comment on schema ops_private is 'Functions that only other functions and triggers call. Not an API.';
revoke all on schema ops_private from public;

do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select distinct t.tgfoid::regprocedure
        from (values
            ('deployments', 'move_deployment'), ('deployments', 'note_deployment'),
            ('deployments', 'refuse_ineligible_deployment'), ('exceptions', 'note_gate_fact'),
            ('exceptions', 'open_break_glass_incident'), ('project_memberships', 'require_one_owner'),
            ('runs', 'check_run_invariants'), ('runs', 'refuse_change')
        ) as n (table_name, name)
        inner join pg_trigger as t on t.tgrelid = to_regclass(format('ops.%I', n.table_name))
        where t.tgfoid = to_regprocedure(format('ops.%I()', n.name))
    loop
        execute format('alter function %s set schema ops_private', v_function);
    end loop;
end
$$;
