"""The ribbon on the pages of previews: added to whole pages, and to nothing else."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from odooops_dagster.tools.odoo.commands import program

TOLD = {"project": "shop", "branch": 'feature/<b>"x"é', "commit": "a" * 40, "stage": "development"}
PAGE = b"<html><body><h1>Hi</h1></body></html>"

Start = Callable[..., Any]


@pytest.fixture(scope="module")
def ribbon() -> ModuleType:
    """Return the file that Odoo's Python imports."""
    path: Path = program("ribbon.py")
    spec = importlib.util.spec_from_file_location("ribbon", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Site:
    """An application with one answer, and what the browser gets of it."""

    def __init__(
        self, ribbon: ModuleType, body: bytes = PAGE, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **headers}
        self.body = body
        self.closed = 0
        self.application = ribbon.Ribbon(self, json.dumps(TOLD))

    def __call__(self, _environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer."""
        start_response("200 OK", list(self.headers.items()))
        return self

    def __iter__(self) -> Any:  # noqa: ANN401 - an iterator of bytes
        return iter([self.body[:5], self.body[5:]])

    def close(self) -> None:
        """Note that the answer was closed."""
        self.closed += 1

    def get(self, path: str = "/", **environ: str) -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of an answer that keeps to the rules of WSGI."""
        asked: dict[str, Any] = {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", **environ}
        setup_testing_defaults(asked)
        told: dict[str, str] = {}

        def start(_status: str, headers: list[tuple[str, str]], _error: object = None) -> Start:
            told.update(headers)
            return lambda _data: None

        answer = validator(self.application)(asked, start)
        try:
            return told, b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]


def test_a_page_says_what_it_is_and_that_it_is_no_production(ribbon: ModuleType) -> None:
    """A branch's name is text, whatever signs it holds; the length fits, and the answer is closed once."""
    site = Site(ribbon)
    headers, body = site.get()
    assert b"development shop \xc2\xb7 feature/&lt;b&gt;&quot;x&quot;\xc3\xa9" in body
    assert b"aaaaaaaaaa \xc2\xb7 not production" in body
    assert body.endswith(b"</div></body></html>")
    assert int(headers["Content-Length"]) == len(body)
    assert headers["X-OdooOps-Environment"] == f"shop/feature/%3Cb%3E%22x%22%C3%A9@{'a' * 40}; stage=development"
    assert site.closed == 1


def test_a_policy_of_the_same_origin_lets_the_style_through(ribbon: ModuleType) -> None:
    """No inline style and no script: the style sheet comes from the same site."""
    site = Site(ribbon)
    _, body = site.get()
    assert b"style=" not in body
    assert b"<script" not in body
    headers, style = site.get(ribbon.STYLE_PATH)
    assert headers["Content-Type"] == "text/css"
    assert style.startswith(b"#odooops-ribbon")


@pytest.mark.parametrize(
    ("path", "environ", "headers"),
    [
        pytest.param("/", {}, {"Content-Type": "application/json"}, id="no_page"),
        pytest.param("/", {}, {"Content-Encoding": "gzip"}, id="compressed"),
        pytest.param("/", {}, {"Content-Disposition": "attachment; filename=a.html"}, id="a_file_to_keep"),
        pytest.param("/", {}, {"Content-Range": "bytes 0-36/37"}, id="a_part_of_a_file"),
        pytest.param("/web/content/7", {}, {}, id="a_file_that_somebody_uploaded"),
        pytest.param("/", {"HTTP_SEC_FETCH_DEST": "iframe"}, {}, id="in_a_frame"),
        pytest.param("/", {"REQUEST_METHOD": "POST"}, {}, id="posted"),
    ],
)
def test_what_is_no_page_of_its_own_stays_as_it_is(
    ribbon: ModuleType, path: str, environ: dict[str, str], headers: dict[str, str]
) -> None:
    """Byte for byte, with the header that says what answered."""
    told, body = Site(ribbon, headers=headers).get(path, **environ)
    assert body == PAGE
    assert told["Content-Length"] == str(len(PAGE))
    assert "X-OdooOps-Environment" in told


def test_a_part_of_a_page_stays_as_it_is(ribbon: ModuleType) -> None:
    """What scripts put into a page has no body of its own."""
    _, body = Site(ribbon, b"<p>part</p>").get()
    assert body == b"<p>part</p>"


def test_an_answer_that_breaks_off_is_closed(ribbon: ModuleType) -> None:
    """It may hold a cursor, and the server never got it."""

    class Broken(Site):
        def __iter__(self) -> Any:  # noqa: ANN401 - an iterator of bytes
            yield self.body[:5]
            raise ConnectionError("the database is gone")

    site = Broken(ribbon)
    with pytest.raises(ConnectionError):
        site.get()
    assert site.closed == 1
