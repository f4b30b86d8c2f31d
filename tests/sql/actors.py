"""Everybody who may knock: by a token, as PostgREST lets them in, and by a login of their own."""

from __future__ import annotations

import json
from contextlib import suppress
from secrets import token_hex
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import psycopg
from psycopg import sql

from tests.servers import hashed_once
from tests.sql.world import Caller, World, connect

PERSONAS = ("ci_service_role", "qa_tester", "release_manager", "sre", "developer", "audit_reader")


class Actors:
    """Lets people and personas into a world's database; the logins that it makes are gone when it is closed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._password = token_hex(8)
        self._logins: list[str] = []
        self._callers: list[Caller] = []
        self._set_password("authenticator")

    def token(self, role: str, *, sub: str | UUID | None = None, **claims: object) -> Caller:
        """Return who came with a token: PostgREST's login that took the token's role."""
        caller = self._connect("authenticator")
        claims |= {"role": role} | ({"sub": str(sub)} if sub else {})
        caller.connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        caller.rows("select set_config('request.jwt.claims', %s, false)", json.dumps(claims))
        return caller

    def login(self, *personas: str) -> Caller:
        """Return who came with a login of their own, a member of the personas' roles."""
        name = f"person_{token_hex(6)}"
        self._world.connection.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
        self._logins.append(name)
        self._set_password(name)
        for persona in personas:
            statement = sql.SQL("grant {} to {}").format(sql.Identifier(persona), sql.Identifier(name))
            self._world.connection.execute(statement)
        return self._connect(name)

    def worker(self) -> Caller:
        """Return the platform's worker."""
        caller = Caller(connect(self._world.worker_url))
        self._callers.append(caller)
        return caller

    def platform(self, login: str) -> Caller:
        """Return one of the platform's logins."""
        return self._world.platform(login)

    def close(self) -> None:
        """Let everybody go."""
        for caller in self._callers:
            caller.connection.close()
        for name in self._logins:
            with suppress(psycopg.errors.DependentObjectsStillExist):  # a failed test may leave what it made
                self._world.connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))

    def _set_password(self, name: str) -> None:
        statement = sql.SQL("alter role {} password {}").format(sql.Identifier(name), hashed_once(self._password))
        self._world.connection.execute(statement)

    def _connect(self, name: str) -> Caller:
        parts = urlsplit(self._world.url)
        address = f"{name}:{self._password}@{parts.hostname}:{parts.port}"
        caller = Caller(connect(urlunsplit(parts._replace(netloc=address))))
        self._callers.append(caller)
        return caller
