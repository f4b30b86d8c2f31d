-- Who reads logs by hand asks for `timestamp`, as every log has it.
alter table ops.run_logs rename column logged_at to timestamp;
