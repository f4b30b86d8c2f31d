"""What the tree alone tells is told at once, before Odoo or a package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Run
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.servers import PostgresServer

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project of 19.0 without environments."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        yield made


def pushed(shop: Estate, file: str, text: str) -> Run:
    """Push a repository with this file and return the run as it ended."""
    path = shop.repository.work / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    shop.push("feature/a")
    [run] = shop.work_off()
    return run


def test_a_module_of_another_series_ends_the_run_at_its_source(shop: Estate) -> None:
    """The reason and the next action are in the run's record."""
    run = pushed(shop, "crm/__manifest__.py", "{'version': '18.0.1.0.0', 'depends': ['base']}")
    assert run.error_message == "module crm is of 18.0 (version 18.0.1.0.0), the project of 19.0"
    assert "take the modules of 19.0" in str(shop.control.logs.hint(run))
    [*_, failed] = [row for row in shop.control.logs.events(run.id) if "step" in row["payload"]]
    assert failed["payload"]["step"] == "source"


def test_all_that_is_missing_ends_the_run_before_its_database(shop: Estate) -> None:
    """And each is named with the wheel to ask for."""
    run = pushed(shop, "crm/__manifest__.py", "{'depends': ['queue_job', 'auditlog']}")
    assert run.error_message == "modules auditlog (for crm), queue_job (for crm) are in no addons path"
    assert "odoo-addon-auditlog==19.0.* odoo-addon-queue_job==19.0.*" in str(shop.control.logs.hint(run))
    assert shop.made() == []


def test_files_of_which_there_is_only_a_pointer_are_counted(shop: Estate) -> None:
    """They are not fetched, and the log says which."""
    run = pushed(shop, "shop/static/film.mp4", POINTER)
    assert run.status == "succeeded"
    [said] = [
        entry.user_message for entry in shop.instance.all_logs(str(run.dagster_run_id)) if "LFS" in entry.user_message
    ]
    assert said.startswith("1 file(s) are in Git LFS")
    assert said.endswith("shop/static/film.mp4")
