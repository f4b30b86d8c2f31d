"""The sensor that learns of pushes by asking: soon, as often as it may, and each repository on its own."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.waiting import push_looks
from odooops_dagster.model import Project, Push
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.poll import poll_project
from sensors import github_pushes as sensor
from tests.repositories import Repository

# How long an answer is held that no tick may wait for, and what a tick takes at most on a busy machine.
HELD_SECONDS = 60.0
TICK_SECONDS = 30.0


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor, "WAIT_SECONDS", 0.0)
    # git may be slow on a busy machine
    monkeypatch.setattr(sensor, "ANSWER_SECONDS", 20.0)


@pytest.fixture
def shop(control: ControlPlane, tmp_path: Path) -> Repository:
    """A repository with one branch, and the project that watches it."""
    repository = Repository(tmp_path)
    repository.commit({"sale_tax/__manifest__.py": "{}"})
    control.projects.create("shop", repo_url=repository.url, odoo_version="19.0")
    return repository


def test_a_push_is_noticed_by_the_tick_that_waits_for_it(
    control: ControlPlane, shop: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick that found nothing looks on for a while."""
    pushed: list[str] = []

    def poll(plane: ControlPlane, project: Project, *, key: Path | None = None) -> list[UUID]:
        found = poll_project(plane, project, key=key)
        if found:
            push_looks.end()
        elif not pushed:
            pushed.append(shop.commit({"b": "1"}, branch="feature/late"))
        return found

    tick(control)
    monkeypatch.setattr(sensor, "poll_project", poll)
    monkeypatch.setattr(sensor, "WAIT_SECONDS", 60.0)
    assert "1 runs queued" in tick(control, poll_seconds=0)
    assert pushed
    assert [run.kind for run in control.runs.list("shop") if run.git_ref == "refs/heads/feature/late"] == ["deploy"]


def test_a_repository_is_asked_no_more_often_than_the_settings_say(
    control: ControlPlane, shop: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking often is not asking often."""
    monkeypatch.setattr(sensor, "WAIT_SECONDS", 1.2)
    shop.commit({"b": "1"}, branch="feature/x")
    assert "1 times asked, 2 runs queued" in tick(control)


@pytest.mark.usefixtures("shop")
def test_a_repository_that_is_gone_does_not_hold_up_the_others(control: ControlPlane, tmp_path: Path) -> None:
    """Its failure is noted; the other's branches are queued in the same tick."""
    control.projects.create("gone", repo_url=str(tmp_path / "gone.git"), odoo_version="19.0")
    assert "2 times asked, 1 runs queued" in tick(control)
    assert control.projects.get("gone").poll_error


@pytest.mark.usefixtures("shop")
def test_a_forge_that_answers_late_holds_up_neither_the_tick_nor_the_others(
    control: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, and the tick after its answer tells what came of it."""
    late = control.projects.create("late", repo_url="https://forge.example/late.git", odoo_version="19.0")
    answered, asked = threading.Event(), []

    def poll(plane: ControlPlane, project: Project, *, key: Path | None = None) -> list[UUID]:
        asked.append(project.slug)
        if project.id == late.id:
            answered.wait(timeout=HELD_SECONDS)
            return [project.id]
        return poll_project(plane, project, key=key)

    monkeypatch.setattr(sensor, "poll_project", poll)
    monkeypatch.setattr(sensor, "ANSWER_SECONDS", 1.0)
    began = time.monotonic()
    told = [tick(control)]
    assert time.monotonic() - began < TICK_SECONDS
    while not any("1 runs queued" in each for each in told):  # git may be slow on a busy machine
        assert time.monotonic() - began < HELD_SECONDS
        told.append(tick(control))
    told.append(tick(control))
    assert all("0 times asked" in each for each in told[1:])
    answered.set()
    monkeypatch.setattr(sensor, "ANSWER_SECONDS", 20.0)
    assert "1 runs queued" in tick(control)
    assert sorted(asked) == ["late", "shop"]


def test_a_delivery_makes_its_repository_be_asked_in_the_same_tick(control: ControlPlane, shop: Repository) -> None:
    """Its commit is not there: what runs is what the repository has."""
    tick(control)
    head = shop.commit({"b": "1"}, branch="feature/told")
    push = Push(repo_url=shop.url, ref="refs/heads/feature/told", sha="f" * 40, previous_sha="0" * 40)
    control.pushes.receive("d1", event="push", push=push, payload={})
    assert "1 deliveries noted, 1 times asked, 1 runs queued" in tick(control, poll_seconds=3600)
    told = [run.git_sha for run in control.runs.list("shop") if run.git_ref == "refs/heads/feature/told"]
    assert told == [head]


def tick(control: ControlPlane, *, poll_seconds: int = 30) -> str:
    """Evaluate the sensor once and return what it says."""
    context = dg.build_sensor_context()
    answer = sensor.github_pushes(context, control=control, settings=Settings(poll_seconds=poll_seconds))
    assert isinstance(answer, dg.SkipReason)
    return str(answer.skip_message)
