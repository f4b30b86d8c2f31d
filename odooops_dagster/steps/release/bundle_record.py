"""Read what the record says of a release, for its bundle: its gates, deployments, backups, clones and runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Backup, Project, Restore, Run
from odooops_dagster.model.people import PersonKey
from odooops_dagster.model.releases import Deployment, Gate, GateException, Incident, Release
from odooops_dagster.tools.git import Remote

# The evidence that the bundle of a release is: it cannot be in itself.
BUNDLE_KIND = "release-bundle"

_BACKUP = (
    "id", "stage", "status", "run_id", "taken_at", "verified_at", "dropped_at", "manifest_sha256",
    "size_bytes", "git_sha", "image_digest",
)  # fmt: skip
_RESTORE = (
    "id", "backup_id", "purpose", "status", "masking_profile", "run_id", "started_at", "finished_at", "error_message",
)  # fmt: skip
_RUN = (
    "id", "kind", "status", "attempt", "trigger", "requested_by", "git_ref", "git_sha", "exit_code",
    "error_message", "created_at", "started_at", "finished_at",
)  # fmt: skip
_CHECK = ("id", "name", "status", "summary", "metadata", "source", "run_id", "deployment_id", "occurred_at")
_DECISION = ("id", "decision", "approver_id", "persona_role", "rationale_structured", "source", "occurred_at")
_SIGNED = ("approver_id", "decision", "signature", "key_id", "created_at")
_RUN_CHECK = ("attempt", "name", "passed", "blocking", "summary", "metadata", "created_at")
_LINEAGE = ("asset_key", "partition_key", "code_version", "data_version", "inputs", "created_at")
_NOT_OF_DEPLOYMENT = ("database_name", "previous_database_name", "keep_previous_until", "project_id")


@dataclass(frozen=True, kw_only=True)
class JudgedGate:
    """A gate with its checks and decisions, oldest first, and what people signed."""

    gate: Gate
    checks: tuple[dict[str, Any], ...]
    decisions: tuple[dict[str, Any], ...]
    signed: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ToldRun:
    """A run with its checks and the lineage of its assets, oldest first."""

    run: Run
    checks: tuple[dict[str, Any], ...]
    lineage: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """An object that something on the record names: its hash, its address, and what names it."""

    sha256: str
    url: str
    size_bytes: int
    content_type: str
    named: tuple[dict[str, Any], ...]

    @property
    def is_of_a_run(self) -> bool:
        """Whether a run of the project stored it: what an event names may be anywhere, and anybody's."""
        return any("run" in name for name in self.named)


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything on the record of a release."""

    control_plane: UUID
    project: Project
    release: Release
    gates: tuple[JudgedGate, ...]
    exceptions: tuple[GateException, ...]
    deployments: tuple[Deployment, ...]
    incidents: tuple[Incident, ...]
    backups: tuple[Backup, ...]
    restores: tuple[Restore, ...]
    runs: tuple[ToldRun, ...]
    objects: tuple[Found, ...]
    keys: tuple[PersonKey, ...] = ()
    are_signed: bool = False  # whether policy asks for signatures

    @property
    def repository(self) -> str:
        """The address of the project's repository, without a password."""
        return Remote.parse(self.project.repo_url).url

    @property
    def building_run(self) -> Run | None:
        """The run that made the release; None for a release made by hand."""
        return next((each.run for each in self.runs if each.run.id == self.release.run_id), None)

    def told(self) -> dict[str, Any]:
        """Return the record as plain JSON for a bundle."""
        return {
            "project": {
                "id": self.project.id,
                "slug": self.project.slug,
                "odoo_version": self.project.odoo_version,
                "repository": self.repository,
            },
            "release": asdict(self.release),
            "signatures": "required" if self.are_signed else "optional",
            "gates": [asdict(each.gate) | {"checks": each.checks, "decisions": each.decisions} for each in self.gates],
            "exceptions": [asdict(each) for each in self.exceptions],
            "deployments": [_without(asdict(each), _NOT_OF_DEPLOYMENT) for each in self.deployments],
            "incidents": [asdict(each) for each in self.incidents],
            "backups": [_only(asdict(each), _BACKUP) for each in self.backups],
            "restores": [_only(asdict(each), _RESTORE) for each in self.restores],
            "runs": [
                _only(asdict(each.run), _RUN) | {"name": each.run.name, "checks": each.checks, "lineage": each.lineage}
                for each in self.runs
            ],
        }


def read_record(control: ControlPlane, project: Project, release: Release) -> Record:
    """Return what the record says of the release."""
    gates = read_gates(control, release)
    deployments = tuple(reversed(control.deployments.list(release_id=release.id)))
    evidence = [row for row in control.releases.evidence(release.id) if row["kind"] != BUNDLE_KIND]
    named = (control.runs.get(run_id) for run_id in _run_ids(release, gates, deployments, evidence))
    runs = [run for run in named if run.project_id == project.id]
    restores = [restore for run in runs for restore in control.backups.restores(project.id, run_id=run.id)]
    backup_ids = {each.backup_id for each in deployments if each.backup_id} | {each.backup_id for each in restores}
    return Record(
        control_plane=control.plane.get().id,
        project=project,
        release=release,
        gates=gates,
        exceptions=tuple(reversed(control.gates.exceptions(release.id))),
        deployments=deployments,
        incidents=tuple(each for d in deployments for each in control.incidents.list(deployment_id=d.id)),
        backups=tuple(control.backups.get(backup_id) for backup_id in sorted(backup_ids)),
        restores=tuple(restores),
        runs=tuple(_told_run(control, run) for run in runs),
        objects=tuple(_objects(control, gates, runs, evidence)),
        keys=tuple(_keys(control, gates)),
        are_signed=control.policies.get(project.id, policy_type="gates")["signatures"] == "required",
    )


def read_gates(control: ControlPlane, release: Release) -> tuple[JudgedGate, ...]:
    """Return the release's gates with what decided them."""
    return tuple(_judged(control, gate) for gate in control.gates.list(release.id))


def _judged(control: ControlPlane, gate: Gate) -> JudgedGate:
    decisions = control.gates.decisions(gate.gate_id)
    return JudgedGate(
        gate=gate,
        checks=tuple(_only(row, _CHECK) for row in control.gates.checks(gate.gate_id)),
        decisions=tuple(_only(row, _DECISION) for row in decisions),
        signed=tuple(_only(row, _SIGNED) for row in decisions if row["signature"] is not None),
    )


def _keys(control: ControlPlane, gates: Iterable[JudgedGate]) -> Iterator[PersonKey]:
    """Yield the keys by which the gates' approvals were signed."""
    used = {each["key_id"] for gate in gates for each in gate.signed}
    yield from (key for key in (control.people.signing_keys() if used else ()) if key.id in used)


def _run_ids(
    release: Release,
    gates: Iterable[JudgedGate],
    deployments: Iterable[Deployment],
    evidence: Iterable[dict[str, Any]],
) -> list[UUID]:
    """Return the runs that made, checked, deployed or proved the release."""
    named = [release.run_id, *(each.run_id for each in deployments), *(row["run_id"] for row in evidence)]
    named += [check["run_id"] for each in gates for check in each.checks]
    return sorted({run_id for run_id in named if run_id is not None})


def _told_run(control: ControlPlane, run: Run) -> ToldRun:
    return ToldRun(
        run=run,
        checks=tuple(_only(row, _RUN_CHECK) for row in control.checks.list(run.id)),
        lineage=tuple(_only(row, _LINEAGE) for row in control.lineage.list(run.id)),
    )


def _objects(
    control: ControlPlane, gates: Iterable[JudgedGate], runs: Iterable[Run], evidence: Iterable[dict[str, Any]]
) -> Iterator[Found]:
    """Yield each object that a run or a gate names, once, sorted by its hash."""
    checks = {check["id"]: check["name"] for each in gates for check in each.checks}
    codes = {each.gate.gate_id: each.gate.gate_code for each in gates}
    by_hash: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for run in runs:
        for row in control.artifacts.list(run.id):
            name = {"kind": row["artifact_key"], "run": run.name}
            by_hash.setdefault(row["sha256"], []).append((row, name))
    for row in evidence:
        of = {"gate": codes.get(row["gate_id"]), "check": checks.get(row["check_id"]), "by": row["created_by"]}
        by_hash.setdefault(row["sha256"], []).append((row, {"kind": row["kind"]} | of))
    for sha256, rows in sorted(by_hash.items()):
        first, _ = rows[0]
        yield Found(
            sha256=sha256,
            url=first["s3_url"],
            size_bytes=first["size_bytes"],
            content_type=first["content_type"],
            named=tuple(name for _, name in rows),
        )


def _only(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _without(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
