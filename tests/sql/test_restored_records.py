"""A record that came from a backup: what was under way ends; nothing is removed or replaced before a person looked."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from tests.sql.backups import create, verified
from tests.sql.releases import make_release
from tests.sql.world import World, refused

STAGES: LiteralString = "select name, status::text, wakes_on_request as wakes from ops.environments order by name"


def settled(world: World, *, has_databases: bool = True) -> dict[str, int]:
    """Settle the record as one that was restored."""
    return world.row("select * from ops.settle_restored_record('b1', '2026-11-30 12:00Z', %s)", has_databases)


def test_a_restored_record_has_nothing_under_way(world: World, project: UUID) -> None:
    """Each unfinished run ends with the reason, its chain whole; a message that waits is not sent again by itself."""
    world.rows("select ops.set_project_forge('shop', 'github', 'https://api.github.com', 'acme/shop')")
    runs = [world.queue(project, f"feature/{name}") for name in "abc"]
    world.start(world.claim()[0]["id"])
    world.claim()
    done = settled(world)
    assert (done["runs"], done["environments"]) == (3, 0)
    found = world.rows("select status::text, fault, error_message from ops.runs order by status::text")
    assert [row["status"] for row in found] == ["canceled", "failed", "failed"]
    assert {row["fault"] for row in found} == {"platform", None}
    assert all("restored from its backup of 2026-11-30 12:00:00 UTC" in row["error_message"] for row in found)
    assert all(world.value("select ops.verify_run_chain(%s)", run) for run in runs)
    assert world.claim() == []
    assert settled(world)["runs"] == 0
    [alarm] = world.rows("select * from ops.incidents where key = 'platform_restored'")
    assert "3 unfinished run(s)" in alarm["description"]


def test_messages_of_before_wait_for_a_person(world: World, project: UUID) -> None:
    """They may have been delivered after the backup was taken: ops outbox retry sends them."""
    world.rows("select ops.set_project_forge('shop', 'github', 'https://api.github.com', 'acme/shop')")
    run = world.queue(project, "feature/a")
    world.claim()
    world.start(run)
    before = world.value("select count(*) from ops.outbox where status = 'waiting'")
    assert before > 0
    assert settled(world)["messages"] == before
    [(dead,)] = [tuple(row.values()) for row in world.rows("select count(*) from ops.outbox where status = 'dead'")]
    assert dead == before


def test_environments_without_their_databases_say_so(world: World, project: UUID) -> None:
    """On a machine that has none they are failed, and name no database that somebody else may have."""
    world.queue(project, "feature/a")
    world.claim()
    assert settled(world, has_databases=False)["environments"] == 1
    row = world.row("select status::text, database_name from ops.environments")
    assert row == {"status": "failed", "database_name": None}


@pytest.fixture
def estate(world: World, project: UUID) -> UUID:
    """Return a project whose environments of each stage run, one preview sleeps and one is past its time."""
    for name in ("main", "release/1", "feature/a", "feature/asleep", "feature/old"):
        world.rows("select ops.ensure_environment(%s, %s)", project, name)
    world.rows(
        "update ops.environments set database_name = 'ops_' || left(id::text, 8) || '_r1', status = 'running', url = 'http://x/'"
    )
    world.rows("update ops.environments set status = 'stopped', wakes_on_request = true where name = 'feature/asleep'")
    world.rows("update ops.environments set expires_at = now() - interval '1 day' where name = 'feature/old'")
    stages = dict(tuple(row.values()) for row in world.rows("select name, stage::text from ops.environments"))
    assert (stages["main"], stages["release/1"], stages["feature/a"]) == ("production", "staging", "development")
    return project


def test_only_a_preview_starts_by_itself_after_a_restore(world: World, estate: UUID) -> None:
    """The record may name a production's database of before a promotion: a person compares, confirms and starts it."""
    assert settled(world)["stopped"] == 2
    assert world.rows(STAGES) == [
        {"name": "feature/a", "status": "running", "wakes": False},
        {"name": "feature/asleep", "status": "stopped", "wakes": True},
        {"name": "feature/old", "status": "running", "wakes": False},
        {"name": "main", "status": "stopped", "wakes": False},
        {"name": "release/1", "status": "stopped", "wakes": False},
    ]
    alarm = world.row("select severity::text, description from ops.incidents where key = 'platform_restored'")
    assert alarm["severity"] == "critical"
    assert "ops env orphans list" in alarm["description"]
    assert "2 environment(s) beside previews are stopped" in alarm["description"]
    with refused("PT409", "before a person confirms it"):
        world.queue(estate, "main", p_kind="start")
    assert world.operator().value("select ops.confirm_record('ada')") is True
    assert world.operator().value("select ops.confirm_record('ada')") is False
    assert (
        world.value("select resolution from ops.incidents where key = 'platform_restored'")
        == "ada confirmed the record"
    )
    world.queue(estate, "main", p_kind="start")
    assert settled(world)["stopped"] == 0, "told again of the same backup, what a person started stays"


def test_a_second_restore_is_doubted_whatever_its_label(world: World, estate: UUID) -> None:
    """On a server of the operator's own the label is what the operator typed, and is typed again the next time."""
    settled(world)
    world.rows("select ops.confirm_record('ada')")
    world.rows("update ops.environments set status = 'running' where name = 'main'")
    again = world.row("select * from ops.settle_restored_record('b1', '2026-12-01 12:00Z', true)")
    assert again["stopped"] > 0
    with refused("PT409", "before a person confirms it"):
        world.queue(estate, "main", p_kind="start")


def test_who_visits_a_staging_that_may_not_start_holds_up_nobody(world: World, estate: UUID) -> None:
    """It sleeps on until the record is confirmed; a preview that is asked for in the same breath wakes."""
    world.rows("update ops.environments set status = 'stopped', wakes_on_request = true where name = 'release/1'")
    worker = world.worker()
    worker.rows("select * from ops.advance_control_plane(7)")
    wake: LiteralString = "select * from ops.wake_environments(%s)"
    labels = [row["host_label"] for row in world.rows("select host_label from ops.environments order by stage")]
    [preview] = worker.rows(wake, labels)
    query: LiteralString = "select e.name from ops.environments as e join ops.runs as r on r.environment_id = e.id where r.id = %s"
    assert world.value(query, preview["wake_environments"]) == "feature/asleep"
    world.rows("select ops.confirm_record('ada')")
    assert len(worker.rows(wake, labels)) == 1


REMOVES_OR_REPLACES = (
    "deploy",
    "backup",
    "destroy",
    "stop",
    "start",
    "rehearse",
    "upgrade",
    "clone",
    "retention",
    "restore",
)

PROJECTS: tuple[LiteralString, ...] = ("select ops.archive_project('shop')", "select ops.restore_project('shop')")


def test_a_stopped_production_does_not_start_without_a_run_either(world: World, estate: UUID) -> None:
    """Whatever would set it running is refused where its state is written; a preview's state is noted."""
    world.rows("update ops.projects set status = 'archived', archived_at = now() where id = %s", estate)
    settled(world)
    with refused("PT409", "brought back before a person confirms it"):
        world.rows("select ops.restore_project('shop')")
    note: LiteralString = "select ops.set_environment_status(id, 'running') from ops.environments where name = %s"
    with refused("PT409", "does not start before a person confirms it"):
        world.worker().rows(note, "main")
    world.worker().rows(note, "feature/asleep")
    assert [row["status"] for row in world.rows(STAGES)] == ["running", "running", "running", "stopped", "stopped"]
    world.rows("select ops.confirm_record('ada')")
    world.rows("select ops.restore_project('shop')")
    assert world.value("select status::text from ops.environments where name = 'main'") == "running"


def test_nothing_is_removed_or_replaced_before_a_person_confirms(world: World, estate: UUID) -> None:
    """By a clock, by a forge or by hand: each is refused or waits, and works again afterwards."""
    backup = verified(world, estate)
    world.rows("update ops.backups set taken_at = '2020-01-01', created_at = '2020-01-01'")
    settled(world)
    worker = world.worker()
    clocks: tuple[LiteralString, ...] = (
        "select * from ops.expire_environments()",
        "select * from ops.queue_due_retention()",
        "select * from ops.queue_nightly_backups(now(), 0, 'UTC')",
        "select * from ops.projects_to_poll(0)",
        "select * from ops.promote_due_builds()",
        "select * from ops.roll_back_undecided()",
        "select * from ops.apply_pushes()",
        "select * from ops.expire_rows()",
        "select 1 where ops.artifact_expiry_is_due(now(), null)",
        "select 1 where ops.log_retention_is_due(now(), null)",
        "select 1 where ops.image_removal_is_due(now(), null)",
        "select * from ops.stop_idle_environments(now() - interval '9 days')",
    )
    told = "select * from ops.receive_push('d1', 'push', 'https://github.com/acme/shop', 'refs/heads/main', %s)"
    world.rows(told, "b" * 40)
    for clock in clocks:
        assert worker.rows(clock) == [], clock
    for kind in REMOVES_OR_REPLACES:
        with refused("PT409"):
            world.queue(estate, "main" if kind != "retention" else None, p_kind=kind)
    with refused("PT409", "before a person confirms it"):
        world.queue(estate, "feature/a", p_kind="destroy")
    for act in PROJECTS:
        with refused("PT409", "no project is archived or brought back before a person confirms it"):
            world.rows(act)
    with refused("PT409", "nobody has confirmed"):
        world.rows("select ops.drop_backup(%s, 'old')", backup)
    assert (
        worker.rows(
            "select * from ops.wake_environments(array[(select host_label from ops.environments "
            "where name = 'feature/asleep')])"
        )
        != []
    )
    world.rows("select ops.confirm_record('ada')")
    assert worker.rows("select * from ops.expire_environments()") != []
    assert worker.rows("select * from ops.projects_to_poll(0)") != []
    assert worker.rows("select * from ops.queue_nightly_backups(now(), 0, 'UTC')") != []


def test_a_run_that_waits_in_an_older_record_is_not_claimed(world: World, project: UUID) -> None:
    """A control plane that was put back without `ops platform restore` is noticed by its rounds, and waits as well."""
    run = world.queue(project, "main")
    build = world.queue(project, "feature/a", p_kind="build")
    worker = world.worker()
    worker.rows("select * from ops.advance_control_plane(7)")
    assert [row["id"] for row in world.claim(9)] == [build]
    world.rows("select ops.confirm_record('ada')")
    worker.rows("select * from ops.advance_control_plane(7)")
    assert [row["id"] for row in world.claim(9)] == [run], "confirmed once, the same record is not doubted again"


def test_run_numbers_go_on_where_no_younger_run_was(world: World, project: UUID) -> None:
    """Names of databases end with them: a new run must not take the one of a run that the record forgot."""
    world.queue(project, "feature/a")
    settled(world)
    world.rows("select ops.confirm_record('ada')")
    run = world.queue(project, "feature/a")
    assert world.run(run)["run_number"] == 1002


def test_a_backup_that_only_the_store_knows_is_taken_up_and_held(world: World, estate: UUID) -> None:
    """Also one that was at work when the record was backed up; a verified one is never written over."""
    find: LiteralString = (
        "select ops.record_found_backup(%s, 'shop', 'main', 'production', true, 's3://b/m', %s, now() - interval '1 h',"
        " 9, 9, 1, 2, 'ops_x', '19.0')"
    )
    good, at_work, unknown = verified(world, estate, "release/1"), create(world, estate), uuid4()
    settled(world)
    assert world.value("select status::text from ops.backups where id = %s", at_work) == "failed"
    operator = world.operator()
    assert [operator.value(find, each, "6" * 64) for each in (at_work, good, unknown, unknown)] == [
        True,
        False,
        True,
        False,
    ]
    rows = world.rows("select id, status::text, held_at is not null as held from ops.backups")
    assert {row["id"]: (row["status"], row["held"]) for row in rows} == {
        at_work: ("stored", True), good: ("verified", False), unknown: ("stored", True),
    }  # fmt: skip
    with refused("42501"):
        world.worker().rows(find, uuid4(), "6" * 64)


def test_holds_and_revocations_of_the_record_in_place_are_carried_over(world: World, project: UUID) -> None:
    """Only what takes away and what keeps; the last owner of a project stays."""
    world.rows("select ops.ensure_environment(%s, 'main')", project)
    backup = verified(world, project)
    owner, admin = world.member(project, "owner"), world.member(project, "admin")
    carried = world.row(
        "select * from ops.carry_revocations('{}', '{}', %s, %s)",
        Jsonb([{"project_id": str(project), "user_id": str(admin), "role": "owner"}]),
        Jsonb([{"id": str(backup), "hold_reason": "for the auditor"}]),
    )
    assert carried == dict.fromkeys(carried, 0) | {"holds": 1}
    assert world.value("select hold_reason from ops.backups") == "for the auditor"
    roles = {
        row["user_id"]: row["role"] for row in world.rows("select user_id, role::text from ops.project_memberships")
    }
    assert (roles[owner], roles[admin]) == ("owner", "admin")


def test_whatever_was_taken_away_since_is_taken_away_again(world: World, project: UUID) -> None:
    """Invitations to the console, exceptions from gates, names of people and rules of who is told; what stayed stays."""
    release = make_release(world, project, "1.0").id
    exceptions, invitations, rules, people = [], [], [], []
    for name in ("stays", "goes"):
        asked: LiteralString = "select ops.request_exception(%s, 'G2', %s, now() + interval '1 hour', 'ada')"
        exceptions.append(world.value(asked, release, name))
        invited: LiteralString = "select ops.invite_to_console(%s, %s, '{sre}', p_invited_by => 'ada')"
        invitations.append(world.value(invited, f"{name}@x.example", name))
        ruled: LiteralString = "select ops.create_notification_rule('{run}', 'mail', %s, p_created_by => 'ada')"
        rules.append(world.value(ruled, f"{name}@x.example"))
        people.append(world.value("select ops.create_person(%s, 'ada')", name))
        world.rows("select ops.add_person_alias(%s, %s, 'login', 'ada')", people[-1], f"of-{name}")
    aliases = {"of-stays": str(people[0])}
    carry: LiteralString = "select * from ops.carry_revocations('{}', '{}', null, null, %s, %s, %s, %s)"
    valid = (exceptions[:1], invitations[:1], Jsonb(aliases), rules[:1])
    carried = world.row(carry, *valid)
    assert carried == dict.fromkeys(carried, 0) | dict.fromkeys(("exceptions", "invitations", "aliases", "rules"), 1)
    assert set(world.row(carry, *valid).values()) == {0}
    left: dict[LiteralString, object] = {
        "select id from ops.exceptions where revoked_at is null": exceptions[0],
        "select id from ops.console_invitations where withdrawn_at is null": invitations[0],
        "select alias from ops.person_aliases": "of-stays",
        "select id from ops.notification_rules": rules[0],
    }
    assert {query: world.value(query) for query in left} == left
    unknown = world.row("select * from ops.carry_revocations('{}', '{}', null)")
    assert set(unknown.values()) == {0}, "a record that knows nothing of a kind takes nothing of it away"


def test_the_platforms_backup_is_due_by_its_age_and_late_ones_are_an_alarm(world: World) -> None:
    """The first is due at once; a new proved one closes the alarm, and an older one told later changes nothing."""
    due: LiteralString = "select ops.watch_platform_backup(now() + %s::interval, 24)"
    alarms: LiteralString = "select count(*) from ops.incidents where key = 'platform_backup' and status = 'open'"
    worker = world.worker()
    assert (worker.value(due, "0"), world.value(alarms)) == (True, 0)
    worker.rows("select ops.record_platform_backup(now())")
    worker.rows("select ops.record_platform_backup(now() - interval '9 days')")
    assert (worker.value(due, "23 hours"), worker.value(due, "25 hours"), world.value(alarms)) == (False, True, 0)
    assert (worker.value(due, "27 hours"), world.value(alarms)) == (True, 1)
    worker.rows("select ops.record_platform_backup(now())")
    assert world.value(alarms) == 0
    assert world.value("select value from ops.v_metrics where metric = 'odooops_platform_backup_timestamp_seconds'") > 0
