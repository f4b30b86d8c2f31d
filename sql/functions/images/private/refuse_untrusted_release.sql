-- Refuses to bring a release to a stage where policy images does not allow its image. Called by rollback_deployment, which
-- asks for no other requirement. Locks nothing. Raises PT409.
create or replace function ops_private.refuse_untrusted_release(
    p_release ops.releases,
    p_stage ops.environment_stage
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_detail text;
begin
    select m.detail into v_detail
    from ops_private.image_requirement(p_release, p_stage) as m
    where not m.is_met;
    if found then
        raise sqlstate 'PT409' using
            message = format('The image of release %s may not be deployed to %s', p_release.version, p_stage),
            detail = v_detail,
            hint = 'Promote another release, or change policy images: ops policy set.';
    end if;
end
$$;
comment on function ops_private.refuse_untrusted_release is 'Refuses a release whose image policy does not allow.';
revoke all on function ops_private.refuse_untrusted_release from public;
