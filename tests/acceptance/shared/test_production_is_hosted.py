"""Production by one command: a real Odoo on an empty database, which no push and no second command replaces."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from odooops_dagster.demo.office import OdooSession
from odooops_dagster.errors import StepFailed
from odooops_dagster.local.postgres import database_urls
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform
from tests.acceptance.repository import Repository
from tests.acceptance.sleeping import sleeps_and_wakes
from tests.environments import login_page, password_of

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "hosted"


def logs_in(environment: dict[str, Any], password: str) -> bool:
    """Return whether the administrator of the environment's Odoo has the password."""
    try:
        OdooSession(environment["url"], database=environment["database_name"], password=password)
    except StepFailed as exc:
        assert "Access Denied" in str(exc)  # noqa: PT017 - any other refusal is a fault
        return False
    return True


def test_production_is_deployed_once_and_stays(running: Platform, repository: Repository) -> None:
    """It answers with crons, without demo data, wakes, keeps its data through pushes, and goes only when told twice."""
    repository.add_demo()
    repository.push("main")
    make_project(running, SLUG, repository)
    created = running.ops("env", "create", SLUG, "main", "--wait")
    made = running.ask("env", "show", SLUG, "main")
    password = password_of(created.stderr)
    assert logs_in(made, password)
    assert not logs_in(made, "admin")
    kept = running.query("select message from ops.run_logs where message like %s", f"%{password}%")
    told = running.query("select q::text from ops.run_requests as q where q::text like %s", f"%{password}%")
    assert (kept, told) == ([], [])
    assert (made["stage"], made["status"], made["expires_at"]) == ("production", "running", None)
    assert login_page(made["url"]).status_code == 200
    sleeps_and_wakes(running, SLUG, "main", made["url"])
    with psycopg.connect(database_urls(running.settings).odoo, dbname=made["database_name"]) as data:
        assert data.execute("select count(*) from ir_module_module where demo").fetchone() == (0,)
        assert data.execute("select count(*) > 1 from ir_cron where active").fetchone() == (True,)
        data.execute("insert into res_partner (name, active, lang) values ('a customer', true, 'en_US')")
    said = running.query(
        "select message from ops.run_logs where run_id = %s and message like '%%no test ran'", made["deployed_run_id"]
    )
    assert len(said) == 1

    refused = running.ops("env", "create", SLUG, "main", check=False)
    assert refused.returncode == 1
    assert "has data: a deployment would start from an empty database" in refused.stderr
    repository.write("NOTES.md", "pushed later\n")
    build = running.ended(running.run_of(SLUG, repository.push("main"), kind="build"))
    assert build.status == "succeeded", running.said(build)
    after = running.ask("env", "show", SLUG, "main")
    assert {name: after[name] for name in ("url", "database_name", "deployed_sha", "status")} == {
        name: made[name] for name in ("url", "database_name", "deployed_sha", "status")
    }
    with psycopg.connect(database_urls(running.settings).odoo, dbname=made["database_name"]) as data:
        assert data.execute("select count(*) from res_partner where name = 'a customer'").fetchone() == (1,)

    refused = running.ops("env", "destroy", SLUG, "main", "--yes", check=False)
    assert "has no verified backup" in refused.stderr
    running.ops("env", "destroy", SLUG, "main", "--yes", "--without-backup", "--wait")
    assert running.query("select from pg_database where datname = %s", made["database_name"]) == []
