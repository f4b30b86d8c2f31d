-- Returns what a run says of its build: `pass` once the attempt made the last asset that its kind builds, which no
-- asset is made without its blocking checks; `fail` if the run failed before; null while nothing decides it, and for
-- a run that was canceled. Called by tell_build. Locks and raises nothing.
create or replace function ops_private.build_verdict(p_run ops.runs)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when exists (
        select from ops.run_lineage as l
        where
            l.run_id = (p_run).id and l.attempt = (p_run).attempt
            and l.asset_key = case (p_run).kind when 'build' then 'image' else 'database' end
    ) then 'pass'
    when (p_run).status = 'failed' then 'fail'
end
$$;
comment on function ops_private.build_verdict is 'What a run says of its build: pass, fail, or nothing yet.';
revoke all on function ops_private.build_verdict from public;
