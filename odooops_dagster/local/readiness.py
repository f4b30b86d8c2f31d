"""Whether a program of the stack answers: one question per program, each yes or no."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from pathlib import Path

import psycopg

from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.programs import code_socket
from odooops_dagster.settings import Settings

_SECONDS = 5.0
Probe = Callable[[], bool]


def probes(settings: Settings, server: EmbeddedPostgres, *, dagster_url: str) -> dict[str, Probe]:
    """Return the question that each program is asked; one that is not listed has only to run."""
    return {
        "postgres": lambda: answers_sql(server.url("postgres")),
        "code": lambda: accepts(code_socket(settings.home)),
        "webserver": lambda: answers_http(settings.host, settings.dagster_port, "/server_info"),
        "daemon": heartbeat_probe(dagster_url),
        "gateway": lambda: answers_http(settings.host, settings.gateway_port, "/readyz"),
    }


def answers_sql(url: str) -> bool:
    """Return whether the server lets us in."""
    try:
        psycopg.connect(url, connect_timeout=int(_SECONDS)).close()
    except psycopg.OperationalError:
        return False
    return True


def accepts(path: Path) -> bool:
    """Return whether someone listens on the socket; the code server does once it has loaded the code."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_SECONDS)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def answers_http(host: str, port: int, path: str) -> bool:
    """Return whether the server answers with 200."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not bound
    connection = http.client.HTTPConnection(reachable, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def heartbeat_probe(dagster_url: str) -> Probe:
    """Return the question whether the sensor daemon's heart has beaten since now."""
    before: list[object] = []

    def beats() -> bool:
        found = _last_heartbeat(dagster_url)
        if not before:
            before.append(found)
        return found is not None and found != before[0]

    return beats


def _last_heartbeat(dagster_url: str) -> object:
    try:
        with psycopg.connect(dagster_url, connect_timeout=int(_SECONDS)) as connection:
            row = connection.execute("select timestamp from daemon_heartbeats where daemon_type = 'SENSOR'").fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None
    return row[0] if row else None
