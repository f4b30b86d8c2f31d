"""Bring every mail of this Odoo to the platform's catcher, whichever server it is for.

A preview or a staging sends to nobody. Its mail servers are those of production's data, a module's, or what a tester
just entered: with TLS and a login or without. All of them are reached through smtplib, so that is where the way is
changed: to the catcher's socket, to which no password is sent. Odoo's Python runs this file, so that it imports the
standard library alone.
"""

from __future__ import annotations

import os
import smtplib
import socket
from typing import Any

# The name of the catcher's socket in the folder that the platform names.
SOCKET = "mail"


def catch(folder: str) -> None:
    """Make smtplib speak to the catcher from now on, at the socket in the folder."""
    # By its descriptor: the path of a Unix socket may have no more than 107 bytes.
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY)

    def connect(_session: object, _host: str, _port: int, timeout: Any) -> socket.socket:  # noqa: ANN401 - smtplib's
        catcher = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Without a time limit, smtplib passes an object of its own (smtplib.py, SMTP.__init__).
        catcher.settimeout(timeout if isinstance(timeout, int | float) else None)
        catcher.connect(f"/proc/self/fd/{place}/{SOCKET}")
        return catcher

    changed: dict[str, Any] = {
        "_get_socket": connect,
        "starttls": lambda _session, *_arguments, **_options: (220, b"caught"),
        "login": lambda _session, *_arguments, **_options: (235, b"caught"),
    }
    for kind in (smtplib.SMTP, smtplib.SMTP_SSL):
        for name, method in changed.items():
            setattr(kind, name, method)
