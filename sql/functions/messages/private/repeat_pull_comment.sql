-- Tells the pull requests of a branch again what they were told last: one that was opened after the branch's run has no
-- comment yet. p_cause names what asks for it. Called when a delivery tells of a pull request. Raises nothing. A retry
-- writes nothing.
create or replace function ops_private.repeat_pull_comment(
    p_project_id uuid,
    p_branch text,
    p_cause text
)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.outbox (project_id, channel, recipient, kind, subject, state, cause, payload)
select o.project_id, o.channel, o.recipient, o.kind, o.subject, o.state, p_cause, o.payload
from ops.environments as e
join ops.outbox as o on o.channel = 'forge' and o.recipient = 'forge' and o.subject = 'comment:' || e.id
where e.project_id = p_project_id and e.name = p_branch
order by o.id desc
limit 1
on conflict do nothing
$$;
comment on function ops_private.repeat_pull_comment is 'Tells a branch''s pull requests again.';
revoke all on function ops_private.repeat_pull_comment from public;
