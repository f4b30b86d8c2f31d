"""Modules that Odoo installs unasked belong to the commit that brings them: tested there, and found nowhere else."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Run
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform
from tests.acceptance.repository import Repository

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

TEST = """
from odoo.tests import TransactionCase


class TestGreeting(TransactionCase):
    def test_the_title_is_the_commits(self):
        title = self.env["res.partner.category"].search([("name", "like", "glued by ")])
        self.assertEqual(title.mapped("name"), ["glued by {word}"])
"""
DATA = """<odoo>
    <record id="mark" model="res.partner.category"><field name="name">glued by {word}</field></record>
</odoo>
"""


def add_glue(repository: Repository, *, word: str, tested: bool) -> None:
    """Write a module that Odoo installs as soon as `web` is there, with data that name the commit."""
    files = "'data': ['data/mark.xml']"
    manifest = f"{{'name': 'Glue', 'version': '19.0.1.0.0', 'license': 'LGPL-3', 'depends': ['web'], {files}"
    repository.write("glue/__manifest__.py", f"{manifest}, 'auto_install': True}}\n")
    repository.write("glue/__init__.py", "")
    repository.write("glue/data/mark.xml", DATA.format(word=word))
    repository.write("glue/tests/__init__.py", "from . import test_glue\n" if tested else "")
    repository.write("glue/tests/test_glue.py", TEST.format(word=word))


def add_plain(repository: Repository, name: str) -> None:
    """Write a module that needs `web` and is installed because it is asked for."""
    manifest = "{'name': 'Plain', 'version': '19.0.1.0.0', 'license': 'LGPL-3', 'depends': ['web']}\n"
    repository.write(f"{name}/__manifest__.py", manifest)
    repository.write(f"{name}/__init__.py", "")


def preview(running: Platform, slug: str, repository: Repository, branch: str) -> Run:
    """Push the branch and return its run once it succeeded."""
    run = running.ended(running.run_of(slug, repository.push(branch)))
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    return run


def ran_tests(running: Platform, run: Run) -> int:
    """Return how many tests the run's check counts."""
    rows = running.query(
        "select metadata from ops.run_checks where run_id = %s and name = 'module_tests_passed'", run.id
    )
    return int(rows[0]["metadata"]["total"])


def marks_of(running: Platform, run: Run) -> list[str]:
    """Return what the glue modules wrote into the run's preview."""
    row = running.query("select database_name from ops.environments where id = %s", run.environment_id)[0]
    with psycopg.connect(database_urls(running.settings).odoo, dbname=row["database_name"]) as connection:
        query = "select name ->> 'en_US' from res_partner_category where name ->> 'en_US' like 'glued by %'"
        return [str(name) for (name,) in connection.execute(query)]


def test_a_module_that_installs_itself_is_tested_and_carries_its_own_commit(running: Platform, tmp_path: Path) -> None:
    """It is installed in the step that tests it; without tests it still comes from the commit that was pushed."""
    repository = Repository(tmp_path / "glued")
    repository.push("main")
    make_project(running, "glued", repository)
    add_glue(repository, word="one", tested=True)
    first = preview(running, "glued", repository, "feature/one")
    assert ran_tests(running, first) == 1
    assert marks_of(running, first) == ["glued by one"]
    add_glue(repository, word="two", tested=False)
    assert marks_of(running, preview(running, "glued", repository, "feature/two")) == ["glued by two"]


def test_one_projects_glue_stays_out_of_another_projects_databases(running: Platform, tmp_path: Path) -> None:
    """The template of Odoo's own modules, which projects share, holds none of either."""
    glued, plain = Repository(tmp_path / "sticky"), Repository(tmp_path / "plain")
    for slug, repository in (("sticky", glued), ("plain", plain)):
        repository.push("main")
        make_project(running, slug, repository)
    add_glue(glued, word="sticky", tested=False)
    assert marks_of(running, preview(running, "sticky", glued, "feature/one")) == ["glued by sticky"]
    add_plain(plain, "plain_page")
    assert marks_of(running, preview(running, "plain", plain, "feature/one")) == []
