"""Manages the environments' databases and roles on their PostgreSQL server.

The administrator owns a database, the environment's role owns its content, and a role may connect only to its own
databases, because Odoo connects to every database that it can reach.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict

from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.home import TEMPLATES_ROLE, role_passwords
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.ownership import Identity, Mark
from odooops_dagster.tools.postgres.connections import Connection, administrator
from odooops_dagster.tools.postgres.creation import create_database, drop_database
from odooops_dagster.tools.postgres.database_rights import (
    ROLE_MARK,
    close_to_public,
    comment,
    database_marks,
    end_connections,
    execute,
    holders,
    may_act_as,
    rights,
    role_exists,
    role_marks,
    set_password,
)
from odooops_dagster.tools.postgres.failures import translated
from odooops_dagster.tools.postgres.limits import RoleLimits, limit_roles
from odooops_dagster.tools.postgres.passwords import RolePasswords
from odooops_dagster.tools.postgres.reassignment import give_everything

_IDENTIFIER_BYTES = 63


class OdooDatabases:
    """Creates, copies and drops databases and roles; passwords are stored in `secrets`, readable by the platform only.

    Every new object gets the mark of `identity`; objects with another mark are neither changed nor dropped.
    """

    def __init__(
        self,
        admin_url: str,
        *,
        secrets: Path,
        identity: Callable[[], Identity] | None = None,
        socket_folder: Path | None = None,
        limits: RoleLimits | None = None,
    ) -> None:
        self._url = admin_url
        self._socket_folder = socket_folder
        self._passwords = RolePasswords(role_passwords(secrets))
        self._identify = identity
        self._limits = limits or RoleLimits()
        self._run_id: UUID | None = None

    def made_by(self, run_id: UUID) -> OdooDatabases:
        """Return a copy bound to a run, whose id becomes part of the marks."""
        bound = copy(self)
        bound._run_id = run_id  # noqa: SLF001 - a copy of our own
        return bound

    def ensure_role(self, role: str) -> str:
        """Create the environment's role if needed, and return its password.

        All databases are closed to PUBLIC, and all of the installation's roles get their limits, which may have
        changed since they were made.

        Raises:
            Conflict: the role belongs to another installation, whose Odoo a new password would lock out.
        """
        _check_name(role)
        with self._admin() as connection, rights(connection):
            is_there = role_exists(connection, role)
            if is_there:
                self._refuse_others_role(connection, role)
            password, is_new = self._passwords.ensure(role)
            with connection.transaction():
                if not is_there:
                    execute(connection, "create role {} login nocreatedb nocreaterole", role)
                if is_new or not is_there:
                    set_password(connection, role, password)
                    comment(connection, "role", role, self._commented(ROLE_MARK))
            may_act_as(connection, role)
            limit_roles(connection, self._limits, {role, *self._passwords.roles("")})
            close_to_public(connection)
        return password

    def drop_role(self, role: str) -> None:
        """Drop the environment's role if it exists, and delete its password.

        Raises:
            Conflict: a database still has objects of the role, or the role belongs to another installation.
        """
        with self._admin() as connection, rights(connection):
            if role_exists(connection, role):
                self._refuse_others("role", role, role_marks(connection, role).get(role))
                may_act_as(connection, role)
                execute(connection, "drop owned by {}", role)
                execute(connection, "drop role {}", role)
        self._passwords.forget(role)

    def create(self, name: str, *, owner: str, template: str | None = None, tag: str | None = None) -> None:
        """Create a database for the role `owner`, empty or as a copy of a template; its comment starts with `tag`.

        Raises:
            Conflict: a database with this name exists.
            NotFound: the template or the role does not exist.
        """
        with self._new_database(name, template=template, tag=tag) as connection:
            with rights(connection):
                may_act_as(connection, owner)
                execute(connection, "grant connect, temporary, create on database {} to {}", name, owner)
            give_everything(self._url, name, to=owner)

    def hand_over(self, name: str, *, to: str) -> None:
        """Transfer the database to another role, and let that role connect to it.

        The former role keeps no objects or rights in it and may be dropped.

        Raises:
            NotFound: the database or the role does not exist.
        """
        with self._admin() as connection, rights(connection):
            may_act_as(connection, to)
            for former in holders(connection, name):
                execute(connection, "revoke all on database {} from {}", name, former)
            end_connections(connection, name)
            give_everything(self._url, name, to=to)
            # last, so that a role that may connect finds everything in place
            execute(connection, "grant connect, temporary, create on database {} to {}", name, to)

    def keep_as_template(self, source: str, name: str) -> None:
        """Copy the database to a template that accepts no connections; end the connections to the source.

        Raises:
            NotFound: the source does not exist.
            Conflict: a database with this name exists, or a client keeps connecting to the source.
        """
        with self._new_database(name, template=source) as connection:
            self._shut(connection, name)

    def turn_into_template(self, source: str, name: str) -> None:
        """Rename the database to `name` and make it a template that accepts no connections, without a copy."""
        _check_name(name)
        with self._admin() as connection:
            with rights(connection):
                for former in holders(connection, source):
                    execute(connection, "revoke all on database {} from {}", source, former)
            end_connections(connection, source)
            self._shut(connection, source)
            execute(connection, "alter database {} rename to {}", source, name)

    def _shut(self, connection: Connection, name: str) -> None:
        """Reassign the database's content to the templates' role, and refuse connections."""
        with rights(connection):
            if not role_exists(connection, TEMPLATES_ROLE):
                execute(connection, "create role {} nologin", TEMPLATES_ROLE)
            may_act_as(connection, TEMPLATES_ROLE)
            execute(connection, "grant create on database {} to {}", name, TEMPLATES_ROLE)
        give_everything(self._url, name, to=TEMPLATES_ROLE)
        execute(connection, "alter database {} with allow_connections false", name)

    def drop(self, name: str) -> None:
        """End every connection to the database and drop it, if it exists.

        Raises:
            Conflict: it belongs to another installation.
        """
        with self._admin() as connection:
            self._refuse_others("database", name, database_marks(connection, name).get(name))
            drop_database(connection, name)

    def marks(self, prefix: str = "") -> dict[str, Mark | None]:
        """Return the databases whose names start with the prefix, each with its mark."""
        with self._admin() as connection:
            return database_marks(connection, prefix)

    def role_marks(self, prefix: str = "") -> dict[str, Mark | None]:
        """Return the roles whose names start with the prefix, each with its mark."""
        with self._admin() as connection:
            return role_marks(connection, prefix)

    def mark(self, name: str, mark: Mark) -> None:
        """Set the mark of the database.

        Raises:
            NotFound: it does not exist.
        """
        with self._admin() as connection, rights(connection):
            comment(connection, "database", name, str(mark))

    def mark_role(self, role: str, mark: Mark) -> None:
        """Set the mark of the role.

        Raises:
            NotFound: it does not exist.
        """
        with self._admin() as connection, rights(connection):
            comment(connection, "role", role, f"{ROLE_MARK}, {mark}")

    def is_others(self, mark: Mark | None) -> bool:
        """Return whether the mark belongs to another installation or control plane."""
        return mark is not None and self._identity is not None and mark.identity != self._identity

    def holds_password(self, role: str) -> bool:
        """Return whether this state folder has the role's password."""
        return self._passwords.holds(role)

    def rename(self, name: str, new_name: str) -> None:
        """End every connection to the database and rename it.

        Raises:
            NotFound: it does not exist.
            Conflict: the new name is taken.
        """
        _check_name(new_name)
        with self._admin() as connection, rights(connection):
            end_connections(connection, name)
            execute(connection, "alter database {} rename to {}", name, new_name)

    def exists(self, name: str) -> bool:
        """Return whether the database exists."""
        with self._admin() as connection:
            return bool(connection.execute("select from pg_database where datname = %s", [name]).rowcount)

    def list(self, prefix: str = "") -> builtins.list[str]:
        """Return the names of the databases that start with the prefix, sorted."""
        query = "select datname from pg_database where starts_with(datname, %s) order by datname"
        with self._admin() as connection:
            return [name for (name,) in connection.execute(query, [prefix])]

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Return what each database takes of the server's disk, in bytes, by name."""
        query = "select datname, pg_database_size(oid) from pg_database where starts_with(datname, %s)"
        with self._admin() as connection:
            return dict(connection.execute(query, [prefix]).fetchall())

    def roles(self, prefix: str) -> builtins.list[str]:
        """Return the roles whose names start with the prefix, sorted, including those with only a password file."""
        query = "select rolname from pg_roles where starts_with(rolname, %s)"
        with self._admin() as connection:
            made = {name for (name,) in connection.execute(query, [prefix])}
        return sorted(made | self._passwords.roles(prefix))

    def access(self, name: str, *, role: str) -> DatabaseAccess:
        """Return the access of the environment's Odoo to its database.

        Raises:
            NotFound: the role has no password.
        """
        password = self._passwords.read(role)
        server = conninfo_to_dict(self._url)
        host = str(server.get("host") or "localhost")
        return DatabaseAccess(
            host=host,
            port=int(server.get("port") or 5432),
            user=role,
            password=password,
            database=name,
            socket_folder=socket_named_by(self._url) or self._socket_folder,
        )

    def server_major(self) -> int:
        """Return the major version of the server, such as 18."""
        with self._admin() as connection:
            return connection.info.server_version // 10000

    def server_facts(self) -> tuple[str, str | None]:
        """Return the server's version, and the extensions that can be created there, each with its version."""
        with self._admin() as connection:
            [(version, extensions)] = connection.execute(
                "select current_setting('server_version'),"
                " (select string_agg(concat_ws(' ', name, default_version), ',' order by name)"
                " from pg_available_extensions)"
            ).fetchall()
        return str(version), extensions

    @contextmanager
    def _admin(self) -> Iterator[Connection]:
        """Connect as the administrator; translate PostgreSQL's errors."""
        try:
            with administrator(self._url) as connection:
                yield connection
        except psycopg.Error as exc:
            raise translated(exc) from exc

    @contextmanager
    def _new_database(self, name: str, *, template: str | None, tag: str | None = None) -> Iterator[Connection]:
        """Create a database that only the administrator can reach; drop it if the block fails."""
        _check_name(name)
        text = self._commented(tag)
        with self._admin() as connection:
            create_database(connection, name, template=template)
            try:
                with rights(connection):
                    if text:
                        comment(connection, "database", name, text)
                    execute(connection, "revoke all on database {} from public", name)
                execute(connection, "alter database {} with allow_connections true", name)
                yield connection
            except BaseException:
                drop_database(connection, name)
                raise

    @cached_property
    def _identity(self) -> Identity | None:
        return self._identify() if self._identify is not None else None

    def _commented(self, text: str | None) -> str:
        """Return the comment for a new object: the text and our mark."""
        identity = self._identity
        mark = Mark(identity=identity, run_id=self._run_id, made_at=datetime.now(UTC)) if identity else None
        return ", ".join(str(part) for part in (text, mark) if part is not None)

    def _refuse_others(self, kind: str, name: str, mark: Mark | None) -> None:
        """Raise Conflict if the mark belongs to another installation."""
        if mark is None or not self.is_others(mark):
            return
        raise Conflict(
            f"{kind} {name} belongs to installation {mark.identity.installation} with control plane"
            f" {mark.identity.control_plane}, not to this one",
            hint="see what is whose: ops env orphans list",
        )

    def _refuse_others_role(self, connection: Connection, role: str) -> None:
        """Raise Conflict for a role of another installation: by its mark, or unmarked without a password here."""
        mark = role_marks(connection, role).get(role)
        self._refuse_others("role", role, mark)
        if self._identity is not None and mark is None and not self.holds_password(role):
            raise Conflict(
                f"role {role} is on the server already, and nothing here shows that it belongs to this installation",
                hint=f"if it does: ops env orphans adopt {role}",
            )


def _check_name(name: str) -> None:
    if not name or len(name.encode()) > _IDENTIFIER_BYTES or "\0" in name:
        raise BadInput(
            f"{name!r} cannot name a database or role: PostgreSQL takes 1 to {_IDENTIFIER_BYTES} bytes",
            hint="shorten the project's slug or the branch's name",
        )


def socket_named_by(url: str) -> Path | None:
    """Return the folder of the Unix socket that the URL names as its host; None for another host, or none."""
    host = str(conninfo_to_dict(url).get("host") or "")
    return Path(host) if host.startswith("/") else None
