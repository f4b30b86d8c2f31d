"""A person works in production, in the Dagster UI and in a hostile preview with one browser, and loses no session.

What the preview's code tries on its own, without anybody's browser, is told here too: the platform and both Odoos run.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import psutil
import pytest

from odooops_dagster.home import data_folder, environment_folder, service_name
from odooops_dagster.steps.environment.confinement import home_of
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.tools.runtime.sandbox import attack
from tests.acceptance.browser import Browser
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import CACHE, Platform, wait_for
from tests.acceptance.repository import Repository
from tests.environments import password_of
from tests.hostile.surroundings import targets_beside

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "origins"
HOSTILE = "feature/loot"
MANIFEST = "{'name': 'Loot', 'version': '19.0.1.0.0', 'license': 'LGPL-3', 'depends': ['bus', 'web']}\n"
LOOT = """\
import json
import logging
import os
import subprocess
import sys

from odoo import http


class Loot(http.Controller):
    @http.route("/loot", type="http", auth="none")
    def loot(self):
        return http.Response(str(http.request.httprequest.headers), content_type="text/plain")

    @http.route("/environ", type="http", auth="none")
    def environ(self):
        logging.getLogger(__name__).info("this Odoo was told %s", dict(os.environ))
        print(os.environ, flush=True)
        return http.Response(json.dumps(dict(os.environ)), content_type="application/json")

    @http.route("/attack", type="http", auth="none", methods=["POST"], csrf=False)
    def attack(self):
        program = json.loads(http.request.httprequest.get_data())
        done = subprocess.run([sys.executable, "-I", "-S", "-c", *program], capture_output=True, text=True, timeout=90)
        return http.Response(done.stdout or done.stderr, content_type="text/plain")
"""
SLOW = """\
import time

from odoo import http


class Slow(http.Controller):
    @http.route("/slow/<int:seconds>", type="http", auth="none")
    def slow(self, seconds):
        time.sleep(seconds)
        return http.Response("slow", content_type="text/plain")
"""
LIMIT_SECONDS = 25
WORKERS = f"odoo: {{stages: {{production: {{options: {{workers: 2, limit_time_real: {LIMIT_SECONDS}}}}}}}}}\n"
# The limits of an Odoo that serves are higher than an attack may try on a machine that others use.
MEETS_LIMITS = {"forks_without_end", "fills_memory", "fills_the_disk"}
LOG_IN = """async ([db, password]) => (await fetch("/web/session/authenticate", {method: "POST",
    headers: {"Content-Type": "application/json"}, body: JSON.stringify({jsonrpc: "2.0", method: "call",
    params: {db, login: "admin", password}})})).json()"""
SOCKET = """() => new Promise((done) => { const socket = new WebSocket(`ws://${location.host}/websocket`);
    socket.onopen = () => done("open"); socket.onerror = () => done("refused"); })"""
SHOW = "() => document.body.innerText"


@pytest.fixture(scope="module")
def environments(
    running: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield a production and a preview whose code shows what browsers send to it."""
    repository = Repository(tmp_path_factory.mktemp("origins"))
    repository.write("loot/__manifest__.py", MANIFEST)
    repository.write("loot/__init__.py", SLOW)
    repository.write("odooops.yaml", WORKERS)
    repository.push("main")
    make_project(running, SLUG, repository)
    created = running.ops("env", "create", SLUG, "main", "--wait")
    repository.write("loot/__init__.py", LOOT)
    run = running.ended(running.run_of(SLUG, repository.push(HOSTILE)))
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    production = running.ask("env", "show", SLUG, "main") | {"password": password_of(created.stderr)}
    yield production, running.ask("env", "show", SLUG, HOSTILE)
    running.ops("env", "destroy", SLUG, HOSTILE, "--yes", "--wait")
    running.ops("env", "destroy", SLUG, "main", "--yes", "--without-backup", "--wait")


def test_a_hostile_preview_gets_no_session_of_anybody(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]], browser: Browser
) -> None:
    """Not by a link to itself, and not by one to another name with the port of the environments."""
    production, preview = environments
    assert production["url"] == f"http://main--{SLUG}.localhost:{running.environments_port}/"
    page = browser.see(f"{production['url']}web/login", until="input[name=login]")
    assert page.run(LOG_IN, production["database_name"], production["password"])["result"]["uid"] == 2
    page.open(running.ask("ui")["url"], until="body").close()
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
    assert page.run(LOG_IN, production["database_name"], production["password"])["result"]["uid"] == 2


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


def test_a_preview_never_holds_a_value_of_production(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Each Odoo gets the value of its own stage; no log, no file of others and no command line holds production's."""
    production, preview = environments
    began = time.time()
    live, test = f"live-{token_hex(12)}", f"test-{token_hex(12)}"
    for stage, value in (("production", live), ("development", test)):
        told = running.ops("env", "set", SLUG, "PAYMENT_KEY", "--stage", stage, typed=f"{value}\n")
        assert "restarting" in told.stderr
    with running.control() as control:
        starts = [run for run in control.runs.list(SLUG) if run.kind == "start"]
        assert [running.ended(run).status for run in starts] == ["succeeded", "succeeded"]
        service = service_name(control.environments.get(f"{SLUG}/main"))
    host = preview["url"].removeprefix("http://").rstrip("/")
    url = f"http://127.0.0.1:{running.environments_port}/environ"
    seen = httpx.get(url, headers={"Host": host}, timeout=120, trust_env=False).json()
    assert seen["PAYMENT_KEY"] == test
    assert live not in json.dumps(seen)
    shown = running.ops("env", "shell", SLUG, "main", typed="import os; print(os.environ['PAYMENT_KEY'][::-1])\n")
    assert live[::-1] in shown.stdout, "a line with the value itself would be masked"

    logged = running.ops("env", "logs", SLUG, HOSTILE, "--tail", "500").stdout
    assert "'PAYMENT_KEY': '***'" in logged
    assert test not in logged
    assert [process.pid for process in running.processes() if live in " ".join(process.cmdline())] == []
    assert held_since(running.home, live, began) == {f"{service}.json"}, "the definition that its launcher reads"
    assert production["database_name"]


def held_since(home: Path, value: str, began: float) -> set[str]:
    """Return the names of the files that were written since and hold the value."""
    written = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    recent = [path for path in written if path.stat().st_mtime >= began]
    return {path.name for path in recent if value.encode() in path.read_bytes()}


def test_no_odoo_listens_on_a_port_of_the_machine(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Who could open a port of a preview under production's name would be sent production's session."""
    assert environments
    odoos = {process.pid for process in running.processes_of("odoo-server")}
    assert odoos
    listening = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert [each for each in listening if each.pid in odoos] == []


def workers_of(running: Platform) -> tuple[psutil.Process, list[psutil.Process]]:
    """Return production's Odoo and the processes below it: two workers, one for crons, one for its bus."""
    with running.control() as control:
        folder = environment_folder(running.home, control.environments.get(f"{SLUG}/main")).name
    odoos = [each for each in running.processes_of(folder) if "odoo-server" in each.cmdline()[1]]
    main = next(each for each in odoos if each.parent() not in odoos)
    return main, main.children()


def test_workers_serve_production_and_the_bus_has_a_process_of_its_own(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]], browser: Browser
) -> None:
    """A worker that is killed is replaced; a request ends at its time limit; a stop leaves no process."""
    production, _preview = environments
    main, children = workers_of(running)
    assert len(children) == 4, [each.cmdline() for each in children]
    page = browser.see(f"{production['url']}web/login", until="input[name=login]")
    assert page.run(SOCKET) == "open"
    assert asked(running, "/websocket/health").json() == {"status": "pass"}

    began = time.monotonic()
    assert asked(running, "/slow/600").status_code == 502
    assert LIMIT_SECONDS - 5 < time.monotonic() - began < 300
    assert asked(running, "/slow/0").text == "slow"
    _, now = workers_of(running)
    for each in now:
        each.kill()
    renewed = wait_for(lambda: _renewed(running, now), seconds=60, what="new workers")
    assert asked(running, "/slow/0").text == "slow"
    assert page.run(SOCKET) == "open"

    running.ops("env", "stop", SLUG, "main", "--yes", "--wait")
    assert [each for each in (main, *renewed) if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    running.ops("env", "start", SLUG, "main", "--wait")
    assert len(workers_of(running)[1]) == 4
    assert running.ask("env", "show", SLUG, "main")["workers"] == 2


def asked(running: Platform, path: str) -> httpx.Response:
    """Return what production answers through the router."""
    with loopback_client(timeout=120) as client:
        return client.get(f"http://main--{SLUG}.localhost:{running.environments_port}{path}")


def test_each_deployment_prints_a_report(
    running: Platform, environments: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Production prints with workers, the preview without a network; nobody else makes an Odoo print."""
    for environment in environments:
        [row] = running.query(
            "select passed, blocking, summary, metadata from ops.run_checks where run_id = %s and name = 'prints'",
            environment["deployed_run_id"],
        )
        if shutil.which("wkhtmltopdf") is None:
            assert row["metadata"]["asked"] is False
            assert "apt-get install -y --no-install-recommends wkhtmltopdf" in row["summary"]
            continue
        assert (row["passed"], row["blocking"]) == (True, False), row["summary"]
        assert row["metadata"]["pages"] >= 1
    assert asked(running, "/odooops/print").status_code == 404


def _renewed(running: Platform, before: list[psutil.Process]) -> list[psutil.Process] | None:
    _, now = workers_of(running)
    return now if len(now) == len(before) and not set(now) & set(before) else None
