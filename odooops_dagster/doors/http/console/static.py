"""The console's style, its script and htmx, from the package."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import Path, Request, Response

from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.errors import NotFound

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_FILES = frozenset({"console.css", "console.js", "htmx.min.js"})

router = pages()


@router.get("/static/{name}")
def static_file(request: Request, name: Annotated[str, Path(max_length=40)]) -> Response:
    """Return a file that every page loads; nothing secret is in it."""
    if name not in _FILES:
        raise NotFound("There is no such file")
    body, tag = _file(name)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


@cache
def _file(name: str) -> tuple[bytes, str]:
    body = files("odooops_dagster.doors.http.console").joinpath("static", name).read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
