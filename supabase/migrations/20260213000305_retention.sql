-- What is kept of events after their month is gone, and what is needed to let files go safely.
create table ops.checkpoints (
    id bigint generated always as identity primary key,
    events_before timestamptz not null unique, -- every event before it is gone
    run_count int not null check (run_count >= 0),
    event_count bigint not null check (event_count >= 0),
    root bytea not null,
    created_at timestamptz not null,
    prev_hash bytea not null,
    hash bytea not null
);
comment on table ops.checkpoints is
'Dropped months of events, append-only: the hash over the checkpoints of its runs, sealed over the month before.';
comment on column ops.checkpoints.root is 'SHA-256 over the hashes of its run_checkpoints, by run.';

-- No foreign key to the run: events have none either, and neither is ever deleted.
create table ops.run_checkpoints (
    run_id uuid not null,
    last_seq int not null,
    last_hash bytea not null,
    event_count int not null check (event_count between 1 and last_seq),
    checkpoint_id bigint not null references ops.checkpoints (id),
    prev_hash bytea not null,
    hash bytea not null,
    primary key (run_id, last_seq)
);
create index run_checkpoints_checkpoint_idx on ops.run_checkpoints (checkpoint_id, run_id);
comment on table ops.run_checkpoints is
'Where each run''s chain stood when a month of its events was dropped, append-only: it is verified from here.';

alter table ops.run_artifacts add column condemned_at timestamptz; -- nothing may refer to its object anew
create index run_artifacts_url_idx on ops.run_artifacts (s3_url);
create index run_artifacts_created_idx on ops.run_artifacts (created_at);
create index run_artifacts_expires_idx on ops.run_artifacts (expires_at) where expires_at is not null;
create index run_artifacts_condemned_idx on ops.run_artifacts (condemned_at) where condemned_at is not null;
create index evidence_artifacts_url_idx on ops.evidence_artifacts (s3_url);
comment on column ops.run_artifacts.condemned_at is
'Since when its object is being removed; the row goes after the object.';

-- What an expiry did to one table.
create type ops.expiry as (
    table_name text,
    action text, -- deleted, dropped, condemned, or kept where something forbids it
    month text,
    project_id uuid,
    row_count bigint,
    s3_urls text [],
    detail text
);
