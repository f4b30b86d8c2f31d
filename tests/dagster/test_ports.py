"""Each environment answers on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.steps.environment import deployment
from odooops_dagster.tools.runtime.ports import free_port
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.servers import PostgresServer


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project with a preview that serves."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        made.push("feature/a")
        made.work_off()
        yield made


def test_a_first_deployment_that_was_too_late_for_a_port_chooses_again(
    shop: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both found the port free, as nothing listened there yet; the other one was recorded first."""
    taken = shop.environment("feature/a").port
    offered = iter([taken, taken])
    monkeypatch.setattr(deployment, "free_port", lambda **options: next(offered, None) or free_port(**options))
    shop.push("feature/b")
    assert [run.status for run in shop.work_off()] == ["succeeded"]
    ports = [shop.environment(branch).port for branch in ("feature/a", "feature/b")]
    assert ports[0] == taken != ports[1]
    shop.order("feature/b", 2)
    assert (shop.orders("feature/a"), shop.orders("feature/b")) == (0, 2)


def test_an_environment_keeps_its_port(shop: Estate) -> None:
    """A failed first deployment too: the next one answers where people were told."""
    shop.push("feature/b", broken=True)
    assert [run.status for run in shop.work_off()] == ["failed"]
    port = shop.environment("feature/b").port
    assert port is not None
    shop.push("feature/b")
    assert [run.status for run in shop.work_off()] == ["succeeded"]
    assert shop.environment("feature/b").port == port
    shop.push("feature/b")
    shop.work_off()
    assert shop.environment("feature/b").port == port
