-- Counts a round of the janitor and returns the control plane. p_rounds is the count in the state folder: a record with
-- a lower count was restored from an older backup: its rounds stay, and until a person confirms it nothing is removed or
-- replaced, with an alarm. One that was confirmed since is not doubted again.
-- Called by the janitor. Locks the one row. Raises nothing. A retry counts one more, which is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.advance_control_plane(
    p_rounds bigint default 0
)
returns table (id uuid, rounds bigint, created_at timestamptz, is_older boolean)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    update ops.control_plane as c set rounds = c.rounds + 1 where c.rounds >= coalesce(p_rounds, 0);
    if not found then
        update ops.control_plane as c set unconfirmed_since = clock_timestamp()
        where c.unconfirmed_since is null and c.confirmed_rounds is distinct from c.rounds;
        if found then
            perform ops.raise_alarm(
                'platform_restored', 'The control plane is older than the one that was here',
                'Nothing is removed, replaced or deployed until a person has compared (ops env orphans list) and '
                || 'confirmed the record: ops platform confirm.',
                'critical'
            );
        end if;
    end if;
    return query
        select c.id, c.rounds, c.created_at, c.rounds < coalesce(p_rounds, 0) from ops.control_plane as c;
end
$$;
comment on function ops.advance_control_plane is
'Counts a round of the janitor, and says whether the record is older than the one that was counted last.';
revoke all on function ops.advance_control_plane from public;
grant execute on function ops.advance_control_plane to service_role, ops_worker;
