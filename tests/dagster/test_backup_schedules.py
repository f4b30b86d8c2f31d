"""The clocks of backups over a real control plane: the night's, retention's, and the alarm's."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import dagster as dg
import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.clocks import Queued
from odooops_dagster.model import Backup, Environment
from odooops_dagster.steps.recovery.retention import Retained, planned, retain
from odooops_dagster.tools.backup.manifest import Manifest, full_key
from odooops_dagster.tools.backup.quarantine import quarantine, quarantined
from odooops_dagster.tools.backup.repository_lock import lock_repository
from schedules.backup_freshness import backup_freshness
from schedules.backup_retention import backup_retention
from schedules.backups_due import backups_due
from tests.backups import repository_in
from tests.dagster.productions import deployed
from tests.dagster.world import World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


STORED_NOW = """
update ops.backups set stored_at = %s, verified_at = case when verified_at is not null then %s::timestamptz end
where id = %s
"""


class Keeper:
    """A production's backups as rows and manifests, dated at will."""

    def __init__(self, world: World, database: str, home: Path) -> None:
        self.control: ControlPlane = world.control
        self.project = world.project
        made = world.control.environments.ensure(world.project.id, branch="main", stage="production")
        self.environment: Environment = deployed(world.control, world.project, made, "ops_data")
        self.repository = repository_in(home / "store")
        self._database = database

    def backup(self, taken_at: datetime, *, status: str = "verified", label: str | None = None) -> Backup:
        """Put a backup of that moment on the record and its manifest into the store."""
        backup_id = self._insert(taken_at, status, label)
        manifest = Manifest.draft(str(backup_id), taken_at=taken_at, database_name="ops_data", dump_format="custom")
        url = self.repository.write_manifest(manifest)
        self.note("update ops.backups set manifest_url = %s, manifest_sha256 = %s where id = %s",
                      url, manifest.sha256, backup_id)  # fmt: skip
        return self.control.backups.get(backup_id)

    def status(self, backup: Backup) -> str:
        """Return the backup's state now."""
        return self.control.backups.get(backup.id).status

    def stored(self) -> set[str]:
        """Return the ids of the backups whose manifests the store has."""
        return {key.partition("-")[2] for key in self.repository.manifests()}

    def retain(self, now: datetime = NOW) -> Retained:
        """Let one turn of retention pass."""
        return retain(
            self.control,
            self.repository,
            self.project,
            time_zone="UTC",
            now=now,
            turn="t1",
            drop=lambda item: self.control.backups.drop(item.backup.id, reason="retention"),
        )

    def deploy(self, sha: str) -> None:
        """Let the environment show another commit."""
        self.note("update ops.environments set deployed_sha = %s where id = %s", sha, self.environment.id)

    def age(self, backup: Backup, by: timedelta) -> None:
        """Make the backup older."""
        self.note(
            "update ops.backups set taken_at = taken_at - %s, created_at = created_at - %s where id = %s",
            by,
            by,
            backup.id,
        )

    def _insert(self, taken_at: datetime, status: str, label: str | None) -> UUID:
        query = (
            "insert into ops.backups (project_id, environment_id, stage, status, label, manifest_url, manifest_sha256,"
            " error_message, created_at, taken_at, stored_at, verified_at)"
            " values (%s, %s, 'production', %s, %s, 'x', repeat('0', 64), %s, %s, %s, %s, %s) returning id"
        )
        error = "spoilt" if status == "failed" else None
        moments = [taken_at, taken_at, taken_at, taken_at if status == "verified" else None]
        with psycopg.connect(self._database, autocommit=True) as connection:
            values = [self.project.id, self.environment.id, status, label, error, *moments]
            row = connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return UUID(str(row[0]))

    def note(self, statement: str, *values: object) -> None:
        """Change the record."""
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute(statement.encode(), values)


@pytest.fixture
def keeper(world: World, database: str, tmp_path: Path) -> Keeper:
    """A production without any backup."""
    return Keeper(world, database, tmp_path)


def said(answer: object) -> str:
    """Return what a clock answered."""
    assert isinstance(answer, dg.SkipReason)
    return str(answer.skip_message)


def days(count: int) -> timedelta:
    """Return so many days."""
    return timedelta(days=count)


def queue_nightly(keeper: Keeper, *, hour: int, time_zone: str, now: datetime) -> list[Queued]:
    """Let the clock of nights strike."""
    return keeper.control.clocks.queue_nightly_backups(now, hour=hour, time_zone=time_zone)


def backups(keeper: Keeper, queued: list[Queued]) -> list[Backup]:
    """Return the backups that were queued."""
    return [keeper.control.backups.get(each.backup_id) for each in queued if each.backup_id is not None]


# -- nights


def test_each_night_is_queued_once(keeper: Keeper) -> None:
    """However often the clock is looked at; the next night is another."""
    now = datetime.now(UTC)
    first, again = (queue_nightly(keeper, hour=2, time_zone="UTC", now=now) for _ in range(2))
    assert [queued.refusal for queued in first] == [None]
    assert again == []
    [backup] = backups(keeper, first)
    run = keeper.control.runs.get(UUID(str(backup.run_id)))
    assert (run.kind, run.trigger, run.requested_by) == ("backup", "schedule", "schedule backups_due")
    tomorrow = queue_nightly(keeper, hour=2, time_zone="UTC", now=now + days(1))
    assert len(tomorrow) == 1


def test_backups_follow_during_the_day_where_the_policy_wants_them(keeper: Keeper) -> None:
    """Each time once, the next one not before the one before has ended; by default there is none."""
    hour = (datetime.now(UTC) - timedelta(hours=3)).hour
    now = datetime.now(UTC).replace(minute=59)

    def asked(moment: datetime) -> list[Backup]:
        return backups(keeper, queue_nightly(keeper, hour=hour, time_zone="UTC", now=moment))

    assert len(asked(now - timedelta(hours=2))) == 1  # the night's
    assert asked(now + timedelta(hours=1)) == []
    keeper.control.policies.set(keeper.project.id, policy_type="backup", rules={"every_hours": 2})
    assert asked(now + timedelta(hours=1)) == []  # the night's is at work
    [night] = keeper.control.backups.list(keeper.project.id)
    keeper.control.runs.cancel(UUID(str(night.run_id)))
    keeper.age(night, timedelta(hours=6))
    assert len(asked(now + timedelta(hours=1))) == 1
    assert asked(now + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    ("now", "every", "key", "due"),
    [
        ("2026-03-10T02:00Z", 24, "2026-03-10", "2026-03-10T02:00Z"),
        ("2026-03-11T02:30Z", 24, "2026-03-10", "2026-03-10T02:00Z"),  # the clock of the place made the day longer
        ("2026-03-10T05:59Z", 4, "2026-03-10", "2026-03-10T02:00Z"),
        ("2026-03-10T06:00Z", 4, "2026-03-10, time 2", "2026-03-10T06:00Z"),
        ("2026-03-11T01:59Z", 4, "2026-03-10, time 6", "2026-03-10T22:00Z"),
        ("2026-03-11T01:59Z", 5, "2026-03-10, time 5", "2026-03-10T22:00Z"),
        ("2026-03-10T23:10Z", 1, "2026-03-10, time 22", "2026-03-10T23:00Z"),
    ],
)
def test_the_times_of_a_day_are_counted_from_the_night(database: str, now: str, every: int, key: str, due: str) -> None:
    """Of a night that was due at two."""
    query = "select key, due_at = %s from ops_private.backup_time_of(%s, '2026-03-10', '2026-03-10T02:00Z', %s)"
    with psycopg.connect(database) as connection:
        assert connection.execute(query.encode(), [due, now, every]).fetchall() == [(key, True)]


def test_a_deployment_between_two_looks_queues_no_second_backup(keeper: Keeper) -> None:
    """The same night's request would have another commit then, and is not asked for again."""
    now = datetime.now(UTC)
    queue_nightly(keeper, hour=2, time_zone="UTC", now=now)
    keeper.deploy("b" * 40)
    again = queue_nightly(keeper, hour=2, time_zone="UTC", now=now)
    assert again == []


def test_a_clock_that_jumped_ahead_and_back_queues_each_night_once(keeper: Keeper) -> None:
    """Nights that were asked for ahead of their time are not asked for again."""
    now = datetime.now(UTC)
    for moment in (now, now + days(2), now, now + days(1), now + days(2), now - days(3)):
        assert queue_nightly(keeper, hour=2, time_zone="UTC", now=moment) is not None
    asked = keeper.control.backups.list(keeper.project.id)
    assert len({backup.run_id for backup in asked}) == len(asked) <= 3


def test_only_living_productions_with_data_are_backed_up(keeper: Keeper) -> None:
    """Not previews, not what was never deployed, not where the policy says no; adopted ones like the others."""
    keeper.control.environments.ensure(keeper.project.id, branch="feature/x")
    other = keeper.control.projects.create("empty", repo_url="https://forge.example/e.git", odoo_version="19.0")
    keeper.control.environments.ensure(other.id, branch="main", stage="production")
    elsewhere = keeper.control.projects.create("old", repo_url="https://forge.example/o.git", odoo_version="19.0")
    adopted = keeper.control.environments.adopt(elsewhere.id, branch="main")
    unwanted = keeper.control.projects.create("rare", repo_url="https://forge.example/r.git", odoo_version="19.0")
    keeper.control.environments.adopt(unwanted.id, branch="main")
    keeper.control.policies.set(unwanted.id, policy_type="backup", rules={"nightly": False})
    queued = queue_nightly(keeper, hour=2, time_zone="UTC", now=datetime.now(UTC))
    assert {backup.environment_id for backup in backups(keeper, queued)} == {keeper.environment.id, adopted.id}


def test_a_production_that_cannot_be_asked_for_stops_no_other(keeper: Keeper) -> None:
    """Its reason is told: the night's key was used for another request."""
    now = datetime.now(UTC)
    other = keeper.control.projects.create("other", repo_url="https://forge.example/o.git", odoo_version="19.0")
    adopted = keeper.control.environments.adopt(other.id, branch="main")
    key = f"platform:nightly backup of {adopted.id} on {now - timedelta(hours=2):%Y-%m-%d}"
    keeper.control.backups.create(other.id, env="main", label="another", idempotency_key=key, trigger="schedule")
    queued = queue_nightly(keeper, hour=2, time_zone="UTC", now=now)
    assert [backup.environment_id for backup in backups(keeper, queued)] == [keeper.environment.id]
    assert [each.partition_key for each in queued if each.refusal is not None] == ["other/main"]


def test_an_archived_project_is_left_in_peace(keeper: Keeper) -> None:
    """Neither backups nor alarms."""
    now = datetime.now(UTC)
    keeper.backup(now - days(9))
    keeper.control.projects.archive("shop")
    assert queue_nightly(keeper, hour=2, time_zone="UTC", now=now) == []
    assert keeper.control.clocks.watch_freshness(now) == []


def test_a_night_that_failed_is_tried_once_more(keeper: Keeper) -> None:
    """An hour later, and then no more until the next night."""
    hour = (datetime.now(UTC).hour + 12) % 24
    now = datetime.now(UTC)
    asked = []
    for wait in (timedelta(), timedelta(minutes=10), timedelta(minutes=61), timedelta(minutes=200)):
        queued = queue_nightly(keeper, hour=hour, time_zone="UTC", now=now + wait)
        asked.append(len(queued))
        for backup in backups(keeper, queued):
            keeper.control.runs.cancel(UUID(str(backup.run_id)))
    assert asked == [1, 0, 1, 0]


@pytest.mark.usefixtures("keeper")
def test_the_nights_clock_says_what_it_queued(world: World) -> None:
    """Its answer names the night."""
    # An hour that does not strike while the test runs.
    settings = world.settings.model_copy(update={"backup_hour": (datetime.now(UTC).hour + 12) % 24})
    context = dg.build_schedule_context(instance=world.instance)
    first, second = (said(backups_due(context, control=world.control, settings=settings)) for _ in range(2))
    assert first.endswith("1 backup(s) queued")
    assert second.endswith("every backup is queued")


# -- retention


def test_what_no_rule_keeps_leaves_the_record_and_then_the_store(keeper: Keeper) -> None:
    """Forty days of nightly backups become seven days, four weeks and two months."""
    nights = [keeper.backup(NOW - days(n) - timedelta(hours=10)) for n in range(40)]
    orphan = full_key("ab" * 32)
    keeper.repository.store.put(keeper.repository.prefix + orphan, b"of nobody")
    quarantine(keeper.repository, ["ab" * 32])
    wanted = {str(p.backup.id) for p in planned(keeper.control, keeper.project, time_zone="UTC", now=NOW)
              if p.verdict.is_kept}  # fmt: skip
    done = keeper.retain()
    kept = [night for night in nights if keeper.status(night) == "verified"]
    assert {str(night.id) for night in kept} == wanted == keeper.stored()
    assert [night.id for night in kept[:7]] == [night.id for night in nights[:7]]
    assert 9 <= len(kept) <= 12
    assert (len(done.dropped), len(done.manifests), done.collected) == (40 - len(kept), 40 - len(kept), 1)
    assert keeper.repository.store.stat(keeper.repository.prefix + orphan) is None
    assert not quarantined(keeper.repository)
    assert keeper.retain().is_empty


def test_a_turn_that_was_killed_between_row_and_manifest_is_ended_by_the_next(keeper: Keeper) -> None:
    """A manifest whose row is dropped goes, whoever dropped it; one that no row knows stays."""
    gone, stays = keeper.backup(NOW - days(1)), keeper.backup(NOW)
    keeper.control.backups.drop(gone.id, reason="by hand")
    stranger = Manifest(
        id="of-another-control-plane",
        taken_at=NOW - days(400),
        database_name="x",
        dump_format="plain",
        dump=(),
        dump_bytes=0,
        file_table=(),
        file_count=0,
        file_bytes=0,
        objects={},
    )
    keeper.repository.write_manifest(stranger)
    done = keeper.retain()
    assert len(done.manifests) == 1
    assert keeper.stored() == {str(stays.id), stranger.id}


def test_a_refusal_is_told_and_stops_nothing(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody held since the plan was made stays, and the others go."""
    held, goes, _ = (keeper.backup(NOW - days(n)) for n in (500, 501, 0))

    def meanwhile(control: ControlPlane, *_: object, **__: object) -> list[object]:
        monkeypatch.undo()
        plan = planned(control, keeper.project, time_zone="UTC", now=NOW)
        control.backups.hold(held.id, reason="an audit")
        return list(plan)

    keeper.control.policies.set(
        keeper.project.id, policy_type="retention", rules={"monthly": 0, "weekly": 1, "daily": 1}
    )
    monkeypatch.setattr("odooops_dagster.steps.recovery.retention.planned", meanwhile)
    done = keeper.retain()
    assert [dropped.id for dropped in done.dropped] == [goes.id]
    assert len(done.refused) == 1
    assert "held: an audit" in done.refused[0]
    assert keeper.status(held) == "verified"


def test_what_was_made_today_stays_until_tomorrow(keeper: Keeper) -> None:
    """A later backup of the same day does not take away the one before a risky step."""
    before, _ = keeper.backup(NOW - timedelta(hours=3)), keeper.backup(NOW)
    assert keeper.retain().is_empty
    tomorrow = NOW + timedelta(hours=22)
    assert [dropped.id for dropped in keeper.retain(tomorrow).dropped] == [before.id]


def test_what_is_held_labelled_or_the_last_good_one_stays(keeper: Keeper) -> None:
    """Each with its reason; what failed goes after two days."""
    last = keeper.backup(NOW - days(900))
    failed = keeper.backup(NOW - days(3), status="failed")
    fresh = keeper.backup(NOW - timedelta(hours=3), status="failed")
    labelled = keeper.backup(NOW - days(4), status="failed", label="before the move")
    reasons = {
        p.backup.id: p.verdict.reasons for p in planned(keeper.control, keeper.project, time_zone="UTC", now=NOW)
    }
    assert "one of the last 1 verified" in reasons[last.id]
    assert reasons[labelled.id] == ("labelled before the move",)
    assert reasons[fresh.id] == ("not verified yet",)
    keeper.retain()
    assert [keeper.status(backup) for backup in (last, failed, fresh, labelled)] == [
        "verified",
        "dropped",
        "failed",
        "failed",
    ]


def test_what_a_run_works_on_is_left_alone(keeper: Keeper) -> None:
    """Retention does not judge a backup that is being made."""
    asked = keeper.control.backups.create(keeper.project.id, env="main")
    [item] = planned(keeper.control, keeper.project, time_zone="UTC", now=NOW + days(900))
    assert (item.backup.id, item.verdict.is_kept, item.verdict.reasons) == (asked.id, True, ("at work",))
    assert keeper.retain(NOW + days(900)).is_empty


def test_objects_wait_while_a_backup_is_written(keeper: Keeper) -> None:
    """Rows and manifests go; the objects go at a later turn, which is said."""
    keeper.backup(NOW)
    goes = keeper.backup(NOW - days(900), status="failed")
    with lock_repository(keeper.repository, "writing", "w1"):
        done = keeper.retain()
    assert keeper.status(goes) == "dropped"
    assert done.collected == 0
    assert "objects are removed at a later turn" in str(done)


def test_the_clock_of_retention_queues_and_does_nothing_itself(keeper: Keeper, world: World) -> None:
    """One run where a backup may go, none after that within the hour, and nothing is dropped by the clock."""
    context = dg.build_schedule_context(instance=world.instance)
    assert said(backup_retention(context, control=world.control)) == "retention has nothing to do"
    keeper.backup(datetime.now(UTC))
    goes = keeper.backup(datetime.now(UTC) - days(900), status="failed")
    assert said(backup_retention(context, control=world.control)) == "1 retention run(s) queued"
    assert said(backup_retention(context, control=world.control)) == "retention has nothing to do"
    assert keeper.status(goes) == "failed"
    [run] = world.control.runs.list(status="queued")
    assert (run.kind, run.trigger, run.requested_by) == ("retention", "schedule", "schedule backup_retention")


@pytest.mark.parametrize("seed", range(12))
def test_the_record_never_misses_what_the_policy_drops(keeper: Keeper, database: str, seed: int) -> None:
    """Weeks of made-up backups, looked at every few hours: the project is due whenever a backup goes."""
    dice = random.Random(seed)  # noqa: S311 - nothing is secret here
    rules = {"daily": dice.randrange(4), "weekly": dice.randrange(3), "monthly": dice.randrange(2), "minimum": 1}
    keeper.control.policies.set(keeper.project.id, policy_type="retention", rules=rules)
    begin, dropped, looks = datetime(2100, 1, 1, tzinfo=UTC), 0, 0
    for turn in range(40):
        now = begin + timedelta(hours=9 * turn)
        if dice.random() < 0.6:
            age = timedelta(hours=dice.choice([0, 0, 3, 30]))
            status = dice.choice(["verified", "verified", "verified", "failed"])
            made = keeper.backup(now - age, status=status, label=dice.choice([None, None, None, "x"]))
            keeper.note(STORED_NOW, now, now, made.id)
        going = [p for p in planned(keeper.control, keeper.project, time_zone="UTC", now=now) if not p.verdict.is_kept]
        is_due = due(database, now)
        assert is_due or not going, (turn, going)
        if is_due:
            looks += 1
            dropped += len(keeper.retain(now).dropped)
            swept = max((b.dropped_at for b in keeper.control.backups.list() if b.dropped_at), default=now)
            keeper.note(
                "update ops.project_counters set retention_planned_at = %s, retention_swept_at = %s", now, swept
            )
    assert looks < 40
    assert dropped


def due(database: str, now: datetime) -> bool:
    """Say whether retention is due then."""
    with psycopg.connect(database) as connection:
        return bool(connection.execute("select * from ops_private.projects_due_for_retention(%s)", [now]).fetchall())


# -- the alarm


def test_an_alarm_is_raised_once_and_ends_with_a_good_backup(keeper: Keeper) -> None:
    """One incident per breach: not one per look, nor one more after a person ended it."""
    now = datetime.now(UTC)
    old = keeper.backup(now - timedelta(hours=27))
    assert keeper.control.clocks.watch_freshness(now) == ["incident: Backups of shop/main are stale"]
    assert keeper.control.clocks.watch_freshness(now) == []
    [incident] = keeper.control.incidents.list(keeper.project.id)
    assert "26 hours" in incident.description
    keeper.control.incidents.resolve(incident.id, resolution="we know")
    assert keeper.control.clocks.watch_freshness(now) == []
    keeper.backup(now)
    assert keeper.control.clocks.watch_freshness(now) == []
    keeper.age(old, days(5))
    assert len(keeper.control.incidents.list(keeper.project.id)) == 1


def test_a_good_backup_ends_the_alarm(keeper: Keeper) -> None:
    """The incident says of which moment it is."""
    now = datetime.now(UTC)
    keeper.backup(now - timedelta(hours=27))
    keeper.control.clocks.watch_freshness(now)
    keeper.backup(now)
    assert keeper.control.clocks.watch_freshness(now) == ["resolved: Backups of shop/main are stale"]
    [incident] = keeper.control.incidents.list(keeper.project.id)
    assert incident.status == "resolved"
    assert "was read back" in str(incident.resolution)


def test_the_alarm_of_an_earlier_version_is_found_by_its_title(keeper: Keeper) -> None:
    """It had no key: neither is a second one opened, nor does it stay open."""
    now = datetime.now(UTC)
    keeper.backup(now - timedelta(hours=27))
    keeper.control.incidents.open(keeper.project.id, title="Backups of shop/main are stale", severity="major")
    assert keeper.control.clocks.watch_freshness(now) == []
    keeper.backup(now)
    assert keeper.control.clocks.watch_freshness(now) == ["resolved: Backups of shop/main are stale"]
    [incident] = keeper.control.incidents.list(keeper.project.id)
    assert incident.status == "resolved"


def test_a_backup_that_was_not_read_back_ends_no_alarm(keeper: Keeper) -> None:
    """Only a verified one counts, and the reason of the failure is told."""
    now = datetime.now(UTC)
    keeper.backup(now - timedelta(hours=30))
    keeper.backup(now - timedelta(hours=1), status="failed")
    assert len(keeper.control.clocks.watch_freshness(now)) == 1
    assert "The last one failed: spoilt" in keeper.control.incidents.list(keeper.project.id)[0].description


def test_a_new_production_has_time_for_its_first_backup(keeper: Keeper) -> None:
    """The alarm comes when it has been there for as long as a backup may be old."""
    now = datetime.now(UTC)
    assert keeper.control.clocks.watch_freshness(now) == []
    assert len(keeper.control.clocks.watch_freshness(now + timedelta(hours=27))) == 1


def test_the_alarms_clock_says_what_begins(keeper: Keeper, world: World) -> None:
    """Nothing begins while backups are fresh."""
    keeper.backup(datetime.now(UTC))
    answer = backup_freshness(dg.build_schedule_context(instance=world.instance), control=world.control)
    assert said(answer) == "no alarm begins or ends"
