"""`ops forge`: by what each project's forge is told, and that no key is shown or kept in a row."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput
from odooops_dagster.home import forge_app_file, forge_token_file
from odooops_dagster.model import Project
from tests.command_line import CommandLine
from tests.forges import TOKEN
from tests.github_apps import private_key

GITHUB = "https://api.github.com"


@pytest.fixture
def ops(database: str, operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database and state folder."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path))
    return CommandLine("forge")


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return a project at GitHub."""
    return control.projects.create("shop", repo_url="git@github.com:acme/shop.git", odoo_version="19.0")


def test_a_project_is_told_by_a_token_and_then_by_an_app(
    ops: CommandLine, project: Project, database: str, tmp_path: Path
) -> None:
    """The App takes the token's place; its key is a file of the platform's account, and no row has it."""
    ops("forge", "token", "set", "shop", answer=f"{TOKEN}\n")
    assert [(each["told_by"], each["repository"]) for each in ops.json("forge", "list")] == [("token", "acme/shop")]
    with pytest.raises(BadInput) as caught:
        ops("forge", "app", "use", "shop")
    assert "ops forge app set" in str(caught.value.hint)
    said = ops("forge", "app", "set", "--app-id", "4711", answer=private_key())
    assert "PRIVATE" not in said.stdout + said.stderr
    ops("forge", "app", "use", "shop")
    assert [each["told_by"] for each in ops.json("forge", "list")] == ["App 4711"]
    kept = [forge_app_file(tmp_path, GITHUB), forge_token_file(tmp_path, project.id)]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600, 0o600]
    assert TOKEN not in kept[1].read_text()
    with psycopg.connect(database) as connection:
        rows = connection.execute("select f::text from ops.project_forges as f").fetchall()
    assert ["PRIVATE" in row for (row,) in rows] == [False]
    ops("forge", "token", "remove", "shop")
    assert ops.json("forge", "list") == []


@pytest.mark.usefixtures("project")
def test_what_is_no_key_is_kept_nowhere(ops: CommandLine, tmp_path: Path) -> None:
    """Nor is an App chosen for a repository that is at no GitHub."""
    with pytest.raises(BadInput, match="no private RSA key"):
        ops("forge", "app", "set", "--app-id", "4711", answer="ssh-rsa AAAA")
    assert not forge_app_file(tmp_path, GITHUB).exists()
    ops("forge", "app", "set", "--app-id", "4711", answer=private_key())
    with pytest.raises(BadInput, match="no App is known at https://ghe"):
        ops("forge", "app", "use", "shop", "--api-url", "https://ghe.example.com/api/v3", "--repository", "acme/shop")
