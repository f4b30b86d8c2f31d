-- Returns a version for the release of a run that no release of the project has: build-12, then build-12.2.
-- Called by release_build, which locks the project. Raises nothing.
create or replace function ops_private.free_version(
    p_project_id uuid,
    p_run_number bigint
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select v.version
from generate_series(1, 1000) as n (place)
cross join lateral (
    select format('build-%s', p_run_number) || case when n.place > 1 then '.' || n.place else '' end as version
) as v
where not exists (
    select from ops.releases as r
    where r.project_id = p_project_id and r.version = v.version
)
order by n.place
limit 1
$$;
comment on function ops_private.free_version is 'A version for the release of a run.';
revoke all on function ops_private.free_version from public;
