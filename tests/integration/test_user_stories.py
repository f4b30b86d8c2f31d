"""The user stories of the product's requirements, each done by the command, in the console and through /v1.

The command is on a laptop with nothing but a server and a key. Members do what is their project's; somebody who acts
as sre creates projects and pins tools, which are the whole platform's. Only a release's report is made on the
platform's machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg.types.json import Jsonb

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.errors import Forbidden
from odooops_dagster.home import CONSOLE_HOST
from odooops_dagster.model.releases import Persona
from odooops_dagster.model.trail import read_seal
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings
from odooops_dagster.tools.store.addressed import put_addressed
from tests.api import member_key, settings
from tests.command_line import CommandLine
from tests.consoles import link_token
from tests.gateways import serving
from tests.servers import PostgresServer
from tests.sql.everything import Everything, furnish
from tests.sql.releases import make_release
from tests.sql.world import World

NOUNS = (
    "project",
    "workflow",
    "run",
    "artifact",
    "tool",
    "advisory",
    "member",
    "policy",
    "incident",
    "audit",
    "status",
)
PROJECT = "/projects/shop"


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """One person at all three doors: with a key for the command and /v1, signed in at the console."""

    ops: CommandLine
    server: str
    key: str
    browser: httpx.Client

    def v1(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - what JSON holds
        """Return the answer of a request that succeeds."""
        response = self.asks(method, path, **options)
        assert response.is_success, response.text
        is_json = response.content and response.headers.get("content-type", "").startswith("application/json")
        return response.json() if is_json else response.content

    def asks(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
        """Return the answer of a request."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return httpx.request(method, f"{self.server}{path}", headers=headers, trust_env=False, **options)

    def sees(self, page: str) -> str:
        """Return a page of the console."""
        response = self.browser.get(page)
        assert response.status_code == 200, response.text
        return response.text

    def sends(self, page: str, **fields: str) -> None:
        """Send a form of the console, which does what it asks for."""
        response = self.browser.post(page, data=fields)
        assert response.status_code == 303, response.text


@pytest.fixture
def mine(world: World) -> Everything:
    """Project shop with something in everything, beside a foreign one."""
    furnish(world, "hushhush")
    return furnish(world, "shop")


@pytest.fixture
def ops() -> CommandLine:
    """The command."""
    return CommandLine(*NOUNS)


@pytest.fixture
def server(database: str, postgres_server: PostgresServer, control: ControlPlane, tmp_path: Path) -> Iterator[str]:
    """The address of a gateway."""
    with serving(create_app(settings(database, postgres_server, tmp_path), control)) as address:
        yield address


def enter(
    server: str,
    owner: ControlPlane,
    ops: CommandLine,
    *,
    user_id: UUID | None = None,
    persona: Persona | None = None,
    scopes: Sequence[str] = ("read", "queue", "manage"),
) -> Somebody:
    """Return a member, or somebody who works in a persona, with a key of these scopes and a session."""
    key = member_key(owner, user_id, *scopes, persona=persona)  # type: ignore[arg-type]
    host = f"{CONSOLE_HOST}:{server.rpartition(':')[2]}"
    browser = httpx.Client(
        base_url=server, headers={"Host": host, "Origin": f"http://{host}"}, trust_env=False, timeout=60
    )
    token = link_token(owner, "somebody", *((persona,) if persona else ()), user_id=user_id)
    answer = browser.post("/login", data={"token": token})
    browser.headers["Cookie"] = f"odooops-console={answer.cookies['odooops-console']}"
    return Somebody(ops=ops, server=server, key=key, browser=browser)


@pytest.fixture
def anna(
    mine: Everything,
    world: World,
    owner: ControlPlane,
    *,
    ops: CommandLine,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Somebody:
    """An admin of the project; her laptop has a server and a key."""
    found = enter(server, owner, ops, user_id=world.member(mine.project, "admin"))
    monkeypatch.setenv("OPS_SERVER", server)
    monkeypatch.setenv("OPS_KEY", found.key)
    return found


@pytest.fixture
def grace(mine: Everything, owner: ControlPlane, *, ops: CommandLine, server: str) -> Somebody:
    """Somebody who acts as sre; her key may create projects and pin tools besides reading."""
    assert mine
    return enter(server, owner, ops, persona="sre", scopes=("read", "create_project", "pin_tool"))


def test_a_project_has_a_slug_and_a_workspace_key(
    anna: Somebody, grace: Somebody, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Developer, 1: somebody who acts as sre makes it for its first owner, who finds it at every door."""
    member = world.value("select user_id from ops.project_memberships where role = 'admin'")
    given = ("--repo", "https://github.com/acme/web.git", "--default-branch", "main", "--owner", str(member))
    made_so = ("project", "create", "web", *given, "--workspace-key", "ipai_workspace", "--no-check")
    with pytest.raises(Forbidden, match="may not create projects") as caught:
        anna.ops(*made_so)
    assert "sre" in str(caught.value.hint)
    with monkeypatch.context() as hers:
        hers.setenv("OPS_KEY", grace.key)
        for _ in range(2):
            anna.ops(*made_so)
    body = {"slug": "api", "repo_url": "git@github.com:acme/api.git", "workspace_key": "of-api", "owner": str(member)}
    assert grace.v1("POST", "/v1/projects", json=body) == grace.v1("POST", "/v1/projects", json=body)
    grace.sends("/projects", slug="page", repo="https://forge.corp/page", odoo="18.0", workspace_key="of-page",
                user=str(member))  # fmt: skip
    keys = {"web": "ipai_workspace", "api": "of-api", "page": "of-page"}
    for slug, workspace_key in keys.items():
        assert anna.ops.json("project", "show", slug)["workspace_key"] == workspace_key
        assert anna.v1("GET", f"/v1/projects/{slug}")["workspace_key"] == workspace_key
        assert f"/projects/{slug}" in anna.sees("/")
        (own,) = anna.v1("GET", f"/v1/projects/{slug}/members")["items"]
        assert (own["user_id"], own["role"]) == (str(member), "owner")
    assert "New project" in grace.sees("/")
    _refused_of_projects(anna, grace, str(member))
    assert world.value("select count(*) from ops.projects") == 2 + len(keys)


def _refused_of_projects(member: Somebody, sre: Somebody, owner: str) -> None:
    """Members make no project, and nobody one of the platform's own files or without an owner."""
    body = {"slug": "more", "repo_url": "https://github.com/acme/more.git", "owner": owner}
    refused = member.asks("POST", "/v1/projects", json=body)
    assert (refused.status_code, refused.json()["hint"]) == (403, "It takes one of these roles: sre.")
    assert "New project" not in member.sees("/")
    form = {"slug": "more", "repo": body["repo_url"], "odoo": "19.0", "user": owner}
    page = member.browser.post("/projects", data=form)
    assert (page.status_code, "one of these roles: sre" in page.text) == (403, True)
    for address in ("/etc", "file:///etc", "ext::sh -c id", "git@-oProxyCommand=id:x", "https://127.0.0.1/x"):
        assert sre.asks("POST", "/v1/projects", json=body | {"repo_url": address}).status_code == 400, address
        assert sre.browser.post("/projects", data=form | {"repo": address}).status_code == 400, address
    assert sre.asks("POST", "/v1/projects", json=body | {"owner": None}).status_code == 400
    assert sre.asks("POST", "/v1/projects", json=body | {"odoo_version": "3.0"}).status_code == 400
    assert sre.asks("POST", "/v1/projects", json=body | {"slug": "web"}).status_code == 409


def test_workflows_are_defined(anna: Somebody) -> None:
    """Developer, 2: made, configured and switched."""
    anna.ops("workflow", "set", "shop", "of-command", "--type", "test")
    body = {"workflow_type": "test", "config": {"priority": 1}}
    anna.v1("POST", "/v1/projects/shop/workflows/of-api", json=body)
    anna.sends(f"{PROJECT}/workflows", name="of-console", type="test", config='{"priority": 2}')
    anna.sends(f"{PROJECT}/workflows", name="of-command", type="test", enabled="no")
    found = {each["name"]: each for each in anna.v1("GET", "/v1/workflows", params={"project": "shop"})}
    assert (found["of-api"]["config"], found["of-console"]["config"]) == ({"priority": 1}, {"priority": 2})
    assert (found["of-api"]["is_enabled"], found["of-command"]["is_enabled"]) == (True, False)
    page = anna.sees(f"{PROJECT}/automation")
    listed = {each["name"] for each in anna.ops.json("workflow", "list", "shop")}
    assert {"of-command", "of-api", "of-console"} <= listed
    assert all(f"<td>{name}</td>" in page for name in listed)
    refused = anna.browser.post(f"{PROJECT}/workflows", data={"name": "x", "type": "test", "config": "[1]"})
    assert (refused.status_code, "is no object" in refused.text) == (400, True)


def test_runs_and_their_logs_are_read(anna: Somebody, mine: Everything) -> None:
    """Developer, 3: the history, and what a run logged."""
    assert str(mine.ended) in {each["id"] for each in anna.ops.json("run", "list", "shop")}
    assert [each["message"] for each in anna.ops.json("run", "logs", str(mine.ended))] == ["shop"]
    runs = anna.v1("GET", "/v1/runs", params={"project": "shop"})["items"]
    assert str(mine.ended) in {each["id"] for each in runs}
    assert [each["message"] for each in anna.v1("GET", f"/v1/runs/{mine.ended}/logs")] == ["shop"]
    assert f'href="{PROJECT}/runs/1"' in anna.sees(f"{PROJECT}/runs")
    assert "<span>shop</span>" in anna.sees(f"{PROJECT}/runs/1/log")


def test_artifacts_are_downloaded(anna: Somebody, mine: Everything, world: World, tmp_path: Path) -> None:
    """Developer, 4: the same bytes at each door; the command proves by the hash that they are what the run left."""
    content = b"built \xff\n" * 300_000
    kept = put_addressed(Platform(Settings(home=tmp_path)).store, content, content_type="text/plain")
    add = (
        "insert into ops.run_artifacts (run_id, attempt, artifact_key, s3_url, sha256, content_type, size_bytes)"
        " values (%s, 1, 'build.log', %s, %s, 'text/plain', %s)"
    )
    world.rows(add, mine.ended, kept.url, kept.sha256, kept.size_bytes)
    anna.ops("artifact", "get", str(mine.ended), "build.log", "--output", str(tmp_path / "fetched"))
    assert (tmp_path / "fetched").read_bytes() == content
    assert anna.ops("run", "artifact", str(mine.ended), "build.log").stdout_bytes == content
    assert anna.v1("GET", f"/v1/runs/{mine.ended}/artifacts/build.log") == content
    assert anna.browser.get(f"{PROJECT}/runs/1/artifacts/build.log").content == content


def test_the_queue_is_watched(anna: Somebody, mine: Everything) -> None:
    """DevOps, 1: what waits, and for what."""
    (own,) = (each for each in anna.ops.json("run", "queue") if each["run_id"] == str(mine.waiting))
    (same,) = (each for each in anna.v1("GET", "/v1/queue") if each["run_id"] == str(mine.waiting))
    assert own["position"] == same["position"]
    page = anna.sees(f"{PROJECT}/automation").split("<h2>Workflows", 1)[0]
    assert f'<td>{own["position"]}</td><td><a href="{PROJECT}/runs/{own["run_number"]}">' in page
    assert "hushhush" not in page


def test_failed_runs_are_started_again(anna: Somebody, mine: Everything, world: World) -> None:
    """DevOps, 2: each time as a new run that names the failed one."""
    failed = world.work(mine.project, "feature/b")
    world.rows("select ops.complete_workflow_run(%s, 1, 'tests failed', 1)", failed)
    number = world.value("select run_number from ops.v_runs where id = %s", failed)
    made = {anna.ops.json("run", "retry", str(failed))["id"]}
    world.rows("select ops.cancel_run(id) from ops.v_runs where retry_of = %s and status = 'queued'", failed)
    made.add(anna.v1("POST", f"/v1/runs/{failed}/retry", headers={"Idempotency-Key": "again"})["id"])
    world.rows("select ops.cancel_run(id) from ops.v_runs where retry_of = %s and status = 'queued'", failed)
    anna.sends(f"{PROJECT}/runs/{number}/retry")
    found = {str(row["id"]) for row in world.rows("select id from ops.v_runs where retry_of = %s", failed)}
    assert (len(found), made <= found) == (3, True)


def test_versions_of_tools_are_configured(
    anna: Somebody, grace: Somebody, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DevOps, 3: somebody who acts as sre pins them for all projects, and everybody sees which they are."""
    digest = "sha256:" + "1" * 64
    with pytest.raises(Forbidden, match="may not pin tools"):
        anna.ops("tool", "set", "of-command", "1.0")
    with monkeypatch.context() as hers:
        hers.setenv("OPS_KEY", grace.key)
        anna.ops("tool", "set", "of-command", "1.0", "--image", f"ghcr.io/acme/tool@{digest}")
    pin = {"version": "2.0", "docker_image": "ghcr.io/acme/tool", "digest": digest}
    assert grace.v1("PUT", "/v1/tools/of-api", json=pin)["digest"] == digest
    grace.sends(f"{PROJECT}/tools", tool="of-console", version="3.0", image=f"ghcr.io/acme/tool@{digest}")
    pinned = {("of-command", "1.0", digest), ("of-api", "2.0", digest), ("of-console", "3.0", digest)}
    for listed in (anna.ops.json("tool", "list"), anna.v1("GET", "/v1/tools")):
        assert {(each["name"], each["version"], each["digest"]) for each in listed} == pinned
    page = anna.sees(f"{PROJECT}/automation")
    assert all(f"<td>{name}</td><td>{version}</td>" in page for name, version, _ in pinned)
    assert ("Pin tool" in grace.sees(f"{PROJECT}/automation"), "Pin tool" in page) == (True, False)
    assert anna.asks("PUT", "/v1/tools/of-api", json=pin).status_code == 403
    assert anna.browser.post(f"{PROJECT}/tools", data={"tool": "x", "version": "1"}).status_code == 403
    for wrong in ({"digest": None}, {"digest": "latest"}, {"docker_image": "a b"}, {"version": ""}):
        assert grace.asks("PUT", "/v1/tools/of-api", json=pin | wrong).status_code == 400, wrong
    by = {row["changed_by"].split(":")[0] for row in world.rows("select changed_by from ops.tool_changes")}
    assert by == {"key", "somebody"}


def test_upgrade_advisories_are_received(anna: Somebody, world: World) -> None:
    """DevOps, 4: how severe a move to a later series is."""
    world.rows("update ops.projects set odoo_version = '18.0' where slug = 'shop'")
    item = {
        "kind": "module_removed",
        "severity": "critical",
        "module": "base",
        "subject": "base",
        "summary": "It is gone.",
    }
    world.rows("select ops.import_upgrade_advisories('18.0', '19.0', 'own', repeat('1', 64), %s)", Jsonb([item]))
    (told,) = anna.v1("GET", "/v1/projects/shop/advisories")
    (same,) = anna.ops.json("advisory", "match", "--project", "shop")
    assert "uses nothing" in anna.ops("advisory", "match", "--project", "shop").output
    assert (same["to_version"], same["item_count"]) == (told["to_version"], told["item_count"]) == ("19.0", 1)
    page = anna.sees(f"{PROJECT}/automation").split("Upgrade advisories", 1)[1]
    assert f"18.0 → 19.0</td><td>{told['severity']}</td>" in page


def test_memberships_are_managed(anna: Somebody, mine: Everything, world: World) -> None:
    """Platform team, 1: added at each door, and removed."""
    people = [str(uuid4()) for _ in range(3)]
    anna.ops("member", "set", "shop", people[0], "viewer")
    anna.v1("PUT", f"/v1/projects/shop/members/{people[1]}", json={"role": "viewer"})
    anna.sends(f"{PROJECT}/members", user=people[2], role="viewer")
    page = anna.sees(f"{PROJECT}/access")
    assert all(person in page for person in people)
    anna.ops("member", "remove", "shop", people[2], "--yes")
    anna.v1("DELETE", f"/v1/projects/shop/members/{people[0]}")
    anna.sends(f"{PROJECT}/members/remove", user=people[1])
    left = world.rows("select user_id::text as id from ops.project_memberships where project_id = %s", mine.project)
    assert not {row["id"] for row in left} & set(people)


def test_policies_are_configured(anna: Somebody, mine: Everything, world: World) -> None:
    """Platform team, 2: the rules that rows, releases and backups are held to."""
    anna.ops("policy", "set", "shop", "retention", '{"daily": 8}')
    path = "/v1/projects/shop/policies/retention"
    anna.v1("PUT", path, json={"rules": {"daily": 9}}, headers={"If-Match": "*"})
    shown = json.dumps(anna.v1("GET", path)["rules"])
    anna.sends(f"{PROJECT}/policies/retention", shown=shown, daily="10")
    assert world.value("select ops.policy(%s, 'retention') ->> 'daily'", mine.project) == "10"


def test_health_is_watched(anna: Somebody, mine: Everything) -> None:
    """Platform team, 3: whether the platform answers, and which alarms and incidents are open."""
    assert anna.ops.json("status")["projects"] == ["shop"]
    assert str(mine.incident) in {each["id"] for each in anna.ops.json("incident", "list", "shop")}
    assert anna.v1("GET", "/readyz") is not None
    (open_one,) = anna.v1("GET", "/v1/incidents", params={"project": "shop"})["items"]
    assert open_one["title"] in anna.sees(f"{PROJECT}/record")


def test_compliance_is_reported(
    world: World,
    owner: ControlPlane,
    *,
    ops: CommandLine,
    server: str,
    operator_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Platform team, 4: the record with the verdict on its chains, for an auditor; the file proves itself."""
    project = world.project("shop")
    world.complete(world.work(project))
    make_release(world, project, "1.0")
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", operator_url)
    assert ops.json("audit", "report", "shop", "--release", "1.0")
    monkeypatch.delenv("ODOOOPS_OPERATOR_DATABASE_URL")
    rea = enter(server, owner, ops, persona="audit_reader", scopes=("read", "audit"))
    monkeypatch.setenv("OPS_SERVER", server)
    monkeypatch.setenv("OPS_KEY", rea.key)
    exported = ops("audit", "export", "shop").stdout.splitlines()
    assert read_seal(exported).is_intact
    assert not [each for each in ops.json("audit", "verify", "shop") if each["broken"]]
    assert len(rea.v1("GET", "/v1/audit/trail", params={"project": "shop"})) == len(exported) - 1
    assert not [each for each in rea.v1("GET", "/v1/audit/chains", params={"project": "shop"}) if each["broken"]]
    assert "Export the record" in rea.sees(f"{PROJECT}/record?verify=yes")
    saved = rea.sees(f"{PROJECT}/record/trail.jsonl").splitlines()
    assert read_seal(saved).is_intact
    assert len(saved) == len(exported)
    adam = enter(server, owner, ops, user_id=world.member(project, "admin"))
    refused = adam.browser.get(f"{PROJECT}/record/trail.jsonl")
    assert (refused.status_code, "Export the record" in adam.sees(f"{PROJECT}/record")) == (403, False)
    with pytest.raises(AssertionError, match="403"):
        adam.v1("GET", "/v1/audit/trail", params={"project": "shop"})
