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
