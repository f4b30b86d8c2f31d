"""The lanes of CI: what passed with the same inputs is not run again, and nothing else is left out."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.repositories import Repository

ROOT = Path(__file__).parents[2]
LANES = """
[lists]
product = ["code", ".ci"]
[lanes.demo]
inputs = ["@product"]
[suite.unit]
inputs = ["@product", "tests/unit"]
[suite.sql]
inputs = ["@product", "tests/sql"]
"""

Answer = tuple[int, str]


@pytest.fixture
def tree(tmp_path: Path) -> Repository:
    """A project with a lane of its own and a suite of two folders."""
    repository = Repository(tmp_path)
    program = (ROOT / ".ci/lanes").read_text()
    files = {".ci/lanes": program, ".ci/lanes.toml": LANES, "code/a": "1", "README.md": "1"}
    repository.commit(files | {"tests/unit/a": "1", "tests/sql/a": "1"})
    return repository


@pytest.fixture
def lanes(tree: Repository, tmp_path: Path) -> Callable[..., Answer]:
    """The program, with a folder that remembers: its exit status and what it said."""

    def ask(*arguments: str, record: bool = True) -> Answer:
        ended = subprocess.run(
            ["/usr/bin/python3", tree.work / ".ci/lanes", *arguments],
            check=False, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin"} | ({"ODOOOPS_CI_RECORD": str(tmp_path / "record")} if record else {}),
        )  # fmt: skip
        return ended.returncode, ended.stdout.strip()

    return ask


def test_what_passed_is_left_out_until_an_input_changes(tree: Repository, lanes: Callable[..., Answer]) -> None:
    """And is said to be, with the commit of which it passed."""
    assert lanes("due", "demo") == (0, "")
    lanes("passed", "demo")
    commit = tree.commit({"README.md": "2"})
    status, said = lanes("due", "demo")
    assert status == 1
    assert said.startswith("── skipped: demo: it passed on commit ")
    assert commit[:12] not in said
    tree.commit({"code/a": "2"})
    assert lanes("due", "demo") == (0, "")


def test_without_a_folder_that_remembers_all_run(lanes: Callable[..., Answer]) -> None:
    """As on a machine that never ran them."""
    lanes("passed", "demo")
    assert lanes("due", "demo", record=False) == (0, "")
    assert lanes("suite", record=False) == (0, "")


def test_a_change_that_is_not_committed_runs(tree: Repository, lanes: Callable[..., Answer]) -> None:
    """The record is of commits."""
    lanes("passed", "demo")
    (tree.work / "code/b").write_text("1")
    assert lanes("due", "demo") == (0, "")


def test_the_suite_runs_the_folders_of_which_something_changed(tree: Repository, lanes: Callable[..., Answer]) -> None:
    """All at first; none when nothing changed; the code's change runs all again."""
    assert lanes("suite") == (0, "")
    lanes("passed", "suite")
    assert lanes("suite") == (0, "none")
    tree.commit({"tests/sql/a": "2"})
    assert lanes("suite") == (0, "tests/sql")
    tree.commit({"code/a": "2"})
    assert lanes("suite") == (0, "")


def test_every_folder_of_tests_is_a_lane() -> None:
    """A new one is not forgotten, and what the table names exists."""
    table = tomllib.loads((ROOT / ".ci/lanes.toml").read_text())
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(table["suite"]) == folders
    lists = [lane["inputs"] for part in ("lanes", "suite") for lane in table[part].values()]
    for inputs in [*lists, *table["lists"].values()]:
        for path in (each.removeprefix(":(glob)") for each in inputs if not each.startswith("@")):
            assert path == "." or list(ROOT.glob(path)), path


def test_ci_runs_every_lane() -> None:
    """By its name, once for root and once for others."""
    said = (ROOT / ".ci/run").read_text()
    for name in tomllib.loads((ROOT / ".ci/lanes.toml").read_text())["lanes"]:
        assert f"lane {name} " in said, name
