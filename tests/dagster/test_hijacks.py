"""Whoever owns an environment's database can make others run code there: nobody but the environment's own role does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import COMPARISON_PREFIX, DATABASE_PREFIX, WORKER
from odooops_dagster.model import Backup, Run
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.steps.environment.database import build_database
from tests.command_line import CommandLine
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.dagster.productions import known_to_ops
from tests.dagster.recoveries import Recovery, recovery
from tests.dagster.studios import Studio, studio
from tests.servers import PostgresServer
from tests.suites.hijack import EVENT_TRIGGER, HARMLESS_TO_ITSELF, HIJACKS, Watch

each_hijack = pytest.mark.parametrize("hijack", HIJACKS)


@pytest.fixture
def watch(postgres_server: PostgresServer) -> Watch:
    """Return what tells as whom the owner's code ran in this test."""
    return Watch(postgres_server)


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Recovery]:
    """Yield a production that serves."""
    with recovery(control, postgres_server, tmp_path) as made:
        yield made


@pytest.fixture
def _known(postgres_server: PostgresServer, operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line find the test's control plane and server."""
    known_to_ops(monkeypatch, tmp_path, control_url=operator_url, server=postgres_server)


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project that has no environment yet."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    # What a hijack has broken stays broken.
    monkeypatch.setattr("odooops_dagster.checks.healthy._WRONG_SECONDS", 1.0)
    with estate(control, postgres_server, tmp_path) as made:
        yield made


def strangers(watch: Watch) -> set[str]:
    """Return the roles, other than those of environments, trials and comparisons, that ran the owner's code."""
    return {
        role
        for role in watch.roles()
        if not role.startswith((DATABASE_PREFIX, COMPARISON_PREFIX)) or role in (WORKER, "ops_templates")
    }


def outcome(production: Recovery, run: Run) -> str | None:
    """Carry a claimed run out and return why it failed, None if it did not."""
    production.execute(run)
    return production.shop.control.runs.get(run.id).error_message


def test_the_server_refuses_event_triggers_to_an_environment(production: Recovery) -> None:
    """They would run in whatever session changes the database's definitions."""
    production.shop.data.execute(HIJACKS[HARMLESS_TO_ITSELF])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        production.shop.data.execute(EVENT_TRIGGER)


@each_hijack
def test_backup_verification_drill_restore_and_comparison_run_nothing_as_others(
    production: Recovery, watch: Watch, hijack: str
) -> None:
    """What may not stop them does not: the reasons of the others are of no interest here."""
    shop, control = production.shop, production.shop.control
    shop.data.execute(HIJACKS[hijack])
    production.serve()
    backup = shop.back_up()
    failures = []
    if backup.status == "verified":
        control.backups.verify(backup.id)
        failures.append(outcome(production, shop.claim()))
        failures.append(production.drill(backup).error_message)
        failures.append(production.restore(backup).error_message)
        control.backups.compare(backup.id, env="main", tables=["sale_order:1,2"])
        failures.append(outcome(production, shop.claim()))
    if hijack == HARMLESS_TO_ITSELF:
        assert (backup.status, failures) == ("verified", [None] * 4)
    assert watch.caught()
    assert strangers(watch) == set()


@pytest.mark.usefixtures("_known")
def test_an_import_runs_nothing_as_others(production: Recovery, watch: Watch, tmp_path: Path) -> None:
    """A zip that somebody sends is code: it is compared with an environment, tried and restored."""
    shop = production.shop
    shop.data.execute(HIJACKS[HARMLESS_TO_ITSELF])
    path = tmp_path / "theirs.zip"
    ops = CommandLine("backup")
    ops.json("backup", "export", str(shop.back_up().id), str(path))
    told = ops.json("backup", "import", "shop", "main", str(path))
    shop.execute(shop.claim())
    imported = next(found for found in shop.control.backups.list() if str(found.id) == told["backup"])
    production.serve()
    assert (imported.status, production.restore(imported).error_message) == ("verified", None)
    assert watch.caught()
    assert strangers(watch) == set()


@each_hijack
def test_a_clone_and_its_update_run_nothing_as_others(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, watch: Watch, hijack: str
) -> None:
    """Production's data are sanitized by a role of their own, and updated by the environment's."""
    with studio(control, postgres_server, tmp_path) as (opened, _):
        opened.let_update()
        opened.shop.data.execute(HIJACKS[hijack])
        backup = opened.shop.back_up()
        failure = cloned_and_updated(opened, backup)
        assert failure is None or hijack != HARMLESS_TO_ITSELF
    assert watch.caught()
    assert strangers(watch) == set()


def cloned_and_updated(opened: Studio, backup: Backup) -> str | None:
    """Clone the backup and update the clone; return why that failed, None if it did not."""
    if backup.status != "verified":
        return str(backup.error_message)
    step = opened.step()
    try:
        clone = clone_production(step, opened.updating_build)
        assert clone is not None
        if clone.name is None:
            return clone.checks[0].summary
        build_database(step, opened.updating_build, clone)
    except OdooOpsError as exc:
        return str(exc)
    finally:
        opened.end(step)
    return None


@each_hijack
def test_a_deployment_runs_nothing_as_others(shop: Estate, watch: Watch, hijack: str) -> None:
    """A pushed module does it while it is installed; the database is kept as a template, copied and deployed again."""
    module = {"shop/__manifest__.py": "{'name': 'Shop', 'depends': ['base']}"}
    for branch in ("feature/a", "feature/b"):
        shop.repository.commit(module | {"shop/install.sql": HIJACKS[hijack]}, branch=branch)
        run_id = shop.queue(branch).id
        shop.work_off()
        if hijack == HARMLESS_TO_ITSELF:
            assert shop.control.runs.get(run_id).error_message is None
    assert watch.caught()
    assert strangers(watch) == set()
