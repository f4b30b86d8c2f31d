"""Uses of backups: where each may go, who may ask, and what a worker records of it."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.sql.backups import MANIFEST, begin, restore, restore_of, verified
from tests.sql.world import World, refused


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("status", ["pending", "running", "stored", "failed", "dropped"])
def test_only_a_verified_backup_is_restored(world: World, project: UUID, status: str) -> None:
    """Whatever else it is, the answer says so."""
    backup = verified(world, project)
    world.rows(
        "update ops.backups set status = %s, error_message = 'x',"
        " dropped_at = case when %s = 'dropped' then now() end, drop_reason = 'x' where id = %s",
        status, status, backup,
    )  # fmt: skip
    with refused("PT409", f"is {status}, not verified"):
        restore(world, backup, "main")
    assert world.value("select count(*) from ops.restores") == 0


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    ("source", "going", "becomes"),
    [
        ("main", ("main", None), "restore"),
        ("main", ("release/1", None), "clone"),
        ("main", ("feature/a", "clone"), "clone"),
        ("feature/a", ("release/1", None), "restore"),
        ("main", (None, "drill"), "drill"),
        ("main", ("release/1", "restore"), "does not go to release/1 as it is"),
        ("main", ("main", "clone"), "Production gets back its own data"),
        ("feature/a", ("main", None), "Production gets back its own data"),
        ("main", ("feature/unknown", None), "no living environment feature/unknown"),
        ("main", ("other/main", None), "no living environment other/main"),
    ],
)
def test_where_a_backup_may_go(
    world: World, project: UUID, source: str, going: tuple[str | None, str | None], becomes: str
) -> None:
    """Production's data leaves it only harmless, and nothing else comes into it."""
    other = world.project("other")
    for owner, branch in ((project, "feature/a"), (project, "release/1"), (other, "main"), (other, "feature/unknown")):
        world.rows("select ops.ensure_environment(%s, %s)", owner, branch)
    backup = verified(world, project, source)
    target, purpose = going
    options = {} if purpose is None else {"p_purpose": purpose}
    if becomes not in ("restore", "clone", "drill"):
        with pytest.raises(psycopg.Error, match=becomes) as caught:
            restore(world, backup, target, **options)
        assert caught.value.sqlstate in ("PT409", "PT404")
        assert world.value("select count(*) from ops.restores") == 0
        return
    row = restore_of(world, restore(world, backup, target, **options))
    assert (row["purpose"], row["status"], row["backup_id"]) == (becomes, "pending", backup)
    run = world.run(row["run_id"])
    assert (run["kind"], run["config"]["backup_id"]) == (becomes, str(backup))


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(("who", "may"), [("viewer", False), ("developer", False), ("admin", True), ("sre", True)])
def test_who_may_restore_production(world: World, project: UUID, who: str, may: bool) -> None:
    """A developer may work on staging, and still restores nothing."""
    backup = verified(world, project)
    caller = world.role("sre") if who == "sre" else world.person(world.member(project, who))
    if may:
        assert restore_of(world, restore(caller, backup, "main"))["requested_by"]
        return
    with refused("PT403"):
        restore(caller, backup, "main")
    assert world.value("select count(*) from ops.restores") == 0


@pytest.mark.usefixtures("production")
def test_a_clone_succeeds_only_with_the_report_of_what_was_made_harmless(world: World, project: UUID) -> None:
    """Told twice it counts once, told otherwise it is refused."""
    world.rows("select ops.ensure_environment(%s, 'release/1')", project)
    restored = restore(world, verified(world, project), "release/1", p_masking_profile="names", p_idempotency_key="k")
    assert restore(world, restore_of(world, restored)["backup_id"], "release/1", p_masking_profile="names",
                   p_idempotency_key="k") == restored  # fmt: skip
    run = begin(world, restore_of(world, restored))
    with refused("PT409", "not started by this attempt"):
        world.rows("select ops.record_restore_end(%s, 1)", run)
    assert world.row("select * from ops.record_restore_start(%s, 1)", run)["status"] == "running"
    world.rows("select ops.record_restore_start(%s, 1)", run)
    for missing in ("p_report => '{\"masked\": 3}'", "p_database_name => 'x'"):
        with refused("PT400"):
            world.connection.execute(f"select ops.record_restore_end(%s, 1, {missing})".encode(), [run])
    end: LiteralString = (
        "select * from ops.record_restore_end(%s, 1, p_database_name => 'stage', p_report => '{\"masked\": 3}')"
    )
    done = world.row(end, run)
    assert (done["status"], done["masking_profile"], done["report"]) == ("succeeded", "names", {"masked": 3})
    assert world.row(end, run) == done
    with refused("PT409", "is succeeded and cannot become failed"):
        world.rows("select ops.record_restore_end(%s, 1, 'late')", run)
    assert [m for m in world.messages(run) if m.startswith("clone")] == ["clone started", "clone succeeded"]
    with refused("PT409", "is succeeded"):
        world.rows("select ops.record_restore_start(%s, 1)", run)


@pytest.mark.usefixtures("production")
def test_a_run_may_clone_what_nobody_asked_for_by_name(world: World, project: UUID) -> None:
    """The staging of a push takes the newest backup; never another project's, never as it is."""
    backup = verified(world, project)
    other = world.project("other")
    world.rows("select ops.ensure_environment(%s, 'main')", other)
    foreign = verified(world, other)
    run = world.work(project, "release/1", p_kind="deploy")
    with refused("PT409", "of another project"):
        world.rows("select ops.record_restore_start(%s, 1, %s)", run, foreign)
    with refused("PT409", "does not go to release/1 as it is"):
        world.rows("select ops.record_restore_start(%s, 1, %s, 'restore')", run, backup)
    with refused("PT404", "no backup"):
        world.rows("select ops.record_restore_start(%s, 1)", run)
    row = world.row("select * from ops.record_restore_start(%s, 1, %s)", run, backup)
    assert (row["purpose"], row["status"], row["run_id"]) == ("clone", "running", run)


@pytest.mark.usefixtures("production")
def test_a_clone_is_made_anew_by_the_attempt_after_the_one_that_ended_it(world: World, project: UUID) -> None:
    """A worker lost between clone and deployment left a database that nobody takes over."""
    backup = verified(world, project)
    run = world.work(project, "release/1", p_kind="deploy")
    world.rows("select ops.record_restore_start(%s, 1, %s)", run, backup)
    world.rows("select ops.record_restore_end(%s, 1, p_database_name => 'a', p_report => '{\"masked\": 3}')", run)
    world.rows("select ops.requeue_run(%s, 1, 'lost')", run)
    assert world.claim()
    world.start(run, 2)
    row = world.row("select * from ops.record_restore_start(%s, 2)", run)
    assert (row["status"], row["attempt"], row["backup_id"]) == ("running", 2, backup)
    assert (row["finished_at"], row["database_name"], row["report"]) == (None, None, {})


@pytest.mark.usefixtures("production")
def test_a_clone_runs_the_commit_that_is_deployed_where_it_goes(world: World, project: UUID) -> None:
    """The backup's commit is production's; the branch keeps its own."""
    world.rows("select ops.ensure_environment(%s, 'release/1')", project)
    run = world.run(restore_of(world, restore(world, verified(world, project), "release/1"))["run_id"])
    assert (run["git_sha"], run["git_ref"]) == (None, "refs/heads/release/1")


@pytest.mark.usefixtures("production")
def test_a_backup_dropped_before_its_restore_began_is_not_restored(world: World, project: UUID) -> None:
    """The worker is told before it touches anything."""
    backup = verified(world, project)
    run = begin(world, restore_of(world, restore(world, backup, "main")))
    world.rows("select ops.record_backup_recheck(%s, %s, 'spoilt')", backup, MANIFEST)
    with refused("PT409", "is failed, not verified"):
        world.rows("select ops.record_restore_start(%s, 1)", run)
