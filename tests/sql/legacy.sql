-- Schema ops as agents were tracked in it: its own runs and companions, filled, in use, and open to its callers.
create schema ops;
grant usage on schema ops to public;
alter default privileges in schema ops grant all on tables to anon;
alter default privileges in schema ops grant execute on functions to anon;

create type ops.run_status as enum ('pending', 'running', 'completed', 'failed');
create type ops.event_source as enum ('odoo', 'manual');
create sequence ops.run_tickets start 500;

create table ops.runs (
    id uuid primary key default gen_random_uuid(),
    ticket bigint not null default nextval('ops.run_tickets'),
    agent_id text not null,
    status ops.run_status not null default 'pending',
    source ops.event_source not null default 'odoo',
    started_at timestamptz,
    completed_at timestamptz,
    seconds numeric generated always as (extract(epoch from (completed_at - started_at))) stored,
    metadata jsonb not null default '{}',
    updated_at timestamptz not null default now(),
    constraint ends_after_it_starts check (completed_at >= started_at)
);
create index runs_status_idx on ops.runs (status) where status in ('running', 'failed');
create index runs_queue_idx on ops.runs (agent_id, updated_at desc);
create index idx_ops_runs_metadata on ops.runs using gin (metadata);
comment on table ops.runs is 'Agent runs';

create table ops.run_events (
    id bigint generated always as identity primary key,
    run_id uuid not null references ops.runs (id) on delete cascade,
    idempotency_key text unique,
    level text not null default 'info' check (level in ('info', 'error')),
    message text not null,
    created_at timestamptz not null default now()
);
create index run_events_run_idx on ops.run_events (run_id);

create table ops.run_logs (
    id bigserial primary key,
    event_id bigint references ops.run_events,
    line text not null,
    logged_on date not null default current_date
);
create table ops.run_usage (
    run_id uuid not null references ops.runs (id),
    used_on date not null,
    tokens bigint not null,
    primary key (run_id, used_on)
) partition by range (used_on);
create table ops.run_usage_2026_01 partition of ops.run_usage for values from ('2026-01-01') to ('2026-02-01');
create table ops.run_usage_default partition of ops.run_usage default;

-- not called run_..., and in the way of a view of the platform
create table ops.artifacts (
    id serial primary key,
    run_id uuid references ops.runs (id) on delete set null,
    uri text not null
);
-- nobody's way: keep their names
create table ops.agent_memory (run_id uuid references ops.runs (id), fact text);
create table ops.kpi_snapshots (day date primary key, value int);
create schema if not exists billing;
create table billing.invoices (id int primary key, run_id uuid not null references ops.runs (id));

create function ops.set_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end $$;
create trigger runs_touch before update on ops.runs for each row execute function ops.set_updated_at();

-- the same name and arguments as a function of the platform
create function ops.append_event(run_id uuid, level text, message text, payload jsonb) returns bigint
language sql security definer as $$
    insert into ops.run_events (run_id, level, message) values (run_id, level, message) returning id
$$;
comment on function ops.append_event is 'Logs of agents';
create function ops.finish_agent(p_run uuid, p_status ops.run_status default 'completed') returns ops.run_status
language plpgsql security definer as $$
declare
    v_run "ops"."runs"%rowtype;
begin
    update ops.runs set status = p_status::ops.run_status where id = p_run returning * into v_run;
    perform ops.append_event(p_run, 'info', 'status of ops.runs is ' || p_status, '{}');
    return v_run.status;
end $$;
create function billing.cost(p_run uuid) returns bigint language sql stable as $$
    select sum(tokens)::bigint from ops.run_usage where run_id = p_run
$$;
create function ops.kpi_total() returns bigint language sql stable begin atomic
    select sum(value) from ops.kpi_snapshots;
end;

create view ops.active_runs as select r.id, r.agent_id, r.status from ops.runs as r where r.status = 'running';
create view ops.v_run_queue with (security_invoker = true) as select * from ops.active_runs;
create materialized view ops.runs_by_agent as select agent_id, count(*) as n from ops.runs group by agent_id;
create unique index on ops.runs_by_agent (agent_id);

alter table ops.runs enable row level security;
alter table ops.run_events enable row level security;
alter table ops.kpi_snapshots enable row level security;
create policy "Agents see their own" on ops.runs for select to agent_app
using (agent_id = current_setting('app.agent', true));
create policy "Agents see their own" on ops.run_events for select to agent_app
using (run_id in (select id from ops.runs));
create policy "Everyone reads figures" on ops.kpi_snapshots for select to agent_app using (true);
-- the companions are guarded too, each in its own way
create function ops.append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end $$;
create function ops.may_see(p_run uuid) returns boolean language sql stable security definer set search_path = pg_catalog as $$
    select exists (select from ops.runs where id = p_run and agent_id = current_setting('app.agent', true))
$$;
alter table ops.run_logs enable row level security;
alter table ops.run_logs force row level security;
alter table ops.run_usage enable row level security;
alter table ops.run_usage_default enable row level security;
alter table ops.artifacts enable row level security;
alter table ops.agent_memory enable row level security;
alter table billing.invoices enable row level security;
create policy "Lines of their own runs" on ops.run_logs as restrictive for select to agent_app
using (event_id in (select id from ops.run_events));
create policy "Lines" on ops.run_logs to agent_app using (true) with check (line <> '');
create policy "Lines for the owner" on ops.run_logs to current_user using (true) with check (true);
create policy "Usage of their own" on ops.run_usage for select to agent_app using (ops.may_see(run_id));
create policy "No usage straight" on ops.run_usage_default for select to agent_app using (false);
create policy "Artifacts of their own" on ops.artifacts for all to agent_app
using (ops.may_see(run_id)) with check (ops.may_see(run_id));
create policy "Facts of their own" on ops.agent_memory for select to agent_app using (ops.may_see(run_id));
create policy "Invoices of their own" on billing.invoices for select to agent_app using (ops.may_see(run_id));
create trigger run_events_stay before update on ops.run_events
for each row execute function ops.append_only();
create trigger artifacts_stay before delete on ops.artifacts for each row execute function ops.append_only();
create rule run_usage_stays as on delete to ops.run_usage do instead nothing;
grant select, insert on ops.run_logs, ops.artifacts to agent_app;
grant usage on sequence ops.run_logs_id_seq, ops.artifacts_id_seq to agent_app;
grant select on ops.run_usage, ops.run_usage_default, ops.agent_memory, billing.invoices to agent_app;
grant usage on schema billing to agent_app;
grant select, update (metadata) on ops.runs to agent_app;
grant select, insert on ops.run_events to agent_app;
grant select on ops.active_runs, ops.kpi_snapshots to agent_app;
revoke all on function ops.append_event from public;
grant execute on function ops.append_event, ops.finish_agent to agent_app;

insert into ops.runs (id, agent_id, status, started_at, completed_at, metadata, updated_at)
select
    md5('run' || n)::uuid, 'agent-' || n % 3, (array['pending', 'running', 'completed', 'failed'])[1 + n % 4]::ops.run_status,
    '2026-01-01'::timestamptz + n * interval '1 hour',
    case when n % 4 > 1 then '2026-01-01'::timestamptz + n * interval '61 minutes' end,
    jsonb_build_object('n', n, 'note', repeat('é"\', n % 5)), '2026-01-02'
from generate_series(1, 200) as n;
insert into ops.run_events (run_id, idempotency_key, level, message, created_at)
select md5('run' || 1 + n % 200)::uuid, case when n % 2 = 0 then 'key-' || n end, 'info', 'event ' || n, '2026-01-03'
from generate_series(1, 1000) as n;
insert into ops.run_logs (event_id, line, logged_on)
select n, 'line ' || n, '2026-01-03' from generate_series(1, 300) as n;
insert into ops.run_usage select md5('run' || n)::uuid, '2026-01-01'::date + n, n from generate_series(1, 60) as n;
insert into ops.artifacts (run_id, uri) select md5('run' || n)::uuid, 's3://agents/' || n from generate_series(1, 50) as n;
insert into ops.agent_memory select md5('run1')::uuid, 'likes tea';
insert into ops.kpi_snapshots values ('2026-01-01', 3), ('2026-01-02', 4);
insert into billing.invoices select n, md5('run' || n)::uuid from generate_series(1, 5) as n;
refresh materialized view ops.runs_by_agent;
