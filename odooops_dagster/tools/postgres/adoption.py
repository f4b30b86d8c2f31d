"""An adopted production: stores where it runs, and checks whether it can be backed up from here.

The platform never writes to it: its database is queried in a read-only transaction, its files are only read.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import adoption_file
from odooops_dagster.model import CheckResult, DatabaseAccess
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.external_files import split_by_store, summary_of
from odooops_dagster.tools.postgres.connections import Connection, reader

# Encryption options that a connection string may contain.
_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "gssencmode")
# Number of attachments to sample: enough to recognize a wrong folder, few enough for a slow network disk.
_SAMPLE = 200
_NAMED = 5
_EXAMPLE = "postgresql://backup:password@db.example:5432/production?sslmode=require"

# Tables and sequences that a dump reads; those of an extension are created by the extension.
_DUMPED: LiteralString = """
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     and not exists (
         select from pg_depend as d
          where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
     )
"""


@dataclass(frozen=True, kw_only=True)
class AdoptedSource:
    """The location of an adopted production."""

    access: DatabaseAccess
    filestore: Path
    log: Path | None = None  # the log file of its Odoo


def remember(secrets: Path, environment_id: UUID, elsewhere: AdoptedSource) -> None:
    """Store the location of the adopted environment in a file that only the platform's account can read.

    Raises:
        Unavailable: the file cannot be written.
    """
    file = adoption_file(secrets, environment_id)
    stored = {"access": asdict(elsewhere.access), "filestore": str(elsewhere.filestore)}
    stored |= {"log": str(elsewhere.log)} if elsewhere.log else {}
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(file, json.dumps(stored, indent=1).encode(), mode=0o600)
    except OSError as exc:
        hint = "say it again on the platform's machine, as the account that runs ops up"
        raise Unavailable(f"{file.parent} cannot be written: {exc.strerror}", hint=hint) from exc


def recall(secrets: Path, environment_id: UUID) -> AdoptedSource | None:
    """Return the location of the adopted environment, None if this machine does not know it."""
    file = adoption_file(secrets, environment_id)
    if not file.is_file():
        return None
    stored = json.loads(file.read_text())
    log = Path(stored["log"]) if stored.get("log") else None
    return AdoptedSource(access=DatabaseAccess(**stored["access"]), filestore=Path(stored["filestore"]), log=log)


def forget(secrets: Path, environment_id: UUID) -> None:
    """Delete the stored location of the environment; do nothing if there is none."""
    adoption_file(secrets, environment_id).unlink(missing_ok=True)


def access_from(dsn: str) -> DatabaseAccess:
    """Parse a connection string; errors never quote it, because it contains a password.

    Raises:
        BadInput: it cannot be parsed, lacks a required part, or has an unsupported option.
    """
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(dsn.strip()).items() if value}
    except psycopg.ProgrammingError:
        raise BadInput("the connection string cannot be read", hint=f"write it like {_EXAMPLE}") from None
    missing = [name for name in ("host", "user", "dbname") if name not in parts]
    if missing:
        raise BadInput(f"the connection string names no {' and no '.join(missing)}", hint=f"write it like {_EXAMPLE}")
    unknown = sorted(parts.keys() - {"host", "port", "user", "password", "dbname", *_TLS})
    port = parts.get("port", "5432")
    if unknown or "," in parts["host"] or not port.isdecimal():
        what = ", ".join(unknown) or "several servers, or a port that is no number"
        raise BadInput(f"the connection string says more than can be kept: {what}", hint=f"write it like {_EXAMPLE}")
    return DatabaseAccess(
        host=parts["host"],
        port=int(port),
        user=parts["user"],
        password=parts.get("password", ""),
        database=parts["dbname"],
        options={name: parts[name] for name in _TLS if name in parts},
    )


def inspect(
    elsewhere: AdoptedSource, *, series: str, programs: Programs, home: Path, elsewhere_fatal: bool = False
) -> Iterator[CheckResult]:
    """Check everything that a backup needs, and yield the results; the database is only read.

    A failed blocking check prevents the adoption; checks that cannot be made are omitted. With `elsewhere_fatal`, a
    production with attachments in an object store fails a blocking check.
    """
    yield _folder(elsewhere, home)
    yield _log(elsewhere.log)
    try:
        with reader(elsewhere.access, application="odooops adopt") as connection:
            connection.autocommit = False
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield from _database(connection, elsewhere, series=series, programs=programs, fatal=elsewhere_fatal)
    except psycopg.Error as exc:
        hint = "see whether the server listens, its pg_hba.conf lets this machine in, and the password is right"
        yield _answer("server", False, " ".join(str(exc).split()), hint=hint)


def _database(
    connection: Connection, elsewhere: AdoptedSource, *, series: str, programs: Programs, fatal: bool
) -> Iterator[CheckResult]:
    access = elsewhere.access
    version = connection.info.parameter_status("server_version") or "of unknown version"
    yield _answer("server", True, f"PostgreSQL {version} answers at {access.host}:{access.port} as {access.user}")
    yield _dumper(connection.info.server_version // 10000, programs)
    odoo = _is_odoo(connection, access.database)
    yield odoo
    readable = _readable(connection, access.user)
    yield readable
    yield _only_reads(connection, access.user)
    if odoo.passed and readable.passed:
        yield _of_series(connection, series)
        yield _files(connection, elsewhere.filestore)
        yield _in_object_stores(connection, fatal=fatal)


def _folder(elsewhere: AdoptedSource, home: Path) -> CheckResult:
    """Check that the folder is readable and is not one of ours."""
    path = elsewhere.filestore
    inner = path / "filestore" / elsewhere.access.database
    if path.is_relative_to(home) or home.is_relative_to(path):
        return _answer("filestore", False, f"{path} is the platform's own", hint="name the folder of the other Odoo")
    if inner.is_dir():
        return _answer("filestore", False, f"{path} is Odoo's data_dir, not a filestore", hint=f"--filestore {inner}")
    if not path.is_dir():
        return _answer("filestore", False, f"there is no folder {path}", hint="mount it here, and name it whole")
    if not os.access(path, os.R_OK | os.X_OK):
        return _answer("filestore", False, f"{path} cannot be read", hint="let the platform's account read it")
    return _answer("filestore", True, f"{path} can be read")


def _log(path: Path | None) -> CheckResult:
    """Check that the log of its Odoo is readable."""
    if path is None:
        return _answer("log", True, "not named: backups hold no log of its Odoo (--log FILE names it)")
    if not path.is_file() or not os.access(path, os.R_OK):
        hint = "let the platform's account read the file and its folder"
        return _answer("log", False, f"{path} is no file that can be read", hint=hint, blocking=False)
    return _answer("log", True, f"{path} and what is rotated away from it go into backups")


def _dumper(server: int, programs: Programs) -> CheckResult:
    """Check that our pg_dump is new enough for the server."""
    path, hint = programs.path("pg_dump"), f"install the PostgreSQL {server} client programs"
    try:
        output = subprocess.run(
            [path, "--version"], env=clean_environment(), capture_output=True, text=True, check=False
        ).stdout
    except OSError as exc:
        return _answer("pg_dump", False, f"{path} does not run: {exc.strerror}", hint=hint)
    found = re.search(r"\d+", output)
    if found is None or int(found.group()) < server:
        return _answer("pg_dump", False, f"{output.strip() or path} is older than the server, {server}", hint=hint)
    return _answer("pg_dump", True, f"pg_dump {found.group()} reads a server of version {server}")


def _is_odoo(connection: Connection, database: str) -> CheckResult:
    """Check that the database has Odoo's tables; this works without the right to read them."""
    wanted = {"ir_module_module", "ir_attachment"}
    query = """
        select c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relname = any (%s)
    """
    missing = wanted - {name for (name,) in connection.execute(query, [list(wanted)])}
    if missing:
        summary = f"{database} is no Odoo database: it has no table {', '.join(sorted(missing))}"
        return _answer("odoo", False, summary, hint="name Odoo's own database in the connection string")
    return _answer("odoo", True, f"{database} is an Odoo database")


def _readable(connection: Connection, role: str) -> CheckResult:
    """Check that the role may read everything that a dump reads, and that no row-level security hides rows."""
    query = f"""
        select format('%I.%I', n.nspname, c.relname) {_DUMPED}
           and (
               not has_schema_privilege(n.oid, 'usage')
               or case c.relkind
                   when 'S' then not has_sequence_privilege(c.oid, 'select')
                   else not has_table_privilege(c.oid, 'select') or row_security_active(c.oid)
               end
           )
         order by 1
    """
    hidden = [name for (name,) in connection.execute(query)]
    if hidden:
        named = ", ".join(hidden[:_NAMED]) + (", ..." if len(hidden) > _NAMED else "")
        summary = f"{role} cannot read {len(hidden)} tables and sequences: {named}"
        return _answer("readable", False, summary, hint=f"as a superuser: grant pg_read_all_data to {role}")
    return _answer("readable", True, f"{role} may read every table and sequence")


def _only_reads(connection: Connection, role: str) -> CheckResult:
    """Warn if the role may write; nothing here does."""
    query = f"""
        select count(*) filter (where has_table_privilege(c.oid, 'insert, update, delete, truncate')), count(*)
        {_DUMPED} and c.relkind <> 'S'
    """
    row = connection.execute(query).fetchone()
    writable, tables = row or (0, 0)
    if writable:
        summary = f"{role} may also write {writable} of {tables} tables"
        hint = "nothing here writes them; a role that only reads could not even by mistake"
        return _answer("read-only", False, summary, hint=hint, blocking=False)
    return _answer("read-only", True, f"{role} may write none of {tables} tables")


def _of_series(connection: Connection, series: str) -> CheckResult:
    query = "select latest_version from public.ir_module_module where name = 'base' and state = 'installed'"
    row = connection.execute(query).fetchone()
    found = str(row[0]).rsplit(".", 2)[0] if row and row[0] else "unknown: base is not installed"
    hint = "adopt it into a project of its own series: ops project create --odoo"
    if found != series:
        return _answer("series", False, f"its Odoo series is {found}, the project's {series}", hint=hint)
    return _answer("series", True, f"its Odoo series is {series}")


def _files(connection: Connection, folder: Path) -> CheckResult:
    """Check a sample of the attachments' files; block only if most are missing, as old productions often lack some."""
    query = """
        select store_fname
          from (
              select distinct store_fname from public.ir_attachment
               where store_fname <> '' and store_fname !~ '^[^/]+://'
          ) as files
         order by md5(store_fname) limit %s
    """
    names = [name for (name,) in connection.execute(query, [_SAMPLE])]
    missing = [name for name in names if not os.access(folder / name, os.R_OK)]
    if missing:
        summary = f"{len(missing)} of {len(names)} sampled attachments are not in {folder}, {missing[0]} for one"
        hint = f"the filestore of a database is data_dir/filestore/{connection.info.dbname}"
        return _answer("attachments", False, summary, hint=hint, blocking=2 * len(missing) > len(names))
    return _answer("attachments", True, f"{len(names)} sampled attachments are in {folder}")


def _in_object_stores(connection: Connection, *, fatal: bool) -> CheckResult:
    """Check that no attachment is in an object store, out of reach of a backup."""
    query = "select distinct store_fname from public.ir_attachment where store_fname ~ '^[^/]+://'"
    _, stores = split_by_store(name for (name,) in connection.execute(query))
    if stores:
        hint = (
            "back the object store up by itself; policy backup.attachments_elsewhere_fatal decides whether that blocks"
        )
        return _answer("object store", False, summary_of(stores), hint=hint, blocking=fatal)
    return _answer("object store", True, "no attachment is in an object store")


def _answer(name: str, passed: bool, summary: str, *, hint: str = "", blocking: bool = True) -> CheckResult:
    return CheckResult(name=name, passed=passed, summary=summary, blocking=blocking, metadata={"hint": hint})
