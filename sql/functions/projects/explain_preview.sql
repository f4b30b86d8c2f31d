-- Lists what odooops.yaml asks for its previews, as the head of the default branch has it, what holds by policy preview,
-- whether less holds than was asked, and in detail what is left out and what allows it. Policy limits is about the disk too.
-- Called by people, and by the step that recorded what a repository asks. Locks nothing. Raises PT404 for a project that
-- the caller cannot see.
-- Definer: the rules are the same for every caller; the caller's right to read the project is checked.
create or replace function ops.explain_preview(p_project_id uuid)
returns table (rule text, asked jsonb, held jsonb, is_cut boolean, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_slug text;
    v_asked jsonb;
    v_held jsonb := ops_private.rules_in_force(p_project_id, 'preview');
    v_left text;
    v_own jsonb; -- a rule that a policy leaves out is that of all again
    v_disk jsonb := ops_private.rules_in_force(p_project_id, 'limits') -> 'disk_mb';
    v_limits jsonb;
begin
    perform ops_private.require_permission(p_project_id, 'read');
    select p.slug, coalesce(k.rules -> 'preview', '{}') into v_slug, v_asked
    from ops.projects as p left join ops.repository_rules as k on k.project_id = p.id where p.id = p_project_id;
    select o.rules into v_own from ops.policies as o where o.project_id = p_project_id and o.policy_type = 'preview';
    select o.rules into v_limits from ops.policies as o where o.project_id = p_project_id and o.policy_type = 'limits';
    foreach rule in array array['branches', 'idle_minutes', 'memory_mb', 'cpu_percent', 'disk_mb'] loop
        asked := v_asked -> rule;
        held := v_held -> rule;
        detail := null;
        if rule = 'branches' then
            select string_agg(a.pattern, ', ') into v_left
            from jsonb_array_elements_text(asked) as a (pattern) where not held ? a.pattern;
            is_cut := v_left is not null;
            detail := case when is_cut then format('the policy does not list %s', v_left) end;
        else
            detail := case when asked <> held then format(
                '%s is asked for, %s holds: ops policy set %s preview ''%s''', asked, held, v_slug,
                coalesce(v_own, '{}') || jsonb_build_object(regexp_replace(rule, '_', '_max_'), asked)
            ) end;
            if rule = 'disk_mb' then
                detail := nullif(concat_ws('; ', detail, case
                    when asked <> ops_private.stricter_rule('preview', rule, asked, v_disk) then format(
                        '%s is asked for, and policy limits lets no environment have more than %s: ops policy set %s limits ''%s''',
                        asked, v_disk, v_slug, coalesce(v_limits, '{}') || jsonb_build_object(rule, asked)
                    )
                end), '');
                held := ops_private.stricter_rule('preview', rule, held, v_disk);
            end if;
            is_cut := detail is not null;
        end if;
        return next;
    end loop;
end
$$;
comment on function ops.explain_preview is 'What odooops.yaml asks for previews, and what of it holds.';
revoke all on function ops.explain_preview from public;
grant execute on function ops.explain_preview to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.explain_preview
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
