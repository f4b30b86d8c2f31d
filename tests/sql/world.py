"""A control plane database as tests see it: SQL as anyone, and the objects most tests start from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from tests import sessions

SHA = "a" * 40
ENDED = ("succeeded", "failed", "canceled")

Connection = psycopg.Connection[DictRow]


class Caller:
    """Somebody with a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def rows(self, query: LiteralString, *parameters: object) -> list[dict[str, Any]]:
        """Return the rows that the query gives."""
        cursor = self.connection.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []

    def row(self, query: LiteralString, *parameters: object) -> dict[str, Any]:
        """Return the only row that the query gives."""
        (row,) = self.rows(query, *parameters)
        return row

    def value(self, query: LiteralString, *parameters: object) -> Any:  # noqa: ANN401 - whatever the query gives
        """Return the only value that the query gives."""
        (value,) = self.row(query, *parameters).values()
        return value

    # What workers do.

    def queue(self, project_id: UUID, env: str | None = "feature/a", sha: str = SHA, **options: object) -> UUID:
        """Queue a run."""
        names = "".join(f", {name} => %s" for name in options)
        query = f"select ops.queue_run(%s, %s, %s, %s{names})"
        ref = f"refs/heads/{env}" if env else None
        run_id: UUID = self.connection.execute(
            query.encode(), [project_id, env, sha, ref, *options.values()]
        ).fetchone()["queue_run"]  # type: ignore[index]
        return run_id

    def claim(self, limit: int = 1, *, worker: str = "w1", lease_seconds: int = 60) -> list[dict[str, Any]]:
        """Claim runs."""
        return self.rows("select * from ops.claim_runs(%s, %s, %s)", worker, limit, lease_seconds)

    def start(self, run_id: UUID, attempt: int | None = 1, *, worker: str = "w1") -> dict[str, Any]:
        """Start a claimed run."""
        return self.row("select * from ops.start_workflow_run(%s, %s, %s)", run_id, worker, attempt)

    def complete(self, run_id: UUID, exit_code: int = 0, attempt: int | None = 1) -> str:
        """End a run."""
        return str(self.value("select ops.complete_workflow_run(%s, %s, p_attempt => %s)", run_id, exit_code, attempt))

    def work(self, project_id: UUID, env: str | None = "feature/a", **options: object) -> UUID:
        """Queue, claim and start a run, the only one that can be claimed."""
        run_id = self.queue(project_id, env, SHA, **options)
        assert [row["id"] for row in self.claim()] == [run_id]
        self.start(run_id)
        return run_id

    def run(self, run_id: UUID) -> dict[str, Any]:
        """Return the run's row."""
        return self.row("select * from ops.v_runs where id = %s", run_id)

    def status(self, run_id: UUID) -> str:
        """Return the run's state."""
        return str(self.run(run_id)["status"])

    def messages(self, run_id: UUID) -> list[str]:
        """Return what happened to the run, in order."""
        return [
            row["message"]
            for row in self.rows("select message from ops.run_events where run_id = %s order by seq", run_id)
        ]


class World(Caller):
    """The database's owner, who may make objects and call as others."""

    def __init__(self, url: str, worker_url: str, *, logins: Mapping[str, str] | None = None) -> None:
        self._opened: list[tuple[str, Connection]] = []
        super().__init__(self._open(url))
        self._logins = logins or {}
        self.url = url
        self.worker_url = worker_url

    def project(self, slug: str = "shop", **values: object) -> UUID:
        """Create a project and return its id."""
        names = "".join(f", p_{name} => %s" for name in values)
        query = f"select id from ops.create_project(%s, %s, '19.0'{names})"
        arguments = [slug, f"https://github.com/acme/{slug}.git", *values.values()]
        row = self.connection.execute(query.encode(), arguments).fetchone()
        assert row is not None
        return UUID(str(row["id"]))

    def member(self, project_id: UUID, role: str = "viewer") -> UUID:
        """Make a new person a member of the project and return the person's id."""
        person = uuid4()
        self.rows(
            "insert into ops.project_memberships (project_id, user_id, role) values (%s, %s, %s)",
            project_id, person, role,
        )  # fmt: skip
        return person

    def worker(self) -> Caller:
        """Return the platform's worker, logged in."""
        return Caller(self._open(self.worker_url))

    @property
    def operator_url(self) -> str:
        """Return the URL of the login of the command `ops`."""
        return self._logins["ops_operator"]

    def platform(self, login: str) -> Caller:
        """Return one of the platform's logins, logged in."""
        return Caller(self._open(self._logins[login]))

    def operator(self) -> Caller:
        """Return the login of the command `ops`, logged in."""
        return self.platform("ops_operator")

    def person(self, user_id: UUID) -> Caller:
        """Return a person who signed in, as PostgREST would call for."""
        connection = self._open(self.url)
        connection.execute("set role authenticated")
        claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
        connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        return Caller(connection)

    def role(self, name: str) -> Caller:
        """Return a caller that is just a role."""
        connection = self._open(self.url)
        connection.execute(psycopg.sql.SQL("set role {}").format(psycopg.sql.Identifier(name)))
        return Caller(connection)

    def expire_leases(self) -> None:
        """Let every lease have ended a minute ago."""
        self.rows(
            "update ops.runs set lease_expires_at = now() - interval '1 minute' where lease_expires_at is not null"
        )

    def close(self) -> None:
        """Leave every session to the next test in this database."""
        for url, connection in self._opened:
            sessions.give_back(url, connection)

    def _open(self, url: str) -> Connection:
        connection = sessions.connect(url)
        self._opened.append((url, connection))
        return connection


def connect(url: str) -> Connection:
    """Return a connection on which every statement is its own transaction."""
    return psycopg.connect(url, autocommit=True, row_factory=dict_row)


@contextmanager
def refused(sqlstate: str, match: str | None = None) -> Iterator[pytest.ExceptionInfo[psycopg.Error]]:
    """Expect the block to be refused with this SQLSTATE, a message, and a hint where the refusal is ours."""
    with pytest.raises(psycopg.Error, match=match) as caught:
        yield caught
    assert caught.value.sqlstate == sqlstate, caught.value
    assert caught.value.diag.message_hint or not sqlstate.startswith("PT")
