-- Applies one stored push of a tag to a project: queues the build that becomes the tag's release, beside production.
-- A tag never moves: one that comes with another commit, also after it was deleted, is refused, and an alarm says so.
-- A tag that comes while the default branch's build workflow is disabled is built when it is sent again.
-- Called by apply_delivery, which locks the project. Raises what queue_run raises.
create or replace function ops_private.apply_tag(
    p_project ops.projects,
    p_delivery ops.push_deliveries
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tag text := regexp_replace((p_delivery).ref, '^refs/tags/', '');
    v_known text := coalesce(
        (
            select ops_private.project_git_sha(r) from ops.releases as r
            where r.project_id = (p_project).id and r.version = v_tag
        ),
        (
            select d.sha from ops.push_deliveries as d
            where
                d.ref = (p_delivery).ref and d.id < (p_delivery).id and d.outcome in ('queued', 'unchanged')
                and ops.normalise_repo_url(d.repo_url) = ops.normalise_repo_url((p_delivery).repo_url)
            order by d.id
            limit 1
        )
    );
    v_outcome text := case when v_known is null then 'queued' when v_known = (p_delivery).sha then 'unchanged' else 'moved tag' end;
    v_workflow ops.workflows := ops_private.workflow_of((p_project).id, 'build', (p_project).default_branch);
begin
    if v_outcome = 'queued' and not v_workflow.is_enabled then
        v_outcome := 'workflow disabled';
    elsif v_outcome = 'queued' then
        perform ops_private.queue_by_workflow(
            v_workflow, (p_project).default_branch, (p_delivery).sha, (p_delivery).ref, 'push', (p_delivery).pusher
        );
    elsif v_outcome = 'moved tag' then
        perform ops.raise_alarm(
            p_key => format('tag/%s/%s', (p_project).slug, v_tag),
            p_title => format('Tag %s of %s was moved', v_tag, (p_project).slug),
            p_description => format('From %s to %s. Its release stays what it was; tag the commit under another name.',
                v_known, (p_delivery).sha),
            p_severity => 'minor', p_project_id => (p_project).id
        );
    end if;
    return v_outcome;
end
$$;
comment on function ops_private.apply_tag is 'Applies one stored push of a tag.';
revoke all on function ops_private.apply_tag from public;
