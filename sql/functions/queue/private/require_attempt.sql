-- Refuses a worker whose attempt is not the run's current one; the last attempt of an ended run may still
-- write. Called by the RPCs that add logs, artifacts, checks and lineage. Raises PT404 and PT410. Without
-- p_attempt it means attempt 1.
create or replace function ops_private.require_attempt(
    p_run_id uuid,
    p_attempt int
)
returns int
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan made while the table was small outlives its smallness
as $$
begin
    if not exists (
        select from ops.runs as r
        where
            r.id = p_run_id and r.attempt = coalesce(p_attempt, 1)
            and r.status <> 'queued' and r.claimed_by is not null
    ) then
        perform ops_private.refuse_attempt(p_run_id, coalesce(p_attempt, 1));
    end if;
    return coalesce(p_attempt, 1);
end
$$;
comment on function ops_private.require_attempt is 'The attempt, once it is known to be the current one.';
revoke all on function ops_private.require_attempt from public;
