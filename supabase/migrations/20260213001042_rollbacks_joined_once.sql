-- A request that joins a rollback at work may be repeated too, after its end: without its key that would start another one.
alter table ops.deployments add column joined_requests jsonb not null default '{}' check (
    jsonb_typeof(joined_requests) = 'object'
    and not jsonb_path_exists(joined_requests, '$.keyvalue() ? (@.key == "" || @.key like_regex "^.{201}" flag "s")')
);
comment on column ops.deployments.joined_requests is
'The keys of the requests that joined the rollback at work, each with its reason and whether data were to go back.';
