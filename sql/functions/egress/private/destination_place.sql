-- Returns where a destination that is an address lies, as far as it says so by itself: in the `internet`, in an `inner`
-- network, on the machine's `own` loopback, or `nowhere` that a list may name. Null for a name: the proxy judges those,
-- and which addresses are its machine's, by the same table (doors/egress/places.py, tests/egress_places.py).
-- Called by named_addresses. Locks and raises nothing.
create or replace function ops_private.destination_place(p_destination text)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select case
    when d.address <<= inet '64:ff9b::/96' then
        case ops_private.destination_place(host(inet '0.0.0.0' + (d.address - inet '64:ff9b::')))
            when 'internet' then 'internet' else 'nowhere'
        end
    when d.address <<= any ('{
        0.0.0.0/8, 100.100.100.200/32, 168.63.129.16/32, 169.254.0.0/16, 192.0.0.0/24, 192.88.99.0/24,
        224.0.0.0/3, 2001::/23, 2002::/16, fd00:ec2::/32, fd20:ce::/32
    }'::inet[]) then 'nowhere'
    when d.address <<= any ('{127.0.0.0/8, ::1/128}'::inet[]) then 'own'
    when d.address <<= any ('{
        10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.0.2.0/24, 192.168.0.0/16, 198.18.0.0/15,
        198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20, fc00::/7
    }'::inet[]) then 'inner'
    when family(d.address) = 4 or d.address <<= inet '2000::/3' then 'internet'
    else 'nowhere'
end
from ops_private.destination_parts(p_destination) as d
where d.address is not null
$$;
comment on function ops_private.destination_place is 'Where a destination that is an address lies.';
revoke all on function ops_private.destination_place from public;
