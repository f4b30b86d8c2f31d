-- Records the comment by which a pull request is told, so that the next message edits it. Called by the sender once the
-- forge has it. Raises nothing. A retry changes only the time.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.record_pull_comment(
    p_project_id uuid,
    p_api_url text,
    p_repository text,
    p_pull_number bigint,
    p_comment_id bigint,
    p_branch text
)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
insert into ops.pull_comments as c (project_id, api_url, repository, pull_number, comment_id, branch)
values (p_project_id, p_api_url, p_repository, p_pull_number, p_comment_id, p_branch)
on conflict (project_id, api_url, repository, pull_number) do update
set comment_id = excluded.comment_id, branch = excluded.branch, written_at = clock_timestamp()
$$;
comment on function ops.record_pull_comment is 'Notes the comment of a pull request.';
revoke all on function ops.record_pull_comment from public;
grant execute on function ops.record_pull_comment to service_role, ops_worker;
