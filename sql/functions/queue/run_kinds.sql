-- Lists what a run of each kind may do, decided by its effect on an environment's data and not by its name:
--   none     it points no environment at another database
--   new      it gives an environment a new database; production gets one only while it has none
--   replace  it may replace the data of any environment, production's too
--   remove   it removes the environment
--   serve    it starts or stops the environment's service, and leaves its data as they are
-- It also lists the stages on which the kind may work (none: its runs work on no environment), and whether this version
-- has a job for it. kinds.py has the same facts for Dagster, and a test compares the two. A kind that is not listed may
-- do nothing.
-- Called by functions that refuse work. Locks and raises nothing.
create or replace function ops.run_kinds()
returns table (kind ops.run_kind, effect text, stages ops.environment_stage[], is_carried_out boolean)
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    c_all constant ops.environment_stage[] := enum_range(null::ops.environment_stage);
begin
    return query values
        ('build'::ops.run_kind, 'none', c_all, true),
        ('test'::ops.run_kind, 'none', c_all, true),
        ('deploy'::ops.run_kind, 'new', c_all, true),
        ('backup'::ops.run_kind, 'none', c_all, true),
        ('restore'::ops.run_kind, 'replace', c_all, true),
        ('clone'::ops.run_kind, 'new', '{development,staging}'::ops.environment_stage[], true),
        ('upgrade'::ops.run_kind, 'none', c_all, true),
        ('drill'::ops.run_kind, 'none', c_all, true),
        ('promote'::ops.run_kind, 'replace', '{staging,production}'::ops.environment_stage[], true),
        ('rehearse'::ops.run_kind, 'none', '{production}'::ops.environment_stage[], true),
        ('destroy'::ops.run_kind, 'remove', c_all, true),
        ('stop'::ops.run_kind, 'serve', c_all, true),
        ('start'::ops.run_kind, 'serve', c_all, true),
        ('verify'::ops.run_kind, 'none', '{}'::ops.environment_stage[], true),
        ('retention'::ops.run_kind, 'none', '{}'::ops.environment_stage[], true),
        ('compare'::ops.run_kind, 'none', '{}'::ops.environment_stage[], true);
end
$$;
comment on function ops.run_kinds is 'What a run of each kind may do to an environment.';
revoke all on function ops.run_kinds from public;
grant execute on function ops.run_kinds to service_role, ops_worker, ops_operator;
