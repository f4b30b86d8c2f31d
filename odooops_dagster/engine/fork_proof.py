"""The proof that a process may fork: one thread, no socket, no gRPC object, and code as it lies on disk.

A fork copies one thread only. A lock that another thread held stays locked, and a connection would be used by two
processes; gRPC's objects hold both (grpc/grpc#15334).
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from array import array
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

# Time of the last change, size and inode: an installer that keeps the times of files writes new inodes.
Stamp = tuple[int, int, int]
_GONE: Stamp = (-1, -1, -1)


def obstacles(*, own_sockets: Iterable[int] = ()) -> list[str]:
    """Return what makes a fork of this process unsafe, in words; empty if nothing does.

    Args:
        own_sockets: descriptors of the sockets that the process may hold.
    """
    threads = _entries("/proc/self/task")
    sockets = sorted(open_sockets() - set(own_sockets))
    found = [] if len(threads) == 1 else [f"{len(threads)} threads: {', '.join(map(_named, threads))}"]
    found += [f"sockets that are not ours: {', '.join(map(str, sockets))}"] if sockets else []
    kinds = sorted(_grpc_objects())
    found += [f"gRPC objects: {', '.join(kinds)}"] if kinds else []
    return found


class ImportedCode:
    """The files that this process has imported and those it has read, as they were when this object was made.

    It is kept in two flat values: to look at an object of each file would give a forked process a copy of its page.

    Args:
        read: the files that were read.
        earlier: the imported files of the process that this one was forked from.
    """

    def __init__(self, *read: Path, earlier: ImportedCode | None = None) -> None:
        self._last = next(reversed(sys.modules))
        imported = _imported_files(after=earlier._last if earlier is not None else None)  # noqa: SLF001 - our own
        paths = [*imported, *map(str, read)]
        self._paths = "\0".join(paths)
        self._stamps = array("q", [number for path in paths for number in _stamp(path)])
        self._earlier = earlier

    def changed(self) -> str | None:
        """Return a file that is no longer as it was imported; None if all are."""
        found = self._earlier.changed() if self._earlier is not None else None
        if found is not None:
            return found
        paths = self._paths.split("\0") if self._paths else []
        width = len(_GONE)
        stamps = (tuple(self._stamps[start : start + width]) for start in range(0, len(self._stamps), width))
        return next((path for path, stamp in zip(paths, stamps, strict=True) if _stamp(path) != stamp), None)

    def __len__(self) -> int:
        return len(self._stamps) // len(_GONE) + (len(self._earlier) if self._earlier is not None else 0)


def _imported_files(*, after: str | None) -> list[str]:
    """Return the files of the modules that were imported after this one, or of all if it is None or gone."""
    names = takewhile(lambda name: name != after, reversed(sys.modules))
    specs = [getattr(sys.modules[name], "__spec__", None) for name in list(names)]
    files = {str(spec.origin) for spec in specs if spec is not None and spec.has_location and spec.origin}
    return sorted(files)


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib would double the time, and a launch waits for thousands of these
    except OSError:
        return _GONE
    return status.st_mtime_ns, status.st_size, status.st_ino


def _entries(folder: str) -> list[int]:
    return [int(entry.name) for entry in Path(folder).iterdir()]


def _named(thread: int) -> str:
    names = {found.native_id: found.name for found in threading.enumerate()}
    return names.get(thread, "not Python's")


def open_sockets() -> set[int]:
    """Return the descriptors of this process's sockets."""
    found = set()
    for descriptor in _entries("/proc/self/fd"):
        try:
            if str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith("socket:"):
                found.add(descriptor)
        except OSError:
            continue  # the descriptor with which the folder was read
    return found


def _grpc_objects() -> set[str]:
    """Return the classes of gRPC's channels and servers that exist in this process."""
    grpc = sys.modules.get("grpc")
    kinds = tuple(getattr(grpc, name) for name in ("Channel", "Server")) if grpc is not None else ()
    # isinstance would ask lazy proxies for their class, and thereby import what they stand for.
    return {type(thing).__name__ for thing in gc.get_objects() if issubclass(type(thing), kinds)} if kinds else set()
