"""What docs/howto/send-events.md says, done as it stands there: curl, the ops command, and n8n's own library."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.ports import free_port
from tests.conftest import missing
from tests.event_cases import key_for
from tests.node_tools import file_of_package, node_modules
from tests.servers import PostgresServer, as_user
from tests.sql.releases import Release, make_release
from tests.sql.world import World
from tests.suites.processes import eventually

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "howto" / "send-events.md"
RECIPE = re.compile(r"^<!-- recipe: (?P<name>\w+) -->\n```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
WORKFLOW = ROOT / "docs" / "n8n" / "gate_signoff.json"
NODES = ("n8n-nodes-base@2.41.2", "package/dist/types/nodes.json")
INTEGRITY = "sha512-qUItyawxR1aR/t6Fgk0whYwBSDR+VOu5RkgAI3AElVI3dqPLLcCAawAMFc/N3GFG35//quOVRUwuc7a3mVLC0g=="


@pytest.fixture
def release(postgres_server: PostgresServer, database: str) -> Iterator[Release]:
    """Release 1.0 of project shop."""
    world = World(database, as_user(database, "ops_worker", postgres_server))
    yield make_release(world, world.project(), "1.0")
    world.close()


@pytest.fixture
def gateway(database: str, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    """The address at which a gateway takes events."""
    with ControlPlane(as_user(database, "ops_gateway", postgres_server)) as control:
        port = free_port()
        app = create_app(Settings(home=tmp_path), control)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run)
        thread.start()
        eventually(lambda: server.started, what="the gateway listens")
        yield f"http://127.0.0.1:{port}/v1/events"
        server.should_exit = True
        thread.join()


def recipes() -> dict[str, str]:
    """Return the recipes of the page by their names."""
    return {found["name"]: found["text"] for found in RECIPE.finditer(PAGE.read_text())}


class Shell:
    """A folder with a key, in which recipes are typed."""

    def __init__(self, folder: Path, database: str, gateway: str, persona: str) -> None:
        with ControlPlane(database, max_connections=1) as owner:
            self.key = key_for(owner, persona)
        (folder / "event-key").write_text(f"Authorization: Bearer {self.key}\n")
        (folder / "ops").write_text(f'#!/bin/sh\nexec {sys.executable} -m odooops_dagster.doors.cli "$@"\n')
        (folder / "ops").chmod(0o755)
        self._folder = folder
        self._environment = {
            "PATH": f"{folder}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "ODOOOPS_EVENTS_URL": gateway,
            "SESSION_ID": "s-77",
            "GITHUB_RUN_ID": "7341",
            "GITHUB_RUN_ATTEMPT": "1",
        }

    def type(self, text: str, *, status: int = 0, **environment: str) -> str:
        """Return what the recipe prints."""
        done = subprocess.run(
            ["sh", "-c", text],
            cwd=self._folder,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def curl() -> None:
    """Skip the test where there is no curl."""
    if shutil.which("curl") is None:
        missing("curl is not here")


@pytest.mark.usefixtures("curl")
def test_an_agent_signs_off_with_curl(database: str, gateway: str, release: Release, tmp_path: Path) -> None:
    """G2 is passed, the approval has the person, the persona and the rationale; a repeat is a duplicate."""
    shell = Shell(tmp_path, database, gateway, "qa_tester")
    assert release.status("G2") == "pending"
    assert [json.loads(shell.type(recipes()["gate_signoff"]))["status"] for _ in range(2)] == ["accepted", "duplicate"]
    assert release.status("G2") == "passed"
    approval = release.world.row("select approver_id, persona_role, decision, rationale_structured from ops.approvals")
    assert approval == {
        "approver_id": "ana",
        "persona_role": "qa_tester",
        "decision": "approved",
        "rationale_structured": {"plan": "smoke", "flows": ["order", "invoice"], "findings": []},
    }
    row = release.world.row("select idempotency_key, caller_role from ops.event_ingest_log order by id limit 1")
    assert row == {"idempotency_key": "agent/s-77/gate_signoff/G2", "caller_role": "qa_tester"}


@pytest.mark.usefixtures("curl")
def test_a_pipeline_tells_of_its_build_with_curl(database: str, gateway: str, release: Release, tmp_path: Path) -> None:
    """G1 has its check; a refusal fails the command and is shown."""
    shell = Shell(tmp_path, database, gateway, "ci_service_role")
    assert json.loads(shell.type(recipes()["build_complete"]))["status"] == "accepted"
    assert release.status("G1") == "passed"
    refused = shell.type(recipes()["gate_signoff"], status=22)
    assert '"status":"rejected"' in refused


def test_the_ops_command_sends_an_event(database: str, gateway: str, release: Release, tmp_path: Path) -> None:
    """With the time of now; a repeat is a duplicate, a refusal is an error with its hint."""
    shell = Shell(tmp_path, database, gateway, "qa_tester")
    recipe = recipes()["ops"]
    assert [shell.type(recipe).split(":")[0].strip() for _ in range(2)] == ["accepted", "duplicate"]
    assert release.status("G2") == "passed"
    foreign = recipe.replace('"release": "1.0"', '"release": "9.9"').replace("/G2", "/other")
    assert "9.9" in shell.type(foreign, status=1)
    assert shell.key not in shell.type(recipe.replace("send event.json", "send event.json --json"))
    assert "ODOOOPS_EVENT_KEY is not set" in shell.type("echo '{}' | ops event send -", status=1)
    assert "no JSON" in shell.type("echo nothing | ODOOOPS_EVENT_KEY=opsk_x ops event send -", status=1)
    assert "does not answer" in shell.type(
        "echo '{}' | ODOOOPS_EVENT_KEY=opsk_x ops event send -", status=1, ODOOOPS_EVENTS_URL="http://127.0.0.1:1/"
    )


def read_by_n8n(workflow: Path, item: dict[str, Any], node: str = "Tell the platform") -> dict[str, Any]:
    """Return what n8n's own library finds wrong with a workflow, and what a node's parameters become."""
    nodes = file_of_package(*NODES, integrity=INTEGRITY)
    library = node_modules(ROOT / "scripts" / "dev" / "n8n").parent
    argv = [
        "node",
        str(ROOT / "tests" / "n8n_read.cjs"),
        str(library),
        str(nodes),
        str(workflow),
        json.dumps(item),
        node,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


ITEM = {"project": "shop", "release": "1.0", "approver": "ana", "decision": "approved", "plan": "smoke", "findings": ""}


def test_the_workflow_of_n8n_signs_off(database: str, gateway: str, release: Release, tmp_path: Path) -> None:
    """n8n knows each node and parameter, and the body that it makes of the form passes G2."""
    read = read_by_n8n(WORKFLOW, ITEM)
    assert read["faults"] == []
    sent = read["parameters"]
    assert (sent["method"], sent["url"]) == ("POST", "https://odooops.example.com/v1/events")
    assert sent["jsonBody"]["idempotency_key"] == "agent/231/gate_signoff/G2"
    shell = Shell(tmp_path, database, gateway, "qa_tester")
    answers = [
        httpx2.post(gateway, json=sent["jsonBody"], headers={"Authorization": f"Bearer {shell.key}"}) for _ in range(2)
    ]
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [
        (200, "accepted"),
        (200, "duplicate"),
    ]
    assert release.status("G2") == "passed"


def test_a_refusal_ends_the_workflow_with_the_platforms_words() -> None:
    """The condition reads the answer's status, and the error its message."""
    refusal = {
        "statusCode": 409,
        "body": {"message": "There is no release 9.9", "hint": "List them: ops release list."},
    }
    said = read_by_n8n(WORKFLOW, refusal, "Say why not")["parameters"]["errorMessage"]
    assert said == "409: There is no release 9.9 List them: ops release list."
    condition = read_by_n8n(WORKFLOW, refusal, "Taken?")["parameters"]["conditions"]["conditions"][0]
    assert (condition["leftValue"], condition["rightValue"]) == (409, 200)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"typeVersion": 4.2', '"typeVersion": 9', "n8n has no n8n-nodes-base.httpRequest 9"),
        ('"sendBody": true', '"sendBoddy": true', "n8n reads"),
        ('"method": "POST"', '"method": "POKE"', "POKE"),
        ('"node": "Taken?"', '"node": "Takne?"', "which is not there"),
        ('"httpHeaderAuth": { "id"', '"ftp": { "id"', "takes no credential ftp"),
    ],
)
def test_a_broken_workflow_is_found(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """The check bites."""
    broken = tmp_path / "broken.json"
    text = WORKFLOW.read_text()
    assert old in text
    broken.write_text(text.replace(old, new))
    assert fault in str(read_by_n8n(broken, ITEM)["faults"])
