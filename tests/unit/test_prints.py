"""The check of a printed report: what is a PDF, what is missing on it, and who may ask for it."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest

from odooops_dagster.checks.prints import judge, print_report
from odooops_dagster.errors import MissingDependency
from odooops_dagster.local.preflight import printing
from odooops_dagster.settings import Settings
from odooops_dagster.tools.odoo.commands import program

PDF = b"%PDF-1.4\n1 0 obj <</Type /Pages>> endobj\n2 0 obj <</Type /Page>> endobj\n3 0 obj <</Type/Page/A 1>> endobj\n"
Start = Callable[..., Any]


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def file() -> ModuleType:
    """Return the file that Odoo's Python imports."""
    spec = importlib.util.spec_from_file_location("printing", program("printing.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def url(file: ModuleType) -> Iterator[str]:
    """Yield the URL of a program that is no Odoo, and is asked as if it were one."""
    with WSGIServer(("127.0.0.1", 0), _Silent) as server:
        server.set_app(file.Printing(_page))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _page(_environ: dict[str, Any], start_response: Start) -> list[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"no such page"]


def test_a_document_is_judged_by_its_pages() -> None:
    """The tree of all pages is no page."""
    check = judge(PDF, warned="")
    assert (check.name, check.passed, check.blocking, check.metadata) == ("prints", True, False, {"pages": 2})
    assert not judge(b"<html>Odoo Server Error</html>", warned="").passed
    assert not judge(b"%PDF-1.4 /Type /Pages", warned="").passed


def test_a_document_without_its_styles_does_not_pass() -> None:
    """Wkhtmltopdf prints a page whose parts it cannot reach, and Odoo only warns of it."""
    check = judge(PDF, warned="wkhtmltopdf: Exit with code 1 due to network error: ConnectionRefusedError")
    assert (check.passed, check.blocking) == (False, False)
    assert "ConnectionRefusedError" in check.summary


def test_what_fails_inside_is_told(url: str) -> None:
    """Only the platform's field makes it print; a program that is no Odoo has none to import."""
    answer = print_report(url, socket=None)
    assert (answer.document, answer.check.passed, answer.check.blocking) == (b"", False, False)
    assert "No module named 'odoo'" in answer.check.summary


def test_an_odoo_that_is_gone_is_no_exception() -> None:
    """The deployment stands, whatever the check meets."""
    assert "no report was printed" in print_report("http://127.0.0.1:9/", socket=None).check.summary


def test_the_doctor_names_the_missing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it and a font."""
    monkeypatch.setattr("odooops_dagster.local.preflight._INSIDE", str(tmp_path))
    with pytest.raises(MissingDependency, match="Odoo prints no reports") as missing:
        printing(Settings(home=tmp_path))
    assert "wkhtmltopdf fonts-dejavu-core" in str(missing.value.hint)
