"""Loads a dump into an empty database: all of its rows, without what belongs to another server.

Each entry of the schema is executed on its own, by the role that will own it. Only an allow-list of kinds is tried. An
entry that holds no rows and that the server refuses is left out by name, and so is what depends on it: the server of
the environments does not know the roles, tablespaces and extensions of another. All rows are loaded, or the load fails.
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

# Reads the dump from its beginning, as often as it is asked.
Blocks = Callable[[], Iterable[bytes]]

_BLOCK = 1024 * 1024
# From this version of the server on there is the setting; older ones refuse the first line of what pg_restore says.
_TRANSACTION_TIMEOUT = 170000
_SCHEMA = ("pre-data", "post-data")
# What is different in every text that pg_restore writes: a key, the programs' versions.
_CHANGING = re.compile(rb"^(\\(un)?restrict |-- Dumped ).*$", re.MULTILINE)
_ROWS_OF = re.compile(r"\d+; \d+ \d+ (?:TABLE DATA|SEQUENCE SET) (.*)")
_CONNECT_SECONDS = 10


def load(access: DatabaseAccess, blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Fill an empty database from the dump, as the role that `access` names.

    Raises:
        StepFailed: the server does not take the rows or what holds them; the database is to be dropped.
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
    """Make in an empty database what the dump's rows would need, and no row.

    Raises:
        StepFailed: the server does not take it: nor would it take the dump.
        Unavailable: the server does not answer.
    """
    with schema_load(access) as loader:
        found = schema(blocks, dump_format=dump_format, programs=programs)
        # A comment changes nothing, and there is one for every field of Odoo's.
        loader.make(entry for entry in found if entry.kind != "COMMENT")
        return loader.finish()


def schema(blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Iterator[Entry]:
    """Yield the dump's entries without those of its rows."""
    if dump_format == "custom":
        for section in _SCHEMA:
            yield from _section(blocks, section, programs)
    else:
        yield from (entry for entry in entries(blocks()) if entry.kind not in ROWS)


def digest(blocks: Blocks, *, programs: dump.Programs) -> str:
    """Return what an archive's schema hashes to: two archives of one schema agree, whatever their rows are."""
    whole = hashlib.sha256()
    for section in _SCHEMA:
        with _sql(blocks, section, programs) as stream:
            whole.update(_CHANGING.sub(b"", stream.read()))
    return whole.hexdigest()


def unproven(blocks: Blocks, *, dump_format: str, programs: dump.Programs) -> Loaded:
    """Return what every load leaves out, where no server can be asked for the rest."""
    return Loaded(left_out=of_its_server(schema(blocks, dump_format=dump_format, programs=programs)))


def _section(blocks: Blocks, section: str, programs: dump.Programs) -> Iterator[Entry]:
    """Yield the entries of a part of an archive."""
    with _sql(blocks, section, programs) as stream:
        yield from entries(iter(lambda: stream.read(_BLOCK), b""))


def _sql(blocks: Blocks, section: str, programs: dump.Programs) -> AbstractContextManager[BinaryIO]:
    """Yield a part of an archive as SQL; its head names all objects, so that no row is read."""
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
    """Yield what chooses the rows of the tables that were made, where some were not."""
    if not loader.lacks_extension:
        yield ()
        return
    with tempfile.NamedTemporaryFile("w") as file:
        file.writelines(line for line in dump.entries(blocks(), programs=programs) if _is_chosen(line, loader.tables))
        file.flush()
        yield (f"--use-list={file.name}",)


def _is_chosen(line: str, tables: set[str]) -> bool:
    """Return whether an entry of `pg_restore --list` is none of a table's rows, or those of one of these tables."""
    found = _ROWS_OF.match(line)
    if found is None:
        return True
    # Schema, table and owner with spaces between them, and a name may have spaces too.
    words = found[1].split(" ")
    places = combinations(range(1, len(words) + 1), 2)
    return any(f"{' '.join(words[:schema])}.{' '.join(words[schema:table])}" in tables for schema, table in places)


def _rows(group: Iterable[Entry], loader: SchemaLoad) -> Iterator[bytes]:
    """Yield the rows as SQL, after the settings that they were written with."""
    yield loader.settings
    for entry in group:
        # The rows of other tables came with an extension that is not here.
        is_here = entry.label in loader.tables or not loader.lacks_extension
        if is_here or entry.kind not in ("TABLE DATA", "SEQUENCE SET"):
            yield from entry.lines


def _understands_pg_restore(access: DatabaseAccess) -> bool:
    """Return whether the server knows every setting with which our pg_restore begins."""
    try:
        with psycopg.connect(dump.conninfo(access), connect_timeout=_CONNECT_SECONDS) as connection:
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
    """Yield a script in psql's restricted mode, in which a dump from elsewhere cannot run programs."""
    key = secrets.token_hex(16)  # a dump that knew it could end the mode in the middle of a line
    return chain([f"\\restrict {key}\n".encode()], lines, [f"\\unrestrict {key}\n".encode()])
