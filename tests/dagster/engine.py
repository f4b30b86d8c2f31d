"""A real Dagster around the stand-in code location, ours to kill: code server, runs' program, daemon and webserver."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psutil

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.ui.guard import COOKIE
from odooops_dagster.engine import tags
from odooops_dagster.engine.fork_server import MODULE, runs_of
from odooops_dagster.engine.processes import Process
from odooops_dagster.home import UI_HOST, fork_socket, workspace_file
from odooops_dagster.local.logins import Logins
from odooops_dagster.local.readiness import accepts
from odooops_dagster.model import Environment, Project, Run
from odooops_dagster.tools.runtime.ports import free_port
from tests.dagster.world import wish

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0


class Engine:
    """The four processes, and what a test asks of them."""

    def __init__(self, home: Path, *, environment: dict[str, str], control: ControlPlane) -> None:
        self.home = home
        self.control = control
        self.port = free_port()
        self._environment = os.environ | environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.project: Project = control.projects.create(
            "shop", repo_url="https://forge.example/shop.git", odoo_version="19.0", poll_enabled=False
        )

    def start(self) -> None:
        """Start what is not running."""
        if "code" not in self._processes:
            self._socket.unlink(missing_ok=True)
        self._start("code", "dagster", "api", "grpc", *self._code_arguments())
        self._start("runs", MODULE, *self._forking_arguments())
        until(self._socket.exists, "the code server listens")
        until(lambda: accepts(fork_socket(self.home)), "the program that forks runs listens")
        self._start("daemon", "dagster._daemon", "run", "--workspace", str(workspace_file(self.home)))
        self._start("webserver", "uvicorn", *self._webserver_arguments())
        until(self._webserver_answers, "the webserver answers")

    def stop(self) -> None:
        """Kill all, the code server last: nothing is left to see, and a polite end takes long."""
        for name in ("daemon", "webserver"):
            self.end(name, signal.SIGKILL)
        for process in runs_of(fork_socket(self.home)):
            process.send(signal.SIGKILL)
        for name in ("runs", "code"):
            self.end(name, signal.SIGKILL)

    def end(self, name: str, number: signal.Signals) -> None:
        """Send one of the processes a signal and wait for its end; its children die too, except for forked runs."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        is_parent = name != "runs" and process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True) if is_parent else []
        process.send_signal(number)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in children:
            if child.is_running():
                child.kill()

    def queue(self, branch: str, **wishes: object) -> Run:
        """Queue a deploy run for the branch; the stand-ins do what is wished of them."""
        wish(self.home, branch, wishes)
        environment: Environment = self.control.environments.ensure(self.project.id, branch=branch)
        run_id = self.control.runs.queue(
            self.project.id, env=environment.name, git_sha="a" * 40, ref=f"refs/heads/{branch}"
        )
        return self.control.runs.get(run_id)

    def let_go_on(self, branch: str) -> None:
        """Let the branch's steps go on that wait."""
        wish(self.home, branch, {})

    def wait(self, run: Run, *statuses: str) -> Run:
        """Return the run's row once it has one of the statuses."""
        until(lambda: self.control.runs.get(run.id).status in statuses, f"run #{run.run_number} is {statuses}")
        return self.control.runs.get(run.id)

    def pids(self) -> dict[str, int]:
        """Return the process id of each of the four by its name."""
        return {name: process.pid for name, process in self._processes.items()}

    def process_of(self, run: Run) -> Process:
        """Return the process that works on the run, once it has said so."""
        with self.instance() as instance:
            dagster_run_id = str(self.control.runs.get(run.id).dagster_run_id)

            def told() -> str | None:
                dagster_run = instance.get_run_by_id(dagster_run_id)
                return dagster_run.tags.get(tags.PROCESS) if dagster_run else None

            until(told, "the run's process has said who it is")
            return Process.parse(str(told()))

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Yield the Dagster instance as another process would open it."""
        with _variables(self._environment), dg.DagsterInstance.from_config(str(self.home / "dagster")) as instance:
            yield instance

    def graphql(self, query: str, variables: dict[str, Any], *, person: str) -> dict[str, Any]:
        """Ask the webserver as its own pages do, in a session of the person."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={
                "Content-Type": "application/json",
                "Cookie": f"{COOKIE}={Logins(self.home).session(person)}",
                "Host": f"{UI_HOST}:{self.port}",
                "Origin": f"http://{UI_HOST}:{self.port}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - the same
                answer: dict[str, Any] = json.loads(response.read())
        except urllib.error.HTTPError as refused:  # a refusal is an answer
            answer = json.loads(refused.read())
        assert "errors" not in answer, answer
        return dict(answer["data"])

    @property
    def _socket(self) -> Path:
        return self.home / "code.sock"

    def _code_arguments(self) -> list[str]:
        module = ["--module-name", "tests.dagster.stand_in", "--location-name", "odooops"]
        return [*module, "--socket", str(self._socket), "--max-workers", "16", "--inject-env-vars-from-instance"]

    def _forking_arguments(self) -> list[str]:
        return [str(fork_socket(self.home)), "tests.dagster.stand_in", "definitions", str(self.home / "runs.log")]

    def _webserver_arguments(self) -> list[str]:
        return ["odooops_dagster.doors.ui.app:create_app", "--factory", "--host", "127.0.0.1", "--port", str(self.port)]

    def _webserver_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except OSError:
            return False

    def _start(self, name: str, module: str, *arguments: str) -> None:
        if name in self._processes:
            return
        with (self.home / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                restore_signals=True,
            )


@contextmanager
def engine(home: Path, *, control: ControlPlane, control_url: str, dagster_url: str) -> Iterator[Engine]:
    """Yield a running engine whose processes are gone at the block's end.

    Args:
        home: its state folder.
        control: the control plane as the test asks it.
        control_url: the same as the engine asks it, which is the worker.
        dagster_url: where Dagster keeps its storage.
    """
    (home / "dagster").mkdir(parents=True)
    shutil.copy(ROOT / "dagster.yaml", home / "dagster")
    location = {"grpc_server": {"socket": str(home / "code.sock"), "location_name": "odooops"}}
    workspace_file(home).write_text(json.dumps({"load_from": [location]}))
    environment = {
        "ODOOOPS_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "ODOOOPS_DATABASE_URL": control_url,
        "ODOOOPS_DAGSTER_DATABASE_URL": dagster_url,
        "ODOOOPS_ODOO_DATABASE_URL": dagster_url,
        "ODOOOPS_MAX_CONCURRENT_RUNS": "2",
        "ODOOOPS_HEARTBEAT_SECONDS": "1",
        "ODOOOPS_LEASE_SECONDS": "10",
    }
    made = Engine(home, environment=environment, control=control)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def until(true: Callable[[], object], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Return once the condition holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain until {what}"
        time.sleep(0.1)


@contextmanager
def _variables(environment: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
