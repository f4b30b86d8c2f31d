"""Drills: a backup proves itself where nobody is disturbed, or is named as one that cannot be relied on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import psycopg
import pytest

from odooops_dagster.checks import healthy
from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Backup, Build, Run, Source
from odooops_dagster.steps.build.image import load_build
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.evidence import object_at
from odooops_dagster.steps.recovery import drill as step
from odooops_dagster.steps.recovery import load
from odooops_dagster.steps.recovery.drill_sandbox import left_behind
from schedules.drills_due import drills_due
from sensors.ops_queue import placed, request
from tests.dagster.productions import IMAGE
from tests.dagster.recoveries import NEUTRALIZE, Recovery, recovery
from tests.repositories import Repository
from tests.servers import PostgresServer


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Recovery]:
    """Yield a production that can be drilled."""
    with recovery(control, postgres_server, tmp_path) as made:
        yield made


def leftovers(production: Recovery) -> list[object]:
    """Return what is there of drills: databases, folders, services."""
    shop = production.shop
    return [*shop.databases.list("ops_drill"), *left_behind(shop.settings.home), *production.runtime.status()]


def test_a_drill_restores_boots_reads_and_leaves_nothing(production: Recovery) -> None:
    """Its row says how long it took and what would have been lost; its report can be read from the store."""
    backup = production.shop.back_up()
    run = production.drill(backup)
    assert (run.status, run.error_message, run.environment_id) == ("succeeded", None, None)
    control = production.shop.control
    [drill] = control.drills.list(backup_id=backup.id)
    assert drill.passed
    assert drill.rto_seconds is not None
    assert 0 < drill.rto_seconds < 300
    assert drill.rpo_seconds is not None
    assert drill.rpo_seconds >= 0
    checks = {row["name"]: row for row in control.checks.list(run.id)}
    assert {name: row["passed"] for name, row in checks.items()} == dict.fromkeys(
        ["rows_complete", "left_out", "files_complete", "healthy", "attachment_readable"], True
    )
    assert "bytes, as they were attached" in checks["attachment_readable"]["summary"]
    [artifact] = control.artifacts.list(run.id)
    report = json.loads(production.shop.store.get(str(object_at(artifact["s3_url"]))))
    assert report["harmless"]["neutralized"] == ["base/data/neutralize.sql"]
    assert report["rto_seconds"] == float(drill.rto_seconds)
    assert leftovers(production) == []
    assert production.rows("select value from ir_config_parameter") == [("productions own",)]


def test_a_drill_reads_an_attachment_that_the_scrub_left(production: Recovery) -> None:
    """A private key is an attachment too, and the oldest one may be it."""
    data = production.shop.data
    for column in ("res_model text", "res_field text", "db_datas bytea", "checksum text", "file_size int"):
        data.execute(f"alter table ir_attachment add {column}")
    data.execute("alter table ir_attachment add mimetype text")
    data.execute("update ir_attachment set res_model = 'certificate.key', res_field = 'content' where id < 3")
    run = production.drill(production.shop.back_up())
    assert (run.status, run.error_message) == ("succeeded", None)
    checks = {row["name"]: row for row in production.shop.control.checks.list(run.id)}
    assert "bytes, as they were attached" in checks["attachment_readable"]["summary"]


def test_a_drill_of_a_spoilt_backup_fails_by_name(production: Recovery) -> None:
    """One byte of one object is enough, and the backup is not offered again."""
    backup = production.shop.back_up()
    spoilt = production.shop.spoil(backup)
    run = production.drill(backup)
    assert run.status == "failed"
    assert spoilt in str(run.error_message)
    control = production.shop.control
    [drill] = control.drills.list()
    assert (drill.passed, drill.evidence_id is not None) == (False, True)
    assert spoilt in drill.summary
    assert control.backups.get(backup.id).status == "failed"
    assert leftovers(production) == []
    [incident] = control.incidents.list()
    assert (incident.title, incident.status) == ("A backup of shop/main did not survive its drill", "open")
    assert spoilt in incident.description
    assert production.drill(production.shop.back_up()).status == "succeeded"
    [incident] = control.incidents.list()
    assert incident.status == "resolved"


def test_a_drill_whose_build_does_not_answer_fails(production: Recovery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and files are no proof that people could work."""
    monkeypatch.setattr(healthy, "_GONE_SECONDS", 0.5)
    production.shop.data.execute("insert into sale_order (name) values ('BROKEN')")
    run = production.drill(production.shop.back_up())
    assert run.status == "failed"
    [drill] = production.shop.control.drills.list()
    assert drill.report["fault"] == "backup"
    assert drill.summary.startswith("healthy: the service ended before it answered")
    assert (drill.passed, drill.rto_seconds) == (False, None)
    assert leftovers(production) == []


def test_a_drill_says_that_the_build_is_gone(production: Recovery) -> None:
    """Where it cannot be made again from its commit either, the reason is the drill's outcome."""
    backup = production.shop.back_up()
    (production.shop.settings.home / "venvs" / "stand-in" / "venv" / "bin" / "python").unlink()
    run = production.drill(backup)
    assert run.status == "failed"
    [drill] = production.shop.control.drills.list()
    assert not drill.passed
    assert "forge.example" in drill.summary


def script(production: Recovery, text: str) -> None:
    """Change what the stand-in's code says is to be done to a copy."""
    path = production.shop.settings.home / "stand-in/base/data/neutralize.sql"
    path.write_text(path.read_text() + text)


def adopted(production: Recovery, owner_url: str, repository: Repository) -> Backup:
    """Return a backup of a production that is adopted: nobody knows which commit of this repository serves it."""
    backup = production.shop.back_up()
    with psycopg.connect(owner_url) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute("update ops.projects set repo_url = %s where id = %s", [repository.url, backup.project_id])
        owner.execute("update ops.backups set image_digest = null, git_sha = null where id = %s", [backup.id])
        owner.execute(
            "update ops.environments set is_adopted = true, status = 'adopted', url = null, port = null,"
            " database_name = null, image_digest = null, deployed_sha = null, deployed_run_id = null where id = %s",
            [backup.environment_id],
        )
    return backup


@pytest.fixture
def repository(production: Recovery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository whose commits run on the stand-in, as an image takes an Odoo to build."""

    def build_image(_: StepContext, source: Source) -> Build:
        build = load_build(production.shop.settings.home, IMAGE)
        return replace(build, digest="sha256:newer", addons_paths=source.addons_paths, source=source)

    monkeypatch.setattr(load, "build_image", build_image)
    made = Repository(tmp_path)
    newer = f"{NEUTRALIZE};\nupdate delivery_carrier set sandbox = true;"
    made.commit({"base/__manifest__.py": "{'name': 'Base'}", "base/data/neutralize.sql": newer})
    return made


def test_a_secret_that_cannot_be_scrubbed_does_not_end_a_drill(production: Recovery) -> None:
    """Nobody but the drill opens its copy, and the backup can be restored; the report names the column."""
    production.shop.data.execute(
        "create table vault (api_key text not null check (md5(api_key) = md5('k-12')));"
        " insert into vault values ('k-12')"
    )
    run = production.drill(production.shop.back_up())
    assert (run.status, run.error_message) == ("succeeded", None)
    [drill] = production.shop.control.drills.list()
    assert drill.passed
    assert list(drill.report["harmless"]["unscrubbed"]) == ["vault.api_key"]
    assert production.shop.control.incidents.list() == []


def test_a_copy_that_cannot_be_made_harmless_is_not_held_against_the_backup(production: Recovery) -> None:
    """Its data came back whole, and no Odoo is started on them; the incident says what is to be mended."""
    script(production, "update nothing set a = 1;")
    backup = production.shop.back_up()
    run = production.drill(backup)
    assert run.status == "failed"
    control = production.shop.control
    [drill] = control.drills.list()
    assert (drill.passed, drill.report["fault"]) == (False, "sanitising")
    assert drill.summary.startswith("the data came back whole, but the copy cannot be made harmless: base/data/neutral")
    assert {check["name"]: check["passed"] for check in drill.report["checks"]} == {
        "rows_complete": True,
        "files_complete": True,
        "left_out": True,
    }
    assert control.backups.get(backup.id).status == "verified"
    [incident] = control.incidents.list()
    assert incident.title == "The drill of shop/main cannot be finished"
    assert "base/data/neutralize.sql" in incident.description
    assert leftovers(production) == []


def test_a_newer_script_on_the_branch_of_an_adopted_production_fails_no_drill(
    production: Recovery, repository: Repository, database: str
) -> None:
    """Nobody knows which commit serves it, so the newest is taken, whose scripts may know more than the data have."""
    run = production.drill(adopted(production, database, repository))
    assert (run.status, run.error_message) == ("succeeded", None)
    [drill] = production.shop.control.drills.list()
    [skipped] = drill.report["harmless"]["skipped"]
    assert skipped.startswith('base/data/neutralize.sql, line 2: relation "delivery_carrier"')


def test_a_newer_commit_that_does_not_start_on_the_data_is_the_branch_s_fault(
    production: Recovery, repository: Repository, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup may well be restored where its own code serves it."""
    monkeypatch.setattr(healthy, "_GONE_SECONDS", 0.5)
    production.shop.data.execute("insert into sale_order (name) values ('BROKEN')")
    assert production.drill(adopted(production, database, repository)).status == "failed"
    control = production.shop.control
    [drill] = control.drills.list()
    assert drill.report["fault"] == "code"
    assert "nobody here knows which commit serves shop/main" in drill.summary
    [incident] = control.incidents.list()
    assert incident.title == "The drill of shop/main cannot be finished"


def test_a_later_drill_that_passes_ends_the_incidents_of_both_kinds(production: Recovery) -> None:
    """Of the backup that did not survive and of the drill that could not be finished."""
    path = production.shop.settings.home / "stand-in/base/data/neutralize.sql"
    kept = path.read_text()
    script(production, "update nothing set a = 1;")
    production.drill(production.shop.back_up())
    path.write_text(kept)
    backup = production.shop.back_up()
    production.shop.spoil(backup)
    production.drill(backup)
    control = production.shop.control
    assert [incident.status for incident in control.incidents.list()] == ["open", "open"]
    assert production.drill(production.shop.back_up()).status == "succeeded"
    assert {incident.status for incident in control.incidents.list()} == {"resolved"}


def test_what_a_killed_drill_leaves_is_taken_away(production: Recovery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not while its run works, and whole afterwards: database, role, service and folder."""
    seen: list[list[str]] = []

    def killed(*_: object, **__: object) -> None:
        seen.append(production.collect())
        monkeypatch.setattr("odooops_dagster.steps.recovery.drill_sandbox.DrillSandbox.take_away", lambda *_: None)
        raise KeyboardInterrupt

    backup = production.shop.back_up()
    with monkeypatch.context() as patched:
        patched.setattr(step, "check_attachment", killed)
        production.drill(backup)
    monkeypatch.undo()
    assert seen == [[]]
    [left] = left_behind(production.shop.settings.home)
    assert production.shop.databases.exists(left.name)
    assert f"drill {left.name}" in production.collect()
    assert leftovers(production) == []
    assert production.shop.databases.roles("ops_drill") == []


def test_a_drill_is_shown_with_its_production_and_holds_up_nobody_there(production: Recovery) -> None:
    """It has the production's partition, and not the tag of which one run at a time may work."""
    backup = production.shop.back_up()
    production.shop.control.backups.restore(backup.id, target_env=None, purpose="drill")
    asked = request(placed(production.shop.control, production.shop.claim()))
    assert (asked.job_name, asked.partition_key) == ("drill", "shop/main")
    assert ".dagster/ops.environment" not in asked.tags


def test_each_production_is_drilled_once_a_week(production: Recovery) -> None:
    """A newer backup does not ask again; the next week does, and the week begins where the people live."""
    control = production.shop.control

    def strike(now: datetime) -> list[str]:
        return [queued.partition_key for queued in control.clocks.queue_drills(now, time_zone="Europe/Berlin")]

    assert strike(_at("2026-02-11T12:00")) == []
    production.shop.back_up()
    now = datetime.now(ZoneInfo("Europe/Berlin")).replace(hour=12)
    assert strike(now) == ["shop/main"]
    assert strike(now) == []
    skipped = drills_due(dg.build_schedule_context(), control=control, settings=production.shop.settings)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "every production with a verified backup was drilled this week"
    run: Run = production.shop.claim()
    assert (run.kind, run.trigger, run.requested_by) == ("drill", "schedule", "schedule drills_due")
    production.execute(run)
    production.shop.back_up()
    assert strike(now) == []


@pytest.mark.parametrize(
    ("now", "time_zone", "is_due"),
    [
        ("2026-02-15T20:00:00+00:00", "Europe/London", True),  # Sunday evening
        ("2026-02-15T14:59:00+00:00", "Pacific/Auckland", False),  # Monday 03:59 there
        ("2026-02-15T15:00:00+00:00", "Pacific/Auckland", True),
        ("2027-01-01T12:00:00+01:00", "Europe/Berlin", True),  # a year that ends in the middle of a week
    ],
)
def test_weeks_are_those_of_the_time_zone(production: Recovery, now: str, time_zone: str, is_due: bool) -> None:
    """Monday's drill waits for the night's backup, which is taken where the people live."""
    production.shop.back_up()
    queued = production.shop.control.clocks.queue_drills(datetime.fromisoformat(now), time_zone=time_zone)
    assert [each.partition_key for each in queued] == (["shop/main"] if is_due else [])


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Berlin"))
