"""Dagster's log records of a run, on their way to ops.run_logs."""

from __future__ import annotations

import logging
from dataclasses import replace

import dagster as dg
import pytest

from odooops_dagster.control import ControlPlane, logs
from odooops_dagster.engine import log_handler as module
from odooops_dagster.engine import tags
from odooops_dagster.engine.log_handler import RunLogHandler, level_of, line_of
from odooops_dagster.engine.outcome import Outcome
from odooops_dagster.engine.run_log import close_writer
from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Fence
from tests.dagster.world import World, fence_of


class Event:
    """Stands for a Dagster event in a record."""

    def __init__(self, kind: str) -> None:
        self.event_type_value = kind


def test_a_line_reaches_the_runs_log_bare_and_with_its_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster's prefix is left away; step and level are kept."""
    monkeypatch.setattr(module, "this_platform", world.as_platform)
    world.queue()
    run = world.claim()
    handler = RunLogHandler()
    handler.handle(record("careful", level=logging.WARNING, job_tags=tags.tags_of(run), step_key="image"))
    close_writer(fence_of(run))
    [line] = world.control.logs.tail(run.id)
    assert (line["level"], line["message"], line["metadata"]) == ("warn", "careful", {"step": "image"})


def test_a_run_whose_row_has_ended_has_its_whole_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who follows a log reads it to its end once the row says that the run is over, and no further."""
    monkeypatch.setattr(logs, "FLUSH_SECONDS", 3600.0)
    monkeypatch.setattr(module, "this_platform", world.as_platform)
    told: list[str] = []

    def write(self: Outcome, control: ControlPlane, fence: Fence) -> None:
        real(self, control, fence)
        told.extend(line["message"] for line in control.logs.tail(fence.run_id))

    real = Outcome.write
    monkeypatch.setattr(Outcome, "write", write)
    handler = {"class": "odooops_dagster.engine.log_handler.RunLogHandler", "level": "DEBUG"}
    python_logs = {"dagster_handler_config": {"handlers": {"ops_run_logs": handler}}}
    world.queue(failing_check="healthy")
    with dg.DagsterInstance.local_temp(overrides={"python_logs": python_logs}) as instance:
        assert not replace(world, instance=instance).materialize(world.claim()).success
    assert told[-1:] == ["shop#1 failed: no answer on /web/login"]


def test_lines_after_the_runs_end_are_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of an ended run is closed; a late line is no error."""
    monkeypatch.setattr(module, "this_platform", world.as_platform)
    world.queue()
    run = world.claim()
    close_writer(fence_of(run))
    RunLogHandler().handle(record("late", job_tags=tags.tags_of(run)))
    assert world.control.logs.tail(run.id) == []


def test_dagsters_bookkeeping_stays_in_dagster() -> None:
    """Step starts and ends are worth a line, handled outputs are not."""
    assert module.is_wanted(record("said"))
    assert module.is_wanted(record("step", event=Event("STEP_START")))
    assert not module.is_wanted(record("output", event=Event("HANDLED_OUTPUT")))


def test_a_line_of_no_run_is_passed_over() -> None:
    """The handler is in every process; only runs have a row."""
    assert module.fence_of_record(record("daemon")) is None


def test_a_database_that_is_away_does_not_stop_the_run(
    monkeypatch: pytest.MonkeyPatch, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line that cannot be written is lost, not raised."""

    def away() -> None:
        raise Unavailable

    monkeypatch.setattr(module, "this_platform", away)
    world.queue()
    RunLogHandler().handle(record("said", job_tags=tags.tags_of(world.claim())))
    assert "Unavailable" in capsys.readouterr().err


def test_a_step_that_was_not_reached_is_no_error() -> None:
    """Dagster logs each of them as one: nothing went wrong there."""
    dagsters = "Dependencies for step deployment failed: ['database']. Not executing."
    made = record(dagsters, level=logging.ERROR)
    assert (level_of(made), line_of(made)) == ("info", "deployment was not reached")


def record(message: str, *, level: int = logging.INFO, event: Event | None = None, **meta: object) -> logging.LogRecord:
    """Return a record as Dagster makes it."""
    made = logging.LogRecord("dagster", level, __file__, 1, f"job - run - {message}", (), None)
    made.dagster_meta = {"orig_message": message, **meta}
    if event is not None:
        made.dagster_event = event
    return made
