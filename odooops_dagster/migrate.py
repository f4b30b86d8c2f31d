"""Applies sql/ in one transaction: pending migrations once, then every function, view and policy anew."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from odooops_dagster.errors import SQLSTATE_ERRORS, Conflict, SchemaDrift, Unavailable

# Names the lock that makes two migrations of one database follow each other.
LOCK = "odooops.migrate"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file of sql/migrations."""

    version: str
    name: str
    text: str

    @property
    def fingerprint(self) -> str:
        """Return the hash of the text without the whitespace and semicolons that tools split it at."""
        return hashlib.sha256(re.sub(r"[\s;]+", "", self.text).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class MigrationReport:
    """What a migration did, or what a status found: applied and pending are the files' names."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    functions: int = 0
    views: int = 0
    policies: int = 0
    shim_applied: bool = False


def migrate(url: str, *, shim: bool | None = None) -> MigrationReport:
    """Bring the database to the shipped schema; the Supabase shim is applied where schema auth is missing.

    Raises:
        SchemaDrift: an applied migration differs from the shipped one.
        Conflict: what stands in schema ops cannot make room.
        Unavailable: the server does not answer.
    """
    with _connect(url) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        connection.execute("set local client_min_messages = warning")
        with_shim = shim if shim is not None else not _exists(connection, "to_regnamespace('auth')")
        if with_shim:
            _run_all(connection, read_folder("shim"))
        pending = _pending(connection)
        for migration in pending:
            _apply(connection, migration)
        report = _reapply(connection)
        return replace(report, applied=tuple(_title(m) for m in pending), shim_applied=with_shim)


def status(url: str) -> MigrationReport:
    """Say which migrations are applied and which are pending, and refuse drift; nothing is changed.

    Raises:
        SchemaDrift: an applied migration differs from the shipped one.
        Unavailable: the server does not answer.
    """
    with _connect(url) as connection:
        pending = {migration.version for migration in _pending(connection, create=False)}
        shipped = shipped_migrations()
    return MigrationReport(
        applied=tuple(_title(m) for m in shipped if m.version not in pending),
        pending=tuple(_title(m) for m in shipped if m.version in pending),
    )


def shipped_migrations() -> list[Migration]:
    """Return the migrations that this version brings, oldest first."""
    return [
        Migration(version=name.split("_", 1)[0], name=name.split("_", 1)[1], text=text)
        for name, text in read_folder("migrations")
    ]


def read_folder(name: str) -> list[tuple[str, str]]:
    """Return the .sql files of a folder of sql/ as (name without ending, text), by name."""
    folder: Traversable = files("sql") / name
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in found)


def _connect(url: str) -> Connection:
    try:
        return psycopg.connect(url, autocommit=True, row_factory=tuple_row)
    except psycopg.OperationalError as exc:
        raise Unavailable(
            f"The database does not answer: {str(exc).strip().splitlines()[0]}",
            hint="Start it with `ops up`, or look at ODOOOPS_MIGRATE_URL.",
        ) from exc


def _exists(connection: Connection, expression: LiteralString) -> bool:
    row = connection.execute(sql.SQL("select {} is not null").format(sql.SQL(expression))).fetchone()
    return bool(row and row[0])


def _title(migration: Migration) -> str:
    return f"{migration.version}_{migration.name}"


def _pending(connection: Connection, *, create: bool = True) -> list[Migration]:
    """Return the shipped migrations that the database has not, after comparing those that it has."""
    if create:
        _create_history(connection)
    recorded = _recorded(connection)
    for migration in shipped_migrations():
        _refuse_drift(migration, recorded.get(migration.version))
    return [migration for migration in shipped_migrations() if migration.version not in recorded]


def _create_history(connection: Connection) -> None:
    """Create the Supabase CLI's own table of migrations, so that either tool sees what the other applied."""
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
    """Compare fingerprints; a row without statements (`supabase migration repair`) says nothing and is believed."""
    if recorded is None or replace(migration, text=recorded).fingerprint == migration.fingerprint:
        return
    raise SchemaDrift(
        f"Migration {_title(migration)} is not the one that was applied",
        hint="Put the file back as it was released, and make the change in a new migration.",
    )


def _apply(connection: Connection, migration: Migration) -> None:
    try:
        _run(connection, migration.text)
    except psycopg.Error as exc:
        if exc.sqlstate not in SQLSTATE_ERRORS or not exc.diag.message_hint:
            raise
        raise SQLSTATE_ERRORS[exc.sqlstate](exc.diag.message_primary, hint=exc.diag.message_hint) from exc
    connection.execute(
        "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
        [migration.version, migration.name, [migration.text]],
    )


def _reapply(connection: Connection) -> MigrationReport:
    """Make functions, views and policies those of the files; the latter two go first, so that functions can change."""
    functions, views, policies = (read_folder(name) for name in ("functions", "views", "policies"))
    _refuse_namesakes(connection, (f"ops.{name}" for name, _ in (*functions, *views)))
    _drop_policies(connection)
    _drop_views(connection)
    connection.execute("set local check_function_bodies = off")  # functions may name each other in any order
    before = _functions(connection)
    for name, text in functions:
        _replace_function(connection, name, text)
    # Rows that are still as they were come from no file any more, or are older signatures.
    _drop_functions(connection, (oid for oid, _, _ in before & _functions(connection)))
    _run_all(connection, views)
    _run_all(connection, policies)
    return MigrationReport(applied=(), pending=(), functions=len(functions), views=len(views), policies=len(policies))


def _refuse_namesakes(connection: Connection, names: Iterable[str]) -> None:
    """Refuse to make what would replace a function or view that stood in the schema before the platform."""
    taken = {identity.split("(")[0] for identity in _legacy(connection)} & set(names)
    if taken:
        raise Conflict(
            f"Schema ops holds {', '.join(sorted(taken))} of an earlier use, and this version brings its own",
            hint="Rename what is named, there and in ops.agent_objects, and migrate again. Nothing was changed.",
        )


def _legacy(connection: Connection) -> set[str]:
    """Return what stood in the schema before the platform: it is not made anew, so it is never dropped."""
    if not _exists(connection, "to_regclass('ops.agent_objects')"):
        return set()
    return {identity for (identity,) in connection.execute("select identity from ops.agent_objects").fetchall()}


def _drop_policies(connection: Connection) -> None:
    legacy = _legacy(connection)
    rows = connection.execute(
        "select tablename, policyname, format('ops.%I', tablename) from pg_policies"
        " where schemaname = 'ops' and tablename !~ '^agent_'"
    ).fetchall()
    for table, policy, identity in rows:
        if identity not in legacy:
            drop = sql.SQL("drop policy {} on ops.{}")
            connection.execute(drop.format(sql.Identifier(policy), sql.Identifier(table)))


def _drop_views(connection: Connection) -> None:
    legacy = _legacy(connection)
    rows = connection.execute(
        "select viewname, format('ops.%I', viewname) from pg_views where schemaname = 'ops' and viewname !~ '^agent_'"
    ).fetchall()
    names = [sql.Identifier("ops", name) for name, identity in rows if identity not in legacy]
    if names:
        connection.execute(sql.SQL("drop view {}").format(sql.SQL(", ").join(names)))


def _replace_function(connection: Connection, name: str, text: str) -> None:
    """Create or replace the function; where its arguments or result changed, drop the old signature first."""
    try:
        with connection.transaction():
            _run(connection, text)
    except (psycopg.errors.InvalidFunctionDefinition, psycopg.errors.AmbiguousFunction):
        _drop_functions(connection, (oid for oid, proname, _ in _functions(connection) if proname == name))
        _run(connection, text)


def _functions(connection: Connection) -> set[tuple[int, str, str]]:
    """Return every function of the platform's as (oid, name, version of its row)."""
    legacy = _legacy(connection)
    rows = connection.execute(
        "select p.oid, p.proname, p.xmin::text, i.identity from pg_proc p,"
        " pg_identify_object('pg_proc'::regclass, p.oid, 0) i"
        " where p.pronamespace = 'ops'::regnamespace and p.proname !~ '^agent_'"
    ).fetchall()
    return {(oid, name, row_version) for oid, name, row_version, identity in rows if identity not in legacy}


def _drop_functions(connection: Connection, oids: Iterable[int]) -> None:
    for oid in oids:
        row = connection.execute("select %s::oid::regprocedure::text", [oid]).fetchone()
        if row:
            connection.execute(sql.SQL("drop routine {}").format(sql.SQL(row[0])))


def _run_all(connection: Connection, scripts: Iterable[tuple[str, str]]) -> None:
    for _, text in scripts:
        _run(connection, text)


def _run(connection: Connection, text: str) -> None:
    connection.execute(text.encode())
