"""Find the sessions that hold the lock for which a database's sessions wait."""

from __future__ import annotations

from dataclasses import dataclass

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.contents import read_rows

# PostgreSQL hides the query of another role's session, and shows the session itself.
# Source: https://www.postgresql.org/docs/current/monitoring-stats.html, pg_stat_activity.
_QUERY = """
select
    coalesce((
        select l.relation::regclass::text from pg_locks as l
        where l.pid = w.pid and not l.granted and l.relation is not null
        limit 1
    ), 'a row') as what,
    b.pid,
    coalesce(b.usename, '') as login,
    coalesce(nullif(b.application_name, ''), 'a session') as program,
    coalesce(round(extract(epoch from clock_timestamp() - b.xact_start)), 0)::int as seconds
from pg_stat_activity as w
cross join lateral unnest(pg_blocking_pids(w.pid)) as p (pid)
join pg_stat_activity as b on b.pid = p.pid
where w.datname = current_database() and w.wait_event_type = 'Lock'
order by b.pid
"""


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """A session that holds what another one waits for."""

    what: str
    pid: int
    login: str
    program: str
    seconds: int

    def __str__(self) -> str:
        return f"{self.what}, locked by {self.program} of {self.login} (pid {self.pid}, since {self.seconds} s)"


def blockers(access: DatabaseAccess) -> list[Blocker]:
    """Return the sessions that others of this database wait for."""
    return [Blocker(**row) for row in read_rows(access, _QUERY)]
