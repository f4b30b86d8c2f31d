"""Check `attachment_readable`: does this Odoo return a file as it was attached?"""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx

from odooops_dagster.checks.address import Address
from odooops_dagster.model import CheckResult

_PATIENCE_SECONDS = 60.0


def check_attachment(url: str, *, attachment_id: int, sha1: str, socket: Path | None = None) -> CheckResult:
    """Fetch a public attachment as a browser does, at the socket if there is one, and compare its SHA-1."""
    path = f"/web/content/{attachment_id}"
    address = Address(url=url, socket=socket)
    total = hashlib.sha1(usedforsecurity=False)
    size = 0
    try:
        with (
            _client(address) as client,
            client.stream("GET", str(address.inner).rstrip("/") + path) as response,
        ):
            for chunk in response.iter_bytes():
                total.update(chunk)
                size += len(chunk)
    except httpx.HTTPError as exc:
        return _result(False, f"{path} cannot be read: {exc}")
    if response.status_code != 200:
        return _result(False, f"{path} answers {response.status_code}")
    if total.hexdigest() != sha1:
        return _result(False, f"{path} answers with {size} bytes that are not those of {sha1}")
    return _result(True, f"attachment {attachment_id}: {size} bytes, as they were attached")


def _client(address: Address) -> httpx.Client:
    """Return a client that follows redirects, but to no other host: a check does not leave the machine."""

    def stay(request: httpx.Request) -> None:
        own = address.own(request.url)
        if own is None:
            raise httpx.RequestError(f"it leads to {request.url.host}", request=request)
        request.url = own

    client = address.client(timeout=_PATIENCE_SECONDS, event_hooks={"request": [stay]})
    client.follow_redirects = True
    return client


def _result(passed: bool, summary: str) -> CheckResult:
    return CheckResult(name="attachment_readable", passed=passed, summary=summary)
