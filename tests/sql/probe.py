"""The probe that every claim must pass: many claimers, workers that die, and zombies that speak late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg

from tests.sql.world import Connection, World, connect

# How long a claimer may wait for a lock on a busy machine.
PATIENCE = "60s"
# How often is looked whether a claimer waits for the one that does not end its transaction.
LOOK_SECONDS = 0.05


def run_probe(world: World, *, runs: int, claimers: int) -> None:
    """Take the queue through its worst day; any double claim, lost run or late word that is heard raises."""
    queue_runs(world, runs)
    claims = ask_at_once(world, claimers, lambda number: work(world, number))
    killed = {run_id for run_id, _ in list(claims)[: max(1, runs // 10)]}
    assert Counter(run_id for run_id, _ in claims).most_common(1)[0][1] == 1, "a run was claimed twice"
    assert len(claims) == runs, "a run was lost"
    finish_all_but(world, claims, killed)
    take_over(world, killed)
    check_ends(world, runs)


def run_story(world: World, *, runs: int, workers: int, killed: int) -> None:
    """Let workers work side by side while some are killed with a run in hand; another worker takes those over."""
    queue_runs(world, runs)
    together = Barrier(workers)

    def live(number: int) -> list[UUID]:
        with connect(world.worker_url) as backend:
            together.wait(60)
            return die(backend) if number < killed else [run for run, _ in drain(backend, f"w{number}")]

    def die(backend: Connection) -> list[UUID]:
        ((run_id, attempt),) = claim(backend, "victim")
        backend.execute("select ops.start_workflow_run(%s, 'victim', %s)", [run_id, attempt])
        with connect(world.url) as killer:
            killer.execute("select pg_terminate_backend(%s)", [backend.info.backend_pid])
        with suppress(psycopg.OperationalError):
            complete(backend, run_id, attempt)
        return [run_id]

    with ThreadPoolExecutor(workers) as pool:
        lives = list(pool.map(live, range(workers)))
    dead = {run_id for life in lives[:killed] for run_id in life}
    assert Counter(run_id for life in lives for run_id in life).most_common(1)[0][1] == 1, "a run was claimed twice"
    assert sum(map(len, lives)) == runs, "a run was lost"
    world.expire_leases()
    assert {row["run_id"] for row in world.rows("select * from ops.requeue_expired_runs()")} == dead
    with connect(world.worker_url) as backend:
        assert dict(drain(backend, "heir")) == dict.fromkeys(dead, 2)
    check_ends(world, runs)


def drain(backend: Connection, worker: str) -> list[tuple[UUID, int]]:
    """Claim, start and complete until nothing is left."""
    done: list[tuple[UUID, int]] = []
    while found := claim(backend, worker):
        for run_id, attempt in found:
            backend.execute("select ops.start_workflow_run(%s, %s, %s)", [run_id, worker, attempt])
            complete(backend, run_id, attempt)
        done += found
    return done


def queue_runs(world: World, count: int) -> None:
    """Queue runs in as many environments of a few projects."""
    projects = [world.project(f"probe-{number}") for number in range(4)]
    for number in range(count):
        world.queue(projects[number % 4], f"feature/{number}")


def ask_at_once(world: World, claimers: int, worker: Callable[[int], list[tuple[UUID, int]]]) -> list[tuple[UUID, int]]:
    """Let all claimers drain the queue while one holds a claim that it does not commit before they are done."""
    with connect(world.url) as slow, connect(world.url) as watching, ThreadPoolExecutor(claimers) as pool:
        with slow.transaction():
            held = claim(slow, "slow")
            answers = [pool.submit(worker, number) for number in range(claimers)]
            while wait(answers, timeout=LOOK_SECONDS).not_done:
                assert not is_waited_for(watching, slow), "a claimer waits for another one's claim: it is stuck"
            claimed = [pair for answer in answers for pair in answer.result(timeout=120)]
        return held + claimed


def is_waited_for(watching: Connection, held: Connection) -> bool:
    """Return whether somebody waits for a lock of that session."""
    query = "select from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
    return watching.execute(query, [held.info.backend_pid]).fetchone() is not None


def work(world: World, number: int) -> list[tuple[UUID, int]]:
    """Claim until nothing is left."""
    claimed: list[tuple[UUID, int]] = []
    with connect(world.worker_url) as connection:
        connection.execute(f"set lock_timeout = '{PATIENCE}'".encode())
        while found := claim(connection, f"w{number}"):
            claimed += found
    return claimed


def claim(connection: Connection, worker: str) -> list[tuple[UUID, int]]:
    """Claim one run."""
    rows = connection.execute("select id, attempt from ops.claim_runs(%s, 1)", [worker]).fetchall()
    return [(row["id"], row["attempt"]) for row in rows]


def finish_all_but(world: World, claims: list[tuple[UUID, int]], killed: set[UUID]) -> None:
    """Start every run, complete most, and terminate the backends of the rest between start and completion."""
    for run_id, attempt in claims:
        with connect(world.worker_url) as backend:
            backend.execute("select ops.start_workflow_run(%s, 'owner', %s)", [run_id, attempt])
            if run_id in killed:
                pid = backend.info.backend_pid
                world.value("select pg_terminate_backend(%s)", pid)
                with suppress(psycopg.OperationalError):
                    complete(backend, run_id, attempt)
            else:
                complete(backend, run_id, attempt)
                complete(backend, run_id, attempt)  # a lost answer is asked for again


def take_over(world: World, killed: set[UUID]) -> None:
    """Let the leases end, give the runs to another worker, and hear what the zombies and a late reconciler say."""
    world.expire_leases()
    given_back = {row["run_id"] for row in world.rows("select * from ops.requeue_expired_runs()")}
    assert given_back == killed, "a dead worker's run was not given back"
    second = dict(work(world, 0))
    assert set(second) == killed, "a run that was given back was lost"
    for run_id, attempt in second.items():
        world.rows("select ops.start_workflow_run(%s, 'second', %s)", run_id, attempt)
        assert is_refused(world, "select ops.complete_workflow_run(%s, 1, 'late', p_attempt => 1)", run_id), (
            "a zombie ended it"
        )
        assert is_refused(world, "select ops.requeue_run(%s, 1, 'late')", run_id), "a stale view took the run away"
        assert complete(world.connection, run_id, attempt) == "succeeded"


def check_ends(world: World, runs: int) -> None:
    """Every run ended, once, well, and its chain holds."""
    rows = world.rows(
        "select r.id, r.status, ops.verify_run_chain(r.id) as intact, count(*) filter (where e.payload ->> 'to' in"
        " ('succeeded', 'failed', 'canceled')) as ends"
        " from ops.runs r join ops.run_events e on e.run_id = r.id group by r.id"
    )
    assert len(rows) == runs
    assert {(row["status"], row["intact"], row["ends"]) for row in rows} == {("succeeded", True, 1)}


def complete(connection: psycopg.Connection[dict[str, Any]], run_id: UUID, attempt: int) -> str:
    """Complete the attempt with success."""
    row = connection.execute(
        "select ops.complete_workflow_run(%s, 0, p_attempt => %s) as status", [run_id, attempt]
    ).fetchone()
    assert row is not None
    return str(row["status"])


def is_refused(world: World, query: str, run_id: UUID) -> bool:
    """Return whether the fence refuses the statement."""
    try:
        world.connection.execute(query.encode(), [run_id])
    except psycopg.Error as exc:
        return exc.sqlstate == "PT410"
    return False
