"""A migrated database that serves one test after another: a new copy of the template costs ten times as much.

What a test wrote is deleted. A test that changed anything else (the schema, a setting, statistics, the few rows that
the migrations write) was the last one in its database.
"""

from __future__ import annotations

from time import monotonic, sleep  # the clock itself: a test may have changed it, and has not ended
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from tests import sessions

# Deleted rows leave pages behind, and indexes that get longer.
MOST_TESTS = 100
MOST_ROWS = 5000
# How long sessions that were told to end may take.
PATIENCE_SECONDS = 5.0
# In one row whatever a test can change in a database but rows and sequences. A relation's counters are complete when
# the sessions that wrote have ended; they count the rows of the schema's own catalogs too.
WRITTEN = "pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)"
STATE = f"""
    select
        (select sum({WRITTEN}) from pg_class as c where relnamespace = 'pg_catalog'::regnamespace and not relisshared),
        (select array[count(*), sum(relpages), sum(reltuples)] from pg_class),
        (select row(datconnlimit, datallowconn, datacl, datdba)::text from pg_database
            where datname = current_database()),
        (select count(*) from pg_db_role_setting as s join pg_database as d on d.oid = s.setdatabase
            where datname = current_database())
"""
TABLES = f"""
    select c.oid, format('%I.%I', relnamespace::regnamespace, relname), {WRITTEN}
    from pg_class as c
    where relkind = 'r' and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    order by 2
"""
OTHERS = """
    select pid, pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and not pid = any(%s)
"""
SEQUENCES = """
    select setval(seqrelid, seqstart, false) from pg_sequence where pg_sequence_last_value(seqrelid) is not null
"""


class Recycled:
    """A database and what it was like when it was new.

    Args:
        name: its name.
        url: its owner's URL, who is a superuser.
    """

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        # A session whose deletes fire no trigger, and whose plans stay prepared.
        replica = "-c session_replication_role=replica"
        self._connection = psycopg.connect(
            url, autocommit=True, row_factory=tuple_row, options=replica, prepare_threshold=0
        )
        self._connection.prepared_max = None
        self._tests = 0
        self._state = self._look()
        self._written = {oid: count for oid, _, count in self._tables()}
        self._filled = self._filled_tables()

    def clean(self) -> bool:
        """Make it what it was when it was new, and return whether it is."""
        self._tests += 1
        try:
            return self._tests < MOST_TESTS and self._is_alone() and self._has_its_state() and self._empty()
        except psycopg.Error:
            return False

    def close(self) -> None:
        """End our sessions in it."""
        sessions.forget(self.name)
        self._connection.close()

    def _is_alone(self) -> bool:
        """End what others do here, and wait for the end: a session's counters are written at its end."""
        kept = sessions.kept_in(self.name)
        deadline = monotonic() + PATIENCE_SECONDS
        while self._connection.execute(OTHERS, [kept]).fetchall():
            if monotonic() > deadline:
                return False
            sleep(0.001)
        return True

    def _has_its_state(self) -> bool:
        return bool(self._look() == self._state)

    def _empty(self) -> bool:
        """Delete what was written since; return False if that was one of the few rows of a new database."""
        changed = [(oid, name, count) for oid, name, count in self._tables() if count != self._written[oid]]
        rows = sum(count - self._written[oid] for oid, _, count in changed)
        if rows > MOST_ROWS or any(name in self._filled for _, name, _ in changed):
            return False
        with self._connection.pipeline(), self._connection.transaction():
            for _, name, _ in changed:
                self._connection.execute(f"delete from {name}".encode())
            self._connection.execute(SEQUENCES)
        self._written = {oid: count for oid, _, count in self._tables()}
        return self._filled_tables() == self._filled

    def _look(self) -> Any:  # noqa: ANN401 -- compared and no more
        self._flush()
        return self._connection.execute(STATE.encode()).fetchone()

    def _tables(self) -> list[tuple[int, str, int]]:
        self._flush()
        return self._connection.execute(TABLES.encode()).fetchall()

    def _flush(self) -> None:
        self._connection.execute("select pg_stat_force_next_flush()")

    def _filled_tables(self) -> set[str]:
        """Return the tables that hold a row."""
        if not hasattr(self, "_which"):
            parts = [
                sql.SQL("select {} where exists (select from {})").format(sql.Literal(name), sql.SQL(name))
                for _, name, _ in self._tables()
            ]
            self._which = sql.SQL(" union all ").join(parts).as_bytes(self._connection)
        return {name for (name,) in self._connection.execute(self._which)}
