"""The control plane behind a server's API: the same nouns, and `ops` needs nothing but an address and a key.

What the API has of the schema is in `remote_routes.py`; anything else is refused with what to do, before it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import httpx

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.doors.cli.bearer import bearer
from odooops_dagster.doors.cli.remote_route import Call, Read
from odooops_dagster.doors.cli.remote_routes import CALLS, READS
from odooops_dagster.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    OdooOpsError,
    Stale,
    Unauthenticated,
    Unavailable,
)

_SECONDS = 60
_BLOCK = 1024 * 1024
# The longest page that the API gives.
_PAGE = 1000
_ERRORS: Mapping[int, type[OdooOpsError]] = {
    400: BadInput,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    422: BadInput,
    429: Unavailable,
    503: Unavailable,
}


class RemoteDatabase(Database):
    """The part of schema ops that a server's API has, read and called by the names of views and functions.

    Args:
        server: the server's address, such as https://odooops.example.com.
        key: the caller's key or token.
        transport: what carries the requests; by default the network.
    """

    def __init__(self, server: str, *, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._server = server.rstrip("/")
        self._client = httpx.Client(
            base_url=self._server,
            headers=bearer(key, variable="OPS_KEY"),
            timeout=_SECONDS,
            transport=transport,
            follow_redirects=False,  # the key is for this server
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def me(self) -> dict[str, Any]:
        """Return as whom the key calls, and what it may at most."""
        found: dict[str, Any] = self._answer(self._client.build_request("GET", "/v1/me"))
        return found

    def call(self, function: str, **arguments: object) -> Rows:
        """Call the route that stands for the function, and return its rows."""
        route = CALLS.get(function)
        if route is None:
            raise self._only_there(function)
        if route.constant is not None:
            return [{function: route.constant}]
        return route.rows(self._send(route, arguments))

    def stream(self, function: str, **arguments: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of the function, which one answer has."""
        return iter(self.call(function, **arguments))

    def read(self, relation: str, *, order: str, limit: int | None = None, **equal: object) -> Rows:
        """Return the rows that the route of the view or table gives, in this order."""
        wanted = {name: value for name, value in equal.items() if value is not None}
        route = next((each for each in READS.get(relation, ()) if each.takes(wanted)), None)
        if route is None:
            raise self._only_there(relation)
        rows = [row for row in self._rows(route, wanted, limit) if route.is_wanted(row, wanted)]
        for column, *direction in reversed([part.split() for part in order.split(",")]):
            rows.sort(key=lambda row, column=column: _sortable(row.get(column)), reverse=bool(direction))  # type: ignore[misc]
        return rows[:limit]

    @contextmanager
    def download(self, path: str) -> Iterator[Iterator[bytes]]:
        """Yield the bytes of a file in blocks, as they come."""
        with self._asked(self._client.build_request("GET", path), is_streamed=True) as response:
            yield response.iter_bytes(_BLOCK)

    def _rows(self, route: Read, wanted: Mapping[str, object], limit: int | None) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = route.query(wanted)
        if route.is_paged:
            query["limit"] = min(limit or _PAGE, _PAGE)
        left = limit
        while True:
            try:
                answer = self._answer(self._client.build_request("GET", route.path_of(wanted), params=query))
            except NotFound:
                if not route.is_one:
                    raise
                return
            rows = route.rows(answer)
            yield from rows
            left = None if left is None else left - len(rows)
            if not route.is_paged or answer["next"] is None or (left is not None and left <= 0):
                return
            query["after"] = answer["next"]

    def _send(self, route: Call, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - what JSON holds
        strange = route.strange(arguments)
        if strange:
            raise self._only_there(", ".join(strange))
        body = {"json": route.body(arguments)} if route.has_body else {}
        request = self._client.build_request(
            route.method,
            route.path_of(arguments),
            params=route.query(arguments),
            headers=route.headers(arguments),
            **body,  # type: ignore[arg-type]
        )
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> Any:  # noqa: ANN401 - what JSON holds
        with self._asked(request) as response:
            return response.json() if response.content else None

    @contextmanager
    def _asked(self, request: httpx.Request, *, is_streamed: bool = False) -> Iterator[httpx.Response]:
        """Yield the answer of a request that succeeds, and close it afterwards."""
        try:
            response = self._client.send(request, stream=is_streamed)
            if not response.is_success:
                response.read()
                raise self._problem_of(response)
            with closing(response):
                yield response
        except httpx.HTTPError as exc:
            raise Unavailable(
                f"{self._server} does not answer: {exc}", hint="look at --server, or at OPS_SERVER"
            ) from exc

    def _problem_of(self, response: httpx.Response) -> OdooOpsError:
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        if not isinstance(problem, dict) or "detail" not in problem:
            return Unavailable(
                f"{self._server} answers {response.status_code}, and is no server of OdooOps",
                hint="look at --server, or at OPS_SERVER",
            )
        faults = "; ".join(f"{each['field']}: {each['reason']}" for each in problem.get("faults") or [])
        message = f"{problem['detail']}: {faults}" if faults else str(problem["detail"])
        return _ERRORS.get(response.status_code, OdooOpsError)(message, hint=problem.get("hint"))

    def _only_there(self, what: str) -> BadInput:
        return BadInput(
            f"{self._server} does not offer this through its API ({what})",
            hint="run the command on the platform's own machine, without --server and OPS_SERVER",
        )


def _sortable(value: object) -> tuple[bool, Any]:
    return (value is None, value)
