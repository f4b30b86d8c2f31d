"""A hosted production gets its next release by one command, with the data of its people, and refuses a bad one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from odooops_dagster.demo.office import OdooSession
from odooops_dagster.errors import StepFailed
from odooops_dagster.local.postgres import database_urls
from tests.acceptance.browser import Browser, Seen
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform
from tests.acceptance.repository import Repository
from tests.environments import login_page, password_of

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
    with running.control() as control:
        name = control.environments.get(f"{SLUG}/main").database_name
    with psycopg.connect(database_urls(running.settings).odoo, dbname=name) as data:
        return data.execute(query.encode()).fetchone() or ()


def signed_off_in_browsers(running: Platform, browser: Browser) -> Seen:
    """Let two people sign release 1.1 off, each in a browser of their own; return the release manager's page."""
    people = (("quinn", "qa_tester", "G2", "the banner shows"), ("rita", "release_manager", "G3", "nobody objects"))
    for person, persona, gate, reason in people:
        signed_in = browser.see(running.ask("console", "--as", person, "--persona", persona)["url"], until="h1")
        signed_in.click("button:has-text('Sign in')")
        assert signed_in.visible("h1:has-text('Projects')")
        url = f"{running.console_url}/projects/{SLUG}/releases/1.1/show"
        page = signed_in.open(url, until=f"text={gate}")
        page.fill(f"#why-{gate}", reason)
        page.click(f"button:has-text('Approve {gate}')")
        assert page.visible(f"text=by {person}")
    return page


def gone_in_a_browser(page: Seen) -> None:
    """Say go to the prepared promotion, watch its log to the end, and take one of its files."""
    page.reload()
    assert page.visible("text=waits for a person to say go")
    page.fill("#confirm-production", SLUG)
    page.click("button:has-text('Promote to production')")
    assert page.visible("text=The run has ended")
    assert page.visible("h1 .succeeded")
    assert page.visible(".log li")
    took = "async () => (await fetch(document.querySelector('a[download]:not([href$=\"txt\"])').href)).status"
    assert page.run(took) == 200


def rehearsed_and_gone(running: Platform, version: str, page: Seen, *, serving: str) -> None:
    """Rehearse the newest build, prepare it, say go, and see prediction and real figure side by side."""
    took = "select phase, median_seconds, real_seconds from ops.v_release_downtime where version = %s"
    running.ops("promote", SLUG, "--as", version, "--rehearse", "--wait")
    predicted = {row["phase"]: row["median_seconds"] for row in running.query(took, version)}
    assert set(predicted) == {"backup", "copy", "update", "health", "start", "downtime"}
    assert "waits for a person" in running.ops("promote", SLUG, "--release", version, "--prepare").stderr
    assert running.ask("env", "show", SLUG, "main")["deployed_sha"] == serving
    gone_in_a_browser(page)
    (done,) = running.query(
        "select status, g4_status, requested_by from ops.deployments where kept_by is null and"
        " release_id = (select id from ops.releases where version = %s)",
        version,
    )
    assert done == {"status": "succeeded", "g4_status": "passed", "requested_by": "rita"}
    rows = running.query(took, version)
    assert {row["phase"]: row["median_seconds"] for row in rows} == predicted
    assert all(row["real_seconds"] > 0 for row in rows if row["phase"] != "backup")


def taken_back(
    running: Platform, repository: Repository, version: str, broken: str, *, serving: Mapping[str, Any]
) -> None:
    """Promote a version that cannot work: people go on with what served, and with their data."""
    write(repository, version, models=FIELD, more=broken)
    built(running, repository)
    failed = running.ops("promote", SLUG, "--as", version, "--yes", "--wait", check=False)
    assert failed.returncode == 1, failed.stdout
    after = running.ask("env", "show", SLUG, "main")
    assert {name: after[name] for name in ("database_name", "deployed_sha", "status")} == {
        name: serving[name] for name in ("database_name", "deployed_sha", "status")
    }
    assert login_page(after["url"]).status_code == 200
    assert asked(running, "select comment from res_partner where name = 'a customer'") == ("since 1.1",)


def assert_recorded(running: Platform) -> None:
    """Look for every promotion and rollback in the history, and for an incident of each that failed."""
    history = running.query(
        "select version, status, rollback_of_version from ops.v_deployment_history where project_slug = %s"
        " order by created_at",
        SLUG,
    )
    assert [tuple(row.values()) for row in history][1:] == [
        ("1.1", "succeeded", None),
        ("1.2", "failed", None),
        ("1.1", "succeeded", "1.2"),
        ("1.3", "failed", None),
        ("1.1", "succeeded", "1.3"),
    ]
    incidents = running.query(
        "select title from ops.incidents as i join ops.projects as p on p.id = i.project_id where p.slug = %s", SLUG
    )
    assert len(incidents) == 2


def test_a_release_takes_over_and_a_bad_one_is_taken_back(
    running: Platform, repository: Repository, browser: Browser
) -> None:
    """From 1.0 to 1.1, signed off and started in browsers, rehearsed, with data.

    1.2 breaks the update and 1.3 the login page: people see nothing of it.
    """
    write(repository, "1.0")
    repository.push("main")
    make_project(running, SLUG, repository)
    password = password_of(running.ops("env", "create", SLUG, "main", "--wait").stderr)
    first = running.ask("env", "show", SLUG, "main")
    asked(running, f"{CUSTOMER} returning id")
    refused = running.ops("promote", SLUG, "--yes", check=False)
    assert "serves there already" in refused.stderr or "not eligible" in refused.stderr

    write(repository, "1.1", models=FIELD)
    built(running, repository)
    refused = running.ops("promote", SLUG, "--as", "1.1", "--yes", check=False)
    assert refused.returncode == 1
    assert "G2: pending" in refused.stderr
    page = signed_off_in_browsers(running, browser)
    session = OdooSession(first["url"], database=first["database_name"], password=password)
    assert session.look_up("res.partner", [("name", "=", "a customer")], "name") == ["a customer"]
    rehearsed_and_gone(running, "1.1", page, serving=first["deployed_sha"])
    with running.control() as control:
        project = control.projects.get(SLUG)
        control.policies.set(project.id, policy_type="promotion", rules={"release": "by_hand"})
    second = running.ask("env", "show", SLUG, "main")
    assert second["url"] == first["url"]
    assert second["deployed_sha"] != first["deployed_sha"]
    assert login_page(second["url"]).status_code == 200
    with pytest.raises(StepFailed, match="Session"):
        session.look_up("res.partner", [], "name")
    again = OdooSession(second["url"], database=second["database_name"], password=password)
    assert again.look_up("res.partner", [("name", "=", "a customer")], "name") == ["a customer"]
    assert asked(running, "select loyalty from res_partner where name = 'a customer'") == (7,)
    assert asked(running, "select value from ir_config_parameter where key = 'promoted.banner'") == ("1.1",)

    asked(running, "update res_partner set comment = 'since 1.1' where name = 'a customer' returning id")
    for version, broken in (("1.2", "<record/>"), ("1.3", CLOSED)):
        taken_back(running, repository, version, broken, serving=second)
    assert_recorded(running)

    back = running.ops("rollback", SLUG, "--reason", "the banner", "--data", "--yes", "--wait")
    assert "loses" in back.stderr
    assert running.ask("env", "show", SLUG, "main")["deployed_sha"] == first["deployed_sha"]
    assert asked(running, "select comment from res_partner where name = 'a customer'") == (None,)
    running.ops("env", "destroy", SLUG, "main", "--yes", "--wait")
