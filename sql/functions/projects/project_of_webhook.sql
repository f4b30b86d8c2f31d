-- Returns the project that a webhook's address names, if the project has a secret of its own; else null.
-- Called by the gateway, which reads no table, for each delivery to a project's address. Locks and raises nothing.
-- Definer: the gateway may not read projects.
create or replace function ops.project_of_webhook(p_slug text)
returns uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select p.id from ops.projects as p where p.slug = p_slug and p.own_webhook_at is not null
$$;
comment on function ops.project_of_webhook is 'The project of a webhook''s address that has a secret of its own.';
revoke all on function ops.project_of_webhook from public;
grant execute on function ops.project_of_webhook to service_role, ops_gateway;
