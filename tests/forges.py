"""A GitHub in this process: it refuses what GitHub's own description of its API does not allow, and fails as told."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl, urlsplit

import jsonschema

from tests.node_tools import file_of_package
from tests.web_servers import QuietServer

TOKEN = "github_pat_0123456789"
_SPEC = "@octokit/openapi@23.0.2"
_INTEGRITY = "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
_STATUSES = "/repos/{owner}/{repo}/statuses/{sha}"
_LISTED = "/repos/{owner}/{repo}/commits/{ref}/statuses"
_DEPLOYMENTS = "/repos/{owner}/{repo}/deployments"
_STATES = "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses"


@cache
def description() -> dict[str, Any]:
    """Return GitHub's description of its REST API."""
    path = file_of_package(_SPEC, "package/generated/api.github.com.json", integrity=_INTEGRITY)
    described: dict[str, Any] = json.loads(path.read_text())
    return described


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An answer in the place of the usual one; `wait_seconds` before it, and `is_kept` if the request takes effect."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    wait_seconds: float = 0.0
    is_kept: bool = False


@dataclass
class GitHubStandIn:
    """What was told, and the failures to come; `broken` has the requests that GitHub would not understand."""

    url: str = ""
    statuses: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    states: list[tuple[int, str, str | None]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    requests: int = 0
    handlers: ClassVar[Mapping[tuple[str, str], str]] = {
        ("POST", _STATUSES): "create_status",
        ("GET", _LISTED): "list_statuses",
        ("POST", _DEPLOYMENTS): "create_deployment",
        ("GET", _DEPLOYMENTS): "list_deployments",
        ("POST", _STATES): "create_state",
    }
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Failure:
        """Return the answer to a request, a failure of the list first."""
        with self.lock:
            self.requests += 1
            failure = self.failures.pop(0) if self.failures else None
            if failure is not None and not failure.is_kept:
                return failure
            taken = self._take(method, urlsplit(target).path, dict(parse_qsl(urlsplit(target).query)), headers, body)
            return failure or taken

    def _take(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Failure:
        template, values = self._route(path)
        refused = self.refusal(headers.get("Authorization", ""), template or "")
        if refused is not None:
            return refused
        operation = description()["paths"].get(template or "", {}).get(method.lower())
        if operation is None or headers.get("X-GitHub-Api-Version") != "2022-11-28":
            self.broken.append(f"{method} {path}")
            return Failure(status=404, body={"message": "Not Found"})
        if (values.get("owner", "acme"), values.get("repo", "shop")) != ("acme", "shop"):
            return Failure(status=404, body={"message": "Not Found"})
        try:
            _check(operation, query, body)
        except jsonschema.ValidationError as exc:
            self.broken.append(f"{method} {path}: {exc.message}")
            return Failure(status=422, body={"message": "Validation Failed"})
        handle: Callable[..., Failure] = getattr(self, self.handlers[method, str(template)])
        return handle(values, query, json.loads(body) if body else {})

    def refusal(self, authorization: str, _template: str) -> Failure | None:
        """Return why who asks may not, None if it may."""
        if authorization != f"Bearer {TOKEN}":
            return Failure(status=401, body={"message": "Bad credentials"})
        return None

    def _route(self, path: str) -> tuple[str | None, dict[str, str]]:
        """Return the template of the path, and the values of its parameters."""
        for _, template in self.handlers:
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)
            if found:
                return template, found.groupdict()
        return None, {}

    def create_status(self, values: Mapping[str, str], _: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Keep a commit's status."""
        if not re.fullmatch(r"[0-9a-f]{40}", values["sha"]):
            return Failure(status=422, body={"message": f"No commit found for SHA: {values['sha']}"})
        self.statuses.append(body | {"sha": values["sha"]})
        return Failure(status=201, body=example("status") | body)

    def list_statuses(self, values: Mapping[str, str], _: Mapping[str, str], __: dict[str, Any]) -> Failure:
        """Return a commit's statuses, newest first."""
        given = example("status") | {"target_url": None, "description": None}
        found = [given | each for each in reversed(self.statuses) if each["sha"] == values["ref"]]
        return Failure(status=200, body=found)

    def create_deployment(self, _: Mapping[str, str], __: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Keep a deployment."""
        made = {"id": len(self.deployments) + 1} | body
        self.deployments.append(made)
        return Failure(status=201, body=example("deployment") | made)

    def list_deployments(self, _: Mapping[str, str], query: Mapping[str, str], __: dict[str, Any]) -> Failure:
        """Return the deployments of an environment, newest first."""
        found = [
            example("deployment") | each
            for each in reversed(self.deployments)
            if (each["environment"], each["task"]) == (query["environment"], query["task"])
        ]
        return Failure(status=200, body=found)

    def create_state(self, values: Mapping[str, str], _: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Keep a deployment's state."""
        self.states.append((int(values["deployment_id"]), body["state"], body.get("environment_url")))
        return Failure(status=201, body=example("deployment-status") | {"state": body["state"]})


S = TypeVar("S", bound=GitHubStandIn)


@contextmanager
def serving(stand_in: S) -> Iterator[S]:
    """Serve a stand-in at its `url`."""
    description()  # reading it takes longer than a client waits

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = stand_in.answer(self.command, self.path, dict(self.headers.items()), body)
            time.sleep(answer.wait_seconds)
            text = json.dumps(answer.body).encode() if not isinstance(answer.body, bytes) else answer.body
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(text)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _reply  # noqa: N815 - as the base class has them

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()


def _check(operation: Mapping[str, Any], query: Mapping[str, str], body: bytes) -> None:
    """Raise ValidationError for what the operation's description does not have."""
    components = {"components": description()["components"]}
    named = [
        components["components"]["parameters"][each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each
        for each in operation["parameters"]
    ]
    unknown = set(query) - {each["name"] for each in named if each["in"] == "query"}
    if unknown:
        raise jsonschema.ValidationError(f"no parameters of the query: {unknown}")
    if "requestBody" not in operation:
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    sent = json.loads(body)
    if set(sent) - set(schema["properties"]):
        raise jsonschema.ValidationError(f"no fields: {set(sent) - set(schema['properties'])}")
    if len(sent.get("description") or "") > 140:
        raise jsonschema.ValidationError("a description has at most 140 characters")
    jsonschema.validate(sent, schema | components)


def example(name: str) -> dict[str, Any]:
    """Return what GitHub's description shows as an answer."""
    examples = description()["components"]["examples"]
    found: dict[str, Any] = examples[name if name in examples else f"{name}-simple-example"]["value"]
    return dict(found)
