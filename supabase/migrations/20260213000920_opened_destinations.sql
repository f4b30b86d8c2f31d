-- The proxy asks by itself whether the platform's operator named an address that lies in the platform's networks: which
-- ones do, the database does not know of every machine.
alter table ops.policies add column opened jsonb not null default '{}' check (jsonb_typeof(opened) = 'object');
comment on column ops.policies.opened is
'By rule of policy egress, the addresses on its list that the platform''s operator named.';

-- Only the operator could name those of private networks until now, and those of the rules for all.
with named as (
    select
        p.id,
        p.project_id,
        r.key as rule,
        d.destination,
        (regexp_match(d.destination, '^\[?([0-9.]+|[0-9a-f:.]+(?=\]))\]?(:[0-9]+)?$'))[1]::inet as address
    from ops.policies as p
    cross join jsonb_each(p.rules) as r
    cross join jsonb_array_elements_text(case when r.key like '%\_allow' then r.value else '[]' end) as d (destination)
    where p.policy_type::text = 'egress'
),

kept as (
    select
        n.id,
        n.rule,
        jsonb_agg(n.destination) as destinations
    from named as n
    where
        (n.project_id is null and n.address is not null)
        or exists (
            select from
                unnest(array[
                    '10.0.0.0/8',
                    '100.64.0.0/10',
                    '127.0.0.0/8',
                    '172.16.0.0/12',
                    '192.168.0.0/16',
                    '::1/128',
                    'fc00::/7'
                ]::inet[]) as r (network)
            where network_subeq(n.address, r.network)
        )
    group by n.id, n.rule
),

opened as (
    select
        kept.id,
        jsonb_object_agg(kept.rule, kept.destinations) as destinations
    from kept
    group by kept.id
)

update ops.policies as p
set opened = o.destinations
from opened as o
where p.id = o.id;

-- Each returns a column more, which no replacement of a function may; the third one has another name.
drop function if exists ops.egress_rules();
drop function if exists ops_private.ruled_environments();
drop function if exists ops_private.is_inner_destination(text);
