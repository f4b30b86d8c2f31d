-- Returns how the rehearsal of a release stood at a moment: passed, failed, expired, changed since, or missing; and what
-- it found. The newest one that had ended counts; policy says how old it may be, what it tried says whether it still is
-- the release. `infinity` is now.
-- Called by promotion_requirements, shown_of and prepare_promotion. Locks and raises nothing.
create or replace function ops_private.rehearsal_of(
    p_release_id uuid,
    p_at timestamptz default 'infinity',
    p_digest text default null
)
returns table (status text, summary text, finished_at timestamptz, expires_at timestamptz)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_at timestamptz := case p_at when 'infinity' then ops.right_now() else p_at end;
    v_last ops.rehearsals;
    v_until timestamptz;
begin
    select h.* into v_last from ops.rehearsals as h
    where h.release_id = p_release_id and h.finished_at <= v_at
    order by h.finished_at desc, h.id desc
    limit 1;
    if not found then
        return query values ('missing', 'it was never rehearsed', null::timestamptz, null::timestamptz);
        return;
    end if;
    v_until := v_last.finished_at + make_interval(
        hours => (ops_private.rules_in_force(v_last.project_id, 'promotion') ->> 'rehearsal_max_age_hours')::int
    );
    return query values (
        case
            when not v_last.passed then 'failed'
            when p_digest <> v_last.shown_digest then 'changed'
            when v_until <= v_at then 'expired'
            else 'passed'
        end,
        v_last.summary, v_last.finished_at, v_until
    );
end
$$;
comment on function ops_private.rehearsal_of is 'How the rehearsal of a release stands.';
revoke all on function ops_private.rehearsal_of from public;
