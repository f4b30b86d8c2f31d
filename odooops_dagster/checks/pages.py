"""Check of pages: does this Odoo let a user in, and does it show the user its pages?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from odooops_dagster.checks.address import Address

_PATIENCE_SECONDS = 120.0
_CHARACTERS = 500
# The client's own page for users has it since series 16; a page without it is the one on which people log in.
_IS_BACKEND = "session_info"


@dataclass(frozen=True, kw_only=True)
class OpenedPage:
    """A page that was opened: its path, who opened it, and what was wrong; empty if nothing was."""

    path: str
    user: str
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class WindowAction:
    """A window that people open from a menu: its name, its model and its modes, such as `list,form`."""

    name: str
    model: str
    modes: str


def open_pages(
    url: str, *, database: str, login: str, password: str, actions: Sequence[WindowAction], socket: Path | None = None
) -> list[OpenedPage]:
    """Open the page on which people log in, log in, open the backend, and load the windows of the actions.

    Args:
        url: the URL at which people would ask the Odoo.
        database: the database that it serves.
        login: who logs in.
        password: the password of that user.
        actions: the windows to load, each with its views and its first record.
        socket: the Unix socket at which the Odoo listens; None if it listens at the URL.
    """
    address = Address(url=url, socket=socket)
    with address.client(timeout=_PATIENCE_SECONDS) as client:
        visitor = _Visitor(client, str(address.inner).rstrip("/"), login)
        return list(_visit(visitor, database, password, actions))


def _visit(visitor: _Visitor, database: str, password: str, actions: Sequence[WindowAction]) -> Iterator[OpenedPage]:
    yield visitor.read("/web/login", "password", user="")
    credentials = {"db": database, "login": visitor.login, "password": password}
    session = visitor.call("/web/session/authenticate", credentials)
    yield session
    if session.fault:
        return
    yield visitor.read("/web", _IS_BACKEND, user=visitor.login)
    yield visitor.call("/web/dataset/call_kw/ir.ui.menu/load_menus", _method("ir.ui.menu", "load_menus", [False]))
    for action in actions:
        yield visitor.window(action)


class _Visitor:
    """Somebody with a browser, as far as an Odoo can tell."""

    def __init__(self, client: httpx.Client, root: str, login: str) -> None:
        self._client = client
        self._root = root
        self.login = login

    def read(self, path: str, has: str, *, user: str) -> OpenedPage:
        """Open a page; it shall hold a word."""
        try:
            answer = self._client.get(self._root + path, follow_redirects=True)
        except httpx.HTTPError as exc:
            return OpenedPage(path=path, user=user, fault=f"no answer: {exc}"[:_CHARACTERS])
        if answer.status_code != httpx.codes.OK:
            return OpenedPage(path=path, user=user, fault=f"answers {answer.status_code}")
        return OpenedPage(path=path, user=user, fault="" if has in answer.text else f"has no {has}")

    def call(self, path: str, params: dict[str, Any], *, name: str = "") -> OpenedPage:
        """Call what the client's own code would call."""
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        try:
            answer = self._client.post(self._root + path, json=body)
            fault = "" if answer.status_code == httpx.codes.OK else f"answers {answer.status_code}"
            fault = fault or _fault(answer.json())
        except (httpx.HTTPError, ValueError) as exc:
            fault = f"no answer: {exc}"[:_CHARACTERS]
        return OpenedPage(path=name or path, user=self.login, fault=fault)

    def window(self, action: WindowAction) -> OpenedPage:
        """Load an action's views, then read the first record."""
        views = [[False, mode.strip()] for mode in action.modes.split(",") if mode.strip()]
        path = f"/web/dataset/call_kw/{action.model}"
        loaded = self.call(f"{path}/get_views", _method(action.model, "get_views", [views]), name=action.name)
        if loaded.fault:
            return loaded
        first = _method(action.model, "search_read", [[], ["id", "display_name"]], limit=1)
        return self.call(f"{path}/search_read", first, name=action.name)


def _method(model: str, method: str, args: list[Any], **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - its arguments
    return {"model": model, "method": method, "args": args, "kwargs": kwargs}


def _fault(answer: dict[str, Any]) -> str:
    error = answer.get("error")
    if not error:
        return ""
    data = error.get("data") or {}
    return " ".join(str(data.get("message") or error.get("message") or "refused").split())[:_CHARACTERS]
