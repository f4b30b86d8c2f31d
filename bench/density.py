"""What a registered preview takes while it is awake and while it sleeps, and what it takes to wake one.

One platform with `--previews` previews of base and one module. Ten at a time are deployed while the ten before go to
sleep, and the last ten are awake when the memory is read, which is shared out among those who share it (PSS). A preview
wakes for its first request: from the request to the first page that is not the waiting page. Against it stands a plain
boot: `odoo-bin` on a database with the same modules, from its start to its first answer, beside the platform. With
`--runtime docker` each preview is a container of a signed image, and the engine counts too.
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.closures import SMALL
from bench.idle import ODOOS, SLUG, deploy_previews, memory_of, project_of
from bench.plain import plain_beside
from bench.preview import CACHE
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Environment
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.acceptance.platform import Platform, platform, wait_for
from tests.acceptance.repository import Repository
from tests.signed_images import signing_settings

GOAL_WAKE = 2.0
GOAL_REGISTERED, AWAKE, ON_MEGABYTES = 100, 10, 8 * 1024
PATIENCE_SECONDS = 300.0
PAGE = {"Accept": "text/html"}


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Megabytes while all is at rest: of the Odoos, of the engine of containers, and of the rest of the platform."""

    previews: float
    engine: float
    platform: float

    @property
    def environments(self) -> float:
        """Return what grows with the environments that are awake."""
        return self.previews + self.engine

    @property
    def total(self) -> float:
        """Return all of it."""
        return self.previews + self.engine + self.platform


@dataclass(frozen=True, kw_only=True)
class Density:
    """What was measured: memory with the last previews awake and with all asleep, and seconds."""

    awake: Memory
    asleep: Memory
    awake_count: int
    registered: float
    woken: Sequence[float]
    boots: Sequence[float]


def main() -> None:
    """Measure and print."""
    options = _options()
    with _platform(options.runtime) as running, project_of(running) as repository:
        started = time.monotonic()
        environments = _register(running, repository, options.previews)
        registered = time.monotonic() - started
        last = environments[-AWAKE:]
        _until_asleep(running, environments[:-AWAKE])
        awake = _memory(running)
        _ask_to_sleep(running, last)
        _until_asleep(running, last)
        asleep = _memory(running)
        woken = [_wake(each) for each in environments[: options.wakes]]
        databases = OdooDatabases(database_urls(running.settings).odoo, secrets=running.home / "secrets")
        plain = plain_beside(repository, databases=databases, folder=running.home / "plain", cache=CACHE)
        boots = [plain.measure(SMALL.addon).boot for _ in range(options.rounds)]
    _tell(
        options,
        Density(
            awake=awake,
            asleep=asleep,
            awake_count=len(last),
            registered=registered,
            woken=woken,
            boots=boots,
        ),
    )


@contextmanager
def _platform(runtime: str) -> Iterator[Platform]:
    """Yield a platform with the runtime that polls its repository and makes no backups."""
    common = {"ODOOOPS_CACHE": str(CACHE), "ODOOOPS_POLL_SECONDS": "5"}
    with ExitStack() as stack:
        settings = stack.enter_context(signing_settings("density")) if runtime == "docker" else {}
        yield stack.enter_context(platform("density", is_up=True, runtime=runtime, **common, **settings))


def _register(running: Platform, repository: Repository, count: int) -> list[Environment]:
    """Deploy the previews, ten at a time, while the ten before go to sleep; return them as they were deployed."""
    deployed: list[Environment] = []
    for first in range(0, count, AWAKE):
        _ask_to_sleep(running, deployed[-AWAKE:])
        deploy_previews(running, repository, range(first, min(first + AWAKE, count)))
        known = {each.id for each in deployed}
        deployed += [each for each in _environments(running) if each.id not in known]
        print(f"{len(deployed)} of {count} previews are registered", flush=True)
    return deployed


def _environments(running: Platform) -> list[Environment]:
    with running.control() as control:
        return [each for each in control.environments.list(SLUG) if each.url is not None]


def _memory(running: Platform) -> Memory:
    """Return what all takes when it has come to rest."""
    time.sleep(10)
    found = memory_of(running)
    odoos = found.pop(ODOOS, 0.0)
    return Memory(previews=odoos, engine=_engine_megabytes(running), platform=sum(found.values()))


def _engine_megabytes(running: Platform) -> float:
    """Return what the engine of containers takes, its programs beside each container included; 0 without one."""
    engine = running.environment.get("ODOOOPS_DOCKER_ENGINE", "").removeprefix("unix://")
    return sum(_pss(each) for each in psutil.process_iter() if engine and _is_of(each, str(Path(engine).parent)))


def _is_of(process: psutil.Process, folder: str) -> bool:
    try:
        return folder in " ".join(process.cmdline())
    except psutil.Error:
        return False


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / 1e6
    except psutil.Error:
        return 0.0


def _ask_to_sleep(running: Platform, environments: Sequence[Environment]) -> None:
    """Queue what `ops env stop --until-asked` queues; the command's own start takes longer than the stop."""
    with running.control() as control:
        for each in environments:
            control.runs.queue(
                each.project_id,
                env=each.name,
                git_sha=each.deployed_sha,
                ref=f"refs/heads/{each.branch}",
                kind="stop",
                config={"until_asked": True},
            )


def _until_asleep(running: Platform, environments: Sequence[Environment]) -> None:
    names = [each.name for each in environments]
    asked = "select count(*) as awake from ops.environments where name = any(%s) and status <> 'stopped'"
    wait_for(lambda: running.query(asked, names)[0]["awake"] == 0 or None, seconds=PATIENCE_SECONDS, what="sleep")


def _wake(environment: Environment) -> float:
    """Ask as a browser does, again and again, until the page comes; return how long that took."""
    started = time.monotonic()
    with loopback_client(timeout=PATIENCE_SECONDS) as client:
        while client.get(f"{environment.url}web/login", headers=PAGE).status_code != 200:
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise SystemExit(f"{environment.partition_key} does not wake up")
            time.sleep(0.1)
    return time.monotonic() - started


def _tell(options: argparse.Namespace, found: Density) -> None:
    wake, boot = statistics.median(found.woken), statistics.median(found.boots)
    one = (found.awake.environments - found.asleep.environments) / found.awake_count
    one_sleeping = found.asleep.previews / options.previews
    figures = {
        "previews": options.previews,
        "minutes until all are registered": found.registered / 60,
        f"megabytes with {found.awake_count} awake": found.awake.total,
        "megabytes with none awake": found.asleep.total,
        "megabytes of one awake": one,
        "megabytes of one that sleeps": one_sleeping,
        f"megabytes for {GOAL_REGISTERED} with {AWAKE} awake": found.asleep.total
        + AWAKE * one
        + (GOAL_REGISTERED - options.previews) * one_sleeping,
        "seconds of a wake-up": wake,
        "seconds of a plain boot": boot,
        "wake-up / plain boot": wake / boot,
    }
    for name, figure in figures.items():
        print(f"{name:<40}{figure:>10.2f}")
    print(f"goals: {GOAL_WAKE:g} for the last, {ON_MEGABYTES} MB for {GOAL_REGISTERED} with {AWAKE} awake")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--previews", type=int, default=3, help="previews that are registered [3]")
    parser.add_argument("--runtime", choices=("process", "docker"), default="process", help="where they run [process]")
    parser.add_argument("--wakes", type=int, default=10, help="how many of them are woken [10]")
    parser.add_argument("--rounds", type=int, default=1, help="plain boots [1]")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
