"""Opens an untrusted zip and checks its entries before any is read."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from odooops_dagster.errors import BadInput

# Names of the entries in Odoo's zip.
DUMP = "dump.sql"
MANIFEST = "manifest.json"
FILESTORE = "filestore/"

FROM_ODOO = "take a zip that Odoo itself made: odoo db dump"
_COPIED = "was it copied whole? compare its size with the original's"
# SQL compresses by 10 to 20 times; a large zip with a higher ratio than this is a zip bomb.
_LARGEST_RATIO = 200
_HARMLESS_BYTES = 1024**3
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Zip flags: password, strong encryption, patched data.
_ENCRYPTED = 0x1 | 0x20 | 0x40
_LOCAL_HEADER_BYTES = 30
_FILE = re.compile(r"filestore/(?P<name>[0-9a-f]{2,3}/[0-9a-f]{40})")
# Odoo's list of files for its garbage collection.
_NOTES = "filestore/checklist/"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The entries of a zip that make up an Odoo database."""

    dump: zipfile.ZipInfo
    manifest: zipfile.ZipInfo | None
    files: Mapping[str, zipfile.ZipInfo]  # by name in the filestore
    ignored: tuple[str, ...]


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Contents]]:
    """Open the zip and check its directory; raise BadInput if it is not a safe zip of Odoo."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as exc:
        raise BadInput(f"there is no file {path}") from exc
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        raise BadInput(f"{path.name} is no zip that can be read: {exc}", hint=_COPIED) from exc
    with archive:
        yield archive, _contents(path, archive.infolist())


def _contents(path: Path, entries: Sequence[zipfile.ZipInfo]) -> Contents:
    by_name: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        if reason := _reason_to_refuse(entry) or ("is there twice" if entry.filename in by_name else None):
            raise BadInput(f"{path.name}: entry {entry.orig_filename[:100]!r} {reason}", hint=FROM_ODOO)
        by_name[entry.filename] = entry
    _refuse_bomb(path, entries)
    if DUMP not in by_name:
        raise BadInput(f"{path.name} has no {DUMP}", hint=FROM_ODOO)
    files = {found["name"]: entry for name, entry in by_name.items() if (found := _FILE.fullmatch(name))}
    known = {DUMP, MANIFEST, *(FILESTORE + name for name in files)}
    return Contents(
        dump=by_name[DUMP],
        manifest=by_name.get(MANIFEST),
        files=files,
        ignored=tuple(n for n in by_name if n not in known and not n.endswith("/") and not n.startswith(_NOTES)),
    )


def _reason_to_refuse(entry: zipfile.ZipInfo) -> str | None:
    """Return why the entry cannot be part of Odoo's zip; None if it can."""
    name = entry.orig_filename  # the raw name; zipfile normalizes `filename`
    path = PurePosixPath(name)
    reasons = {
        "has signs in its name that nobody can read": any(ord(sign) < 32 or ord(sign) == 127 for sign in name),
        "leads out of the folder": path.is_absolute() or "\\" in name or ":" in name or ".." in path.parts,
        "has an odd name": path.as_posix() != name.removesuffix("/"),
        "is no file": stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR),
        "is encrypted": bool(entry.flag_bits & _ENCRYPTED),
        "is compressed in a way that Odoo does not know": entry.compress_type not in _METHODS,
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


def _refuse_bomb(path: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raise BadInput for a zip bomb: a very high compression ratio, or entries that overlap."""
    packed, whole = path.stat().st_size, sum(entry.file_size for entry in entries)
    if whole > max(_HARMLESS_BYTES, packed * _LARGEST_RATIO):
        raise BadInput(f"{path.name} would become {whole} bytes out of {packed}", hint=FROM_ODOO)
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise BadInput(f"{path.name}: entry {entry.filename[:100]!r} shares its bytes with another", hint=FROM_ODOO)
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size


@contextmanager
def reading(entry: zipfile.ZipInfo) -> Iterator[None]:
    """Raise BadInput with the entry's name if its bytes are damaged."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as exc:
        raise BadInput(f"entry {entry.filename} of the zip is damaged: {exc}", hint=_COPIED) from exc
