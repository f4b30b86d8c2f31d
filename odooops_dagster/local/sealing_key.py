"""The platform's own key for which values of variables are sealed: they are opened only where this file is."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.home import sealing_key_file
from odooops_dagster.local.secrets import create_once
from odooops_dagster.tools.sealing import new_key, public_of


def private_sealing_key(home: Path) -> bytes | None:
    """Return the private key, 32 bytes; None if there is none yet."""
    try:
        return b64decode(sealing_key_file(home).read_text())
    except FileNotFoundError:
        return None


def record_sealing_key(home: Path, control: ControlPlane, *, gives_up: bool = False) -> None:
    """Make the key if there is none, and record its public half: values are sealed for it from now on.

    Raises:
        Conflict: values on the record are sealed for a key that is not here, and `gives_up` does not say that they
            have to be set again. No key is made.
    """
    path = sealing_key_file(home)
    is_new = not path.exists()
    if is_new:
        create_once(path, b64encode(new_key()).decode())
    try:
        control.variables.record_key(public_of(b64decode(path.read_text())), gives_up=gives_up)
    except Conflict:
        if is_new:
            path.unlink()
        raise
