-- Counts the other deliveries about the commit to which this delivery moves its branch: how often the branch came
-- there, how often it left, and how often the same movement was delivered within the ten minutes before, as a second
-- webhook of the same repository does. Locks and raises nothing.
create or replace function ops_private.other_tellings(
    p_delivery ops.push_deliveries
)
returns table (arrivals bigint, departures bigint, echoes bigint)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select
    count(*) filter (where d.sha = (p_delivery).sha),
    count(*) filter (where d.previous_sha = (p_delivery).sha and d.sha <> (p_delivery).sha),
    count(*) filter (
        where d.sha = (p_delivery).sha and d.previous_sha = (p_delivery).previous_sha
        and d.id < (p_delivery).id and d.received_at > (p_delivery).received_at - interval '10 minutes'
    )
from ops.push_deliveries as d
where
    d.event = 'push' and d.ref = (p_delivery).ref and d.id <> (p_delivery).id
    and (d.sha = (p_delivery).sha or d.previous_sha = (p_delivery).sha)
    and ops.normalise_repo_url(d.repo_url) = ops.normalise_repo_url((p_delivery).repo_url)
$$;
comment on function ops_private.other_tellings is 'What other deliveries told of the commit that a branch moves to.';
revoke all on function ops_private.other_tellings from public;
