-- Returns the label that the branch has, or chooses one that no other branch ever had, and that is not the default
-- branch's. Called by make_environment, which finds out when another branch takes the label at the same time. Raises PT409
-- if there is none left.
create or replace function ops_private.choose_host_label(
    p_project ops.projects,
    p_branch text
)
returns text
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_label text;
begin
    select e.host_label into v_label from ops.environments as e
    where e.project_id = p_project.id and e.name = p_branch
    limit 1;
    if found then
        return v_label;
    end if;
    select c.label into v_label
    from (
        select
            ops_private.host_label(p_project.slug, p_branch, h.is_hashed) as label,
            h.is_hashed
        from (values (false), (true)) as h (is_hashed)
    ) as c
    where
        not exists (select from ops.environments as e where e.host_label = c.label)
        and (
            p_branch = p_project.default_branch
            or c.label <> ops_private.host_label(p_project.slug, p_project.default_branch)
        )
    order by c.is_hashed
    limit 1;
    if not found then
        raise sqlstate 'PT409' using
            message = format('Every host name for branch %s of %s is another branch''s', p_branch, p_project.slug),
            hint = 'Rename the branch.';
    end if;
    return v_label;
end
$$;
comment on function ops_private.choose_host_label is 'The label under which a branch answers.';
revoke all on function ops_private.choose_host_label from public;
