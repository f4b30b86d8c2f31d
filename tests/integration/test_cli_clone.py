"""`ops clone` and what `ops env show` says of it, on a real control plane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, NotFound
from odooops_dagster.model import Environment, Fence
from tests.command_line import CommandLine
from tests.dagster.productions import SHA, Shop, deployed, shop
from tests.servers import PostgresServer

BRANCH = "release/1.0"


@pytest.fixture
def ops(operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Return the command line over the test's database and state folder."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path))
    return CommandLine("clone", "env")


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Shop]:
    """Yield a project whose production is deployed."""
    with shop(control, postgres_server, tmp_path) as made:
        yield made


@pytest.fixture
def staging(production: Shop) -> Environment:
    """Return a deployed staging of the project."""
    made = production.control.environments.ensure(production.project.id, branch=BRANCH)
    return deployed(production.control, production.project, made, "ops_staging_data")


@pytest.mark.usefixtures("staging")
def test_a_clone_is_queued_for_what_is_deployed_after_consent(ops: CommandLine, production: Shop) -> None:
    """The plan says what goes; without a yes nothing is asked for."""
    refused = ops("clone", "shop", BRANCH, answer="n\n", status=1)
    assert "become those of a backup of production made now, made harmless" in refused.stderr
    production.control.policies.set(production.project.id, policy_type="clone", rules={"source": "newest_verified"})
    refused = ops("clone", "shop", BRANCH, answer="n\n", status=1)
    assert "become those of production's newest verified backup, made harmless" in refused.stderr
    assert production.control.runs.queued() == []
    told = ops.json("clone", "shop", BRANCH, "--yes")
    assert (told["kind"], told["git_sha"], told["git_ref"]) == ("clone", SHA, f"refs/heads/{BRANCH}")


@pytest.mark.usefixtures("staging")
def test_a_backup_may_be_named(ops: CommandLine, production: Shop) -> None:
    """By the beginning of its id; the run carries the whole."""
    backup = production.back_up()
    told = ops.json("clone", "shop", BRANCH, "--backup", str(backup.id)[:8], "--yes")
    assert (told["kind"], told["config"]["backup_id"]) == ("clone", str(backup.id))
    with pytest.raises(NotFound, match="no backup 00000000"):
        ops("clone", "shop", BRANCH, "--backup", "00000000", "--yes")


def test_neither_production_nor_what_was_never_deployed_is_cloned_into(ops: CommandLine, production: Shop) -> None:
    """Both are told what to do instead."""
    with pytest.raises(Conflict, match="is production itself") as caught:
        ops("clone", "shop", "main", "--yes")
    assert "ops backup restore" in str(caught.value.hint)
    production.control.environments.ensure(production.project.id, branch="feature/new")
    with pytest.raises(Conflict, match="was never deployed") as caught:
        ops("clone", "shop", "feature/new", "--yes")
    assert "push" in str(caught.value.hint)


def test_an_environment_says_of_which_backup_its_data_are(
    ops: CommandLine, production: Shop, staging: Environment
) -> None:
    """And how old they are; one with data of its own says nothing."""
    backup = production.back_up()
    assert ops.json("env", "show", "shop", BRANCH)["data_backup_id"] is None
    ops("clone", "shop", BRANCH, "--yes")
    run = production.claim()
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id=str(run.claimed_by))
    production.control.runs.start(fence)
    production.control.backups.start_restore(fence, backup_id=backup.id)
    production.control.backups.end_restore(fence, database_name=staging.database_name, report={"source": "dump"})
    shown = ops.json("env", "show", "shop", BRANCH)
    assert (shown["data_backup_id"], shown["data_age"]) == (str(backup.id), "0 min")
    assert shown["data_source"] == "dump"
    assert ops.json("env", "show", "shop", "main")["data_backup_id"] is None
