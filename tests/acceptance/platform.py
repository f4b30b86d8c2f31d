"""The whole platform in a state folder of its own, driven as a person drives it: `ops`, `git push`, a browser, psql."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
from psycopg.rows import dict_row

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import CONSOLE_HOST, UI_HOST
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import FINISHED, Run
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.ports import free_port
from tests import cache

OPS = Path(sys.executable).with_name("ops")
SERIES = "19.0"
CACHE = cache.CACHE

Value = TypeVar("Value")


class Platform:
    """A running `ops up` and what a test asks of it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        ports = free_ports(4)
        self.environment = {
            **os.environ,
            "ODOOOPS_HOME": str(home),
            "ODOOOPS_CACHE": str(CACHE),
            "ODOOOPS_GATEWAY_PORT": str(ports[0]),
            "ODOOOPS_DAGSTER_PORT": str(ports[1]),
            "ODOOOPS_ENVIRONMENTS_PORT": str(ports[2]),
            "ODOOOPS_POLL_SECONDS": "1",
            # A server of a story stands for one of the internet, at an address that is no environment's own.
            "ODOOOPS_EGRESS_OWN_SERVICES": f"127.0.0.2:{ports[3]}",
            **settings,
        }
        self.gateway_url = f"http://127.0.0.1:{ports[0]}"
        self.console_url = f"http://{CONSOLE_HOST}:{ports[0]}"
        self.environments_port = ports[2]
        self.outside_port = ports[3]
        self.dagster_url = f"http://{UI_HOST}:{ports[1]}"

    def ops(self, *arguments: str, check: bool = True, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line, which reads what is typed."""
        done = subprocess.run(
            [str(OPS), *arguments],
            env=self.environment, input=typed, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"ops {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def ask(self, *arguments: str) -> Any:  # noqa: ANN401 -- whatever JSON says
        """Run a reading verb and return what its --json says."""
        return json.loads(self.ops(*arguments, "--json").stdout)

    def up(self, *, runtime: str | None = None) -> None:
        """Start everything, with environments in the runtime, and wait until it answers."""
        self.ops("up", "--detach", *(["--runtime", runtime] if runtime else []))

    def back_up_only_when_asked(self) -> None:
        """Have no nightly backups: the first is due within ten minutes, in the middle of whatever is told."""
        self.query("select ops.set_policy(null, 'backup', %s)", json.dumps({"nightly": False}))

    def move_to(self, home: Path) -> None:
        """Take the state folder to be there from now on."""
        self.home = home
        self.environment["ODOOOPS_HOME"] = str(home)

    def down(self) -> None:
        """Stop everything."""
        self.ops("down", check=False)

    @property
    def settings(self) -> Settings:
        """Return the settings that the platform was started with."""
        return Settings(
            home=self.home,
            cache=CACHE,
            gateway_port=int(self.environment["ODOOOPS_GATEWAY_PORT"]),
            dagster_port=int(self.environment["ODOOOPS_DAGSTER_PORT"]),
            environments_port=self.environments_port,
        )

    @contextmanager
    def control(self) -> Iterator[ControlPlane]:
        """Yield the control plane as the command `ops` sees it."""
        with ControlPlane(database_urls(self.settings).operator) as control:
            yield control

    def query(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        """Ask the control plane's database as its owner, as psql would."""
        with psycopg.connect(database_urls(self.settings).owner, row_factory=dict_row) as connection:
            return connection.execute(statement, arguments).fetchall()

    def run_of(self, slug: str, sha: str, *, kind: str = "deploy", seconds: float = 90) -> Run:
        """Return the run that a push queued, once somebody noticed the push."""
        with self.control() as control:

            def look() -> Run | None:
                runs = control.runs.list(slug, limit=200)
                return next((run for run in runs if run.git_sha == sha and run.kind == kind), None)

            return wait_for(look, seconds=seconds, what=f"a {kind} run of {sha[:12]}")

    def ended(self, run: Run, *, seconds: float = 900) -> Run:
        """Return the run after its end."""
        with self.control() as control:

            def look() -> Run | None:
                now = control.runs.get(run.id)
                return now if now.status in FINISHED else None

            return wait_for(look, seconds=seconds, what=f"the end of run #{run.run_number}")

    def said(self, run: Run) -> str:
        """Return everything the run logged, for a failing test's reader."""
        with self.control() as control:
            return "\n".join(f"{row['level']}: {row['message']}" for row in control.logs.tail(run.id, limit=2000))

    def processes(self) -> list[psutil.Process]:
        """Return every process of this platform: the state folder is in its command line or its environment."""
        return [process for process in psutil.process_iter() if self._belongs(process)]

    def _belongs(self, process: psutil.Process) -> bool:
        try:
            if process.pid == os.getpid():
                return False
            words = " ".join(process.cmdline())
            return str(self.home) in words or process.environ().get("ODOOOPS_HOME") == str(self.home)
        except psutil.Error:
            return False

    def processes_of(self, word: str) -> list[psutil.Process]:
        """Return the platform's processes whose command line holds the word."""
        found = []
        for process in self.processes():
            try:
                if word in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@contextmanager
def platform(prefix: str, *, is_up: bool = True, runtime: str | None = None, **settings: str) -> Iterator[Platform]:
    """Yield a running platform; stop it and forget it at the end, its processes by their pids if need be."""
    home = Path(tempfile.mkdtemp(prefix=f"odooops-{prefix}-"))
    home.chmod(0o755)
    made = Platform(home, **settings)
    try:
        if is_up:
            made.up(runtime=runtime)
            made.back_up_only_when_asked()
        yield made
    finally:
        made.down()
        for process in made.processes():
            process.send_signal(signal.SIGKILL)
        for folder in {home, made.home}:
            shutil.rmtree(folder, ignore_errors=True)


def wait_for(look: Callable[[], Value | None], *, seconds: float, what: str | Callable[[], str]) -> Value:
    """Return what `look` finds as soon as it finds something; a callable `what` is asked when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.25)
    raise AssertionError(f"no {what() if callable(what) else what} within {seconds:g} s")


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on, and no outgoing connection gets meanwhile."""
    return [free_port() for _ in range(count)]
