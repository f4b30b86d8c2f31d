-- A GitHub App tells a pull request by one comment, which is edited and never written a second time.
drop function if exists ops.set_project_forge(text, text, text, text, text);

alter table ops.project_forges
add column uses_app boolean not null default false check (not uses_app or forge = 'github');
comment on column ops.project_forges.uses_app is
'Whether it is told as a GitHub App, whose key is a file; else with a token.';

create table ops.pull_comments (
    project_id uuid not null references ops.projects (id) on delete cascade,
    api_url text not null,
    repository text not null,
    pull_number bigint not null check (pull_number > 0),
    comment_id bigint not null check (comment_id > 0),
    branch text not null check (branch <> ''),
    written_at timestamptz not null default clock_timestamp(),
    -- another forge's comment may have the same number
    primary key (project_id, api_url, repository, pull_number)
);
comment on table ops.pull_comments is 'The one comment by which each pull request is told.';
comment on column ops.pull_comments.api_url is 'Where the forge''s API begins.';
comment on column ops.pull_comments.repository is 'The repository''s name there.';
comment on column ops.pull_comments.pull_number is 'The pull request.';
comment on column ops.pull_comments.comment_id is 'The comment''s id at the forge.';
comment on column ops.pull_comments.branch is 'The branch that is asked to be pulled.';
comment on column ops.pull_comments.written_at is 'When the comment was written or edited last.';
