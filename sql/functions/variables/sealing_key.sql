-- Returns the public key for which values are sealed now, in base64; null before the first start of a platform. Called by doors that
-- take a value. It is no secret. Locks and raises nothing.
-- Definer: nobody reads the table itself.
create or replace function ops.sealing_key()
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select encode(k.public_key, 'base64') from ops.sealing_keys as k order by k.recorded_at desc limit 1
$$;
comment on function ops.sealing_key is 'The public key for which values are sealed.';
revoke all on function ops.sealing_key from public;
grant execute on function ops.sealing_key to authenticated, service_role, ops_worker, ops_operator, developer;
