"""GET /metrics: the platform's figures as Prometheus reads them, for who may see them all."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.metrics import HELP
from odooops_dagster.model.releases import Persona
from tests import api
from tests.debian_programs import promtool
from tests.platform_logins import by_job
from tests.servers import PostgresServer
from tests.sql.everything import furnish
from tests.sql.world import World

MONITORING = Path(__file__).resolve().parents[2] / "docs" / "monitoring"


@pytest.fixture
def gateway(database: str, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[TestClient]:
    """Yield a client of a gateway over a project with something of everything."""
    world = World(database, database)
    everything = furnish(world, "shop")
    for fault in ("project", "platform"):
        run_id = world.work(everything.project, "feature/b")
        world.rows("select ops.complete_workflow_run(%s, 1, 'broken', p_fault => %s)", run_id, fault)
    world.rows("select ops.queue_test_message('mail', 'a@example.com')")
    world.close()
    with api.opened(database, postgres_server, tmp_path) as client:
        yield client


def key(database: str, server: PostgresServer, persona: Persona) -> str:
    """Return a key that reads as a persona."""
    with by_job(database, server) as control:
        made: ControlPlane = control
        return made.keys.create(
            "prometheus", persona=persona, event_types=(), scopes=["read"], expires_at=datetime.now(UTC) + api.DAY
        ).key


def figures(client: TestClient, credential: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every figure by its name and labels, as Prometheus' own client parses it."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {credential}"})
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_prometheus_reads_every_figure(gateway: TestClient, database: str, postgres_server: PostgresServer) -> None:
    """Faults of projects and of the platform are counted apart."""
    found = figures(gateway, key(database, postgres_server, "audit_reader"))
    names = {name for name, _ in found}
    assert {name for name in HELP if not any(each.startswith(name) for each in names)} <= {
        "odooops_drill_success_timestamp_seconds",  # no drill has passed, and no backup was verified
        "odooops_drill_rto_seconds",
        "odooops_drill_rpo_seconds",
        "odooops_platform_backup_timestamp_seconds",  # nor was one of the platform made
        "odooops_backup_verified_timestamp_seconds",
    }
    for fault in ("project", "platform"):
        labels = {("kind", "deploy"), ("result", "failed"), ("fault", fault)}
        assert found["odooops_runs_total", frozenset(labels)] == 1
    assert found["odooops_queue_runs", frozenset({("state", "queued")})] == 1
    assert found["odooops_workers", frozenset({("state", "live")})] >= 1
    assert found["odooops_outbox_messages", frozenset({("channel", "mail"), ("status", "waiting")})] == 1
    ended = [value for (name, _), value in found.items() if name == "odooops_run_duration_seconds_count"]
    assert sum(ended) == 3


def test_figures_take_a_key_that_may_read_all(
    gateway: TestClient, database: str, postgres_server: PostgresServer
) -> None:
    """Behind a proxy everybody comes from this machine: the address proves nothing."""
    assert gateway.get("/metrics").status_code == 401
    developer = key(database, postgres_server, "developer")
    assert gateway.get("/metrics", headers={"Authorization": f"Bearer {developer}"}).status_code == 403


@pytest.mark.parametrize("name", ["dashboard.json", "alerts.yml"])
def test_what_is_shipped_names_figures_that_exist(name: str) -> None:
    """Of the dashboard and of the alerts; each figure is in one of them or is only for people to ask."""
    named = set(re.findall(r"\bodooops_\w+", (MONITORING / name).read_text()))
    assert {each.removesuffix("_bucket") for each in named} <= set(HELP)


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    """Panels have numbers and places of their own, and ask the data source that its user chose."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    (chosen,) = dashboard["templating"]["list"]
    assert {panel["datasource"]["uid"] for panel in panels} == {f"${{{chosen['name']}}}"}
    assert all(target["expr"] and target["refId"] for panel in panels for target in panel["targets"])


def test_the_alerts_ring_when_they_should_and_only_then() -> None:
    """As Prometheus' own tool judges."""
    argv = [str(promtool()), "test", "rules", str(MONITORING / "alerts_test.yml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
