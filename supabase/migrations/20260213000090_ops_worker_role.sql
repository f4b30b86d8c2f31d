-- The platform's own login: executes worker RPCs and reads; it writes no table. Its password, if any, is set by who
-- runs the server.
do $$
begin
    create role ops_worker login noinherit;
exception when duplicate_object or unique_violation then null;
end $$;

create schema if not exists ops;
comment on schema ops is 'The control plane: projects, environments, the queue of runs and its audit trail.';
revoke all on schema ops from public;
grant usage on schema ops to authenticated, service_role, ops_worker;
do $$
begin
    grant usage on schema auth to ops_worker;
exception when insufficient_privilege then null; -- Supabase grants its own schema; ops_worker calls auth through definer functions
end $$;
