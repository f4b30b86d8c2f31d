"""What announces work is heard at once; what is lost is found all the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import announced, waiting
from odooops_dagster.engine.announced import Listener, rest_from_messages, rest_from_pushes, rest_from_runs
from odooops_dagster.engine.waiting import Looks
from odooops_dagster.model import Push
from tests.dagster.world import World
from tests.suites.processes import eventually

HOUR = 3600.0
LISTENERS = (
    "select pid from pg_stat_activity where application_name = 'odooops listening' and datname = current_database()"
)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a quiet minute."""
    monkeypatch.setattr(waiting, "_QUIET_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(waiting, "_REST_SECONDS", HOUR)


def patiently() -> Looks:
    """Looks that see nothing for an hour unless it is announced."""
    return Looks(often=HOUR, seldom=HOUR)


@contextmanager
def listening(control: ControlPlane, home: Path, **hearers: Looks) -> Iterator[Listener]:
    """Yield a listener that hears others."""
    listener = Listener({word: [looks] for word, looks in hearers.items()}, again_seconds=0.05)
    listener.start(control, home)
    try:
        eventually(lambda: listener.hears, what="the listener hears")
        yield listener
    finally:
        listener.close()
        end(listener, control)


def end(listener: Listener, control: ControlPlane) -> None:
    """End the listener, and wait until its connection is closed."""
    listener.close()
    control.work.announce("the end")
    eventually(lambda: not listener.is_alive, what="its end")


def seen_after(looks: Looks, home: Path, act: Callable[[], object]) -> float:
    """Return how long after the act a tick looks that had seen nothing before."""
    tick = looks.until(HOUR, home=home)
    next(tick)
    act()
    began = time.monotonic()
    next(tick)
    return time.monotonic() - began


def queue(world: World, commit: str) -> None:
    """Queue a run."""
    world.control.runs.queue(world.project.id, env="feature/cart", git_sha=commit * 40, ref="refs/heads/feature/cart")


def receive(world: World) -> None:
    """Take the delivery of a push."""
    push = Push(repo_url=world.project.repo_url, ref="refs/heads/main", sha="b" * 40, previous_sha=None, forced=False)
    world.control.pushes.receive("delivery-1", event="push", push=push, payload={})


@pytest.mark.parametrize(
    ("word", "act"),
    [
        ("runs", lambda world: queue(world, "a")),
        ("pushes", receive),
        ("messages", lambda world: world.control.messages.queue_test(channel="mail", recipient="ann@example.com")),
    ],
)
def test_work_is_looked_for_when_it_is_made(world: World, word: str, act: Callable[[World], object]) -> None:
    """Each kind of work wakes those who do it."""
    looks = patiently()
    with listening(world.control, world.settings.home, **{word: looks}):
        assert seen_after(looks, world.settings.home, lambda: act(world)) < 20


def test_a_run_that_is_given_back_is_announced(world: World) -> None:
    """It waits in the queue again, and nothing was inserted."""
    queue(world, "a")
    (run,) = world.control.runs.claim("somebody")
    looks = patiently()
    with listening(world.control, world.settings.home, runs=looks):
        requeue = world.control.runs.requeue
        assert seen_after(looks, world.settings.home, lambda: requeue(run.id, attempt=run.attempt, reason="x")) < 20


def test_what_is_rolled_back_is_announced_to_nobody(world: World, database: str) -> None:
    """An announcement comes with the commit of its transaction."""
    heard = world.control.work.announcements(pause_seconds=0.3)
    assert next(heard) is None
    with psycopg.connect(database) as owner:
        owner.execute("select ops.announce_work('runs')")
        owner.rollback()
        assert next(heard) is None
        owner.execute("select ops.announce_work('runs')")
        owner.commit()
    assert next(heard) == "runs"


def test_what_comes_while_the_connection_is_gone_is_seen(world: World, database: str) -> None:
    """A backend that is terminated takes its listener's announcements along: the next one looks before it trusts."""
    looks = patiently()
    with (
        listening(world.control, world.settings.home, runs=looks) as listener,
        psycopg.connect(database, autocommit=True) as owner,
    ):

        def lose_it() -> None:
            # in one transaction: nobody hears the announcement, because nobody listens when it is made
            with owner.transaction():
                owner.execute(f"select pg_terminate_backend(pid, 5000) from ({LISTENERS}) as l")
                owner.execute("select ops.announce_work('lost')")

        assert seen_after(looks, world.settings.home, lose_it) < 20
        eventually(lambda: listener.hears, what="the listener hears")
        assert seen_after(looks, world.settings.home, lambda: queue(world, "c")) < 20


def test_a_listener_that_hears_nobody_is_not_relied_on(world: World) -> None:
    """Behind a pooler of transactions LISTEN succeeds, and nothing ever comes."""
    ends: list[str | None] = []

    class Deaf:
        """Work whose listener gets nothing."""

        def announcements(self, *, pause_seconds: float) -> Iterator[str | None]:
            """Yield the end of each pause alone."""
            for word in world.control.work.announcements(pause_seconds=pause_seconds / 100):
                if word is None:
                    ends.append(word)
                    yield None

        announce = staticmethod(world.control.work.announce)

    control = ControlPlane.over(None)  # type: ignore[arg-type]
    control.work = Deaf()  # type: ignore[assignment]
    listener = Listener({})
    listener.start(control, world.settings.home)
    eventually(lambda: len(ends) > 5, what="six pauses without a word")
    assert not listener.hears
    end(listener, world.control)


def test_a_notification_that_is_lost_makes_work_late_and_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow look finds it."""
    monkeypatch.setattr(waiting, "_REST_SECONDS", 0.5)
    looks = Looks(often=0.0, seldom=0.0)
    tick = looks.until(HOUR, home=world.settings.home, rest=lambda: HOUR)
    next(tick)
    queue(world, "d")
    began = time.monotonic()
    next(tick)
    assert time.monotonic() - began > 0.4


def test_who_hears_rests_while_nothing_is_unfinished_or_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only time brings is looked for in time: no announcement tells it."""
    control, settings = world.control, world.settings
    settings = settings.model_copy(update={"poll_seconds": 600})
    listener = Listener({})
    monkeypatch.setattr(announced, "_listener", listener)
    runs, pushes = rest_from_runs(control, settings), rest_from_pushes(control, settings)
    messages = rest_from_messages(control, settings)
    with listening(control, settings.home) as hearing:
        monkeypatch.setattr(announced, "_listener", hearing)
        assert runs() > HOUR
        queue(world, "e")
        assert runs() == 0.0
        control.runs.claim("somebody")
        assert runs() == 0.0
        control.messages.queue_test(channel="mail", recipient="ann@example.com")
        assert messages() <= 0.0
        assert pushes() <= 0.0
        control.pushes.record_heads(world.project.id, heads={"main": "f" * 40})
        assert 500 < pushes() <= 600
        receive(world)
        assert pushes() <= 0.0
