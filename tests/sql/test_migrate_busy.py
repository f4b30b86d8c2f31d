"""Migrating while the platform is at work: nobody waits for the other for ever, and nothing is half done."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import UUID

import psycopg
import pytest

from odooops_dagster.control import migrate as migrations
from odooops_dagster.errors import Unavailable
from odooops_dagster.control.migrate import migrate
from tests.sql.catalog import catalog
from tests.sql.world import SHA, Caller, World, connect


@contextmanager
def workers(world: World, projects: list[UUID], failures: list[str]) -> Iterator[list[UUID]]:
    """Let a worker per project queue, claim, start and end runs for as long as the block."""
    ended: list[UUID] = []
    stop, branches = threading.Event(), count()

    def work(number: int) -> None:
        with connect(world.worker_url) as connection, connect(world.operator_url) as asking:
            caller = Caller(connection)
            while not stop.is_set():
                try:
                    Caller(asking).queue(projects[number], f"feature/{next(branches)}", SHA)
                    for run in caller.claim(2, worker=f"w{number}"):
                        caller.start(run["id"], run["attempt"], worker=f"w{number}")
                        caller.rows("select ops.append_run_log(%s, 'info', 'x', p_attempt => %s)", run["id"], 1)
                        caller.complete(run["id"], attempt=run["attempt"])
                        ended.append(run["id"])
                except psycopg.Error as exc:
                    failures.append(f"{exc.sqlstate}: {exc}")
                    return
                # A worker rests between two runs: only the tables are busy, not the processor.
                stop.wait(0.01)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(projects))]
    for thread in threads:
        thread.start()
    try:
        yield ended
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def test_workers_and_migrations_get_on_with_each_other(world: World) -> None:
    """Neither side is told of a deadlock, and work goes on after each migration."""
    failures: list[str] = []
    projects = [world.project(f"busy-{number}") for number in range(4)]
    with workers(world, projects, failures) as ended:
        for _ in range(5):
            before = len(ended)
            migrate(world.url)
            end = time.monotonic() + 120
            while len(ended) < before + 20 and not failures and time.monotonic() < end:
                time.sleep(0.01)
            assert failures == []
            assert len(ended) >= before + 20
    assert failures == []
    assert {row["status"] for row in world.rows("select status from ops.runs where finished_at is not null")} == {
        "succeeded"
    }


def test_who_does_not_let_go_of_a_table_is_told_of_and_nothing_changes(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The migration gives up with what to do, and has kept nobody else from working meanwhile."""
    folders = {name: migrations.read_folder(name) for name in ("shim", "migrations", "functions", "views", "policies")}
    folders["migrations"].append(("20990101000000_late", "create table ops.late ();"))
    folders["reapply"] = [
        (name, text.replace("v_tries = 60", "v_tries = 3")) for name, text in migrations.read_folder("reapply")
    ]
    monkeypatch.setattr(migrations, "read_folder", lambda name: folders[name])
    before = catalog(url)
    with connect(url) as reader, reader.transaction():
        reader.execute("select from ops.workflows")
        with pytest.raises(Unavailable, match="does not let go") as caught:
            migrate(url)
        assert "pg_stat_activity" in str(caught.value.hint)
    assert catalog(url) == before
    assert "20990101000000_late" in migrate(url).applied
