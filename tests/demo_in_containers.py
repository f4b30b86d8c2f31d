"""Takes the picture of the demonstration with containers: `python -m tests.demo_in_containers docs/images`.

A new clone of the last commit, and in it `make demo ARGS="--runtime docker"` as root, with an engine and a registry of
the tests' own: what it prints is passed on, and the page of the preview that it leaves running is taken.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from odooops_dagster.demo import BRANCH
from tests.acceptance.browser import browsing
from tests.acceptance.clock import Line, clocked
from tests.acceptance.platform import Platform, platform
from tests.signed_images import signing_settings

ROOT = Path(__file__).parents[1]
SIZE = (1280, 640)
_HELD = "every step held"
_LAST = "export PATH="  # of the lines that say what to try next


def main(folder: Path) -> None:
    """Tell the story, take the picture, and print how long the story took."""
    with (
        signing_settings("demo") as settings,
        platform("demo", is_up=False, **settings) as running,
        tempfile.TemporaryDirectory() as clone,
    ):
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        with _demonstrated(running, Path(clone)) as lines:
            held = _told(lines)
            size = _take(running, folder / "demo-in-containers.png")
    print(f"{held:.0f} s from `make` to the last step; demo-in-containers.png: {size // 1000} kB")


@contextmanager
def _demonstrated(running: Platform, clone: Path) -> Iterator[Iterator[Line]]:
    """Begin the demonstration, yield its lines as they come, and end it as a person does."""
    others = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: value for name, value in running.environment.items() if name not in others}
    with subprocess.Popen(
        ["make", "demo", "ARGS=--runtime docker"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield clocked(process.stdout or ())
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=120)


def _told(lines: Iterable[Line]) -> float:
    """Pass the lines on until the demonstration waits; return the seconds until every step held."""
    held = None
    for line in lines:
        print(f"{line.at:7.1f} {line.text}", flush=True)
        if line.text == _HELD:
            held = line.at
        if held is not None and _LAST in line.text:
            return held
    raise SystemExit("the demonstration ended before its last step")


def _take(running: Platform, path: Path) -> int:
    """Sign in at the console, and take a picture of the preview's page; return its size in bytes."""
    with browsing() as browser:
        seen = browser.see(running.ask("console", "--as", "ada")["url"], until="h1", size=SIZE)
        seen.click("button:has-text('Sign in')")
        assert seen.visible("h1:has-text('Projects')")
        page = f"{running.console_url}/projects/demo/environments/{BRANCH}/show"
        seen.go(page, until="dt:has-text('Signature')")
        size = seen.screenshot(path)
        browser.leave()
    return size


if __name__ == "__main__":
    main(Path(sys.argv[1]))
