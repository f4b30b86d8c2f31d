"""How long an upgrade preview takes, against a rehearsal by hand: dump, load, `odoo -u all`.

One platform with its embedded PostgreSQL and a production of one repository. In each round one module changes; the same
data are dumped, loaded and updated by hand, and previewed; then the change is promoted, while the login page is asked
all the time, to compare the downtime with the one that the preview predicted.
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import json
import statistics
import time
from collections.abc import Mapping

from bench.closures import REALISTIC, SMALL, closure_options
from bench.preview import CACHE
from bench.promote import SLUG, Bench, bench_beside
from odooops_dagster import home
from odooops_dagster.local.pg_programs import pg_programs
from tests.acceptance.platform import platform

GOALS = {"preview / by hand": 0.25}


def main() -> None:
    """Measure and print."""
    options = closure_options("upgrade", __doc__)
    closure = SMALL if options.small else REALISTIC
    rounds: list[Mapping[str, float]] = []
    with platform("upgrade", ODOOOPS_CACHE=str(CACHE)) as running, bench_beside(running, closure) as bench:
        bench.promote("first", {"NOTES": "first\n"})  # makes the backup, which later work finds fresh enough
        preview(bench)  # makes the clone template of that backup
        for number in range(options.rounds):
            rounds.append(measured(bench, number))
            print(f"{number + 1}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in rounds[-1].items()))
    figures = _figures(rounds)
    for name, figure in figures.items():
        print(f"{name:<24}{figure:>8.2f}" + (f"   (goal: {GOALS[name]:.2f})" if name in GOALS else ""))
    if options.json:
        told = {"closure": closure.name, "rounds": len(rounds), **figures}
        options.json.write_text(json.dumps(told, indent=2) + "\n")


def measured(bench: Bench, number: int) -> dict[str, float]:
    """Measure each once."""
    bench.closure.change(bench.repository, number)
    bench.build()
    production = bench.production()
    name = str(production.database_name)
    source = bench.databases.access(name, role=home.role_name(production))
    files = home.filestore(bench.platform.settings.home, production, name)
    by_hand = bench.plain.measure_rehearsal(source, files, programs=pg_programs(bench.platform.settings))
    seconds, predicted = preview(bench)
    waited = bench.promote(f"upgrade-{number}", {})
    return {"by hand": by_hand, "preview": seconds, "predicted downtime": predicted, "downtime": waited}


def preview(bench: Bench) -> tuple[float, float]:
    """Return how long a preview of the newest commit took, and the downtime that it predicts."""
    started = time.monotonic()
    bench.platform.ops("upgrade", "preview", SLUG, "main", "--wait")
    seconds = time.monotonic() - started
    [newest, *_] = bench.platform.ask("upgrade", "list", SLUG)
    return seconds, float(newest["downtime_seconds"])


def _figures(rounds: list[Mapping[str, float]]) -> dict[str, float]:
    """Return medians of the seconds, and of each round's ratios: what slows one round slows both sides of it."""
    seconds = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    ratios = {
        "preview / by hand": statistics.median(each["preview"] / each["by hand"] for each in rounds),
        "predicted / downtime": statistics.median(each["predicted downtime"] / each["downtime"] for each in rounds),
    }
    return {name: round(figure, 3) for name, figure in {**seconds, **ratios}.items()}


if __name__ == "__main__":
    main()
