-- Stores the status of gates that time alone changed: an exception ended, a window closed, or a rehearsal expired that
-- approvals rest on. Returns how many. Called by the platform's clock. Locks those gates, except ones that are being
-- judged. Raises nothing; a retry is harmless.
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
    v_expired uuid[] := array(select ops_private.gates_of_expired_rehearsals());
    v_settled int := 0;
begin
    for v_gate_id in
        select g.id from ops.release_gates as g
        where g.id in (
            select o.id from ops.release_gates as o where o.status = 'bypassed'
            union all
            select o.id from ops.release_gates as o where o.status = 'pending' and o.deadline_at < ops.right_now()
            union all
            select unnest(v_expired)
        )
        order by g.id
        for no key update skip locked
    loop
        if v_gate_id = any (v_expired) or (select s.status <> g.status from ops.release_gates as g
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
