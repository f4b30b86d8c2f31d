"""Every path of the gateway's OpenAPI document, told whatever its schemas allow and whatever they forbid."""

from __future__ import annotations

import hashlib
import hmac
import os
import zlib
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, note
from hypothesis import settings as rounds
from schemathesis import Config
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.local.webhook_secrets import write_webhook_secret
from odooops_dagster.settings import Settings
from tests.api import opened, token
from tests.deliveries import recorded
from tests.event_cases import TYPES, key_for
from tests.servers import PostgresServer, as_user
from tests.sql.everything import furnish
from tests.sql.releases import make_release
from tests.sql.test_role_matrix import COLUMNS, MEMBERS
from tests.sql.world import World

# What is there, for the texts that a schema leaves open: without them nearly every event is about an unknown project.
KNOWN = {"project": "shop", "release": "1.0", "environment": "staging", "approver_id": "ana"}
API = schemathesis.openapi.from_asgi("/openapi.json", create_app(Settings(home=Path("/nowhere"))))
# Cases as they come to mind, without the boundaries of every value: those are asked above, by one role each.
ONCE = schemathesis.openapi.from_asgi(
    "/openapi.json",
    create_app(Settings(home=Path("/nowhere"))),
    config=Config.from_dict({"phases": {"coverage": {"enabled": False}, "examples": {"enabled": False}}}),
)
# All that is asked with a caller's key or token; events and deliveries have senders of their own.
OF_CALLERS = r"^/v1/(?!events$)"
# Not whether each valid event is taken: JSON Schema has no words for "names a check of this event".
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
    ignored_auth,
]
OF_ROLES = CHECKS[: CHECKS.index(unsupported_method)]
# A real request for each role; more examples find more, and take that much longer.
EXAMPLES = int(os.environ.get("ODOOOPS_TEST_ROUNDS", "1"))
# What a path's parameter names of the project that is there.
PLACES = {
    "project": "slug",
    "environment_id": "environment",
    "run_id": "ended",
    "backup_id": "backup",
    "release_id": "release",
    "gate_id": "g2",
    "deployment_id": "deployment",
    "incident_id": "incident",
    "exception_id": "exception",
    "mail_id": "mail",
}
Message = MutableMapping[str, Any]
AnyCase = schemathesis.Case[Any]
Gateway = Callable[..., Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Known:
    """The application, what is in its database, and a token of each role, of members of the project and of none."""

    app: FastAPI
    place: dict[str, Any]
    tokens: dict[str, str]


@pytest.fixture
def world(postgres_server: PostgresServer, database: str) -> Iterator[World]:
    """The database as its owner sees it, with release 1.0 of project shop."""
    world = World(database, as_user(database, "ops_worker", postgres_server))
    make_release(world, world.project(), "1.0")
    yield world
    world.close()


@pytest.fixture
def gateway(tmp_path: Path, control: ControlPlane, world: World) -> Gateway:
    """A gateway that works as the platform's worker, told by senders who know project shop's secret and its own."""
    shop = world.value("select id from ops.projects")
    secret = write_webhook_secret(tmp_path, shop)
    world.rows("select ops.record_webhook_secret(%s)", shop)
    settings = Settings(home=tmp_path, github_webhook_secret=secret, events_per_minute=1_000_000)  # type: ignore[arg-type]
    return signed(create_app(settings, control), secret)


@pytest.fixture
def key(database: str) -> str:
    """A key for events of deployments, health and environments."""
    with ControlPlane(database) as owner:
        return key_for(owner, "sre", event_types=TYPES["sre"])


@API.exclude(path_regex=OF_CALLERS).parametrize()
@rounds(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_openapi_says(case: AnyCase, gateway: Gateway, key: str) -> None:
    """Never a 5xx, and no status, content type, header or body that the document does not name."""
    headers = {"Authorization": f"Bearer {key}"} if case.operation.path == "/v1/events" else {}
    name_what_is_there(case)
    response = case.call(app=gateway, headers=headers)
    case.validate_response(response, checks=CHECKS, headers=headers, transport_kwargs={"app": gateway})


@pytest.fixture(scope="module")
def api(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """The API over a project with something in everything, and callers of every role."""
    with postgres_server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", postgres_server))
        place = furnish(world, "shop")
        people = {name: world.member(place.project, role) for name, role in MEMBERS.items()}
        tokens = {name: token("authenticated", sub=person) for name, person in people.items()}
        tokens |= {name: token(role, sub=f"person-{name}") for name, role in COLUMNS.items()}
        world.close()
        with opened(url, postgres_server, tmp_path_factory.mktemp("api")) as client:
            yield Known(
                app=client.app,  # type: ignore[arg-type]
                place=vars(place),
                tokens=tokens | {"stranger": token("authenticated", sub=uuid4())},
            )


@API.include(path_regex=OF_CALLERS).parametrize()
@rounds(max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_of_the_api_is_answered_as_openapi_says(case: AnyCase, api: Known) -> None:
    """The same for each route, as somebody of any role, about what is there in every other case."""
    name_what_the_api_has(case, api)
    role = sorted(api.tokens)[
        zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode()) % len(api.tokens)
    ]
    headers = {"Authorization": f"Bearer {api.tokens[role]}"}
    response = case.call(app=api.app, headers=headers)
    case.validate_response(response, checks=CHECKS, headers=headers, transport_kwargs={"app": api.app})


@ONCE.include(path_regex=OF_CALLERS).parametrize()
@rounds(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_role_asks_of_the_api_is_answered_as_openapi_says(case: AnyCase, api: Known) -> None:
    """Each route is asked by each role, about what is there."""
    name_what_the_api_has(case, api, always=True)
    for role, credential in api.tokens.items():
        headers = {"Authorization": f"Bearer {credential}"}
        note(f"as {role}")
        response = case.call(app=api.app, headers=headers)
        case.validate_response(response, checks=OF_ROLES, headers=headers, transport_kwargs={"app": api.app})


def name_what_the_api_has(case: AnyCase, api: Known, *, always: bool = False) -> None:
    """Put what is there in the place of made names, in every other case or always."""
    for name in case.path_parameters:
        if name in PLACES and (always or len(str(case.path_parameters)) % 2):
            case.path_parameters[name] = str(api.place[PLACES[name]])


def name_what_is_there(case: AnyCase) -> None:
    """Put known names in the place of made ones, in addresses and headers of every other one; forbidden ones stay."""
    if isinstance(case.body, dict):
        case.body |= {
            name: known
            for name, known in KNOWN.items()
            if isinstance(made := case.body.get(name), str) and 0 < len(made) <= 200
        }
    if case.body == {} and case.operation.path != "/v1/events":
        case.body = recorded("push_branch_created")
    if len(str(case.path_parameters.get("project", ""))) % 2:
        case.path_parameters["project"] = KNOWN["project"]
    if len(str(case.headers.get("x-github-event", ""))) % 2:
        case.headers["x-github-event"] = "push"


def signed(app: FastAPI, secret: str) -> Gateway:
    """Return the gateway behind a sender that signs its deliveries, but for those that carry no signature at all."""

    async def send_signed(scope: Message, receive: Callable[[], Awaitable[Message]], send: object) -> None:
        name = b"x-hub-signature-256"
        if scope["type"] != "http" or name not in dict(scope["headers"]):
            await app(scope, receive, send)  # type: ignore[arg-type]
            return
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = [pair for pair in scope["headers"] if pair[0] != name]
        whole = iter([{"type": "http.request", "body": body}])

        async def replay() -> Message:
            return next(whole, None) or await receive()

        scope = {**scope, "headers": [*headers, (name, f"sha256={signature}".encode())]}
        await app(scope, replay, send)  # type: ignore[arg-type]

    return send_signed
