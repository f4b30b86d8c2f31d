-- Stores a forge's delivery once and returns accepted, duplicate, ignored (no push of a branch or a tag and no pull
-- request of a branch, or a tag's deletion: its release stays), unknown_project or own_secret (each project of the
-- repository has a secret of its own, and this was signed with the platform's).
-- apply_pushes acts on it. p_project_id is the project whose secret signed it, null for the platform's; p_body_sha256 is
-- the hash of the signed body. Called by the gateway. Raises PT400 for a push without its fields. A delivery whose id or
-- whose signed body came before is a duplicate.
-- Definer: the platform's login executes this but may not write tables itself.
create or replace function ops.receive_push(
    p_delivery_id text,
    p_event text,
    p_repo_url text,
    p_ref text,
    p_sha text,
    p_previous_sha text default null,
    p_forced boolean default false,
    p_pusher text default null,
    p_payload jsonb default '{}',
    p_body_sha256 text default null,
    p_project_id uuid default null
)
returns table (outcome text, delivery bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_is_followed boolean := case p_event
        when 'push' then p_ref like 'refs/heads/_%' or p_ref like 'refs/tags/_%' and p_sha !~ '^0+$'
        when 'pull_request' then p_ref like 'refs/heads/_%'
    end;
    v_outcome text := case
        when v_is_followed is not true then 'ignored'
        else ops_private.refusal_of_push(p_repo_url, p_project_id)
    end;
begin
    if coalesce(p_delivery_id, '') = '' or coalesce(p_event, '') = ''
        or (p_event in ('push', 'pull_request')
            and (p_ref is null or p_repo_url is null or p_sha !~ '^[0-9a-f]{40,64}$')) then
        raise sqlstate 'PT400' using
            message = 'A push has a delivery id, a repository, a ref and a commit',
            hint = 'Send the forge''s delivery unchanged.';
    end if;
    insert into ops.push_deliveries as d (
        delivery_id, event, repo_url, ref, sha, previous_sha, is_forced, pusher, payload, processed_at, outcome,
        body_sha256, project_id
    )
    values (
        p_delivery_id, p_event, coalesce(p_repo_url, ''), p_ref, p_sha, p_previous_sha, coalesce(p_forced, false),
        p_pusher, coalesce(p_payload, '{}'), case when v_outcome is not null then clock_timestamp() end, v_outcome,
        p_body_sha256, p_project_id
    )
    on conflict do nothing
    returning coalesce(d.outcome, 'accepted'), d.id into outcome, delivery;
    if not found then
        select 'duplicate', d.id into outcome, delivery
        from ops.push_deliveries as d
        where
            d.delivery_id = p_delivery_id
            or (d.body_sha256 = p_body_sha256 and d.project_id is not distinct from p_project_id)
        order by d.id
        limit 1;
    end if;
    return next;
end
$$;
comment on function ops.receive_push is 'Stores a delivery of a forge.';
revoke all on function ops.receive_push from public;
grant execute on function ops.receive_push to service_role, ops_gateway;
