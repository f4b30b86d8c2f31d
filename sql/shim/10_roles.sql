-- The roles that Supabase brings, for a PostgreSQL without it; roles belong to the server, so another database may have
-- made them.
do $$
begin
    create role anon nologin noinherit;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
    create role authenticated nologin noinherit;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
    create role service_role nologin noinherit bypassrls;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
    create role authenticator login noinherit;
exception when duplicate_object or unique_violation then null;
end $$;

grant anon to authenticator;
grant authenticated to authenticator;
grant service_role to authenticator;
