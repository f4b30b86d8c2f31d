"""`ops upgrade` with a module of OCA's, from one of its releases to a later one, on a real Odoo."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from odooops_dagster.local.postgres import database_urls
from tests.acceptance.platform import SERIES, Platform, platform
from tests.acceptance.repository import Repository
from tests.published import published

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG, MODULE, PACKAGE = "office", "partner_firstname", "odoo-addon-partner-firstname"
# Release of the package, and the version that its manifest has.
OLD, NEW = ("19.0.1.0.2.1", "19.0.1.0.2"), ("19.0.1.0.3", "19.0.1.0.3")
PEOPLE = """
insert into res_partner (name, complete_name, firstname, lastname, type, active)
select 'Ada Number' || n, 'Ada Number' || n, 'Ada', 'Number' || n, 'contact', true from generate_series(1, 25) as n
"""
SETTINGS = """version: 1
upgrade:
  invariants:
    - name: people keep their first names
      sql: select id, firstname, lastname from res_partner where firstname = 'Ada' order by id
    - name: Odoo shows them as before
      python: env["res.partner"].search([("firstname", "=", "Ada")], order="id").mapped("display_name")
"""


@pytest.fixture(scope="module")
def office() -> Iterator[tuple[Platform, Repository]]:
    """Yield a production with people on the older release, and its repository with the newer one."""
    with platform("published") as running:
        repository = Repository(running.home / "forge")
        _take(repository, OLD[0])
        repository.push("main")
        running.ops("project", "create", SLUG, "--repo", str(repository.origin), "--odoo", SERIES)
        with running.control() as control:
            project = control.projects.get(SLUG)
            control.policies.set(project.id, policy_type="promotion", rules={"release": "by_hand"})
        running.ops("env", "create", SLUG, "main", "--wait")
        _ask(running, PEOPLE)
        running.ops("backup", "create", SLUG, "main", "--wait")
        _take(repository, NEW[0])
        repository.write("odooops.yaml", SETTINGS)
        sha = repository.push("main")
        build = running.ended(running.run_of(SLUG, sha, kind="build"))
        assert build.status == "succeeded", running.said(build)
        yield running, repository


def test_a_preview_says_that_a_later_release_does_no_harm(office: tuple[Platform, Repository]) -> None:
    """The module is named with both versions, and production gets it afterwards as the preview said."""
    running, _ = office
    running.ops("upgrade", "preview", SLUG, "main", "--wait", check=False)
    report: dict[str, Any] = running.ask("upgrade", "report", running.ask("upgrade", "list", SLUG)[0]["run"])
    assert report["colour"] != "red", report["reasons"]
    [updated] = report["modules"]["updated"]
    assert (updated["name"], updated["before"], updated["after"]) == (MODULE, OLD[1], NEW[1])
    moved = {kind: report["modules"][kind] for kind in ("added", "removed", "renamed", "merged", "left_behind")}
    assert moved == {kind: [] for kind in moved}
    assert (report["data"]["lost"], report["views"]["broken"], report["log"]["errors"]) == ([], [], [])
    assert report["views"]["tried"] > 100
    assert [page["path"] for page in report["pages"] if not page["answers"]] == []
    asked, shown = report["invariants"]
    assert (asked["holds"], len(asked["before"])) == (True, 25)
    assert (shown["holds"], len(shown["after"]), shown["error"]) == (True, 25, "")
    assert all("Ada" in name for (name,) in shown["after"])
    running.ops("promote", SLUG, "--as", "later", "--yes", "--wait")
    version = "select latest_version from ir_module_module where name = 'partner_firstname'"
    assert _ask(running, version) == [(NEW[1],)]
    assert _ask(running, "select count(*) from res_partner where firstname = 'Ada'") == [(25,)]


def _take(repository: Repository, release: str) -> None:
    """Put the release's module into the repository, in the place of the one before."""
    target = repository.clone / MODULE
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(published(PACKAGE, release) / MODULE, target)


def _ask(running: Platform, statement: str) -> list[tuple[Any, ...]]:
    with running.control() as control:
        name = control.environments.get(f"{SLUG}/main").database_name
    with psycopg.connect(database_urls(running.settings).odoo, dbname=name) as connection:
        done = connection.execute(statement.encode())
        return done.fetchall() if done.description else []
