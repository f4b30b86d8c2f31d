"""Step `promote`: a release takes over an environment with its data, or what was there before serves on.

People are kept out from the moment in which the data are copied until the new build has proved its health with the
copy: the data of before are not touched. One statement in Postgres then makes the new build and its database the
deployment. Until that statement the environment's row names the old ones: after a failure, a cancel or a kill, this
step or the sensor `housekeeping` lets them serve again. After it people are let in, and nothing is taken back by
itself. A release that changes no module needs no copy: its build is proved beside the one that serves.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from odooops_dagster.errors import OdooOpsError, StepFailed, Unavailable
from odooops_dagster.home import (
    candidate_name,
    database_name,
    environment_url,
    filestore,
    role_name,
    service_name,
)
from odooops_dagster.model import Build, CheckResult, DatabaseAccess, blocking_failure
from odooops_dagster.model.releases import Deployment
from odooops_dagster.steps.build.trust import require_image
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.files import complete_tree
from odooops_dagster.steps.core.server import require_server
from odooops_dagster.steps.core.undo import Undo, undoing
from odooops_dagster.steps.environment import front
from odooops_dagster.steps.environment.converge import converge, deployed_service, odoo_service
from odooops_dagster.steps.environment.health import wait_until_healthy
from odooops_dagster.steps.environment.install import Target
from odooops_dagster.steps.environment.printing import set_report_url
from odooops_dagster.steps.environment.production import refuse_replacement
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.environment.update import Changes, changes_for, kept_checksums, update_clone
from odooops_dagster.steps.environment.variables import require_secrets
from odooops_dagster.steps.release.faults import is_another_server, server_since
from odooops_dagster.steps.release.health import ask_people, tell_health
from odooops_dagster.steps.release.phases import downtime_table, note_phase, phase, predicted_downtime
from odooops_dagster.steps.release.released import deployment_of, released_build, require_eligible
from odooops_dagster.steps.release.timed_update import modules_of, target_of, update_in_time
from odooops_dagster.steps.release.way_back import back_up_before, keep_until
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.project_file import settings_of


@dataclass(frozen=True, kw_only=True)
class PromotionResult:
    """The environment's URL, build and database after the promotion, and the checks that decided it."""

    url: str
    database: str
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """The build and the database that shall take over; the database is the one that serves if nothing changed in it."""

    build: Build
    database: str
    checks: tuple[CheckResult, ...] = ()


def promote(ctx: StepContext) -> PromotionResult:
    """Carry out the run's deployment: a promotion, or a rollback to the release before, with or without its data.

    A failed update or an unhealthy build ends in failed checks, with everything as it was before.

    Raises:
        StepFailed: the release may not go there any more, its build or a backup cannot be had, or the service does not
            answer after people were let in.
    """
    deployment = deployment_of(ctx)
    if ctx.environment.deployed_run_id == ctx.run.id:
        ctx.log("info", "an earlier attempt switched to the release: it remains to be served")
        return _served(ctx, deployment, ())
    current = _require_hosted(ctx)
    _serve_what_is_recorded(ctx)
    require_eligible(ctx, deployment)
    refuse_replacement(ctx, current)
    build = released_build(ctx, deployment)
    _refuse_loss(ctx, deployment, build, current)
    require_image(ctx, build)
    require_server(ctx, build.series)
    require_secrets(ctx.control, ctx.environment, settings_of(build.source))
    backup_id = back_up_before(ctx, deployment)
    started = ctx.control.deployments.start_promotion(ctx.fence, backup_id=backup_id)
    server = server_since(ctx, current)
    try:
        with undoing(ctx.log) as undo:
            draft = _draft(ctx, started, build, undo)
            failed = blocking_failure(draft.checks)
            if failed is None:
                _record(ctx, draft)
                undo.forget()
            else:
                undo.run()
    except (OdooOpsError, OSError) as exc:
        is_lost = isinstance(exc, (Unavailable, OSError)) or is_another_server(ctx, current, server)
        _note_failure(ctx, str(exc), is_of_platform=is_lost)
        raise
    if failed is not None:
        is_lost = is_another_server(ctx, current, server)
        _note_failure(ctx, f"{failed.name}: {failed.summary}", is_of_platform=is_lost)
        return _result(ctx, started, draft.checks)
    return _served(ctx, started, draft.checks)


def _require_hosted(ctx: StepContext) -> str:
    """Return the database that the environment serves."""
    if ctx.environment.database_name is None or ctx.environment.is_adopted:
        raise StepFailed(
            f"{ctx.environment.partition_key} is not hosted here: there is nothing to promote over",
            hint=f"deploy it first: ops env create {ctx.project.slug} {ctx.environment.branch}",
        )
    return ctx.environment.database_name


def _is_way_back(deployment: Deployment) -> bool:
    return deployment.rollback_of is not None


def _refuse_loss(ctx: StepContext, deployment: Deployment, build: Build, current: str) -> None:
    """Refuse a release that lacks an installed module, while people still work.

    Odoo would serve without it and with nothing that it holds, or end in the middle of the update of a module that
    depends on it. A way back is not refused: the release that is taken back may have added the module.

    Raises:
        StepFailed: the release lacks a module.
    """
    if _is_way_back(deployment):
        return
    access = _access(ctx, current)
    gone = changes_for(build, module_states(access), kept_checksums(access)).gone
    if gone:
        held = f"module {gone[0]}, which is" if len(gone) == 1 else f"the modules {', '.join(gone)}, which are"
        raise StepFailed(
            f"the release lacks {held} installed in {ctx.environment.partition_key}",
            hint="put it back into the repository, or uninstall it in Odoo first: its data go with it",
        )


def _serve_what_is_recorded(ctx: StepContext) -> None:
    """Let people work during the backup, also where an attempt that was killed had kept them out."""
    converge(ctx.control, ctx.runtime, ctx.databases, ctx.settings, ctx.environment)
    ctx.runtime.stop(candidate_name(ctx.environment, ctx.run), remove=True)


def _draft(ctx: StepContext, deployment: Deployment, build: Build, undo: Undo) -> _Draft:
    """Return the build with the data that shall take over, and the checks of the update and of its health."""
    draft = _with_data(ctx, deployment, build, undo)
    if blocking_failure(draft.checks) is None:
        with phase(ctx, "health"):
            health = _prove(ctx, deployment, draft, undo)
        tell_health(ctx, deployment, health, moment="before")
        draft = replace(draft, checks=(*draft.checks, health))
    return draft


def _with_data(ctx: StepContext, deployment: Deployment, build: Build, undo: Undo) -> _Draft:
    """Return the build with the data of before for a rollback to them, with a copy of today's where modules changed."""
    current = str(ctx.environment.database_name)
    if deployment.with_data:
        return _Draft(build=build, database=_data_before(ctx, deployment, undo))
    access = _access(ctx, current)
    changes = changes_for(build, module_states(access), kept_checksums(access))
    ctx.log("info", str(changes))
    if not changes:
        return _Draft(build=build, database=current)
    target = target_of(build, name=database_name(ctx.environment, ctx.run), role=role_name(ctx.environment))
    _copy(ctx, deployment, current, target, undo)
    with phase(ctx, "update"):
        checks = _update(ctx, target, changes)
    return _Draft(build=build, database=target.name, checks=checks)


def _data_before(ctx: StepContext, rollback: Deployment, undo: Undo) -> str:
    """Return the database that the rolled back deployment replaced, and keep people out of the one that serves.

    Raises:
        StepFailed: it is gone, or other data serve by now.
    """
    undone = ctx.control.deployments.get(rollback.rollback_of) if rollback.rollback_of else rollback
    before = undone.previous_database_name
    if before is None or undone.database_name != ctx.environment.database_name or not ctx.databases.exists(before):
        raise StepFailed(
            "the data from before the deployment are not kept any more",
            hint="roll back the code alone, or restore a backup: ops backup list",
        )
    _keep_people_out(ctx, rollback, undo)
    return before


def _copy(ctx: StepContext, deployment: Deployment, current: str, target: Target, undo: Undo) -> None:
    """Keep people out and copy the data; most files are copied before that.

    The files wait among the run's own until there is a database, by whose name the janitor finds files.
    """
    files = filestore(ctx.settings.home, ctx.environment, current)
    copy = filestore(ctx.settings.home, ctx.environment, target.name)
    draft = ctx.run_folder / "filestore"
    undo.add(f"folder {draft}", lambda: shutil.rmtree(draft, ignore_errors=True))
    undo.add(
        f"database {target.name} and its files",
        lambda: retire_database(ctx.control, ctx.databases, target.name, files=copy),
    )
    complete_tree(files, draft)
    started = time.monotonic()
    _keep_people_out(ctx, deployment, undo)
    complete_tree(files, draft)
    ctx.databases.create(target.name, owner=target.role, template=current)
    draft.rename(copy)
    note_phase(ctx, "copy", seconds=time.monotonic() - started)


def _keep_people_out(ctx: StepContext, deployment: Deployment, undo: Undo) -> None:
    """Stop the service: from now on nobody changes the data, which are the restore point. Who asks is told how long."""
    undo.add("the maintenance", lambda: _put_back(ctx))
    front.post(ctx.settings, ctx.environment, "maintenance", seconds=predicted_downtime(ctx, deployment.release_id))
    front.let_finish(ctx)
    ctx.runtime.stop(service_name(ctx.environment))
    ctx.log("info", f"{ctx.environment.partition_key} is in maintenance: nobody can work there")


def _put_back(ctx: StepContext) -> None:
    """Let what the environment's row names serve."""
    environment = ctx.control.environments.by_id(ctx.environment.id)
    converge(ctx.control, ctx.runtime, ctx.databases, ctx.settings, environment)
    ctx.log("info", f"{ctx.environment.partition_key} serves again")


def _update(ctx: StepContext, target: Target, changes: Changes) -> tuple[CheckResult, ...]:
    """Update the copy; a staging's data stay harmless."""
    if ctx.environment.stage == "production":
        return update_in_time(ctx, target, modules_of(target, changes))
    return update_in_time(ctx, target, lambda within: update_clone(within, target, run_tests=False))


def _prove(ctx: StepContext, deployment: Deployment, draft: _Draft, undo: Undo) -> CheckResult:
    """Start the build at a socket that nobody knows, without background work, and run the health check."""
    name = candidate_name(ctx.environment, ctx.run)
    undo.add(f"service {name}", lambda: ctx.runtime.stop(name, remove=True))
    set_report_url(ctx.settings, ctx.environment, _access(ctx, draft.database))
    service = odoo_service(
        ctx.control,
        ctx.databases,
        ctx.settings,
        ctx.environment,
        name=name,
        database=draft.database,
        build=draft.build,
        cron_threads=0,
    )
    ctx.runtime.start(service)
    url = environment_url(ctx.settings, ctx.environment)
    return wait_until_healthy(
        ctx, service, url, _access(ctx, draft.database), must_load_all=not _is_way_back(deployment)
    )


def _access(ctx: StepContext, database: str) -> DatabaseAccess:
    return ctx.databases.access(database, role=role_name(ctx.environment))


def _record(ctx: StepContext, draft: _Draft) -> None:
    """Make the build and its database the environment's, in one statement."""
    ctx.control.deployments.record_promotion(
        ctx.fence,
        url=environment_url(ctx.settings, ctx.environment),
        port=ctx.environment.port,
        database_name=draft.database,
        image_digest=draft.build.digest,
        git_sha=draft.build.source.git_sha,
        keep_previous_until=keep_until(ctx),
    )


def _served(ctx: StepContext, deployment: Deployment, checks: Sequence[CheckResult]) -> PromotionResult:
    """Let people in at the environment's URL, and see that it answers there.

    Raises:
        StepFailed: it does not: people are asked, and the code goes back if nobody decides in time.
    """
    started = time.monotonic()
    environment = ctx.control.environments.by_id(ctx.environment.id)
    service = deployed_service(ctx.control, ctx.databases, ctx.settings, environment)
    with front.candidate_answers(ctx):
        ctx.runtime.start(service)
        check = wait_until_healthy(
            ctx,
            service,
            str(environment.url),
            _access(ctx, str(environment.database_name)),
            must_load_all=not _is_way_back(deployment),
        )
    note_phase(ctx, "start", seconds=time.monotonic() - started)
    if not check.passed:
        ask_people(ctx, deployment, check)
        tell_health(ctx, deployment, check, moment="after")
        raise StepFailed(
            f"the release does not answer at {environment.url}: {check.summary}",
            hint=f"take it back, which says beforehand what is lost: ops rollback {ctx.project.slug}",
        )
    done = ctx.control.deployments.get(deployment.id)
    if done.decision_due_at is not None:  # an earlier attempt asked people
        tell_health(ctx, done, check, moment="after")
    if done.previous_database_name:
        ctx.log("info", f"{done.previous_database_name} is kept until {done.keep_previous_until:%Y-%m-%d %H:%M %Z}")
    return _result(ctx, done, (*(known for known in checks if known.name != check.name), check))


def _note_failure(ctx: StepContext, reason: str, *, is_of_platform: bool) -> None:
    """Record the rollback and open an incident, unless the record does not answer: then the run's end says it."""
    try:
        ctx.control.deployments.record_failure(
            ctx.fence, reason=" ".join(reason.split()), is_of_platform=is_of_platform
        )
    except OdooOpsError as exc:
        ctx.log("warn", f"the rollback could not be recorded: {exc}")


def _result(ctx: StepContext, deployment: Deployment, checks: Sequence[CheckResult]) -> PromotionResult:
    environment = ctx.control.environments.by_id(ctx.environment.id)
    return PromotionResult(
        url=str(environment.url),
        database=str(environment.database_name),
        checks=tuple(checks),
        metadata={
            "url": environment.url,
            "database": environment.database_name,
            "replaced": deployment.previous_database_name,
            "image_digest": environment.image_digest,
            "git_sha": environment.deployed_sha,
            "deployment": str(deployment.id),
            "backup": str(deployment.backup_id) if deployment.backup_id else None,
            "downtime": downtime_table(ctx, deployment.release_id),
        },
        data_version=f"{environment.image_digest}@{environment.database_name}",
    )
