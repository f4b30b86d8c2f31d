"""`ops upgrade` with a real Odoo: what a commit would do to production is known before anybody is disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Run
from tests.acceptance import upgrades
from tests.acceptance.platform import SERIES, Platform, platform, wait_for
from tests.acceptance.repository import Repository
from tests.acceptance.test_it_survives_being_killed import process_of

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "library"
CASE_THAT_HOLDS = f"{upgrades.MODULE}.tests.test_books.AReaderStays"


@dataclass(frozen=True, kw_only=True)
class Library:
    """A platform with a production that has books, and its repository."""

    platform: Platform
    repository: Repository

    def build(self) -> str:
        """Push what was written, wait for its build, and return the commit."""
        sha = self.repository.push("main")
        build = self.platform.ended(self.platform.run_of(SLUG, sha, kind="build"))
        assert build.status == "succeeded", self.platform.said(build)
        return sha

    def preview(self) -> dict[str, Any]:
        """Preview the newest commit, and return the report."""
        self.platform.ops("upgrade", "preview", SLUG, "main", "--wait", check=False)
        newest = self.platform.ask("upgrade", "list", SLUG)[0]
        found: dict[str, Any] = self.platform.ask("upgrade", "report", newest["run"])
        return found

    def change(self, statement: str) -> None:
        """Change production's data as a person with psql does."""
        with self._connect() as connection:
            connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask production's data."""
        with self._connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def copies(self) -> list[str]:
        """Return the databases that previews work in."""
        with psycopg.connect(database_urls(self.platform.settings).odoo) as connection:
            rows = connection.execute("select datname from pg_database where datname like 'ops_drill%'").fetchall()
        return [str(name) for (name,) in rows]

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        with self.platform.control() as control:
            name = control.environments.get(f"{SLUG}/main").database_name
        return psycopg.connect(database_urls(self.platform.settings).odoo, dbname=name)


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    """Yield a production with books, deployed from a real repository."""
    with platform("upgrade", ODOOOPS_LEASE_SECONDS="20", ODOOOPS_HEARTBEAT_SECONDS="4") as running:
        repository = Repository(running.home / "forge")
        upgrades.write_first(repository)
        repository.push("main")
        running.ops("project", "create", SLUG, "--repo", str(repository.origin), "--odoo", SERIES)
        with running.control() as control:
            project = control.projects.get(SLUG)
            control.policies.set(project.id, policy_type="promotion", rules={"release": "by_hand"})
        running.ops("env", "create", SLUG, "main", "--wait")
        yield Library(platform=running, repository=repository)


def test_a_preview_tells_what_an_upgrade_does(library: Library) -> None:
    """It names what is renamed, broken and lost, and a red one keeps its build from production."""
    library.change(upgrades.BY_HAND)
    library.platform.ops("backup", "create", SLUG, "main", "--wait")
    upgrades.write_second(library.repository)
    library.build()
    red = library.preview()
    assert red["colour"] == "red", red["reasons"]
    told = "\n".join(reason["reason"] for reason in red["reasons"])
    assert "table library_book loses 7 of 40 rows" in told
    assert "invariant 'every book has its number' does not hold" in told
    found = {each["name"]: each for each in red["invariants"]}
    names = found["the books keep their names"]
    assert (len(names["before"]), len(names["after"]), names["holds"]) == (40, 33, False)
    assert "invariant 'the books keep their names' does not hold" in told
    assert (found["the last book stays"]["holds"], found["the last book stays"]["after"]) == (True, [["Book 39"]])
    assert "read-only transaction" in found["nobody writes here"]["error"]
    lost, stays = found[f"{upgrades.MODULE}.tests.test_books.NoBookIsLost"], found[CASE_THAT_HOLDS]
    assert (lost["holds"], lost["before"], stays["holds"]) == (False, [["40"]], True)
    place = f"{upgrades.CASES_FILE}:5"
    assert f"upgrade case {lost['name']!r} does not hold: {place}: AssertionError: 40 != 33" in told
    [broken] = red["views"]["broken"]
    assert (broken["model"], "isbn_code" in broken["error"]) == ("library.book", True)
    assert [(each["before"], each["after"]) for each in red["renamed_fields"]] == [
        ("library.book.isbn_code", "library.book.isbn")
    ]
    assert red["changes"]["fields"]["removed"] == ["library.book.isbn_code"]
    assert [(each["name"], each["before"], each["after"]) for each in red["modules"]["updated"]] == [
        (upgrades.MODULE, "19.0.1.0.0", "19.0.2.0.0")
    ]
    for refused in (
        library.platform.ops("promote", SLUG, "--as", "bad", "--yes", check=False),
        library.platform.ops("upgrade", "promote", red["run"], "--yes", check=False),
    ):
        assert (refused.returncode, "library_book loses 7 of 40 rows" in refused.stderr) == (1, True), refused.stderr


def test_a_mended_upgrade_is_compared_and_promoted(library: Library, tmp_path: Path) -> None:
    """What the first preview found is gone, the rows hold, and production ends as the preview said.

    After a commit in one of two modules, the other is not updated again.
    """
    upgrades.write_second(library.repository, is_mended=True)
    upgrades.write_other(library.repository, "beech")
    library.build()
    mended = library.preview()
    assert updates(mended) == {"library_book": False, "library_desk": False}
    assert mended["colour"] != "red", mended["reasons"]
    assert (mended["data"]["lost"], mended["views"]["broken"]) == ([], [])
    assert mended["views"]["tried"] > 100
    assert [page["told"] for page in mended["pages"] if not page["answers"]] == []
    assert any(page["path"] == f"{upgrades.MODULE}.library_book_action" for page in mended["pages"])
    [first] = mended["earlier"]
    found = library.platform.ask("upgrade", "compare", first["run"], mended["run"])
    assert {"table library_book loses rows", "invariant every book has its number does not hold"} <= set(
        found["mended"]
    )
    assert found["new"] == []
    html = tmp_path / "report.html"
    library.platform.ops("upgrade", "report", mended["run"], "--html", str(html))
    assert "Predicted downtime" in html.read_text()
    assert "## What to do" in library.platform.ops("upgrade", "report", mended["run"]).stdout
    upgrades.write_other(library.repository, "walnut")
    library.build()
    again = library.preview()
    assert updates(again) == {"library_book": True, "library_desk": False}
    assert (again["colour"], again["data"]["lost"], again["views"]["broken"]) == (mended["colour"], [], [])
    assert again["changes"]["fields"] == mended["changes"]["fields"]
    for report in (mended, again):  # the copy that is kept has what was prepared in it
        assert [(one["case"], one["holds"]) for one in report["invariants"] if one["name"] == CASE_THAT_HOLDS] == [
            (f"{upgrades.CASES_FILE}:10", True)
        ]
    assert {each["name"] for each in again["modules"]["updated"]} == {upgrades.MODULE, upgrades.OTHER}
    library.platform.ops("promote", SLUG, "--as", "good", "--yes", "--wait")
    assert library.rows("select count(*), count(isbn) from library_book") == [(upgrades.BOOKS, upgrades.BOOKS)]
    assert library.rows("select value from ir_config_parameter where key = 'desk.wood'") == [("walnut",)]


def newest_preview(control: ControlPlane) -> Run:
    """Return the run of the newest preview; the platform queues runs of its own, such as the week's drill."""
    return next(run for run in control.runs.list(SLUG) if run.kind == "upgrade")


def updates(report: dict[str, Any]) -> dict[str, bool]:
    """Return the modules that were updated by themselves, each with whether an earlier preview did it."""
    stages = ((stage["name"], stage["is_kept"]) for stage in report["stages"])
    return {name.removeprefix("update "): is_kept for name, is_kept in stages if name.startswith("update ")}


def test_a_preview_that_is_killed_reports_nothing(library: Library) -> None:
    """Repeated, it starts over and reports all, and no copy stays."""
    running = library.platform
    library.repository.write(f"{upgrades.MODULE}/static/description/note.txt", "one more file\n")
    library.build()
    before = len(running.ask("upgrade", "list", SLUG))
    running.ops("upgrade", "preview", SLUG, "main")
    with running.control() as control:
        run = newest_preview(control)
    wait_for(lambda: "changed: library_book" in running.said(run) or None, seconds=240, what="the copy")
    for process in process_of(running, run):
        process.kill()
    assert len(running.ask("upgrade", "list", SLUG)) == before
    assert running.ended(run).status in {"failed", "succeeded"}, running.said(run)
    if running.ended(run).status == "failed":  # its process was seen to end: people decide whether it is repeated
        assert len(running.ask("upgrade", "list", SLUG)) == before
        running.ops("run", "retry", run.name)
        with running.control() as control:
            again = newest_preview(control)
        assert running.ended(again).status == "succeeded", running.said(again)
    newest = running.ask("upgrade", "list", SLUG)
    assert (len(newest), newest[0]["verdict"]) == (before + 1, "green")
    wait_for(lambda: None if library.copies() else True, seconds=240, what="the janitor's round")
