-- Returns the newest lines of a run that have a text, whatever its case, oldest first. A call looks through 50,000
-- lines at most, below p_before_id or from the end; next_before_id is the p_before_id with which the search goes on,
-- null at the log's beginning. Where no line has the text, the only row has no id. Called by whatever searches a log,
-- of any length. Locks and raises nothing; people see their own projects'.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked once, and not for
-- each line.
create or replace function ops.search_run_logs(
    p_run_id uuid,
    p_text text,
    p_before_id bigint default null,
    p_level ops.log_level default null,
    p_limit int default 500
)
returns table (
    id bigint,
    run_id uuid,
    attempt int,
    level ops.log_level,
    message text,
    metadata jsonb,
    "timestamp" timestamptz,
    next_before_id bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan -- as page_run_logs
as $$
#variable_conflict use_column
declare
    v_most constant int := 50000; -- a fifth of what a page may take, with its other work
    v_text constant text := lower(p_text); -- once, and not for each line
    v_before constant bigint := coalesce(p_before_id, 9223372036854775807);
    v_first bigint;
begin
    if not ops_private.may_read_run(p_run_id) then
        return;
    end if;
    -- by the index alone; null where fewer lines are left
    select l.id into v_first from ops.run_logs as l
    where l.run_id = p_run_id and l.id < v_before
    order by l.id desc
    offset v_most - 1 limit 1;

    return query
    with found as (
        select l.* from ops.run_logs as l
        where
            l.run_id = p_run_id and l.id < v_before and l.id >= coalesce(v_first, 0)
            and (p_level is null or l.level >= p_level)
            and strpos(lower(l.message), v_text) > 0
        order by l.id desc
        limit p_limit
    ), place as (
        select case when count(*) = p_limit then min(f.id) else v_first end as next_before_id from found as f
    )
    select f.id, f.run_id, f.attempt, f.level, f.message, f.metadata, f.timestamp, p.next_before_id
    from place as p
    left join found as f on true
    order by f.id;
end
$$;
comment on function ops.search_run_logs is 'Lines of a run that have a text, from a part of its log at a time.';
revoke all on function ops.search_run_logs from public;
grant execute on function ops.search_run_logs
to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.search_run_logs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
