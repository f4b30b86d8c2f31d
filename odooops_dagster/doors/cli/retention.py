"""`ops backup retention`: show what the retention policy would drop, and queue the runs that drop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import OnlyProject
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import environment_names, name_of
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_json, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane, read_settings
from odooops_dagster.model import Project, Run
from odooops_dagster.wording import size_text

if TYPE_CHECKING:
    from odooops_dagster.tools.backup.retention_plan import Planned

_COLUMNS = ("id", "env", "taken", "status", "label", "verdict", "reasons")


def retention(
    project: OnlyProject = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would become of each, and why.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Apply the retention policy: drop expired backups and delete unreferenced objects."""
    settings = read_settings()
    with control_plane(settings) as control:
        projects = [control.projects.get(project)] if project is not None else control.projects.list()
        plans = [item for each in projects for item in _planned(control, each, time_zone=settings.time_zone)]
        keys = environment_names(control)
        if dry_run:
            rows = [_verdict(item, keys, json=json) for item in plans]
            print_rows(rows, columns=_COLUMNS, json=json, empty="no backup yet: ops backup create PROJECT BRANCH")
            return
        going = [f"drop backup {_said(item, keys)}" for item in plans if not item.verdict.is_kept]
        confirm(going or ["no backup goes; what earlier turns left in the store does"], yes=yes or not going)
        runs = [follow_bytes(control, run) for run in _queued(control, projects)]
        results = {run.project_slug: _result(control, run) for run in runs}
    if json:
        print_json(results)
    else:
        for slug, result in results.items():
            if result is not None:
                note(f"{slug}: {_in_words(result)}")
    for run in sorted(runs, key=lambda run: run.status == "succeeded"):  # the failed ones first: the first one ends it
        finish(run)


def _planned(control: ControlPlane, project: Project, *, time_zone: str) -> list[Planned]:
    from odooops_dagster.tools.backup.retention_plan import plan_backups

    rules = control.policies.get(project.id, policy_type="retention")
    return plan_backups(control.backups.list(project.id), rules, time_zone=time_zone, now=datetime.now(UTC))


def _queued(control: ControlPlane, projects: Sequence[Project]) -> list[Run]:
    runs = [control.runs.get(control.retention.apply(each.id, requested_by=caller())) for each in projects]
    for run in runs:
        note(f"queued {name_of(run)}: apply the retention policy")
    return runs


def _result(control: ControlPlane, run: Run) -> dict[str, Any] | None:
    """Return what the run did, with the rows of the backups that it dropped; None if it came to nothing."""
    told = control.logs.result(run.id, "retention")
    if told is None:
        return None
    return told | {"dropped": [asdict(control.backups.get(UUID(dropped))) for dropped in told["dropped"]]}


def _in_words(result: Mapping[str, Any]) -> str:
    done = f"{len(result['dropped'])} backup(s) dropped, {result['collected']} object(s) removed"
    return "; ".join([done, *result["refused"], f"{size_text(result['freed_bytes'])} freed"])


def _verdict(item: Planned, keys: Mapping[UUID, str], *, json: bool) -> dict[str, object]:
    backup, verdict = item.backup, item.verdict
    row: dict[str, object] = asdict(backup) if json else {"id": backup.id, "status": backup.status}
    return row | {
        "env": keys[backup.environment_id],
        "taken": backup.taken_at,
        "label": backup.label,
        "verdict": "keep" if verdict.is_kept else "drop",
        "reasons": list(verdict.reasons) if json else "; ".join(verdict.reasons),
    }


def _said(item: Planned, keys: Mapping[UUID, str]) -> str:
    reasons = "; ".join(item.verdict.reasons)
    return f"{item.backup.id} of {keys[item.backup.environment_id]}, {item.backup.moment:%Y-%m-%d %H:%M %Z}: {reasons}"
