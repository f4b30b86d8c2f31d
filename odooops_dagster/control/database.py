"""The only connection to schema ops: a small pool, calls of functions by name, translated errors."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from odooops_dagster.errors import SQLSTATE_ERRORS, BadInput, NotFound, OdooOpsError, Unavailable
from odooops_dagster.unreachable import may_have_ended, unreachable

# How long a call waits for a connection before it fails.
PATIENCE_SECONDS = 10.0
# Timeout of one connection attempt; shorter than PATIENCE_SECONDS, so that its reason is known before.
_CONNECT_SECONDS = 8
# How often the waiting call of an impatient caller checks whether its first connection attempt has failed.
_LOOK_SECONDS = 0.2
# How long `close` waits for a running connection attempt, which is harmless.
_CLOSE_SECONDS = 1.0

# How many rows of a stream are in memory at once, of which one may have hundreds of kilobytes.
_FETCHED = 200
# Each stream keeps a connection as long as its reader takes; the others are for everybody else's calls.
_MOST_STREAMS = 3

# NUL and unpaired surrogates: PostgreSQL's text has neither, but a log and a file's name may. Python reads a byte that
# is no UTF-8 as U+DC80 to U+DCFF (PEP 383).
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_FIRST_BYTE = 0xDC00

# A listener sends nothing: without these it would take a network that broke for silence, in Linux for two hours.
_LISTENING: Mapping[str, Any] = {
    "autocommit": True,
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "odooops listening",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

Rows = list[dict[str, Any]]


class _Connection(psycopg.Connection[DictRow]):
    """A connection that knows when it was last used."""

    used_at = 0.0


def _checked(connection: _Connection) -> None:
    """Raise psycopg.OperationalError if the connection has ended."""
    if may_have_ended(connection.fileno(), used_at=connection.used_at):
        ConnectionPool.check_connection(connection)


class Database:
    """Connections to the control plane's database; opened at the first call, usable from many threads.

    `is_patient`: whether the first call waits for a database that does not answer yet. `variable`: the setting with the
    URL, for hints.
    """

    def __init__(
        self, url: str, *, max_connections: int, is_patient: bool = True, variable: str = "ODOOOPS_DATABASE_URL"
    ) -> None:
        self._url = url
        self._variable = variable
        self._is_patient = is_patient
        self._refusal: psycopg.Error | None = None
        self._streams = threading.BoundedSemaphore(_MOST_STREAMS)
        self._pool: ConnectionPool[_Connection] = ConnectionPool(
            url,
            min_size=0,
            max_size=max_connections,
            open=False,
            timeout=PATIENCE_SECONDS,
            max_idle=60,
            reconnect_timeout=PATIENCE_SECONDS,
            check=_checked,
            connection_class=self._remembering(),
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": _CONNECT_SECONDS,
                "application_name": "odooops",
            },
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close(timeout=_CLOSE_SECONDS)

    def call(self, function: str, **arguments: object) -> Rows:
        """Call a function with named arguments and return its rows."""
        return self._execute(
            _call_of(function, tuple(arguments)), {name: _adapted(value) for name, value in arguments.items()}
        )

    def stream(self, function: str, **arguments: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of a function as they are asked for, all as of this moment; few of them are in memory at once.

        Raises:
            Unavailable: as many others are read as may be at once.
        """
        query = _call_of(function, tuple(arguments))
        rows = self._streamed(query, {name: _adapted(value) for name, value in arguments.items()})
        # The call refuses, and not whoever reads: by then an answer has begun.
        first = next(rows, None)
        return iter(()) if first is None else chain((first,), rows)

    def value(self, function: str, **arguments: object) -> Any:  # noqa: ANN401 - whatever the RPC returns
        """Call a function and return its single value, None without rows."""
        rows = self.call(function, **arguments)
        return next(iter(rows[0].values())) if rows else None

    def read(self, relation: str, *, order: str, limit: int | None = None, **equal: object) -> Rows:
        """Return the rows of a view or table whose columns have these values; a value of None is no condition."""
        wanted, conditions = _wanted(equal)
        query = sql.SQL("select * from ops.{} where {} order by {} limit {}").format(
            sql.Identifier(relation),
            sql.SQL(" and ").join(conditions or [sql.SQL("true")]),
            _order(order),
            sql.Literal(limit),
        )
        return self._execute(query, wanted)

    def page(
        self, relation: str, *, order: Sequence[str], limit: int, after: Sequence[object] | None = None, **equal: object
    ) -> Rows:
        """Return a page of a view or table, newest first: in descending order of the columns, those below `after`."""
        wanted, conditions = _wanted(equal)
        names = [sql.Identifier(name) for name in order]
        if after is not None:
            places = [f"after_{number}" for number in range(len(order))]
            wanted |= dict(zip(places, map(_adapted, after), strict=True))
            conditions.append(
                sql.SQL("({}) < ({})").format(
                    sql.SQL(", ").join(names), sql.SQL(", ").join(sql.Placeholder(place) for place in places)
                )
            )
        query = sql.SQL("select * from ops.{} where {} order by {} limit {}").format(
            sql.Identifier(relation),
            sql.SQL(" and ").join(conditions or [sql.SQL("true")]),
            sql.SQL(", ").join(sql.SQL("{} desc").format(name) for name in names),
            sql.Literal(limit),
        )
        return self._execute(query, wanted)

    def one(self, relation: str, *, what: str, order: str, **equal: object) -> dict[str, Any]:
        """Return the first matching row.

        Raises:
            NotFound: there is none.
        """
        rows = self.read(relation, order=order, limit=1, **equal)
        if not rows:
            raise NotFound(f"There is no {what}", hint=_LISTS.get(what.split(maxsplit=1)[0]))
        return rows[0]

    def _execute(self, query: sql.Composed | bytes, parameters: Mapping[str, object]) -> Rows:
        with self.translated(), self._connection() as connection:
            return connection.execute(query, parameters).fetchall()

    def _streamed(self, query: bytes, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        with self.translated(), self._turn(), self._connection() as connection:
            with connection.transaction():
                rows = kept_cursor(connection, query, parameters)
            with rows:
                yield from rows

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._streams.acquire(blocking=False):
            raise Unavailable("Other exports are under way, as many as may be at once", hint="try again in a minute")
        try:
            yield
        finally:
            self._streams.release()

    def notifications(self, channel: str, *, pause_seconds: float) -> Iterator[str | None]:
        """Yield None once the channel is listened to, and after each silent pause; between them each payload.

        Raises:
            Unavailable: the connection cannot be made, or has ended.
        """
        with self.translated(), psycopg.connect(self._url, **_LISTENING) as connection:
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            yield None
            while True:
                heard = [note.payload for note in connection.notifies(timeout=pause_seconds, stop_after=1)]
                yield from heard or (None,)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Translate the errors of PostgreSQL and of the pool into ours."""
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed) as exc:
            raise unreachable(exc, server="The control plane's database", variable=self._variable) from exc
        except psycopg.Error as exc:
            raise _translation(exc) from exc

    @contextmanager
    def _connection(self) -> Iterator[_Connection]:
        self._pool.open()
        connection = self._taken()
        self._is_patient, self._refusal = True, None
        try:
            with connection:
                yield connection
        finally:
            connection.used_at = time.monotonic()
            self._pool.putconn(connection)

    def _taken(self) -> _Connection:
        """Return a connection from the pool.

        The pool retries and only logs the reason of a failure; this method raises the last reason.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            remaining = deadline - time.monotonic()
            try:
                return self._pool.getconn(timeout=remaining if self._is_patient else min(remaining, _LOOK_SECONDS))
            except PoolTimeout:
                if isinstance(self._refusal, psycopg.ProgrammingError):
                    raise _unreadable(self._variable) from None
                if self._refusal is not None:
                    raise self._refusal from None
                if time.monotonic() >= deadline:
                    raise PoolTimeout(f"no connection within {PATIENCE_SECONDS:.0f} seconds") from None

    def _remembering(self) -> type[_Connection]:
        """Return a connection class that records the error of the last failed connection attempt."""
        database = self

        class Remembering(_Connection):
            @classmethod
            def connect(cls, conninfo: str = "", **options: Any) -> Self:  # noqa: ANN401
                try:
                    return super().connect(conninfo, **options)
                except psycopg.Error as exc:
                    database._refusal = exc
                    raise

        return Remembering


def kept_cursor(
    connection: psycopg.Connection[DictRow], query: bytes, parameters: Mapping[str, object]
) -> psycopg.ServerCursor[DictRow]:
    """Return the rows of a query, which the server keeps beyond the transaction's end until the cursor is closed.

    A transaction as long as its reader takes would hold up vacuum, and `ops.end_forgotten_transactions` would end it.
    Source: "DECLARE", WITH HOLD, in PostgreSQL's manual.
    """
    cursor = connection.cursor("stream", withhold=True)
    cursor.itersize = _FETCHED
    return cursor.execute(query, parameters)


# Hints for an object that does not exist.
_LISTS = {
    "project": "List them: ops project list.",
    "environment": "List them: ops env list.",
    "run": "List them: ops run list.",
    "backup": "List them: ops backup list.",
    "release": "List them: ops release list.",
    "exception": "List them: ops exception list.",
    "incident": "List them: ops incident list.",
    "event": "List them: ops event list.",
    "key": "List them: ops key list.",
    "person": "List them: ops person list.",
}


@cache
def _call_of(function: str, names: tuple[str, ...]) -> bytes:
    """Return the statement that calls a function; the code has so many, and each is composed once."""
    named = sql.SQL(", ").join(sql.SQL("{} => {}").format(sql.Identifier(n), sql.Placeholder(n)) for n in names)
    return sql.SQL("select * from ops.{}({})").format(sql.Identifier(function), named).as_bytes(None)


def _wanted(equal: Mapping[str, object]) -> tuple[dict[str, object], list[sql.Composable]]:
    """Return the values of the columns, and a condition for each; a value of None is no condition."""
    wanted = {name: _adapted(value) for name, value in equal.items() if value is not None}
    return wanted, [sql.SQL("{} = {}").format(sql.Identifier(n), sql.Placeholder(n)) for n in wanted]


def _order(order: str) -> sql.Composed:
    """Return an order such as `column desc, column` with quoted names."""
    parts = (part.split() for part in order.split(","))
    return sql.SQL(", ").join(
        sql.SQL("{} desc" if direction else "{}").format(sql.Identifier(name)) for name, *direction in parts
    )


def _adapted(value: object) -> object:
    """Convert a value for psycopg: mappings and sequences of mappings to jsonb, other sequences to arrays."""
    if isinstance(value, str):
        return _NO_TEXT.sub(_shown, value)
    if isinstance(value, bytes):
        return value
    if isinstance(value, Mapping):
        return Jsonb(dict(value), dumps=_dumps)
    if isinstance(value, Sequence):
        return Jsonb(value, dumps=_dumps) if value and isinstance(value[0], Mapping) else list(map(_adapted, value))
    return value


def _dumps(value: object) -> str:
    text = json.dumps(value, default=_plain, ensure_ascii=False).replace("\\u0000", "\\ufffd")
    return _NO_TEXT.sub(lambda found: _shown(found).replace("\\", "\\\\"), text)


def _shown(found: re.Match[str]) -> str:
    """Return how a character is shown that PostgreSQL's text cannot have: a byte of a file's name by its number."""
    byte = ord(found[0]) - _FIRST_BYTE
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else "\N{REPLACEMENT CHARACTER}"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _unreadable(variable: str) -> OdooOpsError:
    """Return the error for an invalid connection string; libpq's own message would quote it."""
    return BadInput(
        "The control plane's connection string cannot be read",
        hint=f"Write {variable} as postgresql://user:password@host/database.",
    )


def _translation(exc: psycopg.Error) -> OdooOpsError:
    """Return the exception for the SQLSTATE; class 22 (invalid data) is BadInput."""
    code = exc.sqlstate or ""
    message = " ".join(part for part in (exc.diag.message_primary, exc.diag.message_detail) if part)
    if code.startswith("22"):
        return BadInput(message, hint=exc.diag.message_hint)
    if code in ("3F000", "42P01", "42883"):
        return Unavailable(f"The database has not this version's schema: {message}", hint="Run: ops db migrate")
    if code not in SQLSTATE_ERRORS:
        return OdooOpsError(f"{message} (SQLSTATE {code})", hint=exc.diag.message_hint)
    return SQLSTATE_ERRORS[code](message, hint=exc.diag.message_hint)
