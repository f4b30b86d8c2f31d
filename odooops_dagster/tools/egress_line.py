"""The line to the proxy: it says which environments have a way out by which rules, and is told what has changed."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from odooops_dagster.home import egress_socket, exit_folder
from odooops_dagster.tools.handing_over import Rules, hand_over, listening_in

# The name of the proxy's socket in an environment's folder, which the launcher of Odoo knows (way_out.py).
SOCKET = "proxy"


def tell(home: Path, wanted: Mapping[UUID, Rules]) -> int | None:
    """Give the proxy the rules of every environment, and return how many have changed; None if it does not answer.

    Args:
        home: the state folder.
        wanted: the rules of each environment that has a way out, as doors/egress/destinations.py reads them; every
            other way is closed.
    """
    return hand_over(
        egress_socket(home),
        wanted,
        sockets=lambda environment: listening_in(exit_folder(home, environment), {SOCKET: socket.SOCK_STREAM}),
    )
