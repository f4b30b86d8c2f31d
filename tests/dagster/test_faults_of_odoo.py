"""What Odoo's own modules log without anybody's is not held against the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.dagster.stand_in_odoo import ERRORS
from tests.servers import PostgresServer

ODOOS = "odoo.addons.web: took 12 ms too long"


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project on an Odoo that logs an error of its own."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    (tmp_path / "odoo" / "addons" / ERRORS).write_text(f"{ODOOS}\n")
    with estate(control, postgres_server, tmp_path) as made:
        yield made


def log_clean(shop: Estate, branch: str, own: str) -> tuple[str, str]:
    """Push a repository whose modules log `own`; return the run's status and what its check says of the log."""
    for file in (shop.repository.work / "shop" / "branch.txt", shop.repository.work / ERRORS):
        file.parent.mkdir(exist_ok=True)
        file.write_text(own)
    shop.push(branch)
    [run] = shop.work_off()
    [summary] = [str(row["summary"]) for row in shop.control.checks.list(run.id) if row["name"] == "log_clean"]
    return run.status, summary


def test_an_error_of_odoo_itself_fails_no_push(shop: Estate) -> None:
    """Neither where the dependencies are installed, nor where their template is copied, whatever the numbers in it."""
    for branch, own in (("feature/a", ""), ("feature/b", ODOOS.replace("12", "34"))):
        status, summary = log_clean(shop, branch, own)
        assert status == "succeeded"
        assert "error(s) that this Odoo logs without your modules too" in summary


def test_an_error_of_the_repository_is_told_apart(shop: Estate) -> None:
    """It fails the push, and it alone is named."""
    status, summary = log_clean(shop, "feature/a", "shop-connector: refused\n")
    assert (status, summary) == ("failed", "ERROR shop-connector: refused")
