-- Shows each person with all names.
create view ops.v_people
with (security_invoker = true) as
select
    p.id as person_id,
    p.name,
    coalesce(n.aliases, '[]') as aliases,
    p.created_by,
    p.created_at
from ops.people as p
left join lateral (
    select jsonb_agg(jsonb_build_object('kind', a.kind, 'name', a.spelling) order by a.kind, a.alias) as aliases
    from ops.person_aliases as a
    where a.person_id = p.id
) as n on true;
comment on view ops.v_people is 'People and the names by which they are known.';
comment on column ops.v_people.person_id is 'The person''s id.';
comment on column ops.v_people.aliases is 'Kind and spelling of each name.';
revoke all on ops.v_people from public, anon;
grant select on ops.v_people to service_role, ops_worker, ops_operator, audit_reader;
