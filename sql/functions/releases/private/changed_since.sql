-- Names the checks of a release's build that are not any more as its approvers were shown them at a moment; null if all
-- is as it was. Nothing else that they were shown can change: another commit or image is another release.
-- A rehearsal that stood then and stands no more is such a change; one that came later is none: it takes nothing back.
-- Called by standing_decisions. Locks and raises nothing.
create or replace function ops_private.changed_since(
    p_release_id uuid,
    p_at timestamptz
)
returns text
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select string_agg(format('%s is %s', c.name, c.status), ', ' order by c.name)
from (
    select
        coalesce(b.key, n.key) as name,
        coalesce(n.value, 'gone') as status
    from jsonb_each_text(ops_private.shown_of(p_release_id, p_at) -> 'checks') as b
    full join jsonb_each_text(ops_private.shown_of(p_release_id, 'infinity') -> 'checks') as n on n.key = b.key
    where n.value is distinct from b.value
    union all
    select 'rehearsal', now.shown ->> 'rehearsal'
    from (select ops_private.shown_of(p_release_id, 'infinity') as shown) as now
    where
        ops_private.shown_of(p_release_id, p_at) ->> 'rehearsal' = 'passed'
        and now.shown ->> 'rehearsal' <> 'passed'
) as c
$$;
comment on function ops_private.changed_since is 'What changed since approvers were shown a release.';
revoke all on function ops_private.changed_since from public;
