-- Refuses rules of policy egress that name an address that no list may hold; and one of the platform's networks, unless
-- the platform sets them or did: what lies there is not the project's. What holds already is not asked for again.
-- Called by set_policy. Locks nothing. Raises PT400 and PT403.
create or replace function ops_private.refuse_inner_destinations(
    p_project_id uuid,
    p_rules jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_held jsonb := ops_private.rules_in_force(p_project_id, 'egress');
    v_wrong record;
begin
    select n.destination, n.place into v_wrong
    from ops_private.named_addresses(p_rules) as n
    where
        (n.place = 'nowhere' or n.place <> 'internet' and not ops.is_platform())
        and not coalesce(v_held -> n.rule ? n.destination, false)
    order by n.place desc
    limit 1;
    if v_wrong.place = 'nowhere' then
        raise sqlstate 'PT400' using
            message = format('%s is an address that no list opens: it is not one server of the internet', v_wrong.destination),
            hint = 'Name the server''s own address, or its name.';
    elsif v_wrong.place is not null then
        raise sqlstate 'PT403' using
            message = format('%s is an address of the platform''s own networks', v_wrong.destination),
            hint = 'The operator of the platform allows it: ops policy set PROJECT egress RULES, on the machine.';
    end if;
end
$$;
comment on function ops_private.refuse_inner_destinations is 'Refuses addresses that only the platform may allow.';
revoke all on function ops_private.refuse_inner_destinations from public;
