"""A project with one environment, its runs, and steps that answer at once instead of working for minutes."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from assets.database import database
from assets.deployment import deployment
from assets.image import image
from assets.prod_clone import prod_clone
from assets.source import source
from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import (
    Build,
    CheckResult,
    CloneResult,
    Environment,
    Fence,
    Project,
    Run,
    RunKind,
    Source,
    Table,
    checks_of,
)
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core import evidence
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.announcement import announce
from odooops_dagster.steps.environment.database import DatabaseResult
from odooops_dagster.steps.environment.deployment import DeploymentResult
from odooops_dagster.tools.git import Commit
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.store import MemoryStore
from resources.io import run_memory
from resources.run_scope import RunScopeResource
from tests.suites.processes import eventually

SHA = "0123456789abcdef0123456789abcdef01234567"
ASSETS = [source, image, prod_clone, database, deployment]
# What is wished of a step that waits for the next wish.
WAIT = "wait"


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything a test of the Dagster side needs, over a real control plane."""

    control: ControlPlane
    settings: Settings
    project: Project
    environment: Environment
    instance: dg.DagsterInstance

    def as_platform(self) -> Platform:
        """Return a platform with the world's settings and control plane."""
        return Platform(self.settings, control=self.control)

    def queue(self, kind: RunKind = "deploy", *, branch: str = "", **wishes: object) -> Run:
        """Queue a run for the environment, or for another branch's; the stand-ins do what is wished of them."""
        env = branch or self.environment.name
        if branch:
            self.control.environments.ensure(self.project.id, branch=branch)
        wish(self.settings.home, env, wishes)
        run_id = self.control.runs.queue(self.project.id, env=env, git_sha=SHA, ref=f"refs/heads/{env}", kind=kind)
        return self.control.runs.get(run_id)

    def claim(self) -> Run:
        """Claim the next run as the queue's sensor does."""
        [run] = self.control.runs.claim(f"dagster@{socket.gethostname()}", limit=1, lease_seconds=60)
        return run

    def row(self, run: Run) -> Run:
        """Return the run's row as it is now."""
        return self.control.runs.get(run.id)

    def dagster_run(self, run: Run, status: dg.DagsterRunStatus, **more: str) -> dg.DagsterRun:
        """Return a Dagster run that says it works on the row."""
        with_tags = tags.tags_of(run) | more
        return self.launched(with_tags, status=status)

    def launched(
        self, with_tags: Mapping[str, str], *, status: dg.DagsterRunStatus, parent_run_id: str | None = None
    ) -> dg.DagsterRun:
        """Return a Dagster run as a code location's job gives it."""
        location = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("odooops"), "__repository__")
        return self.instance.create_run_for_job(
            deploy_job(),
            tags=with_tags,
            status=status,
            remote_job_origin=RemoteJobOrigin(location, "deploy"),
            parent_run_id=parent_run_id,
            root_run_id=parent_run_id,
        )

    def materialize(
        self,
        run: Run,
        *,
        assets: Sequence[str] = (),
        **settings: Any,  # noqa: ANN401 - fields of the settings
    ) -> dg.ExecuteInProcessResult:
        """Run the assets for a claimed run in this process."""
        key = str(run.partition_key)
        self.instance.add_dynamic_partitions("environments", [key])
        wanted = list(assets) or [asset.key.path[-1] for asset in ASSETS]
        return dg.materialize(
            ASSETS,
            selection=wanted,
            resources=self.resources(**settings),
            instance=self.instance,
            partition_key=key,
            tags=tags.tags_of(run),
            raise_on_error=False,
        )

    def resources(self, *, databases: OdooDatabases | None = None, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the settings
        """Return the resources of the code location, with a runtime and a store that live in memory."""
        chosen = self.settings.model_copy(update=settings)
        nowhere = OdooDatabases("postgresql:///nowhere", secrets=self.settings.home / "secrets")
        scope = RunScopeResource(
            control=self.control,
            runtime=MemoryRuntime(),
            store=MemoryStore(),
            databases=databases or nowhere,
            settings=chosen,
        )
        return {"scope": scope, "memory": run_memory}


def fence_of(run: Run) -> Fence:
    """Return the fence of a claimed run."""
    return Fence(run_id=run.id, attempt=run.attempt, worker_id=str(run.claimed_by))


def image_of(git_sha: str) -> str:
    """Return the digest of the image that the stand-in makes of a commit."""
    return f"sha256:{hashlib.sha256(git_sha.encode()).hexdigest()}"


def deploy_job() -> dg.JobDefinition:
    """Return a job that a made-up Dagster run can belong to."""

    @dg.op
    def nothing() -> None:
        """Do nothing."""

    @dg.job(name="deploy")
    def deploy() -> None:
        nothing()

    return deploy


# -- steps that answer at once; a test's wishes say what they do


def use_stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-ins in the steps' places."""
    for module, name, stand_in in STAND_INS:
        monkeypatch.setattr(f"{module}.{name}", stand_in)


def fetch_source(ctx: StepContext) -> Source:
    """Return a source without asking git."""
    _obey(ctx, "source")
    path = ctx.settings.home / "sources" / SHA
    return Source(
        path=path,
        git_sha=ctx.run.git_sha or SHA,
        tree_digest="tree",
        addons_paths=(path,),
        modules=("shop",),
        requirements=(path / "requirements.txt",),
        settings_digest="settings",
    )


def build_image(ctx: StepContext, source: Source) -> Build:
    """Return an image without installing Odoo."""
    _obey(ctx, "image")
    _keep(ctx, "build.json", "sbom.json")
    return Build(
        digest=image_of(source.git_sha),
        series="19.0",
        odoo_revision="r1",
        python=Path("/venv/bin/python"),
        addons_paths=source.addons_paths,
        modules=source.modules,
        closure=("base", *source.modules),
        source=source,
    )


def clone_production(ctx: StepContext, build: Build) -> CloneResult | None:
    """Return a clone without making one, where it is wished; the check that it names fails."""
    _obey(ctx, "prod_clone")
    if not _wished(ctx).get("clone"):
        return None
    broken = _wished(ctx).get("failing_check")
    return CloneResult(
        name=f"db_{ctx.run.run_number}",
        run_id=ctx.run.id,
        attempt=ctx.run.attempt,
        backup_id=ctx.run.id,
        origin="backup of production, 3 h old",
        checks=tuple(
            CheckResult(
                name=spec.name,
                passed=spec.name != broken,
                summary=f"{spec.name} of {build.series}",
                blocking=spec.blocking,
            )
            for spec in checks_of("prod_clone")
        ),
        metadata={"data": "backup of production, 3 h old"},
        data_version="backup:key",
    )


def build_database(ctx: StepContext, build: Build, clone: CloneResult | None) -> DatabaseResult:
    """Return a database without making one; the check that is wished to fail does."""
    _obey(ctx, "database")
    _keep(ctx, "build.log", "modules.json", "tests.json")
    broken = _wished(ctx).get("failing_check")
    checks = [
        CheckResult(
            name=name, passed=name != broken, summary=f"{name}: 3 of 3" if name != broken else f"{name}: 1 of 3"
        )
        for name in (spec.name for spec in checks_of("database"))
    ]
    return DatabaseResult(
        name=f"db_{ctx.run.run_number}",
        run_id=ctx.run.id,
        attempt=ctx.run.attempt,
        role="role",
        checks=tuple(checks),
        metadata={
            "modules": Table.of({"module": name, "own": name in build.modules} for name in build.closure),
            "data": clone.origin if clone else None,
        },
        data_version=f"database of {build.digest}",
    )


def deploy(ctx: StepContext, build: Build, database: DatabaseResult) -> DeploymentResult:
    """Record a deployment without starting Odoo."""
    announce(ctx)
    _obey(ctx, "deployment")
    healthy = _wished(ctx).get("failing_check") != "healthy"
    port = 8069 + ctx.run.run_number  # of its own, as every environment's
    url = f"http://127.0.0.1:{port}/"
    if healthy:
        ctx.control.environments.record_deployment(
            ctx.fence,
            url=url,
            port=port,
            database_name=str(database.name),
            image_digest=build.digest,
            git_sha=build.source.git_sha,
            expires_at=None,
        )
    _keep(ctx, "health.json")
    return DeploymentResult(
        url=url,
        build=build,
        database=str(database.name),
        checks=(
            CheckResult(name="healthy", passed=healthy, summary="answers" if healthy else "no answer on /web/login"),
            CheckResult(name="prints", passed=True, blocking=False, summary="a report of 1 page(s) was printed"),
        ),
        metadata={"database": database.name},
        data_version=f"{build.digest}@{database.name}",
    )


def read_commit(_url: str, _sha: str, **_: object) -> Commit:
    """Return a commit without asking git."""
    return Commit(author="grace@example.com", submodules={"addons/web": "b" * 40})


def _keep(ctx: StepContext, *keys: str) -> None:
    """Keep files as evidence, as the real step does."""
    for key in keys:
        data = json.dumps({"of": str(ctx.run.id), "file": key}).encode()
        evidence.record(ctx.control.artifacts, ctx.store, ctx.fence, key=key, data=data, content_type="text/plain")


def wish(home: Path, branch: str, wishes: Mapping[str, object]) -> None:
    """Tell the stand-ins what to do for the branch; a run's config takes nothing that the real steps do not know."""
    whole = _wishes(home, branch).with_suffix(".part")
    whole.write_text(json.dumps(wishes))
    whole.replace(_wishes(home, branch))


def _wished(ctx: StepContext) -> dict[str, Any]:
    """Return what is wished of the stand-ins for the run's branch."""
    file = _wishes(ctx.settings.home, ctx.environment.branch)
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _wishes(home: Path, branch: str) -> Path:
    return home / f"wishes-{branch.replace('/', '-')}.json"


def _obey(ctx: StepContext, step: str) -> None:
    """Do what is wished of this step."""
    ctx.log("info", f"{step} of {ctx.environment.partition_key}")
    ctx.log("debug", f"{step}: one line of many")
    wanted = _wished(ctx).get(step)
    if wanted == "fail":
        raise StepFailed(f"{step} cannot be had\nand more", hint="push again")
    if wanted == "crash":
        raise RuntimeError("a bug")
    if isinstance(wanted, int):
        time.sleep(wanted)
    if wanted == WAIT:
        eventually(lambda: _wished(ctx).get(step) != WAIT, what=f"{step} may go on", seconds=600)


STAND_INS = [
    ("assets.source", "fetch_source", fetch_source),
    ("assets.image", "build_image", build_image),
    ("assets.prod_clone", "clone_production", clone_production),
    ("assets.database", "build_database", build_database),
    ("assets.deployment", "deploy", deploy),
    ("odooops_dagster.steps.build.candidate", "read_commit", read_commit),
]
