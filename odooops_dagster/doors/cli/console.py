"""`ops console`: a login to the console, and the sessions of everybody."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Annotated, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

import typer

from odooops_dagster.doors.cli.desktop import open_in_browser
from odooops_dagster.doors.cli.output import Json, note, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import caller, control_plane, owner_plane, read_settings
from odooops_dagster.errors import BadInput
from odooops_dagster.model.releases import Persona

_TOKEN_BYTES = 32
# What a person may be; pipelines use keys.
_PERSONAS: tuple[Persona, ...] = tuple(each for each in get_args(Persona) if each != "ci_service_role")
_USUAL: tuple[Persona, ...] = ("developer", "qa_tester", "release_manager", "sre", "audit_reader")
_COLUMNS = ("session_id", "person", "persona", "status", "created_by", "created_at", "last_used_at", "ends_at")
_ALL = "all"

Person = Annotated[
    str | None, typer.Option("--as", help="The person who signs in; else the user at the terminal.", show_default=False)
]
PersonaNames = Annotated[
    list[str] | None,
    typer.Option(
        "--persona",
        help=f"A persona that the person may choose, the first one at first; repeat it: {', '.join(_PERSONAS)}."
        " [default: every one]",
        show_default=False,
    ),
]
Member = Annotated[
    UUID | None,
    typer.Option(metavar="USER", help="The member of projects as whom the person acts.", show_default=False),
]
Sessions = Annotated[bool, typer.Option("--sessions", help="List the sessions, and print no link.")]
End = Annotated[
    str | None,
    typer.Option("--end", metavar="SESSION", help="End a session, or `all`, and print no link.", show_default=False),
]


def console(
    *,
    as_: Person = None,
    persona: PersonaNames = None,
    member: Member = None,
    sessions: Sessions = False,
    end: End = None,
    json: Json = False,
) -> None:
    """Print a link that signs a person in at the console; it works once, within a minute. On a desktop, open it."""
    from odooops_dagster.control.console import LINK_SECONDS

    if sessions:
        with control_plane() as control:
            rows = control.console.sessions()
        print_json(rows) if json else print_rows(rows, columns=_COLUMNS)
        return
    if end is not None:
        _end(end, json=json)
        return
    link = console_link(as_ or caller() or "operator", personas=chosen(persona, member), member=member)
    if json:
        print_json({"url": link, "link_seconds": LINK_SECONDS})
        return
    say(link)
    open_in_browser(link)


def console_link(person: str, *, personas: Sequence[Persona] = _USUAL, member: UUID | None = None) -> str:
    """Return a link that signs the person in once; the database knows its hash only."""
    from odooops_dagster.local.programs import console_url

    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with owner_plane() as control:
        control.console.create_link(
            person,
            link_sha256=hashlib.sha256(token.encode()).hexdigest(),
            personas=personas,
            user_id=member,
            created_by=caller(),
        )
    return f"{console_url(read_settings())}/login?{urlencode({'token': token})}"


def _end(session: str, *, json: bool) -> None:
    try:
        found = None if session == _ALL else UUID(session)
    except ValueError as exc:
        raise BadInput(f"{session} is no session", hint="list them: ops console --sessions") from exc
    with control_plane() as control:
        ended = control.console.end(found, ended_by=caller())
    print_json({"ended": ended}) if json else note(f"{ended} ended")


def chosen(named: list[str] | None, member: UUID | None) -> tuple[Persona, ...]:
    """Return the personas that were named, every one if none was; none for a member.

    Raises:
        BadInput: one is none, or a member would have some.
    """
    if member is not None:
        if named:
            raise BadInput("a member has no persona", hint="name --member or --persona")
        return ()
    strange = [each for each in named or () if each not in _PERSONAS]
    if strange:
        raise BadInput(f"{strange[0]} is no persona of a person", hint=f"name one of {', '.join(_PERSONAS)}")
    return tuple(cast("list[Persona]", named)) if named else _USUAL
