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
