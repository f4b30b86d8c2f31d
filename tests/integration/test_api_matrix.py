"""The API decides nothing: each role gets from each route what tests/sql/matrix.txt says of the view or function."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from tests.api import Bearer, opened, token
from tests.servers import PostgresServer, as_user
from tests.sql.everything import Everything
from tests.sql.matrix import Scene, expected
from tests.sql.test_role_matrix import COLUMNS, MEMBERS, set_scene
from tests.sql.world import World

# Everybody who may come with a token; the others are refused before they are anybody.
ROLES = ("stranger", *MEMBERS, *COLUMNS)
# A list, and the view or table of which it shows the rows.
LISTS = {
    "/v1/projects": "projects",
    "/v1/environments": "v_environment_overview",
    "/v1/runs": "v_runs",
    "/v1/backups": "backups",
    "/v1/restores": "restores",
    "/v1/releases": "releases",
    "/v1/egress": "v_egress_attempts",
    "/v1/rehearsals": "rehearsals",
    "/v1/exceptions": "v_exception_status",
    "/v1/deployments": "deployments",
    "/v1/incidents": "incidents",
    "/v1/events": "event_ingest_log",
    "/v1/notification-rules": "notification_rules",
    "/v1/messages": "outbox",
}
# One thing, by what names it, and the view or table in which it is.
THINGS = {
    "/v1/projects/{slug}": "projects",
    "/v1/projects/{slug}/policies/ttl": "policy",
    "/v1/projects/{slug}/previews": "explain_preview",
    "/v1/projects/{slug}/branches-without-preview": "branches_without_preview",
    "/v1/environments/{environment}": "v_environment_overview",
    "/v1/runs/{ended}": "v_runs",
    "/v1/runs/{ended}/logs": "v_runs",
    "/v1/runs/{ended}/logs/window": "v_runs",
    "/v1/runs/{ended}/logs/search?text={slug}": "v_runs",
    "/v1/runs/{ended}/logs/stream": "v_runs",
    "/v1/runs/{ended}/steps": "v_runs",
    "/v1/runs/{ended}/events": "v_runs",
    "/v1/runs/{ended}/checks": "v_runs",
    "/v1/runs/{ended}/artifacts": "v_runs",
    "/v1/runs/{ended}/lineage": "v_runs",
    "/v1/runs/{ended}/outlook": "v_runs",
    "/v1/mails/{mail}/source": "mail_source",
    "/v1/backups/{backup}": "backups",
    "/v1/releases/{release}": "releases",
    "/v1/releases/{release}/gates": "releases",
    "/v1/exceptions/{exception}": "exceptions",
    "/v1/deployments/{deployment}": "deployments",
    "/v1/deployments/{deployment}/ways-back": "explain_rollback",
    "/v1/incidents/{incident}": "incidents",
}
# What changes something, and the function that decides about it.
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "cancel_run": ("POST", "/v1/runs/{waiting}/cancel", {}),
    "retry_run": ("POST", "/v1/runs/{ended}/retry", {}),
    "queue_run:build": (
        "POST", "/v1/runs", {"project": "{slug}", "kind": "build", "environment": "feature/a", "git_sha": "a" * 40,
                             "git_ref": "refs/heads/feature/a"},
    ),
    "create_backup": ("POST", "/v1/backups", {"project": "{slug}", "environment": "main"}),
    "set_member": ("PUT", "/v1/projects/{slug}/members/00000000-0000-0000-0000-000000000001", {"role": "viewer"}),
    "set_policy": ("PUT", "/v1/projects/{slug}/policies/ttl", {"rules": {}}),
    "release_build": ("POST", "/v1/releases", {"project": "{slug}"}),
    "sign_off_gate:g2": ("POST", "/v1/releases/{release}/gates/G2/decisions", {"decision": "approved"}),
    "sign_off_gate:g3": ("POST", "/v1/releases/{release}/gates/G3/decisions", {"decision": "approved"}),
    "promote_release:staging": ("POST", "/v1/releases/{release}/promotions", {"target": "staging"}),
    "promote_release:production": ("POST", "/v1/releases/{release}/promotions", {"target": "production"}),
    "restore_backup": ("POST", "/v1/restores", {"backup_id": "{backup}", "environment": "main"}),
    "restore_backup:drill": ("POST", "/v1/restores", {"backup_id": "{backup}", "purpose": "drill"}),
    "rehearse_release": ("POST", "/v1/releases/{release}/rehearsals", {}),
    "prepare_promotion": ("POST", "/v1/releases/{release}/preparation", {}),
    "promote_prepared": ("POST", "/v1/releases/{release}/go", {}),
    "request_exception": (
        "POST", "/v1/releases/{release}/exceptions",
        {"gate_code": "G2", "reason": "urgent", "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()},
    ),
    "grant_exception": ("POST", "/v1/exceptions/{exception}/grant", {}),
    "revoke_exception": ("POST", "/v1/exceptions/{exception}/revoke", {}),
    "break_glass": ("POST", "/v1/releases/{release}/broken-glass", {"gate_code": "G3", "reason": "nobody is there"}),
    "rollback_deployment": ("POST", "/v1/deployments/{deployment}/rollback", {"reason": "it fails"}),
    "keep_deployment": ("POST", "/v1/deployments/{deployment}/keep", {"reason": "it answers"}),
    "create_notification_rule": (
        "POST", "/v1/notification-rules", {"project": "{slug}", "events": ["gate"], "channel": "webhook",
                                           "recipient": "x"},
    ),
    "retry_messages": ("POST", "/v1/messages/retry", {"project": "{slug}"}),
    "open_incident": ("POST", "/v1/incidents", {"project": "{slug}", "title": "test"}),
    "resolve_incident": ("POST", "/v1/incidents/{incident}/resolve", {"resolution": "test"}),
}  # fmt: skip

# The same for what is the whole platform's: who has no permission for it is refused.
PLATFORM_CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "create_project": (
        "POST", "/v1/projects", {"slug": "new-{slug}", "repo_url": "https://git.example/new-{slug}",
                                 "owner": "00000000-0000-0000-0000-000000000001"},
    ),
    "set_tool": ("PUT", "/v1/tools/odoo", {"version": "19.0"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def people() -> dict[str, UUID]:
    """Return the person of each column that is one."""
    return {name: uuid4() for name in ("stranger", *MEMBERS)}


@pytest.fixture(scope="module")
def scene(postgres_server: PostgresServer, people: dict[str, UUID]) -> Iterator[Scene]:
    """Yield our project with its members beside a foreign one."""
    with postgres_server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", postgres_server))
        yield set_scene(world, people)
        world.close()


@pytest.fixture(scope="module")
def client(
    scene: Scene, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """Yield the API over it."""
    with opened(scene.world.url, postgres_server, Path(tmp_path_factory.mktemp("api"))) as client:
        yield client


@pytest.fixture
def bearer(client: TestClient, people: dict[str, UUID], role: str) -> Bearer:
    """Return who stands at the head of a column, with a token."""
    taken = COLUMNS.get(role, "authenticated")
    return Bearer(client=client, credential=token(taken, sub=people.get(role, f"person-{role}")))


@pytest.mark.parametrize("role", ROLES)
def test_everybody_sees_what_the_matrix_says(bearer: Bearer, scene: Scene, role: str) -> None:
    """Lists, and single things: ours, and those of a project of which nobody here is a member."""
    cells = expected("relations")[role] | expected("functions")[role]
    assert {path: _sight(bearer, scene, path) for path in LISTS} == {path: cells[name] for path, name in LISTS.items()}
    for path, name in THINGS.items():
        answers = [bearer.ask("GET", _named(path, place)).status_code for place in (scene.mine, scene.theirs)]
        assert tuple(answers) == _READ[cells[name].split("+")[0]], (path, cells[name])


@pytest.mark.parametrize("role", ROLES)
def test_everybody_may_change_what_the_matrix_says(bearer: Bearer, scene: Scene, role: str) -> None:
    """What is allowed may be refused for the state of things only."""
    cells = expected("functions")[role]
    for name, (method, path, body) in CHANGES.items():
        told = [_change(bearer, method, path, body, place) for place in (scene.mine, scene.theirs)]
        assert told in _WRITTEN[cells[name], role in COLUMNS], (name, cells[name])


@pytest.mark.parametrize("role", ROLES)
def test_everybody_may_change_of_the_platform_what_the_matrix_says(bearer: Bearer, scene: Scene, role: str) -> None:
    """The answer of who may is the thing itself; a refusal names who may."""
    cells = expected("functions")[role]
    for name, (method, path, body) in PLATFORM_CHANGES.items():
        told = {field: value.format(**vars(scene.mine)) for field, value in body.items()}
        response = bearer.ask(method, path, json=told)
        assert response.status_code in {"all": (200, 201), "403": (403,)}[cells[name]], (name, response.text)
        assert response.is_success or response.json()["hint"] == "It takes one of these roles: sre."


# What the matrix's words look like over HTTP: for our thing, and for the foreign one.
_READ = {"-": (403, 403), "none": (404, 404), "404": (404, 404), "own": (200, 404), "all": (200, 200)}
# Personas know of every project.
# Others may learn first that there is no such project.
_WRITTEN = {
    ("-", True): (["refused", "refused"],),
    ("-", False): (["refused", "refused"], ["refused", "unknown"], ["unknown", "unknown"]),
    ("404", False): (["unknown", "unknown"],),
    ("403", True): (["refused", "refused"],),
    ("403", False): (["refused", "unknown"],),
    ("own", False): (["allowed", "unknown"],),
    ("all", True): (["allowed", "allowed"],),
}


def _sight(bearer: Bearer, scene: Scene, path: str) -> str:
    response = bearer.ask("GET", path, params={"limit": 1000})
    if response.status_code == 403:
        return "-"
    assert response.status_code == 200, response.text
    seen = len(response.json()["items"])
    name = LISTS[path]
    assert seen in (0, scene.ours[name]) or seen >= scene.total[name], (path, seen)
    return {0: "none", scene.ours[name]: "own"}.get(seen, "all")


def _change(bearer: Bearer, method: str, path: str, body: dict[str, Any], place: Everything) -> str:
    told = {name: _named(value, place) if isinstance(value, str) else value for name, value in body.items()}
    headers = {}
    if path.endswith("policies/ttl"):
        headers["If-Match"] = bearer.ask("GET", _named(path, place)).headers.get("etag", '"none"')
    response = bearer.ask(method, _named(path, place), json=told, headers=headers)
    assert response.status_code < 500, response.text
    return {403: "refused", 404: "unknown"}.get(response.status_code, "allowed")


def _named(text: str, place: Everything) -> str:
    return text.format(**vars(place))
