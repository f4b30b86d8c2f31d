"""A state folder that was moved serves: its previews answer, new ones are built, and the old place stays empty."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from odooops_dagster.local.relocate import relocate
from odooops_dagster.tools.odoo import distribution
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import CACHE, SERIES, Platform, platform, wait_for
from tests.acceptance.repository import Repository
from tests.environments import login_page

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(2400)]

SLUG = "moved"
MANIFEST = "{'name': 'Visits', 'depends': ['base'], 'license': 'LGPL-3'}\n"


@pytest.fixture
def furnished(tmp_path: Path) -> Iterator[tuple[Platform, Repository]]:
    """Yield a platform with an Odoo of its own and a project, whose state folder may be moved."""
    distribution.install(SERIES, home=CACHE, progress=print)
    with platform("moved", is_up=False, ODOOOPS_CACHE="") as running:
        _copy_odoo(running.home)
        running.up()
        repository = Repository(tmp_path / "repository")
        repository.write("visits/__init__.py", "")
        repository.write("visits/__manifest__.py", MANIFEST)
        make_project(running, SLUG, repository)
        yield running, repository


def _copy_odoo(home: Path) -> None:
    """Bring the machine's Odoo into the state folder, as if it had been installed there."""
    place = home / "odoo" / SERIES
    place.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(CACHE / "odoo" / SERIES), str(place)], check=True)
    (home / "places.json").write_text(json.dumps({"homes": [str(CACHE)], "caches": []}))
    relocate(home, home)


def answers(url: str) -> bool | None:
    """Return True when the preview shows its login."""
    try:
        page = login_page(url)
    except httpx.HTTPError:
        return None
    return True if page.status_code == 200 and 'name="login"' in page.text else None


def test_a_moved_state_folder_serves(furnished: tuple[Platform, Repository]) -> None:
    """Stopped, copied to another path, the old one taken away, started: what answered answers, on what it was built."""
    running, repository = furnished
    first = running.ended(running.run_of(SLUG, repository.push("feature/first")))
    assert first.status == "succeeded", running.said(first)
    url = _url(running, "feature/first")
    assert answers(url)
    running.down()

    old, new = running.home, running.home.with_name(f"{running.home.name}-elsewhere")
    subprocess.run(["cp", "-a", str(old), str(new)], check=True)
    aside = old.rename(old.with_name(f"{old.name}-aside"))
    running.move_to(new)
    told = running.ops("up", "--detach").stderr
    assert f"files named {old}" in told

    wait_for(lambda: answers(url), seconds=300, what="answer of the preview at its new place")
    assert running.ask("status")["healthy"]
    assert not [process for process in running.processes() if str(old) + "/" in " ".join(process.cmdline())]
    builds = [path.read_text() for path in (new / "builds").glob("*.json")]
    assert builds
    assert not any(str(old) in build for build in builds)

    repository.write("visits/models.py", "")
    second = running.ended(running.run_of(SLUG, repository.push("feature/second")))
    assert second.status == "succeeded", running.said(second)
    assert answers(_url(running, "feature/second"))
    assert running.ask("env", "orphans", "list") == []
    assert not old.exists(), "something wrote to the old place"
    shutil.rmtree(aside)


def _url(running: Platform, branch: str) -> str:
    [found] = [row["url"] for row in running.ask("env", "list") if row["branch"] == branch]
    return str(found)
