"""The published forms of what commands print with --json."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from odooops_dagster.doors.cli import build_app
from odooops_dagster.doors.cli.json_forms import FORMS
from tests.json_forms import as_published


def commands_with_json(command: Any = None, path: str = "") -> Iterator[str]:  # noqa: ANN401 - Typer keeps click's types to itself
    """Yield the words of each command that has --json."""
    command = command or get_command(build_app())
    if any("--json" in option.opts for option in command.params):
        yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from commands_with_json(child, f"{path} {name}".strip())


def test_every_command_that_prints_json_has_a_form() -> None:
    """And every form is of such a command."""
    assert sorted(FORMS) == sorted(commands_with_json())


def test_a_field_that_is_not_published_is_a_fault() -> None:
    """As is one that is missing, or of another type: code and form cannot part without a test that fails."""
    assert as_published(("platform", "key", "FILE"), '{"file": "/k"}') == {"file": "/k"}
    for text, fault in (
        ('{"file": "/k", "size": 1}', "'size' was unexpected"),
        ("{}", "'file' is a required property"),
        ('{"file": 1}', "1 is not of type 'string'"),
    ):
        with pytest.raises(AssertionError, match=fault):
            as_published(("platform", "key", "FILE"), text)


def test_no_command_imports_the_forms() -> None:
    """They import half the platform: documents and tests need them, a person who waits does not."""
    code = "import sys; from odooops_dagster.doors.cli import build_app; build_app(); print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "odooops_dagster.doors.cli.audit" in imported
    assert [name for name in imported if name.startswith("odooops_dagster.doors.cli.") and _is_of_forms(name)] == []


def _is_of_forms(module: str) -> bool:
    return module.split(".")[3] in ("json_forms", "printed")
