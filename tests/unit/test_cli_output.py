"""What `ops` prints: tables for people, JSON for machines, errors as one line and its remedy."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner

from odooops_dagster.doors import cli
from odooops_dagster.doors.cli.output import (
    confirm,
    note,
    print_error,
    print_fields,
    print_json,
    print_rows,
    say,
    shown,
)
from odooops_dagster.doors.cli.tables import table_lines
from odooops_dagster.errors import Conflict, NotFound


@dataclass(frozen=True)
class _Row:
    name: str
    passed: bool
    detail: str | None = None


def test_rows_become_a_table_of_the_named_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Facts read as yes and no, what is not known as a dash, and markup stays text."""
    print_rows([_Row("[red]", True), _Row("b", False, "why")], columns=["name", "passed", "detail"])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "passed", "detail"]
    assert first.split() == ["[red]", "yes", "-"]
    assert second.split() == ["b", "no", "why"]


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """What another program reads is never broken to fit a screen."""
    print_rows([{"url": "http://" + "x" * 500}], columns=["url"])
    assert "x" * 500 in capsys.readouterr().out


def test_rows_as_json_hold_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    """The columns are for people."""
    print_rows([_Row("a", True)], columns=["name"], json=True)
    assert json.loads(capsys.readouterr().out) == [{"name": "a", "passed": True, "detail": None}]


def test_no_rows_are_said_on_stderr_and_are_an_empty_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A script gets an empty answer, a person a sentence."""
    print_rows([], columns=["name"], empty="no runs yet")
    print_rows([], columns=["name"], json=True)
    seen = capsys.readouterr()
    assert seen.err == "no runs yet\n"
    assert json.loads(seen.out) == []


def test_one_object_is_printed_a_field_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Names read as words."""
    print_fields({"git_sha": "abc", "url": None})
    assert capsys.readouterr().out == "git sha  abc\nurl      -\n"


def test_json_knows_times_ids_and_paths(capsys: pytest.CaptureFixture[str]) -> None:
    """Times are ISO 8601."""
    print_json(
        {"at": datetime(2026, 2, 13, tzinfo=UTC), "id": UUID(int=1), "path": Path("/srv"), "row": _Row("a", True)}
    )
    told = json.loads(capsys.readouterr().out)
    assert told["at"] == "2026-02-13T00:00:00+00:00"
    assert told["id"].endswith("0001")
    assert told["path"] == "/srv"
    assert told["row"]["name"] == "a"


def test_an_error_is_one_line_and_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """Also when the message came in several lines."""
    print_error(NotFound("no project\n  named x", hint="ops project list"))
    assert capsys.readouterr().err == "ops: no project named x\n  → ops project list\n"


def test_an_error_is_json_for_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """Its kind is a field to branch on."""
    print_error(Conflict("busy"), as_json=True)
    assert json.loads(capsys.readouterr().err) == {"error": "busy", "hint": None, "kind": "Conflict"}


def test_a_destructive_verb_goes_on_only_with_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--yes` is consent; silence is not."""
    confirm(["drop it"], yes=True)
    monkeypatch.setattr(typer, "confirm", lambda *_arguments, **_options: False)
    with pytest.raises(typer.Exit):
        confirm(["drop it"], yes=False)


def test_every_verb_and_noun_is_mounted_with_its_help() -> None:
    """`ops --help` lists all there is."""
    shown = CliRunner().invoke(cli.build_app(), ["--help"])
    assert shown.exit_code == 0
    lines = {line.split()[0]: line for line in shown.output.splitlines() if line.startswith("  ") and line.split()}
    for name in (*cli.VERBS, *cli.NOUNS):
        assert len(lines[name].split()) > 1, name


def test_a_failure_is_exit_status_1_and_a_wrong_command_line_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts can tell the two apart."""
    monkeypatch.setenv("ODOOOPS_GATEWAY_PORT", "many")
    assert _main(["status"], monkeypatch) == 1
    assert capsys.readouterr().err.startswith("ops: ODOOOPS_GATEWAY_PORT: ")
    assert _main(["status", "--no-such-option"], monkeypatch) == 2
    assert _main(["nothing"], monkeypatch) == 2
    assert _main(["--version"], monkeypatch) == 0


def _main(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["ops", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


OBEYED = "\x1b]52;c;cm0gLXJm\x07 \x9b31m a\rb \u202egnp.exe\u202c \x7f"


@pytest.mark.parametrize(
    "tell",
    [
        say,
        note,
        lambda text: print_rows([{"name": text}], columns=["name"]),
        lambda text: print_rows([{"name": text}], columns=["name"], json=True),
        lambda text: print_fields({"name": text}),
        lambda text: print_error(Conflict(text, hint=text)),
        lambda text: print_error(Conflict(text, hint=text), as_json=True),
        lambda text: confirm([text], yes=True),
    ],
)
def test_what_a_terminal_would_obey_is_shown(tell: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """A branch's name or a log could fill the clipboard, or show another text than there is."""
    tell(OBEYED)
    seen = capsys.readouterr()
    assert "\\u001b" in seen.out + seen.err
    assert not {letter for letter in seen.out + seen.err if unicodedata.category(letter) in {"Cc", "Cf"}} - {"\n"}


def test_json_with_such_letters_is_the_same_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets what there is."""
    print_json({"name": OBEYED})
    assert json.loads(capsys.readouterr().out) == {"name": OBEYED}
    assert shown("Größe\t🙂\n") == "Größe\t🙂\n"


def test_all_that_commands_print_goes_through_one_place() -> None:
    """Another way to print would show strangers' letters as they are."""
    folder = Path(cli.__file__).parent
    printing = re.compile(r"\b(typer\.(echo|secho)|click\.echo|print|std(out|err)\.(buffer\.)?write)\(")
    found = [path.name for path in folder.glob("*.py") if printing.search(path.read_text())]
    assert found == ["output.py"]


LONG = "addons/loan/models/loan.py:13: SyntaxError: invalid syntax, and what else there is to say of it in one line"
URL = "http://feature-a-branch-with-a-long-name--a-project.localhost:8069"


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_each_row_is_one_line_that_fits(width: int) -> None:
    """What a row is called stays whole; the longest text is cut, with an ellipsis."""
    row = {"run": "shop#5", "branch": "feature/a-branch-with-a-long-name", "created": "3 min ago", "reason": LONG}
    head, line = table_lines(tuple(row), [row], width=width)
    assert len(head) <= width
    assert len(line) <= width
    assert line.startswith("shop#5")
    assert ("…" in line) == (width < 200)


def test_a_url_is_never_folded_and_never_cut() -> None:
    """It stands in its row if that fits, else in a line of its own: a terminal makes it one link."""
    row = {"environment": "a-project/feature/a-branch-with-a-long-name", "status": "running", "url": URL}
    assert table_lines(tuple(row), [row], width=80)[1:] == [f"{row['environment']}  running", f"  {URL}"]
    assert table_lines(tuple(row), [row], width=200)[1].endswith(f"running  {URL}")


def test_a_terminal_shows_short_values_and_wide_the_whole_ones(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short commit, how long ago, the first line of a reason."""
    row = {"commit": "a" * 40, "at": datetime.now(UTC) - timedelta(minutes=3, seconds=5), "reason": "one\ntwo"}
    monkeypatch.setattr("odooops_dagster.doors.cli.output._width", lambda: 80)
    print_rows([row], columns=tuple(row))
    assert capsys.readouterr().out.splitlines()[1] == "aaaaaaa  3 min ago  one"
    print_rows([row], columns=("commit",), wide=True)
    assert capsys.readouterr().out.splitlines()[1] == "a" * 40
