"""Proves on this machine that a sandbox holds: builds what must stay out of reach, and attacks it from the inside."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Limits, Sandbox
from odooops_dagster.tools.runtime.sandbox import attack, bubblewrap
from odooops_dagster.tools.runtime.sandbox.interpreters import interpreter_folders

# Limits that the attacks reach within a second.
LIMITS = Limits(processes=150, memory_files_mb=16, file_mb=32)
# The address at which the machines of a cloud learn their credentials.
METADATA = ("169.254.169.254", 80)
_SECONDS = 60.0
# What bwrap says where a user may make no namespaces.
_NO_NAMESPACE = ("setting up uid map", "No permissions to create", "Creating new namespace")
# The kernel's settings that forbid them: Ubuntu's, Debian's, everybody's; the forbidding value, and an allowing one.
_SWITCHES = {
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "user.max_user_namespaces": ("0", "10000"),
}
# What a container lacks by default: mounts, and a /proc in which nothing is hidden. Source: "docker run" of Docker's
# documentation, and the man page of bwrap.
_CONTAINER = "docker run --cap-add SYS_ADMIN --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
# Puts a command line into a sandbox, or not, to show what the attacks do without one.
Wrap = Callable[[Sandbox, Sequence[str]], list[str]]


def escapes(*, uid: int | None = None) -> dict[str, str]:
    """Return the attacks that succeeded in a sandbox on this machine, with their evidence; empty if it holds.

    Args:
        uid: the account of the sandbox if we are root.

    Raises:
        MissingDependency: a program that the sandbox needs is missing.
        Unavailable: the sandbox does not start.
    """

    def wrap(sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        return bubblewrap.command(sandbox, argv, cwd=sandbox.home)

    with scene(uid=uid) as built:
        return attacked(built, wrap=wrap)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A sandbox, and what is beside it on the machine and must stay out of its reach."""

    sandbox: Sandbox
    targets: dict[str, Any]
    python: Path


@contextmanager
def scene(*, uid: int | None = None, python: Path = Path(sys.executable)) -> Iterator[Scene]:
    """Build the scene in a new folder, and remove it at the end.

    Args:
        uid: the account of the sandbox if we are root.
        python: the interpreter that attacks.
    """
    with ExitStack() as stack:
        root = Path(tempfile.mkdtemp(prefix="odooops-trial-"))
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        root.chmod(0o755)
        own, other = root / "own", root / "other"
        for each in (own, other):
            each.mkdir(mode=0o700)
            _give(each, uid)
        targets = _targets(stack, own=own, other=other, uid=uid)
        readable = interpreter_folders(python)
        sandbox = Sandbox(writable=(own,), readable=readable, home=own, uid=uid, limits=LIMITS)
        yield Scene(sandbox=sandbox, targets=targets, python=python)


def attacked(built: Scene, *, wrap: Wrap, prefix: Sequence[str] = ()) -> dict[str, str]:
    """Run the attacks and return those that succeeded.

    Args:
        built: the scene.
        wrap: puts the attacks' command line into a sandbox.
        prefix: what runs the whole command, for example as another account.

    Raises:
        Unavailable: the attacks did not run to their end.
    """
    source = Path(attack.__file__).read_text()
    argv = wrap(built.sandbox, [str(built.python), "-I", "-S", "-c", source, json.dumps(built.targets)])
    done = subprocess.run(
        [*prefix, *argv],
        env=clean_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise Unavailable(f"the sandbox does not start: {reason}", hint=_remedy(done.stderr))
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _targets(stack: ExitStack, *, own: Path, other: Path, uid: int | None) -> dict[str, Any]:
    secret = f"secret-{secrets.token_hex(8)}"
    mark = f"victim-{secrets.token_hex(8)}"
    file = other / "secret"
    file.write_text(secret)
    _give(file, uid)
    shared = Path("/dev/shm") / mark  # noqa: S108 - what the attack looks for
    shared.write_text(secret)
    stack.callback(shared.unlink)
    _give(shared, uid)
    tcp = stack.enter_context(_listener(socket.AF_INET, ("127.0.0.1", 0)))
    stack.enter_context(_listener(socket.AF_UNIX, str(other / "socket")))
    _give(other / "socket", uid)
    abstract = f"\0{mark}"
    stack.enter_context(_listener(socket.AF_UNIX, abstract))
    victim = stack.enter_context(_victim(mark, secret, uid=uid))
    return {
        "files": [str(file), "/etc/shadow", f"/proc/{os.getpid()}/environ"],
        "folders": [str(other), "/etc/ssh", "/var/log"],
        "places": [str(other), "/usr/lib", "/etc", "/", "/var/tmp"],  # noqa: S108
        "shared_memory": str(shared),
        "ports": [tcp.getsockname()[1]],
        "addresses": [METADATA],
        "sockets": [str(other / "socket")],
        "abstract_sockets": [abstract],
        "mark": mark,
        "secret": secret,
        "pids": [victim.pid],
        "own": str(own),
    }


@contextmanager
def _listener(family: socket.AddressFamily, address: Any) -> Iterator[socket.socket]:  # noqa: ANN401 - of any family
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        yield server


@contextmanager
def _victim(mark: str, secret: str, *, uid: int | None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of the same account, as another environment's or the platform's is."""
    account = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    argv = ["/bin/sh", "-c", "while :; do sleep 60; done", mark]
    with subprocess.Popen(argv, env={"SECRET": secret}, cwd="/", start_new_session=True, **account) as process:  # type: ignore[call-overload]  # mypy cannot follow the keywords
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


def _give(path: Path, uid: int | None) -> None:
    if uid is not None:
        os.chown(path, uid, uid)


def _remedy(complaint: str) -> str:
    """Return the command that lets the sandbox start, as far as bwrap's complaint tells."""
    if os.geteuid() == 0 or not any(sign in complaint for sign in _NO_NAMESPACE):
        return f"start the platform on a machine, or in a container, that may make namespaces: {_CONTAINER}"
    for name, (forbidding, allowing) in _SWITCHES.items():
        with suppress(OSError):
            if Path("/proc/sys", *name.split(".")).read_text().strip() == forbidding:
                return f"sysctl -w {name}={allowing}"
    return "start the platform as root"
