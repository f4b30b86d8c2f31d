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
from odooops_dagster.local.overview import Overview, overview
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.ports import free_port
from tests.json_forms import as_published

# A folder in which nobody may make a file, not even root.
UNWRITABLE = Path("/proc")
_PORTS = ("gateway_port", "dagster_port", "environments_port")


class Ops:
    """Runs `ops` in processes of its own."""

    def __init__(self, home: Path, *, python: Path = Path(sys.executable)) -> None:
        self.home = home
        self._python = python
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "DAGSTER_"))},
            "ODOOOPS_HOME": str(home),
            **{f"ODOOOPS_{name.upper()}": str(free_port()) for name in _PORTS},
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
        """Return what the command prints as JSON, which has the form that is published for it."""
        done = self.run(*arguments, "--json", **environment)
        assert done.returncode == status, done.stderr
        return as_published(arguments, done.stdout)

    def status(self) -> dict[str, Any]:
        """Return how the stack stands, whether well or not."""
        status: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return status

    def look(self) -> Overview:
        """Return what `ops status` would say: asked again and again, it would be what keeps the machine busy."""
        ports: dict[str, Any] = {name: int(self.environment[f"ODOOOPS_{name.upper()}"]) for name in _PORTS}
        return overview(Settings(home=self.home, **ports))

    def pids(self) -> dict[str, int]:
        """Return the process id of each program of the stack that runs, by its name."""
        return {service.name: service.pid for service in self.look().services if service.pid is not None}

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
