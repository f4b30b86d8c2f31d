-- A text is looked for by ops.search_run_logs, which looks through a part of a log at a time.
drop function if exists ops.page_run_logs(uuid, bigint, bigint, text, ops.log_level, int);
