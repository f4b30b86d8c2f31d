"""Runs that read backups, compare them or thin them out: who may ask, what is refused, and when retention is due."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from tests.sql.backups import verified
from tests.sql.world import World, connect, refused


def due(world: World, days: int = 0) -> list[UUID]:
    """Return the runs that the clock queues so many days from now."""
    query: LiteralString = (
        "select ops.queue_due_retention(clock_timestamp() + make_interval(days => %s, secs => 1)) as id"
    )
    return [row["id"] for row in world.rows(query, days)]


def is_due(world: World) -> bool:
    """Say whether a project is due now, whatever was queued within the hour."""
    return bool(world.rows("select 1 from ops_private.projects_due_for_retention(clock_timestamp())"))


def retain(world: World, run: UUID) -> None:
    """Work off the retention run as a worker does."""
    assert run in {row["id"] for row in world.claim(10)}
    world.start(run)
    world.rows("select ops.record_retention(%s, 1, clock_timestamp(), clock_timestamp())", run)
    world.complete(run)


def put(world: World, project: UUID, *, age_days: float, status: str = "verified", label: str | None = None) -> UUID:
    """Put a backup of production on the record that is so old."""
    query: LiteralString = (
        "insert into ops.backups (project_id, environment_id, stage, status, label, manifest_url, manifest_sha256,"
        " error_message, created_at, taken_at, stored_at, verified_at)"
        " select e.project_id, e.id, e.stage, %s, %s, 's3://b/m', repeat('5', 64), 'x', t.at, t.at, t.at, t.at"
        " from ops.environments as e, lateral (select clock_timestamp() - make_interval(secs => %s) as at) as t"
        " where e.project_id = %s and e.name = 'main' returning id"
    )
    return UUID(str(world.value(query, status, label, age_days * 86400, project)))


# -- who may ask


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(("who", "may"), [("viewer", False), ("developer", False), ("admin", True), ("sre", True)])
@pytest.mark.parametrize("verb", ["verify", "retention", "compare"])
def test_who_may_back_up_or_restore_may_ask(world: World, project: UUID, verb: str, who: str, may: bool) -> None:
    """By the function of the verb and by the queue itself; the run has the name of its person."""
    backup = verified(world, project)
    caller = world.role("sre") if who == "sre" else world.person(world.member(project, who))
    query, subject = {
        "verify": ("select ops.verify_backup(%s) as id", backup),
        "retention": ("select ops.apply_retention(%s) as id", project),
        "compare": ("select ops.compare_backup(%s, 'main', '{sale_order}') as id", backup),
    }[verb]
    if not may:
        with refused("PT403"):
            caller.connection.execute(query.encode(), [subject])
        return
    row = caller.connection.execute(query.encode(), [subject]).fetchone()
    assert row is not None
    run = world.run(row["id"])
    assert (run["kind"], run["environment_id"], run["status"]) == (verb, None, "queued")
    assert run["requested_by"]


def test_a_developer_queues_none_past_the_verbs(world: World, project: UUID) -> None:
    """queue_run asks for the same permission, and so does a retry."""
    developer = world.person(world.member(project, "developer"))
    for kind in ("verify", "retention", "compare"):
        with refused("PT403"):
            developer.connection.execute("select ops.queue_run(%s, null, null, null, %s)", [project, kind])
    run = world.queue(project, None, p_kind="retention")
    world.rows("select ops.cancel_run(%s)", run)
    with refused("PT403"):
        developer.connection.execute("select ops.retry_run(%s)", [run])


# -- what is refused


@pytest.mark.usefixtures("production")
def test_what_is_not_stored_is_not_read(world: World, project: UUID) -> None:
    """The answer names the state; nothing waits for a run that could only fail."""
    asked = world.value("select ops.create_backup(%s, 'main')", project)
    with refused("PT409", "is pending: there is nothing to read"):
        world.rows("select ops.verify_backup(%s)", asked)
    with refused("PT409", "is pending, not verified"):
        world.rows("select ops.compare_backup(%s, 'main', '{sale_order}')", asked)
    with refused("PT404", "There is no backup"):
        world.rows("select ops.verify_backup(%s)", uuid4())
    assert world.value("select count(*) from ops.runs where kind in ('verify', 'compare')") == 0


@pytest.mark.usefixtures("production")
def test_a_comparison_is_of_tables_of_its_own_environment(world: World, project: UUID) -> None:
    """Data never cross between environments, not even into a review."""
    backup = verified(world, project)
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    with refused("PT409", "is not of shop/feature"):
        world.rows("select ops.compare_backup(%s, 'feature/a', '{sale_order}')", backup)
    for tables in ("{}", None, "{null}"):
        with refused("PT400", "names at least one table"):
            world.rows("select ops.compare_backup(%s, 'main', %s)", backup, tables)


@pytest.mark.usefixtures("production")
def test_the_same_key_is_the_same_verification(world: World, project: UUID) -> None:
    """A door that repeats its request queues no second reading."""
    backup = verified(world, project)
    query: LiteralString = "select ops.verify_backup(%s, p_idempotency_key => %s)"
    assert world.value(query, backup, "k") == world.value(query, backup, "k")
    assert world.value(query, backup, "l") != world.value(query, backup, "k")


# -- one retention run of a project


def test_a_project_has_one_unfinished_retention_run(world: World, project: UUID) -> None:
    """Whoever asks, and however: while one waits or works, it is the one."""
    first = world.value("select ops.apply_retention(%s)", project)
    assert world.value("select ops.apply_retention(%s)", project) == first
    assert world.queue(project, None, p_kind="retention") == first
    world.claim()
    assert world.value("select ops.apply_retention(%s)", project) == first
    world.start(first)
    assert world.value("select ops.apply_retention(%s, p_idempotency_key => 'k')", project) == first
    world.complete(first, 1)
    again = world.value("select ops.retry_run(%s)", first)
    assert again != first
    assert world.value("select ops.apply_retention(%s)", project) == again
    other = world.project("other")
    assert world.value("select ops.apply_retention(%s)", other) not in {first, again}


def test_requests_at_the_same_moment_queue_one_retention_run(world: World, project: UUID, url: str) -> None:
    """The lock of the project's counter lets one of them queue it, and the others find it."""

    def ask(_: int) -> UUID:
        with connect(url) as connection:
            row = connection.execute("select ops.apply_retention(%s) as id", [project]).fetchone()
            assert row is not None
            return UUID(str(row["id"]))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(24)))) == 1
    assert world.value("select count(*) from ops.runs where kind = 'retention'") == 1


# -- what is due


@pytest.mark.usefixtures("production")
def test_nothing_is_due_where_nothing_can_go(world: World, project: UUID) -> None:
    """No backup, the last good one however old, a young one, a held one, a labelled one, a fresh failure."""
    assert due(world) == []
    put(world, project, age_days=0.9)
    put(world, project, age_days=1.5, status="failed")
    put(world, project, age_days=29, label="before the move")
    held = put(world, project, age_days=400)
    world.rows("select ops.hold_backup(%s, 'an audit')", held)
    assert due(world) == []


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    ("status", "label", "ages"),
    [("verified", None, (0.9, 1.1)), ("failed", None, (1.9, 2.1)), ("verified", "x", (29.9, 30.1))],
)
def test_a_backup_past_its_protection_is_due(
    world: World, project: UUID, status: str, label: str | None, ages: tuple[float, float]
) -> None:
    """Not before, and once: when the policy has looked at it and kept it, only a change makes it due again."""
    put(world, project, age_days=0.5)
    backup = put(world, project, age_days=ages[0], status=status, label=label)
    assert due(world) == []
    world.rows(
        "update ops.backups set taken_at = taken_at - make_interval(secs => %s) where id = %s",
        (ages[1] - ages[0]) * 86400,
        backup,
    )
    [run] = due(world)
    assert (world.run(run)["kind"], world.run(run)["trigger"]) == ("retention", "schedule")
    assert world.run(run)["requested_by"] == "schedule backup_retention"
    retain(world, run)
    assert not is_due(world)


@pytest.mark.usefixtures("production")
def test_the_clock_may_be_looked_at_twice(world: World, project: UUID) -> None:
    """Within the hour one run is queued, even after it failed; the next hour tries again."""
    put(world, project, age_days=0.5)
    put(world, project, age_days=5)
    [run] = due(world)
    assert due(world) == []
    world.claim()
    world.start(run)
    world.complete(run, 1)
    assert due(world) == []
    assert len(due(world, days=1)) == 1


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("change", ["new", "policy", "platform", "hold"])
def test_a_change_makes_retention_due_again(world: World, project: UUID, change: str) -> None:
    """A new backup, another policy of the project or of the platform, the end of a hold."""
    put(world, project, age_days=0.5)
    old = put(world, project, age_days=5)
    [run] = due(world)
    world.rows("select ops.hold_backup(%s, 'an audit')", old)
    put(world, project, age_days=6)
    retain(world, run)
    assert not is_due(world)
    if change == "new":
        put(world, project, age_days=0)
    elif change == "hold":
        world.rows("select ops.release_backup_hold(%s)", old)
    else:
        owner = project if change == "policy" else None
        world.rows("select ops.set_policy(%s, 'retention', '{\"daily\": 1}')", owner)
    assert is_due(world)


@pytest.mark.usefixtures("production")
def test_what_was_dropped_is_due_until_the_store_is_swept(world: World, project: UUID) -> None:
    """A drop by hand, and a turn whose objects had to wait."""
    put(world, project, age_days=0.5)
    old = put(world, project, age_days=5)
    world.rows("select ops.drop_backup(%s, 'too large')", old)
    [run] = due(world)
    world.claim()
    world.start(run)
    world.rows("select ops.record_retention(%s, 1, clock_timestamp(), null)", run)
    world.complete(run)
    [again] = due(world, days=1)
    retain(world, again)
    assert not is_due(world)


@pytest.mark.usefixtures("production")
def test_an_archived_project_is_never_due(world: World, project: UUID) -> None:
    """Its queue is closed, and the clock of the others goes on."""
    put(world, project, age_days=0.5)
    put(world, project, age_days=5)
    world.rows("select ops.archive_project('shop')")
    assert due(world) == []


def test_only_a_retention_run_at_work_records_its_progress(world: World, project: UUID) -> None:
    """Another kind, a lost attempt and a run that ended are refused."""
    deployment = world.work(project)
    with refused("PT409", "applies no retention"):
        world.rows("select ops.record_retention(%s, 1, now())", deployment)
    run = world.value("select ops.apply_retention(%s)", project)
    world.claim()
    world.start(run)
    with refused("PT410"):
        world.rows("select ops.record_retention(%s, 2, now())", run)
    world.rows("select ops.record_retention(%s, 1, now(), now())", run)
    world.rows("select ops.record_retention(%s, 1, now() - interval '1 day', null)", run)
    counter = world.row("select retention_planned_at, retention_swept_at from ops.project_counters")
    assert None not in counter.values()
    world.complete(run)
    with refused("PT410"):
        world.rows("select ops.record_retention(%s, 1, now())", run)


@pytest.mark.usefixtures("production")
def test_ten_thousand_backups_are_looked_at_in_a_moment(world: World) -> None:
    """The clock's turn stays below two seconds, whatever the record has gathered."""
    query: LiteralString = (
        "insert into ops.backups (project_id, environment_id, stage, status, manifest_url, manifest_sha256,"
        " created_at, taken_at, stored_at, verified_at)"
        " select e.project_id, e.id, e.stage, 'verified', 's3://b/m', repeat('5', 64), t.at, t.at, t.at, t.at"
        " from ops.environments as e, lateral ("
        "     select now() - make_interval(hours => n) as at from generate_series(1, 10000) as n) as t"
    )
    world.rows(query)
    world.rows("set statement_timeout = '2s'")
    [run] = due(world)
    retain(world, run)
    assert not is_due(world)
