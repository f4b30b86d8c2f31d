"""Tell on each page of an Odoo which project, branch and commit it is, and that it is not production.

The pages get one element and one link to a style sheet of the same origin: nothing that a content security policy of
`'self'` forbids, nothing in the database, nothing in the modules. `odoo-server` puts it around Odoo's own application;
Odoo's Python runs this file, so that it imports the standard library alone.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

Headers = Sequence[tuple[str, str]]

STYLE_PATH = "/odooops/ribbon.css"
STYLE = b"""#odooops-ribbon { position: fixed; bottom: 0; left: 50%; transform: translateX(-50%); z-index: 2147483647;
  padding: 2px 12px; border-radius: 6px 6px 0 0; background: #7a1f5c; color: #fff; opacity: .9;
  font: 12px/1.5 system-ui, sans-serif; white-space: nowrap; pointer-events: none }
@media print { #odooops-ribbon { display: none } }
"""
# A page that another page shows in a frame is told by that one; files that people uploaded are theirs.
_FRAMES = ("iframe", "frame", "embed", "object")
_FILES = ("/web/content", "/web/image", "/web/static", "/web/assets")


class Ribbon:
    """A WSGI application that adds the ribbon to the pages of another one.

    `told` is a JSON object with the texts `project`, `branch`, `commit` and `stage`.
    """

    def __init__(self, app: Any, told: str) -> None:  # noqa: ANN401 - WSGI's own
        self.app = app
        facts = json.loads(told)
        words = f"{facts['stage']} {facts['project']} · {facts['branch']} · {facts['commit'][:10]} · not production"
        self.element = (
            f'<link rel="stylesheet" href="{STYLE_PATH}"/>'
            f'<div id="odooops-ribbon" role="note">{html.escape(words)}</div>'
        ).encode()
        name = f"{facts['project']}/{facts['branch']}@{facts['commit']}; stage={facts['stage']}"
        self.header = ("X-OdooOps-Environment", quote(name, safe="/@;= "))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own
        """Answer the request for the style sheet, or let the other application answer and add to its page."""
        if environ.get("PATH_INFO") == STYLE_PATH:
            headers = [("Content-Type", "text/css"), ("Content-Length", str(len(STYLE)))]
            start_response("200 OK", [*headers, ("Cache-Control", "max-age=3600")])
            return [STYLE]
        if not is_page(environ):
            passed: Iterable[bytes] = self.app(
                environ, lambda *begun: start_response(begun[0], [*begun[1], self.header], *begun[2:])
            )
            return passed
        begun: list[Any] = []

        def note(*arguments: Any) -> None:  # noqa: ANN401 - WSGI's own
            begun[:] = arguments

        answer = self.app(environ, note)
        try:
            # An application may begin its answer with the first part of the body.
            parts = iter(answer)
            first = [] if begun else [next(parts, b"")]
            status, headers, *more = begun
            if not is_html(headers):
                start_response(status, [*headers, self.header], *more)
                return answer if not first else Whole([*first, *parts], answer)
            body = self.with_element(b"".join([*first, *parts]))
        except BaseException:
            Whole((), answer).close()  # the server closes only what it was given
            raise
        sized = [(key, value) for key, value in headers if key.lower() != "content-length"]
        start_response(status, [*sized, ("Content-Length", str(len(body))), self.header], *more)
        return Whole([body], answer)

    def with_element(self, page: bytes) -> bytes:
        """Return the page with the ribbon before its end; what is no whole page stays as it is."""
        before, end, after = page.rpartition(b"</body>")
        return before + self.element + end + after if end else page


class Whole:
    """Parts of an answer, which close the answer that they come from."""

    def __init__(self, parts: Iterable[bytes], answer: Any) -> None:  # noqa: ANN401 - WSGI's own
        self.parts = parts
        self.answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        """Close the answer, which may hold a file or a cursor."""
        if hasattr(self.answer, "close"):
            self.answer.close()


def is_page(environ: dict[str, Any]) -> bool:
    """Return whether the answer may be a page of its own that a person looks at."""
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("HTTP_SEC_FETCH_DEST", "document") not in _FRAMES
        and "HTTP_UPGRADE" not in environ
        and not environ.get("PATH_INFO", "").startswith(_FILES)
    )


def is_html(headers: Headers) -> bool:
    """Return whether the headers are those of a page that is sent whole, as it is, and not to be kept as a file."""
    named = {key.lower(): value for key, value in headers}
    return (
        named.get("content-type", "").startswith("text/html")
        and "content-encoding" not in named
        and "content-range" not in named
        and not named.get("content-disposition", "").startswith("attachment")
    )
