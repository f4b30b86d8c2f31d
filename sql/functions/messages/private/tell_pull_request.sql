-- Writes a message to the pull requests of an environment's branch, where the project's forge is told as a GitHub App:
-- each has one comment, which the newest message edits. The default branch has none. Called by the triggers that tell
-- runs and environments. Raises nothing. A retry writes nothing.
create or replace function ops_private.tell_pull_request(
    p_environment ops.environments,
    p_state text,
    p_cause text,
    p_payload jsonb
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.outbox (project_id, channel, recipient, kind, subject, state, cause, payload)
select
    f.project_id, 'forge', 'forge', 'pull_comment', 'comment:' || (p_environment).id, p_state, p_cause,
    p_payload || jsonb_build_object(
        'branch', (p_environment).name, 'stage', (p_environment).stage,
        'serves_url', case when p_state <> 'gone' then (p_environment).url end,
        'serves_sha', case when p_state <> 'gone' then (p_environment).deployed_sha end
    )
from ops.project_forges as f
where f.project_id = (p_environment).project_id and f.uses_app and (p_environment).stage <> 'production'
on conflict do nothing
$$;
comment on function ops_private.tell_pull_request is 'Writes a message to a branch''s pull requests.';
revoke all on function ops_private.tell_pull_request from public;
