-- Returns whether a delivery named the repository's branch, or, with p_gone_since, whether its deletion was delivered
-- and applied since then. Locks and raises nothing.
create or replace function ops_private.was_told_of(
    p_repo_url text,
    p_branch text,
    p_gone_since timestamptz default null
)
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from ops.push_deliveries as d
    where
        d.event = 'push' and d.ref = 'refs/heads/' || p_branch
        and ops.normalise_repo_url(d.repo_url) = ops.normalise_repo_url(p_repo_url)
        and (
            p_gone_since is null
            or (d.processed_at > p_gone_since and d.sha ~ '^0+$' and d.outcome <> 'stale')
        )
)
$$;
comment on function ops_private.was_told_of is 'Whether a delivery told of a branch, or of its end since.';
revoke all on function ops_private.was_told_of from public;
