"""Step `deployment`: the new build takes over only after it has passed the health check.

The build first runs as a candidate on its own socket, beside the running preview. Then it replaces the service at the
environment's socket, and when it is healthy there too, one statement in Postgres makes it the deployment. Until that
statement the environment's row names the old build: after a failure, a cancel or a kill, this step or the sensor
`housekeeping` restores the state in the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from odooops_dagster.errors import StepFailed
from odooops_dagster.home import (
    candidate_name,
    environment_folder,
    environment_url,
    filestore,
    role_name,
    service_name,
)
from odooops_dagster.model import Build, CheckResult, DatabaseAccess, Environment, Fence
from odooops_dagster.steps.build.image import build_of_commit, kept_build
from odooops_dagster.steps.build.trust import require_image
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.undo import Undo, undoing
from odooops_dagster.steps.environment import front
from odooops_dagster.steps.environment.announcement import announce
from odooops_dagster.steps.environment.converge import converge, odoo_service
from odooops_dagster.steps.environment.database import DatabaseResult
from odooops_dagster.steps.environment.health import keep_answer, wait_until_healthy
from odooops_dagster.steps.environment.printing import printed_report, set_report_url
from odooops_dagster.steps.environment.production import refuse_replacement
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.environment.shares import share_of
from odooops_dagster.steps.environment.variables import require_secrets
from odooops_dagster.steps.environment.workers import sentence
from odooops_dagster.tools.project_file import settings_of


class Record(Protocol):
    """Makes a build and its database the environment's deployment, in one statement."""

    def __call__(
        self,
        fence: Fence,
        *,
        url: str,
        port: int | None,
        database_name: str,
        image_digest: str,
        git_sha: str,
        expires_at: datetime | None,
    ) -> object:
        """Record the deployment."""


@dataclass(frozen=True, kw_only=True)
class DeploymentResult:
    """The environment's URL, build and database, or the check that kept the old deployment in place."""

    url: str
    build: Build
    database: str
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


def deploy(ctx: StepContext, build: Build, database: DatabaseResult) -> DeploymentResult:
    """Prove the build with this attempt's database, put both at the environment's URL, and record them.

    Raises:
        StepFailed: this attempt made no database, production has data already, the release's gates do not allow it, or
            the service stopped answering after the swap.
    """
    name = _own_database(ctx, database)
    refuse_replacement(ctx, name)
    with undoing(ctx.log) as undo:
        undo.add(f"database {name}", lambda: retire_database(ctx.control, ctx.databases, name))
        announce(ctx)
        url, check = switch(ctx, build, name, undo=undo, record=ctx.control.environments.record_deployment)
    if check.passed:
        _clean_up(ctx, ctx.environment, name)
    return _result(ctx, url, build, name, check)


def redeploy(ctx: StepContext) -> DeploymentResult:
    """Redeploy the build and database in the environment's row, for a run without a database; the data do not change.

    Raises:
        StepFailed: the environment was never deployed, runs of this kind deploy nothing there, or the service stopped
            answering after the swap.
    """
    environment = ctx.control.environments.by_id(ctx.environment.id)
    if environment.database_name is None:
        raise StepFailed(
            f"{environment.partition_key} was never deployed, and this run made no database",
            hint="materialize database and deployment together, or queue the branch: ops run create",
        )
    refuse_replacement(ctx, environment.database_name)
    build = _build_that_serves(ctx, environment)
    ctx.log("info", f"this run made no database: {environment.database_name} is deployed again")
    with undoing(ctx.log) as undo:
        url, check = switch(
            ctx, build, environment.database_name, undo=undo, record=ctx.control.environments.record_deployment
        )
    return _result(ctx, url, build, environment.database_name, check)


def _own_database(ctx: StepContext, database: DatabaseResult) -> str:
    """Return the name of the database if this attempt made it: a failure drops it, so it must not be another's."""
    if database.name is None:
        raise StepFailed("the database failed its checks and was dropped; nothing to deploy")
    if (database.run_id, database.attempt) != (ctx.run.id, ctx.run.attempt):
        raise StepFailed(
            f"database {database.name} was made by another run, and no database is used twice",
            hint="materialize database and deployment together, or queue the branch: ops run create",
        )
    return database.name


def _build_that_serves(ctx: StepContext, environment: Environment) -> Build:
    """Return the build that the row names; rebuild it from the row's commit if it is no longer kept."""
    kept = kept_build(ctx, environment.image_digest)
    if kept is not None:
        return kept
    ctx.log("info", f"build {environment.image_digest} is not kept here: making it again")
    sha = environment.deployed_sha or ctx.run.git_sha
    again = replace(ctx, run=replace(ctx.run, git_sha=sha))
    return build_of_commit(again, is_recorded=environment.deployed_sha is not None)


def switch(ctx: StepContext, build: Build, database: str, *, undo: Undo, record: Record) -> tuple[str, CheckResult]:
    """Prove the build with the database, put both at the environment's URL, and record that in one statement.

    Returns the URL and the health check. If the candidate fails the check, everything registered in `undo` is undone.

    Raises:
        StepFailed: a value that the repository needs is not set, or the service stopped answering after the swap.
    """
    require_secrets(ctx.control, ctx.environment, settings_of(build.source))
    require_image(ctx, build)
    url = environment_url(ctx.settings, ctx.environment)
    set_report_url(ctx.settings, ctx.environment, _access(ctx, database))
    proven = _prove(ctx, build, database, undo)
    if not proven.passed:
        undo.run()
        return url, proven
    undo.add("the take-over", lambda: _put_back(ctx))
    check = _take_over(ctx, build, database)
    record(
        ctx.fence,
        url=url,
        port=ctx.environment.port,
        database_name=database,
        image_digest=build.digest,
        git_sha=build.source.git_sha,
        expires_at=_expires_at(ctx),
    )
    undo.forget()
    return url, check


def _prove(ctx: StepContext, build: Build, database: str, undo: Undo) -> CheckResult:
    """Start the build beside the running preview, or in its place if there is none, and run the health check."""
    first = ctx.environment.database_name is None
    name = service_name(ctx.environment) if first else candidate_name(ctx.environment, ctx.run)
    undo.add(f"service {name}", lambda: ctx.runtime.stop(name, remove=True))
    service = odoo_service(
        ctx.control,
        ctx.databases,
        ctx.settings,
        ctx.environment,
        name=name,
        database=database,
        build=build,
        cron_threads=1 if first else 0,
    )
    ctx.runtime.start(service)
    ctx.log("info", f"{name} starts")
    url = environment_url(ctx.settings, ctx.environment)
    return wait_until_healthy(ctx, service, url, _access(ctx, database), must_load_all=True)


def _access(ctx: StepContext, database: str) -> DatabaseAccess:
    return ctx.databases.access(database, role=role_name(ctx.environment))


def _expires_at(ctx: StepContext) -> datetime | None:
    if ctx.environment.stage != "development" or ctx.settings.preview_hours == 0:
        return None
    return datetime.now(UTC) + timedelta(hours=ctx.settings.preview_hours)


def _take_over(ctx: StepContext, build: Build, database: str) -> CheckResult:
    """Replace the service at the environment's socket by the build that the candidate has proved; check its health.

    The candidate answers meanwhile: no request is lost.
    """
    name = service_name(ctx.environment)
    service = odoo_service(
        ctx.control, ctx.databases, ctx.settings, ctx.environment, name=name, database=database, build=build
    )
    if told := sentence(
        settings_of(build.source).odoo_of(ctx.environment.stage), share_of(ctx.control, ctx.settings, ctx.environment)
    ):
        ctx.log("info", told)
    url = environment_url(ctx.settings, ctx.environment)
    with front.candidate_answers(ctx):
        ctx.runtime.start(service)
        check = wait_until_healthy(ctx, service, url, _access(ctx, database), must_load_all=True)
    if not check.passed:
        raise StepFailed(f"the new build stopped answering at {url}: {check.summary}")
    return check


def _put_back(ctx: StepContext) -> None:
    """Restore the service in the environment's row, which is the previous deployment or none."""
    environment = ctx.control.environments.by_id(ctx.environment.id)
    converge(ctx.control, ctx.runtime, ctx.databases, ctx.settings, environment)


def _clean_up(ctx: StepContext, before: Environment, database: str) -> None:
    """Drop the database of the previous deployment, its files and its configuration."""
    if before.database_name and before.database_name != database:
        files = filestore(ctx.settings.home, before, before.database_name)
        retire_database(ctx.control, ctx.databases, before.database_name, files=files)
    folder = environment_folder(ctx.settings.home, ctx.environment)
    for config in folder.glob("*.conf"):
        if not config.name.endswith(f"{database}.conf"):
            config.unlink(missing_ok=True)


def _result(ctx: StepContext, url: str, build: Build, database: str, check: CheckResult) -> DeploymentResult:
    keep_answer(ctx, check)
    return DeploymentResult(
        url=url,
        build=build,
        database=database,
        checks=(check, *([printed_report(ctx, url)] if check.passed else [])),
        metadata={
            "url": url,
            "database": database,
            "image_digest": build.digest,
            "branch": ctx.environment.branch,
            "healthy": check.summary,
        },
        data_version=f"{build.digest}@{database}",
    )
