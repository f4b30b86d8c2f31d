"""`ops env visitors`: the password that previews ask people elsewhere for."""

from __future__ import annotations

from typing import Annotated

import typer

from odooops_dagster.doors.cli.output import Json, note, print_json, say
from odooops_dagster.doors.cli.ports import is_remote, read_settings
from odooops_dagster.errors import BadInput

NAME = "visitor"
Renew = Annotated[bool, typer.Option("--renew", help="Make a new password; every visitor has to log in again.")]


def visitors(*, renew: Renew = False, json: Json = False) -> None:
    """Print the password for which every environment but production asks visitors."""
    from odooops_dagster.home import VISITORS_SECRET, visitors_secret_file
    from odooops_dagster.local.secrets import read_or_create_secret

    if is_remote():
        raise BadInput("the password is in a file of the platform's machine", hint="run ops env visitors there")
    settings = read_settings()
    if renew:
        visitors_secret_file(settings.home).unlink(missing_ok=True)
    password = read_or_create_secret(settings.home, VISITORS_SECRET)
    if json:
        print_json({"name": NAME, "password": password, "is_asked": settings.environments_login})
        return
    if not settings.environments_login:
        note("nobody is asked: ODOOOPS_ENVIRONMENTS_LOGIN is false")
    say(f"{NAME} {password}")
