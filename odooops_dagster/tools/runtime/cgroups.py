"""Makes the cgroup in which the kernel holds environments to their shares, where one is delegated to the platform."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from odooops_dagster.errors import Unavailable
from odooops_dagster.tools.runtime import shares

# memory and pids are needed; without cpu, environments share the CPU as all programs do.
_CONTROLLERS = ("memory", "pids", "cpu")
_NEEDED = _CONTROLLERS[:2]
# systemd sets one of these on a cgroup that it leaves to its unit: CGROUP_DELEGATION.md, "Delegation".
_DELEGATED = ("user.delegate", "trusted.delegate")
# It is there if systemd manages the machine's cgroups: sd_booted(3).
_SYSTEMD = Path("/run/systemd/system")


def enter() -> str:
    """Put this process into the leaf of the platform's programs, with room for environments beside it.

    Returns:
        the cgroup of the environments' groups. To be called before any program of the platform starts.

    Raises:
        Unavailable: no cgroup is delegated to us.
    """
    found = shares.delegated()
    if found is not None:
        return found
    base = _own()
    leaf = base / shares.PLATFORM
    try:
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text("0")
        _enable(base)
    except OSError as exc:
        with suppress(OSError):
            (base / "cgroup.procs").write_text("0")
            leaf.rmdir()
        raise _no_group(f"the cgroup {base} cannot be divided: {exc.strerror}") from exc
    return str(base)


def in_force(pid: int | None = None) -> str:
    """Return the cgroup in which a running platform's environments have their groups.

    Args:
        pid: the platform's process; None asks what a platform would have that we start.

    Raises:
        Unavailable: there is none, so that launchers watch the memory.
    """
    if pid is None:
        return shares.delegated() or str(_own())
    found = shares.delegated(str(pid))
    if found is None:
        raise _no_group("no cgroup was delegated to the platform when it started")
    return found


def _own() -> Path:
    """Return our cgroup if we may divide it."""
    path = shares.cgroup_of()
    if path is None:
        raise _no_group("this machine has no cgroups of version 2")
    lacking = sorted(set(_NEEDED) - set(_words(Path(path) / "cgroup.controllers")))
    if lacking:
        raise _no_group(f"the cgroup {path} has no controller of {' and '.join(lacking)}")
    if not all(os.access(f"{path}/{name}", os.W_OK) for name in (".", "cgroup.procs", "cgroup.subtree_control")):
        raise _no_group(f"the cgroup {path} is not ours")
    if _SYSTEMD.is_dir() and not any(_has_attribute(path, name) for name in _DELEGATED):
        raise _no_group(f"the cgroup {path} is systemd's")
    return Path(path)


def _enable(base: Path) -> None:
    """Enable the controllers for groups below; those that are needed have to be had."""
    there = _words(base / "cgroup.controllers")
    for name in _CONTROLLERS:
        if name in there:
            (base / "cgroup.subtree_control").write_text(f"+{name}")


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _has_attribute(path: str, name: str) -> bool:
    try:
        return os.getxattr(path, name) == b"1"
    except OSError:
        return False


def _no_group(reason: str) -> Unavailable:
    by_user = "" if os.geteuid() == 0 else "--user "
    started = f"systemd-run {by_user}--scope -p Delegate=yes ops up"
    return Unavailable(reason, hint=started if _SYSTEMD.is_dir() else "start it where a cgroup is delegated to it")
