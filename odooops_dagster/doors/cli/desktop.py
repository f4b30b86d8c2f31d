"""What a command opens for a person who sits at a screen."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from html import escape
from pathlib import Path

import typer

_PREFIX = "odooops-open-"
_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>OdooOps</title>
<p><a href="{url}">Go on to OdooOps</a></p>
"""


def open_in_browser(url: str) -> bool:
    """Open the URL in the person's browser, and return whether there is one."""
    return _is_desktop() and typer.launch(str(page_that_leads_to(url, Path(tempfile.gettempdir())))) == 0


def page_that_leads_to(url: str, folder: Path) -> Path:
    """Write a file that only this user may read and that leads a browser to the URL, and return its path.

    The arguments of a browser are everybody's to read, and the URL may sign its reader in. Source: how Jupyter opens
    its browser, `_prepare_browser_open` of jupyter_server/serverapp.py. The files of earlier calls are removed.
    """
    for former in folder.glob(f"{_PREFIX}*.html"):
        with suppress(OSError):  # another user's
            former.unlink()
    handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=".html", dir=folder)  # readable by its owner alone
    with os.fdopen(handle, "w") as page:
        page.write(_PAGE.format(url=escape(url)))
    return Path(name)


def _is_desktop() -> bool:
    """Return whether the terminal is on a screen: elsewhere a browser would fill the terminal."""
    has_screen = sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return sys.stdout.isatty() and has_screen and "SSH_CONNECTION" not in os.environ
