"""Tries to get out of a sandbox, and prints what succeeded as a JSON object: attack by attack, with its evidence.

Standard library only: it is run inside, by an interpreter that the sandbox offers. Its argument names the targets.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

Targets = dict[str, Any]
_SECONDS = 3.0
_PTRACE_ATTACH, _PTRACE_DETACH = 16, 17
_CLONE_NEWUSER = 0x10000000
# An attack on a limit stops at this number, so that a trial on a machine without limits does no harm.
_FORKS = 300
_MEMORY_FILE_MB = 24
_FILE_MB = 40
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Try every attack."""
    targets: Targets = json.loads(sys.argv[1])
    # The broken pipe and the file that is too large are answers, not ends.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sys.stdout.write(json.dumps({name: evidence for name, evidence in _results(targets) if evidence}) + "\n")


def _results(targets: Targets) -> Iterator[tuple[str, str]]:
    for name, attack in ATTACKS.items():
        with suppress(OSError, ValueError):
            yield name, attack(targets)


def reads_files(targets: Targets) -> str:
    """Read the platform's secrets, and another environment's files."""
    return _first(targets["files"], lambda path: _text(path)[:40])


def lists_folders(targets: Targets) -> str:
    """See what the platform and other environments hold."""
    return _first(targets["folders"], lambda path: " ".join(os.listdir(path)))  # noqa: PTH208 - standard library only


def writes_files(targets: Targets) -> str:
    """Leave a file where it is not ours, or change one."""
    return _first(targets["places"], _written)


def reads_shared_memory(targets: Targets) -> str:
    """Read what another program keeps in memory for its own."""
    return _first([targets["shared_memory"]], _text)


def connects_to_ports(targets: Targets) -> str:
    """Ask Dagster, the gateway, another environment's port, and the cloud's metadata service."""
    places = [("127.0.0.1", port) for port in targets["ports"]] + [("::1", port) for port in targets["ports"]]
    return _first([*places, *map(tuple, targets["addresses"])], _connected)


def connects_to_sockets(targets: Targets) -> str:
    """Ask the supervisor and the code server through their sockets."""
    return _first(targets["sockets"], _connected)


def connects_to_abstract_sockets(targets: Targets) -> str:
    """Ask programs through sockets that have a name and no file."""
    return _first(targets["abstract_sockets"], _connected)


def sees_processes(targets: Targets) -> str:
    """Find another program's process, and what its command line says."""
    return _first(_processes(), lambda pid: _text(f"/proc/{pid}/cmdline") if targets["mark"] in _cmdline(pid) else "")


def reads_environments(targets: Targets) -> str:
    """Read the secrets in another process's environment."""
    wanted = targets["secret"]
    return _first(_processes(), lambda pid: f"of {pid}" if wanted in _text(f"/proc/{pid}/environ") else "")


def kills(targets: Targets) -> str:
    """Reach another environment's process with a signal."""
    return _first(targets["pids"], _signalled)


def traces(targets: Targets) -> str:
    """Take over another environment's process as a debugger does."""
    return _first(targets["pids"], _traced)


def has_capabilities(_targets: Targets) -> str:
    """Hold a capability, or be able to gain one from a setuid program."""
    status = dict(line.split(":\t", 1) for line in _text("/proc/self/status").splitlines() if ":\t" in line)
    held = [name for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb") if int(status[name], 16)]
    return " ".join(held + ([] if status["NoNewPrivs"].strip() == "1" else ["new privileges"]))


def is_root(_targets: Targets) -> str:
    """Be root, or become it."""
    if os.getuid() == 0:
        return "uid 0"
    os.setuid(0)
    return "became uid 0"


def makes_user_namespaces(_targets: Targets) -> str:
    """Be root in a namespace, and reach kernel code that is closed to users."""
    child = os.fork()
    if child == 0:
        os._exit(0 if _libc.unshare(_CLONE_NEWUSER) == 0 else 1)
    return "unshare" if os.waitpid(child, 0)[1] == 0 else ""


def changes_the_kernel(_targets: Targets) -> str:
    """Write the settings of the kernel, or its devices."""
    paths = (
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/proc/sys/vm/drop_caches",
        "/dev/mem",
        "/dev/kmsg",
    )
    return _first([*paths, "/sys/kernel/uevent_helper"], _openable)


def forks_without_end(_targets: Targets) -> str:
    """Take the machine's processes."""
    children: list[int] = []
    try:
        while len(children) < _FORKS:
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    except OSError:
        return ""
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return f"{_FORKS} processes"


def fills_memory(_targets: Targets) -> str:
    """Take the machine's memory through files that are in memory."""
    return _filled("/dev/shm/attack", megabytes=_MEMORY_FILE_MB)  # noqa: S108 - the sandbox's own, or the attack's aim


def fills_the_disk(targets: Targets) -> str:
    """Write a file that is larger than its limit."""
    return _filled(os.path.join(targets["own"], "attack"), megabytes=_FILE_MB)  # noqa: PTH118 - standard library only


ATTACKS: dict[str, Callable[[Targets], str]] = {
    attack.__name__: attack
    for attack in (
        *(reads_files, lists_folders, writes_files, reads_shared_memory, connects_to_ports, connects_to_sockets),
        connects_to_abstract_sockets,
        *(sees_processes, reads_environments, kills, traces, has_capabilities, is_root, makes_user_namespaces),
        *(changes_the_kernel, forks_without_end, fills_memory, fills_the_disk),
    )
}


def _first(targets: Any, attempt: Callable[[Any], str]) -> str:  # noqa: ANN401 - paths, numbers or addresses
    """Return the evidence of the first target on which the attempt succeeds; empty if it fails on all."""
    for target in targets:
        with suppress(OSError, ValueError, UnicodeError):
            if evidence := attempt(target):
                return f"{target}: {evidence}"
    return ""


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:  # noqa: PTH123 - standard library only, and quick
        return stream.read()


def _written(folder: str) -> str:
    path = os.path.join(folder, "attacked")  # noqa: PTH118
    with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write("attacked")
    return "written"


def _connected(address: Any) -> str:  # noqa: ANN401 - of any family
    inet6 = isinstance(address, tuple) and ":" in address[0]
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if inet6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(_SECONDS)
        client.connect(address)
    return "connected"


def _processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]  # noqa: PTH208


def _cmdline(pid: str) -> str:
    # Our own argument names the mark, and so does the command line of what started us inside.
    text = _text(f"/proc/{pid}/cmdline")
    return "" if "attack" in text else text


def _signalled(pid: int) -> str:
    os.kill(pid, signal.SIGCONT)
    return "signalled"


def _traced(pid: int) -> str:
    if _libc.ptrace(_PTRACE_ATTACH, pid, None, None) != 0:
        return ""
    os.waitpid(pid, 0)
    _libc.ptrace(_PTRACE_DETACH, pid, None, None)
    return "attached"


def _openable(path: str) -> str:
    os.close(os.open(path, os.O_WRONLY))
    return "open for writing"


def _filled(path: str, *, megabytes: int) -> str:
    block = b"x" * 1024**2
    try:
        with open(path, "wb") as stream:  # noqa: PTH123
            stream.writelines(block for _number in range(megabytes))
        return f"{megabytes} MB"
    finally:
        os.unlink(path)  # noqa: PTH108


if __name__ == "__main__":
    main()
