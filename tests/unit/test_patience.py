"""A terminal shows that a command still works, and never for how long it must be believed."""

from __future__ import annotations

import threading
import time
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
    time.sleep(0.2)
    assert told(capsys) == []


@pytest.mark.usefixtures("quick")
def test_a_command_that_waits_for_long_says_so_ever_more_seldom(capsys: pytest.CaptureFixture[str]) -> None:
    """An hour in a queue is no thousand lines."""
    with patience(longest_seconds=60.0):
        time.sleep(0.8)
    assert 1 <= len(told(capsys)) <= 5


def test_a_command_that_prints_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Four seconds have to pass."""
    with patience():
        say("one")
        time.sleep(0.6)
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
