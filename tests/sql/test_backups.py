"""Backups: asked for, made by fenced attempts, read back, held and dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.sql.backups import MANIFEST, STORED, backup_of, begin, create, events, restore, restore_of, verified
from tests.sql.world import SHA, Caller, World, connect, refused


@pytest.fixture
def worker(world: World) -> Caller:
    """Return the platform's worker."""
    return world.worker()


def test_a_backup_is_asked_for_made_stored_and_verified(
    world: World, project: UUID, production: UUID, worker: Caller
) -> None:
    """Each step has its time, and the run's chain tells of it."""
    backup = create(world, project, p_label="before the upgrade", p_requested_by="Ann")
    row = backup_of(world, backup)
    assert (row["status"], row["stage"], row["environment_id"]) == ("pending", "production", production)
    assert (row["label"], row["requested_by"]) == ("before the upgrade", "Ann")
    assert (world.run(row["run_id"])["kind"], world.run(row["run_id"])["status"]) == ("backup", "queued")
    run = begin(world, row)
    assert worker.value("select status from ops.record_backup_start(%s, 1)", run) == "running"
    assert worker.row(STORED, run, 1, MANIFEST)["status"] == "stored"
    assert worker.value("select status from ops.record_backup_verified(%s, 1, %s)", run, MANIFEST) == "verified"
    assert worker.complete(run) == "succeeded"
    row = backup_of(world, backup)
    assert row["status"] == "verified"
    assert row["taken_at"] < row["stored_at"] < row["verified_at"]
    assert [m for m in world.messages(run) if m.startswith("backup")] == [
        "backup started", "backup stored", "backup verified",
    ]  # fmt: skip
    assert world.value("select ops.verify_run_chain(%s)", run)


@pytest.mark.usefixtures("production")
def test_what_a_worker_says_twice_counts_once(world: World, project: UUID) -> None:
    """Rows and events are those of saying it once."""
    backup = create(world, project)
    run = begin(world, backup_of(world, backup))
    steps: list[tuple[LiteralString, tuple[object, ...]]] = [
        ("select * from ops.record_backup_start(%s, 1)", (run,)),
        (STORED, (run, 1, MANIFEST)),
        ("select * from ops.record_backup_verified(%s, 1, %s)", (run, MANIFEST)),
    ]
    for query, parameters in steps:
        first = world.row(query, *parameters)
        assert world.row(query, *parameters) == first
    assert len([m for m in world.messages(run) if m.startswith("backup")]) == 3


@pytest.mark.usefixtures("production")
def test_the_same_key_is_the_same_backup_also_at_once(world: World, project: UUID) -> None:
    """Six callers at once make one backup and one run; the same key for another environment is refused."""
    together = threading.Barrier(6)
    found: set[UUID] = set()

    def ask() -> None:
        with connect(world.operator_url) as connection:
            together.wait(30)
            found.add(create(Caller(connection), project, p_idempotency_key="nightly"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 1
    assert world.value("select count(*) from ops.backups") == world.value("select count(*) from ops.runs") == 1
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    with refused("PT409", "key"):
        create(world, project, "feature/a", p_idempotency_key="nightly")
    assert world.value("select count(*) from ops.backups") == 1


def test_what_cannot_be_backed_up_is_refused_and_leaves_no_row(world: World, project: UUID) -> None:
    """An environment that does not live, a project that does not exist."""
    with refused("PT404", "no living environment main"):
        create(world, project)
    with refused("PT404"):
        create(world.person(world.member(project, "admin")), world.project("other"))
    assert world.value("select count(*) from ops.environments") == 0
    assert world.value("select count(*) from ops.runs") == 0


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    ("who", "may"),
    [("viewer", False), ("developer", False), ("admin", True), ("owner", True), ("sre", True), ("qa_tester", False)],
)
def test_who_may_back_up_and_hold(world: World, project: UUID, who: str, may: bool) -> None:
    """Admins, owners and site reliability engineers."""
    backup = verified(world, project)
    personas = ("sre", "qa_tester")
    caller = world.role(who) if who in personas else world.person(world.member(project, who))
    if may:
        assert backup_of(world, create(caller, project))["requested_by"]
        assert caller.value("select held_by from ops.hold_backup(%s, 'audit')", backup)
    else:
        codes = ("PT403", "42501")
        for ask in (lambda: create(caller, project), lambda: caller.rows("select ops.hold_backup(%s, 'x')", backup)):
            with pytest.raises(psycopg.Error) as caught:
                ask()
            assert caught.value.sqlstate in codes


@pytest.mark.usefixtures("production")
def test_a_stranger_cannot_tell_a_backup_from_none(world: World, project: UUID) -> None:
    """The answer is that of an id that does not exist."""
    backup = verified(world, project)
    stranger = world.person(world.member(world.project("other"), "owner"))
    nothing = UUID(int=0)
    for query in (
        "select ops.hold_backup(%s, 'x')", "select ops.release_backup_hold(%s)", "select ops.drop_backup(%s, 'x')",
        "select ops.restore_backup(%s, 'main')",
    ):  # fmt: skip
        said = []
        for asked in (backup, nothing):
            with pytest.raises(psycopg.Error) as caught:
                stranger.connection.execute(query.encode(), [asked])
            said.append((caught.value.sqlstate, str(caught.value.diag.message_primary).replace(str(asked), "")))
        assert said[0] == said[1]
        assert said[0][0] == "PT404"


@pytest.mark.usefixtures("production")
def test_a_lost_attempt_records_nothing_and_the_next_takes_the_backup_up(world: World, project: UUID) -> None:
    """The fence of the run is the fence of its backup."""
    backup = create(world, project)
    run = begin(world, backup_of(world, backup))
    world.rows("select ops.record_backup_start(%s, 1)", run)
    world.rows(STORED, run, 1, MANIFEST)
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")
    assert begin(world, backup_of(world, backup)) == run
    late: list[tuple[LiteralString, tuple[object, ...]]] = [
        ("select ops.record_backup_start(%s, 1)", (run,)),
        (STORED, (run, 1, MANIFEST)),
        ("select ops.record_backup_verified(%s, 1, %s)", (run, MANIFEST)),
        ("select ops.record_backup_failed(%s, 1, 'late')", (run,)),
        ("select ops.record_restore_start(%s, 1)", (run,)),
        ("select ops.record_restore_end(%s, 1)", (run,)),
    ]
    for query, parameters in late:
        with refused("PT410"):
            world.rows(query, *parameters)
    with refused("PT409", "makes no backup"):
        world.rows("select ops.record_backup_verified(%s, 2, %s)", run, MANIFEST)
    assert world.value("select status from ops.record_backup_start(%s, 2)", run) == "running"
    world.rows(STORED, run, 2, "6" * 64)
    assert world.row("select * from ops.record_backup_verified(%s, 2, %s)", run, "6" * 64)["attempt"] == 2


@pytest.mark.usefixtures("production")
def test_only_a_run_at_work_records_its_backup(world: World, project: UUID) -> None:
    """Neither one that was claimed and not started, nor one that has ended."""
    run = backup_of(world, create(world, project))["run_id"]
    world.claim()
    with refused("PT410"):
        world.rows("select ops.record_backup_start(%s, 1)", run)
    world.start(run)
    world.rows("select ops.record_backup_start(%s, 1)", run)
    world.rows(STORED, run, 1, MANIFEST)
    world.complete(run, exit_code=1)
    with refused("PT410"):
        world.rows("select ops.record_backup_verified(%s, 1, %s)", run, MANIFEST)


@pytest.mark.usefixtures("production")
def test_states_that_are_not_drawn_are_refused(world: World, project: UUID) -> None:
    """Nothing is verified that was not stored, nor by another manifest, nor failed once it is good."""
    backup = create(world, project)
    run = begin(world, backup_of(world, backup))
    with refused("PT409", "makes no backup"):
        world.rows(STORED, run, 1, MANIFEST)
    world.rows("select ops.record_backup_start(%s, 1)", run)
    with refused("PT409", "is running and cannot become verified"):
        world.rows("select ops.record_backup_verified(%s, 1, %s)", run, MANIFEST)
    with refused("PT400"):
        world.rows(STORED, run, 1, "not a hash")
    with refused("PT400", "reason"):
        world.rows("select ops.record_backup_failed(%s, 1, null)", run)
    world.rows(STORED, run, 1, MANIFEST)
    with refused("PT409", "another manifest"):
        world.rows("select ops.record_backup_verified(%s, 1, %s)", run, "6" * 64)
    world.rows("select ops.record_backup_verified(%s, 1, %s)", run, MANIFEST)
    with refused("PT409", "is verified and cannot become failed"):
        world.rows("select ops.record_backup_failed(%s, 1, 'late')", run)


def end_by_failure(world: World, run: UUID) -> None:
    """End the run as its worker would."""
    world.complete(run, exit_code=1)


def end_by_success(world: World, run: UUID) -> None:
    """End the run well, with its backup unread."""
    world.complete(run)


def end_by_lease(world: World, run: UUID) -> None:
    """Let the worker vanish at its last attempt."""
    world.rows("update ops.runs set max_attempts = attempt where id = %s", run)
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")


def end_by_dagster(world: World, run: UUID) -> None:
    """Let Dagster tell of the end."""
    world.rows("update ops.runs set dagster_run_id = 'd1' where id = %s", run)
    world.rows("select ops.end_dagster_run('d1', 'canceled')")


@pytest.mark.parametrize("end", [end_by_failure, end_by_success, end_by_lease, end_by_dagster])
@pytest.mark.usefixtures("production")
def test_the_end_of_a_run_ends_what_it_left(world: World, project: UUID, end: Callable[[World, UUID], None]) -> None:
    """However it ends: a backup that was not read back has failed, a restore too."""
    good = verified(world, project)
    backup = create(world, project)
    run = begin(world, backup_of(world, backup))
    world.rows("select ops.record_backup_start(%s, 1)", run)
    world.rows(STORED, run, 1, MANIFEST)
    end(world, run)
    row = backup_of(world, backup)
    assert (row["status"], row["error_message"][:12]) == ("failed", "Not verified")
    restored = restore(world, good, "main")
    run = begin(world, restore_of(world, restored))
    world.rows("select ops.record_restore_start(%s, 1)", run)
    world.rows("update ops.runs set dagster_run_id = null")
    end(world, run)
    assert restore_of(world, restored)["status"] == "failed"
    assert backup_of(world, good)["status"] == "verified"


@pytest.mark.usefixtures("production")
def test_a_cancelled_backup_is_a_failed_one_and_its_retry_makes_another(world: World, project: UUID) -> None:
    """A run that was not asked for by name gets its row when it starts."""
    backup = create(world, project, p_label="monthly")
    world.rows("select ops.cancel_run(%s)", backup_of(world, backup)["run_id"])
    assert backup_of(world, backup)["status"] == "failed"
    again = world.value("select ops.retry_run(%s)", backup_of(world, backup)["run_id"])
    begin(world, {"run_id": again})
    row = world.row("select * from ops.record_backup_start(%s, 1)", again)
    assert (row["run_id"], row["status"], row["label"]) == (again, "running", "monthly")
    assert world.value("select count(*) from ops.backups") == 2


@pytest.mark.usefixtures("production")
def test_the_key_of_a_run_that_ended_makes_no_backup(world: World, project: UUID) -> None:
    """Somebody queued the run by hand: nothing would ever make the backup that it has no row of."""
    run = world.value("select ops.queue_run(%s, 'main', null, null, 'backup', p_idempotency_key => 'by hand')", project)
    world.rows("select ops.cancel_run(%s)", run)
    with refused("PT409", "The run has ended"):
        create(world, project, p_idempotency_key="by hand")
    assert world.value("select count(*) from ops.backups") == 0


@pytest.mark.usefixtures("production")
def test_what_is_held_is_not_dropped(world: World, project: UUID) -> None:
    """Until the hold is released; the first hold stays, and the environment's events tell of all."""
    backup = verified(world, project)
    verified(world, project)
    held = world.row("select * from ops.hold_backup(%s, 'audit')", backup)
    assert world.row("select * from ops.hold_backup(%s, 'another')", backup) == held
    with refused("PT400"):
        world.rows("select ops.hold_backup(%s, ' ')", backup)
    with refused("PT409", "held: audit"):
        world.rows("select ops.drop_backup(%s, 'old')", backup)
    assert world.value("select held_at is null from ops.release_backup_hold(%s)", backup)
    world.rows("select ops.release_backup_hold(%s)", backup)
    with refused("PT400"):
        world.rows("select ops.drop_backup(%s, '')", backup)
    dropped = world.row("select * from ops.drop_backup(%s, 'old')", backup)
    assert (dropped["status"], dropped["drop_reason"]) == ("dropped", "old")
    assert world.row("select * from ops.drop_backup(%s, 'again')", backup) == dropped
    assert events(world, project) == ["backup_held", "backup_hold_released", "backup_dropped"]
    with refused("PT409", "nothing to hold"):
        world.rows("select ops.hold_backup(%s, 'x')", backup)


@pytest.mark.usefixtures("production")
def test_the_last_verified_backup_is_never_dropped(world: World, project: UUID) -> None:
    """Unverified ones and those of other environments do not stand for it."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    verified(world, project, "feature/a")
    failed = create(world, project)
    world.rows("select ops.cancel_run(%s)", backup_of(world, failed)["run_id"])
    last = verified(world, project)
    with refused("PT409", "the last verified one"):
        world.rows("select ops.drop_backup(%s, 'old')", last)
    assert world.value("select status from ops.drop_backup(%s, 'came to nothing')", failed) == "dropped"


@pytest.mark.usefixtures("production")
def test_of_the_last_two_dropped_at_once_one_stays(world: World, project: UUID) -> None:
    """Eight rounds, both dropped at the same moment."""
    for _ in range(8):
        while world.value("select count(*) from ops.backups where status = 'verified'") < 2:
            verified(world, project)
        two = [row["id"] for row in world.rows("select id from ops.backups where status = 'verified'")]
        together = threading.Barrier(2)
        outcomes: list[str] = []

        def drop(backup: UUID, together: threading.Barrier = together, outcomes: list[str] = outcomes) -> None:
            with connect(world.url) as connection:
                together.wait(30)
                try:
                    connection.execute("select ops.drop_backup(%s, 'old')", [backup])
                    outcomes.append("dropped")
                except psycopg.Error as exc:
                    outcomes.append(str(exc.sqlstate))

        threads = [threading.Thread(target=drop, args=(backup,)) for backup in two]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(outcomes) == ["PT409", "dropped"]


@pytest.mark.usefixtures("production")
def test_what_is_at_work_or_in_use_is_not_dropped(world: World, project: UUID) -> None:
    """Neither a backup being made nor one being restored."""
    pending = create(world, project)
    with refused("PT409", "at work"):
        world.rows("select ops.drop_backup(%s, 'x')", pending)
    world.rows("select ops.cancel_run(%s)", backup_of(world, pending)["run_id"])
    used, _ = verified(world, project), verified(world, project)
    restored = restore(world, used, "main")
    with refused("PT409", "being restored"):
        world.rows("select ops.drop_backup(%s, 'x')", used)
    world.rows("select ops.cancel_run(%s)", restore_of(world, restored)["run_id"])
    assert world.value("select status from ops.drop_backup(%s, 'x')", used) == "dropped"


@pytest.mark.usefixtures("production")
def test_a_backup_is_read_again_at_any_time(world: World, project: UUID) -> None:
    """Good again, spoilt, and good after all; never by another manifest, never once dropped."""
    backup = verified(world, project)
    first = backup_of(world, backup)["verified_at"]
    verify_again: LiteralString = "select * from ops.record_backup_recheck(%s, %s, %s)"
    assert world.row(verify_again, backup, MANIFEST, None)["verified_at"] > first
    with refused("PT409"):
        world.rows(verify_again, backup, "6" * 64, None)
    spoilt = world.row(verify_again, backup, MANIFEST, "object 7 is not what its name says")
    assert (spoilt["status"], spoilt["error_message"]) == ("failed", "object 7 is not what its name says")
    with refused("PT409", "not verified"):
        restore(world, backup, "main")
    assert world.row(verify_again, backup, MANIFEST, None)["status"] == "verified"
    assert events(world, project) == ["backup_spoilt"]


@pytest.mark.usefixtures("production")
def test_a_run_without_an_environment_makes_no_backup(world: World, project: UUID) -> None:
    """And leaves no row."""
    run = world.queue(project, None, SHA, p_kind="backup")
    begin(world, {"run_id": run})
    with refused("PT409", "works on no environment"):
        world.rows("select ops.record_backup_start(%s, 1)", run)
    assert world.value("select count(*) from ops.backups") == 0


def clone_run(world: World, project: UUID, env: str = "release/1", **options: object) -> UUID:
    """Return a run at work on a staging."""
    return world.work(project, env, **options)


def test_a_staging_s_run_backs_production_up_for_itself(
    world: World, project: UUID, production: UUID, worker: Caller
) -> None:
    """The backup is production's own, as any other; a later attempt takes it up, and its label says what it was for."""
    run = clone_run(world, project)
    started = worker.row("select * from ops.record_backup_start(%s, 1, %s)", run, production)
    assert (started["environment_id"], started["stage"], started["run_id"]) == (production, "production", run)
    assert (started["status"], started["label"]) == ("running", "for release/1")
    worker.rows(STORED, run, 1, MANIFEST)
    worker.rows("select * from ops.record_backup_verified(%s, 1, %s)", run, MANIFEST)
    again = worker.row("select * from ops.record_backup_start(%s, 1, %s)", run, production)
    assert (again["id"], again["status"]) == (started["id"], "verified")
    freshness = "select verified_backup_id from ops.v_backup_freshness where environment_id = %s"
    assert world.value(freshness, production) == started["id"]


@pytest.mark.parametrize("kind", ["deploy", "test", "clone", "upgrade"])
def test_a_backup_that_a_staging_s_run_left_unfinished_has_failed(
    world: World, project: UUID, production: UUID, kind: str
) -> None:
    """Nothing stays at work of a run that is not."""
    run = clone_run(world, project, p_kind=kind)
    backup = world.row("select * from ops.record_backup_start(%s, 1, %s)", run, production)["id"]
    world.complete(run, exit_code=1)
    assert backup_of(world, backup)["status"] == "failed"


@pytest.mark.parametrize(
    ("kind", "env"), [("build", "release/1"), ("drill", "release/1"), ("restore", "release/1"), ("deploy", "main")]
)
def test_no_other_run_backs_up_another_s_data(
    world: World, project: UUID, production: UUID, kind: str, env: str
) -> None:
    """Only one that clones production, and production only, of its own project."""
    run = clone_run(world, project, env, p_kind=kind)
    other = world.value("select id from ops.ensure_environment(%s, 'release/2')", project)
    theirs = world.value("select id from ops.ensure_environment(%s, 'main')", world.project("other"))
    for environment in {production, other, theirs} - {world.run(run)["environment_id"]}:
        with refused("PT409", "backs up no data of"):
            world.rows("select ops.record_backup_start(%s, 1, %s)", run, environment)


def test_a_staging_s_run_backs_up_no_other_staging(world: World, project: UUID, production: UUID) -> None:
    """Nor a production that was destroyed, nor another project's."""
    run = clone_run(world, project)
    other = world.value("select id from ops.ensure_environment(%s, 'release/2')", project)
    theirs = world.value("select id from ops.ensure_environment(%s, 'main')", world.project("other"))
    with connect(world.url) as owner:
        owner.execute(
            "update ops.environments set status = 'destroyed', destroyed_at = now() where id = %s", [production]
        )
    for environment in (other, theirs, production):
        with refused("PT409", "backs up no data of"):
            world.rows("select ops.record_backup_start(%s, 1, %s)", run, environment)
    assert world.value("select count(*) from ops.backups") == 0
