-- How branches move: the deliveries that told of it, and the last commit seen on each branch.
create table ops.push_deliveries (
    id bigint generated always as identity primary key,
    delivery_id text not null unique check (delivery_id <> ''),
    event text not null,
    repo_url text not null,
    ref text,
    sha text,
    previous_sha text,
    is_forced boolean not null default false,
    pusher text,
    payload jsonb not null default '{}',
    received_at timestamptz not null default clock_timestamp(),
    processed_at timestamptz,
    outcome text,
    error text,
    -- what was judged says how
    check ((processed_at is null) = (outcome is null))
);
create index push_deliveries_pending_idx on ops.push_deliveries (id) where processed_at is null;
create index push_deliveries_ref_idx on ops.push_deliveries (ref, received_at);
comment on table ops.push_deliveries is 'Every delivery of a forge, once, and what came of it.';

create table ops.branch_heads (
    project_id uuid not null references ops.projects (id) on delete cascade,
    branch text not null,
    sha text not null,
    seen_at timestamptz not null default clock_timestamp(),
    primary key (project_id, branch)
);
comment on table ops.branch_heads is 'The last commit seen on each branch.';
