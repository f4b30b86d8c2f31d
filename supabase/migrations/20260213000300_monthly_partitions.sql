-- Events and log lines by month, so that old ones go with their month. What there is already becomes the first partition
-- where it lies: indexed anew, not copied.
alter table ops.run_events rename to run_events_former;
alter table ops.run_logs rename to run_logs_former;
alter index ops.run_events_pkey rename to run_events_former_pkey;
alter index ops.run_logs_pkey rename to run_logs_former_pkey;
alter sequence ops.run_events_id_seq rename to run_events_former_id_seq;
alter sequence ops.run_logs_id_seq rename to run_logs_former_id_seq;
alter index ops.run_logs_level_idx rename to run_logs_former_level_idx;
alter index ops.run_logs_search_idx rename to run_logs_former_search_idx;

-- No foreign key: events are written by the statement that writes their run, and leave only with their month.
-- One index entry per event; that (run_id, seq) is unique over all months is the run's own counter's doing.
create table ops.run_events (
    id bigint generated always as identity,
    run_id uuid not null,
    seq int not null,
    attempt int not null,
    event_type ops.event_type not null,
    message text not null,
    payload jsonb not null default '{}',
    created_at timestamptz not null,
    prev_hash bytea not null,
    hash bytea not null,
    primary key (run_id, seq, created_at)
) partition by range (created_at);
comment on table ops.run_events is
'What happened to each run, append-only, each row sealed with the hash of the one before it; a partition a month.';
alter table ops.run_events enable row level security;

create table ops.run_logs (
    id bigint generated always as identity,
    run_id uuid not null references ops.run_requests (run_id) on delete cascade,
    attempt int not null,
    level ops.log_level not null,
    message text not null,
    metadata jsonb not null default '{}',
    logged_at timestamptz not null default clock_timestamp(),
    primary key (run_id, id, logged_at)
) partition by range (logged_at);
create index run_logs_level_idx on ops.run_logs (run_id, level) where level in ('warn', 'error');
create index run_logs_search_idx on ops.run_logs using gin (to_tsvector('simple', message));
comment on table ops.run_logs is 'Log lines of runs, searchable by word; a partition a month.';
alter table ops.run_logs enable row level security;

-- what no month takes; ops.ensure_partitions moves it on
create table ops.run_events_default partition of ops.run_events default;
create table ops.run_logs_default partition of ops.run_logs default;

-- ids go on where they were
select setval(
    pg_get_serial_sequence('ops.run_events', 'id'),
    coalesce((select max(e.id) from ops.run_events_former as e), 0) + 1, false
);
select setval(
    pg_get_serial_sequence('ops.run_logs', 'id'),
    coalesce((select max(l.id) from ops.run_logs_former as l), 0) + 1, false
);
drop trigger if exists run_events_stay on ops.run_events_former;
drop trigger if exists run_events_stay_whole on ops.run_events_former;
alter table ops.run_events_former
drop constraint run_events_former_pkey, drop constraint run_events_run_id_seq_key, alter column id drop identity;
alter table ops.run_logs_former drop constraint run_logs_former_pkey, alter column id drop identity;
drop index ops.run_logs_run_idx;

do $$
declare
    v_bound timestamptz := (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC';
    v_former record;
    v_policy name;
begin
    for v_former in
        select * from (
            values ('run_events', 'created_at'), ('run_logs', 'logged_at')
        ) as t (parent, place)
    loop
        -- lines dated by a clock that was ahead
        execute format(
            'with ahead as (delete from ops.%1$I as f where f.%2$I >= %3$L returning f.*)'
            ' insert into ops.%4$I overriding system value select a.* from ahead as a',
            v_former.parent || '_former', v_former.place, v_bound, v_former.parent
        );
        for v_policy in
            select p.polname from pg_policy as p where p.polrelid = format('ops.%I', v_former.parent || '_former')::regclass
        loop
            execute format('drop policy %I on ops.%I', v_policy, v_former.parent || '_former');
        end loop;
        execute format(
            'revoke all on ops.%I from public, anon, authenticated, service_role, ops_worker,'
            ' ci_service_role, qa_tester, release_manager, sre, developer, audit_reader', v_former.parent || '_former'
        );
        execute format(
            'alter table ops.%1$I attach partition ops.%2$I for values from (minvalue) to (%3$L)',
            v_former.parent, v_former.parent || '_former', v_bound
        );
    end loop;
end
$$;
