"""Helpers of `ops env adopt`: read the connection string, and print the results of the checks."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from odooops_dagster.doors.cli.output import note
from odooops_dagster.errors import BadInput, Conflict

if TYPE_CHECKING:
    from odooops_dagster.model import CheckResult
    from odooops_dagster.settings import Settings


def read_dsn(file: str | None, settings: Settings) -> str:
    """Return the connection string from the file, from standard input for `-`, from the setting, or from a prompt.

    Raises:
        BadInput: the file cannot be read.
    """
    if file == "-":
        return sys.stdin.read()
    if file is not None:
        try:
            return Path(file).read_text()
        except (OSError, UnicodeDecodeError) as exc:
            raise BadInput(f"{file} cannot be read", hint="name a file that holds the connection string alone") from exc
    if settings.adopt_dsn is not None:
        return settings.adopt_dsn.get_secret_value()
    return str(typer.prompt("Connection string of its database", hide_input=True, err=True))


def refuse_failed(results: Iterable[CheckResult], *, what: str) -> None:
    """Print each check's result as it arrives.

    Raises:
        Conflict: a blocking check failed.
    """
    in_the_way = [result for result in results if not _shown(result).passed and result.blocking]
    if in_the_way:
        first = in_the_way[0]
        raise Conflict(f"{what} is not adopted: {first.summary}", hint=first.metadata.get("hint"))


def _shown(result: CheckResult) -> CheckResult:
    word = "ok" if result.passed else "failed" if result.blocking else "warning"
    hint = f" - {result.metadata['hint']}" if not result.passed and result.metadata.get("hint") else ""
    note(f"{word:<8} {result.name:<12} {result.summary}{hint}")
    return result
