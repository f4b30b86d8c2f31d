"""`ops webhook`: a project's own secret, made and shown once, and replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, Forbidden, NotFound
from odooops_dagster.home import webhook_secret_file
from odooops_dagster.local.webhook_secrets import read_webhook_secret
from odooops_dagster.model import Project
from tests.command_line import CommandLine


@pytest.fixture
def ops(database: str, operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database and state folder."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    return CommandLine("webhook", "project")


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return a project without a secret of its own."""
    return control.projects.create("shop", repo_url="https://example.com/shop.git", odoo_version="19.0")


def test_a_secret_is_made_shown_once_and_replaced(ops: CommandLine, project: Project, tmp_path: Path) -> None:
    """It stands in a file that only the platform's account reads, and in no row."""
    home = tmp_path / "home"
    assert ops.json("project", "show", "shop")["own_webhook_at"] is None
    secret = ops("webhook", "create", "shop").stdout.strip()
    assert (len(secret) >= 32, read_webhook_secret(home, project.id)) == (True, secret)
    path = webhook_secret_file(home, project.id)
    assert [part.stat().st_mode & 0o777 for part in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]
    shown = ops("project", "show", "shop").stdout
    assert (secret in shown, "webhook" in shown) == (False, True)
    replaced = ops.json("webhook", "rotate", "shop")
    assert replaced["path"] == "/webhooks/github/shop"
    assert replaced["secret"] == read_webhook_secret(home, project.id) != secret


def test_a_secret_is_not_made_over_by_mistake(ops: CommandLine, project: Project, tmp_path: Path) -> None:
    """The forge would go on signing with the old one."""
    secret = ops("webhook", "create", "shop").stdout.strip()
    with pytest.raises(Conflict, match="already"):
        ops("webhook", "create", "shop")
    assert read_webhook_secret(tmp_path / "home", project.id) == secret
    with pytest.raises(NotFound):
        ops("webhook", "rotate", "nobody")


@pytest.mark.usefixtures("project")
def test_the_worker_makes_no_secret(ops: CommandLine, worker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may push is not the gateway's to say."""
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", worker_url)
    with pytest.raises(Forbidden):
        ops("webhook", "create", "shop")
