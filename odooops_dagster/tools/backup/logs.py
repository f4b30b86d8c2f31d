"""The logs in a backup: logs of the environment's runs and of its Odoo."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.tools.backup.manifest import File, Manifest
from odooops_dagster.tools.backup.repository import Repository

# Maximum bytes per kind, newest logs first; Odoo writes about 60 MB before log rotation removes its logs.
LARGEST = {"runs": 16 * 1024**2, "odoo": 64 * 1024**2}


class Readable(Protocol):
    """A stream that is read in pieces."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, empty at the end."""


@dataclass(frozen=True, kw_only=True)
class LogSource:
    """A readable log; `ended_at` is set if the log no longer grows."""

    name: str  # "<kind>/<readable name>"
    read: Callable[[int], AbstractContextManager[Readable]]  # opens the last n bytes, from the start of a line
    ended_at: datetime | None = None

    @property
    def kind(self) -> str:
        """Return the kind of the log: `runs` or `odoo`."""
        return self.name.partition("/")[0]


@dataclass(kw_only=True)
class KeptLogs:
    """The result of storing the logs."""

    files: list[File] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # names of logs that could not be read
    older: int = 0  # number of logs beyond the size limit

    def facts(self) -> dict[str, object]:
        """Return the counts for the manifest's facts."""
        counts: dict[str, int] = defaultdict(int)
        for file in self.files:
            counts[file.name.partition("/")[0]] += 1
        return {**counts, "older": self.older, "unread": list(self.unread)}


def keep_logs(
    sources: Iterable[LogSource],
    *,
    keep: Callable[[BinaryIO], tuple[tuple[str, ...], int]],
    known: Callable[[str], File | None],
    since: datetime | None,
) -> KeptLogs:
    """Store the logs, newest first, up to the size limit of each kind.

    `known` returns a log of the last backup, taken at `since`; a log that ended before `since` is not read again.
    """
    kept = KeptLogs()
    room = dict(LARGEST)
    for source in sources:
        left = room[source.kind]
        if left <= 0:
            kept.older += 1
            continue
        file = known(source.name) if _is_settled(source, since) else None
        if file is None:
            try:
                file = _keep(source, left, keep)
            except OSError:
                kept.unread.append(source.name)
                continue
        room[source.kind] -= file.size_bytes
        kept.files += [file] if file.size_bytes else []
    kept.files.sort(key=lambda file: file.name)
    return kept


def logs_of(repository: Repository, manifest: Manifest) -> list[File]:
    """Return the logs of a backup from its log table."""
    return [File.from_line(line) for line in repository.lines(manifest.log_table, manifest.objects)]


def log_blocks(repository: Repository, manifest: Manifest, file: File) -> Iterator[bytes]:
    """Yield a log's bytes, each block read back and checked."""
    yield from (repository.read(name, manifest.objects) for name in file.objects)


def file_source(name: str, path: Path) -> LogSource:
    """Return the source of a log file."""
    return LogSource(name=name, read=lambda most: _end_of(path, most))


def rotated(path: Path) -> list[Path]:
    """Return the log and its rotated files, newest first: odoo.log, odoo.log.1, odoo.log-2026.gz."""
    found = [file for file in path.parent.glob(f"{path.name}*") if file.is_file() and not file.is_symlink()]
    return sorted(found, key=lambda file: (file != path, -file.stat().st_mtime))


def _is_settled(source: LogSource, since: datetime | None) -> bool:
    return since is not None and source.ended_at is not None and source.ended_at < since


def _keep(source: LogSource, most: int, keep: Callable[[BinaryIO], tuple[tuple[str, ...], int]]) -> File:
    with ExitStack() as stack:
        try:
            hashed = _Hashed(stack.enter_context(source.read(most)))
        except OdooOpsError as exc:
            raise OSError(str(exc)) from exc
        names, size = keep(cast("BinaryIO", hashed))
    return File(name=source.name, size_bytes=size, offset=0, objects=names, sha1=hashed.sha1.hexdigest())


class _Hashed:
    """Hashes a log while it is read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.sha1 = hashlib.sha1(usedforsecurity=False)

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(size)
        self.sha1.update(data)
        return data


class _End:
    """The next `left` bytes of a growing file."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self._stream = stream
        self._left = left

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data


@contextmanager
def _end_of(path: Path, most: int) -> Iterator[Readable]:
    """Yield the last `most` bytes of a regular file; raise OSError for a pipe or a link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path} is no file")
        if found.st_size > most:
            stream.seek(found.st_size - most)
            stream.readline(most)  # skip a partial line
        yield _End(stream, found.st_size - stream.tell())
