"""A preview as a service of a Docker Swarm whose node goes: how long until its Odoo answers from another node.

Three engines of the tests' own are a swarm on this machine: the manager, where the platform's jobs run, and two workers
for environments; images come from a registry by digest, and the nodes share a folder of one disk. Two losses: of the
node while nothing happens, and of the node on which the preview serves while a push to it is at work. The cable of the
node is pulled, so that its container works on and reaches nobody. Each run has to end once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from odooops_dagster.model import FINISHED, Run
from odooops_dagster.tools.loopback import loopback_client
from tests.acceptance.platform import SERIES, Platform, platform, wait_for
from tests.acceptance.repository import Repository
from tests.signed_images import settings_on
from tests.swarm_nodes import Node, Swarm, running_swarm

SLUG, BRANCH = "swarm", "feature/swarm"
PATIENCE_SECONDS = 300.0
SERVICE = "odooops.kind=service"
# Every node of this machine has the same disk, as nodes with one network share have.
SHARED = "type=none;o=bind;device={path}"


def main() -> None:
    """Print the figures; end with status 1 where a run has not ended once."""
    options = _options()
    with running_swarm() as swarm, _platform(swarm) as running, tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        repository.add_demo()
        running.ops("project", "create", SLUG, "--repo", str(repository.origin), "--odoo", SERIES)
        first = running.ended(running.run_of(SLUG, repository.push(BRANCH)), seconds=3000)
        _require_success(running, first)
        _answered(running)
        figures = {"first push until its run's end": _seconds(first)}
        figures["answer after a node went"] = _lose(running, swarm)
        figures["run of a push while its node goes"], second = _lose_at_work(running, swarm, repository)
        figures["answer after that run's end"] = _answered(running)
        ends = _ends(running)
    for name, seconds in figures.items():
        print(f"{name:<40}{seconds:>10.1f} s")
    print(f"ends of each run: {ends}; the push while the node went: {second.status}")
    if options.json:
        options.json.write_text(json.dumps({**figures, "ends": ends}, indent=1) + "\n")
    sys.exit(0 if set(ends) == {1} else 1)


@contextmanager
def _platform(swarm: Swarm) -> Iterator[Platform]:
    """Yield a platform whose environments are services on the workers."""
    with settings_on(swarm.manager, "bench") as settings:
        port = int(settings["ODOOOPS_IMAGE_REGISTRY"].partition("/")[0].rpartition(":")[2])
        for node in (swarm.manager, *swarm.workers):
            node.lead(port)
        placed = {
            "ODOOOPS_DOCKER_SWARM": "true",
            "ODOOOPS_SWARM_CONSTRAINTS": "node.role==worker",
            "ODOOOPS_SWARM_VOLUME": SHARED,
            "ODOOOPS_SWARM_ENCRYPTED": "false",
        }
        with platform("swarm", is_up=True, runtime="docker", **settings, **placed) as running:
            yield running


def _lose(running: Platform, swarm: Swarm) -> float:
    """Pull the cable of the preview's node; return the seconds until it answers from the other one."""
    lost = _node(swarm)
    lost.cut()
    seconds = _answered(running)
    if _node(swarm) is lost:
        raise SystemExit("the preview answers from the node that is lost")
    lost.mend()
    wait_for(lambda: _is_ready(swarm, lost) or None, seconds=PATIENCE_SECONDS, what="node that is back")
    return seconds


def _lose_at_work(running: Platform, swarm: Swarm, repository: Repository) -> tuple[float, Run]:
    """Pull the cable while a push is at work; return the seconds of its run, and the run."""
    repository.write("CHANGES.md", "a change")
    run = running.run_of(SLUG, repository.push(BRANCH))
    with running.control() as control:
        wait_for(lambda: control.runs.get(run.id).status == "running" or None, seconds=60, what="run at work")
    _node(swarm).cut()
    run = running.ended(run, seconds=PATIENCE_SECONDS)
    _require_success(running, run)
    return _seconds(run), run


def _node(swarm: Swarm) -> Node:
    """Return the node on which the only preview's task is to run."""
    api: Any = swarm.manager.client.api
    [service] = api.services(filters={"label": SERVICE})
    return swarm.node_of(service["Spec"]["Name"])


def _is_ready(swarm: Swarm, node: Node) -> bool:
    api: Any = swarm.manager.client.api
    return any(each["ID"] == node.id and each["Status"]["State"] == "ready" for each in api.nodes())


def _answered(running: Platform) -> float:
    """Ask as a browser does until the login page comes; return how long that took."""
    [environment] = running.query("select url from ops.environments where name = %s and destroyed_at is null", BRANCH)
    started = time.monotonic()
    with loopback_client(timeout=60) as client:
        while client.get(f"{environment['url']}web/login").status_code != 200:
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise SystemExit(f"{environment['url']} does not answer")
            time.sleep(0.2)
    return time.monotonic() - started


def _ends(running: Platform) -> list[int]:
    """Return how often each run ended, by its events."""
    with running.control() as control:
        runs = control.runs.list(SLUG, limit=50)
        events = [control.logs.events(run.id) for run in runs]
    return [sum(event["payload"].get("to") in FINISHED for event in of_run) for of_run in events]


def _require_success(running: Platform, run: Run) -> None:
    if run.status != "succeeded":
        raise SystemExit(f"run #{run.run_number} {run.status}: {run.error_message}\n{running.said(run)}")


def _seconds(run: Run) -> float:
    return (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.swarm", description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
