"""Every test of the schema runs on PostgreSQL 18 and on PostgreSQL 15."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from odooops_dagster.local.postgres import JOBS
from tests.conftest import migrated_database
from tests.servers import PostgresServer, as_user
from tests.sql.actors import Actors
from tests.sql.everything import Everything, furnish
from tests.sql.world import World


@pytest.fixture(params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def server(request: pytest.FixtureRequest) -> PostgresServer:
    """Return a server of each supported end of the range."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    found: PostgresServer = request.getfixturevalue(name)
    return found


@pytest.fixture
def url(server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the owner's URL of a migrated database."""
    with migrated_database(server, request) as url:
        yield url


@pytest.fixture
def bare_url(server: PostgresServer) -> Iterator[str]:
    """Yield the owner's URL of a database in which nothing was made yet."""
    with server.fresh_database(migrated=False) as fresh:
        yield fresh


@pytest.fixture
def world(url: str, server: PostgresServer) -> Iterator[World]:
    """Yield the fresh database as tests see it."""
    logins = {login: as_user(url, login, server) for login in JOBS.values()}
    world = World(url, logins["ops_worker"], logins=logins)
    yield world
    world.close()


@pytest.fixture
def project(world: World) -> UUID:
    """Return a project."""
    return world.project()


@pytest.fixture
def actors(world: World) -> Iterator[Actors]:
    """Yield the way in for people and personas."""
    actors = Actors(world)
    yield actors
    actors.close()


@pytest.fixture
def mine(world: World) -> Everything:
    """Return a project with a row in everything."""
    return furnish(world, "mine")


@pytest.fixture
def theirs(world: World) -> Everything:
    """Return a foreign project with a row in everything."""
    return furnish(world, "hushhush")


@pytest.fixture
def production(world: World, project: UUID) -> UUID:
    """Return the project's production."""
    found: UUID = world.value("select id from ops.ensure_environment(%s, 'main')", project)
    return found
