-- Each project's webhook has its own secret, which is a file of the platform, and a signed body counts once.
alter table ops.projects add column own_webhook_at timestamptz;
comment on column ops.projects.own_webhook_at is
'When the project got a webhook with a secret of its own; empty while the platform''s secret speaks for it.';

alter table ops.push_deliveries
add column project_id uuid references ops.projects (id) on delete cascade,
add column body_sha256 text check (body_sha256 ~ '^[0-9a-f]{64}$');
comment on column ops.push_deliveries.project_id is
'The project whose secret signed it; empty for the platform''s secret.';
comment on column ops.push_deliveries.body_sha256 is
'SHA-256 of the signed body, by which a repeat under another id is known.';
-- one forge may deliver the same body to the webhooks of two projects
create unique index push_deliveries_body_idx on ops.push_deliveries (project_id, body_sha256)
nulls not distinct where body_sha256 is not null;
