"""From a row inserted in ops.runs to its first step at work: ours against a Dagster left as it comes, in a paired run.

The other side is what one writes first: a sensor that claims every five seconds, Dagster's own queue and executor, the
same storage on the same server. Both run all the time; samples alternate, each at a random moment of its rhythm.
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import dagster as dg
import psutil

from bench.server import Server, throwaway_server
from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate
from odooops_dagster.engine.fork_server import MODULE
from odooops_dagster.home import fork_socket
from odooops_dagster.local.readiness import accepts
from odooops_dagster.model import Build, Source

if TYPE_CHECKING:
    from odooops_dagster.steps.core.context import StepContext

ROOT = Path(__file__).parents[1]
SHA = "0" * 40
PATIENCE_SECONDS = 120.0
MARKS = "ODOOOPS_BENCH_MARKS"


def main() -> None:
    """Measure and print."""
    options = _options()
    with ExitStack() as stack:
        server = stack.enter_context(throwaway_server())
        sides = [stack.enter_context(_side(name, server)) for name in ("ours", "defaults")]
        for side in sides:
            side.sample()  # the first run of a code location pays for what later ones find ready
        samples: dict[str, list[float]] = {side.name: [] for side in sides}
        for number in range(options.samples):
            for side in sides:
                time.sleep(random.uniform(0, 5))  # noqa: S311 - spreads the samples over the sensors' rhythm
                samples[side.name].append(side.sample())
            print(f"{number + 1}: " + ", ".join(f"{name} {values[-1]:.2f} s" for name, values in samples.items()))
    memory = {side.name: statistics.median(side.own_bytes) for side in sides}
    _report(samples, memory, json_path=options.json)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two: a running Dagster and the control plane that its sensor reads."""

    name: str
    control: ControlPlane
    marks: Path
    # Memory that the process of each sample's run shared with no other when its first step began.
    own_bytes: list[int] = field(default_factory=list)

    def sample(self) -> float:
        """Insert a row and return how long it took until its first step worked, in seconds."""
        project = self.control.projects.create(
            "bench", repo_url="https://forge.example/bench.git", odoo_version="19.0", poll_enabled=False
        )
        branch = f"feature/{time.monotonic_ns()}"
        self.control.environments.ensure(project.id, branch=branch)
        run_id = self.control.runs.queue(
            project.id, env=branch, git_sha=SHA, ref=f"refs/heads/{branch}", kind="build", trigger="api"
        )
        inserted, mark = time.time(), self.marks / str(run_id)
        while not mark.exists():
            if time.time() - inserted > PATIENCE_SECONDS:
                raise SystemExit(f"{self.name}: no step after {PATIENCE_SECONDS:.0f} s, read {self.marks.parent}")
            time.sleep(0.02)
        began, own_bytes = mark.read_text().split()
        self.own_bytes.append(int(own_bytes))
        return float(began) - inserted


# -- what the code servers load


@dg.definitions
def ours() -> dg.Definitions:
    """Return the real code location; its steps note the time instead of working."""
    from odooops_dagster.definitions import definitions  # noqa: PLC0415 - only in the code server

    setattr(import_module("assets.source"), "fetch_source", _fetch_source)  # noqa: B010 - says that it is a patch
    setattr(import_module("assets.image"), "build_image", _build_image)  # noqa: B010 - the same
    setattr(import_module("sensors.housekeeping"), "jobs_due", lambda *_: [])  # noqa: B010 - the same
    return cast("Callable[[], dg.Definitions]", definitions)()


@dg.definitions
def defaults() -> dg.Definitions:
    """Return a sensor that claims and a job of one step, everything else as Dagster has it."""

    @dg.op(config_schema={"run_id": str})
    def first_step(context) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - Dagster refuses a quoted annotation
        """Note the time."""
        _mark(context.op_config["run_id"])

    @dg.job
    def build() -> None:
        first_step()

    @dg.sensor(job=build, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def claims() -> Iterator[dg.RunRequest]:
        """Claim what waits."""
        with ControlPlane(os.environ["ODOOOPS_DATABASE_URL"]) as control:
            for run in control.runs.claim("bench", limit=10, lease_seconds=600):
                config = {"ops": {"first_step": {"config": {"run_id": str(run.id)}}}}
                yield dg.RunRequest(run_key=str(run.id), run_config=config)

    return dg.Definitions(jobs=[build], sensors=[claims])


def _fetch_source(ctx: StepContext) -> Source:
    _mark(str(ctx.run.id))
    return Source(path=ROOT, git_sha=SHA, tree_digest="", addons_paths=(), modules=(), requirements=())


def _build_image(_ctx: StepContext, source: Source) -> Build:
    return Build(
        digest="sha256:0",
        series="19.0",
        odoo_revision="0",
        python=ROOT,
        addons_paths=(),
        modules=(),
        closure=(),
        source=source,
    )


def _mark(run_id: str) -> None:
    """Note the time at which the step began, whole."""
    mark = Path(os.environ[MARKS]) / run_id
    draft = mark.with_suffix(".new")
    draft.write_text(f"{time.time()} {psutil.Process().memory_full_info().uss}")
    draft.replace(mark)


# -- the processes


@contextmanager
def _side(name: str, server: Server) -> Iterator[Side]:
    """Run a code server and a daemon over databases of their own."""
    home = Path(tempfile.mkdtemp(prefix=f"odooops-latency-{name}-"))
    marks = home / "marks"
    for folder in (home / "dagster", marks):
        folder.mkdir()
    control_url, dagster_url = server.create(f"control_{name}"), server.create(f"dagster_{name}")
    migrate(control_url)
    _write_instance(name, home)
    environment = {
        "DAGSTER_HOME": str(home / "dagster"),
        "ODOOOPS_HOME": str(home),
        "ODOOOPS_DATABASE_URL": control_url,
        "ODOOOPS_DAGSTER_DATABASE_URL": dagster_url,
        "ODOOOPS_ODOO_DATABASE_URL": dagster_url,
        "ODOOOPS_MAX_CONCURRENT_RUNS": "4",
        MARKS: str(marks),
    }
    try:
        with _running(home, name, environment), ControlPlane(control_url) as control:
            yield Side(name=name, control=control, marks=marks)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _write_instance(name: str, home: Path) -> None:
    storage = {"storage": {"postgres": {"postgres_url": {"env": "ODOOOPS_DAGSTER_DATABASE_URL"}}}}
    as_it_comes = json.dumps(storage | {"telemetry": {"enabled": False}})
    text = (ROOT / "dagster.yaml").read_text() if name == "ours" else as_it_comes
    (home / "dagster" / "dagster.yaml").write_text(text)
    location = {"grpc_server": {"socket": str(home / "code.sock"), "location_name": name}}
    (home / "workspace.yaml").write_text(json.dumps({"load_from": [location]}))


@contextmanager
def _running(home: Path, name: str, environment: dict[str, str]) -> Iterator[None]:
    code = ["dagster", "api", "grpc", "--module-name", "bench.latency", "--attribute", name, "--location-name", name]
    code += ["--socket", str(home / "code.sock"), "--max-workers", "16", "--inject-env-vars-from-instance"]
    daemon = ["dagster._daemon", "run", "--workspace", str(home / "workspace.yaml")]
    forking = [MODULE, str(fork_socket(home)), "bench.latency", name, str(home / "runs.log")]
    with ExitStack() as stack:
        stack.enter_context(_process(home / "code.log", code, environment))
        if name == "ours":
            stack.enter_context(_process(home / "runs.log", forking, environment))
        while not ((home / "code.sock").exists() and (name != "ours" or accepts(fork_socket(home)))):
            time.sleep(0.1)
        stack.enter_context(_process(home / "daemon.log", daemon, environment))
        yield


@contextmanager
def _process(log: Path, arguments: list[str], environment: dict[str, str]) -> Iterator[None]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _report(samples: dict[str, list[float]], memory: dict[str, float], *, json_path: Path | None) -> None:
    medians = {name: statistics.median(values) for name, values in samples.items()}
    for name, values in samples.items():
        words = f"{name:10} median {medians[name]:5.2f} s   from {min(values):5.2f} to {max(values):5.2f} s"
        print(f"{words}   memory of the run's process alone {memory[name] / 1e6:.0f} MB")
    ratio = medians["ours"] / medians["defaults"]
    print(f"ratio      {ratio:.2f}   (goals: 0.07; 25 MB of memory)")
    if json_path:
        found = {"samples": samples, "medians": medians, "ratio": ratio, "own_bytes": memory}
        json_path.write_text(json.dumps(found, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=12, help="how often each side is measured")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
