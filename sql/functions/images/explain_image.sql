-- Lists for each stage whether an image may be deployed there, and by what; and last, whether it may be removed.
-- Called by anyone who may read the project. Locks nothing. Raises PT404.
-- Definer: the answer is the same for every caller; the caller's right to read the project is checked.
create or replace function ops.explain_image(image_id uuid)
returns table (question text, is_met boolean, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_image ops.images;
    v_reason text;
begin
    select i.* into v_image from ops.images as i
    where i.id = explain_image.image_id and ops.has_permission(i.project_id, 'read');
    if not found then
        raise sqlstate 'PT404' using
            message = format('There is no image %s', explain_image.image_id), hint = 'ops image list shows them.';
    end if;
    v_reason := ops_private.reason_to_keep_image(v_image, clock_timestamp());
    return query
    select s.stage::text, v.is_met, v.detail
    from unnest(enum_range(null::ops.environment_stage)) as s (stage)
    cross join lateral ops_private.image_verdict(v_image, s.stage) as v
    union all
    select 'removal', v_reason is null, coalesce(v_reason, 'nothing on the record needs it');
end
$$;
comment on function ops.explain_image is 'Where an image may be deployed, and whether it may be removed.';
revoke all on function ops.explain_image from public;
grant execute on function ops.explain_image to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.explain_image to qa_tester, release_manager, sre, developer, audit_reader;
