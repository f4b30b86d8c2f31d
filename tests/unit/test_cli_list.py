"""The list of commands is printed without importing the commands, and says what they say of themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from odooops_dagster.doors import cli
from odooops_dagster.doors.cli.groups import SECTIONS


def ops(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which reports its imports on standard error."""
    argv = [sys.executable, "-X", "importtime", "-m", "odooops_dagster.doors.cli", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_the_list_says_what_each_command_says_of_itself() -> None:
    """Every name, in the same order, with the first sentence of its own help."""
    whole = CliRunner().invoke(cli.build_app(), ["--help"], terminal_width=78)
    first = f"{next(iter(SECTIONS))}:"
    assert ops("--help").stdout.partition(first)[2] == whole.stdout.partition(first)[2] != ""


def test_every_command_is_in_one_section() -> None:
    """None is at the list's end for want of a place, and none is there twice."""
    named = [name for names in SECTIONS.values() for name in names]
    assert sorted(named) == sorted([*cli.VERBS, *cli.NOUNS])


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


def test_the_help_of_a_noun_imports_no_row_that_it_does_not_print() -> None:
    """The forms of the API's answers take as long as all of the command."""
    imported = {line.rpartition("|")[2].strip() for line in ops("env", "--help").stderr.splitlines()}
    assert "odooops_dagster.doors.cli.outlet" in imported
    assert not imported & {"odooops_dagster.model.readings", "odooops_dagster.tools.sealing", "cryptography"}


@pytest.mark.parametrize("words", [("env", "--help"), ("env", "create", "--help"), ("status", "--help")])
def test_help_imports_nothing_that_checks_values(words: tuple[str, ...]) -> None:
    """Pydantic, which Typer imports for each value, takes longest; the settings and the driver follow it."""
    imported = {line.rpartition("|")[2].strip() for line in ops(*words).stderr.splitlines()}
    assert "odooops_dagster.doors.cli.groups" in imported
    assert not imported & {"pydantic", "odooops_dagster.settings", "psycopg", "email.message"}


def test_a_misspelt_command_is_answered_with_the_nearest() -> None:
    """The list knows every name."""
    refused = ops("pormote")
    assert refused.returncode == 2
    assert "Did you mean 'promote'?" in refused.stderr


# What Typer works with, and the widths of characters. Whatever else a verb needs, it imports when it runs.
STARTED_WITH = {
    "annotated_doc",
    "annotated_types",
    "pydantic",
    "pydantic_core",
    "rich",
    "shellingham",
    "typer",
    "typing_extensions",
    "typing_inspection",
}
# Prints the packages of other people that the helps import, one after the other in a process of their own.
PACKAGES = """
import contextlib, io, os, sys, sysconfig
before = set(sys.modules)
from odooops_dagster.doors.cli import main
folder = sysconfig.get_path("purelib")
for name in sys.argv[1:]:
    if os.fork() == 0:
        sys.argv = ["ops", name, "--help"]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main()
        new = {each: module for each, module in sys.modules.items() if each not in before}
        files = {each: getattr(module, "__file__", None) or "" for each, module in new.items()}
        found = {each.partition(".")[0] for each, file in files.items() if file.startswith(folder)}
        print(name, *sorted(found), flush=True)
        os._exit(0)
    os.wait()
"""


def test_the_help_of_a_command_imports_no_library_that_works() -> None:
    """Neither a database's client, nor HTTP's, nor Dagster: people ask for help often, and scripts for much else."""
    names = [*cli.VERBS, *cli.NOUNS]
    done = subprocess.run([sys.executable, "-c", PACKAGES, *names], capture_output=True, text=True, check=True)
    found = {name: set(packages) for name, *packages in map(str.split, done.stdout.splitlines())}
    assert set(found) == set(names), done.stderr
    assert all("typer" in packages for packages in found.values())
    assert {name: packages - STARTED_WITH for name, packages in found.items() if packages - STARTED_WITH} == {}


COMPLETED = """
ops_program="$1"; shift
eval "$("$ops_program" completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_ops_completion "$ops_program"
echo "${COMPREPLY[*]}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [(["ops", "ba"], "backup"), (["ops", "env", "va"], "variables"), (["ops", "env", "set", "a", "--st"], "--stage")],
)
def test_a_shell_completes_commands_verbs_and_options(words: list[str], completed: str) -> None:
    """By what `ops completion` prints, in a real shell."""
    program = Path(sys.executable).with_name("ops")
    done = subprocess.run(
        ["bash", "-c", COMPLETED, "bash", str(program), *words], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1:] == [completed], done.stderr


def test_times_are_local_or_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table shows the person's own time, with --utc the time that the record has."""
    code = (
        "import sys, datetime; from odooops_dagster.doors import cli; from odooops_dagster.doors.cli import output;"
        "import typer; at = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC);"
        "app = cli.build_app(()); app.command('x')(lambda: output.print_fields({'at': at})); app.command('y')(print);"
        "app()"
    )
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    shown = [
        subprocess.run([sys.executable, "-c", code, *words, "x"], capture_output=True, text=True, check=True).stdout
        for words in ([], ["--utc"])
    ]
    assert [text.split() for text in shown] == [["at", "2026-01-01", "21:00:00"], ["at", "2026-01-01", "12:00:00"]]
