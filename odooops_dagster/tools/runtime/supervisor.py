"""The supervisord that runs services: its folder, its single process and the calls to it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from typing import Any, NoReturn

from odooops_dagster.child_environment import OURS, clean_environment
from odooops_dagster.errors import Unavailable
from odooops_dagster.files import try_lock, write_whole
from odooops_dagster.home import services_socket
from odooops_dagster.tools.runtime.definitions import Definitions, ini_value
from odooops_dagster.tools.runtime.supervisord import CALL_SECONDS, Supervisord

# How long the supervisor may need to listen, including a restart by the stack.
PATIENCE_SECONDS = 30.0
# An earlier supervisor may need the whole grace period of its services to end.
_TAKEOVER_SECONDS = 60.0
# supervisord closes descriptors from 5 up when it reloads, and from 3 up in its children.
_LOCK_DESCRIPTOR = 3
_PR_SET_PDEATHSIG = 1


class ServiceSupervisor:
    """Our single supervisord; its process holds a lock that prevents a second one."""

    def __init__(self, root: Path, *, call_seconds: float = CALL_SECONDS) -> None:
        self.root = root.absolute()
        self.configuration = self.root / "supervisord.conf"
        self.socket = services_socket(self.root)
        self._supervisord = Supervisord(
            socket=self.socket,
            name="the supervisor of services",
            hint="start it with `ops up`",
            call_seconds=call_seconds,
        )
        self.definitions = Definitions(self.root / "services", configuration=self.configuration)

    def call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC returns what it returns
        """Call a method of the supervisor; raise xmlrpc.client.Fault if it refuses."""
        return self._supervisord.call(method, *arguments)

    def answers(self) -> bool:
        """Return whether the supervisor runs and answers."""
        try:
            return bool(self.call("getState")["statecode"] == 1)
        except Unavailable:
            return False

    def ensure(self, *, may_start: bool, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Return when the supervisor answers; start it detached if `may_start`."""
        deadline = time.monotonic() + patience_seconds
        while not self.answers():
            if time.monotonic() > deadline:
                raise Unavailable("the supervisor of services does not answer", hint="start it with `ops up`")
            if may_start:
                self._start_detached()
            time.sleep(0.05)

    def _start_detached(self) -> None:
        ended = subprocess.run(
            [sys.executable, "-m", "odooops_dagster.tools.runtime.process", "--root", str(self.root)],
            cwd=Path(__file__).parents[3],
            env=clean_environment(OURS),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if ended.returncode:
            reason = (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Unavailable(f"the supervisor of services did not start: {reason}", hint=f"see {self.root}")

    def become(self, *, foreground: bool) -> NoReturn:
        """Become the supervisor; in the foreground, end another supervisor first, and end with our parent."""
        parent = os.getppid()
        os.umask(0o077)
        lock = self._take_lock(wait=foreground)
        self._write_configuration()
        if foreground:
            _end_with(parent)
        if lock != _LOCK_DESCRIPTOR:
            os.dup2(lock, _LOCK_DESCRIPTOR)
        os.set_inheritable(_LOCK_DESCRIPTOR, True)
        argv = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(self.configuration)]
        os.execve(argv[0], [*argv, "-n"] if foreground else argv, clean_environment(OURS))  # noqa: S606

    def _take_lock(self, *, wait: bool) -> int:
        """Return the descriptor of the lock; without `wait`, exit if another supervisor holds it."""
        descriptor = self._open_lock()
        deadline = time.monotonic() + _TAKEOVER_SECONDS
        while not try_lock(descriptor):
            if not wait:
                sys.exit(0)
            if time.monotonic() > deadline:
                sys.exit(f"another supervisor keeps {self.root}")
            self._ask_to_end()
            time.sleep(0.1)
        return descriptor

    def is_alive(self) -> bool:
        """Return whether a supervisor holds the lock, even if it does not answer."""
        descriptor = self._open_lock()
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)

    def _open_lock(self) -> int:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def _ask_to_end(self) -> None:
        try:
            self.call("shutdown")
        except (Unavailable, xmlrpc.client.Fault):
            return  # it is starting or ending

    def _write_configuration(self) -> None:
        self.definitions.refresh()
        self.socket.unlink(missing_ok=True)  # we hold the lock, so it belongs to a killed supervisor
        write_whole(self.configuration, supervisor_ini(self.root, socket=self.socket).encode())


def supervisor_ini(root: Path, *, socket: Path) -> str:
    """Return the supervisor's configuration."""
    folder = ini_value(str(root))
    user = "user=root\n" if os.geteuid() == 0 else ""
    return f"""[supervisord]
{user}directory={folder}
logfile={folder}/supervisord.log
logfile_maxbytes=5242880
logfile_backups=2
pidfile={folder}/supervisord.pid
childlogdir={folder}
identifier=odooops
nocleanup=true
silent=true
umask=077

[unix_http_server]
file={ini_value(str(socket))}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[include]
files=services/*.ini
"""


def _end_with(parent: int) -> None:
    """Make the kernel end us when our parent ends."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("whoever started the supervisor is gone")
