"""Pages beside many runs and long logs: how many rows the database reads for one, whatever there is besides."""

from __future__ import annotations

import json
from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.world import Caller, World

pytestmark = pytest.mark.measures

RUNS, LINES, WINDOW = 8000, 5000, 20
# Read for a page: what it shows, and what is joined to it; far from all that there is.
FEW = 10 * WINDOW
# Lines that one search of a log looks through.
PART = 50_000

FILL: LiteralString = """
    with past as (
        select
            ops_private.new_run_id(now() - n * interval '1 second') as id, e.project_id, e.id as environment_id,
            20000 - n as run_number, now() - n * interval '1 second' as at
        from generate_series(1, %s) as n, ops.environments as e where e.id = %s
    ), requests as (
        insert into ops.run_requests (run_id, project_id, environment_id, run_number, requested_by, body_hash)
        select id, project_id, environment_id, run_number, 'test', sha256(id::text::bytea) from past
    )
    insert into ops.runs (
        id, project_id, environment_id, run_number, kind, status, trigger, attempt, claimed_by, exit_code, created_at,
        claimed_at, started_at, finished_at
    )
    select id, project_id, environment_id, run_number, 'deploy', 'succeeded', 'api', 1, 'w', 0, at, at, at, at from past
"""
LOG: LiteralString = """
    insert into ops.run_logs (run_id, attempt, level, message)
    select r.id, 1, 'info', 'line ' || n
    from generate_series(1, %s) as n
    cross join lateral (select id from ops.runs where run_number = 19999) as r
"""
READ: LiteralString = """
    select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_user_tables where schemaname = 'ops'
"""


@pytest.fixture
def project(world: World) -> UUID:
    """A project with a long past, and a run with a long log."""
    project = world.project("shop")
    environment = world.row("select id from ops.ensure_environment(%s, 'feature/a')", project)["id"]
    world.rows("set session_replication_role = replica")
    world.rows(FILL, RUNS, environment)
    world.rows(LOG, LINES)
    world.rows("set session_replication_role = origin")
    world.rows("analyze")
    return project


@pytest.fixture(params=["member", "persona"])
def reader(request: pytest.FixtureRequest, world: World, project: UUID) -> Caller:
    """Somebody who may read the project: by membership, or by role."""
    return world.person(world.member(project)) if request.param == "member" else world.role("developer")


def rows_read(caller: Caller, query: LiteralString, *parameters: object, answers: int) -> int:
    """Return how many rows the database reads for the query, in a session in which its plan is a settled one."""
    for _ in range(6):  # PostgreSQL may choose a plan for any parameters after the fifth time
        assert len(caller.rows(query, *parameters)) == answers
    with caller.connection.transaction():
        before = caller.value(READ) or 0
        caller.rows(query, *parameters)
        return int(caller.value(READ) - before)


def test_a_page_of_runs_reads_no_other_runs(reader: Caller, project: UUID) -> None:
    """Neither does a run that is asked for by its number."""
    newest: LiteralString = "select * from ops.v_runs where project_id = %s order by run_number desc limit %s"
    below: LiteralString = (
        "select * from ops.v_runs where project_id = %s and (run_number) < (15000) order by run_number desc limit %s"
    )
    assert rows_read(reader, newest, project, WINDOW, answers=WINDOW) <= FEW
    assert rows_read(reader, below, project, WINDOW, answers=WINDOW) <= FEW
    numbered: LiteralString = "select * from ops.v_runs where project_slug = 'shop' and run_number = 19000"
    assert rows_read(reader, numbered, answers=1) <= 20


def test_a_window_of_a_log_reads_no_other_lines(reader: Caller, world: World, project: UUID) -> None:
    """At its end, after a line and before one, in the middle of a long log."""
    run = world.value("select id from ops.runs where project_id = %s and run_number = 19999", project)
    middle = world.value("select min(id) + 2500 from ops.run_logs")
    assert rows_read(reader, "select * from ops.page_run_logs(%s, p_limit => %s)", run, WINDOW, answers=WINDOW) <= FEW
    for place in ("p_after_id", "p_before_id"):
        query = f"select * from ops.page_run_logs(%s, {place} => %s, p_limit => %s)"
        assert rows_read(reader, query, run, middle, WINDOW, answers=WINDOW) <= FEW


def test_a_search_looks_through_a_part_of_a_log_and_says_where_it_goes_on(
    reader: Caller, world: World, project: UUID
) -> None:
    """However long the log is, a call reads no more of it than a page may take; the calls together read all of it."""
    run = world.value("select id from ops.runs where project_id = %s and run_number = 19999", project)
    world.rows("set session_replication_role = replica")
    world.rows("insert into ops.run_logs (run_id, attempt, level, message) values (%s, 1, 'error', 'A Needle')", run)
    world.rows(LOG, PART)
    world.rows("set session_replication_role = origin")
    world.rows("analyze")
    search: LiteralString = "select * from ops.search_run_logs(%s, 'needle', %s, p_limit => %s)"

    (first,) = reader.rows(search, run, None, WINDOW)
    assert (first["id"], first["message"]) == (None, None)
    assert rows_read(reader, search, run, None, WINDOW, answers=1) <= 2 * PART + FEW  # its bounds, and its lines
    (found,) = reader.rows(search, run, first["next_before_id"], WINDOW)
    assert (found["message"], found["level"], found["next_before_id"]) == ("A Needle", "error", None)


def test_a_search_that_finds_much_stops_at_a_page_and_goes_on_above_it(
    reader: Caller, world: World, project: UUID
) -> None:
    """The newest lines come first, none is left out and none comes twice."""
    run = world.value("select id from ops.runs where project_id = %s and run_number = 19999", project)
    seen: list[str] = []
    before = None
    while True:
        page = reader.rows("select * from ops.search_run_logs(%s, 'LINE 12', %s, p_limit => 50)", run, before)
        seen[:0] = [row["message"] for row in page if row["id"] is not None]
        before = page[0]["next_before_id"]
        if before is None:
            break
    assert seen == [f"line {n}" for n in range(1, LINES + 1) if str(n).startswith("12")]
    assert len(seen) == 111


def test_a_foreign_log_is_not_there(world: World, project: UUID) -> None:
    """The functions read past the policies of lines, and look themselves whether the caller may."""
    run = world.value("select id from ops.runs where project_id = %s and run_number = 19999", project)
    stranger = world.person(world.member(world.project("other")))
    assert stranger.rows("select * from ops.page_run_logs(%s)", run) == []
    assert stranger.rows("select * from ops.search_run_logs(%s, 'line')", run) == []
    assert stranger.rows("select * from ops.run_logs where run_id = %s", run) == []


def test_lines_become_visible_in_the_order_of_their_ids(world: World) -> None:
    """Whoever asks for the lines after the last one seen gets every line, also of two writers at once."""
    run = world.work(world.project("shop"))
    first, second = world.worker(), world.worker()
    second.rows("set lock_timeout = '50ms'")
    lines = json.dumps([{"level": "info", "message": "from a batch"}])
    for say, words in (
        ("select ops.append_run_log(%s, 'info', 'one')", (run,)),
        ("select ops.append_run_logs(%s, 1, %s::jsonb)", (run, lines)),
    ):
        with first.connection.transaction():
            first.rows("select ops.append_run_log(%s, 'info', 'not committed yet')", run)
            with pytest.raises(Exception, match="lock timeout"):
                second.rows(say, *words)
        second.rows(say, *words)
    ids = [row["id"] for row in world.rows("select id from ops.page_run_logs(%s)", run)]
    assert len(ids) == 4
