-- Returns a new run id: a UUID of version 7, which begins with the time and ends with random bits, so that the newest
-- runs are adjacent in every index, however many runs have ended. PostgreSQL 15 to 17 have no such function.
-- Called by queue_run and enroll_run, and by scripts that fill a database. Locks and raises nothing.
create or replace function ops_private.new_run_id(
    p_at timestamptz
)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_bytes bytea := overlay(
        uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from p_at) * 1000)::bigint) from 3) from 1 for 6
    );
begin
    return encode(set_byte(v_bytes, 6, (get_byte(v_bytes, 6) & 15) | 112), 'hex')::uuid;
end
$$;
comment on function ops_private.new_run_id is 'A new run''s id, ordered by time.';
revoke all on function ops_private.new_run_id from public;
