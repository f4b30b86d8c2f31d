-- Refuses work that could remove or replace something while the record is unconfirmed. Called by every way into the
-- queue. Locks nothing. Raises PT409.
create or replace function ops_private.refuse_unconfirmed(
    p_kind ops.run_kind,
    p_stage ops.environment_stage
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if not ops_private.acts_unconfirmed(p_kind, p_stage) and ops.is_unconfirmed() then
        perform ops_private.require_confirmed(format('no %s runs', p_kind));
    end if;
end
$$;
comment on function ops_private.refuse_unconfirmed is 'Refuses work before a restored record is confirmed.';
revoke all on function ops_private.refuse_unconfirmed from public;
