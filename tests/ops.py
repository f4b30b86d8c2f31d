"""The `ops` command as a person starts it, on a state folder of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from odooops_dagster.local import tether
from odooops_dagster.local.ports import free_port

# A folder in which nobody may make a file, not even root.
UNWRITABLE = Path("/proc")


class Ops:
    """Runs `ops` in processes of its own."""

    def __init__(self, home: Path, *, python: Path = Path(sys.executable)) -> None:
        self.home = home
        self._python = python
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "DAGSTER_"))},
            "ODOOOPS_HOME": str(home),
            "ODOOOPS_GATEWAY_PORT": str(free_port()),
            "ODOOOPS_DAGSTER_PORT": str(free_port()),
            "ODOOOPS_ENVIRONMENTS_PORT": str(free_port()),
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            self._argv(*arguments),
            env={**self.environment, **environment},
            cwd=UNWRITABLE,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def json(self, *arguments: str, status: int = 0, **environment: str) -> Any:  # noqa: ANN401 -- what the command says
        """Return what the command prints as JSON."""
        done = self.run(*arguments, "--json", **environment)
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)

    def status(self) -> dict[str, Any]:
        """Return how the stack stands, whether well or not."""
        status: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return status

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command and return at once, as a shell does for a person who watches; it ends with the test."""
        return subprocess.Popen(
            tether.command(self._argv(*arguments), death_signal=signal.SIGTERM),
            env=self.environment,
            cwd=UNWRITABLE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def processes(self) -> list[str]:
        """Return the command lines of all processes that belong to the state folder, but this one."""
        return [" ".join(process.cmdline()) for process in psutil.process_iter() if self._is_ours(process)]

    def _argv(self, *arguments: str) -> list[str]:
        return [str(self._python), "-m", "odooops_dagster.doors.cli", *arguments]

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid():
            return False
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            home = str(self.home)
            return (
                process.environ().get("ODOOOPS_HOME") == home
                or any(home in word for word in process.cmdline())
                or process.cwd().startswith(home)
            )
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
