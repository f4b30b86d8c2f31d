"""What the gateway answers besides: whether it is ready, and what its interface is."""

from __future__ import annotations

import gc
from pathlib import Path

from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.settings import Settings
from tests.deliveries import FIRST, SECRET, GitHub


def test_an_unreachable_database_is_503_and_the_process_stays_alive(tmp_path: Path) -> None:
    """GitHub marks the delivery as failed, so that it can be sent again."""
    settings = Settings(
        home=tmp_path,
        github_webhook_secret=SECRET,  # type: ignore[arg-type]
        database_url="postgresql://nobody:none@127.0.0.1:1/none?connect_timeout=1",  # type: ignore[arg-type]
    )
    with TestClient(create_app(settings)) as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert GitHub(client).push("refs/heads/feature/x", FIRST).status_code == 503


def test_a_migrated_database_is_ready(github: GitHub) -> None:
    """Ready means that a delivery would be taken."""
    response = github.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


def test_an_empty_database_is_not_ready(empty_database: str, settings: Settings) -> None:
    """The answer names the command that mends it."""
    with ControlPlane(empty_database) as control, TestClient(create_app(settings, control)) as client:
        response = client.get("/readyz")
    assert response.status_code == 503
    assert "ops db migrate" in response.json()["hint"]


def test_the_collector_leaves_out_what_a_gateway_is_made_of(tmp_path: Path) -> None:
    """Else each full collection stops every answer for 100 ms; what ends gives back what it kept."""
    assert gc.get_freeze_count() == 0
    with TestClient(create_app(Settings(home=tmp_path))) as client:
        assert client.get("/healthz").status_code == 200
        assert gc.get_freeze_count() > 100_000
    assert gc.get_freeze_count() == 0


def test_the_api_describes_itself(github: GitHub) -> None:
    """OpenAPI lists the routes and their refusals."""
    paths = github.client.get("/openapi.json").json()["paths"]
    others = {"/healthz", "/readyz", "/webhooks/github", "/webhooks/github/{project}", "/webhooks/forge/{project}"}
    assert {path for path in paths if not path.startswith("/v1/")} == others
    for path in set(paths) - others:
        for operation in paths[path].values():
            assert {"401", "403", "422", "429", "503"} <= set(operation["responses"]), path
            assert operation["security"], f"{path} asks who calls"
    assert {"200", "202", "400", "401", "408", "413", "503"} <= set(paths["/webhooks/github"]["post"]["responses"])


def test_the_gateway_shows_no_page_but_the_consoles(github: GitHub) -> None:
    """FastAPI's pages would load scripts from elsewhere; the console answers under its own name only."""
    assert github.client.get("/").status_code == 421
    pages = {path: github.client.get(path) for path in ("/docs", "/redoc", "/docs/oauth2-redirect")}
    assert {path: answer.status_code for path, answer in pages.items()} == dict.fromkeys(pages, 404)
    assert all(answer.headers["content-type"] == "application/json" for answer in pages.values())
