-- Refuses a promotion with unmet requirements. Called by promote_release and by the trigger of deployments. Locks
-- nothing; raises PT409 with every unmet requirement in its detail.
create or replace function ops_private.refuse_ineligible(
    p_release_id uuid,
    p_stage ops.environment_stage
)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unmet text;
    v_version text;
begin
    if p_stage = 'development' then
        v_unmet := 'nothing is promoted to development';
    else
        select string_agg(p.requirement || ': ' || p.detail, '; ') into v_unmet
        from ops_private.promotion_requirements(p_release_id, p_stage) as p
        where not p.is_met;
    end if;
    if v_unmet is not null then
        select r.version into v_version from ops.releases as r where r.id = p_release_id;
        raise sqlstate 'PT409' using
            message = format('Release %s is not eligible for %s', v_version, p_stage),
            detail = v_unmet,
            hint = 'Meet what is missing, or have it waived; ops.explain_promotion lists it.';
    end if;
end
$$;
comment on function ops_private.refuse_ineligible is 'Refuses a promotion for which something is missing.';
revoke all on function ops_private.refuse_ineligible from public;
