"""What an image of each commit costs: a first push on a new engine and registry, then pushes that change code alone.

Each push goes to a running platform with the runtime docker, a registry and a key: the image is made, pushed, signed
and verified, and the environment runs from it. The engine and the registry are the tests' own; root starts them.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.platform import SERIES, Platform, platform
from tests.acceptance.repository import Repository
from tests.environments import login_page
from tests.signed_images import signing_settings

GOAL = 0.1
SLUG, BRANCH = "images", "feature/images"
_PUSHED = re.compile(r"pushed \S+ as .* after ([\d.]+) s")


def main() -> None:
    """Print the figures; end with status 1 where the goal is missed."""
    options = _options()
    with _platform() as running, tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        repository.add_demo()
        running.ops("project", "create", SLUG, "--repo", str(repository.origin), "--odoo", SERIES)
        cold = _push(running, repository, "0")
        warm = [_push(running, repository, str(number + 1)) for number in range(options.rounds)]
    medians = tuple(statistics.median(each[side] for each in warm) for side in (0, 1))
    print(f"{'':32}{'first push':>12}{'code alone':>12}{'ratio':>8}{'goal':>10}")
    print(_line("image: made, pushed, signed, s", cold[0], medians[0], f"<= {GOAL:g}"))
    print(_line("push to new version, s", cold[1], medians[1], f"<= {GOAL:g}"))
    # The strictest reading: all of a push of code alone, against the image alone of the first.
    answering = medians[1] / cold[0]
    print(f"push to new version / image of the first push: {answering:.2f}")
    if options.json:
        options.json.write_text(json.dumps({"cold": cold, "warm": warm}, indent=1) + "\n")
    sys.exit(1 if max(medians[0] / cold[0], answering) > GOAL else 0)


def _push(running: Platform, repository: Repository, text: str) -> tuple[float, float]:
    """Push a change of code, and return the seconds of its image and of its run, once the environment answers."""
    repository.write("CHANGES.md", text)
    run = running.ended(running.run_of(SLUG, repository.push(BRANCH)), seconds=3000)
    if run.status != "succeeded" or run.finished_at is None:
        sys.exit(f"the run of the push {run.status}: {run.error_message}")
    [environment] = running.query("select url from ops.environments where name = %s and destroyed_at is null", BRANCH)
    if login_page(environment["url"]).status_code != 200:
        sys.exit("the environment does not answer")
    [found] = [seconds for seconds in map(_PUSHED.search, running.said(run).splitlines()) if seconds]
    return float(found[1]), (run.finished_at - run.created_at).total_seconds()


@contextmanager
def _platform() -> Iterator[Platform]:
    """Yield a platform that pushes signed images and runs nothing else."""
    with signing_settings("bench") as settings, platform("images", is_up=True, runtime="docker", **settings) as running:
        yield running


def _line(name: str, cold: float, warm: float, goal: str) -> str:
    return f"{name:32}{cold:>12.1f}{warm:>12.1f}{warm / cold:>8.2f}{goal:>10}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="pushes that change code alone")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
