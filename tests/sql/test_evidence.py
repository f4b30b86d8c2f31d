"""What runs leave behind: lines, files, answers, lineage."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from tests.sql.world import World, refused

HASH = "0" * 64


def test_log_lines_arrive_in_their_order_with_their_times(world: World, project: UUID) -> None:
    """A batch keeps what each line says."""
    run_id = world.work(project)
    lines = [{"level": "info", "message": f"line {n}", "logged_at": f"2026-01-01T00:00:0{n}Z"} for n in range(5)]
    lines.append({"message": "bare", "metadata": {"module": "sale"}})  # type: ignore[dict-item]
    assert world.value("select ops.append_run_logs(%s, 1, %s)", run_id, json.dumps(lines)) == 6
    rows = world.rows("select * from ops.page_run_logs(%s, 0)", run_id)
    assert [row["message"] for row in rows] == [*(f"line {n}" for n in range(5)), "bare"]
    assert rows[1]["timestamp"] - rows[0]["timestamp"] == timedelta(seconds=1)
    assert (rows[5]["level"], rows[5]["metadata"]) == ("info", {"module": "sale"})
    after = world.rows("select message from ops.page_run_logs(%s, %s, p_limit => 2)", run_id, rows[1]["id"])
    assert [row["message"] for row in after] == ["line 2", "line 3"]


def test_the_runs_of_an_environment_are_listed_for_their_logs(world: World, project: UUID) -> None:
    """Its own, the newest first, from a moment on; one that has not ended has no end."""
    first, second = (world.queue(project, sha=sha * 40, p_kind="build") for sha in "ab")
    world.queue(project, env="feature/b")
    environment = world.run(first)["environment_id"]
    query = "select * from ops.list_logged_runs(%s, %s::timestamptz, %s)"
    found = world.rows(query, environment, "-infinity", 10)
    assert [row["run_id"] for row in found] == [second, first]
    assert (found[0]["kind"], found[0]["finished_at"]) == ("build", None)
    assert [row["run_id"] for row in world.rows(query, environment, "-infinity", 1)] == [second]
    assert world.rows(query, environment, "infinity", 10) == []


@pytest.mark.measures
def test_log_lines_are_found_by_word(world: World, project: UUID) -> None:
    """Full-text search, through its index."""
    run_id = world.work(project)
    world.rows("select ops.append_run_log(%s, 'error', 'External ID not found: sale.view')", run_id)
    world.rows("select ops.append_run_log(%s, 'info', 'Modules loaded.')", run_id)
    query = "select message from ops.run_logs where to_tsvector('simple', message) @@ to_tsquery('simple', 'external')"
    assert [row["message"] for row in world.rows(query)] == ["External ID not found: sale.view"]
    world.rows("set enable_seqscan = off")
    plan = " ".join(row["QUERY PLAN"] for row in world.connection.execute(b"explain " + query.encode()).fetchall())
    assert "Bitmap Index Scan" in plan
    assert "Seq Scan" not in plan


def test_log_lines_that_are_no_array_are_refused(world: World, project: UUID) -> None:
    """Malformed input leaves nothing."""
    run_id = world.work(project)
    with refused("PT400"):
        world.rows("select ops.append_run_logs(%s, 1, '{}')", run_id)
    with refused("22P02"):
        world.rows("""select ops.append_run_logs(%s, 1, '[{"level": "info"}, {"level": "loud"}]')""", run_id)
    assert world.value("select count(*) from ops.run_logs") == 0


def test_an_artifact_key_is_one_file_of_the_run(world: World, project: UUID) -> None:
    """The same again is the same; other bytes are a conflict."""
    run_id = world.work(project)
    add = "select ops.add_run_artifact(%s, 'log', 's3://b/k', %s, 'text/plain', 3)"
    assert world.value(add, run_id, HASH) == world.value(add, run_id, HASH.upper())
    with refused("PT409", "another file log"):
        world.value(add, run_id, "1" * 64)


def test_a_later_attempt_replaces_an_artifact(world: World, project: UUID) -> None:
    """What the dead attempt stored is not what the run made."""
    run_id = world.work(project)
    world.rows("select ops.add_run_artifact(%s, 'log', 's3://b/1', %s)", run_id, HASH)
    world.rows("select ops.requeue_run(%s, 1, 'gone')", run_id)
    world.claim()
    world.rows("select ops.add_run_artifact(%s, 'log', 's3://b/2', %s, p_attempt => 2)", run_id, "1" * 64)
    (row,) = world.rows("select attempt, s3_url from ops.run_artifacts")
    assert row == {"attempt": 2, "s3_url": "s3://b/2"}


def test_an_artifact_without_a_real_hash_is_refused(world: World, project: UUID) -> None:
    """Evidence is named by its bytes."""
    run_id = world.work(project)
    for sha256 in ("", "abc", "g" * 64):
        with refused("PT400"):
            world.rows("select ops.add_run_artifact(%s, 'log', 's3://b/k', %s)", run_id, sha256)


def test_the_last_answer_of_an_attempt_counts(world: World, project: UUID) -> None:
    """A check may be asked again."""
    run_id = world.work(project)
    for passed in (False, True):
        world.rows("select ops.record_check(%s, 1, 'healthy', %s, true, 'answers')", run_id, passed)
    assert [row["passed"] for row in world.rows("select passed from ops.run_checks")] == [True]


def test_lineage_says_what_an_asset_was_made_from(world: World, project: UUID) -> None:
    """One row per asset and attempt, read with its commit."""
    run_id = world.work(project)
    for version in ("1", "2"):
        world.rows(
            "select ops.record_lineage(%s, 1, 'image', 'shop/feature/a', %s, 'sha256:1', '{\"source\": \"abc\"}')",
            run_id, version,
        )  # fmt: skip
    row = world.row("select * from ops.v_run_lineage")
    assert (row["asset_key"], row["code_version"], row["git_sha"], row["inputs"]) == (
        "image", "2", "a" * 40, {"source": "abc"},
    )  # fmt: skip


def test_a_template_is_kept_once_per_key(world: World, project: UUID) -> None:
    """Two runs that built the same keep one of them."""
    run_id = world.work(project)
    keep = "select ops.remember_template(%s, 1, 'key', '19.0', %s, '{base,sale}')"
    world.value(keep, run_id, "t1")
    world.value(keep, run_id, "t1")
    with refused("PT409"):
        world.value(keep, run_id, "t2")
    assert world.row("select * from ops.touch_template('key')")["database_name"] == "t1"
    assert world.value("select ops.forget_template('t1')") is True
    assert world.rows("select * from ops.touch_template('key')") == []


def test_a_worker_is_known_by_its_last_heartbeat(world: World) -> None:
    """One row per worker."""
    for _ in range(2):
        world.rows("select ops.worker_heartbeat('w1', 'dagster', '{\"host\": \"a\"}')")
    row = world.row("select * from ops.workers")
    assert row["last_seen_at"] > row["first_seen_at"]
    with refused("PT400"):
        world.rows("select ops.worker_heartbeat('', 'dagster')")
