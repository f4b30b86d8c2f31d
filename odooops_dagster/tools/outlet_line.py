"""The line to the catcher: it says which environments it hears, and gets the sockets of the others."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from uuid import UUID

from odooops_dagster.home import catcher_socket, outlet, outlets_folder
from odooops_dagster.tools.handing_over import hand_over, listening_in

# The sockets of an outlet, which the launcher of Odoo knows (attempts.py and caught_mail.py), in the catcher's order.
_SOCKETS = {"attempts": socket.SOCK_DGRAM, "mail": socket.SOCK_STREAM}
_ID = re.compile("[0-9a-f]{32}")


def tell(home: Path) -> int | None:
    """Have the catcher hear every environment that has an outlet; return how many are new, None without an answer."""
    around = outlets_folder(home)
    found = around.iterdir() if around.is_dir() else ()
    wanted: dict[UUID, dict[str, object]] = {UUID(each.name): {} for each in found if _ID.fullmatch(each.name)}
    return hand_over(
        catcher_socket(home), wanted, sockets=lambda environment: listening_in(outlet(home, environment), _SOCKETS)
    )
