"""No one but retire_database drops a database of the environments' server."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("odooops_dagster", "assets", "resources", "sensors", "schedules")
MAY_DROP = {"odooops_dagster/steps/environment/retire.py"}


def droppers(source: str) -> list[int]:
    """Return the lines that take hold of the `drop` of something called databases, called or handed on."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr == "drop" and name_of(node.value) == "databases"
    ]


def name_of(node: ast.expr) -> str | None:
    """Return the last word of `databases`, `ctx.databases`, `self._databases`."""
    found = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
    return found.lstrip("_") if found else None


def test_only_retire_database_drops_a_database() -> None:
    """Whoever else took hold of `databases.drop` could drop one that serves."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in paths if droppers(path.read_text())}
    assert found == MAY_DROP


def test_the_search_sees_a_drop_however_it_is_spelt() -> None:
    """A call, a callback, and a port of something else."""
    assert droppers("ctx.databases.drop(name)\nundo.add('x', databases.drop)\nself._databases.drop(n)") == [1, 2, 3]
    assert droppers("control.backups.drop(id)\ngc.drop(repository, key)") == []
