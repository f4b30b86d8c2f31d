-- Returns the check status for a sender's spelling; null for any other text. Called by functions that
-- read envelopes. Raises nothing.
create or replace function ops_private.check_status_of(p_status text)
returns ops.check_status
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when p_status in ('pass', 'passed') then 'passed'
    when p_status in ('fail', 'failed') then 'failed'
    when p_status in ('skip', 'skipped') then 'skipped'
end::ops.check_status
$$;
comment on function ops_private.check_status_of is 'The status of a check as senders spell it.';
revoke all on function ops_private.check_status_of from public;
