"""Reports of the record: on a release, or on a month of a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput
from odooops_dagster.model.report import Report, Section

if TYPE_CHECKING:
    from odooops_dagster.model import Project
    from odooops_dagster.model.releases import Release

Facts = list[dict[str, Any]]

_GATES = ("gate_code", "status", "reason", "is_required", "approvers", "quorum", "evidence_count", "evaluated_at")
_CHECKS = ("gate_code", "name", "status", "summary", "source", "occurred_at")
_DECISIONS = ("gate_code", "approver_id", "decision", "rationale_structured", "occurred_at", "source")
_EVIDENCE = ("gate_code", "kind", "sha256", "size_bytes", "s3_url", "created_by", "created_at")
_DEPLOYMENTS = (
    *("version", "stage", "environment_name", "status", "g4_status", "requested_by", "reason"),
    *("backup_id", "no_backup_reason", "rollback_of_version", "created_at", "finished_at"),
    *("predicted_downtime_seconds", "predicted_worst_seconds", "downtime_seconds"),
)
_DOWNTIME = ("phase", "median_seconds", "worst_seconds", "rehearsal_count", "real_seconds")
_REHEARSALS = ("passed", "summary", "shown_digest", "phases", "started_at", "finished_at", "backup_id")
_EXCEPTIONS = (
    *("version", "gate_code", "status", "reason", "is_break_glass", "requested_by", "granted_by", "expires_at"),
)
_INCIDENTS = ("severity", "status", "title", "opened_by", "opened_at", "resolved_by", "resolved_at", "resolution")
_RELEASES = ("version", "status", "created_by", "created_at", "image_digest", "git_shas", "lock_digest")
_EVENTS = ("received_at", "event_type", "source", "processing_status", "caller_id", "error")


def report_of_release(control: ControlPlane, project: Project, release: Release, *, at: datetime) -> Report:
    """Return everything that is stated about the release."""
    gates = control.gates.summary(release.id)
    history = control.deployments.history(project.id, release_id=release.id)
    ids = {row["deployment_id"] for row in history}
    incidents = [asdict(each) for each in control.incidents.list(project.id) if each.deployment_id in ids]
    exceptions = [row for row in control.gates.exception_statuses(project.id) if row["release_id"] == release.id]
    events = control.events.list(project.id, release_id=release.id)
    complete = control.gates.completeness(release.id)
    return Report(
        title=f"Release {release.version} of {project.slug}",
        made_at=at,
        sections=(
            Section(title="Release", source="ops.releases", columns=_RELEASES, rows=[asdict(release)]),
            Section(title="Gates", source="ops.v_release_gate_summary", columns=_GATES, rows=gates),
            Section(
                title="Completeness of the evidence",
                source="ops.v_evidence_completeness",
                columns=("gate_code", "is_complete", "gaps", "checks", "evidence_count"),
                rows=complete,
            ),
            Section(
                title="Checks",
                source="ops.gate_checks",
                columns=_CHECKS,
                rows=list(_of_gates(gates, control.gates.checks)),
            ),
            Section(
                title="Decisions",
                source="ops.approvals",
                columns=_DECISIONS,
                rows=list(_of_gates(gates, control.gates.decisions)),
            ),
            Section(
                title="Evidence",
                source="ops.evidence_artifacts",
                columns=_EVIDENCE,
                rows=list(_of_gates(gates, control.gates.evidence)),
            ),
            Section(
                title="Rehearsals",
                source="ops.rehearsals",
                columns=_REHEARSALS,
                rows=[asdict(each) for each in control.rehearsals.list(release.id)],
            ),
            Section(
                title="Downtime, predicted and real",
                source="ops.v_release_downtime",
                columns=_DOWNTIME,
                rows=control.rehearsals.downtime(release.id),
            ),
            *_what_happened(history, exceptions, incidents),
            Section(title="Deliveries of events", source="ops.event_ingest_log", columns=_EVENTS, rows=events[::-1]),
            _chains(control, project),
        ),
    )


def report_of_month(control: ControlPlane, project: Project, month: str, *, at: datetime) -> Report:
    """Return what is stated about the project in the month, such as 2026-10, in UTC.

    Raises:
        BadInput: there is no such month.
    """
    since, until = _limits(month)

    def within(rows: Iterable[dict[str, Any]], moment: str) -> Facts:
        return [row for row in rows if row[moment] is not None and since <= row[moment] < until]

    releases = within((asdict(each) for each in control.releases.list(project.id)), "created_at")
    gates = [row for release in releases for row in control.gates.summary(release["id"])]
    incidents = within((asdict(each) for each in control.incidents.list(project.id)), "opened_at")
    drills = within((asdict(each) for each in control.drills.list(project.id)), "started_at")
    backups = within((asdict(each) for each in control.backups.list(project.id)), "created_at")
    return Report(
        title=f"{project.slug} in {month}",
        made_at=at,
        sections=(
            Section(title="Releases", source="ops.releases", columns=_RELEASES, rows=releases),
            Section(title="Gates", source="ops.v_release_gate_summary", columns=("version", *_GATES), rows=gates),
            *_what_happened(
                within(control.deployments.history(project.id), "created_at"),
                within(control.gates.exception_statuses(project.id), "created_at"),
                incidents,
            ),
            Section(
                title="Backups",
                source="ops.backups",
                columns=("id", "stage", "status", "created_at", "verified_at", "size_bytes", "error_message"),
                rows=backups,
            ),
            Section(
                title="Recovery drills",
                source="ops.recovery_drills",
                columns=("backup_id", "passed", "rto_seconds", "rpo_seconds", "summary", "started_at", "finished_at"),
                rows=drills,
            ),
            _chains(control, project),
        ),
    )


def _what_happened(deployments: Facts, exceptions: Facts, incidents: Facts) -> Iterator[Section]:
    yield Section(title="Deployments", source="ops.v_deployment_history", columns=_DEPLOYMENTS, rows=deployments)
    yield Section(title="Exceptions", source="ops.v_exception_status", columns=_EXCEPTIONS, rows=exceptions)
    yield Section(title="Incidents", source="ops.incidents", columns=_INCIDENTS, rows=incidents)


def _chains(control: ControlPlane, project: Project) -> Section:
    return Section(
        title="Chains of the audit trail",
        source="ops.verify_chains",
        columns=("chain", "links", "broken"),
        rows=control.audit.verify(project.id),
    )


def _of_gates(gates: Facts, read: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - a reader of control.gates
    for gate in gates:
        for row in read(gate["gate_id"]):
            yield {**row, "gate_code": gate["gate_code"]}


def _limits(month: str) -> tuple[datetime, datetime]:
    try:
        since = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as exc:
        raise BadInput(f"{month} is no month", hint="write year and month, such as 2026-10") from exc
    years, months = divmod(since.month, 12)
    return since, since.replace(year=since.year + years, month=months + 1)
