"""A hosted production gets its next release by one command, with the data of its people, and refuses a bad one."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from odooops_dagster.local.postgres import database_urls
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform
from tests.acceptance.repository import Repository
from tests.environments import login_page

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "promoted"
ADDON = "addons/promoted"
MANIFEST = "{'name': 'Promoted', 'version': '%s', 'depends': ['web'], 'data': ['data.xml'], 'license': 'LGPL-3'}\n"
RECORD = """<odoo><record id="banner" model="ir.config_parameter">
<field name="key">promoted.banner</field><field name="value">%s</field></record>%s</odoo>
"""
# No update refuses it, and nobody can log in.
CLOSED = """<template id="closed" inherit_id="web.login">
<xpath expr="//form" position="replace"><p>closed</p></xpath></template>"""
CUSTOMER = "insert into res_partner (name, active, lang, type) values ('a customer', true, 'en_US', 'contact')"
FIELD = """from odoo import fields, models


class Partner(models.Model):
    _inherit = "res.partner"

    loyalty = fields.Integer(default=7)
"""


def write(repository: Repository, version: str, *, models: str = "", more: str = "") -> None:
    """Write a version of the addon."""
    repository.write(f"{ADDON}/__manifest__.py", MANIFEST % version)
    repository.write(f"{ADDON}/__init__.py", "from . import models\n" if models else "")
    if models:
        repository.write(f"{ADDON}/models.py", models)
    repository.write(f"{ADDON}/data.xml", RECORD % (version, more))


def built(running: Platform, repository: Repository) -> None:
    """Push the default branch and wait for its build."""
    build = running.ended(running.run_of(SLUG, repository.push("main"), kind="build"))
    assert build.status == "succeeded", running.said(build)


def asked(running: Platform, query: str) -> tuple[Any, ...]:
    """Ask the database that serves now, and change it where the query does."""
    name = running.ask("env", "show", SLUG, "main")["database_name"]
    with psycopg.connect(database_urls(running.settings).odoo, dbname=name) as data:
        return data.execute(query.encode()).fetchone() or ()


def test_a_release_takes_over_and_a_bad_one_is_taken_back(running: Platform, repository: Repository) -> None:
    """From 1.0 to 1.1 with a customer's data; 1.2 breaks the update and 1.3 the login page: people see nothing."""
    write(repository, "1.0")
    repository.push("main")
    make_project(running, SLUG, repository)
    running.ops("env", "create", SLUG, "main", "--wait")
    first = running.ask("env", "show", SLUG, "main")
    asked(running, f"{CUSTOMER} returning id")
    refused = running.ops("promote", SLUG, "--yes", check=False)
    assert "serves there already" in refused.stderr or "not eligible" in refused.stderr

    write(repository, "1.1", models=FIELD)
    built(running, repository)
    refused = running.ops("promote", SLUG, "--as", "1.1", "--yes", check=False)
    assert refused.returncode == 1
    assert "G2: pending" in refused.stderr
    with running.control() as control:
        project = control.projects.get(SLUG)
        control.policies.set(project.id, policy_type="promotion", rules={"release": "by_hand"})
    done = running.ops("promote", SLUG, "--as", "1.1-by-hand", "--yes", "--wait", "--json")
    assert '"status": "succeeded"' in done.stdout
    assert '"g4_status": "passed"' in done.stdout
    second = running.ask("env", "show", SLUG, "main")
    assert second["url"] == first["url"]
    assert second["deployed_sha"] != first["deployed_sha"]
    assert login_page(second["url"]).status_code == 200
    assert asked(running, "select loyalty from res_partner where name = 'a customer'") == (7,)
    assert asked(running, "select value from ir_config_parameter where key = 'promoted.banner'") == ("1.1",)

    asked(running, "update res_partner set comment = 'since 1.1' where name = 'a customer' returning id")
    for version, broken in (("1.2", "<record/>"), ("1.3", CLOSED)):
        write(repository, version, models=FIELD, more=broken)
        built(running, repository)
        failed = running.ops("promote", SLUG, "--as", version, "--yes", "--wait", check=False)
        assert failed.returncode == 1, failed.stdout
        after = running.ask("env", "show", SLUG, "main")
        assert {name: after[name] for name in ("database_name", "deployed_sha", "status")} == {
            name: second[name] for name in ("database_name", "deployed_sha", "status")
        }
        assert login_page(after["url"]).status_code == 200
        assert asked(running, "select comment from res_partner where name = 'a customer'") == ("since 1.1",)
    history = running.query(
        "select version, status, rollback_of_version from ops.v_deployment_history where project_slug = %s"
        " order by created_at",
        SLUG,
    )
    assert [tuple(row.values()) for row in history][1:] == [
        ("1.1-by-hand", "succeeded", None),
        ("1.2", "failed", None),
        ("1.1-by-hand", "succeeded", "1.2"),
        ("1.3", "failed", None),
        ("1.1-by-hand", "succeeded", "1.3"),
    ]
    incidents = running.query(
        "select title from ops.incidents as i join ops.projects as p on p.id = i.project_id where p.slug = %s", SLUG
    )
    assert len(incidents) == 2

    back = running.ops("rollback", SLUG, "--reason", "the banner", "--data", "--yes", "--wait")
    assert "loses" in back.stderr
    assert running.ask("env", "show", SLUG, "main")["deployed_sha"] == first["deployed_sha"]
    assert asked(running, "select comment from res_partner where name = 'a customer'") == (None,)
    running.ops("env", "destroy", SLUG, "main", "--yes", "--wait")
