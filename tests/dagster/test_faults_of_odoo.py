"""What Odoo's own modules log without anybody's is not held against the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.home.names import BASELINE_PREFIX
from tests.dagster.estate import Estate, estate, libraries, use_stand_in_odoo
from tests.dagster.stand_in_odoo import ERRORS
from tests.repositories import Repository, run_git
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


def depend_on_a_submodule(shop: Estate, folder: Path) -> Path:
    """Let the repository's module depend on one of a submodule, and return the submodule's working copy."""
    library = Repository(libraries(folder), "library")
    library.commit({"lib/__manifest__.py": "{'depends': ['base']}"})
    shop.repository.add_submodule(library.url, "oca")
    (shop.repository.work / "crm").mkdir()
    (shop.repository.work / "crm" / "__manifest__.py").write_text("{'depends': ['lib']}")
    return library.work


def test_an_error_of_odoo_itself_fails_no_push_with_other_dependencies(shop: Estate, tmp_path: Path) -> None:
    """Odoo's own modules are installed alone to learn it, once, and that database goes again."""
    depend_on_a_submodule(shop, tmp_path)
    for branch, own in (("feature/a", ""), ("feature/b", ODOOS.replace("12", "34"))):
        status, summary = log_clean(shop, branch, own)
        assert status == "succeeded", summary
        assert "error(s) that this Odoo logs without your modules too" in summary
    assert [name for name in shop.made() if name.startswith(BASELINE_PREFIX)] == []


def test_an_error_of_a_dependency_that_is_not_odoo_s_fails_the_push(shop: Estate, tmp_path: Path) -> None:
    """Odoo's own error beside it is no excuse."""
    work = depend_on_a_submodule(shop, tmp_path)
    (work / ERRORS).write_text("odoo.addons.lib: refused\n")
    run_git(work, "add", "--all")
    run_git(work, "commit", "--quiet", "--message=change")
    run_git(work, "push", "--quiet", "origin", "main")
    run_git(shop.repository.work / "oca", "pull", "--quiet", "origin", "main")
    shop.push("feature/a")
    [run] = shop.work_off()
    assert run.status == "failed"
    assert "the modules that yours depend on do not install" in str(run.error_message)
    assert "odoo.addons.lib: refused" in str(run.error_message)


def test_an_error_of_odoo_itself_fails_no_production(shop: Estate) -> None:
    """Its database is made anew without tests, and is judged in the same way."""
    shop.repository.commit({"shop/__manifest__.py": "{'depends': ['base']}"})
    asked = shop.queue("main")
    shop.work_off()
    run = shop.control.runs.get(asked.id)
    assert run.status == "succeeded", run.error_message
