"""`ops exception`: gates waived by a named person, for a reason, until a time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import As, GateName, OnlyProject, ProjectSlug, Version
from odooops_dagster.doors.cli.lookup import gate_of, id_beginning, release_of
from odooops_dagster.doors.cli.output import Json, Wide, Yes, confirm, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import acting, control_plane, owner_plane

if TYPE_CHECKING:
    from odooops_dagster.model.releases import GateException

app = typer.Typer(help="Manage exceptions from gates.", no_args_is_help=True)

_COLUMNS = (
    "exception_id",
    "project_slug",
    "version",
    "gate_code",
    "status",
    "requested_by",
    "granted_by",
    "expires_at",
    "reason",
)

Id = Annotated[
    str, typer.Argument(metavar="EXCEPTION", help="The exception's id, or how it begins.", show_default=False)
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.", show_default=False)]


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    status: Annotated[
        Literal["pending_review", "active", "expired", "revoked"] | None,
        typer.Option(help="Only those of this status.", show_default=False),
    ] = None,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the exceptions as they stand now, newest first."""
    with control_plane() as control:
        project_id = control.projects.get(project).id if project else None
        rows = control.gates.exception_statuses(project_id, status=status)
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="no exception: ops exception request")


@app.command()
def request(
    project: ProjectSlug,
    version: Version,
    gate: GateName,
    *,
    reason: Reason,
    hours: Annotated[int, typer.Option(min=1, help="How long it would last.")] = 24,
    as_: As = None,
    json: Json = False,
) -> None:
    """Ask that a gate be waived for a time. It waives nothing until somebody else grants it."""
    with control_plane() as control:
        asked = control.gates.request_exception(
            release_of(control, project, version).id,
            gate_code=gate_of(gate),
            reason=reason,
            expires_at=datetime.now(UTC) + timedelta(hours=hours),
            requested_by=acting(control, as_),
        )
    print_fields(asked, json=json)


@app.command()
def grant(exception: Id, *, as_: As = None, yes: Yes = False, json: Json = False) -> None:
    """Grant a requested exception. Who requested it cannot, nor who made the release."""
    with owner_plane() as control:
        found = control.gates.exception(_found(control, exception))
        confirm([f"waive {found.gate_code} until {found.expires_at}: {found.reason}"], yes=yes)
        granted = control.gates.grant_exception(found.id, granted_by=acting(control, as_))
    _show(granted, f"{granted.gate_code} is waived until {granted.expires_at}", json=json)


@app.command()
def revoke(exception: Id, *, as_: As = None, json: Json = False) -> None:
    """End an exception at once, or refuse one that was only requested."""
    with owner_plane() as control:
        ended = control.gates.revoke_exception(_found(control, exception), revoked_by=acting(control, as_))
    _show(ended, f"the exception from {ended.gate_code} has ended", json=json)


@app.command("break-glass")
def break_glass(
    project: ProjectSlug,
    version: Version,
    gate: GateName,
    *,
    reason: Reason,
    as_: As = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Waive a gate alone, in an emergency, for a short time. It lifts a freeze and opens an incident."""
    code = gate_of(gate)
    with owner_plane() as control:
        release = release_of(control, project, version)
        confirm([f"break the glass of {code} of release {version}: an incident is opened"], yes=yes)
        broken = control.gates.break_glass(release.id, gate_code=code, reason=reason, broken_by=acting(control, as_))
    _show(broken, f"{code} is waived until {broken.expires_at}; an incident is open: ops incident list", json=json)


def _found(control: ControlPlane, reference: str) -> UUID:
    ids = (row["exception_id"] for row in control.gates.exception_statuses())
    return id_beginning(reference, ids, noun="exception")


def _show(exception: GateException, what: str, *, json: bool) -> None:
    if json:
        print_json(asdict(exception))
    else:
        note(what)
