-- Lists what each living environment but a production may reach, as the proxy in front of it gets it: `rules` are those
-- of its whole project, `opened` what on its lists the platform's operator named. Called by the platform, which tells
-- the proxy. Locks and raises nothing.
-- Definer: it reads the rules of all projects, and only the platform may execute it.
create or replace function ops.egress_rules()
returns table (
    environment_id uuid,
    project_slug text,
    stage text,
    mode text,
    allow jsonb,
    opened jsonb,
    rules jsonb
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
select e.id, e.project_slug, e.stage, e.mode, e.allow, e.opened, e.rules from ops_private.ruled_environments() as e
$$;
comment on function ops.egress_rules is 'What each environment may reach.';
revoke all on function ops.egress_rules from public;
grant execute on function ops.egress_rules to service_role, ops_worker;
