"""`ops person`: the persons who author, approve and request, and the names by which they are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, cast, get_args

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import person_key
from odooops_dagster.doors.cli.lookup import person_of
from odooops_dagster.doors.cli.output import Json, Wide, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane, owner_plane
from odooops_dagster.errors import BadInput
from odooops_dagster.model.people import AliasKind, Person

app = typer.Typer(help="Manage people: one person, however many names.", no_args_is_help=True)
app.add_typer(person_key.app, name="key")

Alias = Annotated[
    list[str] | None,
    typer.Option(
        "--alias", help=f"KIND=NAME, KIND one of {', '.join(get_args(AliasKind))}; repeat it.", show_default=False
    ),
]
PersonName = Annotated[str, typer.Argument(metavar="PERSON", help="The person's name, or id.", show_default=False)]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call the person.", show_default=False)],
    *,
    alias: Alias = None,
    json: Json = False,
) -> None:
    """Declare a person, with the names that are the person's."""
    names = [_parsed(item) for item in alias or ()]
    with owner_plane() as control:
        person = _named(control, control.people.create(name, created_by=caller()), names)
    print_fields(_row(person, json=json), json=json)


@app.command("list")
def list_(*, json: Json = False, wide: Wide = False) -> None:
    """List the people and their names."""
    with control_plane() as control:
        rows = [_row(person, json=json) for person in control.people.list()]
    columns = ("person_id", "name", "aliases")
    print_rows(rows, columns=columns, json=json, wide=wide, empty="nobody yet: ops person create NAME --alias email=…")


@app.command("alias")
def alias_(person: PersonName, alias: Alias = None, *, json: Json = False) -> None:
    """Add names to a person. Gates that they decided are judged again."""
    names = [_parsed(item) for item in alias or ()]
    with owner_plane() as control:
        changed = _named(control, person_of(control, person), names)
    print_fields(_row(changed, json=json), json=json)


@app.command()
def unalias(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to take away.", show_default=False)],
    *,
    json: Json = False,
) -> None:
    """Take a name from its person. Gates that it decided are judged again."""
    with owner_plane() as control:
        was_somebodys = control.people.remove_alias(name)
    if json:
        print_json({"name": name, "removed": was_somebodys})
    else:
        note(f"{name} is nobody's now" if was_somebodys else f"{name} was nobody's")


def _parsed(text: str) -> tuple[AliasKind, str]:
    kind, _, name = text.partition("=")
    if kind not in get_args(AliasKind) or not name:
        raise BadInput(f"--alias: {text} is no KIND=NAME", hint=f"KIND is one of {', '.join(get_args(AliasKind))}")
    return cast("AliasKind", kind), name


def _named(control: ControlPlane, person: Person, names: Sequence[tuple[AliasKind, str]]) -> Person:
    for kind, name in names:
        person = control.people.add_alias(person.person_id, name, kind=kind, created_by=caller())
    return person


def _row(person: Person, *, json: bool) -> dict[str, Any]:
    row = asdict(person)
    return row if json else row | {"aliases": ", ".join(f"{a['kind']}={a['name']}" for a in person.aliases)}
