"""A terminal shows that a command still works, and never for how long it must be believed."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from odooops_dagster.doors.cli import patience as room
from odooops_dagster.doors.cli.output import say
from odooops_dagster.doors.cli.patience import patience, waiting_line
from tests.acceptance.clock import Line, Silence, main, read, silences
from tests.suites.processes import eventually


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what was told on stderr."""
    return [line.strip() for line in capsys.readouterr().err.splitlines()]


class Looks:
    """A clock that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def monotonic(self) -> float:
        """Return the time."""
        self.asked += 1
        return time.monotonic()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose patience at once."""
    monkeypatch.setattr(room, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(room, "_LOOK_SECONDS", 0.01)


@pytest.mark.usefixtures("quick")
def test_a_silent_command_says_after_which_line_it_works(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again and again while it is silent; not at all once it has ended."""
    lines: list[str] = []

    def noted(last: str, *, seconds: float) -> str:
        lines.append(waiting_line(last, seconds=seconds).strip())
        return lines[-1]

    monkeypatch.setattr(room, "waiting_line", noted)
    with patience(longest_seconds=0.05):
        say("loading base")
        eventually(lambda: sum(line.endswith(" s after: loading base") for line in lines) > 1, what="two lines")
    assert told(capsys) == lines
    assert "patience" not in {thread.name for thread in threading.enumerate()}
    assert told(capsys) == []


@pytest.mark.usefixtures("quick")
def test_a_command_that_waits_for_long_says_so_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour in a queue is no thousand lines."""
    told_at: list[float] = []

    def noted(_last: str, *, seconds: float) -> str:
        told_at.append(seconds)
        return ""

    monkeypatch.setattr(room, "waiting_line", noted)
    with patience(longest_seconds=60.0):
        eventually(lambda: len(told_at) > 3, what="four lines")
    pauses = [after - before for before, after in pairwise(told_at)]
    # Each is twice the one before at least: 0.1, 0.2 and 0.4 s.
    assert [pause >= 0.1 * 2**number for number, pause in enumerate(pauses[:3])] == [True] * 3


def test_a_command_that_prints_is_left_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour has to pass here, whatever the number of looks."""
    monkeypatch.setattr(room, "QUIET_SECONDS", 3600.0)
    monkeypatch.setattr(room, "_LOOK_SECONDS", 0.001)
    looks = Looks()
    monkeypatch.setattr(room, "time", looks)
    with patience():
        say("one")
        eventually(lambda: looks.asked > 20, what="twenty looks")
    assert told(capsys) == []


def test_its_thread_is_gone_at_its_end() -> None:
    """A signal that reaches another thread while the main one becomes another program is lost."""
    before = threading.active_count()
    with patience() as watch:
        watch.end()
        assert threading.active_count() == before


def test_a_long_line_is_quoted_in_part() -> None:
    """One line of a terminal is enough to know it again; without any line there is only the time."""
    line = waiting_line("word " * 100, seconds=7.6)
    assert line.startswith("    … still working, 8 s after: word word")
    assert line.endswith("…")
    assert len(line) < 140
    assert waiting_line("", seconds=4) == "    … still working for 4 s"


def test_the_clock_finds_the_longest_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line after which it began, and the silence before the first line too."""
    lines = [Line(1.0, "first"), Line(1.5, "second"), Line(9.0, "third")]
    assert silences(lines) == [Silence(7.5, "second"), Silence(1.0, ""), Silence(0.5, "first")]
    file = tmp_path / "clock"
    monkeypatch.setattr("sys.stdin", iter(["one\n", "two words\n"]))
    main(file)
    assert [line.text for line in read(file)] == ["one", "two words"]
