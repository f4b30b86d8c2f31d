"""A production that was hosted by one command, with people's data in it, and releases that are brought there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Environment, Run
from odooops_dagster.model.releases import Deployment, Release
from odooops_dagster.steps.upkeep.poll import poll_project
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.runtime.process import ProcessRuntime
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.dagster.stand_in_odoo import BROKEN, NO_LOGIN
from tests.servers import PostgresServer

CONTENT = b"signed by both sides"
ORDERS = 20
# What the update of a good release leaves in the data.
GOOD = "update sale_order set note = 'updated'"
# Does half of its work and ends.
HALF = "delete from sale_order where id > 5\n-- stops here"


@dataclass(frozen=True, kw_only=True)
class Promoting:
    """A hosted production, and what can be brought there."""

    estate: Estate

    @property
    def control(self) -> ControlPlane:
        """Return the control plane."""
        return self.estate.control

    @property
    def environment(self) -> Environment:
        """Return the production as its row says now."""
        return self.control.environments.get("shop/main")

    def push(self, files: Mapping[str, str]) -> Run:
        """Push the files to the default branch, and return its build."""
        for name in (BROKEN, NO_LOGIN):
            if name not in files:
                (self.estate.repository.work / name).unlink(missing_ok=True)
        sha = self.estate.repository.commit(dict(files))
        poll_project(self.control, self.estate.project)
        self.estate.work_off()
        return next(run for run in self.control.runs.list("shop") if run.git_sha == sha and run.kind == "build")

    def release(self, version: str, files: Mapping[str, str]) -> Release:
        """Push the files and make a release of their build."""
        run = self.push(files)
        assert run.status == "succeeded", run.error_message
        return self.control.releases.of_build(self.estate.project.id, version=version, requested_by="ada")

    def promote(self, release: Release) -> Deployment:
        """Ask for a promotion, carry it out, and return the deployment as it ended."""
        asked = self.control.deployments.promote(release.id, target_env="production", requested_by="ada")
        self.estate.work_off()
        self.control.deployments.close_unfinished()
        return self.control.deployments.get(asked.id)

    def rollback(self, deployment: Deployment, *, with_data: bool = False) -> Deployment:
        """Ask for a rollback, carry it out, and return its deployment as it ended."""
        asked = self.control.deployments.rollback(deployment.id, reason="orders vanish", with_data=with_data)
        self.estate.work_off()
        self.control.deployments.close_unfinished()
        return self.control.deployments.get(asked.id)

    def run_of(self, deployment: Deployment) -> Run:
        """Return the deployment's run."""
        assert deployment.run_id is not None
        return self.control.runs.get(deployment.run_id)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database that serves now."""
        access = self.estate.databases.access(
            str(self.environment.database_name), role=names.role_name(self.environment)
        )
        with psycopg.connect(conninfo(access)) as connection:
            return connection.execute(query.encode()).fetchall()

    def data(self) -> dict[str, Any]:
        """Return what people have: rows, one changed record, and an attachment as Odoo hands it out."""
        return {
            "orders": self.rows("select id, name, note, amount from sale_order order by id"),
            "modules": self.rows("select name, state from ir_module_module order by name"),
            "served": self.estate.orders("main"),
            "attachment": self.estate.file("main", 1),
        }

    def serves(self) -> tuple[str | None, str | None]:
        """Return the image and the database that serve, by the record."""
        return self.environment.image_digest, self.environment.database_name

    def services(self) -> dict[str, str]:
        """Return every service of the runtime with its state."""
        return {status.name: status.state for status in self.estate.runtime.status()}

    def keep_house(self) -> list[str]:
        """Do one round of housekeeping, and return what it found besides working files of ended runs."""
        return [line for line in self.estate.keep_house() if not line.startswith("draft")]

    def made(self) -> set[str]:
        """Return the databases of the environment on the server."""
        return set(self.estate.databases.list(names.DATABASE_PREFIX))

    def by_hand(self, rule: str = "by_hand") -> None:
        """Set what brings the default branch to production."""
        self.control.policies.set(self.estate.project.id, policy_type="promotion", rules={"release": rule})


@contextmanager
def promoting(
    control: ControlPlane,
    server: PostgresServer,
    home: Path,
    *,
    runtime: MemoryRuntime | ProcessRuntime | None = None,
    rule: str = "by_hand",
) -> Iterator[Promoting]:
    """Yield a production in which people have worked; what was made goes with the block."""
    with pytest.MonkeyPatch.context() as patch, estate(control, server, home, runtime=runtime) as made:
        use_stand_in_odoo(patch, home)
        made.repository.commit({"shop/__manifest__.py": "{'name': 'Shop', 'depends': ['base']}"})
        poll_project(control, made.project)
        made.work_off()
        made.queue("main", "deploy")
        made.work_off()
        hosted = Promoting(estate=made)
        assert hosted.environment.status == "running"
        hosted.by_hand(rule)
        _work(hosted)
        yield hosted


def _work(hosted: Promoting) -> None:
    """Enter orders, change one, and attach a file."""
    made, environment = hosted.estate, hosted.environment
    made.order("main", ORDERS)
    made.change("main", "update sale_order set note = 'changed by hand' where id = 7")
    digest = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
    place = f"{digest[:2]}/{digest}"
    made.change("main", f"insert into ir_attachment (name, store_fname, public) values ('c', '{place}', true)")
    path = names.filestore(made.settings.home, environment, str(environment.database_name)) / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CONTENT)


def failed_and_rolled_back(hosted: Promoting, deployment: Deployment) -> str:
    """Check the record of a promotion that took itself back, and return the incident's words."""
    assert (deployment.status, hosted.run_of(deployment).status) == ("failed", "failed")
    back = hosted.control.deployments.list(hosted.estate.project.id)[0]
    assert (back.rollback_of, back.status, back.with_data) == (deployment.id, "succeeded", True)
    assert back.image_digest == hosted.environment.image_digest
    [incident] = hosted.control.incidents.list(hosted.estate.project.id)
    assert (incident.deployment_id, incident.status) == (deployment.id, "open")
    return incident.description


def served_before(hosted: Promoting) -> str:
    """Return the release of the build that served before the first promotion: the one that its push made."""
    *_, first = hosted.control.deployments.list(hosted.estate.project.id)
    version = hosted.control.releases.by_id(first.release_id).version
    assert version == "main-rc.1"
    return version
