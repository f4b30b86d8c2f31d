-- Lists the addresses on the lists of policy egress, each with its rule and where it lies.
-- Called by refuse_inner_destinations and opened_destinations. Locks and raises nothing.
create or replace function ops_private.named_addresses(p_rules jsonb)
returns table (rule text, destination text, place text)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select r.key, d.destination, w.place
from jsonb_each(p_rules) as r
cross join jsonb_array_elements_text(case when r.key like '%\_allow' then r.value else '[]' end) as d (destination)
cross join lateral (select ops_private.destination_place(d.destination) as place) as w
where w.place is not null
$$;
comment on function ops_private.named_addresses is 'The addresses on lists of policy egress.';
revoke all on function ops_private.named_addresses from public;
