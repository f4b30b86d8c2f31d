"""Runs lanes of tests one after another: `python -m tests.long_lanes [--changed] [LANE ...]`.

Without names, all that are long. Each lane is a call of pytest. What passed is remembered in the cache of tests by what
it depended on.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.cache import CACHE
from tests.lanes import NOT_LONG, ROOT, Lane, read

PASSED = CACHE / "lanes-that-passed"
NO_TESTS = 5


def main(arguments: Sequence[str]) -> int:
    """Run the lanes, print what became of each, and return 1 if any is red."""
    parser = argparse.ArgumentParser(prog="tests.long_lanes", description=__doc__)
    parser.add_argument("lane", nargs="*", help="a lane of tests/lanes.toml")
    parser.add_argument("--changed", action="store_true", help="leave out what passed with the same inputs")
    options, for_pytest = parser.parse_known_args(arguments)
    by_name = read().by_name
    if unknown := set(options.lane) - set(by_name):
        parser.error(f"no lane {', '.join(sorted(unknown))}: there are {', '.join(by_name)}")
    chosen = options.lane or [name for name in by_name if name not in NOT_LONG]
    lanes = [by_name[name] for name in chosen]
    return report([(lane, run(lane, for_pytest, changed=options.changed)) for lane in lanes])


def run(lane: Lane, for_pytest: Sequence[str], *, changed: bool) -> str:
    """Run one lane and return what became of it."""
    if lane.name == "root" and os.geteuid() != 0:
        return "left out: only root can run it"
    key = fingerprint(lane)
    if changed and key is not None and (PASSED / lane.name).exists() and (PASSED / lane.name).read_text() == key:
        return "left out: it passed with the same inputs"
    print(f"── {lane.name}: {lane.proves} (about {lane.minutes:g} minutes)", flush=True)
    started = time.monotonic()
    argv = [sys.executable, "-m", "pytest", "--lane", lane.name, "-n", str(lane.workers), "--dist", "loadfile"]
    status = subprocess.run([*argv, "--no-loadscope-reorder", *for_pytest], cwd=ROOT, check=False).returncode
    minutes = f"{(time.monotonic() - started) / 60:.1f} minutes"
    if status not in {0, NO_TESTS}:
        return f"red after {minutes}"
    if key is not None and not for_pytest:
        PASSED.mkdir(parents=True, exist_ok=True)
        (PASSED / lane.name).write_text(key)
    return f"passed in {minutes}"


def fingerprint(lane: Lane, folder: Path = ROOT) -> str | None:
    """Return a hash of the lane's inputs as git has them and of the system; None where an input is in no commit."""

    def git(*argv: str) -> bytes:
        return subprocess.run(["git", "-C", str(folder), *argv], check=True, stdout=subprocess.PIPE).stdout

    if git("status", "--porcelain", "--", *lane.inputs):
        return None
    named = git("ls-files", "--stage", "--", *lane.inputs)
    return hashlib.sha256(named + Path("/etc/os-release").read_bytes() + sys.version.encode()).hexdigest()


def report(results: Sequence[tuple[Lane, str]]) -> int:
    """Print a line for each lane and return 1 if any is red."""
    for lane, result in results:
        print(f"── {lane.name}: {result}")
    return int(any(result.startswith("red") for _, result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
