-- What happened is told to forges and people by messages that are written in the transaction of the event, so that none
-- is lost and none is told of what was rolled back.
create type ops.message_status as enum (
    'waiting', -- the event; a failed try; retry_messages
    'delivered', -- record_messages_delivered
    'superseded', -- claim_messages: a newer state of the same subject is there
    'dead' -- record_messages_failed: no further try
);

create table ops.project_forges (
    project_id uuid primary key references ops.projects (id) on delete cascade,
    forge text not null check (forge in ('github', 'gitlab', 'gitea', 'bitbucket')),
    -- a token goes over it: in clear text to this machine only
    api_url text not null check (
        api_url ~ '^(https://|http://(localhost|127\.0\.0\.1|\[::1\])(:|/|$))[^\s?#@]*$'
    ),
    repository text not null check (repository ~ '^[^\s/?#]+(/[^\s/?#]+)+$'),
    set_by text not null check (set_by <> ''),
    set_at timestamptz not null default clock_timestamp()
);
comment on table ops.project_forges is 'The forge to which a project''s results are told; its token is a file.';
comment on column ops.project_forges.forge is 'Whose API it is: github, gitlab, gitea (also Forgejo''s) or bitbucket.';
comment on column ops.project_forges.api_url is 'Where its API begins.';
comment on column ops.project_forges.repository is 'The repository''s name there, such as owner/name.';
comment on column ops.project_forges.set_by is 'Who set it last.';
comment on column ops.project_forges.set_at is 'When it was set last.';

create table ops.notification_rules (
    id bigint generated always as identity primary key,
    project_id uuid references ops.projects (id) on delete cascade,
    events text[] not null check (
        events <> '{}' and events <@ '{run,deployment,gate,backup,alarm,incident}'::text[]
    ),
    stage ops.environment_stage,
    fault text check (fault in ('project', 'platform')),
    channel text not null check (channel in ('mail', 'webhook', 'apprise')),
    recipient text not null,
    created_by text not null check (created_by <> ''),
    created_at timestamptz not null default clock_timestamp(),
    unique nulls not distinct (project_id, events, stage, fault, channel, recipient),
    -- a mail's recipient is an address; another channel's is a name, and its address a secret of the platform
    check (case
        when channel = 'mail' then recipient ~ '^[^\s@<>,;]+@[^\s@<>,;]+$' and length(recipient) <= 254
        else recipient ~ '^[a-z0-9][a-z0-9-]{0,62}$'
    end)
);
comment on table ops.notification_rules is 'Who is told of what, and how.';
comment on column ops.notification_rules.project_id is
'The project whose events count; empty for those of every project and the platform''s own.';
comment on column ops.notification_rules.events is 'Of what is told: run, deployment, gate, backup, alarm, incident.';
comment on column ops.notification_rules.stage is 'The stage whose events count; empty for any.';
comment on column ops.notification_rules.fault is 'Of failed runs, those by this fault; empty for any.';
comment on column ops.notification_rules.channel is 'How: mail, webhook, apprise.';
comment on column ops.notification_rules.recipient is
'The mail''s address, or the name of a webhook or apprise target.';
comment on column ops.notification_rules.created_by is 'Who made the rule.';
comment on column ops.notification_rules.created_at is 'When the rule was made.';

create table ops.outbox (
    id bigint generated always as identity primary key,
    project_id uuid references ops.projects (id) on delete cascade,
    channel text not null check (channel in ('forge', 'mail', 'webhook', 'apprise')),
    recipient text not null,
    kind text not null check (kind <> ''),
    subject text not null check (subject <> ''),
    state text not null check (state <> ''),
    cause text not null,
    payload jsonb not null check (jsonb_typeof(payload) = 'object'),
    status ops.message_status not null default 'waiting',
    attempts int not null default 0,
    tries int not null default 0,
    claimed_by text,
    lease_expires_at timestamptz,
    next_at timestamptz not null default clock_timestamp(),
    last_error text,
    created_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    -- a state of a subject is told once to each recipient, also if it is told twice
    unique (channel, recipient, subject, cause, state),
    check ((status = 'waiting') = (ended_at is null)),
    check (lease_expires_at is null or status = 'waiting')
) with (fillfactor = 70);
create index outbox_waiting_idx on ops.outbox (next_at) where status = 'waiting';
create index outbox_subject_idx on ops.outbox (channel, recipient, subject, id desc);
-- when somebody got the last mail
create index outbox_mailed_idx on ops.outbox (recipient, ended_at desc) where channel = 'mail' and status = 'delivered';
create index outbox_ended_idx on ops.outbox (ended_at) where ended_at is not null;
create index outbox_project_idx on ops.outbox (project_id, channel, status);
comment on table ops.outbox is 'Messages to forges and people, written in the transaction of what they tell.';
comment on column ops.outbox.id is 'Order of the messages.';
comment on column ops.outbox.project_id is 'The project that it is about; empty for the platform itself.';
comment on column ops.outbox.channel is 'How it is sent: forge, mail, webhook, apprise.';
comment on column ops.outbox.recipient is 'To whom: an address, the name of a target; forge for the project''s.';
comment on column ops.outbox.kind is 'What it tells: commit_status, deployment, or an event of a rule.';
comment on column ops.outbox.subject is 'The thing whose state it tells.';
comment on column ops.outbox.state is 'The state that it tells.';
comment on column ops.outbox.cause is
'What brought the thing into the state: a run, an incident, a gate''s evaluation.';
comment on column ops.outbox.payload is 'What the message is made from; never a secret.';
comment on column ops.outbox.status is 'Where it stands: waiting, delivered, superseded, dead.';
comment on column ops.outbox.attempts is 'How many times it was claimed; the fencing token.';
comment on column ops.outbox.tries is 'How many tries failed since somebody last asked for new ones.';
comment on column ops.outbox.claimed_by is 'Who claimed it last.';
comment on column ops.outbox.lease_expires_at is 'Until when a claim holds; empty while nobody sends it.';
comment on column ops.outbox.next_at is 'Not sent before.';
comment on column ops.outbox.last_error is 'Why the last try failed, in a sentence.';
comment on column ops.outbox.created_at is 'When the event was.';
comment on column ops.outbox.ended_at is 'When it was delivered or given up.';
