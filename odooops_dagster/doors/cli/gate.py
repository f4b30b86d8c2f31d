"""`ops gate`: how the gates of a release stand, and the decisions of people on G2, G3 and an inconclusive G4."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import As, GateName, ProjectSlug, Version
from odooops_dagster.doors.cli.lookup import gate_of, release_of
from odooops_dagster.doors.cli.output import Json, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import acting, control_plane, owner_plane
from odooops_dagster.errors import Conflict
from odooops_dagster.model.releases import Decision, GateCode, Release

app = typer.Typer(help="Look at gates, and sign them off.", no_args_is_help=True)

_COLUMNS = ("gate_code", "status", "reason", "checks_passed", "checks_failed", "approvals", "quorum", "evidence_count")
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
    shown: Shown = None,
    json: Json = False,
) -> None:
    """Approve gate G2 or G3 of a release. Who made the release cannot.

    An approval counts while what was shown is so: if a check of the build changes, it is asked for again.
    """
    _decide(project, version, gate_of(gate), "approved", as_=as_, why=why, shown=shown, json=json)


@app.command()
def reject(
    project: ProjectSlug,
    version: Version,
    gate: GateName,
    *,
    why: Annotated[str, typer.Option("--note", help="What is wrong.", show_default=False)],
    as_: As = None,
    json: Json = False,
) -> None:
    """Reject gate G2 or G3 of a release: it goes nowhere any more, unless an exception is granted after that."""
    _decide(project, version, gate_of(gate), "rejected", as_=as_, why=why, json=json)


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
    json: bool,
    shown: str | None = None,
) -> None:
    with owner_plane() as control:
        release = release_of(control, project, version)
        control.gates.sign_off(
            release.id,
            gate_code=code,
            decision=decision,
            approver_id=acting(control, as_),
            rationale={"note": why} if why else {},
            shown=shown,
        )
        [row] = [each for each in control.gates.summary(release.id) if each["gate_code"] == code]
    if json:
        print_json(row)
    else:
        note(f"{code} of release {version} is {row['status']}: {row['reason']}")


def _facts(control: ControlPlane, release: Release, code: GateCode) -> dict[str, Any]:
    [gate] = [each for each in control.gates.list(release.id) if each.gate_code == code]
    return {
        "checks": control.gates.checks(gate.gate_id),
        "decisions": control.gates.decisions(gate.gate_id),
        "evidence": control.gates.evidence(gate.gate_id),
    }


def _print_gate(row: dict[str, Any], facts: dict[str, Any]) -> None:
    print_fields(row)
    for name, columns in (("checks", _CHECKS), ("decisions", _DECISIONS), ("evidence", _EVIDENCE)):
        if facts[name]:
            note("")
            print_rows(facts[name], columns=columns)
