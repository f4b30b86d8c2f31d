"""What the sandbox costs: the start of a job in it and without it, in turn, and a request through the router.

A job is /bin/true, started as every job is: by a launcher, in the sandbox of an environment's Odoo. The requests are
those of `bench.router`: a sandboxed Odoo has no port of its own, and is reached through the router only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from bench import router
from odooops_dagster.home import StateEntry, cluster_sockets
from odooops_dagster.model import Build, DatabaseAccess, Job, Sandbox, Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.confinement import confined
from odooops_dagster.tools.runtime.job import run_job

GOAL_MS = 50.0
# The first starts load bwrap and the interpreter from the disk.
WARM_UP = 3


def main() -> None:
    """Print the figures; end with status 1 where a goal is missed."""
    options = _options()
    figures = start_of_a_job(options.samples)
    requests = router.measure(rounds=options.rounds, requests=options.requests, at_once=options.at_once)
    _print_line("median", "without", "with", "added", "goal")
    _print_figures("start of a job, ms", list(figures.values()), f"<= {GOAL_MS:.0f} added")
    latency = [requests[name] for name in ("direct_ms", "through_ms", "added_ms")]
    _print_figures("a request, ms", latency, f"<= {router.GOAL_MS:g} added")
    rates = [requests[name] for name in ("direct_per_second", "through_per_second")]
    _print_figures("requests a second", rates, f">= {router.GOAL_PER_SECOND:.0f}")
    if options.json:
        options.json.write_text(json.dumps({"job_ms": figures, "requests": requests}, indent=1) + "\n")
    sys.exit(1 if figures["added"] > GOAL_MS or router.is_missed(requests) else 0)


def start_of_a_job(samples: int) -> dict[str, float]:
    """Return the medians in milliseconds, and the median of what the sandbox adds to the start beside it."""
    with tempfile.TemporaryDirectory(prefix="odooops-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        sandbox = sandbox_of_an_odoo(home)
        sides: dict[str, list[float]] = {"without": [], "sandboxed": []}
        for number in range(WARM_UP + samples):
            for name, used in (("without", None), ("sandboxed", sandbox)):
                milliseconds = _started(home, used)
                if number >= WARM_UP:
                    sides[name].append(milliseconds)
    added = [inside - outside for inside, outside in zip(sides["sandboxed"], sides["without"], strict=True)]
    medians = {name: statistics.median(values) for name, values in sides.items()}
    return {name: round(value, 2) for name, value in (medians | {"added": statistics.median(added)}).items()}


def sandbox_of_an_odoo(home: Path) -> Sandbox:
    """Return the sandbox that an Odoo with packages of its project gets; the folders of its code are empty."""
    source, venv = home / StateEntry.SOURCES / "commit", home / StateEntry.VENVS / "key" / "venv"
    odoo = home / StateEntry.ODOO / "19.0"
    data = home / StateEntry.ENVIRONMENTS / "one" / "data"
    for folder in (source, venv / "bin", odoo, data, cluster_sockets(home)):
        folder.mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/usr/bin/python3")
    config = data.parent / "odoo.conf"
    config.write_text("[options]\n")
    build = Build(
        digest="sha256:0",
        series="19.0",
        odoo_revision="r",
        python=venv / "bin" / "python",
        addons_paths=(source,),
        modules=(),
        closure=(),
        source=Source(
            path=source, git_sha="0" * 40, tree_digest="t", addons_paths=(source,), modules=(), requirements=()
        ),
    )
    access = DatabaseAccess(
        host="127.0.0.1",
        port=1,
        user="u",
        password="p",  # noqa: S106 - opens nothing
        database="d",
        socket_folder=cluster_sockets(home),
    )
    made = confined(Settings(home=home, trust_pushers=False), build, config=config, data=data, access=access)
    assert made is not None  # noqa: S101 - asked for
    return made


def _started(home: Path, sandbox: Sandbox | None) -> float:
    cwd = home if sandbox is None else sandbox.home
    result = run_job(Job(name="bench", argv=("/bin/true",), cwd=cwd, log_path=home / "job.log", sandbox=sandbox))
    if result.exit_status != 0:
        raise SystemExit((home / "job.log").read_text())
    return result.seconds * 1000


def _print_figures(name: str, figures: list[float], goal: str) -> None:
    cells = [f"{figure:.2f}" for figure in figures] + ["", ""]
    _print_line(name, *cells[:3], goal)


def _print_line(name: str, *cells: str) -> None:
    *figures, goal = cells
    print(f"{name:<24}{''.join(f'{cell:>10}' for cell in figures)}   {goal}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sandbox", description=__doc__)
    parser.add_argument("--samples", type=int, default=40, help="starts of each kind")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of requests")
    parser.add_argument("--requests", type=int, default=2000, help="requests of a round, of each kind")
    parser.add_argument("--at-once", type=int, default=16, help="connections at a time, for the rate")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
