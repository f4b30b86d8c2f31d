"""What is sent to GitLab, Gitea, Forgejo and Bitbucket is what their other clients send, and of the types these have.

The clients of Gitea, Forgejo and Bitbucket are generated from the forges' own descriptions of their APIs; that of
GitLab is written by hand, by others. No forge answers here: what one makes of a request is not proved.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from odooops_dagster.errors import Undelivered
from odooops_dagster.tools.forge.bitbucket import Bitbucket
from odooops_dagster.tools.forge.gitea import Gitea
from odooops_dagster.tools.forge.gitlab import GitLab
from odooops_dagster.tools.forge.port import Deployment, Forge, Status, StatusState
from tests.node_tools import node_modules
from tests.web_servers import QuietServer

ROOT = Path(__file__).parents[2]
SHA = "a" * 40
DEPLOYMENT = Deployment(
    sha=SHA, environment="feature/a", is_production=False, url="https://a.test", run_id="1", description=""
)
STATES = get_args(StatusState)
# The client's types by the forge that has them; what has an index of any names loses it, so that no name is strange.
TYPES = {
    "gitea": "Gitea",
    "forgejo": "Forgejo",
    "bitbucket": "Omit<Known<Schema.Commitstatus>, 'type'>",
    "gitlab": "{state: CommitablePipelineStatus, name: string, target_url?: string, description: string}",
    "gitlabDeployment": (
        "{environment: string, sha: string, ref: string, tag: boolean, status: 'running' | 'success' | 'failed'}"
    ),
}
HEAD = """\
import type { CreateStatusOption as Gitea } from "gitea-js";
import type { CreateStatusOption as Forgejo } from "@llamaduck/forgejo-ts";
import type { Schema } from "bitbucket";
import type { CommitablePipelineStatus } from "@gitbeaker/core";
type Known<T> = { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] };
"""
FIRST = HEAD.count("\n") + 1


Request = tuple[str, str, dict[str, str], Any]


@dataclass
class Recorder:
    """A forge that takes everything, and what it was asked: method, path, query and body."""

    url: str = ""
    refuses: bool = False
    asked: list[Request] = field(default_factory=list)

    def taken(self) -> list[Request]:
        """Return what it was asked since it was last looked at."""
        found, self.asked = self.asked, []
        return found


@pytest.fixture
def forge() -> Iterator[Recorder]:
    """Serve it."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = {name: value for name, value in parse_qsl(parts.query) if name not in {"page", "per_page"}}
            recorder.asked.append((self.command, unquote(parts.path), query, json.loads(body) if body else None))
            text = b"[]" if self.command == "GET" else b"{}"
            self.send_response(200 if self.command == "GET" else 400 if recorder.refuses else 201)
            for name, value in (("Content-Length", str(len(text))), ("Content-Type", "application/json")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _take  # noqa: N815 - as the base class has them

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield recorder
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def clients() -> Path:
    """The folder of the other clients."""
    return node_modules(ROOT / "scripts" / "dev" / "forges")


def statuses(url: str | None = "https://ops.test/runs/1") -> list[Status]:
    """Return a status of each state."""
    return [Status(sha=SHA, context="odooops/deploy", state=state, description="It works", url=url) for state in STATES]


def told_by_others(forge: Recorder, clients: Path, calls: list[list[Any]]) -> list[Request]:
    """Let the other clients send, and return what came."""
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "forge_clients.mjs"), forge.url, str(clients.parent)],
        input=json.dumps(calls), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return forge.taken()


def test_every_request_is_what_the_forges_other_clients_send(forge: Recorder, clients: Path, tmp_path: Path) -> None:
    """Method, path, query and body of each status, and of a look at what is there already."""
    ours: dict[str, list[Any]] = {"gitea": [], "bitbucket": [], "gitlab": []}
    gitea = Gitea(f"{forge.url}/api/v1", repository="acme/shop", token="t")
    bitbucket = Bitbucket(f"{forge.url}/2.0", repository="acme/shop", token="t")
    gitlab = GitLab(f"{forge.url}/api/v4", repository="acme/shop", token="t")
    senders: dict[str, Forge] = {"gitea": gitea, "bitbucket": bitbucket, "gitlab": gitlab}
    for name, client in senders.items():
        for status in statuses():
            client.tell_status(status, may_repeat=False)
        ours[name] = forge.taken()
    gitea.tell_status(statuses()[0], may_repeat=True)
    gitea_list = forge.taken()[0]
    forge.refuses = True
    with pytest.raises(Undelivered):
        gitlab.tell_status(statuses()[0], may_repeat=True)
    gitlab_list = forge.taken()[-1]
    forge.refuses = False
    gitlab.tell_deployment(DEPLOYMENT)
    (deployment,) = forge.taken()

    calls = [[name, SHA, body] for name in ours for _method, _path, _query, body in ours[name]]
    expected = [request for name in ours for request in ours[name]]
    assert told_by_others(forge, clients, calls) == expected
    assert told_by_others(forge, clients, [["forgejo", SHA, each[3]] for each in ours["gitea"]]) == ours["gitea"]
    looks: list[list[Any]] = [["giteaList", SHA], ["forgejoList", SHA], ["gitlabList", SHA, {"name": "odooops/deploy"}]]
    assert told_by_others(forge, clients, looks) == [gitea_list, gitea_list, gitlab_list]
    assert told_by_others(forge, clients, [["gitlabDeployment", SHA, deployment[3]]]) == [deployment]

    bodies: dict[str, list[Any]] = ours | {"forgejo": ours["gitea"], "gitlabDeployment": [deployment]}
    assert wrong_types(clients, tmp_path, {name: [each[3] for each in sent] for name, sent in bodies.items()}) == ""
    spoilt: dict[str, list[Any]] = {
        "gitea": [{"state": 1}],
        "forgejo": [{"stat": "x"}],
        "bitbucket": [{"state": "DONE"}],
    }
    spoilt["gitlab"] = [{**ours["gitlab"][0][3], "state": "error"}]
    said = wrong_types(clients, tmp_path, spoilt)
    assert [f"sent.ts({number}," in said for number in range(FIRST, FIRST + len(spoilt))] == [True] * len(spoilt), said


def wrong_types(clients: Path, folder: Path, bodies: dict[str, list[Any]]) -> str:
    """Return what TypeScript says of the bodies as values of the clients' types."""
    lines = [
        f"export const {name}{number}: {TYPES[name]} = {json.dumps(body)};\n"
        for name, sent in bodies.items()
        for number, body in enumerate(sent)
    ]
    (folder / "node_modules").unlink(missing_ok=True)
    (folder / "node_modules").symlink_to(clients)
    (folder / "sent.ts").write_text(HEAD + "".join(lines))
    argv = [str(clients / ".bin" / "tsc"), "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "sent.ts"]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False).stdout
