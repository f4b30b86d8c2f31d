"""The control plane of a test that is worker, operator and gateway in one: each call by the login whose job it is."""

from __future__ import annotations

from typing import Any

import psycopg

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.database import Database, Rows
from odooops_dagster.local.postgres import JOBS
from tests.servers import PostgresServer, as_user

# A function that several may call is called by the first of them.
ORDER = ("ops_worker", "ops_operator", "ops_gateway")
GRANTS = """
    select p.proname, min(r.place) from pg_proc as p, unnest(%s::text[]) with ordinality as r (login, place)
    where p.pronamespace = 'ops'::regnamespace and has_function_privilege(r.login, p.oid, 'execute') group by 1
"""


def by_job(url: str, server: PostgresServer) -> ControlPlane:
    """Return the control plane of the database with this owner's URL."""
    return _ByJob({login: as_user(url, login, server) for login in JOBS.values()})


class _ByJob(ControlPlane):
    def __init__(self, urls: dict[str, str]) -> None:
        super().__init__(urls["ops_worker"])
        routed = _Routed(urls)
        for noun in vars(self).values():
            if hasattr(noun, "_database"):
                noun._database = routed  # noqa: SLF001 - a noun is made of a database
        self._database = routed


class _Routed(Database):
    def __init__(self, urls: dict[str, str]) -> None:
        super().__init__(urls["ops_worker"], max_connections=4)
        self._urls = urls
        self._logins: dict[str, str] = {}
        self._others: dict[str, Database] = {}

    def call(self, function: str, **arguments: object) -> Rows:
        """Call the function as a login that may."""
        login = self._login_of(function)
        if login == "ops_worker":
            return super().call(function, **arguments)
        if login not in self._others:
            self._others[login] = Database(self._urls[login], max_connections=4)
        return self._others[login].call(function, **arguments)

    def close(self) -> None:
        """Close every connection."""
        super().close()
        for database in self._others.values():
            database.close()

    def _login_of(self, function: str) -> Any:  # noqa: ANN401 -- a text
        if not self._logins:
            with psycopg.connect(self._urls["ops_worker"]) as connection:
                rows = connection.execute(GRANTS.encode(), [list(ORDER)]).fetchall()
            self._logins = {name: ORDER[place - 1] for name, place in rows}
        return self._logins.get(function, "ops_worker")
