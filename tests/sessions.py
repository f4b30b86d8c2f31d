"""Sessions that serve one test after another: each new one would read the catalogs and plan every function anew."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import urlsplit

import psycopg
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn
from psycopg.rows import DictRow, dict_row

Connection = psycopg.Connection[DictRow]

# `discard all` without the plans. What the session wrote is counted before it is ready for the next statement.
RESET = (
    b"reset session authorization; reset role; reset all; close all; unlisten *; deallocate all;"
    b" select pg_advisory_unlock_all(); discard temp; discard sequences; select pg_stat_force_next_flush()"
)
# A setting that only our functions know is empty once it was set, and null in a session where it never was.
IS_AS_NEW = b"select current_setting('request.jwt.claims', true) is null"

_kept: dict[str, list[PGconn]] = defaultdict(list)


def connect(url: str) -> Connection:
    """Return a session, new or as good as new, on which every statement is its own transaction."""
    while _kept[url]:
        session = _kept[url].pop()
        if session.exec_(b"").status == ExecStatus.EMPTY_QUERY:
            connection = psycopg.Connection(session, row_factory=dict_row)
            connection.autocommit = True
            return connection
        session.finish()
    return psycopg.connect(url, autocommit=True, row_factory=dict_row)


def give_back(url: str, connection: Connection) -> None:
    """Keep the session for the next test in this database; close one that cannot be made as good as new."""
    if _reset(connection.pgconn):
        _kept[url].append(connection.pgconn)
    else:
        connection.close()


def kept_in(database: str) -> list[int]:
    """Return the process ids of the sessions that are kept in a database."""
    return [session.backend_pid for url in _urls(database) for session in _kept[url]]


def forget(database: str) -> None:
    """End the sessions that are kept in a database."""
    for url in _urls(database):
        for session in _kept.pop(url):
            session.finish()


def _urls(database: str) -> list[str]:
    return [url for url in _kept if urlsplit(url).path == f"/{database}"]


def _reset(session: PGconn) -> bool:
    if session.status != ConnStatus.OK or session.transaction_status != TransactionStatus.IDLE:
        return False
    if session.exec_(RESET).status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return False
    answer = session.exec_(IS_AS_NEW)
    return answer.status == ExecStatus.TUPLES_OK and answer.get_value(0, 0) == b"t"
