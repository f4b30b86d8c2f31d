"""The clocks of logs, events and files, over a real control plane."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Evidence
from odooops_dagster.steps.core import evidence
from odooops_dagster.tools.store import FolderStore, MemoryStore, ObjectStore
from odooops_dagster.tools.store.addressed import object_name
from tests.dagster.maintenance import carry_out, said
from tests.dagster.world import World, fence_of

PAST = datetime.now(UTC) - timedelta(hours=1)


def keep(world: World, store: ObjectStore, data: bytes, *, key: str = "log", expired: bool = True) -> Evidence:
    """Record evidence of a new run that is past its time, or not."""
    world.queue(branch=f"feature/{key}-{len(data)}")
    fence = fence_of(world.claim())
    return evidence.record(
        world.control.artifacts,
        store,
        fence,
        key=key,
        data=data,
        content_type="text/plain",
        expires_at=PAST if expired else None,
    )


def artifacts(database: str) -> list[str]:
    """Return the keys of all artifacts."""
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("select artifact_key from ops.run_artifacts order by 1")]


def expire(world: World, store: ObjectStore) -> str:
    """Carry out the job once, and return its last line."""
    done = carry_out(world.instance, "artifact_expiry", control=world.control, store=store)
    assert done.success
    return said(world.instance, done)[-1]


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_objects_past_their_time_leave_the_store_and_then_the_record(
    world: World, database: str, tmp_path: Path, kind: str
) -> None:
    """What is not past its time stays in both."""
    store: ObjectStore = MemoryStore() if kind == "memory" else FolderStore(tmp_path / "store with a space")
    old = keep(world, store, b"old")
    new = keep(world, store, b"newer", key="new", expired=False)
    assert expire(world, store) == "1 object(s) removed, 1 artifact(s) forgotten"
    assert [stored.key for stored in store.list()] == [object_name(new.sha256)]
    assert object_name(old.sha256) not in [stored.key for stored in store.list()]
    assert artifacts(database) == ["new"]
    assert expire(world, store) == "no artifact is past its time"


class Stubborn(MemoryStore):
    """A store that cannot be reached when something is to be removed."""

    def delete(self, key: str) -> None:
        """Fail."""
        raise Unavailable(f"no answer about {key}")


def test_an_object_that_cannot_be_removed_keeps_its_row(world: World, database: str) -> None:
    """Never the other way round: the next strike finds it again."""
    store = Stubborn()
    keep(world, store, b"old")
    done = carry_out(world.instance, "artifact_expiry", control=world.control, store=store)
    assert not done.success
    assert artifacts(database) == ["log"]
    assert expire(world, MemoryStore()) == "1 object(s) removed, 1 artifact(s) forgotten"


def test_an_object_that_another_run_needs_stays(world: World, database: str) -> None:
    """The same bytes are one object."""
    store = MemoryStore()
    keep(world, store, b"same")
    keep(world, store, b"same", key="other", expired=False)
    assert expire(world, store) == "no artifact is past its time"
    assert artifacts(database) == ["log", "other"]


def test_an_object_of_another_store_is_left_alone_and_named(world: World, database: str, tmp_path: Path) -> None:
    """After the store was changed, say; its row stays with it."""
    there, here = FolderStore(tmp_path / "there"), FolderStore(tmp_path / "here")
    old = keep(world, there, b"old")
    here.put(object_name(old.sha256), b"old")
    assert expire(world, here) == f"0 object(s) removed, 0 artifact(s) forgotten; not in this store: {old.url}"
    assert [stored.url for stored in there.list()] == [old.url]
    assert artifacts(database) == ["log"]


def test_bytes_that_are_just_being_removed_are_kept_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that makes the same file at that moment ends up with a file."""
    store = MemoryStore()
    old = keep(world, store, b"old")
    world.control.retention.expire("artifacts")

    def meanwhile(_: float) -> None:
        store.delete(object_name(old.sha256))
        world.control.retention.remove_artifacts([old.url])

    monkeypatch.setattr("odooops_dagster.steps.core.evidence.time.sleep", meanwhile)
    again = keep(world, store, b"old", key="again")
    assert store.get(object_name(again.sha256)) == b"old"


def test_old_log_lines_go_with_the_clock(world: World, database: str) -> None:
    """Batch by batch within one strike; young lines stay."""
    run = world.queue()
    fence = fence_of(world.claim())
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "insert into ops.run_logs (run_id, attempt, level, message, timestamp)"
            " select %s, %s, 'info', n::text, now() - make_interval(days => n) from generate_series(1, 60) as n",
            [run.id, fence.attempt],
        )
        done = carry_out(world.instance, "log_retention", control=world.control)
        assert any("run_logs: " in line for line in said(world.instance, done))
        row = connection.execute(
            "select count(*) filter (where timestamp < now() - interval '30 days') from ops.run_logs"
        )
        assert row.fetchone() == (0,)
    again = carry_out(world.instance, "log_retention", control=world.control)
    assert said(world.instance, again) == ["nothing is past its time"]


def test_the_clock_makes_the_months_to_come(world: World, database: str) -> None:
    """A platform that is never upgraded still has next month's partition."""
    carry_out(world.instance, "log_retention", control=world.control)
    with psycopg.connect(database, autocommit=True) as connection:
        query = (
            "select partition_name from ops.list_partitions('run_logs')"
            " where held_until is not null order by held_until desc"
        )
        last = connection.execute(query.encode()).fetchone()
        assert last is not None
        connection.execute(f"drop table ops.{last[0]}".encode())
    assert world.control.clocks.log_retention_is_due(datetime.now(UTC), last_at=datetime.now(UTC))
    done = carry_out(world.instance, "log_retention", control=world.control)
    assert said(world.instance, done) == [f"made {last[0]}", "nothing is past its time"]
    assert not world.control.clocks.log_retention_is_due(datetime.now(UTC), last_at=datetime.now(UTC))
