"""`ops gate`: how the gates of a release stand, and the decisions of people on G2, G3 and an inconclusive G4."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import As, GateName, Limit, OnlyProject, ProjectSlug, Version
from odooops_dagster.doors.cli.lookup import gate_of, release_of
from odooops_dagster.doors.cli.output import Json, Wide, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.person_key import read_key
from odooops_dagster.doors.cli.ports import acting, control_plane, owner_plane, store
from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.model.releases import Decision, GateCode, Release

if TYPE_CHECKING:
    from odooops_dagster.tools.store import ObjectStore

app = typer.Typer(help="Look at gates, and sign them off.", no_args_is_help=True)

_COLUMNS = ("gate_code", "status", "reason", "checks_passed", "checks_failed", "approvals", "quorum", "evidence_count")
_LIST = ("project", "version", "gate", "status", "reason", "quorum", "deadline_at")
_CHECKS = ("name", "status", "summary", "source", "occurred_at")
_DECISIONS = ("decision", "approver_id", "occurred_at", "rationale_structured", "source")
_EVIDENCE = ("kind", "size_bytes", "sha256", "s3_url")

Shown = Annotated[
    str | None,
    typer.Option(
        metavar="DIGEST",
        help="What you were shown (ops release show): refused if something has changed since.",
        show_default=False,
    ),
]
Why = Annotated[str | None, typer.Option("--note", help="What was looked at, for the record.", show_default=False)]
Proofs = Annotated[
    list[Path] | None,
    typer.Option("--evidence", help="A file that proves it, kept in the store; repeat it.", show_default=False),
]


@app.command("list")
def list_(project: OnlyProject = None, *, limit: Limit = 20, json: Json = False, wide: Wide = False) -> None:
    """List the gates of the newest releases that are not withdrawn, with what each waits for."""
    with control_plane() as control:
        slugs = {found.id: found.slug for found in control.projects.list()}
        project_id = control.projects.get(project).id if project else None
        releases = [each for each in control.releases.list(project_id, limit=limit) if each.withdrawn_at is None]
        rows = [
            {"project": slugs.get(release.project_id), **asdict(gate), "gate": gate.gate_code}
            for release in releases
            for gate in control.gates.list(release.id)
        ]
    print_rows(rows, columns=_LIST, json=json, wide=wide, empty="no release yet: ops release create")


@app.command()
def show(
    project: ProjectSlug,
    version: Version,
    gate: Annotated[
        str | None, typer.Argument(metavar="GATE", help="Only this one, with all that decided it.", show_default=False)
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show the gates of a release, or one with its checks, decisions and evidence."""
    code = gate_of(gate) if gate else None
    with control_plane() as control:
        release = release_of(control, project, version)
        rows = control.gates.summary(release.id)
        facts = _facts(control, release, code) if code else None
    if facts is None:
        print_rows(rows, columns=_COLUMNS, json=json)
        return
    [row] = [each for each in rows if each["gate_code"] == code]
    if json:
        print_json(row | facts)
    else:
        _print_gate(row, facts)


@app.command("sign-off")
def sign_off(
    project: ProjectSlug,
    version: Version,
    gate: GateName,
    *,
    as_: As = None,
    why: Why = None,
    proofs: Proofs = None,
    shown: Shown = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            metavar="KEYFILE",
            help="Your private key, Ed25519 in PEM: sign what you approve (ops person key add).",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Approve gate G2 or G3 of a release. Who made the release cannot.

    An approval counts while what was shown is so: if a check of the build changes, it is asked for again.
    """
    key = read_key(sign) if sign else None
    _decide(
        project,
        version,
        gate_of(gate),
        "approved",
        as_=as_,
        why=why,
        proofs=proofs or (),
        shown=shown,
        key=key,
        json=json,
    )


@app.command()
def reject(
    project: ProjectSlug,
    version: Version,
    gate: GateName,
    *,
    why: Annotated[str, typer.Option("--note", help="What is wrong.", show_default=False)],
    as_: As = None,
    proofs: Proofs = None,
    json: Json = False,
) -> None:
    """Reject gate G2 or G3 of a release: it goes nowhere any more, unless an exception is granted after that."""
    _decide(project, version, gate_of(gate), "rejected", as_=as_, why=why, proofs=proofs or (), json=json)


def decide(
    control: ControlPlane,
    release: Release,
    code: GateCode,
    decision: Decision,
    *,
    approver_id: str | None,
    why: str | None,
    shown: str | None = None,
    key: bytes | None = None,
) -> UUID:
    """Record a person's decision on the gate, signed where a private key is given, and return the gate."""
    control.gates.sign_off(
        release.id,
        gate_code=code,
        decision=decision,
        approver_id=approver_id,
        rationale={"note": why} if why else {},
        shown=shown,
        signature=_signature(control, release, code, decision, shown=shown, key=key) if key else None,
    )
    return gate_id_of(control, release, code)


def _signature(
    control: ControlPlane, release: Release, code: GateCode, decision: Decision, *, shown: str | None, key: bytes
) -> dict[str, Any]:
    """Return the envelope with the decision on what is shown, signed."""
    from odooops_dagster.tools.bundle.approvals import approval, signed

    slug = next(each.slug for each in control.projects.list() if each.id == release.project_id)
    said = approval(
        project=slug,
        version=release.version,
        image_digest=release.image_digest,
        gate=code,
        decision=decision,
        shown=shown or control.releases.shown_digest(release.id),
    )
    return signed(said, key)


def gate_id_of(control: ControlPlane, release: Release, code: GateCode) -> UUID:
    """Return the id of the release's gate."""
    [gate] = [each for each in control.gates.list(release.id) if each.gate_code == code]
    return gate.gate_id


def prove(control: ControlPlane, objects: ObjectStore, gate_id: UUID, file: Path) -> None:
    """Keep the file in the store, and record it as evidence of the gate."""
    from odooops_dagster.tools.store.addressed import put_addressed

    content_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    kept = put_addressed(objects, file, content_type=content_type)
    control.releases.record_evidence(
        kind=file.name,
        s3_url=kept.url,
        sha256=kept.sha256,
        gate_id=gate_id,
        content_type=content_type,
        size_bytes=kept.size_bytes,
    )


@app.command()
def keep(
    project: ProjectSlug,
    version: Version,
    *,
    reason: Annotated[str, typer.Option(help="What you saw, for the record.", show_default=False)],
    as_: As = None,
    json: Json = False,
) -> None:
    """Keep a release whose health is inconclusive: G4 passes by your word, and its code does not go back by itself."""
    with owner_plane() as control:
        release = release_of(control, project, version)
        asked = [each for each in control.deployments.list(release_id=release.id) if each.decision_due_at is not None]
        if not asked:
            raise Conflict(
                f"nobody is asked whether release {version} stays", hint=f"ops release show {project} {version}"
            )
        kept = control.deployments.keep(asked[0].id, reason=reason, kept_by=acting(control, as_))
    print_fields(kept, json=json)


def _decide(
    project: str,
    version: str,
    code: GateCode,
    decision: Decision,
    *,
    as_: str | None,
    why: str | None,
    proofs: Sequence[Path],
    json: bool,
    shown: str | None = None,
    key: bytes | None = None,
) -> None:
    for file in proofs:
        if not file.is_file():
            raise BadInput(f"{file} is no file", hint="--evidence takes a file that can be read")
    with owner_plane() as control:
        release = release_of(control, project, version)
        approver = acting(control, as_)
        gate_id = decide(control, release, code, decision, approver_id=approver, why=why, shown=shown, key=key)
        for file in proofs:
            prove(control, store(), gate_id, file)
        [row] = [each for each in control.gates.summary(release.id) if each["gate_code"] == code]
    if json:
        print_json(row)
    else:
        note(f"{code} of release {version} is {row['status']}: {row['reason']}")


def _facts(control: ControlPlane, release: Release, code: GateCode) -> dict[str, Any]:
    gate_id = gate_id_of(control, release, code)
    return {
        "checks": control.gates.checks(gate_id),
        "decisions": control.gates.decisions(gate_id),
        "evidence": control.gates.evidence(gate_id),
    }


def _print_gate(row: dict[str, Any], facts: dict[str, Any]) -> None:
    print_fields(row)
    for name, columns in (("checks", _CHECKS), ("decisions", _DECISIONS), ("evidence", _EVIDENCE)):
        if facts[name]:
            note("")
            print_rows(facts[name], columns=columns)
