"""The scope of one run: start its row, keep it alive, give steps their context, and write the run's end."""

# No `from __future__ import annotations` here: Dagster reads the resource fields' annotations as types.
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.logs import HINT
from odooops_dagster.engine import tags
from odooops_dagster.engine.heartbeat import Heartbeat, StopReason
from odooops_dagster.engine.kept import keep_assets
from odooops_dagster.engine.outcome import Outcome, fault_of, one_line, outcome_of
from odooops_dagster.engine.overview import report_running
from odooops_dagster.engine.processes import Process
from odooops_dagster.engine.refusal import StepRefused
from odooops_dagster.engine.run_log import close_writer, flush_writer, open_writer
from odooops_dagster.errors import BadInput, Fenced, NotFound, OdooOpsError
from odooops_dagster.home import checkout_folder
from odooops_dagster.kinds import KINDS
from odooops_dagster.local.programs import artifact_url, ui_url
from odooops_dagster.local.sandboxes import TRUSTING
from odooops_dagster.model import CheckResult, Fault, Fence, LogLevel
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import ProjectContext, StepContext
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.store import ObjectStore


class RunScope:
    """The part of a run that an asset needs: the steps' context, and the methods that record checks and lineage."""

    def __init__(self, step: ProjectContext, *, instance: dg.DagsterInstance) -> None:
        self.step = step
        self.instance = instance
        self.failure: str | None = None
        self.hint: str | None = None
        self.fault: Fault = "platform"
        self.interrupted = False
        self._started = time.monotonic()

    @contextmanager
    def working(self, name: str) -> Iterator[StepContext]:
        """Yield the steps' context; if the step fails, keep the reason in one line."""
        with self.working_in_project(name):
            yield self._placed()

    @contextmanager
    def working_in_project(self, name: str) -> Iterator[ProjectContext]:
        """Yield the context of a step that needs no environment; if the step fails, keep the reason in one line."""
        self._started = time.monotonic()
        self._event("info", f"{name} started", {"step": name})
        try:
            yield self.step
        except Exception as exc:
            self.fault = self.fault if self.failure else fault_of(exc, self.step.run.kind)
            self.failure = self.failure or self._in_repository(one_line(exc))
            self.hint = self.hint or _hint(exc).get(HINT)
            self._event("error", f"{name} failed: {self.failure}", {"step": name, **_hint(exc)})
            if isinstance(exc, OdooOpsError | dg.Failure):
                raise StepRefused(self._in_repository(one_line(exc)), metadata=self._told_of(exc)) from None
            raise
        except BaseException:
            self.interrupted = True
            raise
        self._event("info", f"{name} done", {"step": name, "seconds": self.seconds()})

    def seconds(self) -> float:
        """Return the seconds since the step began."""
        return round(time.monotonic() - self._started, 3)

    def record_check(self, result: CheckResult) -> None:
        """Write the check's row, which is the record; Dagster gets a copy later."""
        self.step.control.checks.record(self.step.fence, result)
        level: LogLevel = "info" if result.passed or not result.is_asked else "error" if result.blocking else "warn"
        self.step.log(level, f"check {result.name}: {result.summary}")

    def tell_end(self, outcome: Outcome) -> None:
        """Write why the run failed and what to do as the last lines of its log."""
        if outcome.kind == "failed":
            self.step.log("error", f"{self.step.run.name} failed: {outcome.reason}")
            if self.hint and outcome.reason == self.failure:
                self.step.log("error", f"→ {self.hint}")

    def keep_what_serves(self, outcome: Outcome, dagster_run_id: str) -> None:
        """Tell Dagster what the environment of this failed run still has."""
        step = self.step
        if isinstance(step, StepContext):
            now = step.control.environments.by_id(step.environment.id)
            reason = str(outcome.reason)
            keep_assets(self.instance, dagster_run_id, now, step.project, reason=reason, settings=step.settings)

    def record_lineage(self, asset: str, *, code_version: str, data_version: str, inputs: Mapping[str, str]) -> None:
        """Write the asset's lineage row."""
        self.step.control.lineage.record(
            self.step.fence,
            asset_key=asset,
            partition_key=self._placed().environment.partition_key,
            code_version=code_version,
            data_version=data_version,
            inputs=inputs,
        )

    def _told_of(self, exc: OdooOpsError | dg.Failure) -> dict[str, Any]:
        """Return what Dagster shows beside the reason: what the step told, and links to the whole log and files."""
        told = dict(exc.metadata) if isinstance(exc, dg.Failure) else {"next": hint} if (hint := exc.hint) else {}
        first = {name: told.pop(name) for name in ("check", "place", "odoo_logged") if name in told}
        base = ui_url(self.step.settings)
        kept = self.step.control.artifacts.list(self.step.run.id)
        links = {row["artifact_key"]: artifact_url(base, self.step.run.id, row["artifact_key"]) for row in kept}
        return first | {name: dg.MetadataValue.url(url) for name, url in links.items()} | told

    def _in_repository(self, text: str) -> str:
        """Return the text with the files of the run's commit as the repository names them."""
        sha = self.step.run.git_sha
        folder = checkout_folder(self.step.settings.home, self.step.project, sha) if sha else None
        return text.replace(f"{folder}/", "") if folder else text

    def _placed(self) -> StepContext:
        if not isinstance(self.step, StepContext):
            raise BadInput("this run works on no environment", hint="queue a run of another kind: ops run create")
        return self.step

    def _event(self, level: LogLevel, message: str, payload: Mapping[str, Any]) -> None:
        self.step.control.logs.event(self.step.fence, level=level, message=message, payload=payload)


class RunScopeResource(dg.ConfigurableResource[RunScope]):
    """Ties the Dagster run to its row in ops.runs from the first step to the last."""

    control: dg.ResourceDependency[ControlPlane]
    runtime: dg.ResourceDependency[Runtime]
    store: dg.ResourceDependency[ObjectStore]
    databases: dg.ResourceDependency[OdooDatabases]
    settings: dg.ResourceDependency[Settings]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[RunScope]:
        """Hold the row while the run's steps work, and write the run's end."""
        run, instance = _launched_run(context)
        fence = _fence(run)
        scope = RunScope(self._begun(context, run, fence), instance=instance)
        if self.settings.trust_pushers:
            self.control.logs.event(fence, level="warn", message=TRUSTING, payload={"sandbox": False})
            scope.step.log("warn", TRUSTING)
        name_process(instance, run)
        heartbeat = self._heartbeat(fence, stop=lambda reason: stop_run(instance, run.run_id, reason))
        heartbeat.start()
        try:
            yield scope
        finally:
            heartbeat.close()
            told = (scope.failure, heartbeat.stopped, instance, run.run_id, scope.interrupted)
            self._end(scope, outcome_of(*told, fault=scope.fault), run.run_id)
            close_writer(fence)

    def _begun(self, context: dg.InitResourceContext, run: dg.DagsterRun, fence: Fence) -> ProjectContext:
        """Return the steps' context; if something that the run names does not exist, end its row with that reason."""
        try:
            return self._step_context(context, run, fence)
        except (BadInput, NotFound) as exc:
            self.control.logs.event(fence, level="error", message=one_line(exc), payload=_hint(exc))
            Outcome(kind="failed", reason=one_line(exc)).write(self.control, fence)
            raise dg.Failure(one_line(exc), allow_retries=False) from exc

    def _step_context(self, context: dg.InitResourceContext, run: dg.DagsterRun, fence: Fence) -> ProjectContext:
        try:
            row = self.control.runs.start(fence, dagster_run_id=run.run_id, lease_seconds=self.settings.lease_seconds)
        except Fenced as exc:
            raise dg.Failure(f"fenced: {one_line(exc)}", allow_retries=False) from exc
        in_project = ProjectContext(
            run=row,
            project=self.control.projects.get(row.project_slug),
            fence=fence,
            control=self.control,
            runtime=self.runtime,
            store=self.store,
            databases=self.databases.made_by(row.id),
            settings=self.settings,
            log=_log(context, self.control, fence),
        )
        if KINDS[row.kind].is_of_project:
            return in_project
        facts = {each.name: getattr(in_project, each.name) for each in fields(in_project)}
        return StepContext(**facts, environment=self.control.environments.of_run(row))

    def _heartbeat(self, fence: Fence, *, stop: Callable[[StopReason], None]) -> Heartbeat:
        return Heartbeat(
            self.control,
            fence,
            every_seconds=self.settings.heartbeat_seconds,
            lease_seconds=self.settings.lease_seconds,
            on_stop=stop,
        )

    def _end(self, scope: RunScope, outcome: Outcome, dagster_run_id: str) -> None:
        """Write the run's end; if that fails, the reconciler does it later."""
        try:
            scope.tell_end(outcome)
            flush_writer(scope.step.fence)  # who follows the log reads no more once the row has ended
            outcome.write(self.control, scope.step.fence)
            if outcome.kind == "failed":
                scope.instance.add_run_tags(dagster_run_id, {tags.FAULT: outcome.fault})
                scope.keep_what_serves(outcome, dagster_run_id)
            report_running(scope.instance, self.control.environments.list(), ui=ui_url(self.settings))
        except OdooOpsError as exc:
            scope.step.log("warn", f"the run's end could not be written: {one_line(exc)}")


def name_process(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Name this process on the run, unless it has done so before."""
    process = str(Process.current())
    if run.tags.get(tags.PROCESS) != process:
        instance.add_run_tags(run.run_id, {tags.PROCESS: process})


def stop_run(instance: dg.DagsterInstance, run_id: str, reason: StopReason) -> None:
    """Interrupt this process's run once, through Dagster, so that another cancel does not interrupt its cleanup."""
    if reason == "canceled" and _terminate(instance, run_id):
        return
    run = instance.get_run_by_id(run_id)
    if reason == "canceled" and run is not None and not run.is_finished:
        instance.report_run_canceling(run)
    # Signal the main thread, where the step works: a blocked system call there returns.
    signal.pthread_kill(int(threading.main_thread().ident or 0), signal.SIGINT)


def _terminate(instance: dg.DagsterInstance, run_id: str) -> bool:
    try:
        return bool(instance.run_coordinator.cancel_run(run_id))
    except Exception:  # noqa: BLE001 - launchers differ in how they say that they cannot; then we stop ourselves
        return False


def _launched_run(context: dg.InitResourceContext) -> tuple[dg.DagsterRun, dg.DagsterInstance]:
    if context.run is None or context.instance is None:
        raise dg.Failure("the run scope exists only inside a run", allow_retries=False)
    return context.run, context.instance


def _fence(run: dg.DagsterRun) -> Fence:
    fence = tags.fence_of(run.tags)
    if fence is None:
        raise dg.Failure(
            "this run has no row in ops.runs: launch it from the Dagster UI, by a push, or with `ops run create`",
            allow_retries=False,
        )
    return fence


def _log(context: dg.InitResourceContext, control: ControlPlane, fence: Fence) -> Callable[[LogLevel, str], None]:
    """Return the steps' log function: debug lines go only to ops.run_logs, the others also to Dagster.

    A line costs Dagster a connection and more than a kilobyte, so Odoo's own log lines are debug lines.
    """
    levels = {"info": 20, "warn": 30, "error": 40}

    def log(level: LogLevel, message: str) -> None:
        if level != "debug" and context.log is not None:
            context.log.log(levels[level], message)
            return
        writer = open_writer(control, fence)
        if writer is not None:
            writer.write(level, message)

    return log


def _hint(error: Exception) -> dict[str, str]:
    return {HINT: error.hint} if isinstance(error, OdooOpsError) and error.hint else {}
