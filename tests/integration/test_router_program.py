"""The router as the platform runs it: a program with the ports of an earlier version to keep."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import psycopg
import pytest

from odooops_dagster.doors.cli.up import prepare_database
from odooops_dagster.home import environment_socket, former_ports_file
from odooops_dagster.local.postgres import JOBS, DatabaseUrls
from odooops_dagster.local.readiness import answers_http
from odooops_dagster.settings import Settings
from odooops_dagster.tools.front import openings
from odooops_dagster.tools.runtime.ports import free_port
from tests.servers import PostgresServer, as_user
from tests.suites.processes import eventually
from tests.web_servers import UnixServer

LABEL = "feature-a--shop"


class Page(BaseHTTPRequestHandler):
    """Answers every address with the same word."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"answered")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Yield a state folder in which an environment answers at its socket."""
    server = UnixServer(environment_socket(tmp_path, LABEL), Page)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield tmp_path
    server.shutdown()
    server.server_close()


def test_a_port_of_an_earlier_version_leads_on_as_soon_as_it_is_free(home: Path) -> None:
    """Until then the service of that version holds it; the router ends when it is told to."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as held:
        former = held.getsockname()[1]
        former_ports_file(home).parent.mkdir(exist_ok=True)
        former_ports_file(home).write_text(json.dumps({former: LABEL, free_port(): "other--shop"}))
        environment = {"ODOOOPS_HOME": str(home), "ODOOOPS_ENVIRONMENTS_PORT": str(port)}
        program = [sys.executable, "-m", "odooops_dagster.doors.router"]
        router = subprocess.Popen(program, env=environment, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)
        try:
            eventually(lambda: answers_http("127.0.0.1", port, "/healthz"), what="an answer of the router")
            name = f"{LABEL}.localhost:{port}"
            assert httpx.get(f"http://127.0.0.1:{port}/web", headers={"Host": name}).text == "answered"
            held.close()
            eventually(lambda: _location(former) == f"http://{name}/web", what="the way to the name")
        finally:
            router.send_signal(signal.SIGTERM)
            assert router.wait(20) == 0


def _location(port: int) -> str | None:
    try:
        return str(httpx.get(f"http://127.0.0.1:{port}/web", trust_env=False).headers.get("location"))
    except httpx.TransportError:
        return None


def test_the_platform_tells_the_router_which_ports_lead_where(
    database: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Those of living environments that had one before; and that production is open, before the first request."""
    with psycopg.connect(database) as owner:
        owner.execute("select ops.create_project('shop', 'https://forge.example/shop.git', '19.0')")
        for branch in ("main", "feature/a", "feature/b", "feature/c"):
            owner.execute("select ops.ensure_environment(id, %s) from ops.projects", [branch])
        owner.execute("update ops.environments set port = 20001 where name = 'feature/a'")
        owner.execute("update ops.environments set port = 20002 where name = 'feature/c'")
        owner.execute("update ops.environments set status = 'destroyed', destroyed_at = now() where name = 'feature/c'")
    logins = {job: as_user(database, login, postgres_server) for job, login in JOBS.items()}
    urls = DatabaseUrls(owner=database, dagster=database, odoo=database, **logins)
    prepare_database(Settings(home=tmp_path), urls)
    assert json.loads(former_ports_file(tmp_path).read_text()) == {"20001": LABEL}
    assert openings.is_open(tmp_path, "main--shop")
    assert not openings.is_open(tmp_path, LABEL)
