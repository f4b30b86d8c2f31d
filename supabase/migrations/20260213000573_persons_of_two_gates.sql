-- One person who approved both G2 and G3 counts for one of them where policy wants two persons: a rule of the
-- release's day.
alter table ops.release_gates add column is_distinct boolean not null default false;
comment on column ops.release_gates.is_distinct is
'Whether a person who approved both G2 and G3 counts for only one of them.';
update ops.release_gates as g set is_distinct = true
from ops.releases as r
left join ops.policies as own on own.project_id = r.project_id and own.policy_type = 'gates'
left join ops.policies as shared on shared.project_id is null and shared.policy_type = 'gates'
where
    r.id = g.release_id
    and coalesce(own.rules ->> 'g2_g3_distinct', shared.rules ->> 'g2_g3_distinct') = 'true';
