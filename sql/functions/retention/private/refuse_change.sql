-- Refuses to change or delete recorded rows. Fired by the append-only tables. Always raises PT409.
create or replace function ops_private.refuse_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    raise sqlstate 'PT409' using
        message = format('%s.%s is append-only', tg_table_schema, tg_table_name),
        detail = format('A statement tried to %s it.', lower(tg_op)),
        hint = 'Add a new row that corrects the old one.';
end
$$;
comment on function ops_private.refuse_change is 'Refuses to change what is on the record.';
revoke all on function ops_private.refuse_change from public;
