"""What a process must prove before it may fork: one thread, no socket, no gRPC object, and code as it lies on disk.

A fork copies one thread only. A lock that another thread held stays locked, and a connection would be used by two
processes; gRPC's objects hold both (grpc/grpc#15334).
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

# Time of the last change, size and inode: an installer that keeps the times of files writes new inodes.
Stamp = tuple[int, int, int]


def obstacles(*, own_sockets: Iterable[int] = ()) -> list[str]:
    """Return what makes a fork of this process unsafe, in words; empty if nothing does.

    Args:
        own_sockets: descriptors of the sockets that the process may hold.
    """
    threads = _entries("/proc/self/task")
    sockets = sorted(_sockets() - set(own_sockets))
    found = [] if len(threads) == 1 else [f"{len(threads)} threads: {', '.join(map(_named, threads))}"]
    found += [f"sockets that are not ours: {', '.join(map(str, sockets))}"] if sockets else []
    kinds = sorted(_grpc_objects())
    found += [f"gRPC objects: {', '.join(kinds)}"] if kinds else []
    return found


class ImportedCode:
    """The files that this process has imported and those it has read, as they were when this object was made."""

    def __init__(self, *read: Path) -> None:
        self._stamps = {path: _stamp(path) for path in (*_imported_files(), *map(str, read))}

    def changed(self) -> str | None:
        """Return a file that is no longer as it was imported; None if all are."""
        return next((path for path, stamp in self._stamps.items() if _stamp(path) != stamp), None)

    def __len__(self) -> int:
        return len(self._stamps)


def _imported_files() -> set[str]:
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    return {str(spec.origin) for spec in specs if spec is not None and spec.has_location and spec.origin}


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib would double the time, and a launch waits for thousands of these
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _entries(folder: str) -> list[int]:
    return [int(entry.name) for entry in Path(folder).iterdir()]


def _named(thread: int) -> str:
    names = {found.native_id: found.name for found in threading.enumerate()}
    return names.get(thread, "not Python's")


def _sockets() -> set[int]:
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
