-- Three trigger functions get plain names. Renaming keeps the triggers of an upgraded database bound to them; all other
-- functions are dropped and recreated.
do $$
declare
    v_name record;
begin
    for v_name in
        select n.former, n.name
        from (values
            ('keep_an_owner', 'require_one_owner'),
            ('open_incident_of_glass', 'open_break_glass_incident'),
            ('refuse_nonsense', 'check_run_invariants')
        ) as n (former, name)
        where to_regprocedure(format('ops.%I()', n.former)) is not null
    loop
        execute format('alter function ops.%I() rename to %I', v_name.former, v_name.name);
    end loop;
end
$$;
