"""Loads a dump into an empty database: all of its rows, without the objects that belong to the source server.

Each schema entry is executed on its own, by the role that will own the object. Only an allow-list of kinds is tried. If
the server refuses an entry that holds no rows, the load leaves out and reports that entry and its dependents: the
environments' server may lack the source's roles, tablespaces and extensions. All rows are loaded, or the load fails.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, combinations, groupby
from typing import BinaryIO

import psycopg

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup import dump
from odooops_dagster.tools.backup.left_out import ROWS, of_its_server
from odooops_dagster.tools.backup.schema_load import Loaded, SchemaLoad, schema_load
from odooops_dagster.tools.backup.script import Entry, entries, loadable
from odooops_dagster.tools.postgres.connections import reader

# Each call returns the dump from its beginning.
Blocks = Callable[[], Iterable[bytes]]

_BLOCK = 1024 * 1024
# Servers before this version do not know the setting transaction_timeout and refuse pg_restore's first statement.
_TRANSACTION_TIMEOUT = 170000
_SCHEMA = ("pre-data", "post-data")
# Lines that differ between two outputs of pg_restore: a random key, the programs' versions.
_CHANGING = re.compile(rb"^(\\(un)?restrict |-- Dumped ).*$", re.MULTILINE)
_ROWS_OF = re.compile(r"\d+; \d+ \d+ (?:TABLE DATA|SEQUENCE SET) (.*)")


def load(access: DatabaseAccess, blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Fill an empty database from the dump, as the role that `access` names.

    Raises:
        StepFailed: the server refuses the rows or their tables; the caller has to drop the database.
        Unavailable: the server does not answer, or ends the connection.
    """
    with schema_load(access) as loader:
        if dump_format == "custom":
            loader.make(_section(blocks, "pre-data", programs))
            loader.wait_for_rows()
            _fill(access, blocks, loader, programs)
            loader.make(_section(blocks, "post-data", programs))
        else:
            for is_data, group in groupby(entries(blocks()), key=lambda entry: entry.kind in ROWS):
                if is_data:
                    loader.wait_for_rows()
                    _psql(access, _rows(group, loader), programs=programs)
                else:
                    loader.make(group)
        return loader.finish()


def prove(access: DatabaseAccess, blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Create the dump's schema in an empty database, without its rows.

    Raises:
        StepFailed: the server refuses the schema, so it would refuse the dump too.
        Unavailable: the server does not answer.
    """
    with schema_load(access) as loader:
        found = schema(blocks, dump_format=dump_format, programs=programs)
        # Skip comments: Odoo has one per field, and they prove nothing.
        loader.make(entry for entry in found if entry.kind != "COMMENT")
        return loader.finish()


def schema(blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Iterator[Entry]:
    """Yield the schema entries of the dump."""
    if dump_format == "custom":
        for section in _SCHEMA:
            yield from _section(blocks, section, programs)
    else:
        yield from (entry for entry in entries(blocks()) if entry.kind not in ROWS)


def digest(blocks: Blocks, *, programs: dump.Programs) -> str:
    """Return the hash of an archive's schema; it does not depend on the rows."""
    whole = hashlib.sha256()
    for section in _SCHEMA:
        with _sql(blocks, section, programs) as stream:
            whole.update(_CHANGING.sub(b"", stream.read()))
    return whole.hexdigest()


def unproven(blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Return the entries that every load leaves out; for use when no server is available."""
    return Loaded(left_out=of_its_server(schema(blocks, dump_format=dump_format, programs=programs)))


def _section(blocks: Blocks, section: str, programs: dump.Programs) -> Iterator[Entry]:
    """Yield the entries of one section of an archive."""
    with _sql(blocks, section, programs) as stream:
        yield from entries(iter(lambda: stream.read(_BLOCK), b""))


def _sql(blocks: Blocks, section: str, programs: dump.Programs) -> AbstractContextManager[BinaryIO]:
    """Yield one section of an archive as SQL; pg_restore reads the table of contents, not the rows."""
    options = (f"--section={section}", "--no-owner", "--no-privileges")
    return dump.as_sql(blocks(), programs=programs, options=options)


def _fill(access: DatabaseAccess, blocks: Blocks, loader: SchemaLoad, programs: dump.Programs) -> None:
    """Load the rows of an archive."""
    with _chosen(blocks, loader, programs) as chosen:
        options = ("--section=data", "--no-owner", "--no-privileges", "--no-security-labels", *chosen)
        if _understands_pg_restore(access):
            direct = ("--exit-on-error", *options, f"--dbname={dump.without_password(access)}")
            with dump.running(programs, "pg_restore", direct, access, reads=True) as process:
                dump.feed(process, blocks())
        else:
            with dump.as_sql(blocks(), programs=programs, options=options) as stream:
                _psql(access, loadable(iter(lambda: stream.read(_BLOCK), b"")), programs=programs)


@contextmanager
def _chosen(blocks: Blocks, loader: SchemaLoad, programs: dump.Programs) -> Iterator[Sequence[str]]:
    """Yield the pg_restore option that selects the rows of existing tables; none if no extension was left out."""
    if not loader.lacks_extension:
        yield ()
        return
    with tempfile.NamedTemporaryFile("w") as file:
        file.writelines(line for line in dump.entries(blocks(), programs=programs) if _is_chosen(line, loader.tables))
        file.flush()
        yield (f"--use-list={file.name}",)


def _is_chosen(line: str, tables: set[str]) -> bool:
    """Return whether a line of `pg_restore --list` is to be loaded: any line but rows of a table not in `tables`."""
    found = _ROWS_OF.match(line)
    if found is None:
        return True
    # Schema, table and owner are separated by spaces, and each name may contain spaces: try every split.
    words = found[1].split(" ")
    places = combinations(range(1, len(words) + 1), 2)
    return any(f"{' '.join(words[:schema])}.{' '.join(words[schema:table])}" in tables for schema, table in places)


def _rows(group: Iterable[Entry], loader: SchemaLoad) -> Iterator[bytes]:
    """Yield the dump's settings and then the rows as SQL."""
    yield loader.settings
    for entry in group:
        # A table that does not exist belongs to an extension that was left out.
        is_here = entry.label in loader.tables or not loader.lacks_extension
        if is_here or entry.kind not in ("TABLE DATA", "SEQUENCE SET"):
            yield from entry.lines


def _understands_pg_restore(access: DatabaseAccess) -> bool:
    """Return whether the server knows every setting that our pg_restore sets."""
    try:
        with reader(access, application="odooops load") as connection:
            return connection.info.server_version >= _TRANSACTION_TIMEOUT
    except psycopg.Error as exc:
        raise Unavailable(f"database {access.database}: {' '.join(str(exc).split())}") from exc


def _psql(access: DatabaseAccess, lines: Iterable[bytes], *, programs: dump.Programs) -> None:
    options = (
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--single-transaction",
        "--output=/dev/null",
        "--file=-",
    )
    with dump.running(programs, "psql", options, access, reads=True) as process:
        dump.feed(process, _restricted(lines))


def _restricted(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the script in psql's restricted mode, in which a foreign dump cannot run programs."""
    key = secrets.token_hex(16)  # random, because a dump that knew it could end the restricted mode
    return chain([f"\\restrict {key}\n".encode()], lines, [f"\\unrestrict {key}\n".encode()])
