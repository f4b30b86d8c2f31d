"""What the tree alone tells is told at once, before Odoo or a package is installed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Run
from tests.dagster.estate import Estate, estate, libraries, use_stand_in_odoo
from tests.repositories import Repository, run_git
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
    missing = "modules auditlog (for crm), queue_job (for crm) are in no addons path"
    assert run.error_message == f"crm/__manifest__.py:1: {missing}"
    assert "odoo-addon-auditlog==19.0.* odoo-addon-queue_job==19.0.*" in str(shop.control.logs.hint(run))
    assert shop.made() == []


def test_files_of_which_there_is_only_a_pointer_are_counted(shop: Estate) -> None:
    """The log says which cannot be had, how large they are, and what to do."""
    run = pushed(shop, "shop/static/film.mp4", POINTER)
    assert run.status == "succeeded"
    [said] = lfs_lines(shop, run)
    assert said.startswith("1 file(s) of 5 B are in Git LFS and could not be fetched: shop/static/film.mp4 (5 B)")
    assert "git lfs push --all origin" in said


def test_a_file_that_a_manifest_names_is_not_replaced_by_its_pointer(shop: Estate) -> None:
    """Odoo would read the pointer's text; the run ends at its source, and a retry takes what was pushed since."""
    content = "id,name\n"
    oid = hashlib.sha256(content.encode()).hexdigest()
    (shop.repository.work / "crm").mkdir()
    (shop.repository.work / "crm" / "stages.csv").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    )
    run = pushed(shop, "crm/__manifest__.py", "{'depends': ['base'], 'data': ['stages.csv']}")
    assert run.error_message == ("files are in Git LFS and could not be fetched: module crm names crm/stages.csv (8 B)")
    assert "git lfs push --all origin" in str(shop.control.logs.hint(run))
    kept = shop.repository.bare / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    kept.parent.mkdir(parents=True)
    kept.write_text(content)
    shop.push("feature/a")
    [again] = shop.work_off()
    assert again.status == "succeeded", again.error_message
    assert lfs_lines(shop, again) == ["1 file(s) of the repository were fetched from Git LFS"]


def test_names_that_are_no_utf8_end_no_run(shop: Estate) -> None:
    """Git takes any bytes: a file is hashed, a folder is passed over, and the log says so in letters."""
    work = os.fsencode(shop.repository.work)
    for name, text in ((b"m\xe9/__manifest__.py", "{}"), (b"shop/pr\xe9.bin", POINTER), (b"shop/\xe9.txt", "x")):
        path = Path(os.fsdecode(os.path.join(work, name)))  # noqa: PTH118 - bytes
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    shop.push("feature/a")
    [run] = shop.work_off()
    assert run.status == "succeeded", run.error_message
    said = [entry.user_message for entry in shop.instance.all_logs(str(run.dagster_run_id))]
    assert any("folder m\\xe9 is passed over" in line for line in said)
    assert any("shop/pr\\xe9.bin (5 B)" in line for line in said)


def test_a_commit_that_is_on_no_branch_is_not_built(shop: Estate) -> None:
    """A key that may queue runs names what it likes: a pull request's commit, or one that another branch built."""
    work = shop.repository.work
    (work / "crm").mkdir()
    (work / "crm" / "__manifest__.py").write_text("{'depends': ['base']}")
    shop.push("feature/a")
    [built] = shop.work_off()
    assert built.status == "succeeded", built.error_message
    (work / "evil").write_text("1")
    run_git(work, "add", "--all")
    run_git(work, "commit", "--quiet", "--message=evil")
    sha = run_git(work, "rev-parse", "HEAD")
    run_git(work, "push", "--quiet", "origin", "HEAD:refs/pull/1/head")
    shop.control.runs.queue(shop.project.id, env="feature/a", git_sha=sha, ref=None, kind="build")
    ended = {run.git_sha: run.error_message for run in shop.work_off()}
    assert f"does not contain commit {sha[:10]}" in str(ended[sha])


def test_another_project_s_repository_is_no_submodule(shop: Estate, tmp_path: Path) -> None:
    """Although it lies in a folder from which every project may take submodules."""
    victim = Repository(libraries(tmp_path), "victim")
    victim.commit({"source": "secret"})
    shop.control.projects.create("victim", repo_url=victim.url, odoo_version="19.0", poll_enabled=False)
    shop.repository.add_submodule(f"{victim.bare.parent}/./victim.git", "v")
    run = pushed(shop, "a", "1")
    assert "is the repository of project victim" in str(run.error_message)


def lfs_lines(shop: Estate, run: Run) -> list[str]:
    """Return what the run's log says of Git LFS."""
    lines = (entry.user_message for entry in shop.instance.all_logs(str(run.dagster_run_id)))
    return [line for line in lines if "Git LFS" in line and "RUN_FAILURE" not in line]
