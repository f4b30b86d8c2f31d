"""Check `healthy`: does this Odoo answer, does it answer for its database, and are its modules whole?"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from odooops_dagster.checks.address import Address
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import CheckResult

ModuleStates = Callable[[], Mapping[str, str]]

_NAME = "healthy"
_LOGIN = "/web/login"
_PAUSE_SECONDS = 0.1
# The first requests are short, as nothing listens yet; a loading registry holds its first request for many seconds.
# None is shorter, not even the last before the time limit: its timeout would hide the answer before it.
_SHORTEST_REQUEST_SECONDS = 1.0
_LONGEST_REQUEST_SECONDS = 60.0
# The supervisor restarts a killed service within this time.
_GONE_SECONDS = 3.0
# An Odoo whose login page answers has loaded its registry: what is wrong with the answer then is wrong for good.
_WRONG_SECONDS = 45.0
# A login page has some ten kilobytes; a longer answer is not one.
_LARGEST_PAGE = 1024 * 1024
_MOST_REDIRECTS = 5
_UNFINISHED = frozenset({"to install", "to upgrade", "to remove"})


def wait_healthy(
    url: str,
    *,
    database: str,
    timeout_seconds: float,
    alive: Callable[[], bool],
    module_states: ModuleStates,
    socket: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> CheckResult:
    """Repeat the check until it passes, the service is gone, or the time is over (plus at most one short request).

    An Odoo whose login page answers wrongly is given 45 s: nobody is kept in maintenance longer for a bad release.

    Args:
        url: the URL at which people ask the Odoo.
        database: the database that it serves.
        timeout_seconds: how long the Odoo may take.
        alive: whether the service runs.
        module_states: reads the states of the database's modules.
        socket: the Unix socket at which the Odoo listens; None if it listens at the URL.
        clock: the seconds that the waiting goes by; a request has those of the machine.
        sleep: lets so many seconds pass between two requests.
    """
    address = Address(url=url, socket=socket)
    started = seen_alive = seen_silent = clock()
    patience = _SHORTEST_REQUEST_SECONDS
    with address.client() as client:
        questions = _Questions(client, address, database, module_states)
        while True:
            remaining = started + timeout_seconds - clock()
            result = questions.ask(max(_SHORTEST_REQUEST_SECONDS, min(patience, remaining)))
            now = clock()
            seen_alive = now if alive() else seen_alive
            if result.passed:
                return _passed(result, seconds=now - started)
            if now - seen_alive > _GONE_SECONDS:
                return _failed(f"the service ended before it answered ({result.summary})", result.metadata)
            seen_silent = seen_silent if _LOGIN in result.metadata else now
            if now - seen_silent > _WRONG_SECONDS:
                return _failed(f"wrong answers for {_WRONG_SECONDS:g} s ({result.summary})", result.metadata)
            if now - started >= timeout_seconds:
                return _failed(f"no good answer within {timeout_seconds:g} s ({result.summary})", result.metadata)
            patience = min(patience * 2, _LONGEST_REQUEST_SECONDS)
            sleep(_PAUSE_SECONDS)


def judge_modules(states: Mapping[str, str]) -> str | None:
    """Return the fault of the modules in one line, or None."""
    unfinished = sorted(name for name, state in states.items() if state in _UNFINISHED)
    if unfinished:
        return f"module {unfinished[0]} is {states[unfinished[0]]!r}" + _and_more(unfinished)
    if "installed" not in states.values():
        return "no module is installed"
    return None


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - 1} more are unfinished" if len(names) > 1 else ""


class _Questions:
    """The check's three questions to one Odoo, in the order in which Odoo can answer them."""

    def __init__(self, client: httpx.Client, address: Address, database: str, module_states: ModuleStates) -> None:
        self._client = client
        self._address = address
        self._url = str(address.inner).rstrip("/")
        self._database = database
        self._module_states = module_states
        self._found: dict[str, Any] = {}

    def ask(self, timeout_seconds: float) -> CheckResult:
        """Ask the questions in order, stop at the first failure, and return the result."""
        self._found = {}
        deadline = time.monotonic() + timeout_seconds
        wrong = self._ask_server(deadline) or self._ask_database(deadline) or self._ask_modules()
        if wrong:
            return _failed(wrong, self._found)
        summary = f"answers for its database, {self._found['modules_installed']} modules installed"
        return CheckResult(name=_NAME, passed=True, summary=summary, metadata=self._found)

    def _ask_server(self, deadline: float) -> str | None:
        answer = self._get("/web/health", deadline)
        return answer.wrong or (f"/web/health leads to {answer.elsewhere}" if answer.elsewhere else None)

    def _ask_database(self, deadline: float) -> str | None:
        """Request the login page with the database's name, then without it, as a person does who opens the URL."""
        named = self._ask_login(deadline, {"db": self._database})
        self._client.cookies.clear()
        return named or self._ask_login(deadline, None)

    def _ask_login(self, deadline: float, params: Mapping[str, str] | None) -> str | None:
        answer = self._get(_LOGIN, deadline, params=params)
        if answer.wrong:
            return answer.wrong
        if answer.elsewhere:
            # Single sign-on: a module of the database sends people to another host, so its registry is loaded.
            self._found["single_sign_on"] = answer.elsewhere
            return None
        if not answer.path.endswith(_LOGIN):
            return f"/web/login leads to {answer.path}: the database is not served"
        return None if _has_login_form(answer.page) else "/web/login shows no login form"

    def _ask_modules(self) -> str | None:
        try:
            states = self._module_states()
        except OdooOpsError as exc:
            return f"the module states cannot be read: {exc}"
        self._found["modules_installed"] = sum(state == "installed" for state in states.values())
        return judge_modules(states)

    def _get(self, path: str, deadline: float, params: Mapping[str, str] | None = None) -> _Answer:
        """Request the page and follow its redirects, but to no other host: a check does not leave the machine."""
        request = self._client.build_request("GET", self._url + path, params=params)
        for _ in range(_MOST_REDIRECTS):
            answer = self._send(request, path, deadline)
            if answer.next is None:
                return answer
            request = answer.next
        return _Answer(wrong=f"{path} redirects without an end")

    def _send(self, request: httpx.Request, path: str, deadline: float) -> _Answer:
        timeout = max(0.05, deadline - time.monotonic())
        request.extensions = {**request.extensions, "timeout": httpx.Timeout(timeout).as_dict()}
        try:
            with _cut_off_after(timeout) as extensions:
                request.extensions |= extensions
                response = self._client.send(request, stream=True)
                try:
                    self._found[path] = response.status_code
                    page = _read(response)
                finally:
                    response.close()
        except httpx.ConnectError:
            return _Answer(wrong="nothing listens yet")
        except httpx.HTTPError as exc:
            # A connection that we cut looks like one that the server closed.
            late = isinstance(exc, httpx.TimeoutException) or time.monotonic() >= deadline
            return _Answer(wrong=f"{path} does not answer" if late else f"{path} breaks off: {exc}")
        onward = response.next_request
        if onward is not None:
            own = self._address.own(onward.url)
            if own is None:
                return _Answer(elsewhere=onward.url.host)
            onward.url = own
            return _Answer(next=onward)
        wrong = None if response.status_code == 200 else f"{path} answers {response.status_code}"
        return _Answer(wrong=wrong, page=page, path=response.url.path)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """The answer to one request: the fault, or the page and its path, or where it leads to."""

    wrong: str | None = None
    page: str = ""
    path: str = ""
    elsewhere: str = ""
    next: httpx.Request | None = None


def _read(response: httpx.Response) -> str:
    page = b""
    for chunk in response.iter_bytes():
        page += chunk
        if len(page) > _LARGEST_PAGE:
            break
    return page.decode("utf-8", errors="replace")


@contextmanager
def _cut_off_after(seconds: float) -> Iterator[dict[str, Any]]:
    """Close a request's connection at its time limit: httpx limits the wait for each piece, not for the answer."""
    sockets: list[socket.socket] = []

    def trace(event: str, details: Mapping[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.connect_unix_socket.complete"}:
            sockets.append(details["return_value"].get_extra_info("socket"))

    def cut() -> None:
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.start()
    try:
        yield {"trace": trace}
    finally:
        timer.cancel()


class _LoginForm(HTMLParser):
    """Collects the names of a page's input fields, per form."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[set[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a form, or a field of the last form."""
        if tag == "form":
            self.forms.append(set())
        elif tag == "input" and self.forms:
            self.forms[-1].add(dict(attrs).get("name") or "")


def _has_login_form(page: str) -> bool:
    parser = _LoginForm()
    parser.feed(page)
    return any({"login", "password"} <= fields for fields in parser.forms)


def _passed(result: CheckResult, *, seconds: float) -> CheckResult:
    metadata = {**result.metadata, "seconds": round(seconds, 2)}
    return CheckResult(name=_NAME, passed=True, summary=result.summary, metadata=metadata)


def _failed(summary: str, metadata: Mapping[str, Any]) -> CheckResult:
    return CheckResult(name=_NAME, passed=False, summary=summary, metadata=metadata)
