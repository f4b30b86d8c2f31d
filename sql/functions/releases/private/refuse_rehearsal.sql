-- Refuses a rehearsal that could prove nothing: of a release that goes nowhere any more or whose build did not pass, or
-- for a production that this platform does not deploy. Called when a rehearsal is asked for, and when it starts.
-- Locks nothing. Raises PT409.
create or replace function ops_private.refuse_rehearsal(
    p_release ops.releases,
    p_environment_id uuid
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from ops.environments as e where e.id = p_environment_id and e.stage <> 'production') then
        raise sqlstate 'PT409' using
            message = 'A rehearsal copies production, and this run is bound to another environment',
            hint = 'Ask for one: ops promote --rehearse.';
    elsif not ops_private.is_hosted(p_environment_id) then
        raise sqlstate 'PT409' using
            message = 'Production is not hosted here: its promotion cannot be rehearsed',
            hint = 'Host it first: ops env create.';
    elsif p_release.status in ('withdrawn', 'rolled_back') then
        raise sqlstate 'PT409' using
            message = format('Release %s is %s and goes nowhere any more', p_release.version, p_release.status),
            hint = 'Make another release: ops release create --from.';
    elsif exists (
        select from ops.v_gate_status as s
        where s.release_id = p_release.id and s.gate_code = 'G1' and s.status not in ('passed', 'bypassed')
    ) then
        raise sqlstate 'PT409' using
            message = format('The build of release %s has not passed gate G1', p_release.version),
            hint = 'See what it lacks: ops gate show.';
    end if;
end
$$;
comment on function ops_private.refuse_rehearsal is 'Refuses a rehearsal that could prove nothing.';
revoke all on function ops_private.refuse_rehearsal from public;
