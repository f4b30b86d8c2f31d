"""What is past its time goes, month by month or row by row; nothing else does, and no chain breaks."""

from __future__ import annotations

import json
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.sql.test_partitions import forget_the_first_partition, month, parts
from tests.sql.world import World, connect, refused

HASH = "0" * 64
OLD_MONTHS = 20  # beyond the 400 days that events are kept by default


@pytest.fixture
def old_run(world: World, project: UUID) -> UUID:
    """Return a run that began in a month past its time, went on in the next, and ended now."""
    forget_the_first_partition(world)
    run_id = world.work(project)
    world.complete(run_id)
    move_events(world, run_id, {1: OLD_MONTHS, 2: OLD_MONTHS, 3: OLD_MONTHS - 1})
    world.rows("select ops.ensure_partitions()")
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True
    return run_id


def move_events(world: World, run_id: UUID, months: dict[int, int]) -> None:
    """Date events of the run back by that many months, and seal the chain anew as if it had been then."""
    world.rows("set session_replication_role = replica")
    prev = b""
    for event in world.rows("select * from ops.run_events where run_id = %s order by seq", run_id):
        prev = world.value(
            "with t as (select %s::timestamptz - make_interval(months => %s) as at)"
            " update ops.run_events e set created_at = t.at, prev_hash = %s,"
            " hash = ops.hash_event(%s, run_id, seq, attempt, event_type, message, payload, t.at)"
            " from t where run_id = %s and seq = %s returning hash",
            event["created_at"], months.get(event["seq"], 0), prev, prev, run_id, event["seq"],
        )  # fmt: skip
    world.rows("update ops.runs set event_hash = %s where id = %s", prev, run_id)
    world.rows("set session_replication_role = origin")


def expire(world: World, *kinds: str, limit: int = 10000) -> list[dict[str, Any]]:
    """Expire as the platform's worker."""
    return world.worker().rows("select * from ops.expire_rows(%s, %s)", limit, list(kinds))


def keep(world: World, project_id: UUID | None, **rules: int) -> None:
    """Set the days that a project, or everybody, keeps things."""
    world.rows(
        "insert into ops.policies (project_id, policy_type, rules, updated_by) values (%s, 'ttl', %s, 'test')",
        project_id, json.dumps(rules),
    )  # fmt: skip


def log(world: World, run_id: UUID, *days: int) -> None:
    """Add a line for each number of days ago."""
    for age in days:
        world.rows(
            "select ops.append_run_logs(%s, 1, jsonb_build_array(jsonb_build_object('message', %s::text,"
            " 'logged_at', now() - make_interval(days => %s))))",
            run_id, f"{age} days", age,
        )  # fmt: skip


def lines(world: World) -> list[str]:
    """Return the messages of the lines left, the oldest first."""
    return [row["message"] for row in world.rows("select message from ops.run_logs order by timestamp")]


def test_log_lines_go_after_their_projects_days(world: World, project: UUID) -> None:
    """30 days unless the project says otherwise; another project's lines stay."""
    other = world.project("other")
    keep(world, project, log_days=5)
    runs = [world.work(project), world.work(other)]
    for run_id in runs:
        log(world, run_id, 40, 20, 1)
    done = expire(world, "logs")
    assert {(row["table_name"], row["action"], row["project_id"], row["row_count"]) for row in done} == {
        ("run_logs", "deleted", project, 2), ("run_logs", "deleted", other, 1),
    }  # fmt: skip
    assert lines(world) == ["20 days", "1 days", "1 days"]
    assert expire(world, "logs") == []


def test_no_call_deletes_more_than_it_was_told(world: World, project: UUID) -> None:
    """Bounded batches, until nothing is left."""
    log(world, world.work(project), *range(31, 41))
    counts = []
    while done := expire(world, "logs", limit=4):
        counts.append(done[0]["row_count"])
    assert counts == [4, 4, 2]


def test_a_month_of_lines_that_nobody_keeps_is_dropped_whole(world: World, project: UUID) -> None:
    """Not one that a single project still keeps."""
    forget_the_first_partition(world)
    run_id = world.work(project)
    log(world, run_id, 100)
    world.rows("select ops.ensure_partitions()")
    before = parts(world)
    keep(world, world.project("careful"), log_days=365)
    assert [row["action"] for row in expire(world, "logs")] == ["deleted"]
    assert parts(world) == before
    log(world, run_id, 500)
    world.rows("select ops.ensure_partitions()")
    assert "dropped" in {row["action"] for row in expire(world, "logs")}
    assert lines(world) == []


def test_deliveries_go_after_their_days(world: World, project: UUID) -> None:
    """Those of no project after the platform's."""
    keep(world, project, ingest_days=1)
    for owner in (project, None):
        for age in (100, 2):
            world.rows(
                "insert into ops.event_ingest_log (idempotency_key, project_id, processing_status, http_status,"
                " envelope_sha256, size_bytes, caller_role, caller_id, received_at) values"
                " (gen_random_uuid()::text, %s, 'accepted', 200, %s, 1, 'x', 'x', now() - make_interval(days => %s))",
                owner, HASH, age,
            )  # fmt: skip
    done = expire(world, "ingest")
    assert {(row["project_id"], row["row_count"]) for row in done} == {(project, 2), (None, 1)}
    assert world.value("select count(*) from ops.event_ingest_log") == 1


def test_a_dropped_month_of_events_leaves_a_checkpoint_and_a_chain_that_holds(world: World, old_run: UUID) -> None:
    """The events before are gone, the run's chain is verified from where it stood."""
    [done] = expire(world, "events")
    assert (done["action"], done["month"], done["row_count"]) == (
        "dropped", month(world, -OLD_MONTHS).replace("_", "-"), 2,
    )  # fmt: skip
    assert world.messages(old_run) == ["started by w1", "succeeded"]
    checkpoint = world.row("select * from ops.run_checkpoints")
    assert (checkpoint["run_id"], checkpoint["last_seq"], checkpoint["event_count"]) == (old_run, 2, 2)
    assert world.value("select ops.verify_run_chain(%s)", old_run) is True
    assert world.value("select ops.verify_checkpoints(%s)", done["detail"].split()[1]) is True
    assert expire(world, "events")[0]["row_count"] == 1
    assert world.messages(old_run) == ["succeeded"]
    assert world.value("select ops.verify_run_chain(%s)", old_run) is True
    assert world.value("select count(*) from ops.checkpoints") == 2
    assert expire(world, "events") == []


def test_a_run_goes_on_after_a_checkpoint(world: World, project: UUID) -> None:
    """New events are chained to those that are gone."""
    forget_the_first_partition(world)
    run_id = world.work(project)
    move_events(world, run_id, {1: OLD_MONTHS, 2: OLD_MONTHS, 3: OLD_MONTHS})
    world.rows("select ops.ensure_partitions()")
    expire(world, "events")
    assert world.messages(run_id) == []
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True
    world.complete(run_id)
    assert world.messages(run_id) == ["succeeded"]
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True


def test_people_verify_their_runs_from_its_checkpoint_and_see_no_others(
    world: World, project: UUID, old_run: UUID
) -> None:
    """Row level security covers checkpoints as it covers events."""
    expire(world, "events")
    member, stranger = world.person(world.member(project)), world.person(world.member(world.project("other")))
    assert member.value("select ops.verify_run_chain(%s)", old_run) is True
    assert stranger.rows("select * from ops.run_checkpoints") == []
    with refused("42501"):
        member.rows("select * from ops.checkpoints")
    assert world.role("audit_reader").value("select ops.verify_checkpoints()") is True


@pytest.mark.parametrize(
    "tampering",
    [
        "update ops.run_checkpoints set last_seq = 1, event_count = 1",
        "update ops.run_checkpoints set last_hash = sha256('x')",
        "update ops.run_checkpoints set event_count = 1",
        "update ops.run_checkpoints set hash = sha256('x')",
        "update ops.run_checkpoints set prev_hash = sha256('x')",
        "delete from ops.run_checkpoints",
        "update ops.run_events set message = 'nothing happened' where seq = 4",
        "update ops.run_events set prev_hash = sha256('x') where seq = 3",
        "delete from ops.run_events where seq = 3",
        "delete from ops.run_events where seq = 4",
    ],
)
def test_a_tampered_checkpoint_or_later_event_breaks_the_chain(world: World, old_run: UUID, tampering: str) -> None:
    """Also by someone who can get past the triggers."""
    expire(world, "events")
    world.connection.execute("set session_replication_role = replica")
    world.connection.execute(tampering.encode())
    assert world.value("select ops.verify_run_chain(%s)", old_run) is False


@pytest.mark.parametrize(
    "tampering",
    [
        # consistent in itself: only the month's seal tells
        """
        update ops.run_checkpoints set last_hash = sha256('x'), hash = ops.seal_content(
            prev_hash, jsonb_build_array(run_id, last_seq, encode(sha256('x'), 'hex'), event_count)
        )
        """,
        "delete from ops.run_checkpoints",
        "delete from ops.checkpoints where id = (select min(id) from ops.checkpoints)",
        "update ops.checkpoints set event_count = 1",
        "update ops.checkpoints set root = sha256('x')",
        "update ops.checkpoints set created_at = now()",
        "update ops.checkpoints set events_before = events_before - interval '1 day'",
    ],
)
def test_the_checkpoints_verify_each_other(world: World, old_run: UUID, tampering: str) -> None:
    """A month is sealed over all of its runs and over the month before."""
    assert [row["month"] for row in (*expire(world, "events"), *expire(world, "events"))] == [
        month(world, -OLD_MONTHS).replace("_", "-"), month(world, 1 - OLD_MONTHS).replace("_", "-"),
    ]  # fmt: skip
    assert world.value("select count(*) from ops.run_checkpoints where run_id = %s", old_run) == 2
    assert world.value("select ops.verify_checkpoints()") is True
    world.connection.execute("set session_replication_role = replica")
    world.connection.execute(tampering.encode())
    assert world.value("select ops.verify_checkpoints()") is False


def test_a_history_written_anew_as_a_whole_is_betrayed_by_its_anchor(world: World, old_run: UUID) -> None:
    """The hash that was logged elsewhere is no longer there."""
    del old_run
    [done] = expire(world, "events")
    anchor = done["detail"].split()[1]
    world.connection.execute("set session_replication_role = replica")
    world.rows("delete from ops.run_checkpoints")
    world.rows("delete from ops.checkpoints")
    assert world.value("select ops.verify_checkpoints()") is True
    assert world.value("select ops.verify_checkpoints(%s)", anchor) is False


def test_a_month_with_a_broken_chain_is_kept_and_named(world: World, old_run: UUID) -> None:
    """Evidence of tampering is not thrown away."""
    world.connection.execute("set session_replication_role = replica")
    world.rows("update ops.run_events set message = 'nothing happened' where seq = 2")
    before = parts(world)
    [done] = expire(world, "events")
    assert (done["action"], str(old_run) in done["detail"]) == ("kept", True)
    assert parts(world) == before
    assert world.value("select count(*) from ops.checkpoints") == 0


def test_events_written_at_once_as_a_month_ended_leave_no_gap(world: World, project: UUID) -> None:
    """The lower number may carry the later time: it goes with the higher one's month."""
    forget_the_first_partition(world)
    run_id = world.work(project)
    world.complete(run_id)
    move_events(world, run_id, {1: OLD_MONTHS, 2: OLD_MONTHS - 1, 3: OLD_MONTHS})
    world.rows("select ops.ensure_partitions()")
    expire(world, "events")
    assert world.messages(run_id) == ["succeeded"]
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True
    with refused("PT409", "append-only"):
        world.rows("delete from ops.run_events")
    expire(world, "events")
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True
    assert world.value("select ops.verify_checkpoints()") is True


def test_one_project_that_keeps_events_longer_keeps_the_month(world: World, old_run: UUID) -> None:
    """Events go by whole months only."""
    keep(world, world.project("careful"), event_days=3650)
    assert expire(world, "events") == []
    assert len(world.messages(old_run)) == 4


def test_killed_midway_nothing_is_half_done(world: World, old_run: UUID) -> None:
    """One transaction: the month is there with its events, and no checkpoint says otherwise."""
    before = parts(world)
    connection = connect(world.url)
    connection.autocommit = False
    connection.execute("select * from ops.expire_rows()")
    assert connection.execute("select 1 from ops.checkpoints").fetchone() is not None
    world.rows("select pg_terminate_backend(%s)", connection.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        connection.commit()
    assert parts(world) == before
    assert world.value("select count(*) from ops.checkpoints") == 0
    assert len(world.messages(old_run)) == 4
    assert expire(world, "events")[0]["row_count"] == 2


def test_expiry_gives_up_rather_than_let_writers_wait(world: World, old_run: UUID) -> None:
    """Somebody reads for long: the month is dropped another time."""
    reader = connect(world.url)
    with reader.transaction():
        reader.execute("select * from ops.run_events")
        with refused("55P03"):
            expire(world, "events")
    reader.close()
    assert world.value("select ops.verify_run_chain(%s)", old_run) is True
    assert expire(world, "events")[0]["action"] == "dropped"


def test_lineage_and_runs_stay(world: World, old_run: UUID) -> None:
    """Retention is about logs, events, deliveries and files."""
    world.rows("select ops.record_lineage(%s, 1, 'image', 'shop/feature/a', '1', 'sha256:1', '{}')", old_run)
    world.connection.execute("update ops.run_lineage set created_at = '2000-01-01'")
    expire(world, "logs", "events", "ingest", "artifacts")
    assert world.value("select count(*) from ops.run_lineage") == 1
    assert world.status(old_run) == "succeeded"


def add_artifact(world: World, run_id: UUID, key: str, url: str, *, age: int) -> None:
    """Add a file that is so many days old."""
    world.rows("select ops.add_run_artifact(%s, %s, %s, %s)", run_id, key, url, HASH)
    world.rows(
        "update ops.run_artifacts set created_at = now() - make_interval(days => %s) where artifact_key = %s", age, key
    )


def test_an_artifact_past_its_time_is_condemned_until_its_object_is_gone(world: World, project: UUID) -> None:
    """The row outlives the object, and says the same until it is told."""
    run_id = world.work(project)
    add_artifact(world, run_id, "log", "s3://b/log", age=100)
    add_artifact(world, run_id, "new", "s3://b/new", age=10)
    for _ in range(2):
        [done] = expire(world, "artifacts")
        assert (done["action"], done["s3_urls"], done["row_count"]) == ("condemned", ["s3://b/log"], 1)
    assert world.value("select count(*) from ops.run_artifacts") == 2
    worker = world.worker()
    remove: LiteralString = "select ops.remove_condemned_artifacts(%s)"
    assert worker.value(remove, ["s3://b/log", "s3://b/new"]) == 1
    assert [row["artifact_key"] for row in world.rows("select artifact_key from ops.run_artifacts")] == ["new"]
    assert expire(world, "artifacts") == []


@pytest.mark.parametrize("needed_by", ["another run", "evidence"])
def test_an_object_that_is_needed_by_its_former_address_stays(world: World, project: UUID, needed_by: str) -> None:
    """A store that was moved gives its objects new addresses; the hash of what they hold is in each."""
    run_id = world.work(project)
    here, there = (f"file:///{place}/store/sha256/00/{HASH}" for place in ("here", "there"))
    add_artifact(world, run_id, "log", here, age=100)
    if needed_by == "another run":
        add_artifact(world, world.work(project, "feature/b"), "copy", there, age=1)
    else:
        world.rows(
            "insert into ops.evidence_artifacts (run_id, kind, s3_url, sha256, created_by)"
            " values (%s, 'log', %s, %s, 'test')",
            run_id, there, HASH,
        )  # fmt: skip
    assert expire(world, "artifacts") == []
    world.rows("update ops.run_artifacts set expires_at = now() - interval '1 day'")
    freed = [[here, there]] if needed_by == "another run" else []
    assert [done["s3_urls"] for done in expire(world, "artifacts")] == freed


@pytest.mark.parametrize("needed_by", ["another run", "evidence", "a later end"])
def test_an_object_that_somebody_needs_stays(world: World, project: UUID, needed_by: str) -> None:
    """Objects are named by their content: several rows may point to one."""
    run_id = world.work(project)
    add_artifact(world, run_id, "log", "s3://b/log", age=100)
    if needed_by == "another run":
        add_artifact(world, world.work(project, "feature/b"), "copy", "s3://b/log", age=1)
    elif needed_by == "evidence":
        world.rows(
            "insert into ops.evidence_artifacts (run_id, kind, s3_url, sha256, created_by)"
            " values (%s, 'log', 's3://b/log', %s, 'test')",
            run_id, HASH,
        )  # fmt: skip
    else:
        world.rows("update ops.run_artifacts set expires_at = now() + interval '1 day'")
    assert expire(world, "artifacts") == []


def test_nothing_is_added_to_an_object_that_is_being_removed(world: World, project: UUID) -> None:
    """It would point to nothing; stored again once the object is gone, it is taken."""
    run_id = world.work(project)
    add_artifact(world, run_id, "log", "s3://b/log", age=100)
    expire(world, "artifacts")
    with refused("PT503", "being removed"):
        world.rows("select ops.add_run_artifact(%s, 'again', 's3://b/log', %s)", run_id, HASH)
    world.rows("select ops.remove_condemned_artifacts('{s3://b/log}')")
    world.rows("select ops.add_run_artifact(%s, 'again', 's3://b/log', %s)", run_id, HASH)


@pytest.mark.parametrize("arguments", ["0", "null", "10, '{runs}'", "10, null"])
def test_what_cannot_expire_is_refused(world: World, arguments: str) -> None:
    """Nobody expires runs by a slip."""
    with refused("PT400"):
        world.connection.execute(f"select * from ops.expire_rows({arguments})".encode())


@pytest.mark.parametrize("role", ["anon", "authenticated", "audit_reader", "sre", "release_manager"])
def test_only_the_platform_lets_things_expire(world: World, role: str) -> None:
    """No person removes a trace by calling it old."""
    caller = world.role(role)
    for query in (
        "select * from ops.expire_rows()", "select ops.remove_condemned_artifacts('{}')",
        "select ops.ensure_partitions()", "select * from ops_private.expire_event_month()",
    ):  # fmt: skip
        with refused("42501"):
            caller.connection.execute(query.encode())
