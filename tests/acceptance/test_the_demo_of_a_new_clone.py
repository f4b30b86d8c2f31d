"""The README's first command, as a new user would give it: a new clone, an empty state folder, an empty cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from tests.acceptance.clock import Line, clocked, read, silences
from tests.acceptance.platform import free_ports
from tests.cache import CACHE

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(2400)]

ROOT = Path(__file__).parents[2]
# What the demo said that `.ci/run` had run in a new clone, with an empty cache, before these tests.
SEEN = os.environ.get("ODOOOPS_TEST_DEMO")
# Four seconds without a line make the command say that it still works; the rest is a machine with much other work. The
# clock's own words at the end of the demo are the figure.
LONGEST_SILENCE_SECONDS = 60.0


@pytest.fixture
def new_clone(tmp_path: Path) -> Path:
    """Return a new clone of this repository's last commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("these files are no git clone")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone


@pytest.fixture
def state_folder() -> Iterator[Path]:
    """Yield an empty state folder that PostgreSQL's account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="odooops-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(SEEN is not None, reason="the demo ran in a new clone just now: its words are looked at instead")
def test_make_demo_once_in_a_new_clone_with_an_empty_cache_exits_0(new_clone: Path, state_folder: Path) -> None:
    """One command sets everything up, tells the whole story, and leaves nothing running."""
    lines = _make_demo(new_clone, state_folder)
    assert_the_story_was_told(text_of(lines))
    assert_never_silent(lines)
    assert [process for process in psutil.process_iter() if _mentions(process, state_folder)] == []


@pytest.mark.skipif(SEEN is None, reason="no demo ran before: one is run instead")
def test_the_demo_that_ran_in_a_new_clone_told_the_whole_story() -> None:
    """Its exit code and what it left running were looked at when it ended."""
    assert_the_story_was_told(Path(str(SEEN)).read_text())


@pytest.mark.skipif(SEEN is None, reason="no demo ran before: one is run instead")
def test_the_demo_that_ran_in_a_new_clone_was_never_silent_for_long() -> None:
    """From the first line of make to the last one."""
    assert_never_silent(read(Path(str(SEEN)).with_suffix(".clock")))


@pytest.mark.root
def test_root_sees_the_same_story_whatever_its_umask(state_folder: Path) -> None:
    """Root's environments have accounts of their own, which read Odoo and the packages that root has installed."""
    argv = [str(Path(sys.executable).with_name("ops")), "demo", "--once"]
    told = demonstrated(argv, ROOT, state_folder, {"ODOOOPS_CACHE": str(CACHE)}, umask=0o077)
    assert_the_story_was_told(text_of(told))


def assert_the_story_was_told(told: str) -> None:
    """Look for what only the whole story says."""
    assert (
        "module_tests_passed: partner_visit/tests/test_partner_visit.py:15: TestPartnerVisit.test_greets_by_first_name"
        in told
    )
    assert "still answers with commit" in told
    assert "Ada Lovelace is there; mail goes to invalid, which leads nowhere" in told
    assert "Dependencies for step" not in told
    assert re.search(r"meanwhile, demo#\d+ \(build of main\) is at work", told)
    assert "lineage:  source -> image -> database -> deployment" in told
    assert "every step held" in told


def assert_never_silent(lines: Sequence[Line]) -> None:
    """Look for a time in which nothing was printed."""
    longest = silences(lines)[0]
    assert longest.seconds < LONGEST_SILENCE_SECONDS, longest


def text_of(lines: Sequence[Line]) -> str:
    """Return the lines as one text, without their times."""
    return "\n".join(line.text for line in lines)


def _make_demo(new_clone: Path, state_folder: Path) -> list[Line]:
    return demonstrated(["make", "demo", "ARGS=--once"], new_clone, state_folder)


def demonstrated(
    argv: list[str], folder: Path, state_folder: Path, more: Mapping[str, str] | None = None, *, umask: int = -1
) -> list[Line]:
    """Run the demonstration in the state folder, at ports of its own, and return what it printed and when."""
    gateway, dagster, environments = free_ports(3)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "VIRTUAL_ENV"))}
    environment = {
        **kept,
        "ODOOOPS_HOME": str(state_folder),
        "ODOOOPS_GATEWAY_PORT": str(gateway),
        "ODOOOPS_DAGSTER_PORT": str(dagster),
        "ODOOOPS_ENVIRONMENTS_PORT": str(environments),
        **(more or {}),
    }
    with subprocess.Popen(
        argv,
        cwd=folder,
        env=environment,
        umask=umask,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        told = list(clocked(process.stdout or ()))
    assert process.returncode == 0, text_of(told)
    return told


def _mentions(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in " ".join(process.cmdline())
    except psutil.Error:
        return False
