-- Refuses an event whose subject does not exist or does not match the event. Locks nothing; raises
-- PT409 naming the field.
create or replace function ops_private.check_event_target(
    p_project_id uuid,
    p_release ops.releases,
    p_envelope jsonb
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_field text;
    v_fault text;
begin
    if p_project_id is null then
        v_field := 'project';
        v_fault := format('There is no project %s', p_envelope ->> 'project');
    elsif exists (select from ops.projects as p where p.id = p_project_id and p.status = 'archived') then
        v_field := 'project';
        v_fault := format('The project %s is archived', p_envelope ->> 'project');
    elsif p_release.id is null and p_envelope ->> 'release' is not null then
        v_field := 'release';
        v_fault := format('The project has no release %s', p_envelope ->> 'release');
    elsif p_release.id is not null and p_envelope ->> 'image_digest' <> p_release.image_digest then
        v_field := 'image_digest';
        v_fault := format('Release %s is not made of this image', p_release.version);
    elsif p_release.id is not null and p_envelope ->> 'git_sha' <> all (
        array(select s.value from jsonb_each_text(p_release.git_shas) as s)
    ) then
        v_field := 'git_sha';
        v_fault := format('Release %s is not made of this commit', p_release.version);
    end if;
    if v_field is not null then
        raise sqlstate 'PT409' using
            message = v_fault, column = v_field,
            hint = 'Create the release first: ops.create_release; an event tells of what is there.';
    end if;
end
$$;
comment on function ops_private.check_event_target is 'Refuses an event whose subject does not exist.';
revoke all on function ops_private.check_event_target from public;
