"""The environments' databases and roles on their PostgreSQL server.

A database belongs to the administrator, what is in it belongs to the environment's role, and a role may connect to its
own databases only: Odoo connects to every database that it can reach.
"""

from __future__ import annotations

import builtins
import secrets as random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote, unquote

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from odooops_dagster.database_rights import (
    ROLE_MARK,
    Connection,
    close_to_public,
    comment,
    end_connections,
    execute,
    give_everything,
    holders,
    may_act_as,
    open_to_public,
    rights,
    role_exists,
    set_password,
)
from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound, OdooOpsError, Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.model import DatabaseAccess

# Owns what is inside template databases, so that handing a copy over touches nothing else.
_TEMPLATES = "ops_templates"
_IDENTIFIER_BYTES = 63
_CONNECT_TIMEOUT_SECONDS = 10
_PG15 = 150000
# Measured on a server that syncs: 65 MB take 0.7 s either way, and the log's cost grows with the size.
_LARGE_BYTES = 256 * 2**20

_CONFLICTS = (pg.DuplicateDatabase, pg.ObjectInUse, pg.DependentObjectsStillExist)
_NOT_FOUND = (pg.InvalidCatalogName, pg.UndefinedObject)


class OdooDatabases:
    """Makes, copies and drops databases and roles; passwords are kept in `secrets`, for the platform's eyes alone."""

    def __init__(self, admin_url: str, *, secrets: Path) -> None:
        self._url = admin_url
        self._secrets = secrets / "databases"

    def ensure_role(self, role: str) -> str:
        """Return the password of the environment's role, making both if need be, and shut it out of every database."""
        _check_name(role)
        password, is_new = self._password(role)
        with self._admin() as connection, rights(connection):
            if not role_exists(connection, role):
                execute(connection, "create role {} login nocreatedb nocreaterole", role)
                is_new = True
            if is_new:
                set_password(connection, role, password)
                comment(connection, "role", role, ROLE_MARK)
            may_act_as(connection, role)
            close_to_public(connection)
        return password

    def drop_role(self, role: str) -> None:
        """Drop the environment's role, if it is there, and forget its password.

        Raises:
            Conflict: a database still holds objects of the role.
        """
        with self._admin() as connection, rights(connection):
            if role_exists(connection, role):
                may_act_as(connection, role)
                execute(connection, "drop owned by {}", role)
                execute(connection, "drop role {}", role)
        self._password_file(role).unlink(missing_ok=True)

    def create(self, name: str, *, owner: str, template: str | None = None, tag: str | None = None) -> None:
        """Create a database for the role `owner`, empty or as a copy of a template; `tag` becomes its comment.

        Raises:
            Conflict: a database of that name is there.
            NotFound: the template or the role is not there.
        """
        with self._new_database(name, template=template) as connection:
            with rights(connection):
                may_act_as(connection, owner)
                execute(connection, "grant connect, temporary, create on database {} to {}", name, owner)
                if tag is not None:
                    comment(connection, "database", name, tag)
            with self._admin(name) as inside:
                give_everything(inside, to=owner)

    def hand_over(self, name: str, *, to: str) -> None:
        """Give the database to another role; until then that role could not even connect to it.

        The role that had it keeps nothing in it and may be dropped.

        Raises:
            NotFound: the database or the role is not there.
        """
        with self._admin() as connection, rights(connection):
            may_act_as(connection, to)
            for former in holders(connection, name):
                execute(connection, "revoke all on database {} from {}", name, former)
            end_connections(connection, name)
            with self._admin(name) as inside:
                give_everything(inside, to=to)
            # last, so that whoever may connect finds everything in place
            execute(connection, "grant connect, temporary, create on database {} to {}", name, to)

    def keep_as_template(self, source: str, name: str) -> None:
        """Keep a copy of the database to which nobody can connect; connections to the source are ended for it.

        Raises:
            NotFound: the source is not there.
            Conflict: a database of that name is there, or someone keeps connecting to the source.
        """
        with self._new_database(name, template=source) as connection:
            self._shut(connection, name)

    def turn_into_template(self, source: str, name: str) -> None:
        """Make the database itself a template of another, free name, to which nobody can connect; nothing is copied."""
        _check_name(name)
        with self._admin() as connection:
            with rights(connection):
                for former in holders(connection, source):
                    execute(connection, "revoke all on database {} from {}", source, former)
            end_connections(connection, source)
            self._shut(connection, source)
            execute(connection, "alter database {} rename to {}", source, name)

    def _shut(self, connection: Connection, name: str) -> None:
        """Give all that is in the database to the templates' role, then let nobody in."""
        with rights(connection):
            if not role_exists(connection, _TEMPLATES):
                execute(connection, "create role {} nologin", _TEMPLATES)
            may_act_as(connection, _TEMPLATES)
            execute(connection, "grant create on database {} to {}", name, _TEMPLATES)
        with self._admin(name) as inside:
            give_everything(inside, to=_TEMPLATES)
        execute(connection, "alter database {} with allow_connections false", name)

    def drop(self, name: str) -> None:
        """Drop the database and end every connection to it; one that is not there is fine."""
        with self._admin() as connection:
            _drop(connection, name)

    def rename(self, name: str, new_name: str) -> None:
        """Rename the database, ending every connection to it.

        Raises:
            NotFound: it is not there.
            Conflict: the new name is taken.
        """
        _check_name(new_name)
        with self._admin() as connection, rights(connection):
            end_connections(connection, name)
            execute(connection, "alter database {} rename to {}", name, new_name)

    def exists(self, name: str) -> bool:
        """Return whether the database is there."""
        with self._admin() as connection:
            return bool(connection.execute("select from pg_database where datname = %s", [name]).rowcount)

    def list(self, prefix: str = "") -> builtins.list[str]:
        """Return the names of the databases that begin with the prefix, sorted."""
        query = "select datname from pg_database where starts_with(datname, %s) order by datname"
        with self._admin() as connection:
            return [name for (name,) in connection.execute(query, [prefix])]

    def roles(self, prefix: str) -> builtins.list[str]:
        """Return the roles that begin with the prefix, sorted; those too of which only the password was made."""
        query = "select rolname from pg_roles where starts_with(rolname, %s)"
        with self._admin() as connection:
            made = {name for (name,) in connection.execute(query, [prefix])}
        kept = {unquote(file.name) for file in self._secrets.glob(f"{quote(prefix, safe='')}*")}
        return sorted(made | kept)

    def access(self, name: str, *, role: str) -> DatabaseAccess:
        """Return how the environment's Odoo reaches its database.

        Raises:
            NotFound: the role's password was never made.
        """
        file = self._password_file(role)
        if not file.is_file():
            raise NotFound(f"database role {role} has no password in {file.parent}", hint="deploy the environment anew")
        server = conninfo_to_dict(self._url)
        return DatabaseAccess(
            host=str(server.get("host") or "localhost"),
            port=int(server.get("port") or 5432),
            user=role,
            password=file.read_text(),
            database=name,
        )

    def module_states(self, name: str) -> dict[str, str]:
        """Return the state of every module that the database knows; empty where Odoo was never installed."""
        if not self.query(name, "select from pg_class where oid = to_regclass('public.ir_module_module')"):
            return {}
        rows = self.query(name, "select name, state from public.ir_module_module where state is not null")
        return {row["name"]: row["state"] for row in rows}

    def query(
        self, name: str, statement: LiteralString, parameters: Mapping[str, Any] | None = None
    ) -> builtins.list[dict[str, Any]]:
        """Return the rows of a statement that reads the database; one that writes is refused by the server."""
        with self._admin(name) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("set default_transaction_read_only = on")
            return cursor.execute(statement, parameters).fetchall()

    def open_databases(self) -> builtins.list[str]:
        """Close what is open to every role, and return the databases that we have no right to close."""
        with self._admin() as connection, rights(connection):
            close_to_public(connection)
            return open_to_public(connection)

    @contextmanager
    def _admin(self, database: str | None = None) -> Iterator[Connection]:
        """Connect as the administrator; PostgreSQL's errors leave as ours."""
        try:
            with psycopg.connect(
                self._url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_SECONDS, dbname=database
            ) as connection:
                yield connection
        except psycopg.Error as exc:
            raise _translated(exc) from exc

    @contextmanager
    def _new_database(self, name: str, *, template: str | None) -> Iterator[Connection]:
        """Create a database that no one but the administrator reaches; dropped again where the block fails."""
        _check_name(name)
        with self._admin() as connection:
            _create(connection, name, template=template)
            try:
                with rights(connection):
                    execute(connection, "revoke all on database {} from public", name)
                execute(connection, "alter database {} with allow_connections true", name)
                yield connection
            except BaseException:
                _drop(connection, name)
                raise

    def _password(self, role: str) -> tuple[str, bool]:
        """Return the role's password, and whether it was made just now."""
        file = self._password_file(role)
        is_new = not file.is_file()
        if is_new:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(file, random.token_urlsafe(24).encode())
        return file.read_text(), is_new

    def _password_file(self, role: str) -> Path:
        return self._secrets / quote(role, safe="")


def _create(connection: Connection, name: str, *, template: str | None) -> None:
    """Create the database shut, so that nobody slips in before its rights are set."""
    if template is None:
        # The C collation is what Odoo itself takes for an empty database: quicker indexes, one order on every server.
        execute(
            connection,
            "create database {} template template0 encoding 'UTF8' lc_collate 'C' allow_connections false",
            name,
        )
        return
    end_connections(connection, template)
    if _is_large(connection, template):
        execute(connection, "create database {} template {} allow_connections false strategy file_copy", name, template)
    else:
        execute(connection, "create database {} template {} allow_connections false", name, template)


def _is_large(connection: Connection, name: str) -> bool:
    """Return whether copying the files, with a checkpoint before and after, beats writing every page to the log."""
    if connection.info.server_version < _PG15:
        return False
    row = connection.execute(
        "select pg_database_size(oid) > %s from pg_database where datname = %s", [_LARGE_BYTES, name]
    ).fetchone()
    if row is None or not row[0]:
        return False
    # PostgreSQL 18 lets a file system that can share blocks do so.
    if connection.execute(
        "select from pg_settings where name = 'file_copy_method' and 'clone' = any(enumvals)"
    ).rowcount:
        connection.execute("set file_copy_method = clone")
    return True


def _drop(connection: Connection, name: str) -> None:
    """Drop the database; where the server's own session is in it, such as autovacuum's, PostgreSQL waits for that."""
    try:
        execute(connection, "drop database if exists {} with (force)", name)
    except pg.InsufficientPrivilege:
        # Who is no superuser may not end a superuser's session, but a drop without force asks autovacuum to leave.
        end_connections(connection, name)
        execute(connection, "drop database if exists {}", name)


def _check_name(name: str) -> None:
    if not name or len(name.encode()) > _IDENTIFIER_BYTES or "\0" in name:
        raise BadInput(
            f"{name!r} cannot name a database or role: PostgreSQL takes 1 to {_IDENTIFIER_BYTES} bytes",
            hint="shorten the project's slug or the branch's name",
        )


def _translated(exc: psycopg.Error) -> OdooOpsError:
    message = exc.diag.message_primary or " ".join(str(exc).split())
    if isinstance(exc, _CONFLICTS):
        return Conflict(message)
    if isinstance(exc, _NOT_FOUND):
        return NotFound(message)
    if isinstance(exc, pg.InsufficientPrivilege):
        return Forbidden(message, hint="the role in ODOOOPS_ODOO_DATABASE_URL needs CREATEDB and CREATEROLE")
    if isinstance(exc, pg.DiskFull):
        return Unavailable(message, hint="free space on the disk of the database server")
    if isinstance(exc, psycopg.OperationalError):
        return Unavailable(message, hint="see whether the server of the environments' databases is up: ops status")
    return OdooOpsError(message)
