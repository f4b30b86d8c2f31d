-- Replaces the list of orphans with what the janitor's round found: an array of objects with the columns kind, name,
-- answer, reason, is_foreign, installation, control_plane, run_id and made_at. A pending decision stays with its orphan,
-- and so do the last refusal and the time when it was first found.
-- Called by the janitor in each round. Locks the table, so that each round is whole. Raises PT400 for invalid values. A
-- retry is harmless.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.replace_orphans(
    p_orphans jsonb,
    p_now timestamptz default clock_timestamp()
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    lock table ops.orphans in share row exclusive mode;
    delete from ops.orphans as o where not exists (
        select from jsonb_populate_recordset(null::ops.orphans, p_orphans) as f
        where f.kind = o.kind and f.name = o.name
    );
    insert into ops.orphans (
        kind, name, answer, reason, is_foreign, installation, control_plane, run_id, made_at, found_at
    )
    select f.kind, f.name, f.answer, f.reason, f.is_foreign, f.installation, f.control_plane, f.run_id, f.made_at, p_now
    from jsonb_populate_recordset(null::ops.orphans, p_orphans) as f
    on conflict (kind, name) do update set
        answer = excluded.answer, reason = excluded.reason, is_foreign = excluded.is_foreign,
        installation = excluded.installation, control_plane = excluded.control_plane, run_id = excluded.run_id,
        made_at = excluded.made_at;
    update ops.control_plane as c set orphans_found_at = p_now where c.is_only;
exception when check_violation or not_null_violation or invalid_text_representation then
    raise sqlstate 'PT400' using
        message = 'No orphan may have these values', detail = sqlerrm,
        hint = 'An orphan has a kind, a name, an answer and a reason.';
end
$$;
comment on function ops.replace_orphans is 'Replaces the list of things that the record does not explain.';
revoke all on function ops.replace_orphans from public;
grant execute on function ops.replace_orphans to service_role, ops_worker;
