"""Keys on their way to a server: in a header, encrypted, and in no message of ours."""

from __future__ import annotations

import re

from odooops_dagster.errors import BadInput

# What a header can carry without being quoted, and every key and token consists of. Source: RFC 6750, section 2.1.
_BEARER = re.compile(r"[A-Za-z0-9._~+/=-]+")


def bearer(key: str, *, variable: str) -> dict[str, str]:
    """Return the header with the key of the variable, without the end of line that a file's text brings.

    Raises:
        BadInput: it cannot be a key; httpx would show it in its own error.
    """
    found = key.strip()
    if not _BEARER.fullmatch(found):
        raise BadInput(f"{variable} holds no key", hint=f"ops key create makes one; export {variable}=opsk_…")
    return {"Authorization": f"Bearer {found}"}


def is_encrypted(address: str) -> bool:
    """Return whether nobody on the way to the address reads what is sent: by TLS, or because it is this machine.

    Raises:
        BadInput: it is no address of a server, or names a login besides.
    """
    import httpx

    from odooops_dagster.settings import is_this_machine

    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as exc:
        raise BadInput(f"the server's address cannot be read: {exc}", hint="write it as https://host") from exc
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise BadInput("the server's address is not https://host", hint="write the scheme and the host, and no login")
    return url.scheme == "https" or is_this_machine(url.host)
