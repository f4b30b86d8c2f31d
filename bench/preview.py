"""From `git push` to the first 200 of the login page, against `odoo -i` of the same modules and a boot, by hand.

One platform with its embedded PostgreSQL, one real repository, real pushes. In each round: Odoo by hand, then a push
that finds nothing kept (cold), a second branch with the same content (branch), and a push to the first branch that
changes the repository's own module alone (change).
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench.closures import REALISTIC, SMALL, Closure, closure_options
from bench.plain import PATIENCE_SECONDS, PlainOdoo, PlainTimes, first_answer, plain_beside
from bench.timeline import Timeline, timeline
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import NotFound
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import FINISHED, Environment, Project, Run
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.acceptance.platform import SERIES, Platform, platform
from tests.acceptance.repository import Repository

KINDS = ("cold", "branch", "change")
GOALS = {"branch / plain": 0.35, "change / plain": 0.35, "own share of cold": 0.20}
LOOK_EVERY_SECONDS = 0.1
Found = TypeVar("Found")
CACHE = Path(
    os.environ.get("ODOOOPS_CACHE") or os.environ.get("ODOOOPS_TEST_CACHE") or Path.home() / ".cache" / "odooops-bench"
)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round measured."""

    plain: PlainTimes
    pushes: Mapping[str, Timeline]

    def ratios(self) -> dict[str, float]:
        """Return what the specification asks for, and how a cold preview compares with the work by hand."""
        totals = {f"{kind} / plain": self.pushes[kind].total / self.plain.total for kind in KINDS}
        return totals | {"own share of cold": self.pushes["cold"].own / self.pushes["cold"].total}


def main() -> None:
    """Measure and print."""
    options = closure_options("preview", __doc__)
    closure = SMALL if options.small else REALISTIC
    rounds: list[Round] = []
    with platform("preview", ODOOOPS_CACHE=str(CACHE)) as running, bench_on(running, closure) as bench:
        bench.plain.measure(closure.addon)  # what the machine reads for the first time is read for nobody's account
        for number in range(options.rounds):
            rounds.append(bench.round(number))
            print(f"{number + 1}: {_told(rounds[-1].ratios())}", flush=True)
    figures = _figures(rounds)
    _print(closure, figures)
    if options.json:
        options.json.write_text(
            json.dumps({"closure": closure.name, "rounds": len(rounds), **figures}, indent=2) + "\n"
        )


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A running platform with one project, and a plain Odoo beside it."""

    platform: Platform
    control: ControlPlane
    databases: OdooDatabases
    project: Project
    repository: Repository
    closure: Closure
    plain: PlainOdoo

    def round(self, number: int) -> Round:
        """Measure each once, and leave nothing behind that a later round would profit from."""
        first, second = f"feature/first-{number}", f"feature/second-{number}"
        plain = self.plain.measure(self.closure.addon)
        self.forget_templates()
        pushes = {"cold": self.push(first), "branch": self.push(second)}
        self.closure.change(self.repository, number)
        pushes["change"] = self.push(first)
        for branch in (first, second):
            self.delete(branch)
        return Round(plain=plain, pushes=pushes)

    def build_main(self) -> None:
        """Push the default branch, which is built and not deployed: a project without a branch is polled seldom."""
        sha = self.repository.push("main")
        self._succeeded(lambda: self._run(sha, "build"))

    def push(self, branch: str) -> Timeline:
        """Push the branch, and return what happened until its preview answered."""
        pushed_at = time.time()
        sha = self.repository.push(branch)
        answered_at = self._answers(branch, sha)
        run = self._succeeded(lambda: self._run(sha, "deploy"))
        events = self.control.logs.events(run.id)
        return timeline(run, events, pushed_at=pushed_at, answered_at=answered_at)

    def _answers(self, branch: str, sha: str) -> float:
        """Return the moment at which the environment is recorded with this commit and answers, by the wall clock."""

        def look() -> Environment | None:
            self._check(self._run(sha, "deploy"))
            try:
                environment = self.control.environments.get(f"{self.project.slug}/{branch}")
            except NotFound:
                return None
            return environment if environment.deployed_sha == sha else None

        environment = _until(look, what=f"preview of {branch}")
        if first_answer(str(environment.url), alive=lambda: True) is None:
            raise SystemExit(f"{environment.url} does not answer")
        return time.time()

    def delete(self, branch: str) -> None:
        """Delete the branch, and wait until its preview is gone."""
        self.repository.delete(branch)
        key = f"{self.project.slug}/{branch}"
        self._succeeded(lambda: self._find(lambda run: run.kind == "destroy" and run.partition_key == key))

    def forget_templates(self) -> None:
        """Drop the databases that later previews would be copies of."""
        # Only the login of what works on runs may.
        with ControlPlane(database_urls(self.platform.settings).worker) as worker:
            for row in worker.templates.list():
                worker.templates.forget(row["database_name"])
                self.databases.drop(row["database_name"])

    def _run(self, sha: str, kind: str) -> Run | None:
        return self._find(lambda run: run.git_sha == sha and run.kind == kind)

    def _find(self, wanted: Callable[[Run], bool]) -> Run | None:
        return next((run for run in self.control.runs.list(self.project.slug, limit=50) if wanted(run)), None)

    def _succeeded(self, find: Callable[[], Run | None]) -> Run:
        def look() -> Run | None:
            run = find()
            self._check(run)
            return run if run and run.status in FINISHED else None

        return _until(look, what="end of a run")

    def _check(self, run: Run | None) -> None:
        if run and run.status in FINISHED and run.status != "succeeded":
            raise SystemExit(f"run #{run.run_number} {run.status}: {run.error_message}\n{self.platform.said(run)}")


@contextmanager
def bench_on(running: Platform, closure: Closure) -> Iterator[Bench]:
    """Make the repository, its project, and what Odoo by hand needs: the same Python environment, made beforehand."""
    folder = running.home / "bench"
    repository = Repository(folder)
    closure.fill(repository)
    urls = database_urls(running.settings)
    databases = OdooDatabases(urls.odoo, secrets=running.home / "secrets")
    plain = plain_beside(repository, databases=databases, folder=folder, cache=CACHE)
    with ControlPlane(urls.operator) as control:
        project = control.projects.create("bench", repo_url=str(repository.origin), odoo_version=SERIES)
        made = Bench(
            platform=running,
            control=control,
            databases=databases,
            project=project,
            repository=repository,
            closure=closure,
            plain=plain,
        )
        made.build_main()
        yield made


def _until(look: Callable[[], Found | None], *, what: str) -> Found:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(LOOK_EVERY_SECONDS)
    raise SystemExit(f"no {what} within {PATIENCE_SECONDS:.0f} s")


def _figures(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return medians of the seconds, and of each round's ratios: what slows one round slows both sides of it."""
    plain = [{"install": each.plain.install, "boot": each.plain.boot, "total": each.plain.total} for each in rounds]
    return {
        "plain": _medians(plain),
        "pushes": {kind: _medians([each.pushes[kind].figures() for each in rounds]) for kind in KINDS},
        "ratios": _medians([each.ratios() for each in rounds]),
    }


def _medians(samples: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for sample in samples for name in sample)
    return {name: round(statistics.median(sample.get(name, 0.0) for sample in samples), 3) for name in names}


def _print(closure: Closure, figures: Mapping[str, Any]) -> None:
    plain = figures["plain"]
    print(f"\n{closure.name}: medians in seconds")
    print(f"by hand: install {plain['install']:.1f}, boot {plain['boot']:.1f}, total {plain['total']:.1f}")
    names = dict.fromkeys(name for kind in KINDS for name in figures["pushes"][kind])
    print(f"{'push to 200':<24}" + "".join(f"{kind:>10}" for kind in KINDS))
    for name in names:
        cells = (figures["pushes"][kind].get(name) for kind in KINDS)
        print(f"{name:<24}" + "".join(f"{'' if cell is None else f'{cell:.2f}':>10}" for cell in cells))
    for name, ratio in figures["ratios"].items():
        goal = f"   (goal: {GOALS[name]:.2f})" if name in GOALS else ""
        print(f"{name:<24}{ratio:>10.2f}{goal}")


def _told(ratios: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())


if __name__ == "__main__":
    main()
