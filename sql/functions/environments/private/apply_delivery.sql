-- Makes every project for which a stored push speaks due to be asked for its branches. The push changes nothing else:
-- what runs is what the repository answers. Locks the projects' rows.
create or replace function ops_private.apply_delivery(
    p_delivery ops.push_deliveries
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    update ops.projects as p set notified_at = clock_timestamp()
    where p.status = 'active' and ops_private.speaks_for(p_delivery, p);
    return case when found then 'due' else 'unknown_project' end;
end
$$;
comment on function ops_private.apply_delivery is 'Acts on one stored push.';
revoke all on function ops_private.apply_delivery from public;
