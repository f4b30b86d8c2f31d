"""What the command takes before it works: the help of every verb and noun, `ops --help`, and `ops status`.

Each is the CPU time of a process of its own, the least of so many runs: what other work on the machine adds is left out
where it can be, and what Python compiles, which it keeps as in any installation. `ops status` looks at a running
platform, which is started for it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from odooops_dagster.doors.cli import NOUNS, VERBS
from tests.acceptance.platform import platform

GOAL_SECONDS = 0.15


def main() -> None:
    """Measure and print; end with status 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        _measure(_options())


def _measure(options: argparse.Namespace) -> None:
    bare = least(["-c", "pass"], rounds=options.rounds)
    print(f"a Python that does nothing: {bare:.3f} s of CPU")
    taken = {"--help": _ops("--help", rounds=options.rounds)}
    taken |= {f"{name} --help": _ops(name, "--help", rounds=options.rounds) for name in (*VERBS, *NOUNS)}
    if not options.no_platform:
        with platform("cli") as running:
            taken["status"] = _ops("status", rounds=options.rounds, environment=running.environment)
    for what, seconds in taken.items():
        print(f"  ops {what:<20}{seconds:>8.3f} s{'' if seconds <= GOAL_SECONDS else '  misses its goal'}")
    print(f"goal: {GOAL_SECONDS} s each")
    if max(taken.values()) > GOAL_SECONDS:
        raise SystemExit(1)


def least(arguments: list[str], *, rounds: int, environment: Mapping[str, str] | None = None) -> float:
    """Return the least CPU time, in seconds, that this Python took with these arguments.

    Raises:
        CalledProcessError: it failed.
    """
    return min(_once(arguments, environment or os.environ) for _ in range(rounds))


def _once(arguments: list[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _ops(*words: str, rounds: int, environment: Mapping[str, str] | None = None) -> float:
    return least(["-m", "odooops_dagster.doors.cli", *words], rounds=rounds, environment=environment)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="runs of each [7]")
    parser.add_argument("--no-platform", action="store_true", help="leave out `ops status`")
    return parser.parse_args()


if __name__ == "__main__":
    main()
