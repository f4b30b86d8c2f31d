"""`ops person key`: the public keys by which people sign their approvals."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.doors.cli.lookup import person_of
from odooops_dagster.doors.cli.output import Json, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane, owner_plane
from odooops_dagster.errors import BadInput

app = typer.Typer(help="Manage the public keys by which people sign.", no_args_is_help=True)

PersonName = Annotated[str, typer.Argument(metavar="PERSON", help="The person's name, or id.", show_default=False)]


@app.command()
def add(
    person: PersonName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The public key, Ed25519 in PEM.", show_default=False)],
    *,
    json: Json = False,
) -> None:
    """Register a public key of a person. The private one stays with the person."""
    from odooops_dagster.tools.bundle.approvals import key_id_of

    pem = read_key(file)
    with owner_plane() as control:
        found = person_of(control, person)
        key = control.people.add_key(
            found.person_id, key_id=key_id_of(pem), public_key=pem.decode("ascii", "replace"), created_by=caller()
        )
    print_fields(key, json=json)


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the keys with their owners, withdrawn ones too."""
    with control_plane() as control:
        names = {each.person_id: each.name for each in control.people.list()}
        rows = [{"person": names[key.person_id], **asdict(key)} for key in control.people.signing_keys()]
    columns = ("person", "key_id", "created_at", "revoked_at")
    print_rows(rows, columns=columns, json=json, empty="no key yet: ops person key add PERSON FILE")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id.", show_default=False)],
    *,
    json: Json = False,
) -> None:
    """Withdraw a key: what it signed before still counts, what it signs later does not."""
    with owner_plane() as control:
        was_in_force = control.people.revoke_key(key_id, revoked_by=caller())
    if json:
        print_json({"key_id": key_id, "revoked": was_in_force})
    else:
        note("the key is withdrawn" if was_in_force else "the key was withdrawn before")


def read_key(file: Path) -> bytes:
    """Return the bytes of the file with a key.

    Raises:
        BadInput: it cannot be read.
    """
    from odooops_dagster.tools.bundle.envelopes import LARGEST_KEY

    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_KEY)
    except OSError as exc:
        raise BadInput(f"{file} cannot be read: {exc.strerror or exc}", hint="name a file with a key in PEM") from exc
