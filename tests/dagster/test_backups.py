"""The backup job over a real database, a real folder of files and a real control plane."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.control.logs import PROGRESS
from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Backup, LogLine
from odooops_dagster.steps.core.progress import Meter, Reading
from odooops_dagster.steps.recovery import backup as step
from odooops_dagster.steps.recovery.verify import verify_again
from odooops_dagster.tools.backup.logs import log_blocks, logs_of
from odooops_dagster.tools.backup.manifest import VERSION
from odooops_dagster.tools.backup.quarantine import quarantined
from odooops_dagster.tools.backup.repositories import manifest_key
from odooops_dagster.tools.backup.repository_lock import lock_repository
from odooops_dagster.tools.store import FolderStore, Source, StoredObject
from odooops_dagster.wording import rate_text, size_text
from tests.dagster.productions import IMAGE, SHA, Shop, shop
from tests.dagster.world import fence_of
from tests.servers import PostgresServer


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Shop]:
    """Yield a filled production."""
    with shop(control, postgres_server, tmp_path) as made:
        yield made


class Killed(KeyboardInterrupt):
    """The process is told to end, as a shutdown does."""


def killed(*_: object, **__: object) -> None:
    """End here."""
    raise Killed


def checks(production: Shop, run_id: object) -> dict[str, dict[str, Any]]:
    """Return the run's checks by name."""
    return {row["name"]: row for row in production.control.checks.list(run_id)}  # type: ignore[arg-type]


def relied_on_blindly(production: Shop, backup: Backup) -> frozenset[str]:
    """Return the objects of the backup that were found damaged and not read back whole since."""
    manifest = production.repository.manifest(str(manifest_key(backup)))
    return quarantined(production.repository) & manifest.objects.keys()


def test_a_backup_is_good_once_the_store_gave_it_back(production: Shop) -> None:
    """Its row tells what it holds, its run what was asked of it."""
    made = production.back_up(label="before the fair")
    assert (made.status, made.label, made.git_sha, made.image_digest) == ("verified", "before the fair", SHA, IMAGE)
    assert (made.odoo_version, made.metadata["modules"]) == ("19.0", {"base": "19.0.1.3"})
    assert made.metadata["row_count"] > 2000
    assert made.size_bytes
    assert made.stored_bytes
    assert made.verified_at
    manifest = production.repository.manifest(str(manifest_key(made)))
    assert (manifest.sha256, manifest.facts["project"]) == (made.manifest_sha256, "shop")
    run = production.control.runs.get(made.run_id)  # type: ignore[arg-type]
    assert run.status == "succeeded"
    assert {name: row["passed"] for name, row in checks(production, run.id).items()} == {
        "backup_verified": True,
        "filestore_complete": True,
        "left_out": True,
        "attachments_elsewhere": True,
    }
    [lineage] = production.control.lineage.list(run.id)
    assert (lineage["asset_key"], lineage["data_version"]) == ("backup", manifest.sha256)
    [report] = production.control.artifacts.list(run.id)
    assert report["artifact_key"] == "backup-verification.json"


def test_a_second_backup_stores_only_what_is_new(production: Shop) -> None:
    """What production did not change costs the store next to nothing."""
    first = production.back_up()
    production.data.attach(b"a new file")
    second = production.back_up()
    assert second.status == "verified"
    assert (second.stored_bytes or 0) < (first.stored_bytes or 0) / 4


def test_with_a_key_the_store_sees_nothing_of_what_it_keeps(production: Shop) -> None:
    """Neither the rows of the dump nor the name of a table, in no object and no manifest."""
    key = base64.b64encode(bytes(range(32))).decode()
    sealed = replace(production, settings=production.settings.model_copy(update={"backup_key": SecretStr(key)}))
    production.data.attach(b"the text of a letter " * 100)
    made = sealed.back_up()
    assert made.status == "verified"
    kept = [found.key for found in production.store.list(sealed.repository.prefix)]
    assert len(kept) > 3
    for name in kept:
        data = production.store.get(name)
        assert b"sale_order" not in data
        assert b"the text of a letter" not in data
        assert data.startswith(b"OOE1")


def test_an_attempt_that_was_killed_after_storing_is_read_back_by_the_next(
    production: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt dumps nothing: what was stored is what is verified."""
    asked = production.ask()
    first = production.claim()
    with monkeypatch.context() as patch:
        patch.setattr(step, "read_back", killed)
        production.execute(first)
    stored = production.control.backups.get(asked.id)
    assert (stored.status, production.control.runs.get(first.id).status) == ("stored", "queued")
    production.execute(production.claim())
    made = production.control.backups.get(asked.id)
    assert (made.status, made.attempt, made.taken_at) == ("verified", 2, stored.taken_at)
    assert made.manifest_sha256 == stored.manifest_sha256
    assert len(production.repository.manifests()) == 1


def test_an_attempt_that_was_killed_after_verifying_is_only_ended_by_the_next(
    production: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is dumped or read a second time."""
    asked = production.ask()
    with monkeypatch.context() as patch:
        patch.setattr("assets.backup.checks", killed)
        production.execute(production.claim())
    monkeypatch.setattr(step, "read_back", killed)
    monkeypatch.setattr(step, "create", killed)
    again = production.claim()
    production.execute(again)
    assert production.control.runs.get(again.id).status == "succeeded"
    assert production.control.backups.get(asked.id).status == "verified"
    assert checks(production, again.id)["backup_verified"]["passed"]


def test_an_attempt_that_was_killed_before_its_row_knew_of_the_manifest_is_taken_up(
    production: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the store has is found there: one manifest comes of two attempts."""
    asked = production.ask()
    with monkeypatch.context() as patch:
        patch.setattr(step, "StoredBackup", killed)
        production.execute(production.claim())
    assert production.control.backups.get(asked.id).status == "running"
    [key] = production.repository.manifests()
    production.execute(production.claim())
    made = production.control.backups.get(asked.id)
    assert (made.status, manifest_key(made)) == ("verified", key)
    assert production.repository.manifests() == [key]


def test_a_manifest_that_is_lost_between_two_attempts_is_made_again(
    production: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that says stored is not believed over the store."""
    asked = production.ask()
    with monkeypatch.context() as patch:
        patch.setattr(step, "read_back", killed)
        production.execute(production.claim())
    [key] = production.repository.manifests()
    production.repository.forget(key)
    production.execute(production.claim())
    assert production.control.backups.get(asked.id).status == "verified"


class Careless(FolderStore):
    """A store that says it kept what it did not keep as it was."""

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Keep a byte of an object wrong."""
        if "/objects/" in key and isinstance(source, bytes) and len(source) > 10_000:
            source = source[:5000] + bytes([source[5000] ^ 1]) + source[5001:]
        return super().put(key, source, content_type=content_type)


def test_a_store_that_keeps_something_else_is_found_out(production: Shop, tmp_path: Path) -> None:
    """The upload's answer proves nothing: the backup fails, named in its row, and the next one mends the store."""
    asked = production.ask()
    run = production.claim()
    production.execute(run, store=Careless(tmp_path / "store"))
    failed = production.control.backups.get(asked.id)
    assert failed.status == "failed"
    assert re.search("object .*[0-9a-f]{64} (is damaged|does not hash to its name)", str(failed.error_message))
    ended = production.control.runs.get(run.id)
    assert ended.status == "failed"
    assert "the store does not hold what was written" in str(ended.error_message)
    assert not checks(production, run.id)["backup_verified"]["passed"]
    assert quarantined(production.repository)
    mended = production.back_up()
    assert mended.status == "verified"
    assert not relied_on_blindly(production, mended)


def test_damage_in_an_object_that_backups_share_is_found_by_the_next_and_mended_by_the_one_after(
    production: Shop,
) -> None:
    """A flipped bit fails the backup that met it and the older ones that need the object."""
    first = production.back_up()
    name = production.spoil(first)
    second = production.back_up()
    assert second.status == "failed"
    assert name in str(second.error_message)
    assert quarantined(production.repository) == {name}
    spoilt = production.control.backups.get(first.id)
    assert spoilt.status == "failed"
    assert str(second.id) in str(spoilt.error_message)
    third = production.back_up()
    assert third.status == "verified"
    assert not relied_on_blindly(production, third)


def test_a_file_that_production_lost_is_told_and_stops_nothing(production: Shop) -> None:
    """The backup is no worse than production: a warning names the file, lost or altered."""
    lost, altered = production.data.attach(b"lost"), production.data.attach(b"as it was")
    (production.data.folder / lost).unlink()
    (production.data.folder / altered).write_bytes(b"as it is")
    made = production.back_up()
    assert made.status == "verified"
    check = checks(production, made.run_id)["filestore_complete"]
    assert (check["passed"], check["blocking"]) == (False, False)
    assert lost in check["summary"]
    assert altered in check["summary"]


def test_a_file_that_production_lost_since_the_last_backup_is_brought_along(production: Shop) -> None:
    """The last backup still has it, and the warning says so."""
    name = production.data.attach(b"kept only there")
    production.back_up()
    (production.data.folder / name).unlink()
    made = production.back_up()
    assert f"lost but in an earlier backup: {name}" in checks(production, made.run_id)["filestore_complete"]["summary"]


def test_attachments_in_an_object_store_are_counted_and_policy_decides(production: Shop) -> None:
    """Nobody lost them: the backup says how many it does not hold, and is good unless policy says otherwise."""
    production.data.execute(
        "insert into ir_attachment (name, store_fname)"
        " values ('a', 's3://bucket/a'), ('b', 's3://bucket/b'), ('c', 'my_store://c d'), ('d', 's3://bucket/a')"
    )
    made = production.back_up()
    assert (made.status, made.metadata["elsewhere_count"], made.metadata["missing_count"]) == ("verified", 3, 0)
    found = checks(production, made.run_id)
    assert found["filestore_complete"]["passed"]
    elsewhere = found["attachments_elsewhere"]
    assert (elsewhere["passed"], elsewhere["blocking"]) == (False, False)
    assert "3 attachment(s) are in an object store" in elsewhere["summary"]
    assert "my_store: 1, s3: 2" in elsewhere["summary"]
    production.control.policies.set(
        production.project.id, policy_type="backup", rules={"attachments_elsewhere_fatal": True}
    )
    refused = production.back_up()
    assert refused.status == "failed"
    assert "3 attachment(s) are in an object store" in str(refused.error_message)


def test_a_backup_holds_the_logs_of_its_environment(production: Shop) -> None:
    """Of every run of it, and what its Odoo wrote; those of another environment are not among them."""
    folder = names.environment_folder(production.settings.home, production.environment) / "logs"
    folder.mkdir(parents=True)
    (folder / "env-1.log").write_text("1970-01-01 INFO shop odoo: hello\n")
    (folder / "env-1.log.1").write_text("older\n")
    (folder.parent / "env-1.conf").write_text("db_password = secret\n")
    run = production.claim() if production.ask() else None
    assert run is not None
    fence = fence_of(run)
    production.control.runs.start(fence)
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    lines = [LogLine(level="info", message=f"line {number}\nand more", logged_at=at) for number in range(3)]
    production.control.logs.append(fence, lines)
    production.control.runs.complete(fence, exit_code=1)
    other = production.control.environments.ensure(production.project.id, branch="feature/x")
    production.control.runs.queue(production.project.id, env=other.name, git_sha=SHA, ref="refs/heads/feature/x")
    stray = production.claim()
    production.control.runs.start(fence_of(stray))
    production.control.logs.append(fence_of(stray), [LogLine(level="info", message="of another")])
    production.control.runs.complete(fence_of(stray), exit_code=0)
    made = production.back_up()
    manifest = production.repository.manifest(str(manifest_key(made)))
    found = {
        file.name: b"".join(log_blocks(production.repository, manifest, file))
        for file in logs_of(production.repository, manifest)
    }
    assert found == {
        "odoo/env-1.log": b"1970-01-01 INFO shop odoo: hello\n",
        "odoo/env-1.log.1": b"older\n",
        f"runs/{run.run_number}-backup.log": b"".join(
            b"2026-01-01T12:00:00+00:00 info  line %d\nand more\n" % number for number in range(3)
        ),
    }


class Down(FolderStore):
    """A store that does not answer."""

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Fail."""
        del source, content_type
        raise Unavailable(f"{key}: the store answers 503", hint="try again later")


def test_a_store_that_is_down_fails_the_run_and_the_backup(production: Shop, tmp_path: Path) -> None:
    """The reason is in both rows."""
    asked = production.ask()
    run = production.claim()
    production.execute(run, store=Down(tmp_path / "store"))
    assert "the store answers 503" in str(production.control.runs.get(run.id).error_message)
    failed = production.control.backups.get(asked.id)
    assert failed.status == "failed"
    assert "the store answers 503" in str(failed.error_message)


def test_a_backup_waits_while_objects_are_collected(production: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not fail for that: the collector is soon done."""
    collecting = lock_repository(production.repository, "collecting", "c1")
    collecting.__enter__()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        collecting.__exit__(None, None, None)

    monkeypatch.setattr("odooops_dagster.steps.recovery.backup.time.sleep", pause)
    assert production.back_up().status == "verified"
    assert len(pauses) == 1


def test_an_environment_without_data_says_so(production: Shop) -> None:
    """There is nothing to back up before the first deployment."""
    production.control.environments.ensure(production.project.id, branch="feature/x")
    asked = production.control.backups.create(production.project.id, env="feature/x")
    run = production.claim()
    production.execute(run)
    assert "was never deployed" in str(production.control.runs.get(run.id).error_message)
    assert production.control.backups.get(asked.id).status == "failed"


def test_the_log_tells_how_much_and_how_fast(production: Shop) -> None:
    """A line for what was stored and one for what was read back; more only while it takes long."""
    production.ask()
    run = production.claim()
    result = production.execute(run)
    lines = [entry.user_message for entry in production.instance.all_logs(result.run_id) if entry.level == logging.INFO]
    assert any(line.startswith("stored: ") and "/s; " in line for line in lines)
    assert any(line.startswith("read back: ") for line in lines)
    assert not production.control.logs.tail(run.id)


def test_the_meter_writes_a_line_now_and_then(production: Shop) -> None:
    """A hundred steps in ten seconds are a handful of lines, which programs can read."""
    production.ask()
    run = production.claim()
    now = [0.0]
    fence = fence_of(run)
    production.control.runs.start(fence)
    meter = Meter(production.control.logs, fence, clock=lambda: now[0])
    for done in range(101):
        now[0] = done / 10
        meter("database", done * 1_000_000, None)
    lines = [line for line in production.control.logs.tail(run.id) if PROGRESS in line["metadata"]]
    assert 4 <= len(lines) <= 5
    assert lines[0]["metadata"][PROGRESS]["rate"] == pytest.approx(10_000_000, rel=0.1)
    assert lines[0]["message"].startswith("database: ")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (2_500_000_000, "2.5 GB"),
    ],
)
def test_sizes_are_written_as_people_read_them(size: int, text: str) -> None:
    """Never a thousand of a unit."""
    assert size_text(size) == text


def test_a_rate_without_time_is_no_error() -> None:
    """What took no time at all still has a line."""
    assert rate_text(0, 0.0) == "0 B in 0.0 s, 0 B/s"
    assert str(Reading(what="x", done=5, whole=10, bytes_per_second=1)) == "x: 5 B of 10 B, 1 B/s"


def test_a_backup_of_a_later_format_gets_its_verdict_in_the_row(production: Shop) -> None:
    """This version cannot restore it, and its row says why; a later version that reads it says otherwise."""
    made = production.back_up()
    repository, key = production.repository, str(manifest_key(made))
    text = repository.manifest(key).to_bytes()
    later = text.replace(f'"version":{VERSION}'.encode(), f'"version":{VERSION + 1}'.encode())
    production.store.put(repository.prefix + key, repository.sealer.seal(later, label=key))
    found = verify_again(production.control, repository, made, programs=production.data.programs)
    assert found.backup.status == "failed"
    assert f"format version {VERSION + 1}" in str(found.backup.error_message)
    production.store.put(repository.prefix + key, repository.sealer.seal(text, label=key))
    assert verify_again(production.control, repository, made, programs=production.data.programs).fault is None
    assert production.control.backups.get(made.id).status == "verified"
