"""Zips that people bring and take: through the command line, the store and a run of kind backup."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import BadInput, Conflict, Forbidden, OdooOpsError
from odooops_dagster.model import Backup
from odooops_dagster.steps.recovery import zips as exchange
from tests.dagster.productions import Shop, known_to_ops, shop
from tests.json_forms import as_published
from tests.servers import PostgresServer

DATA = b"a picture"
SHA1 = hashlib.sha1(DATA, usedforsecurity=False).hexdigest()
SQL = (
    f"COPY public.ir_attachment (id, store_fname) FROM stdin;\n1\t{SHA1[:2]}/{SHA1}\n\\.\n"
    "COPY public.ir_module_module (name, state, latest_version) FROM stdin;\n"
    "base\tinstalled\t19.0.1.3\nsale\tinstalled\t19.0.1.2\n\\.\n"
    "-- PostgreSQL database dump complete\n"
)


@pytest.fixture
def production(
    control: ControlPlane,
    operator_url: str,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    """Yield a filled production that the command line finds."""
    with shop(control, postgres_server, tmp_path) as made:
        known_to_ops(monkeypatch, tmp_path, control_url=operator_url, server=postgres_server)
        yield made


def ops(*arguments: object, status: int = 0) -> Any:  # noqa: ANN401 - whatever the command prints
    """Run the command and return the JSON it printed."""
    result = CliRunner().invoke(build_app(("backup",)), ["backup", *map(str, arguments), "--json"])
    if isinstance(result.exception, OdooOpsError):
        raise result.exception
    assert result.exit_code == status, result.output
    return as_published(("backup", str(arguments[0])), result.stdout)


def theirs(folder: Path, *, sql: str = SQL) -> Path:
    """Write a zip as Odoo does."""
    path = folder / "theirs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dump.sql", sql)
        archive.writestr(f"filestore/{SHA1[:2]}/{SHA1}", DATA)
    return path


def kept(production: Shop) -> list[str]:
    """Return the keys of the zips in the store."""
    return [found.key for found in production.store.list("imports/")]


def imported(production: Shop, path: Path, *options: str) -> Backup:
    """Bring the zip and make the backup."""
    told = ops("import", "shop", "main", path, *options)
    production.execute(production.claim())
    return next(found for found in production.control.backups.list() if str(found.id) == told["backup"])


def test_a_zip_that_is_brought_becomes_a_verified_backup(production: Shop, tmp_path: Path) -> None:
    """It stands among the environment's backups with the time of its dump, and the store keeps no copy of the zip."""
    backup = imported(production, theirs(tmp_path))
    assert (backup.status, backup.label, backup.stage) == ("verified", "imported from theirs.zip", "production")
    assert (backup.database_name, backup.odoo_version) == ("theirs", "19.0")
    assert backup.metadata["row_count"] == 3
    assert kept(production) == []
    again = tmp_path / "again.zip"
    done = ops("export", backup.id, again)
    assert done["files"] == 1
    with zipfile.ZipFile(again) as archive:
        assert archive.read("dump.sql").decode() == SQL


def test_a_zip_may_be_the_first_that_an_environment_has(production: Shop, tmp_path: Path) -> None:
    """Who moves here brings the data before anything was deployed."""
    production.control.environments.ensure(production.project.id, branch="moved", stage="staging")
    told = ops("import", "shop", "moved", theirs(tmp_path))
    assert "is not known" in told["objections"][-1]
    production.execute(production.claim())
    [backup] = production.control.backups.list()
    assert (backup.status, backup.stage, backup.git_sha) == ("verified", "staging", None)


def test_a_dry_run_tells_and_brings_nothing(production: Shop, tmp_path: Path) -> None:
    """The module that this production's Odoo does not know is named."""
    told = ops("import", "shop", "main", theirs(tmp_path), "--dry-run")
    assert told["modules"] == {"base": "19.0.1.3", "sale": "19.0.1.2"}
    assert told["objections"] == ["the project's build has no code of 1 installed module(s): sale"]
    assert kept(production) == []
    assert production.control.backups.list() == []


def test_a_zip_that_is_refused_is_not_brought(production: Shop, tmp_path: Path) -> None:
    """The person reads what is wrong with it at once."""
    with pytest.raises(BadInput, match="has no end"):
        ops("import", "shop", "main", theirs(tmp_path, sql="select 1;"))
    assert kept(production) == []


def test_the_next_attempt_finds_the_zip_where_it_was(
    production: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that was killed while it unpacked costs its time and nothing else."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    told = ops("import", "shop", "main", theirs(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(exchange, "import_zip", killed)
        production.execute(production.claim())
    assert len(kept(production)) == 1
    production.execute(production.claim())
    [backup] = production.control.backups.list()
    assert (str(backup.id), backup.status) == (told["backup"], "verified")


def test_a_zip_that_was_changed_in_the_store_is_not_imported(production: Shop, tmp_path: Path) -> None:
    """What the person looked at is what is imported, or nothing is."""
    told = ops("import", "shop", "main", theirs(tmp_path))
    [key] = kept(production)
    other = theirs(tmp_path, sql=SQL.replace("sale", "crm"))
    production.store.put(key, production.repository.sealer.seal(other.read_bytes(), label=key))
    run = production.claim()
    production.execute(run)
    [backup] = production.control.backups.list()
    assert (str(backup.id), backup.status) == (told["backup"], "failed")
    assert "its hash is another" in str(production.control.runs.get(run.id).error_message)


def test_a_run_reads_no_other_object_of_the_store(production: Shop) -> None:
    """Whoever may ask for a backup writes its config, so it names a zip of its own project or none."""
    for name in ("../../backups/other/manifests/x", "2026010100-" + "0" * 15, None):
        told = {"name": name, "file_name": "x", "database_name": "x", "pieces": 1, "sha256": ""}
        config = {"import": told | {"taken_at": "2026-01-01"}}
        production.control.backups.create(production.project.id, env="main", config=config)
        run = production.claim()
        production.execute(run)
        assert "names no zip in the store" in str(production.control.runs.get(run.id).error_message)


def test_zips_whose_runs_came_to_nothing_go_after_a_week(production: Shop, tmp_path: Path) -> None:
    """One that still waits for its run stays, however old it is."""
    ops("import", "shop", "main", theirs(tmp_path))
    [key] = kept(production)
    production.store.put("imports/shop/2026010100-0123456789abcdef/000000", b"left behind")
    production.store.put("imports/shop/notes.txt", b"somebody's own")
    later = datetime.now(UTC) + timedelta(days=30)
    gone = exchange.remove_old_zips(production.control, production.store, now=later)
    assert gone == ["imports/shop/2026010100-0123456789abcdef/000000"]
    assert kept(production) == [key, "imports/shop/notes.txt"]


def test_only_a_verified_backup_is_exported(production: Shop, tmp_path: Path) -> None:
    """And a file that is there stays."""
    waiting = production.ask()
    with pytest.raises(Conflict, match="pending, not verified"):
        ops("export", waiting.id, tmp_path / "out.zip")
    production.execute(production.claim())
    (tmp_path / "out.zip").write_bytes(b"precious")
    with pytest.raises(Conflict, match="is there already"):
        ops("export", waiting.id, tmp_path / "out.zip")
    assert ops("export", waiting.id, tmp_path / "out.zip", "--force")["files"] == 30
    assert zipfile.ZipFile(tmp_path / "out.zip").testzip() is None


def test_who_may_not_restore_may_not_export(
    production: Shop, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer sees that there is a backup, and production's data stay where they are."""
    backup = production.back_up()
    for role in ("developer", "sre"):
        monkeypatch.setenv("ODOOOPS_DATABASE_URL", f"{database}?options=-c%20role%3D{role}")
        if role == "developer":
            with pytest.raises(Forbidden, match="you may not restore"):
                ops("export", backup.id, tmp_path / "out.zip")
            assert not (tmp_path / "out.zip").exists()
    assert ops("export", backup.id, tmp_path / "out.zip")["files"] == 30


def test_an_export_is_put_on_the_environments_record(production: Shop, database: str, tmp_path: Path) -> None:
    """Who took production's data out of the platform can be asked later."""
    backup = production.back_up()
    ops("export", backup.id, tmp_path / "out.zip")
    with psycopg.connect(database) as connection:
        [(event, payload)] = connection.execute(
            "select event, payload from ops.environment_events where environment <> 'project'"
        ).fetchall()
    assert event == "backup_exported"
    assert payload["rationale_structured"]["backup_id"] == str(backup.id)
