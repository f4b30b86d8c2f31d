"""Whose a thing is: the mark as it is written and read, the state folder's id, and the decision by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.home import Owner
from odooops_dagster.local.installation import (
    SeenControlPlane,
    installation_id,
    remember_control_plane,
    seen_control_plane,
)
from odooops_dagster.ownership import Identity, Mark
from odooops_dagster.steps.upkeep.record import Record
from odooops_dagster.steps.upkeep.things import Thing
from odooops_dagster.steps.upkeep.verdicts import judge

US = Identity(installation=UUID(int=1), control_plane=UUID(int=2))
RUN = UUID(int=3)
NOW = datetime(2026, 2, 13, 12, 30, 0, 123000, tzinfo=UTC)
OURS = Mark(identity=US, run_id=RUN, made_at=NOW)


@pytest.mark.parametrize("run_id", [RUN, None])
@pytest.mark.parametrize("made_at", [NOW, NOW.astimezone(timezone(timedelta(hours=-5)))])
def test_a_mark_is_read_as_it_was_written(run_id: UUID | None, made_at: datetime) -> None:
    """By itself and within a comment that says more."""
    mark = replace(OURS, run_id=run_id, made_at=made_at)
    assert Mark.parse(str(mark)) == mark
    assert Mark.parse(f"odooops environment, {mark}") == mark
    assert Mark.parse(f"{mark}\n") == mark


@pytest.mark.parametrize(
    "text", [None, "", "odooops environment", "installation=1 control_plane=2 made_at=3", str(OURS)[:80]]
)
def test_what_is_no_mark_is_nobodys(text: str | None) -> None:
    """A comment of the last version, of somebody else, or half of one."""
    assert Mark.parse(text) is None


def test_a_mark_with_a_time_that_is_none_is_nobodys() -> None:
    """It was written by hand."""
    assert Mark.parse(str(OURS).replace("2026-02-13", "2026-99-13")) is None


def test_a_state_folder_is_one_installation_wherever_it_lies(tmp_path: Path) -> None:
    """Its id is made once and moves with it; another folder is another installation."""
    first = installation_id(tmp_path / "first")
    assert installation_id(tmp_path / "first") == first
    assert installation_id(tmp_path / "second") != first
    (tmp_path / "first").rename(tmp_path / "moved")
    assert installation_id(tmp_path / "moved") == first
    (tmp_path / "moved" / "installation").write_text("scribble")
    with pytest.raises(Unavailable, match="holds no installation's id: 'scribble'"):
        installation_id(tmp_path / "moved")


def test_what_was_seen_of_the_control_plane_is_kept(tmp_path: Path) -> None:
    """With the moment from which on it was known to be older."""
    assert seen_control_plane(tmp_path) is None
    for older_since in (None, NOW):
        seen = SeenControlPlane(id=uuid4(), rounds=7, older_since=older_since)
        remember_control_plane(tmp_path, seen)
        assert seen_control_plane(tmp_path) == seen
    (tmp_path / "control-plane.json").write_text("{}")
    with pytest.raises(Unavailable, match="cannot be read"):
        seen_control_plane(tmp_path)


def record(**known: Any) -> Record:  # noqa: ANN401 - fields of a record
    """Return a record that knows what is named, and nothing else."""
    empty: dict[str, Any] = {
        "identity": US, "environments": {}, "active": frozenset(), "working": frozenset(), "served": frozenset(),
        "kept": frozenset(), "runs": frozenset(), "makers": {}, "adopted": frozenset(),
    }  # fmt: skip
    return Record(**empty | known)


THING = Thing(kind="database", name="ops_shop_main_0c1a8cc8_r1", mark=OURS, run_id=RUN)
OTHERS = replace(OURS, identity=replace(US, installation=uuid4()))
FORMERS = replace(OURS, identity=replace(US, control_plane=uuid4()))
LATER = replace(OURS, made_at=NOW + timedelta(hours=2))
OLDER: dict[str, Any] = {"older_since": NOW + timedelta(hours=1)}


@pytest.mark.parametrize(
    ("mark", "known", "answer"),
    [
        (OURS, {"runs": {RUN}}, "over"),
        (OURS, {"runs": {RUN}, "active": {RUN}}, "kept"),
        (OURS, {"runs": {RUN}, "served": {THING.name}}, "kept"),
        (OURS, {"runs": {RUN}, "kept": {THING.name}}, "kept"),
        (OURS, {"adopted": {("database", THING.name)}}, "kept"),
        (OURS, {}, "lost"),
        (OURS, {"runs": {RUN}, **OLDER}, "lost"),
        (OURS, {"runs": {RUN}, "active": {RUN}, **OLDER}, "lost"),
        (OURS, {"runs": {RUN}, "kept": {THING.name}, **OLDER}, "lost"),
        (OURS, {"runs": {RUN}, "served": {THING.name}, **OLDER}, "kept"),
        (LATER, {"runs": {RUN}, **OLDER}, "over"),
        (None, {}, "stranger"),
        (None, {"served": {THING.name}}, "claimed"),
        (None, {"runs": {RUN}}, "claimed"),
        (FORMERS, {}, "lost"),
        (FORMERS, {"runs": {RUN}}, "claimed"),
        (FORMERS, {"adopted": {("database", THING.name)}}, "lost"),
        (OTHERS, {}, "stranger"),
        (OTHERS, {"runs": {RUN}, "served": {THING.name}}, "stranger"),
        (OTHERS, {"adopted": {("database", THING.name)}}, "stranger"),
    ],
)
def test_only_what_is_ours_known_and_over_may_go(mark: Mark | None, known: dict[str, Any], answer: str) -> None:
    """Every other answer keeps the database."""
    assert judge(replace(THING, mark=mark), record(**known)).answer == answer


def test_an_unmarked_thing_is_not_ours_without_what_goes_with_it() -> None:
    """The record may be a copy: only who holds the password made the database."""
    found = judge(replace(THING, mark=None, is_at_home=False), record(served={THING.name}))
    assert found.answer == "stranger"


def test_services_and_drafts_are_known_by_their_names() -> None:
    """They lie in the state folder; what the record has never heard of stays."""
    service = Thing(kind="service", name="env-0c1a8cc8", owner=Owner(environment="0c1a8cc8", run_number=None),
                    bears_mark=False)  # fmt: skip
    draft = Thing(kind="folder", name=f"runs/{RUN}", run_id=RUN, bears_mark=False)
    assert judge(service, record()).answer == "stranger"
    assert judge(draft, record()).answer == "stranger"
    assert judge(draft, record(runs={RUN})).answer == "over"
    assert judge(draft, record(runs={RUN}, active={RUN})).answer == "kept"
