"""A real gateway at a real address, for what asks it with curl."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.settings import Settings
from tests.servers import PostgresServer, as_user
from tests.sql.world import World


@pytest.fixture
def world(postgres_server: PostgresServer, database: str) -> Iterator[World]:
    """The database as its owner sees it, for what tests need to be there."""
    world = World(database, as_user(database, "ops_worker", postgres_server))
    yield world
    world.close()


@pytest.fixture
def owner(database: str) -> Iterator[ControlPlane]:
    """The control plane as the schema's owner, who makes keys."""
    with ControlPlane(database) as owner:
        yield owner


@pytest.fixture
def gateway(tmp_path: Path, control: ControlPlane) -> Iterator[str]:
    """Yield the address of a gateway that works as the platform's worker."""
    with serving(create_app(Settings(home=tmp_path), control)) as address:
        yield address


@contextmanager
def serving(app: FastAPI, *, port: int = 0) -> Iterator[str]:
    """Yield the address of a server of the application; without a port at one that is free."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@contextmanager
def gateway_process(url: str, home: Path, *, port: int, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a gateway in a process of its own, over the database with this owner's URL, which may be killed."""
    argv = (
        *(sys.executable, "-m", "uvicorn", "odooops_dagster.doors.http.app:create_app", "--factory"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "error"),
    )
    given = {"ODOOOPS_HOME": str(home), "ODOOOPS_DATABASE_URL": url, "ODOOOPS_GATEWAY_DATABASE_URL": url}
    process = subprocess.Popen(argv, env={**os.environ, **given, **settings})
    try:
        yield process
    finally:
        process.kill()
        process.wait()
