"""How a tick waits for work."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from odooops_dagster.engine import waiting
from odooops_dagster.engine.waiting import Looks
from odooops_dagster.home import stopping_mark
from odooops_dagster.local import stopping
from tests.suites.processes import eventually


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder."""
    stopping_mark(tmp_path).parent.mkdir(parents=True)
    return tmp_path


def test_a_tick_without_time_looks_once(home: Path) -> None:
    """A dry run does not wait."""
    assert len(list(Looks(often=0.01, seldom=0.01).until(0.0, home=home))) == 1


def test_new_work_ends_a_pause(home: Path) -> None:
    """The sensor that queues a run wakes the one that starts it."""
    looks = Looks(often=600.0, seldom=600.0, glance_seconds=0.01)
    glances: list[None] = []

    def announce() -> None:
        eventually(lambda: glances, what="the tick waits")
        looks.note_work(is_new=True)

    tick = looks.until(500.0, home=home, glance=lambda: glances.append(None))
    next(tick)
    sensor = threading.Thread(target=announce)
    sensor.start()
    next(tick)
    sensor.join()


def test_the_tick_of_a_daemon_that_ended_looks_no_more(home: Path) -> None:
    """What it claimed would wait until its claim ends: the newer tick takes it."""
    looks = Looks(often=0.0, seldom=0.0)
    older = looks.until(600.0, home=home)
    next(older)
    newer = looks.until(600.0, home=home)
    next(newer)
    assert list(older) == []
    next(newer)


def test_a_stack_that_stops_waits_for_no_tick(home: Path) -> None:
    """`ops down` ends the code server, and a tick's answer is of no use."""
    looks = Looks(often=0.0, seldom=0.0).until(600.0, home=home)
    next(looks)
    stopping.announce(home)
    assert list(looks) == []


def test_looks_get_rare_after_a_quiet_minute(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look costs a statement."""
    monkeypatch.setattr(waiting, "_QUIET_AFTER_SECONDS", 0.0)
    looks = Looks(often=0.0, seldom=600.0)
    time.sleep(0.01)
    tick = looks.until(0.3, home=home)
    assert len(list(tick)) == 2


def test_the_tick_of_a_sensor_that_is_switched_off_ends(home: Path) -> None:
    """A tick waits for minutes; who switches its sensor off does not expect it to go on for as long."""
    looks = Looks(sensor="test", often=600.0, seldom=600.0)
    tick = looks.until(600.0, home=home)
    next(tick)
    waiting.end_ticks(["test", "a sensor that never waits"])
    assert list(tick) == []
    next(looks.until(600.0, home=home))


@pytest.mark.parametrize(("timeout", "wait"), [(60, 29.0), (330, 299.0)])
def test_a_tick_ends_half_a_minute_before_dagster_gives_it_up(timeout: int, wait: float) -> None:
    """What it claimed would be requested from nobody."""
    assert waiting.longest_wait(timeout) == wait
