"""Check `prints`: does this Odoo print a report, with the styles that its page asks for?"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from odooops_dagster.checks.address import Address
from odooops_dagster.model import CheckResult
from odooops_dagster.model.checks import ASKED

_NAME = "prints"
# Where an Odoo of ours answers the question (printing.py, beside its launcher); the router lets nobody else ask it.
_PATH = "/odooops/print"
_ASKS = {"X-OdooOps-Print": "1"}
# The first report of a database compiles its styles: a few seconds, on a busy machine ten times that.
_PATIENCE_SECONDS = 120.0
# Each page is an object of this type; the one of the whole tree is named Pages. Source: ISO 32000-1, 7.7.3.
_PAGE = re.compile(rb"/Type\s*/Page\b")
_NO_PROGRAM = "install"
_REMEDY = "apt-get install -y --no-install-recommends wkhtmltopdf fonts-dejavu-core"


@dataclass(frozen=True, kw_only=True)
class Printed:
    """The answer of the check, and the document; empty if there is none."""

    check: CheckResult
    document: bytes = b""


def print_report(url: str, *, socket: Path | None) -> Printed:
    """Ask the Odoo for one report.

    Args:
        url: the URL at which people ask the Odoo.
        socket: the Unix socket at which the Odoo listens; None if it listens at the URL.
    """
    address = Address(url=url, socket=socket)
    began = time.monotonic()
    try:
        with address.client(timeout=_PATIENCE_SECONDS) as client:
            answer = client.get(f"{str(address.inner).rstrip('/')}{_PATH}", headers=_ASKS)
    except httpx.HTTPError as exc:
        return Printed(check=_failed(f"no report was printed within {_PATIENCE_SECONDS:g} s: {exc}"))
    if answer.status_code == httpx.codes.NOT_IMPLEMENTED:
        return Printed(check=_not_printed(answer.text))
    if answer.status_code != httpx.codes.OK:
        return Printed(check=_failed(f"a report cannot be printed: {answer.text[:500]}"))
    check = judge(answer.content, warned=answer.headers.get("X-OdooOps-Warned", ""))
    seconds = round(time.monotonic() - began, 2)
    return Printed(check=replace(check, metadata={**check.metadata, "seconds": seconds}), document=answer.content)


def judge(document: bytes, *, warned: str) -> CheckResult:
    """Return the check of a printed document; `warned` is what Odoo's log says of it, empty if nothing."""
    pages = len(_PAGE.findall(document)) if document.startswith(b"%PDF-") else 0
    if not pages:
        return _failed("what was printed is no PDF with pages")
    if warned:
        return _failed(f"the report lacks something: {warned}", pages=pages)
    return _answer(f"a report of {pages} page(s) was printed", passed=True, pages=pages)


def _not_printed(state: str) -> CheckResult:
    if state != _NO_PROGRAM:
        return _failed(f"Odoo does not print: wkhtmltopdf is {state!r}")
    return CheckResult(
        name=_NAME,
        passed=False,
        blocking=False,
        summary=f"not asked: Odoo finds no wkhtmltopdf; on this machine, or in the image of containers: {_REMEDY}",
        metadata={ASKED: False},
    )


def _failed(summary: str, **found: int) -> CheckResult:
    return _answer(summary, passed=False, **found)


def _answer(summary: str, *, passed: bool, **found: int) -> CheckResult:
    return CheckResult(name=_NAME, passed=passed, blocking=False, summary=summary, metadata=found)
