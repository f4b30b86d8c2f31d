"""What the command refuses is one sentence and a next action, in the words of the command and not of SQL."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from odooops_dagster.doors.cli import NOUNS, build_app
from odooops_dagster.doors.cli import VERBS as PROGRAMS
from odooops_dagster.doors.cli.output import print_error
from odooops_dagster.doors.cli.spoken import LISTS, VERBS, spoken
from odooops_dagster.errors import OdooOpsError
from tests.repositories import Repository

CASES: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text())
HINTS = re.compile(r"(?:hint = |then |else )'((?:[^'\n]|'')*)'")
# Hints to programs that work on runs themselves: people have no verb for them.
OF_WORKERS = re.compile(
    r"ops\.(record_\w+|start_workflow_run|claim_runs|claim_messages|run_config_fields|expire_rows|roles)"
)


def told(arguments: list[str]) -> tuple[int, str, str]:
    """Run the command and return its exit status, what it says, and what to do next."""
    result = CliRunner().invoke(build_app((*PROGRAMS, *NOUNS)), arguments)
    if not isinstance(result.exception, OdooOpsError):
        lines = [line.strip(" │") for line in result.stderr.splitlines() if "Usage" not in line]
        return result.exit_code, " ".join(line for line in lines if line and line[0] not in "╭╰"), ""
    said = CliRunner().invoke(_printing(result.exception), [])
    sentence, _, hint = said.stderr.partition("\n  → ")
    return 1, sentence.strip().removeprefix("ops: "), hint.strip()


def _printing(error: OdooOpsError) -> Any:  # noqa: ANN401 - click has no public name for what CliRunner takes
    import typer  # noqa: PLC0415

    app = typer.Typer()
    app.command()(lambda: print_error(error))
    return app


@pytest.fixture
def state(operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the state of the table and return the repository's address."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    repository = Repository(tmp_path)
    repository.commit({"a": "1"})
    repository.commit({"a": "2"}, branch="feature/x")
    for arguments in (
        ["project", "create", "shop", "--repo", repository.url],
        ["run", "create", "shop", "feature/x"],
        ["run", "cancel", "shop#1"],
        ["run", "create", "shop", "feature/x", "--key", "again"],
    ):
        result = CliRunner().invoke(build_app(tuple(NOUNS)), arguments)
        assert result.exit_code == 0, result.output
    return repository.url


def test_each_refusal_says_what_is_wrong_and_what_to_do(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the table on one database: a refusal changes nothing."""
    places = {"REPOSITORY": state, "FOLDER": str(tmp_path / "free")}
    (tmp_path / "free").mkdir()
    (tmp_path / "free" / "file").touch()
    wrong = {}
    for name, case in CASES.items():
        with monkeypatch.context() as scope:
            for variable, value in case.get("env", {}).items():
                scope.setenv(variable, _put(value, places)) if value else scope.delenv(variable, raising=False)
            status, says, hint = told([_put(word, places) for word in case["argv"]])
        found = {"says": says, "hint": hint, "status": status}
        wanted = {"hint": "", "status": 1} | case
        if found != {key: _put(wanted[key], places) for key in found}:
            wrong[name] = found
    assert wrong == {}


def _put(text: Any, places: dict[str, str]) -> Any:  # noqa: ANN401 - an exit status stays what it is
    """Put the places of this test where the table names them."""
    for name, place in places.items():
        text = text.replace(name, place) if isinstance(text, str) else text
    return text


def test_no_hint_of_the_control_plane_reaches_people_in_sql() -> None:
    """Each name of schema ops in a hint has its verb, unless only a worker is told."""
    hints = [hint for file in Path("sql/functions").rglob("*.sql") for hint in HINTS.findall(file.read_text())]
    assert len(hints) > 100
    left = [spoken(hint) for hint in hints if not OF_WORKERS.search(hint)]
    names = re.compile(r"\bops\.(?!yaml)[a-z_]+|select ")
    assert [hint for hint in left if names.search(hint) and VERBS["set_member"] not in hint] == []
    assert {*VERBS, *LISTS}.isdisjoint({""})
