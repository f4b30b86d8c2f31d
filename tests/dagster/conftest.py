"""Fixtures of the Dagster side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Backup
from odooops_dagster.settings import Settings
from sensors import outbox, reconciler
from tests.dagster.promotions import Promoting, promoting
from tests.dagster.studios import Studio, studio
from tests.dagster.world import World, use_stand_ins
from tests.platform_logins import by_job
from tests.servers import PostgresServer


@pytest.fixture(autouse=True)
def _no_platform_of_a_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test that names no state folder would read that of whoever runs it, perhaps of a stopped platform."""
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "no-platform"))


@pytest.fixture(scope="session", autouse=True)
def _migrations_are_read_once() -> Iterator[None]:
    """Each new instance of Dagster would read and run the sixty files of its own schema's migrations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", cache_by_place(ScriptDirectory.from_config))
        yield


def cache_by_place(read: Callable[[Config], ScriptDirectory]) -> Callable[[Config], ScriptDirectory]:
    """Return a function that reads each folder of migrations once."""
    found: dict[str | None, ScriptDirectory] = {}

    def read_once(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location")
        return found[place] if place in found else found.setdefault(place, read(config))

    return read_once


@pytest.fixture(autouse=True)
def _ticks_that_look_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick of these sensors would wait half a minute for what the test does next."""
    for sensor in (outbox, reconciler):
        monkeypatch.setattr(sensor, "WAIT_SECONDS", 0.0)


@pytest.fixture
def _sends_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sensor `outbox` send nothing of another test, and wait for each answer."""
    monkeypatch.setattr(outbox, "_sends", outbox.Sends())
    monkeypatch.setattr(outbox, "ANSWER_SECONDS", 20.0)


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


@pytest.fixture
def hosted(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Promoting]:
    """Yield a hosted production in which people have worked."""
    with promoting(control, postgres_server, tmp_path) as made:
        yield made


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
