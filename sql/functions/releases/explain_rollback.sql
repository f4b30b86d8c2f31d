-- Lists the two ways back from a deployment, the code alone and the code with its data: whether each is possible, the
-- release that comes back, and the minutes of work that it loses. Called by anyone who may read the deployment. Locks
-- nothing. Raises PT404.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked.
create or replace function ops.explain_rollback(deployment_id uuid)
returns table (way text, is_possible boolean, version text, lost_minutes int, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_deployment ops.deployments := ops_private.require_deployment(explain_rollback.deployment_id, 'read');
    v_version text := (
        select r.version from ops.releases as r where r.id = ops_private.release_before(v_deployment.id)
    );
    v_is_kept boolean := ops_private.keeps_data_before(v_deployment);
    v_image text := (
        select m.detail from ops.releases as r
        cross join lateral ops_private.image_requirement(r, v_deployment.stage) as m
        where r.id = ops_private.release_before(v_deployment.id) and not m.is_met
    );
    v_minutes int := ceil(extract(epoch from clock_timestamp() - v_deployment.finished_at) / 60);
begin
    if v_version is null then
        return query values
            ('code', false, null::text, null::int, 'there is no release to go back to'),
            ('code and data', false, null, null, 'there is no release to go back to');
        return;
    elsif v_image is not null then
        return query values
            ('code', false, v_version, null::int, v_image), ('code and data', false, v_version, null, v_image);
        return;
    end if;
    return query values
        ('code', true, v_version, 0, format('release %s over the data of now', v_version)),
        (
            'code and data', v_is_kept, v_version, case when v_is_kept then v_minutes end,
            case
                when v_deployment.previous_database_name is null then
                    'this deployment changed no module: its data are those of now'
                when not v_is_kept then 'the data of before are not kept any more: restore a backup'
                else format('release %s and the data of %s', v_version, to_char(
                    v_deployment.finished_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'
                ))
            end
        );
end
$$;
comment on function ops.explain_rollback is 'The ways back from a deployment, and what each loses.';
revoke all on function ops.explain_rollback from public;
grant execute on function ops.explain_rollback to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.explain_rollback to qa_tester, release_manager, sre, developer, audit_reader;
