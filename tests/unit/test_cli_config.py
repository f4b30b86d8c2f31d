"""`ops config`, on repositories on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import BadInput, NotFound
from tests.json_forms import as_published
from tests.repositories import Repository


def ops(*arguments: str | Path) -> Result:
    """Run the command, its errors raised."""
    return CliRunner().invoke(build_app(["config"]), ["config", *map(str, arguments)], catch_exceptions=False)


def printed(*arguments: str | Path) -> Any:  # noqa: ANN401 - whatever the command prints
    """Run the command and return what it prints for programs."""
    return as_published(("config", str(arguments[0])), ops(*arguments, "--json").stdout)


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """And what is there is never overwritten."""
    assert ops("init", tmp_path).exit_code == 0
    assert ops("check", tmp_path).exit_code == 0
    with pytest.raises(BadInput, match="exists"):
        ops("init", tmp_path)


def test_every_fault_fails_the_check_unknown_keys_too(tmp_path: Path) -> None:
    """A push would only warn of these."""
    (tmp_path / "odooops.yaml").write_text("odoo: {options: {http_port: 80}}\nmoduls: {}\n")
    done = ops("check", tmp_path)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "odooops.yaml line 1: odoo.options.http_port: http_port is set by the platform",
        "odooops.yaml line 2: moduls: this key is not known; did you mean modules?",
    ]
    assert [fault["line"] for fault in printed("check", tmp_path)] == [1, 2]


def test_each_stage_is_explained(tmp_path: Path) -> None:
    """As rows for programs."""
    (tmp_path / "odooops.yaml").write_text("odoo: {stages: {staging: {options: {running_env: stage}}}}\n")
    assert printed("explain", tmp_path) == [
        {"stage": "staging", "setting": "odoo.conf [options] running_env", "value": "stage"}
    ]


def test_two_revisions_are_compared(tmp_path: Path) -> None:
    """What is not committed does not count, and a revision without the file has the defaults."""
    repository = Repository(tmp_path)
    before = repository.commit({"README": "x"})
    after = repository.commit({"odooops.yaml": "odoo: {languages: [fr_FR]}\n"})
    rows = printed("diff", before, after, repository.work)
    assert {(row["stage"], row["old"], row["new"]) for row in rows} == {
        (stage, None, "fr_FR") for stage in ("development", "staging", "production")
    }
    with pytest.raises(NotFound, match="no revision nope"):
        ops("diff", before, "nope", repository.work)
