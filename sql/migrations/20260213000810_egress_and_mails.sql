-- What an environment's programs tried to reach, and the mails that they sent: nothing of either left the machine.
create table ops.egress_attempts (
    id bigint generated always as identity primary key,
    project_id uuid not null references ops.projects (id) on delete cascade,
    environment_id uuid not null references ops.environments (id) on delete cascade,
    minute timestamptz not null check (minute = date_trunc('minute', minute, 'UTC')),
    source uuid not null,
    outcome text not null check (outcome in ('refused', 'caught', 'open')),
    destination text not null check (destination <> '' and length(destination) <= 255),
    address inet,
    port int check (port between 0 and 65535),
    protocol text not null check (protocol in ('tcp', 'udp', 'dns', 'http', 'smtp')),
    module text check (length(module) between 1 and 100),
    cron text check (length(cron) between 1 and 200),
    attempts int not null check (attempts > 0),
    first_at timestamptz not null,
    last_at timestamptz not null check (last_at >= first_at),
    -- what is told again replaces what was told before
    unique nulls not distinct (environment_id, minute, source, outcome, destination, port, protocol, module, cron)
);
create index egress_attempts_project_idx on ops.egress_attempts (project_id, minute);
comment on table ops.egress_attempts is
'Connections that programs of environments tried to make, by the minute. Environment, times and outcome are the '
'platform''s; the rest is what the environment''s own Odoo said.';
comment on column ops.egress_attempts.id is 'The row.';
comment on column ops.egress_attempts.project_id is 'The project.';
comment on column ops.egress_attempts.environment_id is 'The environment through whose socket it was told.';
comment on column ops.egress_attempts.minute is 'The minute, by the platform''s clock.';
comment on column ops.egress_attempts.source is 'The catcher that counted, which counts anew when it starts.';
comment on column ops.egress_attempts.outcome is
'refused: the environment has no network; caught: a mail, by the catcher; open: it has the machine''s network.';
comment on column ops.egress_attempts.destination is
'The name that was asked for, else the address; * for what was more than is kept.';
comment on column ops.egress_attempts.address is 'The address, where one was reached for.';
comment on column ops.egress_attempts.port is 'The port; null where only a name was looked up.';
comment on column ops.egress_attempts.protocol is
'What was to be spoken there, as far as the program''s stack shows it.';
comment on column ops.egress_attempts.module is 'The Odoo module that tried; null where none was on the stack.';
comment on column ops.egress_attempts.cron is 'The scheduled action that ran; null for none.';
comment on column ops.egress_attempts.attempts is 'How often, in this minute.';
comment on column ops.egress_attempts.first_at is 'The first time in this minute.';
comment on column ops.egress_attempts.last_at is 'The last time in this minute.';

create table ops.mails (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    environment_id uuid not null references ops.environments (id) on delete cascade,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    sender text not null check (length(sender) <= 320),
    recipients text[] not null check (cardinality(recipients) <= 100),
    subject text not null check (length(subject) <= 500),
    size_bytes int not null check (size_bytes > 0),
    received_at timestamptz not null,
    content bytea not null check (octet_length(content) = size_bytes),
    -- a mail that is told again is the same mail
    unique (environment_id, sha256)
);
create index mails_received_idx on ops.mails (environment_id, received_at desc);
create index mails_project_idx on ops.mails (project_id, received_at);
comment on table ops.mails is 'Mails that environments other than production sent, and nobody got.';
comment on column ops.mails.id is 'The mail.';
comment on column ops.mails.project_id is 'The project.';
comment on column ops.mails.environment_id is 'The environment that sent it.';
comment on column ops.mails.sha256 is 'The digest of its content.';
comment on column ops.mails.sender is 'The sender on its envelope.';
comment on column ops.mails.recipients is 'The recipients on its envelope, the first hundred.';
comment on column ops.mails.subject is 'Its subject.';
comment on column ops.mails.size_bytes is 'Its size.';
comment on column ops.mails.received_at is 'When the catcher took it.';
comment on column ops.mails.content is 'The mail as it was sent, an .eml file.';
