"""A server as Supabase hosts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from odooops_dagster.control.migrate import migrate
from odooops_dagster.local.postgres import JOBS, EmbeddedPostgres
from tests.servers import PostgresServer, as_user, running_server

# Who owns a hosted project's databases: no superuser.
OWNER = "project_owner"

# As on a hosted project, where the last is called postgres; the embedded server makes its logins beforehand.
ROLES = """
revoke set on parameter temp_file_limit from odooops_administrator;
drop owned by ops_gateway, ops_worker, ops_operator, ops_api;
drop role ops_gateway, ops_worker, ops_operator, ops_api;
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit password 'authenticator';
grant anon, authenticated, service_role to authenticator;
create role supabase_auth_admin login noinherit createrole password 'supabase_auth_admin';
create role project_owner login createrole createdb password 'project_owner';
grant anon, authenticated, service_role to project_owner;
"""

# Another's schema auth, and the default privileges that make each new table of schema public everybody's.
SCHEMAS = """
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, project_owner;
create function auth.jwt() returns jsonb language sql stable as $$
    select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), ''))::jsonb
$$;
create function auth.uid() returns uuid language sql stable as $$ select (auth.jwt() ->> 'sub')::uuid $$;
create function auth.role() returns text language sql stable as $$ select auth.jwt() ->> 'role' $$;
alter function auth.jwt() owner to supabase_auth_admin;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
grant all on schema public to project_owner;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
grant all on tables to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
grant all on functions to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
grant all on sequences to anon, authenticated, service_role;
"""


class HostedServer(PostgresServer):
    """A server as Supabase hosts it: its roles and schema auth are another's, and a project's owner is no superuser."""

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        super().__init__(embedded)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(ROLES.encode())

    def fill(self, url: str) -> None:
        """Bring the schema as a project's owner does."""
        self.host(url)
        migrate(as_login(url, OWNER))
        with psycopg.connect(as_login(url, OWNER)) as connection:
            for login in JOBS.values():
                password = sql.Literal(urlsplit(as_user(url, login, self)).password)
                connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(login), password))

    def host(self, url: str) -> str:
        """Make the database a new project's, and return its owner's URL."""
        with psycopg.connect(url) as connection:
            database = sql.Identifier(urlsplit(url).path[1:])
            connection.execute(sql.SQL("alter database {} owner to {}").format(database, sql.Identifier(OWNER)))
            connection.execute(SCHEMAS.encode())
        return as_login(url, OWNER)

    @contextmanager
    def project(self) -> Iterator[str]:
        """Yield the owner's URL of a new project's database, in which the platform made nothing yet."""
        with self.fresh_database(migrated=False) as url:
            yield self.host(url)


@contextmanager
def hosted_server(bin_dir: Path | None = None) -> Iterator[HostedServer]:
    """Yield a server as Supabase hosts it, for as long as the block."""
    with running_server("hosted", bin_dir=bin_dir) as server:
        yield HostedServer(server.embedded)


def as_login(url: str, login: str) -> str:
    """Return the URL of the same database for a login of `ROLES`, whose password is its name."""
    parts = urlsplit(url)
    return f"postgresql://{login}:{login}@{parts.hostname}:{parts.port}{parts.path}"
