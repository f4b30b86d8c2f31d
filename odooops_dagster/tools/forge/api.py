"""Requests to a forge's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odooops_dagster.errors import Undelivered
from odooops_dagster.tools.outgoing import outgoing_client, send


class Api:
    """A forge's API below an address; each call raises Undelivered unless the answer is a success.

    Args:
        url: where the API begins.
        headers: what every request carries, the token included.
        forge: what people call the forge.
    """

    def __init__(self, url: str, *, headers: Mapping[str, str], forge: str) -> None:
        self._forge = forge
        self._client = outgoing_client(base_url=url.rstrip("/"), headers={"User-Agent": "odooops", **headers})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        """Return what the path holds."""
        return self._send("GET", path, params=parameters)

    def post(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        """Post a JSON body without its empty fields, and return the answer."""
        return self._send("POST", path, json=_filled(body))

    def patch(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        """Change what the path holds by a JSON body without its empty fields, and return the answer."""
        return self._send("PATCH", path, json=_filled(body))

    def _send(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - as httpx has it
        answer = send(self._client, method, path, receiver=self._forge, remedy="ops forge token set", **options)
        try:
            return answer.json() if answer.content else None
        except ValueError as exc:
            raise Undelivered(f"{self._forge} answers {answer.status_code} with something that is no JSON") from exc


def _filled(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}
