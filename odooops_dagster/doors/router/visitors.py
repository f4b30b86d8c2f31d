"""Who may ask for an environment from elsewhere: productions are open, all others ask for the visitors' password.

A fresh preview's login is Odoo's default, and its code is whatever was pushed: what a proxy leads to it comes from
anybody. Browsers ask for the password once and get a cookie of this environment's own; programs send the password. No
environment learns either. Sources: RFC 7617 (Basic); RFC 6265bis, section 4.1.3.2 (`__Host-`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import replace

from odooops_dagster.doors.router.askers import is_the_platforms
from odooops_dagster.doors.router.demand import wants_page
from odooops_dagster.doors.router.head import Head
from odooops_dagster.doors.router.pages import Answer
from odooops_dagster.home import visitors_secret_file
from odooops_dagster.settings import Settings
from odooops_dagster.tools.front import openings

COOKIE = "__Host-odooops-visitor"
# A program whose own requests carry `Authorization`, such as a key of Odoo's API, sends the password in this field.
FIELD = "x-odooops-visitor"
_SECONDS = 12 * 3600
# With one of these a request was passed on by a proxy, whatever name it asks for.
_PROXIED = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded", b"via", b"x-real-ip")
_HOW = "the name is `visitor`, and `ops env visitors` on the platform's machine prints the password"


def admit(settings: Settings, head: Head, label: str) -> Head | Answer:
    """Return the request as the environment may see it, or the answer to somebody who has not shown the password."""
    password = _password(settings)
    bare = replace(head, fields=[each for each in head.fields if not _is_ours(each, password)])
    bare = replace(bare, fields=[_without_cookie(each) for each in bare.fields])
    if not settings.environments_login or openings.is_open(settings.home, label) or not _comes_from_elsewhere(head):
        return bare
    if password is None:
        return Answer(status=503, text="previews have no password for visitors yet: ops env visitors makes it")
    if _has_cookie(head, label, password):
        return bare
    if not any(_shows(each, password) for each in head.fields):
        return Answer(status=401, text=f"this environment asks for a login: {_HOW}", asks_login=True)
    # A browser keeps a `Secure` cookie of a page with TLS alone: without, it would be led here again and again.
    if wants_page(head) and (head.field(b"x-forwarded-proto") or "").lower() == "https":
        return Answer(status=303, text="welcome", location=_path(head.target), cookie=_cookie(label, password))
    return bare


def _path(target: str) -> str:
    """Return the address on this host: browsers take two slashes of either kind for the start of another host's."""
    return "/" + target.lstrip("/\\")


def _comes_from_elsewhere(head: Head) -> bool:
    """Return whether a proxy passed the request on, or another account asks, such as that of sandboxed code.

    The platform's own account asks for names below localhost: its person's browser and programs.
    """
    is_local = head.host.removesuffix(".").endswith(".localhost")
    if not is_local or any(head.field(name) is not None for name in _PROXIED):
        return True
    return head.ends is None or not is_the_platforms(*head.ends)


def _password(settings: Settings) -> str | None:
    # Read each time: `ops env visitors --renew` is another process.
    try:
        return visitors_secret_file(settings.home).read_text().strip() or None
    except FileNotFoundError:
        return None


def _shows(field: tuple[bytes, bytes], password: str) -> bool:
    """Return whether the field has the password."""
    name, value = field[0].lower(), field[1].strip()
    if name == FIELD.encode():
        return hmac.compare_digest(value, password.encode())
    scheme, _, coded = value.partition(b" ")
    if name != b"authorization" or scheme.lower() != b"basic":
        return False
    try:
        _, _, given = base64.b64decode(coded.strip(), validate=True).partition(b":")
    except binascii.Error:
        return False
    return hmac.compare_digest(given, password.encode())


def _is_ours(field: tuple[bytes, bytes], password: str | None) -> bool:
    return field[0].lower() == FIELD.encode() or (password is not None and _shows(field, password))


def _without_cookie(field: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    if field[0].lower() != b"cookie":
        return field
    kept = [each for each in field[1].split(b";") if each.partition(b"=")[0].strip() != COOKIE.encode()]
    return (field[0], b";".join(kept).strip())


def _cookie(label: str, password: str) -> str:
    until = int(time.time()) + _SECONDS
    value = f"{until}.{_signature(label, until, password)}"
    return f"{COOKIE}={value}; Path=/; Max-Age={_SECONDS}; Secure; HttpOnly; SameSite=Lax"


def _has_cookie(head: Head, label: str, password: str) -> bool:
    pairs = [each for name, value in head.fields if name.lower() == b"cookie" for each in value.split(b";")]
    return any(_is_valid(pair, label, password) for pair in pairs)


def _is_valid(pair: bytes, label: str, password: str) -> bool:
    name, _, value = pair.strip().partition(b"=")
    until, _, signature = value.partition(b".")
    if name != COOKIE.encode() or not until.isdigit() or len(until) > 12 or int(until) < time.time():
        return False
    return hmac.compare_digest(signature, _signature(label, int(until), password).encode())


def _signature(label: str, until: int, password: str) -> str:
    return hmac.new(password.encode(), f"{label} {until}".encode(), hashlib.sha256).hexdigest()
