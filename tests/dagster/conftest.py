"""Fixtures of the Dagster side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Backup
from odooops_dagster.settings import Settings
from tests.dagster.studios import Studio, studio
from tests.dagster.world import World, use_stand_ins
from tests.platform_logins import by_job
from tests.servers import PostgresServer


@pytest.fixture
def world(control: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Yield a project with one environment, an in-memory Dagster instance, and steps that answer at once."""
    use_stand_ins(monkeypatch)
    project = control.projects.create("shop", repo_url="https://forge.example/shop.git", odoo_version="19.0")
    environment = control.environments.ensure(project.id, branch="feature/cart")
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(
            control=control,
            settings=Settings(home=tmp_path, heartbeat_seconds=1),
            project=project,
            environment=environment,
            instance=instance,
        )


@pytest.fixture(scope="module")
def owner_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Yield the owner's URL of the control plane that the module's tests share."""
    with postgres_server.fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def shared_studio(
    owner_url: str, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Studio, Backup]]:
    """Yield a studio and the backup of its production: a backup for each test would take longer than the tests."""
    home = tmp_path_factory.mktemp("studio")
    with by_job(owner_url, postgres_server) as control, studio(control, postgres_server, home) as opened:
        yield opened


@pytest.fixture
def made(shared_studio: tuple[Studio, Backup], owner_url: str) -> Iterator[tuple[Studio, Backup]]:
    """Yield the studio as it was at first."""
    yield shared_studio
    shared_studio[0].reset(shared_studio[1], owner_url)
