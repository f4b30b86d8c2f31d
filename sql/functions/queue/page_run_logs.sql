-- Returns a window of a run's lines, oldest first: those after a line, or those before one, or without either the newest;
-- only those of a level or a worse one. Called by whatever shows or follows a log, of any length. Locks and raises
-- nothing; people see their own projects'.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked once, and not for
-- each of 200,000 lines.
create or replace function ops.page_run_logs(
    p_run_id uuid,
    p_after_id bigint default null,
    p_before_id bigint default null,
    p_level ops.log_level default null,
    p_limit int default 500
)
returns setof ops.run_logs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan -- a plan for any level reads no index of warnings and errors
as $$
begin
    if not ops_private.may_read_run(p_run_id) then
        return;
    end if;
    if p_after_id is not null then
        return query
        select l.* from ops.run_logs as l
        where
            l.run_id = p_run_id and l.id > p_after_id and l.id < coalesce(p_before_id, 9223372036854775807)
            and (p_level is null or l.level >= p_level)
        order by l.id
        limit p_limit;
    else
        return query
        select w.* from (
            select l.* from ops.run_logs as l
            where
                l.run_id = p_run_id and l.id < coalesce(p_before_id, 9223372036854775807)
                and (p_level is null or l.level >= p_level)
            order by l.id desc
            limit p_limit
        ) as w
        order by w.id;
    end if;
end
$$;
comment on function ops.page_run_logs is 'A window of a run''s lines, which a level may narrow.';
revoke all on function ops.page_run_logs from public;
grant execute on function ops.page_run_logs to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.page_run_logs
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
