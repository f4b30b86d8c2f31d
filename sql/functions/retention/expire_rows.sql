-- Removes data older than their project's retention (policy type ttl), and returns what it removed: whole months of log
-- lines and events that no project keeps any longer, at most p_limit log lines, deliveries, messages, attempts to reach
-- something and mails, and at most p_limit artifacts marked as condemned with the addresses of their objects. p_parts
-- limits it to some of logs, events, ingest, artifacts, egress and mails. While a restored record waits for a person
-- nothing is removed.
-- Called by the jobs log_retention and artifact_expiry until nothing is left. Only one caller at a time, including
-- callers of ops.ensure_partitions; gives up with 55P03 rather than let writers wait for a month to be dropped. Raises
-- PT400. All or nothing; a retry continues.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.expire_rows(
    p_limit int default 10000,
    p_parts text[] default '{logs,events,ingest,artifacts,egress,mails}'
)
returns setof ops.expiry
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '5s'
as $$
begin
    if coalesce(p_limit, 0) < 1 or p_parts is null or not p_parts <@ '{logs,events,ingest,artifacts,egress,mails}' then
        raise sqlstate 'PT400' using
            message = 'Only logs, events, ingest, artifacts, egress and mails expire, at least one row at a time',
            hint = 'Call ops.expire_rows(p_limit => 10000, p_parts => ''{logs}'').';
    end if;
    if ops.is_unconfirmed() then -- what the record holds may be the last copy of what it restored
        return;
    end if;
    lock table ops.checkpoints in share row exclusive mode; -- one at a time
    if 'logs' = any (p_parts) then
        return query select * from ops_private.expire_log_months();
        return query select * from ops_private.expire_logs(p_limit);
    end if;
    if 'ingest' = any (p_parts) then
        return query select * from ops_private.expire_ingest_log(p_limit);
        return query select * from ops_private.expire_messages(p_limit);
    end if;
    if 'egress' = any (p_parts) then
        return query select * from ops_private.expire_egress(p_limit);
    end if;
    if 'mails' = any (p_parts) then
        return query select * from ops_private.expire_mails(p_limit);
    end if;
    if 'artifacts' = any (p_parts) then
        return query select * from ops_private.condemn_artifacts(p_limit);
    end if;
    if 'events' = any (p_parts) then
        return query select * from ops_private.expire_event_month();
    end if;
end
$$;
comment on function ops.expire_rows is 'Removes what is past its time, and says what it removed.';
revoke all on function ops.expire_rows from public;
grant execute on function ops.expire_rows to service_role, ops_worker;
