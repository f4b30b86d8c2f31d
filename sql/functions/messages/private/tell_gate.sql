-- Tells people for whom a gate of sign-off waits, and how a gate was decided. Called when the gate is made and when its
-- status changes. Raises nothing.
create or replace function ops_private.tell_gate()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_release ops.releases;
    v_gate text;
begin
    select r.* into v_release from ops.releases as r where r.id = new.release_id;
    v_gate := format('Gate %s of release %s', new.gate_code, v_release.version);
    perform ops_private.tell_people(
        v_release.project_id, 'gate', 'production', null, 'gate:' || new.id, new.status::text,
        coalesce(new.evaluated_at::text, ''),
        jsonb_build_object(
            'title', case new.status
                when 'pending' then v_gate || ' waits' else format('%s %s', v_gate, case new.status
                    when 'bypassed' then 'is bypassed' else new.status::text end)
            end,
            'text', coalesce(new.reason, 'Nothing is decided yet.'), 'release_id', v_release.id,
            'act', case new.status
                when 'pending' then (
                    select string_agg(o.role, ' or ' order by o.role) from ops.roles as o
                    where ops_private.gate_permission(new.gate_code) = any (o.permissions) and o.role !~ '^ops_'
                )
                when 'failed' then format('%s, who made the release', v_release.created_by)
            end
        )
    );
    return null;
end
$$;
comment on function ops_private.tell_gate is 'Tells people of a gate that waits or is decided.';
revoke all on function ops_private.tell_gate from public;
