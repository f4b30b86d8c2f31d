"""The lock file names a version of everything that pyproject.toml asks for, and nothing of one machine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LINE = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.+!]+)$")


def normalised(name: str) -> str:
    """Return the name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_names_every_dependency_and_only_names_and_versions() -> None:
    """A line of the lock is `name==version`; each requirement of the project has one."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    matches = {line: _LINE.match(line) for line in lines}
    assert [line for line, match in matches.items() if match is None] == []
    locked = {normalised(match["name"]) for match in matches.values() if match}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {normalised(re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]) for requirement in asked}
    assert names - locked == set()
