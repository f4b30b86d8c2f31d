"""The control plane as somebody sees it who came with a token or a key: row level security decides what that is.

The login is `ops_api`, which has no rights of its own and may become nobody but a caller. Every call is one transaction
in one round trip: it takes the caller's role, sets the caller's claims, and does one thing. Both end with the
transaction, also with one that failed, so that the next call on the connection is nobody's until it says whose it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from psycopg import sql

from odooops_dagster.control.database import Database, Rows, kept_cursor

# The roles that a token may name: people with memberships, and the personas. The service role and the platform's logins
# come by no token.
ROLES = frozenset(
    {"authenticated", "ci_service_role", "qa_tester", "release_manager", "sre", "developer", "audit_reader"}
)
# Longer than any reader of the API needs; a caller must not hold a connection for ever.
_STATEMENT_SECONDS = 30
_LOCK_SECONDS = 10
# One statement, so that nothing runs between its parts. The role comes last: the login sets the others.
_ENTER = b"""
select set_config('transaction_read_only', %(read_only)s, true),
    set_config('statement_timeout', %(statement)s, true), set_config('lock_timeout', %(lock)s, true),
    set_config('request.jwt.claims', %(claims)s, true), set_config('role', %(role)s, true)
"""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """As whom a request acts: the role to take, and the claims to set, which hold the role too."""

    role: str
    claims: Mapping[str, Any]

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self:
        """Build from claims."""
        return cls(role=str(claims.get("role", "")), claims=claims)


class CallerDatabase(Database):
    """A database whose every call acts as one caller.

    Args:
        login: the connections of `ops_api`, which all callers share.
        caller: as whom to act.
        is_read_only: whether the database refuses every write.
    """

    def __init__(self, login: Database, caller: Caller, *, is_read_only: bool) -> None:
        if caller.role not in ROLES:
            raise ValueError(f"{caller.role} is no role of a caller")
        self._login = login
        self._variable = login._variable  # noqa: SLF001 - the same class
        self._entry = {
            "read_only": "on" if is_read_only else "off",
            "statement": f"{_STATEMENT_SECONDS}s",
            "lock": f"{_LOCK_SECONDS}s",
            "claims": json.dumps(dict(caller.claims)),
            "role": caller.role,
        }

    def close(self) -> None:
        """Leave the connections open: they are not the caller's."""

    def _execute(self, query: sql.Composed | bytes, parameters: Mapping[str, object]) -> Rows:
        with self._login.translated(), self._login._connection() as connection:  # noqa: SLF001 - the same class
            # All statements up to the pipeline's end are one transaction. Source: "Pipeline Mode", libpq's manual.
            with connection.pipeline():
                connection.execute(_ENTER, self._entry)
                cursor = connection.execute(query, parameters)
            return cursor.fetchall()

    def _streamed(self, query: bytes, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Yield what the caller saw: the server has kept the rows when the caller's role ends with the transaction."""
        login = self._login
        with login.translated(), login._turn(), login._connection() as connection:  # noqa: SLF001 - the same class
            with connection.transaction():
                connection.execute(_ENTER, self._entry)
                rows = kept_cursor(connection, query, parameters)
            with rows:
                yield from rows
