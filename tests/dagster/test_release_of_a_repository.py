"""A release of a real repository by the real steps, with an Odoo that answers at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.steps.upkeep.poll import poll_project
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.repositories import run_git
from tests.servers import PostgresServer

MODULE = {"shop/__manifest__.py": "{'name': 'Shop', 'depends': ['base']}"}
GAPS = "select version, gate_code, gaps from ops.v_evidence_completeness where gaps <> '{}'"


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project that has no environment yet."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        yield made


def test_every_check_of_a_release_on_staging_has_its_proof(shop: Estate, database: str) -> None:
    """Also where its database is a copy of the one before; nobody is known to have pushed: the author committed."""
    control = shop.control
    for text in ("one", "two"):
        shop.repository.commit(MODULE | {"README.md": text}, branch="release/1.0")
        poll_project(control, shop.project)
        [run] = shop.work_off()
        assert run.status == "succeeded", run.error_message
    second, first = control.releases.list(shop.project.id)
    assert (first.version, second.version) == ("1.0-rc.1", "1.0-rc.2")
    assert second.created_by == run_git(shop.repository.work, "show", "--no-patch", "--format=%ae")
    assert list(second.git_shas.values()) == [run.git_sha]
    assert second.lock_digest
    for release in (first, second):
        statuses = {row["gate_code"]: row["status"] for row in control.gates.summary(release.id)}
        assert statuses == {"G1": "passed", "G2": "pending", "G3": "pending", "G4": "passed"}
    assert [each.status for each in control.deployments.list(shop.project.id)] == ["succeeded"] * 2
    with psycopg.connect(database) as owner:
        assert owner.execute(GAPS).fetchall() == []
