-- Returns whether an image may be deployed to a stage, and by what: policy images.STAGE_signature asks for one in a
-- stage, images.trusted_keys names the keys that count. This is the only place that decides about signatures.
-- Called by refuse_image, image_requirement and explain_image. Locks and raises nothing.
create or replace function ops_private.image_verdict(
    p_image ops.images,
    p_stage ops.environment_stage
)
returns table (is_met boolean, detail text)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rules jsonb := ops_private.rules_in_force(p_image.project_id, 'images');
    v_rule text := p_stage || '_signature';
    v_keys jsonb := v_rules -> 'trusted_keys';
begin
    if p_image.removed_at is not null then
        return query select false, format('%s was removed from its registry', p_image.reference);
    elsif v_rules ->> v_rule <> 'required' then
        return query select true, coalesce('signed by ' || p_image.signed_by, 'unsigned')
            || format('; policy images.%s is not required', v_rule);
    elsif p_image.signed_by is null then
        return query select false, format('%s is not signed, and policy images.%s is required',
            p_image.reference, v_rule);
    elsif v_keys <> '[]' and not v_keys ? p_image.signed_by then
        return query select false, format('%s is signed by the key %s, which policy images.trusted_keys does not name',
            p_image.reference, p_image.signed_by);
    else
        return query select true, 'signed by ' || p_image.signed_by;
    end if;
end
$$;
comment on function ops_private.image_verdict is 'Whether an image may be deployed to a stage.';
revoke all on function ops_private.image_verdict from public;
