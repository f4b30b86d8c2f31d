-- Creates the four gates of a new release, with the policy's current rules. Locks no rows of others; raises nothing.
create or replace function ops_private.make_gates(p_release ops.releases)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
insert into ops.release_gates
(release_id, gate_code, required_checks, quorum, window_seconds, is_distinct, is_required)
select
    (p_release).id, g.code,
    array(select jsonb_array_elements_text(rules -> format('%s_checks', lower(g.code::text)))),
    coalesce((rules ->> format('%s_quorum', lower(g.code::text)))::int, 1),
    (rules ->> 'g4_window_seconds')::int, (rules ->> 'g2_g3_distinct')::boolean,
    -- without release managers, a build and its health are what decides
    g.code in ('G1', 'G4')
    or ops_private.rules_in_force((p_release).project_id, 'promotion') ->> 'release' = 'gated'
from unnest(enum_range(null::ops.ops_gate_code)) as g (code)
cross join ops_private.rules_in_force((p_release).project_id, 'gates') as rules
$$;
comment on function ops_private.make_gates is 'Makes the four gates of a new release.';
revoke all on function ops_private.make_gates from public;
