"""A release branch is pushed: its staging answers with production's data, from which nothing can leak."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Run
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform
from tests.acceptance.repository import Repository
from tests.environments import login_page

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "cloned"
BRANCH = "release/1.0"
PASSWORD = "correct-horse-battery"
# What people and administrators did in production.
LIVES = f"""
insert into res_partner (name, email, active, lang) values ('Ada the customer', 'ada@example.com', true, 'en_US');
insert into ir_mail_server (name, smtp_host, smtp_port, smtp_user, smtp_pass, smtp_encryption, smtp_authentication,
active) values ('Production', 'smtp.example.com', 25, 'shop', '{PASSWORD}', 'none', 'login', true);
insert into ir_config_parameter (key, value) values ('shop.api_key', '{PASSWORD}');
"""
MASK = "update res_partner set email = 'customer-' || id || '@example.invalid' where email is not null;\n"
MODEL = "partner_visit/models/partner_visit.py"


@pytest.fixture
def release(running: Platform, repository: Repository) -> Run:
    """Return the run of a release branch that was pushed where production has a life."""
    repository.add_demo()
    repository.write("masks/people.sql", MASK)
    repository.push("main")
    make_project(running, SLUG, repository)
    running.query(
        "select ops.set_policy(id, 'clone', %s) from ops.projects where slug = %s",
        json.dumps({"masking_hooks": ["masks/people.sql"]}),
        SLUG,
    )
    running.ops("env", "create", SLUG, "main", "--wait")
    with odoos(running, "main") as data:
        data.execute(LIVES.encode())
    repository.replace(MODEL, "    notes = ", "    place = fields.Char()\n    notes = ")
    sha = repository.push(BRANCH, "Say where the visit was")
    return running.ended(running.run_of(SLUG, sha))


def test_a_pushed_release_becomes_a_staging_on_production_s_neutralised_data(running: Platform, release: Run) -> None:
    """What people know of production is there, what acts for it is not, and everybody sees of which backup it is."""
    run = release
    assert run.status == "succeeded", running.said(run)
    staging = running.ask("env", "show", SLUG, BRANCH)
    assert login_page(staging["url"]).status_code == 200
    with odoos(running, BRANCH) as data:
        people = "select split_part(email, '@', 2) from res_partner where name = 'Ada the customer'"
        assert data.execute(people).fetchall() == [("example.invalid",)]
        assert data.execute("select smtp_host from ir_mail_server where active").fetchall() == [("invalid",)]
        assert data.execute("select from ir_mail_server where smtp_pass is not null").rowcount == 0
        assert data.execute("select from ir_config_parameter where key = 'shop.api_key'").rowcount == 0
        # the pushed commit's own column: the module was updated on production's data
        assert data.execute("select place from partner_visit").rowcount == 0

    # made at the push, and a backup like any other; a night's may be beside it
    [backup] = [each for each in running.ask("backup", "list", SLUG) if each["run_id"] == str(run.id)]
    assert (backup["status"], backup["label"]) == ("verified", f"for {BRANCH}")
    assert (staging["data_source"], staging["data_backup_id"]) == ("dump", backup["id"])
    assert staging["data_age"].endswith(" min")
    checks = {row["name"]: row["passed"] for row in running.ask("run", "show", f"{SLUG}#{run.run_number}")["checks"]}
    assert checks["clone_harmless"]
    assert checks["modules_installed"]
    lineage = running.query("select asset_key, inputs from ops.run_lineage where run_id = %s order by id", run.id)
    assert [row["asset_key"] for row in lineage] == ["source", "image", "prod_clone", "database", "deployment"]
    assert lineage[2]["inputs"]["backup"] == backup["id"]
    [report] = running.query("select report from ops.restores where run_id = %s and status = 'succeeded'", run.id)
    assert report["report"]["masked_tables"]["res_partner"] >= 1


def odoos(running: Platform, branch: str) -> psycopg.Connection[Any]:
    """Connect to the database of the branch's Odoo."""
    shown = running.ask("env", "show", SLUG, branch)
    return psycopg.connect(database_urls(running.settings).odoo, dbname=shown["database_name"])
