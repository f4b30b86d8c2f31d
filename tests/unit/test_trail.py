"""A trail in a file shows what was done to it, and names the line."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from odooops_dagster.model.trail import entries_of, read_seal, sealed_lines

RUN = "6d8d0b1e-6f6a-4a0e-9d3e-2b7a3f1c9e55"


def event(seq: int, message: str, before: str) -> dict[str, Any]:
    """Return an event of the run as an export has it, with the hash that the platform would give it."""
    sealed = json.dumps([RUN, seq, 1, "info", message, {}, 1770000000.5])
    digest = hashlib.sha256(bytes.fromhex(before) + sealed.encode()).hexdigest()
    row = {"run_id": RUN, "seq": seq, "attempt": 1, "event_type": "info", "message": message, "payload": {}}
    return {**row, "prev_hash": f"\\x{before}", "hash": f"\\x{digest}", "sealed": sealed}


def trail() -> list[str]:
    """Return an export: three events of a run, and a decision."""
    entries: list[dict[str, Any]] = []
    before = ""
    for seq, message in enumerate(("queued", "started", "failed"), start=1):
        entries.append({"kind": "run_event", "entry": event(seq, message, before)})
        before = str(entries[-1]["entry"]["hash"]).removeprefix("\\x")
    entries.append({"kind": "approval", "entry": {"id": "a1", "decision": "rejected"}})
    return list(sealed_lines(entries))


def sealed_again(entries: list[dict[str, Any]]) -> list[str]:
    """Return the entries as somebody would write them who knows the format."""
    return list(sealed_lines(entries))


def test_what_was_not_touched_is_intact() -> None:
    """The seal is the last link, and the entries are as they were given."""
    lines = trail()
    found = read_seal(lines)
    assert (found.is_intact, found.entries, found.faults) == (True, 4, ())
    assert [entry["kind"] for entry in entries_of(lines)] == ["run_event"] * 3 + ["approval"]
    assert found.seal == json.loads(lines[3])["link"]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda lines: [*lines[:3], lines[3].replace("rejected", "approved"), lines[4]], "line 4, approval a1: it was"),
        (lambda lines: [*lines[:2], *lines[3:]], "line 3, approval a1: it was changed, or the line before it"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "line 2, run_event event 3"),
        (lambda lines: lines[:4], "the last line seals nothing"),
        (lambda lines: [*lines[:3], lines[4]], "the seal is over 4 entries"),
        (lambda lines: ["no json", *lines[1:]], "line 1, an entry"),
        (lambda _: [], "the last line seals nothing"),
    ],
    ids=["edited", "removed", "moved", "cut", "the last removed", "no json", "empty"],
)
def test_each_damage_names_its_line(damage: Any, named: str) -> None:  # noqa: ANN401 - a function of lines
    """By its number, and by what the entry is."""
    found = read_seal(damage(trail()))
    assert not found.is_intact
    assert any(named in fault for fault in found.faults), found.faults


def test_an_edited_event_is_found_in_a_file_that_was_sealed_again() -> None:
    """Its run's own chain does not fit it."""
    entries = list(entries_of(trail()))
    entries[1]["entry"]["message"] = "succeeded"
    [fault] = read_seal(sealed_again(entries)).faults
    assert fault == f"run_event event 2 of run {RUN}: it is not what its hash says"


def test_a_removed_event_is_found_in_a_file_that_was_sealed_again() -> None:
    """The next one does not follow the one before."""
    entries = list(entries_of(trail()))
    del entries[1]
    [fault] = read_seal(sealed_again(entries)).faults
    assert fault == f"run_event event 3 of run {RUN}: it does not follow event 1 of its run"


def test_a_file_that_was_written_again_has_another_seal() -> None:
    """So the seal that was kept elsewhere shows it."""
    entries = list(entries_of(trail()))
    entries[3]["entry"]["decision"] = "approved"
    again = read_seal(sealed_again(entries))
    assert again.is_intact
    assert again.seal != read_seal(trail()).seal
