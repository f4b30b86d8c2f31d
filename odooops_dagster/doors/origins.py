"""Whose page sends a request: what the Dagster UI and the console believe of a browser.

Source of the checks: "Cross-Site Request Forgery Prevention Cheat Sheet" of OWASP, and "Fetch Metadata Request Headers"
of the W3C.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

# Names of the machine itself, under which previews answer as well: their pages would get a session's cookie.
SHARED_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def host_of(scope: Scope) -> str:
    """Return the name to which the request was sent, in lower case; empty if it names none."""
    try:
        return (urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or "").casefold()
    except ValueError:
        return ""


def address_at(scope: Scope, host: str) -> str:
    """Return the URL of the same page under another name, at the same port."""
    port = urlsplit(f"//{Headers(scope=scope)['host']}").port
    query = scope["query_string"].decode("latin-1")
    place = f"{scope['path']}?{query}" if query else scope["path"]
    return f"{scope['scheme']}://{host}{f':{port}' if port else ''}{place}"


def is_navigation(scope: Scope) -> bool:
    """Return whether a browser opens a page, which shows it to the person and to nobody else."""
    headers = Headers(scope=scope)
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def comes_from_elsewhere(scope: Scope) -> bool:
    """Return whether a page of another site sends the request; a link to here may be followed."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None and not is_same_place(origin, headers.get("host", "")):
        return True
    return headers.get("sec-fetch-site") in {"cross-site", "same-site"} and not is_navigation(scope)


def is_known_to_come_from_here(scope: Scope) -> bool:
    """Return whether the browser says that one of our own pages sends the request."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None:
        return is_same_place(origin, headers.get("host", ""))
    return headers.get("sec-fetch-site") == "same-origin"


def is_same_place(origin: str, authority: str) -> bool:
    """Return whether the origin has the host and the port that the request was sent to; each may leave out a default.

    The scheme is not compared: a proxy may take it away.
    """
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"//{authority}")
        default = _DEFAULT_PORTS.get(theirs.scheme)
        places = [(place.hostname, place.port or default) for place in (theirs, ours)]
    except ValueError:
        return False
    return default is not None and places[0] == places[1] and places[0][0] is not None
