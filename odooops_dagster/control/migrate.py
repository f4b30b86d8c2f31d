"""Applies sql/ in one transaction: pending migrations once, then recreates every function, view and policy."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from odooops_dagster.errors import SQLSTATE_ERRORS, Conflict, Forbidden, SchemaDrift
from odooops_dagster.unreachable import unreachable

# The migration name of every state of the functions, views and policies.
STATE = "ops_functions_views_policies"
_MAKE = "select pg_temp.make_function('{name}', $ops_file$\n{text}$ops_file$);\n"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file of sql/migrations, or a state of the functions, views and policies."""

    version: str
    name: str
    text: str
    is_state: bool = False

    @property
    def fingerprint(self) -> str:
        """Return the hash of the text without whitespace and semicolons, at which other tools split it."""
        return hashlib.sha256(re.sub(r"[\s;]+", "", self.text).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class MigrationReport:
    """The result of `migrate` or `status`; `applied` and `pending` are names of migrations."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    functions: int = 0
    views: int = 0
    policies: int = 0
    shim_applied: bool = False


def migrate(url: str, *, shim: bool | None = None) -> MigrationReport:
    """Migrate the database to the shipped schema; apply the Supabase shim if schema auth is missing.

    Raises:
        SchemaDrift: an applied migration differs from the shipped one.
        Conflict: an object in schema ops is in the way, or schema auth is not Supabase's.
        Forbidden: the login lacks rights for the migration.
        Unavailable: the server does not answer, or another session locks a table.
    """
    with _connect(url) as connection, _rights_explained(), connection.transaction():
        connection.execute("set local client_min_messages = warning")
        _run(connection, dict(read_folder("reapply"))["lock_tables"])
        with_shim = shim if shim is not None else not _exists(connection, "to_regnamespace('auth')")
        if with_shim:
            _run_all(connection, read_folder("shim"))
        _refuse_other_auth(connection)
        shipped = shipped_migrations()
        pending = _pending(connection, shipped)
        for migration in pending:
            if not migration.is_state:
                _apply(connection, migration)
        report = _reapply(connection)
        _record(connection, [migration for migration in shipped if migration.is_state])
        return replace(report, applied=tuple(_title(m) for m in pending), shim_applied=with_shim)


def status(url: str) -> MigrationReport:
    """Return the applied and pending migrations; change nothing.

    Raises:
        SchemaDrift: an applied migration differs from the shipped one.
        Unavailable: the server does not answer.
    """
    with _connect(url) as connection:
        shipped = shipped_migrations()
        pending = {migration.version for migration in _pending(connection, shipped, create=False)}
    return MigrationReport(
        applied=tuple(_title(m) for m in shipped if m.version not in pending),
        pending=tuple(_title(m) for m in shipped if m.version in pending),
    )


def shipped_migrations() -> list[Migration]:
    """Return the migrations and states of this version, oldest first."""
    migrations = [
        Migration(version=name.split("_", 1)[0], name=name.split("_", 1)[1], text=text)
        for name, text in read_folder("migrations")
    ]
    return sorted(migrations + states(), key=lambda migration: migration.version)


def states() -> list[Migration]:
    """Return the states of functions, views and policies, oldest first; only the newest has content."""
    *older, newest = [version for version, _ in state_versions()]
    superseded = f"-- Superseded by {newest}_{STATE}.\nselect 'superseded by {newest}' as note;\n"
    texts = [(version, superseded) for version in older] + [(newest, "\n".join(text for _, text in state_parts()))]
    return [Migration(version=version, name=STATE, text=text, is_state=True) for version, text in texts]


def state_versions() -> list[tuple[str, str]]:
    """Return each state's version and its fingerprint or `unreleased`, from sql/states.txt."""
    lines = (files("sql") / "states.txt").read_text("utf-8").splitlines()
    return [(version, mark) for version, mark in (line.split() for line in lines if line and line[0] != "#")]


def state_parts() -> list[tuple[str, str]]:
    """Return the scripts that recreate functions, views and policies from the files, as (name, text)."""
    functions, views = read_folder("functions"), _in_order_of_need(read_folder("views"))
    reapply = dict(read_folder("reapply"))
    policies = read_folder("policies")
    names = ", ".join(f"'{name}'" for name, text in (*functions, *views) if not is_private(text))
    tables = ", ".join(f"'{name}'" for name, _ in policies)
    return [
        ("lock_tables", reapply["lock_tables"]),
        ("begin", reapply["begin"]),
        ("namesakes", f"select pg_temp.refuse_namesakes(array[{names}]);\n"),
        ("room", f"select pg_temp.make_room(array[{tables}]::text[]);\n"),
        *((name, _MAKE.format(name=name, text=text)) for name, text in functions),
        ("functions_made", reapply["functions_made"]),
        *views,
        *policies,
    ]


def is_private(function: str) -> bool:
    """Return whether the text of a function's file creates it in schema ops_private."""
    return "\ncreate or replace function ops_private." in f"\n{function}"


def _in_order_of_need(views: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the views sorted by dependency."""
    texts = dict(views)
    needs = {name: {other for other in re.findall(r"\bops\.(\w+)", text) if other in texts} for name, text in views}
    order = TopologicalSorter({name: sorted(needed - {name}) for name, needed in needs.items()})
    return [(name, texts[name]) for name in order.static_order()]


def read_folder(name: str) -> list[tuple[str, str]]:
    """Return the .sql files below a folder of sql/ as (name without extension, text), sorted by name."""
    found = _sql_files(files("sql") / name)
    return sorted((entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in found)


def _sql_files(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sql_files(entry)
        elif entry.name.endswith(".sql"):
            yield entry


def _connect(url: str) -> Connection:
    try:
        return psycopg.connect(url, autocommit=True, row_factory=tuple_row)
    except psycopg.OperationalError as exc:
        raise unreachable(exc, server="The database", variable="ODOOOPS_MIGRATE_URL") from exc


@contextmanager
def _rights_explained() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as exc:
        raise Forbidden(
            f"This login may not migrate the database: {exc.diag.message_primary}",
            hint="Migrate a bare server as a superuser, a Supabase project as postgres: ODOOOPS_MIGRATE_URL.",
        ) from exc


def _refuse_other_auth(connection: Connection) -> None:
    """Raise Conflict for a schema auth that is not Supabase's, because functions ask it for the caller."""
    rows = connection.execute(
        "select 'function auth.uid()' where to_regprocedure('auth.uid()') is null"
        " union all select 'role ' || r from unnest('{anon,authenticated,service_role}'::text[]) as r"
        " where to_regrole(r) is null"
    ).fetchall()
    if rows:
        raise Conflict(
            f"Schema auth is not Supabase's: it comes without {', '.join(row[0] for row in rows)}",
            hint="Give the control plane a database of its own: createdb odooops",
        )


def _exists(connection: Connection, expression: LiteralString) -> bool:
    row = connection.execute(sql.SQL("select {} is not null").format(sql.SQL(expression))).fetchone()
    return bool(row and row[0])


def _title(migration: Migration) -> str:
    return f"{migration.version}_{migration.name}"


def _pending(connection: Connection, shipped: list[Migration], *, create: bool = True) -> list[Migration]:
    """Return the shipped migrations that are not applied; raise SchemaDrift if an applied one differs."""
    if create:
        _create_history(connection)
    recorded = _recorded(connection)
    for migration in shipped:
        _refuse_drift(migration, recorded.get(migration.version))
    return [migration for migration in shipped if migration.version not in recorded]


def _create_history(connection: Connection) -> None:
    """Create the Supabase CLI's table of migrations, so that both tools see the applied ones."""
    connection.execute("create schema if not exists supabase_migrations")
    connection.execute(
        "create table if not exists supabase_migrations.schema_migrations"
        " (version text not null primary key, statements text[], name text)"
    )


def _recorded(connection: Connection) -> dict[str, str | None]:
    if not _exists(connection, "to_regclass('supabase_migrations.schema_migrations')"):
        return {}
    rows = connection.execute("select version, statements from supabase_migrations.schema_migrations").fetchall()
    return {version: "\n".join(statements) if statements else None for version, statements in rows}


def _refuse_drift(migration: Migration, recorded: str | None) -> None:
    """Raise SchemaDrift if fingerprints differ; a row without statements (`supabase migration repair`) is accepted.

    States are recreated in every migration and not compared.
    """
    if recorded is None or migration.is_state or replace(migration, text=recorded).fingerprint == migration.fingerprint:
        return
    raise SchemaDrift(
        f"Migration {_title(migration)} is not the one that was applied",
        hint="Put the file back as it was released, and make the change in a new migration.",
    )


def _apply(connection: Connection, migration: Migration) -> None:
    _run(connection, migration.text)
    connection.execute(
        "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
        [migration.version, migration.name, [migration.text]],
    )


def _reapply(connection: Connection) -> MigrationReport:
    """Recreate functions, views and policies from the files."""
    _run_all(connection, state_parts())
    functions, views, policies = (len(read_folder(name)) for name in ("functions", "views", "policies"))
    return MigrationReport(applied=(), pending=(), functions=functions, views=views, policies=policies)


def _record(connection: Connection, states: Iterable[Migration]) -> None:
    """Record all states, and the content of the newest one."""
    connection.cursor().executemany(
        "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)"
        " on conflict (version) do update set name = excluded.name, statements = excluded.statements"
        " where schema_migrations.statements is distinct from excluded.statements",
        [(state.version, state.name, [state.text]) for state in states],
    )


def _run_all(connection: Connection, scripts: Iterable[tuple[str, str]]) -> None:
    for _, text in scripts:
        _run(connection, text)


def _run(connection: Connection, text: str) -> None:
    """Run a script; translate an error that has a known SQLSTATE and a hint."""
    try:
        connection.execute(text.encode())
    except psycopg.Error as exc:
        if exc.sqlstate not in SQLSTATE_ERRORS or not exc.diag.message_hint:
            raise
        raise SQLSTATE_ERRORS[exc.sqlstate](exc.diag.message_primary, hint=exc.diag.message_hint) from exc
