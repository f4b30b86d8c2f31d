"""An environment's disk has a limit: its jobs end above it, production goes on, and a low disk stops builds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed
from odooops_dagster.local.environment_use import disk_use
from odooops_dagster.model import Job
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.source import fetch_source
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.free_disk import free_percent, watch_free_disk
from odooops_dagster.steps.environment.disk import end_if_full, require_room, watch_environments
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import output
from tests.servers import PostgresServer
from tests.suites.hostile import PYTHON
from tests.working import next_run

MB = 1024**2
# Fills a folder with many small files, each far below every limit of a file.
FILLER = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
for number in range(200):
    (folder / str(number)).write_bytes(b"x" * 2**20)
time.sleep(float(sys.argv[2]))
print("done", flush=True)
"""


@pytest.fixture
def databases(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[OdooDatabases]:
    """Yield the databases of environments, and leave the server as it was."""
    made = OdooDatabases(postgres_server.url("postgres"), secrets=tmp_path / "secrets")
    yield made
    for name in made.list(names.DATABASE_PREFIX):
        made.drop(name)


@pytest.fixture
def step(control: ControlPlane, databases: OdooDatabases, tmp_path: Path) -> StepContext:
    """Return a run at work on a preview that may take 100 MB."""
    project = control.projects.create("shop", repo_url="https://example.invalid/shop.git", odoo_version="19.0")
    control.environments.ensure(project.id, branch="feature/a")
    control.runs.queue(project.id, env="feature/a", git_sha="a" * 40, ref="refs/heads/feature/a")
    settings = Settings(home=tmp_path, environment_disk_mb=100, disk_free_percent=0)
    return next_run(control, settings, databases)


def data(step: StepContext) -> Path:
    """Return the environment's data folder."""
    folder = names.data_folder(step.settings.home, step.environment) / "filestore"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def filler(step: StepContext, *, seconds: float) -> Job:
    """Return a job that fills the environment's folder."""
    folder = data(step)
    argv = (str(PYTHON), "-I", "-S", "-c", FILLER, str(folder), str(seconds))
    return Job(name="fill", argv=argv, cwd=folder, sandbox=None, log_path=step.settings.home / "log")


def test_a_job_that_fills_the_disk_with_many_files_is_ended(step: StepContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its result names the limit and what raises it; the next job is refused."""
    monkeypatch.setattr(output, "_ASK_SECONDS", 0.2)
    require_room(step)
    result = step.runtime.execute(filler(step, seconds=30), end_if=end_if_full(step))
    assert "shop/feature/a takes" in result.ended_for
    assert (
        "may take 100 MB (policies limits.disk_mb and preview.disk_mb, ODOOOPS_ENVIRONMENT_DISK_MB)" in result.ended_for
    )
    assert result.seconds < 25
    with pytest.raises(StepFailed, match="may take 100 MB"):
        require_room(step)


def test_production_is_never_stopped_for_its_disk(step: StepContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its job runs to the end; an alarm tells people, and is over when there is room again."""
    monkeypatch.setattr(output, "_ASK_SECONDS", 0.2)
    production = replace(step, environment=replace(step.environment, stage="production"))
    result = step.runtime.execute(filler(production, seconds=3), end_if=end_if_full(production))
    assert (result.exit_status, result.ended_for) == (0, "")
    require_room(production)
    [alarm] = step.control.incidents.list(step.project.id, status="open")
    assert "may take 100 MB" in alarm.description
    assert "It goes on." in alarm.description
    shutil.rmtree(data(production))
    require_room(production)
    assert step.control.incidents.list(step.project.id, status="open") == []


def test_databases_count_with_the_files(
    step: StepContext, databases: OdooDatabases, postgres_server: PostgresServer
) -> None:
    """What an Odoo writes through its database is on the same disk; another environment's does not count."""
    name = names.database_name(step.environment, step.run)
    role = names.role_name(step.environment)
    databases.ensure_role(role)
    databases.create(name, owner=role)
    other = name.replace(names.short_id(step.environment), "0" * 8)
    databases.create(other, owner=role)
    before = disk_use(step.control, databases, step.settings, step.environment)
    with psycopg.connect(postgres_server.url(other), autocommit=True) as connection:
        connection.execute(
            "create table filler as select repeat(md5(n::text), 60) as text from generate_series(1, 9000) as n"
        )
    assert disk_use(step.control, databases, step.settings, step.environment) == before
    with psycopg.connect(postgres_server.url(name), autocommit=True) as connection:
        connection.execute(
            "create table filler as select repeat(md5(n::text), 60) as text from generate_series(1, 9000) as n"
        )
    after = disk_use(step.control, databases, step.settings, step.environment)
    assert after.databases_mb >= before.databases_mb + 15


def test_a_policy_lowers_the_limit_and_never_raises_it(step: StepContext) -> None:
    """The operator's limit is the most that a project can give itself."""
    for wanted, limit in ((0, 100), (40, 40), (5000, 100)):
        step.control.policies.set(step.project.id, policy_type="limits", rules={"disk_mb": wanted})
        assert disk_use(step.control, step.databases, step.settings, step.environment).limit_mb == limit
    without = step.settings.model_copy(update={"environment_disk_mb": 0})
    assert disk_use(step.control, step.databases, without, step.environment).limit_mb == 5000


def test_the_janitor_tells_of_an_environment_that_grew_by_itself(step: StepContext) -> None:
    """A preview fills up while people use it, without a run."""
    step.control.environments.record_deployment(
        step.fence,
        url="http://127.0.0.1:1/",
        port=1,
        database_name=names.database_name(step.environment, step.run),
        image_digest="sha256:0",
        git_sha="a" * 40,
        expires_at=None,
    )
    (data(step) / "large").write_bytes(b"x" * (120 * MB))
    told: list[str] = []
    watch_environments(step.control, step.databases, step.settings, progress=told.append)
    assert len(told) == 1
    [alarm] = step.control.incidents.list(step.project.id, status="open")
    assert "Its next run is refused." in alarm.description


def test_links_lead_the_measure_nowhere(step: StepContext, tmp_path: Path) -> None:
    """An environment makes its links itself: they neither count for others' files nor lead out of its folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "large").write_bytes(b"x" * (5 * MB))
    (data(step) / "link").symlink_to(outside)
    (data(step) / "file").symlink_to(outside / "large")
    assert disk_use(step.control, step.databases, step.settings, step.environment).files_mb == 0


def test_a_nearly_full_disk_refuses_builds_and_raises_an_alarm(step: StepContext) -> None:
    """The limit is set above what is free; the alarm is over when there is room."""
    low = step.settings.model_copy(update={"disk_free_percent": min(90, int(free_percent(step.settings)) + 1)})
    if free_percent(low) >= low.disk_free_percent:
        pytest.skip("more than 90 % of this disk are free: no limit can be above that")
    with pytest.raises(StepFailed, match="ODOOOPS_DISK_FREE_PERCENT"):
        fetch_source(replace(step, settings=low))
    [alarm] = step.control.incidents.alarms()
    assert "Backups go on" in alarm.description
    watch_free_disk(step.control, step.settings)
    assert step.control.incidents.alarms() == []
