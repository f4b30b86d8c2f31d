"""The answer to a request that is refused: application/problem+json (RFC 9457), with what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from odooops_dagster.errors import OdooOpsError

MEDIA_TYPE = "application/problem+json"
_SCHEMA = "#/components/schemas/ApiProblem"


# The next action where the refusal names none.
_HINTS = {
    403: "GET /v1/me says as whom you act; ask an admin of the project for more.",
    500: "Look into the log of the gateway, and report it.",
}


class Fault(BaseModel):
    """One field of the request that is wrong, and why."""

    field: str
    reason: str


class ApiProblem(BaseModel):
    """What is wrong with the request; `hint` is the next action, `faults` the fields of a malformed one."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    faults: list[Fault] = []


def with_problem(document: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with the schema to which every route's refusals refer."""
    schema = ApiProblem.model_json_schema(ref_template="#/components/schemas/{model}")
    named = {**schema.pop("$defs"), "ApiProblem": schema}
    document["components"]["schemas"] = dict(sorted({**document["components"]["schemas"], **named}.items()))
    return document


def refusal(status: int, exc: OdooOpsError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer for one of our errors."""
    return _answer(status, str(exc), hint=exc.hint or _HINTS.get(status), headers=headers)


def unrouted(status: int, detail: str, headers: Mapping[str, str]) -> JSONResponse:
    """Return the answer to a request that no route takes, or whose body cannot be read."""
    return _answer(status, detail, hint="see /openapi.json", headers=headers)


def malformed(exc: RequestValidationError) -> JSONResponse:
    """Return the answer to a request that the route's types refuse."""
    faults = [Fault(field=".".join(map(str, each["loc"])), reason=each["msg"]) for each in exc.errors()]
    return _answer(422, "The request does not have the form of this route", hint="see /openapi.json", faults=faults)


def _answer(
    status: int,
    detail: str,
    *,
    hint: str | None,
    faults: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    title = HTTPStatus(status).phrase
    problem = ApiProblem(
        type=f"urn:odooops:problem:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=detail,
        hint=hint,
        faults=faults or [],
    )
    return JSONResponse(problem.model_dump(), status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _declared(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMA}}}}


# What every route of the API may answer.
ANY: dict[int | str, dict[str, Any]] = {
    400: _declared("A value is not one that can be stored or compared; the detail names it."),
    401: _declared("There is no key and no token, or it does not work."),
    403: _declared("The caller may not do this, or the key does not reach it."),
    404: _declared("There is no such thing, or the caller may not know of it."),
    422: _declared("The request does not have the form of this route; `faults` names the fields."),
    429: _declared("Too many requests; the Retry-After header says how long to wait."),
    503: _declared("The database does not answer, or has no login for callers: try again."),
}
# What a route may answer besides that changes something.
CHANGE: dict[int | str, dict[str, Any]] = ANY | {
    408: _declared("The body did not come within 30 seconds."),
    413: _declared("The body is larger than 1 MB."),
    409: _declared("The state of things does not allow this, or the Idempotency-Key was used for another request."),
}
# And one that changes only what the caller has read.
CONDITION: dict[int | str, dict[str, Any]] = {412: _declared("Something has changed since the caller has read it.")}
