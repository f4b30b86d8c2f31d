"""How long nobody can work while a release takes over production, against `odoo -u` and a restart by hand.

One platform with its embedded PostgreSQL and a production of one repository. In each round: `odoo -u` of the changed
module and a restart, by hand, in a copy of production's database and files; a promotion of the same change (module);
and a promotion that changes a file which no module has (code). The login page is asked all the time: the downtime is
the longest time without an answer.
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import json
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from bench.closures import REALISTIC, SMALL, Closure, closure_options
from bench.plain import PlainOdoo, plain_beside
from bench.preview import CACHE
from odooops_dagster import home
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Environment
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.acceptance.platform import SERIES, Platform, platform
from tests.acceptance.repository import Repository

SLUG = "bench"
GOALS = {"module / by hand": 1.1, "code / by hand": 0.3}
LOOK_EVERY_SECONDS = 0.05


def main() -> None:
    """Measure and print."""
    options = closure_options("promote", __doc__)
    closure = SMALL if options.small else REALISTIC
    rounds: list[Mapping[str, float]] = []
    with platform("promote", ODOOOPS_CACHE=str(CACHE)) as running, bench_beside(running, closure) as bench:
        bench.promote("first", {"NOTES": "first\n"})  # makes the backup, which later ones find fresh enough
        for number in range(options.rounds):
            rounds.append(bench.round(number))
            print(f"{number + 1}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in rounds[-1].items()))
    figures = _figures(rounds)
    for name, figure in figures.items():
        print(f"{name:<20}{figure:>8.2f}" + (f"   (goal: {GOALS[name]:.1f})" if name in GOALS else " s"))
    if options.json:
        told = {"closure": closure.name, "rounds": len(rounds), **figures}
        options.json.write_text(json.dumps(told, indent=2) + "\n")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A running platform with a production, and a plain Odoo beside it."""

    platform: Platform
    databases: OdooDatabases
    repository: Repository
    closure: Closure
    plain: PlainOdoo

    def round(self, number: int) -> dict[str, float]:
        """Measure each once."""
        self.closure.change(self.repository, number)
        return {
            "by hand": self._by_hand(),
            "module": self.promote(f"module-{number}", {}),
            "code": self.promote(f"code-{number}", {"NOTES": f"{number}\n"}),
        }

    def promote(self, version: str, files: Mapping[str, str]) -> float:
        """Push the files with what has changed, promote their build, and return how long nobody could work."""
        for name, text in files.items():
            self.repository.write(name, text)
        self.build()
        with Visitor(str(self.production().url)) as visitor:
            self.platform.ops("promote", SLUG, "--as", version, "--yes", "--wait")
        return visitor.longest_wait

    def build(self) -> None:
        """Push what was written, and wait for its build."""
        build = self.platform.ended(self.platform.run_of(SLUG, self.repository.push("main"), kind="build"))
        if build.status != "succeeded":
            raise SystemExit(f"the build failed: {build.error_message}\n{self.platform.said(build)}")

    def _by_hand(self) -> float:
        production = self.production()
        name = str(production.database_name)
        files = home.filestore(self.platform.settings.home, production, name)
        return self.plain.measure_update(name, files, self.closure.addon)

    def production(self) -> Environment:
        """Return the production as its row says now."""
        with self.platform.control() as control:
            return control.environments.get(f"{SLUG}/main")


@dataclass
class Visitor:
    """Somebody who asks for the login page all the time, as long as the block."""

    url: str
    answered_at: list[float] = field(default_factory=list)
    _gone: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to ask; return after the first answer."""
        self._thread = threading.Thread(target=self._visit, daemon=True)
        self._thread.start()
        while not self.answered_at:
            time.sleep(LOOK_EVERY_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End with one more answer, so that what happened last is seen too."""
        seen = len(self.answered_at)
        while error is None and len(self.answered_at) == seen:
            time.sleep(LOOK_EVERY_SECONDS)
        self._gone.set()

    @property
    def longest_wait(self) -> float:
        """Return the longest time between two answers, in seconds."""
        return max(later - earlier for earlier, later in zip(self.answered_at, self.answered_at[1:], strict=False))

    def _visit(self) -> None:
        with loopback_client(timeout=60) as client:
            while not self._gone.wait(LOOK_EVERY_SECONDS):
                try:
                    answer = client.get(f"{self.url}web/login")
                except httpx.HTTPError:
                    continue
                if answer.status_code == 200:
                    self.answered_at.append(time.monotonic())


@contextmanager
def bench_beside(running: Platform, closure: Closure) -> Iterator[Bench]:
    """Make the repository, its production, and what Odoo by hand needs."""
    folder = running.home / "bench"
    repository = Repository(folder)
    closure.fill(repository)
    repository.push("main")
    running.ops("project", "create", SLUG, "--repo", str(repository.origin), "--odoo", SERIES)
    with running.control() as control:
        project = control.projects.get(SLUG)
        control.policies.set(project.id, policy_type="promotion", rules={"release": "by_hand"})
    running.ops("env", "create", SLUG, "main", "--wait")
    databases = OdooDatabases(database_urls(running.settings).odoo, secrets=running.home / "secrets")
    plain = plain_beside(repository, databases=databases, folder=folder, cache=CACHE)
    yield Bench(platform=running, databases=databases, repository=repository, closure=closure, plain=plain)


def _figures(rounds: list[Mapping[str, float]]) -> dict[str, float]:
    """Return medians of the seconds, and of each round's ratios: what slows one round slows both sides of it."""
    names = ("by hand", "module", "code")
    seconds = {name: statistics.median(each[name] for each in rounds) for name in names}
    ratios = {
        f"{name} / by hand": statistics.median(each[name] / each["by hand"] for each in rounds)
        for name in ("module", "code")
    }
    return {name: round(figure, 3) for name, figure in {**seconds, **ratios}.items()}


if __name__ == "__main__":
    main()
