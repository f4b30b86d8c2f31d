-- ops.page_run_logs answers the same with p_after_id.
drop function if exists ops.read_run_logs(uuid, bigint, int);
