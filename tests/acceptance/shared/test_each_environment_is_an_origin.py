"""A person works in production, in the Dagster UI and in a hostile preview with one browser, and loses no session.

What the preview's code tries on its own, without anybody's browser, is told here too: the platform and both Odoos run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from odooops_dagster.home import data_folder, environment_folder
from odooops_dagster.steps.environment.confinement import home_of
from odooops_dagster.tools.runtime.sandbox import attack
from tests.acceptance.browser import Browser, browsing
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import CACHE, Platform
from tests.acceptance.repository import Repository
from tests.hostile.surroundings import targets_beside

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "origins"
HOSTILE = "feature/loot"
MANIFEST = "{'name': 'Loot', 'version': '19.0.1.0.0', 'license': 'LGPL-3', 'depends': ['bus', 'web']}\n"
LOOT = """\
import json
import subprocess
import sys

from odoo import http


class Loot(http.Controller):
    @http.route("/loot", type="http", auth="none")
    def loot(self):
        return http.Response(str(http.request.httprequest.headers), content_type="text/plain")

    @http.route("/attack", type="http", auth="none", methods=["POST"], csrf=False)
    def attack(self):
        program = json.loads(http.request.httprequest.get_data())
        done = subprocess.run([sys.executable, "-I", "-S", "-c", *program], capture_output=True, text=True, timeout=90)
        return http.Response(done.stdout or done.stderr, content_type="text/plain")
"""
# The limits of an Odoo that serves are higher than an attack may try on a machine that others use.
MEETS_LIMITS = {"forks_without_end", "fills_memory", "fills_the_disk"}
LOG_IN = """async ([db]) => (await fetch("/web/session/authenticate", {method: "POST",
    headers: {"Content-Type": "application/json"}, body: JSON.stringify({jsonrpc: "2.0", method: "call",
    params: {db, login: "admin", password: "admin"}})})).json()"""
SOCKET = """() => new Promise((done) => { const socket = new WebSocket(`ws://${location.host}/websocket`);
    socket.onopen = () => done("open"); socket.onerror = () => done("refused"); })"""
SHOW = "() => document.body.innerText"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a browser."""
    with browsing() as made:
        yield made


@pytest.fixture(scope="module")
def environments(
    running: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield a production and a preview whose code shows what browsers send to it."""
    repository = Repository(tmp_path_factory.mktemp("origins"))
    repository.write("loot/__manifest__.py", MANIFEST)
    repository.write("loot/__init__.py", "")
    repository.push("main")
    make_project(running, SLUG, repository)
    running.ops("env", "create", SLUG, "main", "--wait")
    repository.write("loot/__init__.py", LOOT)
    run = running.ended(running.run_of(SLUG, repository.push(HOSTILE)))
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    yield running.ask("env", "show", SLUG, "main"), running.ask("env", "show", SLUG, HOSTILE)
    running.ops("env", "destroy", SLUG, HOSTILE, "--yes", "--wait")
    running.ops("env", "destroy", SLUG, "main", "--yes", "--without-backup", "--wait")


def test_a_hostile_preview_gets_no_session_of_anybody(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]], browser: Browser
) -> None:
    """Not by a link to itself, and not by one to another name with the port of the environments."""
    production, preview = environments
    assert production["url"] == f"http://main--{SLUG}.localhost:{running.environments_port}/"
    page = browser.see(f"{production['url']}web/login", until="input[name=login]")
    assert page.run(LOG_IN, production["database_name"])["result"]["uid"] == 2
    page.open(running.ask("ui")["url"], until="body")
    secrets = {cookie["value"] for cookie in page.cookies()}
    assert len(secrets) >= 2

    theirs = page.open(f"{preview['url']}loot", until="body")
    seen = theirs.run(SHOW)
    assert f"Host: feature-loot--{SLUG}.localhost:{running.environments_port}" in seen
    assert [secret for secret in secrets if secret in seen] == []
    login = page.open(f"{preview['url']}web/login", until="input[name=login]")
    assert login.run(SOCKET) == "open"

    lured = page.open(f"http://dagster.localhost:{running.environments_port}/loot", until="body")
    assert "no environment answers for dagster.localhost" in lured.run(SHOW)
    assert page.run(LOG_IN, production["database_name"])["result"]["uid"] == 2


def test_the_code_of_a_preview_gets_nothing_from_the_platform_and_from_production(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """A module that was pushed tries every attack from a request that its Odoo serves, beside a real production."""
    production, preview = environments
    with running.control() as control:
        theirs, own = (control.environments.get(f"{SLUG}/{name}") for name in ("main", HOSTILE))
    inside = [process.pid for process in running.processes_of(environment_folder(running.home, own).name)]
    targets = targets_beside(
        running.settings,
        other=environment_folder(running.home, theirs),
        label=f"main--{SLUG}",
        code=[CACHE / "odoo", CACHE / "venvs", running.home / "sources"],
        pids=[process.pid for process in running.processes() if process.pid not in inside],
        # At the environments' port the preview meets itself: its pages ask for their parts there.
        ports=[int(running.environment[f"ODOOOPS_{name}_PORT"]) for name in ("DAGSTER", "GATEWAY")],
        own=home_of(data_folder(running.home, own)),
    )
    assert any(production["database_name"] in path for path in targets["files"])
    host = {"Host": f"feature-loot--{SLUG}.localhost:{running.environments_port}"}
    assert host["Host"] in preview["url"]
    program = json.dumps([Path(attack.__file__).read_text(), json.dumps(targets)])
    url = f"http://127.0.0.1:{running.environments_port}/attack"
    answer = httpx.post(url, headers=host, content=program, timeout=120, trust_env=False)
    # Folders above its mounts are the sandbox's own, below its /tmp: whether a file was left is seen here.
    looked_at_here = {"writes_files"}
    assert {name: found for name, found in answer.json().items() if name not in MEETS_LIMITS | looked_at_here} == {}
    assert [place for place in targets["places"] if Path(place, "attacked").exists()] == []


def test_no_odoo_listens_on_a_port_of_the_machine(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Who could open a port of a preview under production's name would be sent production's session."""
    assert environments
    odoos = {process.pid for process in running.processes_of("odoo-server")}
    assert odoos
    listening = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert [each for each in listening if each.pid in odoos] == []
