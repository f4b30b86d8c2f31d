"""ops-runner under Deno: it claims, has phases carried out by delegates, and records what came of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import httpx2
import pytest

from tests.edge_functions import FUNCTIONS, serving
from tests.sql.world import World
from tests.suites.processes import eventually

SECRET = "of the caller"
KEY = b"of the delegates, 32 bytes long."


class Delegate:
    """A service that carries phases out: it keeps what it makes, and tells its hash; what runs answers at /app."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.kept: dict[str, bytes] = {}
        self.left_out: set[str] = set()
        self.answer: dict[str, Any] = {}
        self.delay_seconds = 0.0
        self.app_status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def carry_out(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return the outcome of a phase."""
        time.sleep(self.delay_seconds)
        made = {"build": ("build.log", "sbom.json"), "deploy": ("deployment-manifest.json", "evidence-bundle.json")}
        artifacts = [self._keep(name, order) for name in made[order["phase"]] if name not in self.left_out]
        address = {"url": f"{self.url}/app"} if order["phase"] == "deploy" else {}
        return {"status": "succeeded", "artifacts": artifacts, **address, **self.answer}

    def _keep(self, name: str, order: dict[str, Any]) -> dict[str, Any]:
        data = json.dumps({"made": name, "of": order["git_sha"]}).encode()
        self.kept[name] = data
        digest = hashlib.sha256(data).hexdigest()
        return {"key": name, "url": f"s3://evidence/{digest}", "sha256": digest, "size_bytes": len(data)}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        delegate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(delegate.app_status, b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if not is_signed(body, dict(self.headers.items())):
                    return self._send(401, b"")
                delegate.asked.append(json.loads(body) | {"id": self.headers["webhook-id"]})
                return self._send(200, json.dumps(delegate.carry_out(json.loads(body))).encode())

            def _send(self, status: int, body: bytes) -> None:
                with suppress(BrokenPipeError):  # who asked gave up
                    self.send_response(status)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def is_signed(body: bytes, headers: dict[str, str]) -> bool:
    """Verify a request as Standard Webhooks says."""
    given = {name.lower(): value for name, value in headers.items()}
    signed = b".".join([given["webhook-id"].encode(), given["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return given["webhook-signature"] == f"v1,{expected}" and abs(time.time() - int(given["webhook-timestamp"])) < 60


@pytest.fixture
def project(world: World) -> UUID:
    """Project shop."""
    return world.project()


@pytest.fixture
def delegate() -> Iterator[Delegate]:
    """A service that carries phases out."""
    delegate = Delegate()
    yield delegate
    delegate.close()


@contextmanager
def runner(world: World, delegate: Delegate | None, **environment: str) -> Iterator[httpx2.Client]:
    """Yield a client of the function."""
    addresses = {f"OPS_DELEGATE_{phase}_URL": f"{delegate.url}/" for phase in ("BUILD", "DEPLOY")} if delegate else {}
    secret = "whsec_" + base64.b64encode(KEY).decode()
    with serving(
        "ops-runner",
        folder=FUNCTIONS,
        OPS_WORKER_DB_URL=world.worker_url,
        OPS_RUNNER_SECRET=SECRET,
        OPS_DELEGATE_SECRET=secret,
        **{**addresses, **environment},
    ) as client:
        client.headers["Authorization"] = f"Bearer {SECRET}"
        yield client


def events(world: World, run: UUID) -> list[str]:
    """Return what happened to the run."""
    rows = world.rows("select message from ops.run_events where run_id = %s order by seq", run)
    return [row["message"] for row in rows]


def test_a_deployment_goes_through_its_phases(world: World, project: UUID, delegate: Delegate) -> None:
    """Claimed, built, deployed, asked whether it answers, and recorded with the files that prove it."""
    run = world.queue(project)
    with runner(world, delegate) as client:
        assert client.post("/").json() == {"status": "succeeded", "run_id": str(run), "message": None}
        assert client.post("/").json()["status"] == "idle"
    told = events(world, run)
    assert [message for message in told if " " not in message.removesuffix(" started").removesuffix(" done")] == [
        "queued", "build started", "build done", "deploy started", "deploy done", "smoke started", "succeeded",
    ]  # fmt: skip
    assert f"smoke done: {delegate.url}/app answers" in told
    rows = world.rows("select artifact_key, sha256, size_bytes, attempt from ops.run_artifacts where run_id = %s", run)
    assert {row["artifact_key"]: (row["sha256"], row["size_bytes"]) for row in rows} == {
        name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in delegate.kept.items()
    }
    assert [(order["phase"], order["id"]) for order in delegate.asked] == [
        ("build", f"{run}/1/build"), ("deploy", f"{run}/1/deploy"),
    ]  # fmt: skip
    assert world.value("select ops.verify_run_chain(%s)", run)


def test_a_build_is_done_without_a_deployment(world: World, project: UUID, delegate: Delegate) -> None:
    """Its one phase is the build."""
    run = world.queue(project, "main", p_kind="build")
    with runner(world, delegate) as client:
        assert client.post("/").json()["status"] == "succeeded"
    assert [order["phase"] for order in delegate.asked] == ["build"]
    assert world.status(run) == "succeeded"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("file", "build left no sbom.json"),
        ("refusal", "tests failed"),
        ("nonsense", "names no status"),
        ("silence", "/app answers 503"),
        ("hash", "No artifact may have these values"),
    ],
)
def test_what_a_delegate_does_not_do_fails_the_run(
    world: World, project: UUID, delegate: Delegate, fault: str, reason: str
) -> None:
    """By name: a file that is missing, a failure, an answer that is none, a place that does not answer, a bad hash."""
    run = world.queue(project)
    delegate.left_out = {"sbom.json"} if fault == "file" else set()
    delegate.app_status = 503 if fault == "silence" else 200
    if fault == "refusal":
        delegate.answer = {"status": "failed", "message": "tests failed"}
    if fault == "nonsense":
        delegate.answer = {"status": "perhaps"}
    if fault == "hash":
        delegate.answer = {"artifacts": [{"key": "build.log", "url": "s3://a", "sha256": "x"}]}
    with runner(world, delegate) as client:
        client.post("/")
    ended = world.run(run)
    assert ended["status"] == "failed"
    assert reason in ended["error_message"]


def test_what_it_cannot_do_goes_back_to_the_queue_untouched(world: World, project: UUID, delegate: Delegate) -> None:
    """A kind of run without phases, and a phase without a delegate; the platform's own workers take it."""
    run = world.queue(project, p_kind="test")
    with runner(world, delegate) as client:
        answer = client.post("/").json()
    assert answer == {"status": "queued", "run_id": str(run), "message": "ops-runner carries out no test run"}
    assert (world.status(run), world.run(run)["starts"], delegate.asked) == ("queued", 0, [])
    with runner(world, None) as client:
        assert client.post("/").status_code == 503
    assert world.run(run)["attempt"] == 1, "nothing was claimed"


def test_a_cancel_ends_it_in_the_middle_of_a_phase(world: World, project: UUID, delegate: Delegate) -> None:
    """The next heartbeat hears of it."""
    run = world.queue(project)
    delegate.delay_seconds = 20
    with runner(world, delegate, OPS_RUNNER_HEARTBEAT_SECONDS="0.2") as client:
        asked = threading.Thread(target=lambda: client.post("/"))
        asked.start()
        deadline = time.monotonic() + 30
        while not delegate.asked and time.monotonic() < deadline:
            time.sleep(0.05)
            if world.status(run) == "running" and "build started" in events(world, run):
                break
        world.rows("select ops.cancel_run(%s)", run)
        asked.join(timeout=15)
    assert world.status(run) == "canceled"


def test_an_attempt_that_is_lost_writes_nothing_more(world: World, project: UUID, delegate: Delegate) -> None:
    """Another worker has the run by then."""
    run = world.queue(project)
    delegate.delay_seconds = 2
    answers: list[dict[str, Any]] = []
    with runner(world, delegate, OPS_RUNNER_HEARTBEAT_SECONDS="60") as client:
        asked = threading.Thread(target=lambda: answers.append(client.post("/").json()))
        asked.start()
        eventually(lambda: world.status(run) == "running", what="the run works")
        world.rows("select ops.requeue_run(%s, 1, 'lost')", run)
        world.claim(worker="other")
        asked.join(timeout=30)
    assert [answer["status"] for answer in answers] == ["lost"]
    assert world.run(run)["claimed_by"] == "other"
    assert world.rows("select from ops.run_artifacts") == []


def test_nobody_starts_it_without_its_secret(world: World, project: UUID, delegate: Delegate) -> None:
    """Nothing is claimed."""
    run = world.queue(project)
    with runner(world, delegate) as client:
        assert client.post("/", headers={"Authorization": "Bearer x"}).status_code == 401
    assert world.run(run)["attempt"] == 0
