-- Refuses an act while the record came from a backup and no person has confirmed it; p_act says what it would have been.
-- Called by what acts on environments without a run, and by refuse_unconfirmed. Locks nothing. Raises PT409.
create or replace function ops_private.require_confirmed(
    p_act text
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if ops.is_unconfirmed() then
        raise sqlstate 'PT409' using
            message = format('The record came from a backup, and %s before a person confirms it', p_act),
            hint = 'Compare it with what is there: ops env orphans list; then ops platform confirm.';
    end if;
end
$$;
comment on function ops_private.require_confirmed is 'Refuses an act before a restored record is confirmed.';
revoke all on function ops_private.require_confirmed from public;
