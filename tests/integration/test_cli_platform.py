"""`ops platform confirm` on a real control plane whose store of backups answers, or does not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.encryption import new_key
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repositories import repository_of
from odooops_dagster.tools.store.configured import store_of
from tests.command_line import CommandLine


@pytest.fixture
def ops(
    control: ControlPlane, database: str, operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """The command line over a record that came from a backup, with one project."""
    for name, value in {
        "DATABASE_URL": operator_url,
        "HOME": str(tmp_path),
        "BACKUP_KEY": new_key(),
        "STORE_URL": (tmp_path / "store").as_uri(),
        "MIRROR_URL": (tmp_path / "mirror").as_uri(),
    }.items():
        monkeypatch.setenv(f"ODOOOPS_{name}", value)
    monkeypatch.setenv("LOGNAME", "ada")
    project = control.projects.create("shop", repo_url="https://x.example/a.git", odoo_version="19.0")
    control.environments.ensure(project.id, branch="feature/a")
    with ControlPlane(database) as owner:
        owner.plane.settle_restored("b1", taken_at=datetime.now(UTC), has_databases=True)
    return CommandLine("platform")


def store_one() -> UUID:
    """Put a backup into the store of which no record knows."""
    settings, backup_id = Settings(), uuid4()
    draft = Manifest.draft(
        str(backup_id),
        taken_at=datetime.now(UTC) - timedelta(hours=1),
        database_name="ops_x",
        dump_format="custom",
    )
    facts = {"project": "shop", "environment": "feature/a", "stage": "development", "odoo_version": "19.0"}
    facts |= {"git_sha": "a" * 40}
    manifest = replace(draft, facts={**facts, "image_digest": None, "label": None})
    repository_of(store_of(settings), settings, "shop").write_manifest(manifest)
    return backup_id


def test_a_store_that_does_not_answer_is_a_doubt_and_no_obstacle(
    ops: CommandLine, control: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person confirms nevertheless; told again when the store answers, what lies there is taken up and verified."""
    backup_id = store_one()
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "MAX_ATTEMPTS": "1", "REGION": "x"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    folder = Settings().store_url
    monkeypatch.setenv("ODOOOPS_STORE_URL", "s3://backups")
    monkeypatch.setenv("ODOOOPS_STORE_ENDPOINT_URL", "http://127.0.0.1:1")
    asked = ops("platform", "confirm", answer="n\n", status=1)
    assert "not taken up: shop: nobody knows which of its backups are not on the record" in asked.stderr
    assert control.plane.is_unconfirmed()
    ops("platform", "confirm", "--yes")
    assert not control.plane.is_unconfirmed()
    assert control.backups.list() == []
    monkeypatch.setenv("ODOOOPS_STORE_URL", folder)
    for _ in range(2):
        ops("platform", "confirm")
    assert [(each.id, each.status) for each in control.backups.list()] == [(backup_id, "stored")]
    assert [run.kind for run in control.runs.list()] == ["verify"], "told twice, it is read back once"


def test_what_is_found_is_verified_before_the_person_confirms(ops: CommandLine, control: ControlPlane) -> None:
    """A kill between the two would leave it unverified for ever: nothing asks again."""
    store_one()
    ops("platform", "confirm", answer="n\n", status=1)
    assert control.plane.is_unconfirmed()
    assert [run.kind for run in control.runs.list()] == ["verify"]


def test_a_backup_that_only_the_mirror_holds_is_named(ops: CommandLine, control: ControlPlane, tmp_path: Path) -> None:
    """It is not taken up, because verification reads the store; copied there, it is."""
    backup_id = store_one()
    (tmp_path / "store").rename(tmp_path / "mirror")
    asked = ops("platform", "confirm", answer="n\n", status=1)
    assert f"-{backup_id} is in the mirror alone: copy backups/shop/ from there into the store" in asked.stderr
    assert control.backups.list() == []
    shutil.copytree(tmp_path / "mirror", tmp_path / "store", dirs_exist_ok=True)
    ops("platform", "confirm", "--yes")
    assert [each.id for each in control.backups.list()] == [backup_id]
