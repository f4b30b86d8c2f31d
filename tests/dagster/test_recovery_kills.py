"""Restores and drills whose process is killed: the old data serve or the new ones do, and the next attempt ends it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Run
from odooops_dagster.steps.recovery.drill_sandbox import left_behind
from odooops_dagster.tools.runtime.process import ProcessRuntime
from tests.dagster import recovery_child
from tests.dagster.recoveries import Recovery, recovery
from tests.forks import exit_status
from tests.servers import PostgresServer

# Where, when, and whether the restored data serve from then on: while rows and files are fetched, and after.
RESTORES = [
    ("odooops_dagster.tools.postgres.databases:OdooDatabases.create", "after", False),
    ("store", "2", False),
    ("store", "4", False),
    ("odooops_dagster.tools.backup.restore:_write", "after", False),
    ("odooops_dagster.steps.recovery.load:restore_database", "after", False),
    ("odooops_dagster.steps.recovery.restore:compare_rows", "before", False),
    ("odooops_dagster.steps.environment.deployment:_take_over", "after", False),
    ("odooops_dagster.control.backups:Backups.swap", "after", True),
]
DRILLS = [
    ("odooops_dagster.steps.recovery.drill:sanitize", "before"),
    ("odooops_dagster.control.drills:Drills.end", "after"),
]

Child = Callable[[Run, tuple[str, str] | None], int]


@pytest.fixture
def services(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of services that outlive whoever starts them."""
    return tmp_path_factory.mktemp("s")


@pytest.fixture
def production(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, services: Path
) -> Iterator[Recovery]:
    """Yield a production that serves, whoever is killed."""
    with recovery(control, postgres_server, tmp_path, runtime=ProcessRuntime(services)) as made:
        made.serve()
        yield made


@pytest.fixture
def child(worker_url: str, postgres_server: PostgresServer, tmp_path: Path, services: Path) -> Child:
    """Return what carries a run out in a process of its own, killed at a point, and returns its exit status."""
    told = {
        "control_url": worker_url,
        "admin_url": postgres_server.url("postgres"),
        "home": str(tmp_path),
        "services": str(services),
    }

    def carry_out(run: Run, point: tuple[str, str] | None) -> int:
        more = {"run_id": str(run.id), "attempt": run.attempt, "point": point}
        return exit_status(recovery_child.main, told | more)

    return carry_out


def give_back(production: Recovery, run: Run) -> Run:
    """Do what the reconciler and housekeeping do of a run whose process is gone; return the next attempt."""
    production.shop.control.runs.requeue(run.id, attempt=run.attempt, reason="its process is gone")
    production.serve()
    production.collect()
    return production.shop.claim()


def test_a_killed_restore_is_done_again(production: Recovery, child: Child) -> None:
    """People meet the old data or the new; of what was half done nothing stays."""
    control = production.shop.control
    backup = production.shop.back_up()
    for place, when, is_swapped in RESTORES:
        production.change("delete from sale_order where id > 1000")
        for lost in sorted(production.files.rglob("*/*"))[::2]:
            lost.unlink()  # or they are linked from here, and none is fetched
        before = str(production.environment.database_name)
        asked = production.ask(backup)
        first = production.shop.claim()
        assert child(first, (place, when)) == -signal.SIGKILL
        second = give_back(production, first)
        assert (production.environment.database_name != before) == is_swapped
        assert production.orders() == (2000 if is_swapped else 1000)
        assert child(second, None) == 0
        assert control.backups.get_restore(asked.id).status == "succeeded"
        assert production.orders() == 2000
        assert len(list(production.files.rglob("*/*"))) == 30
        serving = str(production.environment.database_name)
        production.collect()
        assert {before, serving} <= set(production.shop.databases.list(names.DATABASE_PREFIX))
        assert [status.name for status in production.runtime.status()] == [names.service_name(production.environment)]
        production.collect()
        kept = {
            name for r in control.backups.restores() for name in (r.database_name, r.previous_database_name) if name
        }
        assert set(production.shop.databases.list(names.DATABASE_PREFIX)) <= kept
        assert {folder.name for folder in production.files.parent.iterdir()} <= kept


def test_a_killed_drill_is_done_again(production: Recovery, child: Child) -> None:
    """Once its row says what came of it, the next attempt says the same."""
    backup = production.shop.back_up()
    control = production.shop.control
    for point in DRILLS:
        control.backups.restore(backup.id, target_env=None, purpose="drill")
        first = production.shop.claim()
        assert child(first, point) == -signal.SIGKILL
        assert child(give_back(production, first), None) == 0
        newest, *_ = control.drills.list()
        assert (newest.run_id, newest.passed) == (first.id, True)
        production.collect()
        assert left_behind(production.shop.settings.home) == []
        assert production.shop.databases.list("ops_drill") == []
    assert len(control.drills.list()) == len(DRILLS)
