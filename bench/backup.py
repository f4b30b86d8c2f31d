"""Backups and clones of a real Odoo, against `odoo db dump`, `odoo db load`, and click-odoo-contrib's programs.

In every round: a dump, beside a first backup, its verification, and a second backup after a hundredth of the rows and
files was changed; a load, beside a restore and a staging clone from the clone template; click-odoo's zip and copy. Who
begins changes from round to round. Each is a program of its own, its start included.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from bench.cost import Cost, ours
from bench.preview import CACHE
from bench.production import FULL, SMALL, Production, production
from bench.programs import DATABASE, OdooPrograms
from bench.server import throwaway_server
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.pipeline import sanitize

DUMP, LOAD, CLICK_BACKUP, CLICK_COPY = "odoo db dump", "odoo db load", "click-odoo-backupdb", "click-odoo-copydb"
FIRST, VERIFY, SECOND, RESTORE, CLONE = "first backup", "verify", "second backup", "restore", "staging clone"
# The sum of ours, divided by the sum of theirs, and the most that the specification allows.
RATIOS: Sequence[tuple[Sequence[str], Sequence[str], float | None]] = (
    ((FIRST,), (DUMP,), 0.60),
    ((SECOND,), (DUMP,), 0.15),
    ((CLONE,), (DUMP, LOAD), 0.15),
    ((FIRST, VERIFY), (DUMP,), None),
    ((RESTORE,), (LOAD,), None),
    ((FIRST,), (CLICK_BACKUP,), None),
    ((SECOND,), (CLICK_BACKUP,), None),
    ((CLONE,), (CLICK_COPY,), None),
)
BYTES_GOAL = 0.05
GOLDEN, COPY, SCRATCH, STAGING = "bench_golden", "bench_copy", "bench_scratch", "bench_staging"
MB = 1e6

# The costs of one round by what was done.
Round = dict[str, Cost]


def main() -> None:
    """Measure and print."""
    options = _options()
    bin_dir = options.bin_dir or wheel_bin_dir()
    with throwaway_server(bin_dir=options.bin_dir) as server, TemporaryDirectory(prefix="odooops-bench-") as name:
        folder = Path(name)
        programs = OdooPrograms(server.url(), bin_dir=bin_dir, folder=folder, cache=CACHE)
        databases = OdooDatabases(server.url(), secrets=folder / "secrets")
        with production(SMALL if options.small else FULL, programs, databases, cache=CACHE) as made:
            bench = Bench(made, programs, databases, admin_url=server.url())
            bench.prepare()
            rounds = [bench.round(number) for number in range(options.rounds)]
            print(f"\nPostgreSQL {server.version()}, {bench.described}")
    figures = _figures(rounds)
    _print(figures)
    if options.json:
        options.json.write_text(json.dumps({"production": bench.described, **figures}, indent=2) + "\n")


class Bench:
    """A production, and everything that can be done with it."""

    def __init__(self, made: Production, programs: OdooPrograms, databases: OdooDatabases, *, admin_url: str) -> None:
        self._production = made
        self._programs = programs
        self._databases = databases
        self._admin_url = admin_url
        self._folder = programs.folder
        self._zip = self._folder / "odoo.zip"
        self._key = ""
        self._click_missing: str | None = None
        self.described = ""

    def prepare(self) -> None:
        """Make the clone template, and see whether the others' programs run here."""
        database, files = self._production.sizes()
        self.described = f"database {database / MB:.0f} MB, filestore {files / MB:.0f} MB"
        print(self.described, flush=True)
        self._make_golden()
        self._click_missing = self._programs.find_click()
        if self._click_missing:
            print(f"click-odoo-contrib is left out: {self._click_missing}", flush=True)

    def round(self, number: int) -> Round:
        """Measure each once, in pairs, and leave nothing behind but the changes."""
        costs: Round = {}
        click = [] if self._click_missing else [self._click_backup, self._click_copy]
        pairs = [
            ([self._dump], [self._first, self._verify, lambda: self._second(number)]),
            ([self._load], [self._restore, self._clone]),
            (click, []),
        ]
        for theirs, own in pairs:
            for step in [*own, *theirs] if number % 2 else [*theirs, *own]:
                self._settle()
                costs |= step()
        shutil.rmtree(self._folder / "store")
        print(f"{number + 1}: " + ", ".join(f"{name} {cost.seconds:.1f} s" for name, cost in costs.items()), flush=True)
        return costs

    def _settle(self) -> None:
        """Have everything on the disk that went before, so that nobody writes it at another's expense."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute("checkpoint")
        os.sync()

    # -- below: each of them, and what it leaves taken away outside of its time

    def _dump(self) -> Round:
        return {DUMP: self._programs.dump(DATABASE, self._zip)}

    def _load(self) -> Round:
        cost = self._programs.load(self._zip, COPY)
        self._programs.drop(COPY)
        return {LOAD: cost}

    def _click_backup(self) -> Round:
        target = self._folder / "click.zip"
        cost = self._programs.click_backup(DATABASE, target)
        target.unlink()
        return {CLICK_BACKUP: cost}

    def _click_copy(self) -> Round:
        cost = self._programs.click_copy(DATABASE, COPY)
        self._programs.drop(COPY)
        return {CLICK_COPY: cost}

    def _first(self) -> Round:
        return {FIRST: self._create("first")}

    def _second(self, number: int) -> Round:
        self._production.change(number)
        self._settle()
        return {SECOND: self._create("second")}

    def _create(self, backup_id: str) -> Cost:
        made = self._production
        cost = self._ours("create", id=backup_id, access=asdict(made.access), filestore=str(made.filestore))
        self._key = cost.told["key"]
        return cost

    def _verify(self) -> Round:
        return {VERIFY: self._ours("verify", key=self._key)}

    def _restore(self) -> Round:
        target = self._programs.filestore(COPY)
        cost = self._ours("restore", key=self._key, database=COPY, owner=DATABASE, to=str(target))
        self._programs.drop(COPY)
        return {RESTORE: cost}

    def _clone(self) -> Round:
        names = {"database": COPY, "golden": GOLDEN, "scratch": SCRATCH, "owner": STAGING}
        golden, copy = self._programs.filestore(GOLDEN), self._programs.filestore(COPY)
        cost = self._ours("clone", **names, filestore=str(golden), to=str(copy))
        self._programs.drop(COPY)
        return {CLONE: cost}

    def _ours(self, verb: str, **question: object) -> Cost:
        common = {
            "store": str(self._folder / "store"),
            "bin_dir": str(self._programs.bin_dir),
            "admin_url": self._admin_url,
            "secrets": str(self._folder / "secrets"),
        }
        return ours(verb, {**common, **question}, folder=self._folder)

    def _make_golden(self) -> None:
        """Make a harmless copy of production, and keep it and its files as what clones are copied from."""
        for role in (SCRATCH, STAGING):
            self._databases.ensure_role(role)
        self._databases.create(COPY, owner=SCRATCH, template=DATABASE)
        names = neutralize.installed(module_states(self._databases.access(COPY, role=SCRATCH)))
        scripts = neutralize.scripts(names, self._programs.addons_paths)
        sanitize(self._databases.access(COPY, role=SCRATCH), scripts=scripts, masks=(), progress=lambda _line: None)
        self._databases.turn_into_template(COPY, GOLDEN)
        shutil.copytree(self._production.filestore, self._programs.filestore(GOLDEN))


def _figures(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the best and the median of each, and of each round's ratios: what slows a round slows both its sides."""
    return {
        "rounds": len(rounds),
        "costs": {name: _summary([each[name] for each in rounds]) for name in rounds[0]},
        "ratios": {
            _named(ours, theirs): _ratio(rounds, ours, theirs)
            for ours, theirs, _ in RATIOS
            if {*ours, *theirs} <= rounds[0].keys()
        },
        "bytes": max(each[SECOND].told["stored_bytes"] / each[DUMP].told["stored_bytes"] for each in rounds),
    }


def _summary(costs: Sequence[Cost]) -> dict[str, float]:
    stored = max(cost.told.get("stored_bytes", 0) for cost in costs)
    return {
        "best_seconds": round(min(cost.seconds for cost in costs), 2),
        "median_seconds": round(statistics.median(cost.seconds for cost in costs), 2),
        "memory_mb": round(max(cost.memory_mb for cost in costs)),
        **({"stored_mb": round(stored / MB, 1)} if stored else {}),
    }


def _ratio(rounds: Sequence[Round], ours: Sequence[str], theirs: Sequence[str]) -> dict[str, float]:
    pairs = [[sum(each[name].seconds for name in side) for side in (ours, theirs)] for each in rounds]
    best = min(own for own, _ in pairs) / min(other for _, other in pairs)
    return {"best": round(best, 3), "median": round(statistics.median(own / other for own, other in pairs), 3)}


def _named(ours: Sequence[str], theirs: Sequence[str]) -> str:
    return f"{' + '.join(ours)} / {' + '.join(theirs)}"


def _print(figures: Mapping[str, Any]) -> None:
    print(f"{'':<22}{'best s':>10}{'median s':>10}{'peak MB':>10}{'stored MB':>12}")
    for name, cost in figures["costs"].items():
        stored = f"{cost['stored_mb']:.1f}" if "stored_mb" in cost else ""
        print(
            f"{name:<22}{cost['best_seconds']:>10.2f}{cost['median_seconds']:>10.2f}"
            f"{cost['memory_mb']:>10.0f}{stored:>12}"
        )
    goals = {_named(ours, theirs): goal for ours, theirs, goal in RATIOS}
    print(f"\n{'ratio':<48}{'of bests':>10}{'median':>10}")
    for name, ratio in figures["ratios"].items():
        goal = f"   (goal: {goals[name]:.2f})" if goals[name] else ""
        print(f"{name:<48}{ratio['best']:>10.3f}{ratio['median']:>10.3f}{goal}")
    print(f"{'bytes of the second backup / odoo db dump':<48}{figures['bytes']:>10.3f}{'':>10}   (goal: {BYTES_GOAL})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.backup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--small", action="store_true", help="a small production, to see that everything runs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--bin-dir", type=Path, help="programs of another PostgreSQL than the embedded one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
