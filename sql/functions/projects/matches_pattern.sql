-- Returns whether a text is what one of the patterns stands for; * in a pattern is any text.
-- Called by branch_stage and stricter_rule. Locks and raises nothing.
create or replace function ops.matches_pattern(
    p_text text,
    p_patterns jsonb
)
returns boolean
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
select exists (
    select from jsonb_array_elements_text(p_patterns) as p (pattern)
    where p_text like replace(regexp_replace(p.pattern, '([\\%_])', '\\\1', 'g'), '*', '%')
)
$$;
comment on function ops.matches_pattern is 'Whether a text is what one of the patterns stands for.';
revoke all on function ops.matches_pattern from public;
grant execute on function ops.matches_pattern to authenticated, service_role, ops_worker, ops_operator;
grant execute on function ops.matches_pattern
to ci_service_role, qa_tester, release_manager, sre, developer, audit_reader;
