"""A code location whose runs tell what they are, and a program that forks them, ours to kill."""

# No `from __future__ import annotations` here: Dagster reads the annotation of an op's context as a type.

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableRepository

from odooops_dagster.engine import fork_launcher
from odooops_dagster.engine.fork_client import ForkRequest
from odooops_dagster.engine.fork_server import MODULE, runs_of
from odooops_dagster.home import dagster_home, fork_socket, program_log
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings
from tests.dagster.engine import until

ROOT = Path(__file__).parents[2]
HERE = "tests.dagster.forks"
# Changed by a test in a copy of this file.
EDITION = "first"


@dg.op(config_schema={"folder": str, "wait": bool, "cleanup": bool})
def tell(context: dg.OpExecutionContext) -> None:
    """Write what this process is, then wait for leave to go if asked to."""
    folder = Path(context.op_config["folder"])
    _write(folder / f"{context.run_id}.json", json.dumps(facts()))
    try:
        while context.op_config["wait"] and not (folder / "go").exists():
            time.sleep(0.02)
    finally:
        if context.op_config["cleanup"]:
            _write(folder / f"{context.run_id}.cleaning", "")
            while not (folder / "clean").exists():
                time.sleep(0.02)
            _write(folder / f"{context.run_id}.cleaned", "")


@dg.job
def telling() -> None:
    """Run the one op."""
    tell()


@dg.definitions
def definitions() -> dg.Definitions:
    """Return the one job."""
    return dg.Definitions(jobs=[telling], executor=dg.in_process_executor)


@dg.definitions
def nothing() -> dg.Definitions:
    """Return definitions without a job."""
    return dg.Definitions()


def facts() -> dict[str, Any]:
    """Return what a run sees of its own process."""
    return {
        "edition": EDITION,
        "pid": os.getpid(),
        "session": os.getsid(0),
        "group": os.getpgid(0),
        "threads": [thread.name for thread in threading.enumerate() if not thread.daemon],
        "random": random.random(),  # noqa: S311 - to be compared, not kept
        "uuid": str(uuid.uuid4()),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "stdin": str(Path("/proc/self/fd/0").readlink()),
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "cwd": str(Path.cwd()),
        "name": Path("/proc/self/comm").read_text().strip(),
    }


class Forks:
    """A program that forks runs, the Dagster instance that launches them, and what a test asks of the two."""

    def __init__(self, home: Path, instance: dg.DagsterInstance, *, environment: Mapping[str, str]) -> None:
        self.home = home
        self.instance = instance
        self.path = fork_socket(home)
        self.told = home / "told"
        self.told.mkdir()
        self.environment = dict(environment)
        self.module = HERE
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the program's process."""
        assert self.process is not None
        return self.process.pid

    def start(self, *, attribute: str = "definitions") -> None:
        """Start the program and return when it listens."""
        before = self.log.count("runs at work")
        with program_log(self.home, "runs").open("ab") as log:
            argv = [sys.executable, "-m", MODULE, str(self.path), self.module, attribute]
            self.process = subprocess.Popen(
                [*argv, str(program_log(self.home, "runs"))],
                cwd=dagster_home(self.home),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self.log.count("runs at work") > before or self.process_has_ended, "the program listens")

    @property
    def process_has_ended(self) -> bool:
        """Whether the program has ended."""
        return self.process is None or self.process.poll() is not None

    def end(self, number: signal.Signals) -> int:
        """Send the program a signal and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    @property
    def log(self) -> str:
        """What the program and its runs have printed."""
        file = program_log(self.home, "runs")
        return file.read_text(errors="replace") if file.exists() else ""

    def create(self, *, wait: bool = False, cleanup: bool = False, tags: Mapping[str, str] | None = None) -> str:
        """Create a Dagster run as a code location's job makes it, and return its id."""
        job = ReconstructableRepository.for_module(HERE, "definitions").get_reconstructable_job("telling")
        origin = job.get_python_origin()
        if self.module != HERE:
            other = ReconstructableRepository.for_module(self.module, "definitions").get_reconstructable_job("telling")
            origin = other.get_python_origin()
        config = {"folder": str(self.told), "wait": wait, "cleanup": cleanup}
        run = self.instance.create_run_for_job(
            job.get_definition(), run_config={"ops": {"tell": {"config": config}}}, job_code_origin=origin, tags=tags
        )
        return run.run_id

    def launch(self, **options: Any) -> str:  # noqa: ANN401 - those of `create`
        """Create and launch a run, and return its id."""
        run_id = self.create(**options)
        self.instance.launch_run(run_id, None)  # type: ignore[arg-type] # a fork needs no workspace
        return run_id

    def request(self, run_id: str) -> ForkRequest:
        """Return the request for the run's process."""
        return ForkRequest(run_id=run_id, module=self.module, attribute="definitions")

    def facts(self, run_id: str) -> dict[str, Any]:
        """Return what the run told of its process, once it has."""
        file = self.told / f"{run_id}.json"
        until(file.exists, f"run {run_id} tells of its process")
        return dict(json.loads(file.read_text()))

    def says(self, run_id: str, word: str) -> bool:
        """Return whether the run has left the mark."""
        return (self.told / f"{run_id}.{word}").exists()

    def let(self, word: str) -> None:
        """Give all runs the leave that they wait for."""
        (self.told / word).touch()

    def ended(self, run_id: str) -> dg.DagsterRunStatus:
        """Return the run's status once it has ended."""
        until(lambda: self.run(run_id).is_finished, f"run {run_id} ends")
        return self.run(run_id).status

    def run(self, run_id: str) -> dg.DagsterRun:
        """Return the run."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def events(self, run_id: str) -> list[str]:
        """Return what Dagster's events say of the run."""
        found = [entry.dagster_event for entry in self.instance.all_logs(run_id)]
        return [event.message or "" for event in found if event is not None]

    def close(self) -> None:
        """Leave no process behind."""
        if self.process is not None and not self.process_has_ended:
            self.end(signal.SIGTERM)
        for process in runs_of(self.path):
            process.send(signal.SIGKILL)


@contextmanager
def forking(home: Path, *, dagster_url: str) -> Iterator[Forks]:
    """Yield a running program and the instance that asks it; its processes are gone at the block's end."""
    for folder in (dagster_home(home), program_log(home, "runs").parent):
        folder.mkdir(parents=True)
    shutil.copy(ROOT / "dagster.yaml", dagster_home(home))
    variables = {
        "ODOOOPS_HOME": str(home),
        "DAGSTER_HOME": str(dagster_home(home)),
        "ODOOOPS_DATABASE_URL": dagster_url,
        "ODOOOPS_DAGSTER_DATABASE_URL": dagster_url,
        "ODOOOPS_ODOO_DATABASE_URL": dagster_url,
        "ODOOOPS_MAX_CONCURRENT_RUNS": "2",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(fork_launcher, "this_platform", lambda: Platform(Settings(home=home)))
        with dg.DagsterInstance.from_config(str(dagster_home(home))) as instance:
            environment = os.environ | variables | {"PYTHONPATH": f"{home}:{ROOT}", "PYTHONUNBUFFERED": "1"}
            forks = Forks(home, instance, environment=environment)
            try:
                forks.start()
                yield forks
            finally:
                forks.let("go")
                forks.let("clean")
                forks.close()


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)
