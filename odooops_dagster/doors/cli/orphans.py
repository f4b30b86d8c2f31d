"""`ops env orphans`: things that the platform finds and no record explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_rows
from odooops_dagster.doors.cli.ports import caller, platform
from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.steps.upkeep.decide import Found, OrphanKeeper
from odooops_dagster.steps.upkeep.verdicts import Verdict

app = typer.Typer(
    help="Manage orphans: databases, roles, services and folders that no record explains.", no_args_is_help=True
)

_COLUMNS = ("kind", "name", "effect", "reason")
_EFFECTS = {"lost": "stops the janitor", "stranger": "left alone", "kept": "kept"}

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names, as listed.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="All that are listed, but for another installation's.")]


@app.command("list")
def list_(
    *,
    adopted: Annotated[bool, typer.Option("--adopted", help="Those that were adopted instead.")] = False,
    json: Json = False,
) -> None:
    """List the databases, roles, services and folders that no record explains."""
    with _keeper() as keeper:
        found = keeper.find()
    verdicts = found.adopted if adopted else found.orphans
    print_rows([_row(verdict) for verdict in verdicts], columns=_COLUMNS, json=json, empty="no orphans")


@app.command()
def adopt(names: Names = None, *, all_: All = False, yes: Yes = False) -> None:
    """Mark orphans as this platform's own. They stay until someone drops them, and block nothing."""
    with _keeper() as keeper:
        found = keeper.find()
        chosen = _chosen(found, names, all_=all_)
        confirm([f"adopt {_line(verdict)}" for verdict in chosen], yes=yes)
        for verdict in chosen:
            keeper.adopt(verdict, found.record, decided_by=caller())
            note(f"adopted {verdict.thing.kind} {verdict.thing.name}")


@app.command()
def drop(names: Names = None, *, all_: All = False, yes: Yes = False) -> None:
    """Remove orphans for good: databases with their files, roles, services, folders."""
    with _keeper() as keeper:
        found = keeper.find()
        chosen = _chosen(found, names, all_=all_)
        confirm([f"DROP {_line(verdict)}" for verdict in chosen], yes=yes)
        for verdict in chosen:
            keeper.drop(verdict, found.record, decided_by=caller())
            note(f"dropped {verdict.thing.kind} {verdict.thing.name}")


@contextmanager
def _keeper() -> Iterator[OrphanKeeper]:
    with platform() as opened:
        yield OrphanKeeper(opened.control, opened.runtime, opened.databases, opened.settings.home)


def _chosen(found: Found, names: Sequence[str] | None, *, all_: bool) -> list[Verdict]:
    """Return the named orphans, or all of them except those that another installation marked."""
    if bool(names) == all_:
        raise BadInput("name what is meant, or give --all", hint="ops env orphans list")
    if all_:
        ours = found.record.identity.installation
        chosen = [v for v in found.orphans if v.thing.mark is None or v.thing.mark.identity.installation == ours]
        if not chosen:
            raise NotFound("there is no orphan but another installation's", hint="ops env orphans list")
        return chosen
    known = [*found.orphans, *found.adopted]
    unknown = sorted(set(names or ()) - {verdict.thing.name for verdict in known})
    if unknown:
        raise NotFound(f"there is no orphan {unknown[0]}", hint="ops env orphans list")
    return [verdict for verdict in known if verdict.thing.name in (names or ())]


def _line(verdict: Verdict) -> str:
    return f"{verdict.thing.kind} {verdict.thing.name}: {verdict.reason}"


def _row(verdict: Verdict) -> dict[str, object]:
    mark = verdict.thing.mark
    return {
        "kind": verdict.thing.kind,
        "name": verdict.thing.name,
        "effect": _EFFECTS[verdict.answer],
        "reason": verdict.reason,
        "installation": mark.identity.installation if mark else None,
        "control_plane": mark.identity.control_plane if mark else None,
        "run_id": mark.run_id if mark else None,
        "made_at": mark.made_at if mark else None,
    }
