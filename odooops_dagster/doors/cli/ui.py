"""`ops ui`: a login to the Dagster UI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from odooops_dagster.doors.cli.output import Json, note, print_json, say
from odooops_dagster.doors.cli.ports import caller, read_settings
from odooops_dagster.errors import Unavailable

if TYPE_CHECKING:
    from odooops_dagster.settings import Settings

Person = Annotated[str | None, typer.Option("--as", help="The person who logs in; else the user at the terminal.")]
EndSessions = Annotated[bool, typer.Option("--end-sessions", help="Log everybody out, and print no link.")]
ProxySecret = Annotated[
    bool, typer.Option("--proxy-secret", help="Print the secret by which a proxy proves that it names people truly.")
]


def ui(
    as_: Person = None, end_sessions: EndSessions = False, proxy_secret: ProxySecret = False, json: Json = False
) -> None:
    """Print a link that opens the Dagster UI; it works once."""
    from odooops_dagster.local.logins import LINK_SECONDS, SESSION_SECONDS, Logins
    from odooops_dagster.local.overview import overview

    settings = read_settings()
    if end_sessions:
        Logins(settings.home).end_sessions()
        print_json({"ended": True}) if json else note("everybody is logged out of the Dagster UI")
        return
    if proxy_secret:
        say(Logins(settings.home).proxy_secret())
        return
    if not overview(settings).running:
        raise Unavailable(f"nothing runs on {settings.home}", hint="ops up")
    link = login_link(settings, person=as_)
    if json:
        print_json({"url": link, "link_seconds": LINK_SECONDS, "session_seconds": SESSION_SECONDS})
    else:
        say(link)


def login_link(settings: Settings, *, person: str | None = None) -> str:
    """Return a link that logs the person in once: the user at the terminal if none is named."""
    from odooops_dagster.local.logins import Logins
    from odooops_dagster.local.programs import ui_url

    token = Logins(settings.home).link_token(person or caller() or "operator")
    return f"{ui_url(settings)}/login?{urlencode({'token': token})}"
