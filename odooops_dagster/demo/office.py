"""A user's session in an Odoo over HTTP: `ops demo` enters records in production and looks for them in staging."""

from __future__ import annotations

from typing import Any

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.loopback import loopback_client

# The login and the password of a preview, and of the demonstration's production.
LOGIN = "admin"
_PATIENCE_SECONDS = 120


class OdooSession:
    """One session in one Odoo."""

    def __init__(self, url: str, *, database: str, password: str = LOGIN) -> None:
        self._client = loopback_client(base_url=url, timeout=_PATIENCE_SECONDS)
        self._call("/web/session/authenticate", {"db": database, "login": LOGIN, "password": password})

    def enter(self, model: str, **values: object) -> int:
        """Enter a record and return its id."""
        return int(self._ask(model, "create", [values]))

    def look_up(self, model: str, domain: list[Any], field: str) -> list[Any]:
        """Return one field of every record that matches the domain."""
        return [row[field] for row in self._ask(model, "search_read", [domain], fields=[field])]

    def call(self, model: str, method: str, ids: list[int]) -> None:
        """Call a public method of records."""
        self._ask(model, method, [ids])

    def _ask(self, model: str, method: str, arguments: list[Any], **named: object) -> Any:  # noqa: ANN401 -- as Odoo answers
        path = f"/web/dataset/call_kw/{model}/{method}"
        return self._call(path, {"model": model, "method": method, "args": arguments, "kwargs": named})

    def _call(self, path: str, params: object) -> Any:  # noqa: ANN401 -- the same
        answer = self._client.post(path, json={"jsonrpc": "2.0", "method": "call", "params": params}).json()
        if "error" in answer:
            raise StepFailed(f"{self._client.base_url}{path}: {answer['error']['data']['message']}")
        return answer["result"]
