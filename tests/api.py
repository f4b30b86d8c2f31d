"""The API in this process, and those who call it: with keys, and with tokens of a Supabase project."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import jwt
import psycopg
from fastapi.testclient import TestClient
from psycopg import sql
from pydantic import SecretStr

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.home import CALLERS
from odooops_dagster.settings import Settings
from tests.platform_logins import by_job
from tests.servers import PostgresServer, as_user

ISSUER = "https://shop.supabase.example"
SECRET = "s" * 40
DAY = timedelta(days=1)


def callers_url(url: str, server: PostgresServer) -> str:
    """Return the URL of the login of callers, with a password."""
    found = as_user(url, CALLERS, server)
    with psycopg.connect(url, autocommit=True) as connection:
        password = sql.Literal(unquote(urlsplit(found).password or ""))
        connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(CALLERS), password))
    return found


def settings(url: str, server: PostgresServer, home: Path, **values: Any) -> Settings:  # noqa: ANN401
    """Return the settings of a gateway with an API."""
    given = {
        "home": home,
        "api_database_url": callers_url(url, server),
        "supabase_url": ISSUER,
        "supabase_jwt_secret": SecretStr(SECRET),
        "requests_per_minute": 1_000_000,
    }
    return Settings(**given | values)  # type: ignore[arg-type]


@contextmanager
def opened(url: str, server: PostgresServer, home: Path, **values: Any) -> Iterator[TestClient]:  # noqa: ANN401
    """Yield a client of the gateway over the database with this owner's URL."""
    with by_job(url, server) as control:
        app = create_app(settings(url, server, home, **values), control)
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client


def token(role: str | None, *, sub: str | UUID | None = "somebody", **claims: Any) -> str:  # noqa: ANN401
    """Return a token of the project for the role, signed with its secret."""
    now = int(time.time())
    named = {"sub": sub and str(sub), "role": role}
    usual = {"aud": "authenticated", "iss": f"{ISSUER}/auth/v1", "exp": now + 600} | named
    return jwt.encode({name: value for name, value in (usual | claims).items() if value is not None}, SECRET)


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """Somebody with a token or a key."""

    client: TestClient
    credential: str

    def ask(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - a response
        """Send a request and return the response."""
        headers = {"Authorization": f"Bearer {self.credential}"} | options.pop("headers", {})
        return self.client.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:  # noqa: ANN401 - what JSON holds
        """Return the answer to a GET that succeeds."""
        response = self.ask("GET", path, **options)
        assert response.status_code == 200, response.text
        return response.json()


def member_key(owner: ControlPlane, user_id: UUID, *scopes: str, **options: Any) -> str:  # noqa: ANN401
    """Make a key with which a member calls."""
    given = {"persona": None, "event_types": (), "expires_at": datetime.now(UTC) + DAY} | options
    return owner.keys.create("test", user_id=user_id, scopes=scopes or ("read",), **given).key
