"""What killed runs leave is taken away, and nothing else is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.model import Build, Environment, Fence, Run, Service, Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.image import keep_build
from odooops_dagster.steps.environment.converge import converge_all
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.runtime.ports import free_port
from tests.servers import PostgresServer

SHA = "a" * 40


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything the janitor walks through."""

    control: ControlPlane
    runtime: MemoryRuntime
    databases: OdooDatabases
    settings: Settings

    def sweep(self) -> list[str]:
        """Let the janitor go round once."""
        return collect(self.control, self.runtime, self.databases, self.settings)

    def working_run(self, branch: str) -> tuple[Environment, Run, Fence]:
        """Return a run at work on a branch of its own."""
        projects = {project.slug: project for project in self.control.projects.list()}
        project = projects.get("shop") or self.control.projects.create(
            "shop", repo_url="https://example.invalid/shop.git", odoo_version="19.0"
        )
        environment = self.control.environments.ensure(project.id, branch=branch)
        run_id = self.control.runs.queue(project.id, env=branch, git_sha=SHA, ref=f"refs/heads/{branch}")
        (run,) = self.control.runs.claim("worker", limit=1)
        assert run.id == run_id
        fence = Fence(run_id=run.id, attempt=run.attempt, worker_id="worker")
        return environment, self.control.runs.start(fence, dagster_run_id=str(run.id), lease_seconds=60), fence

    def build(self, environment: Environment, run: Run) -> tuple[str, str]:
        """Make what a run makes on its way: a database with its files, and a candidate service."""
        role, name = names.role_name(environment), names.database_name(environment, run)
        self.databases.made_by(run.id).ensure_role(role)
        self.databases.made_by(run.id).create(name, owner=role)
        files = names.data_folder(self.settings.home, environment) / "filestore" / name
        files.mkdir(parents=True)
        service = names.candidate_name(environment, run)
        self.start(service)
        return name, service

    def start(self, name: str) -> None:
        """Start a service that does nothing but stay."""
        log = self.settings.home / f"{name}.log"
        self.runtime.start(
            Service(
                name=name, argv=("sleep", "600"), cwd=self.settings.home, sandbox=None, port=free_port(), log_path=log
            )
        )

    def services(self) -> set[str]:
        """Return the names of the services that there are."""
        return {status.name for status in self.runtime.status()}


@pytest.fixture
def house(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[House]:
    """Yield a house with nothing in it, and leave the server as it was."""
    databases = OdooDatabases(
        postgres_server.url("postgres"), secrets=tmp_path / "secrets", identity=lambda: identify(control, tmp_path)
    )
    runtime = MemoryRuntime()
    made = House(control=control, runtime=runtime, databases=databases, settings=Settings(home=tmp_path))
    yield made
    for name in made.services():
        runtime.stop(name, remove=True)
    for name in [*databases.list(names.DATABASE_PREFIX), *databases.list(names.TEMPLATE_PREFIX)]:
        databases.drop(name)


def test_what_a_working_run_builds_is_left_alone(house: House) -> None:
    """The janitor may come by while a run builds."""
    environment, run, _ = house.working_run("feature/a")
    name, service = house.build(environment, run)
    assert house.sweep() == []
    assert house.databases.exists(name)
    assert service in house.services()


def test_what_an_ended_run_left_is_taken_away(house: House) -> None:
    """Database, files and candidate of a run that has ended without deploying go."""
    environment, run, fence = house.working_run("feature/a")
    name, service = house.build(environment, run)
    house.control.runs.complete(fence, exit_code=1, error_message="killed")
    assert sorted(house.sweep()) == sorted([f"database {name}", f"service {service}"])
    assert not house.databases.exists(name)
    assert service not in house.services()
    assert not (names.data_folder(house.settings.home, environment) / "filestore" / name).exists()
    assert house.sweep() == []


def test_a_deployment_stays_when_its_run_has_ended(house: House) -> None:
    """The database that the environment's row names, and the service that answers, are kept."""
    environment, run, fence = house.working_run("feature/a")
    name, candidate = house.build(environment, run)
    house.start(names.service_name(environment))
    house.control.environments.record_deployment(
        fence,
        url="http://127.0.0.1:1/",
        port=1,
        database_name=name,
        image_digest="sha256:0",
        git_sha=SHA,
        expires_at=None,
    )
    house.control.runs.complete(fence, exit_code=0)
    assert house.sweep() == [f"service {candidate}"]
    assert house.databases.exists(name)
    assert names.service_name(environment) in house.services()


def test_a_service_that_started_but_was_never_recorded_goes(house: House) -> None:
    """A first deployment that died before its row was written leaves a service at the environment's own name."""
    environment, _, fence = house.working_run("feature/a")
    house.start(names.service_name(environment))
    assert house.sweep() == []
    house.control.runs.complete(fence, exit_code=1, error_message="killed")
    assert house.sweep() == [f"service {names.service_name(environment)}"]


def test_everything_of_a_destroyed_environment_goes(house: House) -> None:
    """What a killed destruction left behind is taken away after its record."""
    environment, run, fence = house.working_run("feature/a")
    name, service = house.build(environment, run)
    house.control.environments.record_destruction(fence)
    house.control.runs.complete(fence, exit_code=0)
    swept = house.sweep()
    assert {f"database {name}", f"service {service}"} <= set(swept)
    assert not names.environment_folder(house.settings.home, environment).exists()


def test_an_environment_that_cannot_run_keeps_no_other_down(house: House) -> None:
    """Its build, its password or its folder is gone; the others are started, and the reason is told."""
    made = []
    for number, branch in enumerate(("feature/a", "feature/b", "feature/c")):
        environment, run, fence = house.working_run(branch)
        name, _ = house.build(environment, run)
        source = Source(path=house.settings.home, git_sha=SHA, tree_digest="t", addons_paths=(), modules=(),
                        requirements=())  # fmt: skip
        build = Build(digest=f"sha256:{number}", series="19.0", odoo_revision="r", python=Path("/bin/true"),
                      addons_paths=(), modules=(), closure=(), source=source)  # fmt: skip
        keep_build(house.settings.home, build)
        house.control.environments.record_deployment(
            fence, url="http://127.0.0.1:1/", port=free_port(), database_name=name, image_digest=build.digest,
            git_sha=SHA, expires_at=None,
        )  # fmt: skip
        house.control.runs.complete(fence, exit_code=0)
        made.append(environment)
    (house.settings.home / "builds" / "0.json").unlink()
    (house.settings.home / "secrets" / "databases" / names.role_name(made[1])).unlink()
    told = converge_all(house.control, house.runtime, house.databases, house.settings)
    assert [line.partition(":")[0] for line in told] == [
        "shop/feature/a stays down", "shop/feature/b stays down", "shop/feature/c",
    ]  # fmt: skip
    assert "is not in" in told[0]
    assert "has no password" in told[1]
    assert names.service_name(made[2]) in house.services()


def test_a_template_that_nobody_recorded_goes_when_no_run_works(house: House) -> None:
    """A run killed between the copy and its row leaves a template that no key leads to."""
    environment, run, fence = house.working_run("feature/a")
    name, _ = house.build(environment, run)
    template = f"{names.TEMPLATE_PREFIX}0123456789abcdef_r{run.id.hex[-8:]}_1"
    house.databases.made_by(run.id).keep_as_template(name, template)
    assert house.sweep() == []
    house.control.runs.complete(fence, exit_code=1, error_message="killed")
    assert f"database {template}" in house.sweep()
    assert not house.databases.exists(template)


def test_what_a_run_wrote_for_itself_goes_with_its_end(house: House) -> None:
    """The working folder, with a database password in it, and a checkout that a kill cut short."""
    _, run, fence = house.working_run("feature/a")
    working = house.settings.home / "runs" / str(run.id)
    draft = house.settings.home / "sources" / "0123abcd" / f".{SHA}.{run.id.hex}.1"
    whole = house.settings.home / "sources" / "0123abcd" / SHA
    for folder in (working, draft, whole):
        folder.mkdir(parents=True)
    assert house.sweep() == []
    house.control.runs.complete(fence, exit_code=1, error_message="killed")
    assert sorted(house.sweep()) == sorted([f"draft {working.name}", f"draft {draft.name}"])
    assert not working.exists()
    assert not draft.exists()
    assert whole.exists()


def test_databases_that_are_not_ours_are_never_touched(house: House, postgres_server: PostgresServer) -> None:
    """A name that only looks like one of ours has no owner, and stays."""
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute("create database ops_accounting")
        try:
            assert house.sweep() == []
            assert house.databases.exists("ops_accounting")
        finally:
            connection.execute("drop database ops_accounting")


def test_the_clone_of_an_installation_that_failed_long_ago_goes(house: House) -> None:
    """It takes more than 2 GB, and nobody tries again."""
    clone = names.installations_folder(house.settings.cache_home) / ".18.0.clone"
    (clone / ".git").mkdir(parents=True)
    house.sweep()
    assert clone.exists()
    os.utime(clone, (0, 0))
    house.sweep()
    assert not clone.exists()
