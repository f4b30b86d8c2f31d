"""A promotion is taken back, or kept, by who has a key and no shell on the platform's machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.errors import BadInput, Conflict
from tests.api import settings
from tests.command_line import CommandLine
from tests.gateways import serving
from tests.servers import PostgresServer
from tests.sql.releases import make_release
from tests.sql.test_deployments import cleared, deployed
from tests.sql.world import World

SCOPES = ("--scope", "sign_off_g3", "--scope", "promote")


@pytest.fixture
def undone(world: World) -> UUID:
    """The deployment of release 2.0 over 1.0 in production of project shop."""
    project = world.project("shop")
    world.rows("select * from ops.ensure_environment(%s, 'main', 'production')", project)
    deployed(cleared(make_release(world, project, "1.0")))
    return deployed(cleared(make_release(world, project, "2.0")))


@pytest.fixture
def ops(
    undone: UUID, database: str, postgres_server: PostgresServer, control: ControlPlane, *, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[CommandLine]:  # fmt: skip
    """The command on a laptop, with the key of a release manager."""
    assert undone
    ops = CommandLine("key", "gate", "rollback")
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", database)
    made = ops.json("key", "create", "rita", "--persona", "release_manager", *SCOPES, "--approver", "rita")
    monkeypatch.delenv("ODOOOPS_DATABASE_URL")
    with serving(create_app(settings(database, postgres_server, tmp_path), control)) as address:
        monkeypatch.setenv("OPS_SERVER", address)
        monkeypatch.setenv("OPS_KEY", made["key"])
        monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "laptop"))
        yield ops


@pytest.fixture
def client(ops: CommandLine) -> Iterator[httpx.Client]:
    """The same key without the command."""
    assert ops
    headers = {"Authorization": f"Bearer {os.environ['OPS_KEY']}"}
    with httpx.Client(base_url=os.environ["OPS_SERVER"], headers=headers) as client:
        yield client


def test_production_goes_back_with_a_key(ops: CommandLine, world: World, undone: UUID) -> None:
    """With the plan before, and the run after; who keeps what nobody asks about is told so."""
    with pytest.raises(Conflict, match="cannot go back"):
        ops("rollback", "shop", "--reason", "orders vanish", "--data", "--yes")
    with pytest.raises(Conflict, match="nobody is asked"):
        ops("gate", "keep", "shop", "2.0", "--reason", "it answers")
    back = ops.json("rollback", "shop", "--reason", "orders vanish", "--yes")
    newest = world.value("select 'shop#' || max(run_number) from ops.runs")
    assert (back["rollback_of"], back["run"]) == (str(undone), newest)
    assert world.value("select requested_by from ops.deployments where id = %s", back["id"]) == "rita"


def test_a_release_whose_health_is_unclear_is_kept_with_a_key(ops: CommandLine, world: World, undone: UUID) -> None:
    """As its person, and as nobody else."""
    world.rows(
        "update ops.deployments set decision_due_at = clock_timestamp() + interval '1 hour' where id = %s", undone
    )
    with pytest.raises(BadInput, match="does not offer this"):
        ops("gate", "keep", "shop", "2.0", "--reason", "it answers", "--as", "somebody")
    kept = ops.json("gate", "keep", "shop", "2.0", "--reason", "it answers")
    assert (kept["id"], kept["kept_by"]) == (str(undone), "rita")


def test_one_key_is_one_rollback_after_its_end_too(client: httpx.Client, world: World, undone: UUID) -> None:
    """Who heard no answer asks again; another request with the key is refused."""
    path = f"/v1/deployments/{undone}/rollback"
    asked: dict[str, Any] = {"json": {"reason": "orders vanish"}, "headers": {"Idempotency-Key": "a"}}
    made = client.post(path, **asked)
    assert made.status_code == 201, made.text
    assert {way["way"] for way in client.get(f"/v1/deployments/{undone}/ways-back").json()} == {"code", "code and data"}
    world.rows("select ops.record_deployment_status(%s, 'succeeded')", made.json()["id"])
    assert client.post(path, **asked).json()["id"] == made.json()["id"]
    assert client.post(path, **(asked | {"json": {"reason": "another"}})).status_code == 409
    again = client.post(path, json={"reason": "orders vanish"})
    assert again.status_code == 409, "without a key it is another request, and there is nothing left to take back"
    assert world.value("select count(*) from ops.deployments where rollback_of = %s", undone) == 1
