"""People at the console of a gateway in this process."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.home import CONSOLE_HOST
from odooops_dagster.model.releases import Persona
from tests.api import settings
from tests.platform_logins import by_job
from tests.servers import PostgresServer

ORIGIN = f"http://{CONSOLE_HOST}"
# What a browser says of a form that one of our own pages sends, and of a page that a person opens.
OWN = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
ALL: tuple[Persona, ...] = ("developer", "qa_tester", "release_manager", "sre", "audit_reader")


def link_token(owner: ControlPlane, person: str, *personas: Persona, user_id: UUID | None = None) -> str:
    """Make a link for a person, and return its token."""
    token = secrets.token_urlsafe(32)
    hashed = hashlib.sha256(token.encode()).hexdigest()
    owner.console.create_link(person, link_sha256=hashed, personas=personas, user_id=user_id)
    return token


class Person:
    """Somebody with a browser without JavaScript."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def sees(self, path: str, *, status: int = 200) -> str:
        """Open a page, and return its text."""
        response = self.client.get(path)
        assert response.status_code == status, response.text
        return response.text

    def sends(self, path: str, **fields: str) -> Any:  # noqa: ANN401 - a response
        """Send a form as the page does; redirects are not followed."""
        return self.client.post(path, data=fields, headers=OWN, follow_redirects=False)


@contextmanager
def console(url: str, server: PostgresServer, home: Path) -> Iterator[TestClient]:
    """Yield a client of the console over the database with this owner's URL; nobody is signed in."""
    with by_job(url, server) as control:
        app = create_app(settings(url, server, home), control)
        with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as client:
            yield client


@pytest.fixture
def client(database: str, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[TestClient]:
    """The console over the test's database; nobody is signed in."""
    with console(database, postgres_server, tmp_path) as client:
        yield client


def signed_in(
    client: TestClient, owner: ControlPlane, person: str, *personas: Persona, user_id: UUID | None = None
) -> Person:
    """Return the person in a browser of its own, signed in by a link."""
    other = TestClient(client.app, base_url=ORIGIN, raise_server_exceptions=False)
    seen = Person(other)
    response = seen.sends("/login", token=link_token(owner, person, *personas, user_id=user_id))
    assert response.status_code == 303, response.text
    return seen
