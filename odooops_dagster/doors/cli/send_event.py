"""`ops event send`: post an event to a gateway, as any other sender does."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from odooops_dagster.doors.cli.bearer import bearer, is_encrypted
from odooops_dagster.doors.cli.output import Json, note, print_json
from odooops_dagster.doors.cli.ports import read_settings
from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound, OdooOpsError, Unavailable

_SECONDS = 30
_ERRORS: Mapping[int, type[OdooOpsError]] = {
    400: BadInput,
    401: Forbidden,
    403: Forbidden,
    409: Conflict,
    422: BadInput,
}


def send(
    envelope: Annotated[
        Path,
        typer.Argument(help="The event as a JSON file; - reads standard input.", allow_dash=True, show_default=False),
    ],
    *,
    json: Json = False,
) -> None:
    """Send an event with the key of ODOOOPS_EVENT_KEY. A repeat with the same idempotency_key changes nothing.

    It goes to ODOOOPS_EVENTS_URL, or else to the gateway of this machine. The time of now and the version of the
    envelope are filled in where they are missing.
    """
    settings = read_settings()
    if settings.event_key is None:
        raise BadInput(
            "ODOOOPS_EVENT_KEY is not set", hint="ops key create makes a key; export ODOOOPS_EVENT_KEY=opsk_…"
        )
    answer = _post(
        settings.events_url or f"http://{settings.host}:{settings.gateway_port}/v1/events",
        key=settings.event_key.get_secret_value(),
        event=_completed(_read(envelope)),
    )
    if json:
        print_json(answer)
    else:
        note(f"{answer['status']}: {answer['message']}" if answer["message"] != answer["status"] else answer["status"])


def _read(path: Path) -> dict[str, Any]:
    text = sys.stdin.read() if str(path) == "-" else _text_of(path)
    try:
        event = json_format.loads(text)
    except ValueError as exc:
        raise BadInput(f"the event is no JSON: {exc}", hint="docs/howto/send-events.md has examples") from exc
    if not isinstance(event, dict):
        raise BadInput("the event is no JSON object", hint="docs/howto/send-events.md has examples")
    return event


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as exc:
        raise NotFound(f"there is no file {path}", hint="name the event's file, or - for standard input") from exc


def _completed(event: dict[str, Any]) -> dict[str, Any]:
    return {"schema_version": "1.0", "occurred_at": datetime.now(UTC).isoformat(), **event}


def _post(url: str, *, key: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer of an event that was accepted, or accepted before."""
    import httpx

    if not is_encrypted(url):
        note(f"the key is sent to {url} unencrypted: use https outside of a network of your own")
    authorization = bearer(key, variable="ODOOOPS_EVENT_KEY")
    try:
        response = httpx.post(url, json=event, headers=authorization, timeout=_SECONDS)
        answer: Mapping[str, Any] = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
        raise Unavailable(
            f"{url} does not answer as a gateway does: {exc}", hint="set ODOOOPS_EVENTS_URL, or start it: ops up"
        ) from exc
    if response.status_code != httpx.codes.OK:
        error = _ERRORS.get(response.status_code, Unavailable)
        raise error(str(answer.get("message") or answer.get("error")), hint=answer.get("hint"))
    return answer
