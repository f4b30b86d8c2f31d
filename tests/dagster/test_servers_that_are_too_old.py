"""A server that is too old for a series gets no database of it: Odoo would fail on it in words of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import MissingDependency
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.tools.odoo import series as odoo_series
from tests.dagster.estate import estate, use_stand_in_odoo
from tests.dagster.recoveries import Recovery, recovery
from tests.dagster.studios import studio
from tests.servers import PostgresServer

REFUSED = r"Odoo 19\.0 needs PostgreSQL 99 or newer, and the environments' databases are on \d\d"


def need_a_newer_server(patch: pytest.MonkeyPatch) -> None:
    """Let every series need a server that there is not yet."""
    known = odoo_series.series
    patch.setattr(odoo_series, "series", lambda name: known(name).model_copy(update={"postgresql": 99}))


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Recovery]:
    """Yield a production that serves."""
    with recovery(control, postgres_server, tmp_path) as made:
        made.serve()
        yield made


def test_a_push_ends_before_its_database(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names both versions, the hint what to do."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    need_a_newer_server(monkeypatch)
    with estate(control, postgres_server, tmp_path) as shop:
        shop.push("feature/a")
        [run] = shop.work_off()
        assert run.status == "failed"
        assert re.fullmatch(REFUSED, str(run.error_message))
        assert "newer server" in str(control.logs.hint(run))
        assert shop.made() == []


def test_a_restore_and_a_drill_end_before_their_database(production: Recovery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data may be of another series than the project's; the backup is not to blame."""
    backup = production.shop.back_up()
    before = production.shop.databases.list(names.DATABASE_PREFIX)
    need_a_newer_server(monkeypatch)
    restored = production.restore(backup)
    drilled = production.drill(backup)
    assert (restored.status, drilled.status) == ("failed", "failed")
    for message in (restored.error_message, drilled.error_message):
        assert "needs PostgreSQL 99 or newer" in str(message)
    assert production.shop.databases.list(names.DATABASE_PREFIX) == before
    assert production.shop.control.backups.get(backup.id).status == "verified"


def test_a_clone_ends_before_its_database(
    control: ControlPlane,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of production's is copied."""
    with studio(control, postgres_server, tmp_path_factory.mktemp("studio")) as (opened, _):
        need_a_newer_server(monkeypatch)
        before = opened.databases()
        with pytest.raises(MissingDependency, match=REFUSED):
            clone_production(opened.step(), opened.build)
        assert opened.databases() == before
