"""Check `attachment_readable`: does this Odoo return a file as it was attached?"""

from __future__ import annotations

import hashlib

import httpx

from odooops_dagster.model import CheckResult

_PATIENCE_SECONDS = 60.0


def check_attachment(url: str, *, attachment_id: int, sha1: str) -> CheckResult:
    """Fetch a public attachment as a browser does, and compare its SHA-1."""
    path = f"/web/content/{attachment_id}"
    total = hashlib.sha1(usedforsecurity=False)
    size = 0
    try:
        with (
            _client(httpx.URL(url)) as client,
            client.stream("GET", url.rstrip("/") + path) as response,
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


def _client(here: httpx.URL) -> httpx.Client:
    """Return a client that follows redirects, but to no other host: a check does not leave the machine."""

    def stay(request: httpx.Request) -> None:
        if request.url.netloc != here.netloc:
            raise httpx.RequestError(f"it leads to {request.url.host}", request=request)

    # Ignore the proxy settings of the machine: the address is a loopback address.
    return httpx.Client(
        trust_env=False, timeout=_PATIENCE_SECONDS, follow_redirects=True, event_hooks={"request": [stay]}
    )


def _result(passed: bool, summary: str) -> CheckResult:
    return CheckResult(name="attachment_readable", passed=passed, summary=summary)
