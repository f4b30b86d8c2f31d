"""`ops repo init` and `ops repo update`: what is written, what is asked, what is never lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import BadInput
from odooops_dagster.scaffold import RECORD, read_record
from odooops_dagster.scaffold.render import TEMPLATES
from odooops_dagster.scaffold.write import carry_out
from odooops_dagster.tools.project_file import read_project_file
from tests.json_forms import as_published
from tests.repositories import run_git
from tests.scaffold.conftest import OCA, write

# Releases the next version of the template: the former one with these files changed.
Release = Callable[[dict[str, str]], None]


def ops(*arguments: str | Path) -> Result:
    """Run the command, its errors raised; nobody can be asked."""
    return CliRunner().invoke(build_app(["repo"]), ["repo", *map(str, arguments)], catch_exceptions=False)


def actions(result: Result) -> dict[str, str]:
    """Return what happened to each file."""
    return {row["path"]: row["action"] for row in as_published(("repo", "init"), result.stdout)}


def everything(folder: Path) -> dict[str, bytes]:
    """Return every file of the repository."""
    found = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Return what releases version 2 of the template: version 1 with these files changed."""
    copy = tmp_path / "templates"
    shutil.copytree(TEMPLATES / "v1", copy / "v1")
    monkeypatch.setattr("odooops_dagster.scaffold.planning.TEMPLATES", copy)

    def release(files: dict[str, str]) -> None:
        shutil.copytree(copy / "v1", copy / "v2")
        write(copy / "v2" / "files", files)

    return release


def test_an_empty_repository_gets_everything(empty: Path) -> None:
    """Owner and project are those of the remote, the series is the newest."""
    ops("init", empty)
    assert set(everything(empty)) == {
        ".devcontainer/check.sh", ".devcontainer/devcontainer.json", ".dockerignore", ".github/workflows/odooops.yml",
        ".gitignore", ".odooops/odooops-yaml.schema", ".odooops/scaffold.yml", ".pre-commit-config.yaml", "Dockerfile",
        "odooops.yaml",
    }  # fmt: skip
    record = read_record(empty)
    assert record is not None
    assert {k: record.answers[k] for k in ("owner", "project", "series", "branch")} == {
        "owner": "acme", "project": "new-shop", "series": "19.0", "branch": "main",
    }  # fmt: skip


def test_the_settings_file_that_is_written_is_right(empty: Path) -> None:
    """The platform reads it without a fault, and the schema beside it is the published one."""
    ops("init", empty)
    reading = read_project_file(empty)
    assert (reading.faults, reading.unknown) == ((), ())
    published = Path(__file__).resolve().parents[2] / "docs" / "reference" / "odooops.schema.json"
    assert json.loads((empty / ".odooops" / "odooops-yaml.schema").read_text()) == json.loads(published.read_text())


def test_a_repository_of_oca_keeps_what_it_has(oca: Path) -> None:
    """Its series is the branch's; nothing of its own is changed where nobody can be asked, and all of it is told."""
    done = actions(ops("init", oca, "--json"))
    assert done[".pre-commit-config.yaml"] == "replace"
    assert done[".gitignore"] == "extend"
    assert run_git(oca, "diff", "--name-only") == ""
    record = read_record(oca)
    assert record is not None
    assert (record.answers["series"], record.answers["owner"], record.answers["requirements"]) == ("18.0", "OCA", True)
    assert "FROM docker.io/library/odoo:18.0" in (oca / "Dockerfile").read_text()


def test_told_twice_it_changes_nothing(oca: Path) -> None:
    """Neither a byte nor a time."""
    ops("init", oca, "--yes")
    before, times = everything(oca), {path: path.stat().st_mtime_ns for path in oca.rglob("*") if path.is_file()}
    ops("init", oca, "--yes")
    ops("update", oca)
    assert everything(oca) == before
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_dry_run_shows_a_diff_that_git_applies_and_writes_nothing(oca: Path) -> None:
    """What it shows is what it would do."""
    before = everything(oca)
    shown = ops("init", oca, "--dry-run").stdout
    assert everything(oca) == before
    patch = oca.parent / "patch"
    patch.write_text("".join(part for part in split(shown) if "pre-commit" not in part.splitlines()[0]))
    run_git(oca, "apply", str(patch))
    applied = everything(oca)
    ops("init", oca, "--yes")
    assert {k: v for k, v in everything(oca).items() if k != str(RECORD)} == applied


def split(diff: str) -> list[str]:
    """Return the diff of each file."""
    parts: list[str] = []
    for line in diff.splitlines(keepends=True):
        if line.startswith("--- "):
            parts.append("")
        if parts:
            parts[-1] += line
    return parts


def test_yes_adds_lines_and_replaces_nothing(oca: Path) -> None:
    """A file that somebody else wrote is replaced only by its name."""
    ops("init", oca, "--yes")
    assert (oca / ".gitignore").read_text() == OCA[".gitignore"] + "\n.env\n.venv/\n"
    assert (oca / ".pre-commit-config.yaml").read_text() == "repos: []\n"
    ops("init", oca, "--replace", ".pre-commit-config.yaml")
    assert "pylint-odoo" in (oca / ".pre-commit-config.yaml").read_text()
    with pytest.raises(BadInput, match="nothing is written to"):
        ops("init", oca, "--replace", "shop/__init__.py")


def test_a_later_version_comes_and_changes_by_hand_stay(oca: Path, next_version: Release) -> None:
    """Both changed the Dockerfile, in different places; a file that was removed stays so; a new one comes."""
    ops("init", oca, "--yes")
    dockerfile = oca / "Dockerfile"
    mine = dockerfile.read_text() + "LABEL ours=1\n"
    dockerfile.write_text(mine)
    (oca / ".dockerignore").unlink()
    template = (TEMPLATES / "v1" / "files" / "Dockerfile.jinja").read_text()
    next_version({
        "Dockerfile.jinja": template.replace("# The image", "# THE image"),
        "NEW.md": "new\n",
        ".devcontainer/check.sh.jinja": "#!/bin/sh\n",
    })  # fmt: skip
    assert actions(ops("update", oca, "--json"))["Dockerfile"] == "merge"
    assert dockerfile.read_text() == mine, "it was not asked"
    assert (oca / "NEW.md").exists()
    assert (oca / ".devcontainer" / "check.sh").read_text() == "#!/bin/sh\n"
    ops("update", oca, "--yes")
    assert dockerfile.read_text() == mine.replace("# The image", "# THE image")
    assert not (oca / ".dockerignore").exists()
    assert actions(ops("update", oca, "--json"))["Dockerfile"] == "same"


def test_changes_of_the_same_line_are_never_decided_by_the_command(empty: Path, next_version: Release) -> None:
    """Not even with --yes."""
    ops("init", empty)
    (empty / "odooops.yaml").write_text("version: 1\ntests: {}\n")
    next_version({"odooops.yaml": "version: 1\nmodules: {}\n"})
    ops("update", empty, "--yes")
    assert (empty / "odooops.yaml").read_text() == "version: 1\ntests: {}\n"


def test_interrupted_it_goes_on_where_it_was(oca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after each file in turn, every file is whole, and the next call ends as if nothing had been."""
    ops("init", oca, "--yes")
    whole = everything(oca)
    for path in (oca / name for name in whole if name not in OCA):
        path.unlink()
    from odooops_dagster.scaffold import write as module  # noqa: PLC0415 - the module, not the function of its name

    write_file = module._write  # noqa: SLF001
    for allowed in range(9):
        left = iter(range(allowed))

        def stop(path: Path, text: bytes, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            write_file(path, text)

        monkeypatch.setattr(module, "_write", stop)
        ops("init", oca, "--yes")
        assert {name: text for name, text in everything(oca).items() if name in whole and text != whole[name]} == {}
    monkeypatch.setattr(module, "_write", write_file)
    ops("init", oca, "--yes")
    assert everything(oca) == whole
    assert carry_out.__module__ == module.__name__


@pytest.mark.parametrize("place", [".github", ".github/workflows", "Dockerfile", ".odooops"])
def test_no_link_is_followed(oca: Path, tmp_path: Path, place: str) -> None:
    """A repository of a stranger writes nothing elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (oca / place).parent.mkdir(parents=True, exist_ok=True)
    (oca / place).symlink_to(outside)
    with pytest.raises(BadInput, match="is a link"):
        ops("init", oca, "--yes")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("bad", ["a b", "x\ny", '"', "${{ secrets.X }}", "../x"])
def test_answers_that_would_be_code_are_refused(empty: Path, bad: str) -> None:
    """They stand in a workflow and in JSON."""
    for option in ("--owner", "--project", "--series", "--branch"):
        if (option, bad) != ("--branch", "../x"):
            with pytest.raises(BadInput, match="cannot be"):
                ops("init", empty, option, bad)
    assert everything(empty) == {}


def test_without_an_owner_it_says_what_to_name(tmp_path: Path) -> None:
    """A folder that is no repository, too."""
    with pytest.raises(BadInput, match="names no GitHub owner"):
        ops("init", tmp_path)
    with pytest.raises(BadInput, match="nothing was written"):
        ops("update", tmp_path)


def test_a_compose_file_becomes_the_dev_container(oca: Path) -> None:
    """By the service that runs Odoo; a compose file without one is not used."""
    write(oca, {"compose.yaml": "services:\n  db: {image: postgres}\n  erp: {image: 'odoo:18.0'}\n"})
    ops("init", oca)
    container = json.loads((oca / ".devcontainer" / "devcontainer.json").read_text())
    assert (container["dockerComposeFile"], container["service"]) == ("../compose.yaml", "erp")
    write(oca, {"compose.yaml": "services:\n  db: {image: postgres}\n"})
    ops("update", oca)
    assert "build" in json.loads((oca / ".devcontainer" / "devcontainer.json").read_text())
