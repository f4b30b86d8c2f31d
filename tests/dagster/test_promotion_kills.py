"""Promotions whose process is killed: the old release serves with its data, or the new one does; nothing between."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Run
from odooops_dagster.tools.runtime.process import ProcessRuntime
from tests.crashes import KILLED
from tests.dagster import promotion_child
from tests.dagster.promotions import CONTENT, ORDERS, Promoting, promoting
from tests.forks import exit_status
from tests.servers import PostgresServer

# Where, in the order of the work, and whether the new release serves from then on.
STEP = "odooops_dagster.steps.release.promote"
UPDATE = "odooops_dagster.steps.release.timed_update"
POINTS = [
    (f"{STEP}:require_eligible", False),
    (f"{STEP}:back_up_before", False),
    ("odooops_dagster.control.deployments:Deployments.start_promotion", False),
    (f"{STEP}:complete_tree", False),
    ("odooops_dagster.tools.runtime.process:ProcessRuntime.stop", False),
    ("odooops_dagster.tools.postgres.databases:OdooDatabases.create", False),
    (f"{UPDATE}:update_modules", False),
    ("odooops_dagster.tools.runtime.process:ProcessRuntime.start", False),
    (f"{STEP}:tell_health", False),
    ("odooops_dagster.control.deployments:Deployments.record_promotion", True),
    (f"{STEP}:wait_until_healthy", False),
    (f"{STEP}:_served", True),
]
SEED = 20260213

Child = Callable[[Run, tuple[str, str] | None], int]


@pytest.fixture
def services(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of services that outlive whoever starts them."""
    return tmp_path_factory.mktemp("s")


@pytest.fixture
def hosted(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, services: Path
) -> Iterator[Promoting]:
    """Yield a production whose services outlive a killed run."""
    with promoting(control, postgres_server, tmp_path, runtime=ProcessRuntime(services)) as made:
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
        return exit_status(promotion_child.main, told | more)

    return carry_out


def test_a_killed_promotion_ends_in_one_of_two_good_states(hosted: Promoting, child: Child) -> None:
    """People meet the old data with the old release or the new ones; another attempt brings the new ones."""
    dice = random.Random(SEED)  # noqa: S311 -- the same points every time
    for number, (place, is_new) in enumerate(POINTS):
        when = dice.choice(("before", "after")) if not is_new else "after"
        old, data = hosted.serves(), hosted.data()
        release = hosted.release(f"2.{number}", {"shop/update.sql": f"update sale_order set amount = {number + 1}"})
        asked = hosted.control.deployments.promote(release.id, target_env="production")
        first = hosted.estate.claim()
        assert child(first, (place, when)) == KILLED, (place, when)
        hosted.control.runs.requeue(first.id, attempt=first.attempt, reason="its process is gone")
        hosted.estate.keep_house()
        if hosted.environment.image_digest == release.image_digest:
            assert is_new, (place, when)
        else:
            assert not is_new, (place, when)
            assert (hosted.serves(), hosted.data()) == (old, data), (place, when)
        assert child(hosted.estate.claim(), None) == 0, (place, when)
        done = hosted.control.deployments.get(asked.id)
        assert (done.status, done.g4_status) == ("succeeded", "passed")
        assert hosted.serves() == (release.image_digest, done.database_name)
        now = hosted.data()
        assert {row[3] for row in now["orders"]} == {number + 1}
        assert (now["served"], now["attachment"]) == (ORDERS, CONTENT)
        hosted.estate.keep_house()
        assert list(hosted.services().values()) == ["running"]
    kept = {each.database_name for each in hosted.control.deployments.list()} | {
        each.previous_database_name for each in hosted.control.deployments.list()
    }
    assert hosted.made() <= kept
    files = names.filestore(hosted.estate.settings.home, hosted.environment, "any").parent
    assert {folder.name for folder in files.iterdir()} <= kept


def test_a_promotion_that_is_killed_for_good_leaves_the_old_release(hosted: Promoting, child: Child) -> None:
    """After the last attempt the deployment failed, its place is free, and people work as before."""
    old, data = hosted.serves(), hosted.data()
    release = hosted.release("2.0", {"shop/update.sql": "update sale_order set amount = 1"})
    asked = hosted.control.deployments.promote(release.id, target_env="production")
    run = hosted.estate.claim()
    for _ in range(run.max_attempts):
        assert child(run, (f"{UPDATE}:update_modules", "after")) == KILLED
        if hosted.control.runs.requeue(run.id, attempt=run.attempt, reason="its process is gone") == "queued":
            run = hosted.estate.claim()
    hosted.estate.keep_house()
    hosted.control.deployments.close_unfinished()
    assert hosted.control.runs.get(run.id).status == "failed"
    assert hosted.control.deployments.get(asked.id).status == "failed"
    assert (hosted.serves(), hosted.data()) == (old, data)
    assert list(hosted.services().values()) == ["running"]
