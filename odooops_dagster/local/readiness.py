"""Probes that tell whether a program of the stack answers, one per program."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from odooops_dagster.home import (
    MAINTENANCE_DATABASE,
    catcher_mark,
    code_socket,
    egress_mark,
    fork_socket,
    services_folder,
)
from odooops_dagster.local.containers import docker_runtime, uses_containers
from odooops_dagster.local.postgres import EmbeddedPostgres, database_urls
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime import supervisor as services

_SECONDS = 5.0
# The daemon writes a heartbeat every 30 s (dagster/_daemon/controller.py, DEFAULT_HEARTBEAT_INTERVAL_SECONDS); on a
# busy machine some may be missing.
_HEARTBEAT_SECONDS = 180.0
# Catcher and proxy touch their marks every second.
_MARK_SECONDS = 10.0
Probe = Callable[[], bool]


def probes(settings: Settings, servers: Sequence[EmbeddedPostgres], *, dagster_url: str) -> dict[str, Probe]:
    """Return the probe of each program for the start of the stack."""
    return {
        **{server.cluster.entry.value: _answering(server) for server in servers},
        "environments": _keeper_of_services(settings),
        "code": lambda: accepts(code_socket(settings.home)),
        "runs": lambda: accepts(fork_socket(settings.home)),
        "webserver": lambda: answers_http(settings.host, settings.dagster_port, "/healthz"),
        "daemon": heartbeat_probe(dagster_url),
        "gateway": lambda: answers_http(settings.host, settings.gateway_port, "/readyz"),
        "router": lambda: answers_http("127.0.0.1", settings.environments_port, "/healthz"),
        "catcher": lambda: is_fresh(catcher_mark(settings.home)),
        "egress": lambda: is_fresh(egress_mark(settings.home)),
    }


def standing_probes(settings: Settings, servers: Sequence[EmbeddedPostgres]) -> dict[str, Probe]:
    """Return the probe of each program for a running stack; none waits for a new event."""

    def heart_beats() -> bool:
        return has_recent_heartbeat(database_urls(settings).dagster)

    return {**probes(settings, servers, dagster_url=""), "daemon": heart_beats}


def _keeper_of_services(settings: Settings) -> Probe:
    """Return the probe of what keeps the environments' services: the supervisor, or the engine."""
    if uses_containers(settings):
        return docker_runtime(settings).answers
    return services.ServiceSupervisor(services_folder(settings.home), call_seconds=_SECONDS).answers


def _answering(server: EmbeddedPostgres) -> Probe:
    return lambda: answers_sql(server.url(MAINTENANCE_DATABASE, server.cluster.keeper))


def answers_sql(url: str) -> bool:
    """Return whether we can connect to the server."""
    try:
        psycopg.connect(url, connect_timeout=int(_SECONDS)).close()
    except psycopg.OperationalError:
        return False
    return True


def accepts(path: Path) -> bool:
    """Return whether a program listens on the socket; the code server and `runs` do after they have loaded the code."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_SECONDS)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def is_fresh(mark: Path) -> bool:
    """Return whether the file was touched just now."""
    try:
        return time.time() - mark.stat().st_mtime < _MARK_SECONDS
    except FileNotFoundError:
        return False


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
    """Return a probe for a heartbeat of the sensor daemon after the probe's first call."""
    before: list[object] = []

    def beats() -> bool:
        found = _last_heartbeat(dagster_url)
        if not before:
            before.append(found)
        return found is not None and found != before[0]

    return beats


def has_recent_heartbeat(dagster_url: str) -> bool:
    """Return whether the sensor daemon wrote a heartbeat in the last _HEARTBEAT_SECONDS."""
    found = _last_heartbeat(dagster_url)
    return found is not None and found > time.time() - _HEARTBEAT_SECONDS


def _last_heartbeat(dagster_url: str) -> float | None:
    """Return the last heartbeat in seconds since 1970, from the body: column `timestamp` depends on the time zone."""
    query = "select (body::json ->> 'timestamp')::float from daemon_heartbeats where daemon_type = 'SENSOR'"
    try:
        with psycopg.connect(dagster_url, connect_timeout=int(_SECONDS)) as connection:
            row = connection.execute(query).fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None
    return row[0] if row else None
