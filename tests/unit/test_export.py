"""The schema as a Supabase project's migrations, and the list of states that functions, views and policies were in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from odooops_dagster.control import migrate
from odooops_dagster.control.export import differences, export
from odooops_dagster.control.migrate import STATE, read_folder, shipped_migrations, state_versions, states
from odooops_dagster.doors.cli.db import app
from odooops_dagster.errors import SchemaDrift

NAMES = tuple(f"{migration.version}_{migration.name}.sql" for migration in shipped_migrations())
UNRELEASED = "unreleased"

Versions = list[tuple[str, str]]


def faults(versions: Versions, fingerprint: str, migrations: list[str]) -> list[str]:
    """Return what is wrong with a list of states, given the files' fingerprint and the migrations' versions."""
    *released, (newest, mark) = versions
    found = [f"{version} was superseded without a release" for version, mark in released if mark == UNRELEASED]
    if [version for version, _ in versions] != sorted({version for version, _ in versions}):
        found.append("states do not follow each other")
    if newest <= max(migrations):
        found.append(f"{newest} is not above every migration: migrate would come to it before them")
    if mark not in (UNRELEASED, fingerprint):
        found.append(f"{newest} was released: add a line `<version> {UNRELEASED}`, or {fingerprint} is what it was")
    return found


def test_the_list_of_states_is_true() -> None:
    """Its last line is the state of the files, or says that it is not released yet."""
    migrations = [name.split("_")[0] for name, _ in read_folder("migrations")]
    assert faults(state_versions(), states()[-1].fingerprint, migrations) == []


@pytest.mark.parametrize(
    ("versions", "fault"),
    [
        ([("20260301000000", "other")], "was released"),
        ([("20260201000000", UNRELEASED)], "not above every migration"),
        ([("20260301000000", UNRELEASED), ("20260302000000", "this")], "without a release"),
        ([("20260302000000", "old"), ("20260301000000", "this")], "follow each other"),
    ],
)
def test_a_list_that_is_not_true_would_be_seen(versions: Versions, fault: str) -> None:
    """Each way to forget the list is found."""
    (found,) = faults(versions, "this", ["20260213000100", "20260213000200"])
    assert fault in found


def test_only_the_newest_state_has_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    """The older ones are there for the history's sake."""
    monkeypatch.setattr(migrate, "state_versions", lambda: [("20260301000000", "a"), ("20260401000000", UNRELEASED)])
    older, newest = states()
    assert (older.version, newest.version) == ("20260301000000", "20260401000000")
    assert older.text == f"-- Superseded by 20260401000000_{STATE}.\nselect 'superseded by 20260401000000' as note;\n"
    for name, text in (*read_folder("functions"), *read_folder("views"), *read_folder("policies")):
        assert text in newest.text, name


def test_an_empty_folder_gets_every_file_and_a_full_one_none(tmp_path: Path) -> None:
    """Migrations as they are."""
    folder = tmp_path / "supabase" / "migrations"
    assert differences(folder) == NAMES
    assert export(folder) == NAMES
    assert export(folder) == ()
    for name, text in read_folder("migrations"):
        assert (folder / f"{name}.sql").read_text("utf-8") == text


def test_what_differs_is_put_right_and_what_is_the_projects_own_stays(tmp_path: Path) -> None:
    """Also a state that this version does not list goes."""
    export(tmp_path)
    own, unlisted = tmp_path / "20260101000000_own.sql", tmp_path / f"20260301000000_{STATE}.sql"
    for file in (own, unlisted, tmp_path / NAMES[1]):
        file.write_text("select 1;\n", "utf-8")
    (tmp_path / NAMES[2]).unlink()
    assert differences(tmp_path) == (NAMES[1], NAMES[2], unlisted.name)
    assert export(tmp_path) == (NAMES[1], NAMES[2], unlisted.name)
    assert differences(tmp_path) == ()
    assert own.read_text("utf-8") == "select 1;\n"
    assert not unlisted.exists()


def test_the_command_says_what_it_wrote_and_checks_without_writing(tmp_path: Path) -> None:
    """For people, for programs and for CI."""

    def run(*arguments: str) -> str:
        return CliRunner().invoke(app, ["export", str(tmp_path), *arguments], catch_exceptions=False).stdout

    with pytest.raises(SchemaDrift, match=NAMES[0]) as caught:
        run("--check")
    assert caught.value.hint == f"ops db export {tmp_path}, then supabase db push --include-all"
    assert list(tmp_path.iterdir()) == []
    assert run().splitlines() == [f"wrote {name}" for name in NAMES]
    assert run("--check") == ""
    assert json.loads(run("--json")) == {"folder": str(tmp_path), "changed": []}
