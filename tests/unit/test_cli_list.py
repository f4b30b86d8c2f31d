"""The list of commands is printed without importing the commands, and says what they say of themselves."""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner

from odooops_dagster.doors import cli


def ops(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which reports its imports on standard error."""
    argv = [sys.executable, "-X", "importtime", "-m", "odooops_dagster.doors.cli", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_the_list_says_what_each_command_says_of_itself() -> None:
    """Every name, in the same order, with the first sentence of its own help."""
    whole = CliRunner().invoke(cli.build_app(), ["--help"])
    assert ops("--help").stdout.partition("Commands:")[2] == whole.stdout.partition("Commands:")[2] != ""


def test_the_list_imports_no_command() -> None:
    """Nor the settings, the control plane or a database's client, which take longer than all else."""
    imported = {line.rpartition("|")[2].strip() for line in ops("--help").stderr.splitlines()}
    assert "odooops_dagster.doors.cli" in imported
    assert not imported & {
        "odooops_dagster.settings",
        "odooops_dagster.control",
        "psycopg",
        "odooops_dagster.doors.cli.up",
    }


def test_a_misspelt_command_is_answered_with_the_nearest() -> None:
    """The list knows every name."""
    refused = ops("pormote")
    assert refused.returncode == 2
    assert "Did you mean 'promote'?" in refused.stderr
