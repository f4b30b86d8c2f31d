"""Holds the programs of one environment to its share of the machine; the launcher of each program imports this file.

The launcher has no package: this file imports the standard library alone, and what starts in a few milliseconds of it.

Where the platform's cgroup (v2) is delegated to it, the kernel holds the limits: one group per environment, in it one
leaf per program, which is killed as a whole. Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst;
systemd's CGROUP_DELEGATION.md. Elsewhere each launcher sums the memory of all programs of its environment, and the one
whose program takes the most ends it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

# The leaf in which the platform's own programs are; the groups of the environments are beside it.
PLATFORM = "odooops.platform"
# Where distributions mount cgroup v2, alone or beside v1.
MOUNTS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
# The part of a limit that a job counts as larger than it is: a job is ended before the service that people use. The
# same for the kernel, in thousandths; programs of environments are ended before the platform's.
_JOB_HANDICAP = 0.5
_OOM_SCORES = {"job": "500", "service": "200"}
# Programs that are far below their limit are looked at less often, in seconds.
_FAR, _NEAR = 1.0, 0.1
_CPU_PERIOD = 100_000
_MB = 1024 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEMORY_FOLDERS = ("tmp", "dev/shm")


class Share:
    """One program's membership in the share of its environment; this one has no limits."""

    # How long the launcher may wait until it looks again.
    pause = _FAR

    def enter(self) -> None:
        """Put the calling process and all that it starts into the share."""

    def look(self) -> str:
        """Return a sentence if the program must be ended, else an empty one."""
        return ""

    def leave(self) -> str:
        """Give up the membership; return a sentence if the program was ended for its limit, else an empty one."""
        return ""


def share_of(told: Mapping[str, Any] | None, *, sandboxed: bool) -> Share:
    """Return the membership of a program in the share of its definition, in a cgroup where there is one."""
    if told is None:
        return Share()
    base = delegated()
    if base is not None:
        try:
            return KernelShare(told, base=base)
        except OSError:
            pass  # such as a kernel that lost a controller: the launchers keep the limit
    return WatchedShare(told, sandboxed=sandboxed)


def delegated(pid: str = "self") -> str | None:
    """Return the cgroup in which the process may make groups with limits of memory; None if there is none."""
    path = cgroup_of(pid)
    if path is None or os.path.basename(path) != PLATFORM:  # noqa: PTH119 - see launch.py
        return None
    base = os.path.dirname(path)  # noqa: PTH120 - see launch.py
    return base if b"memory" in contents(f"{base}/cgroup.subtree_control").split() else None


def cgroup_of(pid: str = "self") -> str | None:
    """Return the folder of the process' cgroup of version 2; None where there is none."""
    mounts = [mount for mount in MOUNTS if os.path.isfile(f"{mount}/cgroup.controllers")]  # noqa: PTH113 - see launch.py
    for line in contents(f"/proc/{pid}/cgroup").decode().splitlines():
        if line.startswith("0::/") and mounts:
            return f"{mounts[-1]}{line[3:]}".rstrip("/")
    return None


class KernelShare(Share):
    """A leaf for the program in the environment's group."""

    def __init__(self, told: Mapping[str, Any], *, base: str) -> None:
        self._told = told
        self._group = f"{base}/{told['name']}"
        self._leaf = f"{self._group}/{told['program']}"
        _make(self._group)
        _write(f"{self._group}/cgroup.subtree_control", "+memory +pids")
        for name, value in _values(told):
            with suppress(FileNotFoundError):  # such as cpu.weight without the controller, or swap that is not counted
                _write(f"{self._group}/{name}", value)
        self._remove_empty()
        _make(self._leaf)
        _write(f"{self._leaf}/memory.oom.group", "1")

    def enter(self) -> None:
        """Join the leaf, and be preferred to the platform's programs when the machine has no memory left."""
        _write(f"{self._leaf}/cgroup.procs", "0")
        _write("/proc/self/oom_score_adj", _OOM_SCORES[self._told["kind"]])

    def leave(self) -> str:
        """Remove the leaf; return whether the kernel killed in it."""
        killed = _event(self._leaf, b"oom_kill")
        self._remove_empty()
        with suppress(OSError):
            os.rmdir(self._group)  # noqa: PTH106 - see launch.py
        return sentence(self._told) if killed else ""

    def _remove_empty(self) -> None:
        """Remove the leaves without programs: ours, and those of launchers that were killed."""
        for entry in _entries(self._group):
            with suppress(OSError):
                os.rmdir(f"{self._group}/{entry}")  # noqa: PTH106 - see launch.py


class WatchedShare(Share):
    """A look at the memory of all programs of the environment, again and again."""

    def __init__(self, told: Mapping[str, Any], *, sandboxed: bool) -> None:
        self._told = told
        self._limit = int(told["memory_mb"]) * _MB
        self._folder = str(told["folder"])
        self._own = f"{self._folder}/{os.getpid()}"
        self._verdict = ""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - see launch.py
        words = {"started": _started(os.getpid()), "kind": told["kind"], "sandboxed": sandboxed}
        _write(self._own, json.dumps(words))
        list(_members(self._folder))

    def enter(self) -> None:
        """Be preferred to the platform's programs when the machine has no memory left."""
        with suppress(OSError):
            _write("/proc/self/oom_score_adj", _OOM_SCORES[self._told["kind"]])

    def look(self) -> str:
        """Return a sentence if all programs together take too much, and ours takes the most."""
        if not self._limit:
            return ""
        members = dict(_members(self._folder))
        trees = {pid: _tree(pid) for pid in members}
        # Pages that several processes share count several times in this sum, which costs little.
        most = sum(_resident(tree) + _in_memory(tree, members[pid]) for pid, tree in trees.items())
        self.pause = _NEAR if most > self._limit / 2 else _FAR
        if most > self._limit:
            self._judge({pid: _used(tree, members[pid]) for pid, tree in trees.items()}, members)
        return self._verdict

    def leave(self) -> str:
        """Return the sentence of the look that ended the program."""
        with suppress(OSError):
            os.unlink(self._own)  # noqa: PTH108 - see launch.py
        return self._verdict

    def _judge(self, used: Mapping[int, int], members: Mapping[int, Mapping[str, Any]]) -> None:
        total = sum(used.values())
        if total <= self._limit:
            return
        handicap = self._limit * _JOB_HANDICAP
        sizes = {pid: size + (handicap if members[pid]["kind"] == "job" else 0) for pid, size in used.items()}
        if max(sizes, key=lambda pid: (sizes[pid], -pid)) == os.getpid():
            self._verdict = sentence(self._told, used_mb=round(total / _MB))


def kernel_use(group: str) -> int | None:
    """Return the memory of a group in bytes; None if there is no such group."""
    found = contents(f"{group}/memory.current")
    return int(found) if found else None


def watched_use(folder: str) -> int:
    """Return the memory of the programs whose launchers meet in the folder, in bytes."""
    return sum(_used(_tree(pid), words) for pid, words in _members(folder))


def _used(tree: list[int], words: Mapping[str, Any]) -> int:
    return sum(map(_proportional, tree)) + _in_memory(tree, words)


def _in_memory(tree: list[int], words: Mapping[str, Any]) -> int:
    """Return what the files in memory of a sandbox take, in bytes."""
    return _files_in_memory(tree[-1]) if tree and words["sandboxed"] else 0


def _members(folder: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the launchers of an environment's programs that live; forget the others."""
    for entry in _entries(folder):
        if not entry.isdigit():
            continue
        try:
            words = json.loads(contents(f"{folder}/{entry}"))
        except ValueError:
            continue  # it is being written
        if words["started"] == _started(int(entry)):
            yield int(entry), words
        else:
            with suppress(OSError):
                os.unlink(f"{folder}/{entry}")  # noqa: PTH108 - see launch.py


def _values(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    memory, processes, percent = int(told["memory_mb"]), int(told["processes"]), int(told["cpu_percent"])
    yield "memory.max", str(memory * _MB) if memory else "max"
    # Memory that could be swapped out would be no limit.
    yield "memory.swap.max", "0" if memory else "max"
    yield "pids.max", str(processes) if processes else "max"
    yield "cpu.max", f"{percent * _CPU_PERIOD // 100} {_CPU_PERIOD}" if percent else f"max {_CPU_PERIOD}"
    yield "cpu.weight", str(told["cpu_weight"])


def sentence(told: Mapping[str, Any], *, used_mb: int | None = None) -> str:
    """Return the sentence with which a program is ended for its share of memory."""
    used = f"took {used_mb} MB of memory together and may take" if used_mb else "wanted more memory together than"
    limit = f"{told['memory_mb']} MB (ODOOOPS_ENVIRONMENT_MEMORY_MB, of a preview also policy preview.memory_mb)"
    return f"the programs of {told['owner']} {used} {limit}"


def _event(group: str, name: bytes) -> int:
    words = dict(line.split() for line in contents(f"{group}/memory.events").splitlines())
    return int(words.get(name, 0))


def _tree(launcher: int) -> list[int]:
    """Return the processes below a launcher, parents first."""
    found: list[int] = []
    waiting = [launcher]
    while waiting:
        pid = waiting.pop(0)
        for thread in _entries(f"/proc/{pid}/task"):
            below = [int(word) for word in contents(f"/proc/{pid}/task/{thread}/children").split()]
            found += below
            waiting += below
    return found


def _resident(tree: list[int]) -> int:
    """Return the memory of the processes in bytes, pages that they share counted several times."""
    sizes = (contents(f"/proc/{pid}/statm").split() for pid in tree)
    return sum(int(words[1]) * _PAGE for words in sizes if len(words) > 1)


def _proportional(pid: int) -> int:
    """Return the memory of the process in bytes, of shared pages its part."""
    for line in contents(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return _resident([pid])


def _files_in_memory(pid: int) -> int:
    total = 0
    for folder in _MEMORY_FOLDERS:
        with suppress(OSError):
            found = os.statvfs(f"/proc/{pid}/root/{folder}")
            total += (found.f_blocks - found.f_bfree) * found.f_frsize
    return total


def machine_kills() -> int:
    """Return how many programs the kernel has killed since its start because there was no memory left."""
    for line in contents("/proc/vmstat").splitlines():
        if line.startswith(b"oom_kill "):
            return int(line.split()[1])
    return 0


def _started(pid: int) -> int:
    """Return when the process started, in the kernel's ticks; 0 if it is gone."""
    words = contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(words[19]) if len(words) > 19 else 0


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - see launch.py
    except OSError:
        return []


def _make(folder: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)  # noqa: PTH102 - see launch.py


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123 - see launch.py
        stream.write(text)


def contents(path: str) -> bytes:
    """Return the content of the file; empty if it or its process is gone."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - see launch.py
            return stream.read()
    except OSError:
        return b""
