"""The control plane for a person: over SQL as the API calls it, and over the API as `ops --server` calls it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.caller import Caller, CallerDatabase
from odooops_dagster.control.database import Database
from odooops_dagster.doors.cli.remote import RemoteDatabase
from odooops_dagster.errors import BadInput, Unauthenticated, Unavailable
from tests.api import callers_url, member_key, opened
from tests.servers import PostgresServer
from tests.sql.everything import Everything, furnish
from tests.sql.world import World
from tests.suites.control_suite import ControlSuite

SCOPES = ("queue_build", "queue", "queue_production", "manage", "backup", "restore")


@pytest.fixture
def mine(world: World) -> Everything:
    """Project shop with something in everything, beside a foreign one."""
    furnish(world, "hushhush")
    return furnish(world, "shop")


@pytest.fixture
def admin(world: World, mine: Everything) -> UUID:
    """An admin of shop."""
    return world.member(mine.project, "admin")


class TestOverSql(ControlSuite):
    """As the caller, in the database."""

    @pytest.fixture
    def plane(self, database: str, postgres_server: PostgresServer, admin: UUID) -> Iterator[ControlPlane]:
        """Yield the control plane as the admin."""
        login = Database(callers_url(database, postgres_server), max_connections=1)
        caller = Caller.of({"role": "authenticated", "sub": str(admin)})
        yield ControlPlane.over(CallerDatabase(login, caller, is_read_only=False))
        login.close()


class TestOverTheApi(ControlSuite):
    """With a key, through a server."""

    @pytest.fixture
    def client(self, database: str, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[TestClient]:
        """Yield the server."""
        with opened(database, postgres_server, tmp_path) as client:
            yield client

    @pytest.fixture
    def plane(self, client: TestClient, owner: ControlPlane, mine: Everything, admin: UUID) -> Iterator[ControlPlane]:
        """Yield the control plane behind it, for a key of the admin."""
        key = member_key(owner, admin, *SCOPES, project_id=mine.project)
        with ControlPlane.over(RemoteDatabase("http://testserver", key=key, transport=carrier(client))) as plane:
            yield plane

    def test_what_the_api_does_not_have_is_said_before_it_is_asked(self, plane: ControlPlane) -> None:
        """With where it can be done."""
        with pytest.raises(BadInput, match="does not offer this"):
            plane.templates.list()
        with pytest.raises(BadInput, match="p_no_backup_reason"):
            plane.deployments.promote(UUID(int=0), target_env="production", no_backup_reason="empty")

    def test_a_wrong_key_or_server_is_said_in_a_sentence(self, client: TestClient) -> None:
        """Not as a traceback of HTTP."""
        wrong = ControlPlane.over(RemoteDatabase("http://testserver", key="opsk_x", transport=carrier(client)))
        with pytest.raises(Unauthenticated):
            wrong.projects.list()
        nowhere = ControlPlane.over(RemoteDatabase("http://127.0.0.1:9", key="opsk_x"))
        with pytest.raises(Unavailable, match="does not answer"):
            nowhere.projects.list()


def carrier(client: TestClient) -> httpx.MockTransport:
    """Return what carries requests of httpx to the application in this process."""

    def carry(request: httpx.Request) -> httpx.Response:
        answer = client.request(
            request.method,
            str(request.url),
            content=request.read(),
            headers=dict(request.headers),
            follow_redirects=False,
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    return httpx.MockTransport(carry)
