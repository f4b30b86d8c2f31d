"""The lock files name a version of everything that is asked for, and nothing of one machine."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERIES = ROOT / "odooops_dagster" / "tools" / "odoo" / "series"
_LINE = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[A-Za-z0-9.+!]+)( ; [a-z_]+ .+)?$")


def normalised(name: str) -> str:
    """Return the name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names_in(requirements: Iterable[str]) -> set[str]:
    """Return the packages that the requirements ask for."""
    return {normalised(re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]) for requirement in requirements}


def lines_of(file: Path) -> list[str]:
    """Return the lines that ask for something."""
    return [line for line in file.read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize(
    "lock",
    [ROOT / "requirements.lock", *sorted(SERIES.glob("*/*.txt"))],
    ids=lambda lock: f"{lock.parent.name}-{lock.name}",
)
def test_a_line_of_a_lock_is_a_name_a_version_and_a_marker(lock: Path) -> None:
    """No folder, address or option of the machine that made it stands there."""
    assert [line for line in lines_of(lock) if not _LINE.match(line)] == []


def test_the_lock_names_every_dependency() -> None:
    """Each requirement of the project has a line."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert names_in(asked) - names_in(lines_of(ROOT / "requirements.lock")) == set()


@pytest.mark.parametrize("asked", sorted(SERIES.glob("*/*.in")), ids=lambda asked: asked.parent.name)
def test_the_lock_of_a_series_names_what_is_asked_for(asked: Path) -> None:
    """A name that was added is resolved too."""
    assert names_in(lines_of(asked)) - names_in(lines_of(asked.with_suffix(".txt"))) == set()
