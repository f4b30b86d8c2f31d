"""Environments that stop, sleep, wake and are replaced, asked through the router by real steps and a real queue."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg
import httpx
import pytest

from odooops_dagster.control.environments import Environments
from odooops_dagster.doors.router.routes import route
from odooops_dagster.home import environment_notice, service_name
from odooops_dagster.model import Environment, Fence, Run
from odooops_dagster.steps.environment import front
from odooops_dagster.tools.front import line, notices
from schedules.idle_previews import idle_previews
from sensors.ops_queue import wake
from tests.dagster.promotions import GOOD, Promoting
from tests.routers import PATIENCE, routing
from tests.suites.processes import eventually

PAGE = {"Accept": "text/html"}


@pytest.fixture
def client(hosted: Promoting) -> Iterator[httpx.Client]:
    """Yield a client of the router before the production."""
    settings = hosted.estate.settings
    settings.home.mkdir(exist_ok=True)
    with (
        routing(lambda head, client: route(settings, head, client=client), home=settings.home) as port,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Host": f"{hosted.environment.host_label}.localhost"},
            timeout=PATIENCE,
        ) as found,
    ):
        yield found


def served(hosted: Promoting, kind: str, **config: object) -> Run:
    """Stop or start the production."""
    run = hosted.estate.queue("main", kind, **config)  # type: ignore[arg-type]
    hosted.estate.work_off()
    return hosted.control.runs.get(run.id)


@contextmanager
def asking(client: httpx.Client, *, every: float = 0.02) -> Iterator[Counter[str]]:
    """Ask again and again during the block, and count the answers by status or by what is said of an update."""
    answers: Counter[str] = Counter()
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(every):
            try:
                answer = client.get("/orders")
            except httpx.HTTPError as exc:
                answers[f"lost: {exc}"] += 1
            else:
                told = " being updated" if "is being updated" in answer.text else ""
                answers[f"{answer.status_code}{told}"] += 1

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join(PATIENCE)


def test_an_environment_sleeps_and_wakes_and_stops(hosted: Promoting, client: httpx.Client) -> None:
    """What sleeps starts for the first who asks; what a person stops stays stopped until a person starts it."""
    before = hosted.serves()
    assert client.get("/orders").status_code == 200
    _sleep(hosted)
    _wake(hosted, client)
    assert (hosted.environment.status, hosted.serves()) == ("running", before)
    _stop_for_good(hosted, client)
    _ask_while_a_stop_waits(hosted, client)
    _note_who_is_asked_for(hosted, client)


def _sleep(hosted: Promoting) -> None:
    run = served(hosted, "stop", until_asked=True)
    assert run.status == "succeeded", run.error_message
    assert hosted.environment.status == "stopped"
    assert set(hosted.services().values()) == {"stopped"}
    assert hosted.keep_house() == [], "what sleeps is as its row says"


def _wake(hosted: Promoting, client: httpx.Client) -> None:
    """Let two people ask: the page waits, then it is the page that was asked for."""
    settings = hosted.estate.settings
    for _ in range(2):
        assert "is starting" in client.get("/orders", headers=PAGE).text
        wake(hosted.control, settings)
    assert line.wanted(settings.home) == []
    [start] = hosted.estate.work_off()
    assert (start.kind, start.trigger, start.status) == ("start", "request", "succeeded")
    assert client.get("/orders", headers=PAGE).status_code == 200


def _stop_for_good(hosted: Promoting, client: httpx.Client) -> None:
    served(hosted, "stop")
    assert "ops env start" in client.get("/orders", headers=PAGE).text
    wake(hosted.control, hosted.estate.settings)
    assert hosted.estate.work_off() == []
    assert served(hosted, "start").status == "succeeded"
    assert client.get("/orders").status_code == 200


def _ask_while_a_stop_waits(hosted: Promoting, client: httpx.Client) -> None:
    """Nobody waits for a start that was not needed."""
    run = hosted.estate.queue("main", "stop", until_asked=True)  # type: ignore[arg-type]
    client.get("/orders")
    hosted.estate.work_off()
    assert hosted.control.runs.get(run.id).status == "succeeded"
    assert hosted.environment.status == "running"
    assert set(hosted.services().values()) == {"running"}


def _note_who_is_asked_for(hosted: Promoting, client: httpx.Client) -> None:
    before = hosted.environment.last_used_at
    client.get("/orders")
    context = dg.build_schedule_context(instance=hosted.estate.instance)
    told = idle_previews(context, control=hosted.control, settings=hosted.estate.settings)
    assert isinstance(told, dg.SkipReason)
    assert told.skip_message == "no preview is idle"
    after = hosted.environment.last_used_at
    assert before is not None
    assert after is not None
    assert after > before


def test_a_stop_or_start_that_is_killed_leaves_what_the_record_says(
    hosted: Promoting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On either side of the record the environment is whole, and housekeeping goes on from there."""
    for kind, is_recorded in (("stop", False), ("stop", True), ("start", False), ("start", True)):
        with monkeypatch.context() as patch:
            _kill(patch, type(hosted.control.environments), after=is_recorded)
            with suppress(KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
                served(hosted, kind, **({"until_asked": True} if kind == "stop" else {}))
        for run in hosted.control.runs.active():
            hosted.control.runs.cancel(run.id)
        hosted.keep_house()
        is_to_run = (kind == "start") == is_recorded
        expected = "running" if is_to_run else "stopped"
        assert hosted.environment.status == expected, (kind, is_recorded)
        assert hosted.estate.runtime.status(service_name(hosted.environment))[0].state == expected, (kind, is_recorded)
        notice = notices.read(environment_notice(hosted.estate.settings.home, hosted.environment.host_label))
        assert (notice and notice.state) == (None if is_to_run else "asleep")


def _kill(patch: pytest.MonkeyPatch, environments: type[Environments], *, after: bool) -> None:
    """Let the next stop or start be killed before or after it is on the record; a killed process tells nothing."""
    record = environments.record_service

    def killed(self: Environments, fence: Fence) -> Environment:
        if after:
            record(self, fence)
        raise KeyboardInterrupt

    patch.setattr(environments, "record_service", killed)
    patch.setattr(front, "tell", lambda *_: None)


def test_a_release_loses_no_request(hosted: Promoting, client: httpx.Client) -> None:
    """Its proved candidate answers while the service is replaced; an update of modules says what it is."""
    for version, files, expected in (
        ("1.1", {"README.md": "new words"}, {"200"}),
        ("1.2", {"shop/update.sql": GOOD}, {"200", "503 being updated"}),
    ):
        release = hosted.release(version, files)
        with asking(client) as answers:
            done = hosted.promote(release)
            known = answers.total()
            eventually(lambda known=known, answers=answers: answers.total() > known + 5, what="answers of the release")  # type: ignore[misc]
        assert done.status == "succeeded", hosted.run_of(done).error_message
        assert hosted.serves()[0] == release.image_digest
        assert set(answers) == expected, (version, answers)
        assert len(hosted.services()) == 1
    assert client.get("/orders").status_code == 200
