"""`ops backup restore`, `ops backup undo` and `ops drill` on a real control plane and a real production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.model import Backup
from tests.command_line import CommandLine
from tests.dagster.recoveries import Recovery, recovery
from tests.servers import PostgresServer


@pytest.fixture
def ops(operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database and state folder."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "ada")
    return CommandLine("backup", "drill")


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Recovery]:
    """A production that serves."""
    with recovery(control, postgres_server, tmp_path) as made:
        made.serve()
        yield made


@pytest.fixture
def backup(production: Recovery) -> Backup:
    """A backup of the production."""
    return production.shop.back_up()


def test_a_restore_in_place_says_what_it_does_and_can_be_taken_back(
    ops: CommandLine, production: Recovery, backup: Backup
) -> None:
    """Nothing happens without consent; the way back is offered while the old database is there."""
    before = str(production.environment.database_name)
    with pytest.raises(NotFound, match="no restore of shop/main can be taken back"):
        ops("backup", "undo", "shop", "main", "--yes")
    asked = ops("backup", "restore", str(backup.id)[:8], "--to", "main", answer="n\n", status=1)
    assert f"{before} is kept for 24 h" in asked.stderr
    assert production.shop.control.backups.restores() == []
    told = ops.json("backup", "restore", str(backup.id), "--to", "main", "--yes")
    assert (told["env"], told["purpose"], told["status"], told["requested_by"]) == (
        "shop/main", "restore", "pending", "ada",
    )  # fmt: skip
    production.execute(production.shop.claim())
    assert production.environment.database_name != before
    run = ops.json("backup", "undo", "shop", "main", "--yes")
    assert (run["kind"], run["requested_by"]) == ("restore", "ada")
    production.execute(production.shop.claim())
    assert production.environment.database_name == before


def test_without_a_target_a_new_environment_is_made(ops: CommandLine, production: Recovery, backup: Backup) -> None:
    """Production's data go there as a clone, never as they are."""
    told = ops.json("backup", "restore", str(backup.id))
    assert (told["env"], told["purpose"]) == (f"shop/restored/{str(backup.id)[:8]}", "clone")
    made = production.shop.control.environments.get(told["env"])
    assert (made.stage, made.database_name) == ("staging", None)
    with pytest.raises(Conflict, match="already"):
        ops("backup", "restore", str(backup.id))


def test_what_cannot_be_meant_is_refused(ops: CommandLine, backup: Backup) -> None:
    """Two targets, a part without a place, a name that no branch can have."""
    with pytest.raises(BadInput, match="one place"):
        ops("backup", "restore", str(backup.id), "--to", "main", "--as", "x")
    with pytest.raises(BadInput, match="no new environment"):
        ops("backup", "restore", str(backup.id), "--only", "filestore")
    with pytest.raises(BadInput, match="cannot name an environment"):
        ops("backup", "restore", str(backup.id), "--as", "a..b")


def test_a_drill_is_asked_for_and_listed(ops: CommandLine, production: Recovery, backup: Backup) -> None:
    """By default the newest backup of production; the list says what came of it."""
    assert ops.json("drill", "list") == []
    asked = ops.json("drill", "run", "shop")
    assert (asked["kind"], asked["config"]["backup_id"]) == ("drill", str(backup.id))
    production.execute(production.shop.claim())
    [row] = ops.json("drill", "list", "shop")
    assert (row["env"], row["outcome"], row["backup_id"]) == ("shop/main", "passed", str(backup.id))
    assert "answers" in ops("drill", "list").stdout
    production.shop.control.projects.create("other", repo_url="https://forge.example/o.git", odoo_version="19.0")
    with pytest.raises(NotFound, match="no verified backup of production"):
        ops("drill", "run", "other")
    with pytest.raises(BadInput, match="is of project shop"):
        ops("drill", "run", "other", "--backup", str(backup.id))
