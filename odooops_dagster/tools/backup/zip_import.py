"""Inspects a zip of Odoo's database manager or Odoo.sh, and imports it as a backup."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.tools.backup.create import Created, create_from_streams
from odooops_dagster.tools.backup.external_files import split_by_store, summary_of
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.parallel import Progress, silent
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.sql_dump import PlainDump, scan
from odooops_dagster.tools.backup.zip_entries import DUMP, FROM_ODOO, MANIFEST, Contents, opened, reading
from odooops_dagster.wording import some_of

_BLOCK = 1024 * 1024
_LARGEST_MANIFEST = 16 * 1024 * 1024
_SERIES = re.compile(r"(?:saas~)?(\d+\.\d+)")
_MAJOR = re.compile(r"\d+")
# The text fields of Odoo's manifest.json.
_WORDS = ("odoo_dump", "db_name", "version", "major_version", "pg_version")
_LONGEST_WORD = 100
_NAMES_SHOWN = 5
# The time of an entry without a time.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The content of a zip, and the objections to its use in a project."""

    path: Path
    packed_bytes: int
    dump_bytes: int
    file_count: int
    file_bytes: int
    taken_at: datetime
    database_name: str
    odoo_version: str
    postgres_version: str
    modules: Mapping[str, str]  # version of each installed module
    rows: Mapping[str, int]  # row count per table
    missing: tuple[str, ...]  # files that the database refers to and the zip lacks
    altered: tuple[str, ...]  # files whose hash differs from their name
    elsewhere: Mapping[str, int]  # number of attachments per object store, not in the zip
    ignored: tuple[str, ...]  # entries that are not part of an Odoo database
    commands: tuple[str, ...]  # psql commands, which a load refuses
    odoo_manifest: Mapping[str, Any]

    @property
    def unpacked_bytes(self) -> int:
        """Return the size of the restored data in bytes."""
        return self.dump_bytes + self.file_bytes

    def objections(
        self, *, series: str | None = None, modules: Collection[str] | None = None, postgres: int | None = None
    ) -> tuple[str, ...]:
        """Return the objections to a restore with this Odoo series, these available modules and this PostgreSQL."""
        return tuple(self._objections(series, modules, postgres))

    def _objections(self, series: str | None, modules: Collection[str] | None, postgres: int | None) -> Iterator[str]:
        if series and self.odoo_version and _series(self.odoo_version) != _series(series):
            yield f"it is of Odoo {self.odoo_version}, the project of {series}: it has to be upgraded first"
        major = _MAJOR.match(self.postgres_version)
        if postgres and major and int(major[0]) > postgres:
            yield f"it is of PostgreSQL {self.postgres_version}, and this server is {postgres}: it may not load"
        if modules is not None and (absent := sorted(set(self.modules) - set(modules))):
            named = some_of(absent, _NAMES_SHOWN)
            yield f"the project's build has no code of {len(absent)} installed module(s): {named}"
        if self.missing:
            yield f"{len(self.missing)} file(s) of its attachments are not in it: {some_of(self.missing, _NAMES_SHOWN)}"
        if self.altered:
            yield f"{len(self.altered)} file(s) are not what their names say: {some_of(self.altered, _NAMES_SHOWN)}"
        if self.elsewhere:
            yield summary_of(self.elsewhere)
        if self.commands:
            yield f"its dump has commands of psql, which are refused: {some_of(self.commands, _NAMES_SHOWN)}"


def inspect_zip(path: Path, *, progress: Progress = silent) -> Report:
    """Read the whole zip and return its content, without unpacking anything to disk.

    Raises:
        BadInput: it is not a zip of an Odoo database, it is damaged, or it is malicious.
    """
    return _look(path, hashed=True, progress=progress)


def import_zip(
    repository: Repository,
    path: Path,
    *,
    backup_id: str,
    folder: Path,
    taken_at: datetime | None = None,
    database_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    quarantine: Collection[str] = (),
    progress: Progress = silent,
) -> Created:
    """Create a backup from the zip; its files are unpacked into `folder`, which is deleted before and after.

    A retry after a crash is safe; `taken_at` and `database_name` override the values that the zip gives.

    Raises:
        BadInput: it is not a zip of an Odoo database, it is damaged, or it is malicious.
        Conflict: a collection is running.
        Unavailable: the disk is full or not writable.
    """
    report = _look(path, hashed=False, progress=progress)  # the files are hashed when they are stored
    seen = replace(report, taken_at=taken_at or report.taken_at, database_name=database_name or report.database_name)
    draft = _draft(seen, backup_id, metadata or {})
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with opened(path) as (archive, contents):
            unpack_files(archive, contents.files, folder, progress=progress)
            with reading(contents.dump), archive.open(contents.dump) as stream:
                return create_from_streams(
                    repository,
                    cast("BinaryIO", stream),
                    folder,
                    manifest=draft,
                    quarantine=quarantine,
                    progress=progress,
                )
    except OSError as exc:
        raise Unavailable(f"{folder} cannot be written: {exc.strerror or exc}", hint="see to the disk") from exc
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _look(path: Path, *, hashed: bool, progress: Progress) -> Report:
    with opened(path) as (archive, contents):
        with reading(contents.dump), archive.open(contents.dump) as stream:
            counted = _Counted(stream, progress, contents.dump.file_size)
            found = scan(cast("BinaryIO", counted))
        if not found.is_whole:
            hint = "take it again: a dump of pg_dump ends with the words 'PostgreSQL database dump complete'"
            raise BadInput(f"{path.name}: {DUMP} has no end", hint=hint)
        altered = tuple(_altered(archive, contents.files, progress)) if hashed else ()
        return _report(path, archive, contents, found, altered)


class _Counted:
    """Reads lines of an entry and reports the progress."""

    def __init__(self, stream: Any, progress: Progress, whole: int) -> None:  # noqa: ANN401 - zipfile's own
        self._stream = stream
        self._progress = progress
        self._whole = whole
        self._done = self._reported = 0

    def readline(self, limit: int) -> bytes:
        """Return the next line, or its first `limit` bytes."""
        line: bytes = self._stream.readline(limit)
        self._done += len(line)
        if self._done - self._reported >= _BLOCK or not line:
            self._reported = self._done
            self._progress("database", self._done, self._whole)
        return line


def _altered(archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo], progress: Progress) -> Iterator[str]:
    whole, done = sum(entry.file_size for entry in files.values()), 0
    for name, entry in files.items():
        sha1 = hashlib.sha1(usedforsecurity=False)
        with reading(entry), archive.open(entry) as stream:
            while block := stream.read(_BLOCK):
                sha1.update(block)
                done += len(block)
        progress("filestore", done, whole)
        if sha1.hexdigest() != name.rpartition("/")[2]:
            yield name


def unpack_files(
    archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo], folder: Path, *, progress: Progress = silent
) -> None:
    """Write the attachments of an opened zip, by their names in the filestore, into a folder that does not exist yet.

    Raises:
        BadInput: an entry is damaged.
        Unavailable: they do not fit on the disk.
    """
    whole, done = sum(entry.file_size for entry in files.values()), 0
    folder.mkdir(parents=True)
    free = shutil.disk_usage(folder).free
    if whole > free:
        raise Unavailable(f"{folder} has room for {free} bytes, the zip's files take {whole}", hint="free disk space")
    for name, entry in files.items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        with reading(entry), archive.open(entry) as stream, target.open("xb") as file:
            shutil.copyfileobj(stream, file, _BLOCK)
        done += entry.file_size
        progress("files out of the zip", done, whole)


def _report(
    path: Path, archive: zipfile.ZipFile, contents: Contents, found: PlainDump, altered: tuple[str, ...]
) -> Report:
    manifest = _odoo_manifest(archive, contents.manifest)
    modules: Mapping[str, str] = found.modules or manifest.get("modules", {})
    version = str(manifest.get("major_version") or manifest.get("version") or modules.get("base", ""))
    files, elsewhere = split_by_store(found.attachments)
    return Report(
        path=path,
        packed_bytes=path.stat().st_size,
        dump_bytes=contents.dump.file_size,
        file_count=len(contents.files),
        file_bytes=sum(entry.file_size for entry in contents.files.values()),
        taken_at=_taken_at(path, contents.dump),
        database_name=_word(manifest.get("db_name") or path.stem)[:63],
        odoo_version=_series(version),
        postgres_version=_word(found.server_version or manifest.get("pg_version", "")),
        modules=dict(sorted(modules.items())),
        rows=found.rows,
        missing=tuple(name for name in files if name not in contents.files),
        altered=altered,
        elsewhere=elsewhere,
        ignored=contents.ignored,
        commands=tuple(sorted(found.commands)),
        odoo_manifest=manifest,
    )


def _odoo_manifest(archive: zipfile.ZipFile, entry: zipfile.ZipInfo | None) -> dict[str, Any]:
    """Return the content of manifest.json; empty if the zip has none."""
    if entry is None:
        return {}
    if entry.file_size > _LARGEST_MANIFEST:
        raise BadInput(f"{MANIFEST} of the zip is {entry.file_size} bytes long", hint=FROM_ODOO)
    with reading(entry):
        data = archive.read(entry)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise BadInput(f"{MANIFEST} of the zip is no JSON: {exc}", hint=FROM_ODOO) from exc
    if not isinstance(value, dict):
        raise BadInput(f"{MANIFEST} of the zip is no object", hint=FROM_ODOO)
    return _known(value)


def _known(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return only the fields that Odoo itself writes."""
    words: dict[str, Any] = {name: _word(text) for name in _WORDS if isinstance(text := value.get(name), str | int)}
    info, modules = value.get("version_info"), value.get("modules")
    if isinstance(info, list) and all(isinstance(part, str | int) for part in info):
        words["version_info"] = [_word(part) if isinstance(part, str) else part for part in info[:10]]
    if isinstance(modules, dict):
        words["modules"] = {
            _word(name): _word(version) for name, version in modules.items() if isinstance(version, str)
        }
    return words


def _word(text: object) -> str:
    """Return the printable characters of the text, shortened."""
    return "".join(sign for sign in str(text)[:_LONGEST_WORD] if sign.isprintable())


def _series(version: str) -> str:
    found = _SERIES.match(version)
    return found[1] if found else ""


def _taken_at(path: Path, entry: zipfile.ZipInfo) -> datetime:
    """Return the dump's time from the zip, at most the modification time of the zip file."""
    written = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    try:
        stamped = datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return written
    return written if entry.date_time == _NO_TIME else min(stamped, written)


def _draft(report: Report, backup_id: str, metadata: Mapping[str, Any]) -> Manifest:
    empty = Manifest.draft(backup_id, taken_at=report.taken_at, database_name=report.database_name, dump_format="plain")
    facts = {
        "server_version": report.postgres_version,
        "modules": dict(report.modules),
        "rows": dict(report.rows),
        "elsewhere": dict(report.elsewhere),
        "odoo_manifest": dict(report.odoo_manifest),
    }
    return replace(empty, missing=report.missing, facts=facts | dict(metadata))
