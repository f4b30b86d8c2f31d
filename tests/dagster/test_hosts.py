"""Each environment answers under a name of its own, through every deployment and from earlier versions on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import service_name
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.servers import PostgresServer

URL = "http://feature-a--shop.localhost:8601/"


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project without environments."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        yield made


def test_an_environment_keeps_its_url(shop: Estate) -> None:
    """Through every push, and apart from another branch that reads the same."""
    shop.push("feature/a")
    shop.work_off()
    shop.push("feature-a")
    shop.work_off()
    shop.order("feature-a", 2)
    shop.push("feature/a")
    assert [run.status for run in shop.work_off()] == ["succeeded"]
    assert shop.environment("feature/a").url == URL
    assert shop.environment("feature-a").url != URL
    assert (shop.orders("feature/a"), shop.orders("feature-a")) == (0, 2)
    assert shop.environment("feature/a").port is None


def test_no_service_listens_on_a_port(shop: Estate) -> None:
    """Whoever could open one under another program's name would get that program's cookies."""
    shop.push("feature/a")
    shop.work_off()
    [status] = [each for each in shop.runtime.status() if each.name == service_name(shop.environment("feature/a"))]
    assert status.pid is not None
    launcher = psutil.Process(status.pid)
    connections = [
        each for one in (launcher, *launcher.children(recursive=True)) for each in one.net_connections("tcp")
    ]
    assert [each for each in connections if each.status == psutil.CONN_LISTEN] == []


def test_an_environment_of_an_earlier_version_moves_to_its_name(shop: Estate, database: str) -> None:
    """Its record gets the URL when the platform starts; its port stays on record, as it leads there."""
    shop.push("feature/a")
    shop.work_off()
    with psycopg.connect(database) as owner:
        owner.execute("update ops.environments set url = 'http://127.0.0.1:41873/', port = 41873")
    shop.keep_house()
    environment = shop.environment("feature/a")
    assert (environment.url, environment.port) == (URL, 41873)
    shop.push("feature/a")
    assert [run.status for run in shop.work_off()] == ["succeeded"]
    assert (shop.environment("feature/a").url, shop.environment("feature/a").port) == (URL, 41873)
    assert shop.orders("feature/a") == 0
