"""A dump that came back from elsewhere: its form, its blocks, and the attachments that came with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.backup.sql_dump import scan
from odooops_dagster.tools.backup.zip_entries import opened, reading
from odooops_dagster.tools.backup.zip_import import unpack_files

_BLOCK = 1024 * 1024
# How the files begin. Source: pg_backup_archiver.c of PostgreSQL; APPNOTE.TXT of PKWARE.
_CUSTOM, _ZIP = b"PGDMP", b"PK\x03\x04"


@dataclass(frozen=True, kw_only=True)
class ReturnedDump:
    """A dump of pg_dump in custom or plain format, or a zip as Odoo's database manager makes it."""

    path: Path
    dump_format: Literal["custom", "plain"]
    is_zip: bool = False

    def blocks(self) -> Iterator[bytes]:
        """Yield the dump from its beginning."""
        if self.is_zip:
            with (
                opened(self.path) as (archive, contents),
                reading(contents.dump),
                archive.open(contents.dump) as stream,
            ):
                yield from iter(lambda: stream.read(_BLOCK), b"")
        else:
            with self.path.open("rb") as file:
                yield from iter(lambda: file.read(_BLOCK), b"")

    def unpack(self, folder: Path) -> tuple[str, ...]:
        """Write the attachments of a zip into a new folder, and return their names in the filestore."""
        if not self.is_zip:
            return ()
        with opened(self.path) as (archive, contents):
            unpack_files(archive, contents.files, folder)
            return tuple(contents.files)


def returned_dump(path: Path) -> ReturnedDump:
    """Return the dump in the file.

    Raises:
        BadInput: there is none, it has no end, or its zip is damaged or malicious.
    """
    # The program that wrote it has ended, so that nothing can take the file's place meanwhile.
    if path.is_symlink() or not path.is_file():
        raise BadInput("there is no dump")
    with path.open("rb") as file:
        start = file.read(len(_CUSTOM))
    if start == _CUSTOM:
        return ReturnedDump(path=path, dump_format="custom")
    found = ReturnedDump(path=path, dump_format="plain", is_zip=start.startswith(_ZIP))
    _require_end(found)
    return found


def _require_end(found: ReturnedDump) -> None:
    if found.is_zip:
        with opened(found.path) as (archive, contents), reading(contents.dump), archive.open(contents.dump) as stream:
            is_whole = scan(cast("BinaryIO", stream)).is_whole
    else:
        with found.path.open("rb") as file:
            is_whole = scan(file).is_whole
    if not is_whole:
        raise BadInput("the dump has no end: it is no dump of pg_dump, or a part of one")
