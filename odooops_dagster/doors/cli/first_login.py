"""Who logs in first at an environment that `ops env create` makes: `admin`, and with which password."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from odooops_dagster.errors import BadInput

if TYPE_CHECKING:
    from odooops_dagster.model import Environment

LEAST_CHARACTERS = 12


@dataclass(frozen=True, kw_only=True, repr=False)
class FirstPassword:
    """A new production's administrator's password, and whether the person who asks knows it."""

    text: str
    is_known: bool


def first_password(*, from_stdin: bool) -> FirstPassword:
    """Return the password on standard input, or a new one.

    Raises:
        BadInput: the password given is too short.
    """
    from odooops_dagster.local.administrators import new_password

    if not from_stdin:
        return FirstPassword(text=new_password(), is_known=False)
    text = sys.stdin.readline().rstrip("\r\n")
    if len(text) < LEAST_CHARACTERS:
        raise BadInput(
            f"the administrator's password has fewer than {LEAST_CHARACTERS} characters",
            hint="give a longer one, or leave --admin-password-stdin out and one is generated",
        )
    return FirstPassword(text=text, is_known=True)


def prepare_login(home: Path, environment: Environment, password: FirstPassword | None) -> None:
    """Leave the hash of the password for the run that makes production's database; previews keep Odoo's own.

    None: the run is another machine's, and makes one itself.
    """
    from odooops_dagster.local.administrators import keep_password

    if password is not None and gets_password(environment):
        keep_password(home, environment, password.text)


def login_of(environment: Environment, password: FirstPassword | None) -> str:
    """Return in one line how to log in; a generated password is shown here and nowhere else."""
    if not gets_password(environment):
        return "log in as admin, password admin" if environment.stage == "development" else "log in as in production"
    if password is None:
        return "log in as admin; the password is in a file on the platform's machine, which the run's log names"
    shown = "the password that you gave" if password.is_known else f"password {password.text} (shown only now)"
    return f"log in as admin, {shown}"


def gets_password(environment: Environment) -> bool:
    """Return whether a run that deploys it makes its first database for people."""
    return environment.stage == "production" and environment.database_name is None and not environment.is_adopted
