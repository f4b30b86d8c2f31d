"""Restores: the data of a backup take over whole, what served before is kept, and nothing is half done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from odooops_dagster import home as names
from odooops_dagster.checks import healthy
from odooops_dagster.control import ControlPlane
from odooops_dagster.control.backups import Backups
from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Backup, DatabaseAccess, Restore
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.recovery import restore as step
from odooops_dagster.steps.recovery.load import Stored, load_backup
from odooops_dagster.tools.backup.schema_load import Loaded
from odooops_dagster.tools.postgres.connections import conninfo
from tests.dagster.recoveries import Recovery, recovery
from tests.servers import PostgresServer


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Recovery]:
    """Yield a production that serves."""
    with recovery(control, postgres_server, tmp_path) as made:
        made.serve()
        yield made


@pytest.fixture
def backup(production: Recovery) -> Backup:
    """Return a backup of 2000 orders, after which half of them and all files were lost."""
    made = production.shop.back_up()
    assert made.status == "verified"
    production.shop.data.execute("delete from sale_order where id > 1000")
    for path in files(production):
        path.unlink()
    return made


def files(production: Recovery) -> list[Path]:
    """Return the files of the filestore that serves."""
    return sorted(path for path in production.files.rglob("*") if path.is_file())


def databases(production: Recovery) -> set[str]:
    """Return the databases of the environment."""
    return set(production.shop.databases.list(names.DATABASE_PREFIX))


def test_a_restore_takes_over_and_what_it_replaced_can_serve_again(production: Recovery, backup: Backup) -> None:
    """People see the old data at the same address; the way back is one swap."""
    before = production.environment
    done = production.restore(backup)
    assert (done.status, done.error_message, done.previous_database_name) == ("succeeded", None, before.database_name)
    after = production.environment
    assert (after.database_name, after.url, after.image_digest) == (done.database_name, before.url, before.image_digest)
    assert production.orders() == 2000
    assert len(files(production)) == 30
    assert done.keep_previous_until is not None
    assert timedelta(hours=23) < done.keep_previous_until - datetime.now(UTC) < timedelta(hours=25)
    assert production.collect() == []
    run = production.undo(done)
    assert (run.status, run.error_message) == ("succeeded", None)
    assert production.environment.database_name == before.database_name
    assert production.collect() == []
    again = production.undo(done)
    assert again.status == "failed"
    assert "which that restore did not make" in str(again.error_message)


def test_what_was_replaced_goes_when_its_time_is_over(
    production: Recovery, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its database and its files, an hour after nobody may ask for it any more, and nothing that serves."""
    production.shop.control.policies.set(
        production.environment.project_id, policy_type="clone", rules={"keep_previous_hours": 0}
    )
    replaced = str(production.restore(backup).database_name)
    folder = production.files
    done = production.restore(backup)
    assert "is gone" in str(production.undo(done).error_message)
    assert production.collect() == []
    monkeypatch.setattr(step, "_GRACE", timedelta())
    assert production.collect() == [f"database {replaced}"]
    assert replaced not in databases(production)
    assert not folder.exists()
    assert (production.orders(), len(files(production))) == (2000, 30)


def test_a_build_that_does_not_answer_changes_nothing(production: Recovery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old database serves on, and what was restored is gone."""
    monkeypatch.setattr(healthy, "_GONE_SECONDS", 0.5)
    production.shop.data.execute("insert into sale_order (name) values ('BROKEN')")
    backup = production.shop.back_up()
    production.shop.data.execute("delete from sale_order where name = 'BROKEN'")
    before, there = production.environment, databases(production)
    done = production.restore(backup)
    assert (done.status, done.database_name) == ("failed", None)
    assert str(done.error_message).startswith("healthy: the service ended before it answered")
    assert production.environment == before
    assert databases(production) == there
    assert production.orders() == 2000
    assert [status.name for status in production.runtime.status()] == [names.service_name(before)]


@pytest.mark.parametrize("stop", [Unavailable("the control plane does not answer"), KeyboardInterrupt()], ids=repr)
def test_what_serves_keeps_its_files_though_the_restore_did_not_hear_of_it(
    production: Recovery, backup: Backup, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    """The swap is on the record and its answer is lost, or the run is cancelled just then."""
    swap = Backups.swap

    def swap_and_stop(self: Backups, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 -- passed on
        swap(self, *arguments, **named)
        raise stop

    monkeypatch.setattr(Backups, "swap", swap_and_stop)
    before = production.environment.database_name
    with suppress(KeyboardInterrupt):
        production.restore(backup)
    assert production.environment.database_name != before
    assert production.orders() == 2000
    assert len(files(production)) == 30


def test_a_spoilt_backup_is_not_restored(production: Recovery, backup: Backup) -> None:
    """The object is named, and the environment is as it was."""
    spoilt = production.shop.spoil(backup)
    before, there = production.environment, databases(production)
    done = production.restore(backup)
    assert done.status == "failed"
    assert spoilt in str(done.error_message)
    assert (production.environment, databases(production), production.orders()) == (before, there, 1000)
    assert list(production.files.parent.iterdir()) == [production.files]


def test_rows_that_did_not_come_back_stop_a_restore(
    production: Recovery, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is named; nothing that lost a row takes over."""

    def forgetful(ctx: StepContext, stored: Stored, access: DatabaseAccess, folder: Path, **options: Any) -> Loaded:  # noqa: ANN401 - passed on
        loaded = load_backup(ctx, stored, access, folder, **options)
        with psycopg.connect(conninfo(access)) as connection:
            connection.execute("delete from sale_order where id = 7")
        return loaded

    monkeypatch.setattr(step, "load_backup", forgetful)
    before, there = production.environment, databases(production)
    done = production.restore(backup)
    assert done.status == "failed"
    assert done.error_message == ("rows_complete: 1 table(s) differ: public.sale_order: 1999 rows instead of 2000 rows")
    assert (production.environment, databases(production), production.orders()) == (before, there, 1000)


def test_only_the_database_leaves_the_files_as_they_are(production: Recovery, backup: Backup) -> None:
    """What was attached since is kept, what was lost stays lost and is counted."""
    kept = production.shop.data.attach(b"attached since")
    done = production.restore(backup, only="database")
    assert done.status == "succeeded"
    assert production.orders() == 2000
    assert [path.relative_to(production.files).as_posix() for path in files(production)] == [kept]
    assert "30 file(s) are not in the filestore" in done.report["checks"]["files_complete"]


def test_only_the_filestore_mends_what_is_missing_or_damaged(production: Recovery) -> None:
    """Nothing is deleted, no row changes, and what serves goes on."""
    backup = production.shop.back_up()
    missing, damaged, *_ = files(production)
    wanted = damaged.read_bytes()
    missing.unlink()
    damaged.write_bytes(b"x" * len(wanted))
    since = production.shop.data.attach(b"attached since")
    production.shop.data.execute("delete from sale_order where id > 1000")
    before, pid = production.environment, production.runtime.status()[0].pid
    done = production.restore(backup, only="filestore")
    assert (done.status, done.previous_database_name) == ("succeeded", None)
    assert done.report["files"] == "1 missing and 1 damaged file(s) of 30 brought back"
    assert missing.is_file()
    assert damaged.read_bytes() == wanted
    assert (production.files / since).is_file()
    assert (production.environment, production.orders()) == (before, 1000)
    assert production.runtime.status()[0].pid == pid


def test_a_staging_is_restored_into_a_new_environment(production: Recovery, postgres_server: PostgresServer) -> None:
    """An environment that never ran begins with what was restored; nothing is replaced, so nothing is kept."""
    backup = production.back_up_staging(postgres_server)
    control = production.shop.control
    made = control.environments.ensure(production.shop.project.id, branch="restored/1", stage="staging")
    asked = control.backups.restore(backup.id, target_env=made.name)
    assert asked.purpose == "restore"
    production.execute(production.shop.claim())
    done = control.backups.get_restore(asked.id)
    assert (done.status, done.error_message, done.previous_database_name) == ("succeeded", None, None)
    assert production.orders(control.environments.by_id(made.id)) == 500
    assert done.keep_previous_until is None


def test_a_part_that_is_not_known_is_refused(production: Recovery, backup: Backup) -> None:
    """A word that was mistyped restores nothing."""
    done: Restore = production.restore(backup, only="files")
    assert (done.status, production.orders()) == ("failed", 1000)
    assert "'files' is not known" in str(done.error_message)
