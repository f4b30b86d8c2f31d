-- Refuses a value that is not one commit per repository. Locks nothing; raises PT400.
create or replace function ops_private.refuse_shas(p_git_shas jsonb)
returns void
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong text;
begin
    if jsonb_typeof(p_git_shas) is distinct from 'object' then
        v_wrong := 'They are not an object';
    else
        select format('That of %s is not', s.key) into v_wrong
        from jsonb_each(p_git_shas) as s
        where s.key = '' or jsonb_typeof(s.value) <> 'string' or s.value #>> '{}' !~ '^([0-9a-f]{40}|[0-9a-f]{64})$'
        limit 1;
    end if;
    if v_wrong is not null then
        raise sqlstate 'PT400' using
            message = 'git_shas names the full commit of every repository',
            detail = v_wrong || '.',
            hint = 'Write them as {"acme/shop": "40 hexadecimal digits"}.';
    end if;
end
$$;
comment on function ops_private.refuse_shas is 'Refuses commits that are not a commit per repository.';
revoke all on function ops_private.refuse_shas from public;
