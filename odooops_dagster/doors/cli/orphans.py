"""`ops env orphans`: things that the janitor found and no record explains; it carries out what people decide."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.output import Json, Wide, Yes, confirm, note, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.wording import age_text

if TYPE_CHECKING:
    from odooops_dagster.control.orphans import Orphan, OrphanDecision

app = typer.Typer(
    help="Manage orphans: databases, roles, services and folders that no record explains.", no_args_is_help=True
)

_COLUMNS = ("kind", "name", "effect", "reason")
_EFFECTS = {"lost": "stops the janitor", "stranger": "left alone", "adopted": "kept"}
_POLL_SECONDS = 0.5

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names, as listed.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="All that are listed, but for another installation's.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until the janitor has done it; exit 1 if it cannot.")]


@app.command("list")
def list_(
    *,
    adopted: Annotated[bool, typer.Option("--adopted", help="Those that were adopted instead.")] = False,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the databases, roles, services and folders that no record explains, as the janitor last found them."""
    with control_plane() as control:
        found = control.orphans.list()
        _tell_age(control)
    listed = [orphan for orphan in found if (orphan.answer == "adopted") == adopted]
    print_rows([_row(orphan) for orphan in listed], columns=_COLUMNS, json=json, wide=wide, empty="no orphans")


@app.command()
def adopt(names: Names = None, *, all_: All = False, yes: Yes = False, wait: Wait = False) -> None:
    """Mark orphans as this platform's own. They stay until someone drops them, and block nothing."""
    _decide("adopted", "adopt", names, all_=all_, yes=yes, wait=wait)


@app.command()
def drop(names: Names = None, *, all_: All = False, yes: Yes = False, wait: Wait = False) -> None:
    """Remove orphans for good: databases with their files, roles, services, folders."""
    _decide("dropped", "DROP", names, all_=all_, yes=yes, wait=wait)


def _decide(
    decision: OrphanDecision, verb: str, names: Sequence[str] | None, *, all_: bool, yes: bool, wait: bool
) -> None:
    """Write the decision about each chosen orphan down, after it was confirmed; the janitor carries it out."""
    with control_plane() as control:
        chosen = _chosen(control.orphans.list(), names, all_=all_)
        confirm([f"{verb} {_line(orphan)}" for orphan in chosen], yes=yes)
        for orphan in chosen:
            control.orphans.decide(orphan, decision, decided_by=caller())
            note(f"to be {decision}: {orphan.kind} {orphan.name}")
        note("the janitor does it in its next round, while the platform runs")
        if wait:
            _wait(control, chosen, decision)


def _wait(control: ControlPlane, chosen: Sequence[Orphan], decision: OrphanDecision) -> None:
    """Wait until no decision about the chosen orphans is pending.

    Raises:
        Conflict: one could not be carried out.
    """
    names = {(orphan.kind, orphan.name) for orphan in chosen}
    while True:
        listed = [orphan for orphan in control.orphans.list() if (orphan.kind, orphan.name) in names]
        if all(orphan.decision is None for orphan in listed):
            break
        time.sleep(_POLL_SECONDS)
    if refused := [orphan for orphan in listed if orphan.refusal is not None]:
        raise Conflict("; ".join(str(orphan.refusal) for orphan in refused), hint="ops env orphans list")
    for orphan in chosen:
        note(f"{decision} {orphan.kind} {orphan.name}")


def _tell_age(control: ControlPlane) -> None:
    """Tell how old the list is."""
    found_at = control.plane.get().orphans_found_at
    if found_at is None:
        note("the janitor has not gone round yet: ops up")
    else:
        note(f"as the janitor found it {age_text(datetime.now(UTC) - found_at)} ago")


def _chosen(found: Sequence[Orphan], names: Sequence[str] | None, *, all_: bool) -> list[Orphan]:
    """Return the named orphans, or all of them except those that another installation marked."""
    if bool(names) == all_:
        raise BadInput("name what is meant, or give --all", hint="ops env orphans list")
    if all_:
        chosen = [orphan for orphan in found if orphan.answer != "adopted" and not orphan.is_foreign]
        if not chosen:
            raise NotFound("there is no orphan but another installation's", hint="ops env orphans list")
        return chosen
    unknown = sorted(set(names or ()) - {orphan.name for orphan in found})
    if unknown:
        raise NotFound(f"there is no orphan {unknown[0]}", hint="ops env orphans list")
    return [orphan for orphan in found if orphan.name in (names or ())]


def _line(orphan: Orphan) -> str:
    return f"{orphan.kind} {orphan.name}: {orphan.reason}"


def _row(orphan: Orphan) -> dict[str, object]:
    effect = f"to be {orphan.decision}" if orphan.decision else _EFFECTS[orphan.answer]
    reason = f"{orphan.reason} (the last decision failed: {orphan.refusal})" if orphan.refusal else orphan.reason
    return asdict(orphan) | {"effect": effect, "reason": reason}
