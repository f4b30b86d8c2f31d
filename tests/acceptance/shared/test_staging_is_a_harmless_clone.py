"""A release branch is pushed: its staging answers with production's data, from which nothing can leak."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Run
from odooops_dagster.model.readings import EgressAttempt
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform, wait_for
from tests.acceptance.reaching import CRONS, MODULE, Trap, add_reaching, wake
from tests.acceptance.repository import Repository
from tests.egress import Server, server
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
def trap() -> Iterator[Trap]:
    """Yield what nobody shall reach."""
    with Trap.set_up() as made:
        yield made


@pytest.fixture
def stock(running: Platform) -> Iterator[Server]:
    """Yield what stagings may reach once somebody says so: at an address that is not each environment's own."""
    with server("127.0.0.2", running.outside_port) as made:
        yield made


@pytest.fixture
def release(running: Platform, repository: Repository, trap: Trap, stock: Server) -> Run:
    """Return the run of a release branch that was pushed where production has a life."""
    repository.add_demo()
    add_reaching(repository, port=trap.port, stock=stock.port)
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


def test_a_pushed_release_becomes_a_staging_on_production_s_neutralised_data(
    running: Platform, release: Run, trap: Trap, stock: Server
) -> None:
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

    [backup] = running.ask("backup", "list", SLUG)  # made at the push, and a backup like any other
    assert (backup["run_id"], backup["status"], backup["label"]) == (str(run.id), "verified", f"for {BRANCH}")
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
    reaches_nothing_and_says_what_tried(running, trap, stock)
    reaches_what_policy_names(running, trap, stock)


def reaches_nothing_and_says_what_tried(running: Platform, trap: Trap, stock: Server) -> None:
    """Somebody lets the copy's scheduled actions run again: each attempt is named, each mail is there to be read."""
    with odoos(running, BRANCH) as data:
        data.execute(wake(port=trap.port).encode())

    def unseen() -> list[str]:
        return [name for name in CRONS if name not in {row.cron for row in attempts(running)}]

    wait_for(
        lambda: unseen() == [] or None,
        seconds=420,
        what=lambda: f"attempt of {unseen()} on the record, where each scheduled action has one:\n{last_said(running)}",
    )
    seen = {row["cron"]: row for row in running.ask("env", "egress", SLUG, BRANCH) if row["cron"] in CRONS}
    shown = {
        name: (row["outcome"], row["protocol"], row["destination"], row["port"], row["module"])
        for name, row in seen.items()
    }
    assert shown == {
        "Ask the shop": ("refused", "http", "shop.example.com", 443, MODULE),
        "Ask the stock": ("refused", "http", "127.0.0.2", stock.port, MODULE),
        "Dial the till": ("refused", "tcp", "127.0.0.1", trap.port, MODULE),
        "Call the hook": ("refused", "http", "127.0.0.1", trap.port, "base"),
        "Write to the customer": ("caught", "smtp", "invalid", 1025, MODULE),
        "Write by itself": ("caught", "smtp", "smtp.example.com", 587, MODULE),
    }
    assert trap.visits == 0
    assert stock.got == []

    mails = {mail["subject"]: mail for mail in running.ask("env", "mail", SLUG, BRANCH)}
    assert {subject: mail["recipients"] for subject, mail in mails.items()} == {
        "Your order": ["ada@example.com"],
        "By itself": ["bob@example.com"],
    }
    order = ("env", "mail", SLUG, BRANCH, mails["Your order"]["id"])
    assert "<b>on its way</b>" in running.ops(*order, "--html").stdout
    assert running.ops(*order, "--attachment", "invoice.txt").stdout == "42 euro"
    assert running.ask("env", "mail", SLUG, "main") == []


def reaches_what_policy_names(running: Platform, trap: Trap, stock: Server) -> None:
    """Somebody puts one of them on the list: it is reached without a restart, and nothing else is."""
    running.ops("policy", "set", SLUG, "egress", json.dumps({"staging_allow": [f"127.0.0.2:{stock.port}"]}))

    with odoos(running, BRANCH) as data:

        def allowed() -> bool | None:
            data.execute(wake(port=trap.port).encode())
            data.commit()
            time.sleep(1)  # an action that is changed while it works is begun anew
            return any(row.outcome == "allowed" for row in attempts(running)) or None

        wait_for(allowed, seconds=180, what="what is on the list")
    row = next(each for each in running.ask("env", "egress", SLUG, BRANCH) if each["outcome"] == "allowed")
    assert (row["destination"], row["port"], row["module"]) == ("127.0.0.2", stock.port, MODULE)
    assert row["cron"] == "Ask the stock"
    assert row["bytes_in"] >= len("hello")
    assert stock.got[0].startswith(b"GET / HTTP/1.1\r\n")
    assert trap.visits == 0


def attempts(running: Platform) -> Sequence[EgressAttempt]:
    """Return what is on the record: the command line, asked again and again, would keep the machine from its work."""
    with running.control() as control:
        return control.egress.attempts(control.environments.get(f"{SLUG}/{BRANCH}").id)


def last_said(running: Platform) -> str:
    """Return what Odoo knows of its scheduled actions and the end of its log, for a failing test's reader."""
    asked = "select cron_name, active, nextcall, lastcall, failure_count from ir_cron where cron_name = any(%s)"
    with odoos(running, BRANCH) as data:
        crons = [str(row) for row in data.execute(asked, [list(CRONS)])]
    return "\n".join([*crons, running.ops("env", "logs", SLUG, BRANCH, "--tail", "100", check=False).stdout])


def odoos(running: Platform, branch: str) -> psycopg.Connection[Any]:
    """Connect to the database of the branch's Odoo."""
    with running.control() as control:
        name = control.environments.get(f"{SLUG}/{branch}").database_name
    return psycopg.connect(database_urls(running.settings).odoo, dbname=name)
