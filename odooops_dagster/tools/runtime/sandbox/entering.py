"""Puts this process into a sandbox that bwrap makes, for a program that shares memory with the one that forked it.

bwrap starts its program by an exec, after which nothing is shared. Here it starts one that only waits, whose namespaces
this process enters, and which then ends; what is in the sandbox is decided in bubblewrap.py alone. Source of the calls:
setns(2), ioctl_ns(2), capabilities(7), prctl(2).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Says its process id once bwrap has made everything, and ends when nobody holds its standard input.
_WAITS = ("/bin/sh", "-c", "echo $$; read -r _")
_NEWNS, _NEWIPC, _NEWUSER = 0x00020000, 0x08000000, 0x10000000
_NS_GET_USERNS = 0xB701
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_PR_CAP_AMBIENT, _CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522


def enter(options: Sequence[str]) -> None:
    """Put this process, which has one thread, into the sandbox, without capabilities and for good.

    Args:
        options: bwrap and its options; the sandbox shares the machine's processes.

    Raises:
        OSError: there is no such sandbox here; what had begun cannot be taken back.
    """
    parent = os.getppid()
    with subprocess.Popen(
        [*options, "--", *_WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PATH": os.defpath}
    ) as waiting:
        word = waiting.stdout.readline().decode().strip() if waiting.stdout is not None else ""
        if not word:
            raise OSError(f"bwrap did not start: status {waiting.wait()}")
        _join(Path("/proc") / word / "ns")
    _give_up_capabilities(parent)


def _join(namespaces: Path) -> None:
    """Enter the namespaces: a mount namespace belongs to the users' namespace around the last one."""
    last, mounts, ipc = (os.open(namespaces / name, os.O_RDONLY | os.O_CLOEXEC) for name in ("user", "mnt", "ipc"))
    owner = fcntl.ioctl(mounts, _NS_GET_USERNS)
    order = [(owner, _NEWUSER), (mounts, _NEWNS), (ipc, _NEWIPC)]
    if not os.path.sameopenfile(last, owner):
        order.append((last, _NEWUSER))
    for descriptor, kind in order:
        _call("setns", descriptor, kind)
    for descriptor in (last, mounts, ipc, owner):
        os.close(descriptor)


def _give_up_capabilities(parent: int) -> None:
    """Keep none of the capabilities that came with the namespace of users; end with the parent as before."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
    _call("prctl", _PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    # The kernel resets both when it gives capabilities.
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)
    _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        raise OSError("the parent is gone")


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
