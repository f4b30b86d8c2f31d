"""The `ops` command in the test's own process, as a person types it."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner, Result

from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import OdooOpsError
from tests.json_forms import as_published


class CommandLine:
    """Some of the command's verbs and nouns; what they refuse is raised."""

    def __init__(self, *names: str) -> None:
        self.app = build_app(names)

    def __call__(self, *arguments: str, answer: str = "", status: int = 0) -> Result:
        """Run the command; it must end with this status."""
        result = CliRunner().invoke(self.app, list(arguments), input=answer)
        if isinstance(result.exception, OdooOpsError):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    def json(self, *arguments: str, status: int = 0) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run the command with --json and return the value, which has the form that is published for it."""
        return as_published(arguments, self(*arguments, "--json", status=status).stdout)
