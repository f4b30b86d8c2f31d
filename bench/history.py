"""Finished runs with their audit rows, written straight into the tables of a throw-away database."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

# Runs spread evenly over the environments, one a second up to an hour ago.
RUNS = b"""
    create temporary table past as
    select
        ops_private.new_run_id(now() - interval '1 hour' - n * interval '1 second') as id,
        e.project_id, e.id as environment_id,
        row_number() over (partition by e.project_id order by n) as run_number,
        now() - interval '1 hour' - n * interval '1 second' as at
    from generate_series(1, %s) as n
    join (select *, row_number() over (order by id) as place from ops.environments) as e
        on e.place = 1 + n %% (select count(*) from ops.environments)
"""
REQUESTS = b"""
    insert into ops.run_requests (run_id, project_id, environment_id, run_number, requested_by, body_hash)
    select id, project_id, environment_id, run_number, 'bench', sha256(id::text::bytea) from past
"""
ENDED = b"""
    insert into ops.runs (
        id, project_id, environment_id, run_number, kind, status, trigger, git_ref, git_sha, attempt, claimed_by,
        exit_code, created_at, claimed_at, started_at, finished_at, event_count, event_hash
    )
    select
        id, project_id, environment_id, run_number, 'deploy', 'succeeded', 'api', 'refs/heads/feature/1',
        encode(sha1.digest, 'hex'), 1, 'worker-1', 0, at, at, at, at, 4, sha256(id::text::bytea)
    from past, lateral (select substr(sha256(id::text::bytea), 1, 20) as digest) as sha1
"""
# The hashes have the size of real ones, and chain nothing: no one verifies these runs.
EVENTS = b"""
    insert into ops.run_events (
        run_id, seq, attempt, event_type, message, payload, created_at, prev_hash, hash
    )
    select
        id, seq, least(seq - 1, 1), 'state_change', status || ' by worker-1',
        jsonb_build_object('from', was, 'to', status, 'worker', 'worker-1'), at,
        sha256(id::text::bytea), sha256(id::text::bytea)
    from past, (
        values (1, null, 'queued'), (2, 'queued', 'claimed'), (3, 'claimed', 'running'), (4, 'running', 'succeeded')
    ) as event (seq, was, status)
"""
COUNTERS = b"""
    insert into ops.project_counters (project_id, last_run_number)
    select project_id, max(run_number) from past group by project_id
    on conflict (project_id) do update set last_run_number = excluded.last_run_number
"""


def finish_runs(connection: Connection[Any], count: int) -> None:
    """Insert `count` runs that succeeded, each with the events of its life."""
    connection.execute(RUNS, [count])
    # Foreign keys hold by construction; checking them one by one would take minutes.
    connection.execute(b"set session_replication_role = 'replica'")
    for statement in (REQUESTS, ENDED, EVENTS, COUNTERS):
        connection.execute(statement)
    connection.execute(b"reset session_replication_role")
    connection.execute(b"drop table past")
    connection.execute(b"vacuum analyze")
