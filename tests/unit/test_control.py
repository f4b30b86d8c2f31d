"""The control plane as Python sees it: values in, values out, one kind of error."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from odooops_dagster.control import ControlPlane, database
from odooops_dagster.control.logs import RunLogWriter
from odooops_dagster.errors import BadInput, Conflict, Fenced, NotFound, Unavailable
from odooops_dagster.model import CheckResult, Environment, Evidence, Fence, LogLine, Project, Push, Run

SHA = "a" * 40


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return a project."""
    return control.projects.create("shop", repo_url="https://github.com/acme/shop.git", odoo_version="19.0")


@pytest.fixture
def run(control: ControlPlane, project: Project) -> Run:
    """Return a queued deployment."""
    run_id = control.runs.queue(project.id, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    return control.runs.get(run_id)


@pytest.fixture
def fence(control: ControlPlane, run: Run) -> Fence:
    """Return the fence of the run at work."""
    (claimed,) = control.runs.claim("w1")
    fence = Fence(run_id=run.id, attempt=claimed.attempt, worker_id="w1")
    control.runs.start(fence, dagster_run_id="dagster-1")
    return fence


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """Yield a control plane whose database does not answer."""
    with ControlPlane("postgresql://nobody@127.0.0.1:1/nothing") as control:
        monkeypatch.setattr(database, "PATIENCE_SECONDS", 1.0)  # a test does not wait as long as a person
        yield control


def test_a_run_goes_from_the_queue_to_its_end(control: ControlPlane, run: Run) -> None:
    """Queue, peek, claim, renew, start, heartbeat, complete."""
    assert [(row["run_number"], row["waits_for"]) for row in control.runs.queued()] == [(1, "a free worker")]
    assert control.runs.peek(5) == [run]
    (claimed,) = control.runs.claim("w1", limit=5)
    fence = Fence(run_id=run.id, attempt=claimed.attempt, worker_id="process")
    control.runs.renew(run.id, attempt=1, dagster_run_id="dagster-1", lease_seconds=5)
    assert control.runs.start(fence, dagster_run_id="dagster-1").status == "running"
    assert control.runs.heartbeat(fence) is False
    assert [active.id for active in control.runs.active()] == [run.id]
    assert control.runs.active_count() == 1
    assert control.runs.complete(fence, exit_code=0) == "succeeded"
    assert control.runs.complete(fence, exit_code=0) == "succeeded"
    assert control.runs.end_dagster_run("dagster-1", status="failed") is False
    assert control.runs.by_number("shop", 1).status == "succeeded"
    assert [found.id for found in control.runs.list("shop", status="succeeded")] == [run.id]
    assert control.runs.list("shop", status="failed") == []
    assert control.runs.verify_chain(run.id) is True


def test_a_cancel_reaches_the_worker_through_its_heartbeat(control: ControlPlane, fence: Fence) -> None:
    """And the list of those to be stopped."""
    assert control.runs.cancel_requested() == []
    assert control.runs.cancel(fence.run_id, reason="no need", requested_by="ann") == "running"
    assert [run.id for run in control.runs.cancel_requested()] == [fence.run_id]
    assert control.runs.heartbeat(fence) is True
    assert control.runs.complete(fence, exit_code=None, canceled=True) == "canceled"


def test_a_given_up_attempt_fences_its_worker(control: ControlPlane, fence: Fence) -> None:
    """Whatever it still says is refused, in one kind of error."""
    assert control.runs.requeue(fence.run_id, attempt=1, reason="gone") == "queued"
    assert control.runs.requeue_expired(spare=[fence.run_id]) == []
    with pytest.raises(Fenced) as caught:
        control.runs.complete(fence, exit_code=0)
    assert caught.value.hint
    with pytest.raises(Fenced):
        control.logs.append(fence, [LogLine(level="info", message="late")])


def test_a_retry_is_another_run(control: ControlPlane, fence: Fence) -> None:
    """Linked to the first."""
    with pytest.raises(Conflict):
        control.runs.retry(fence.run_id)
    control.runs.complete(fence, exit_code=1, error_message="no module named x")
    again = control.runs.get(control.runs.retry(fence.run_id, requested_by="ann"))
    assert (again.retry_of, again.requested_by) == (fence.run_id, "ann")


def test_a_run_born_in_dagster_gets_a_fence(control: ControlPlane, run: Run) -> None:
    """Unless another works there."""
    control.runs.cancel(run.id)

    def enroll(dagster_run_id: str) -> Fence:
        return control.runs.enroll(
            dagster_run_id, partition_key=str(run.partition_key), kind="deploy", requested_by=None, worker_id="ui"
        )

    fence = enroll("dagster-1")
    assert enroll("dagster-1") == fence
    assert control.runs.start(fence, dagster_run_id="dagster-1").trigger == "dagster_ui"
    with pytest.raises(Conflict):
        enroll("dagster-2")


def test_what_a_run_leaves_is_read_back(control: ControlPlane, fence: Fence) -> None:
    """Lines, events, files, answers and lineage."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [LogLine(level="info", message="one\x00", logged_at=at, metadata={"path": "\x00", "id": uuid4(), "at": at})]
    assert control.logs.append(fence, [*lines, LogLine(level="error", message="two")]) == 2
    assert control.logs.append(fence, []) == 0
    first, second = control.logs.tail(fence.run_id)
    assert (first["message"], first["timestamp"]) == ("one\N{REPLACEMENT CHARACTER}", at)
    assert control.logs.tail(fence.run_id, after_id=first["id"]) == [second]
    control.logs.event(fence, level="warn", message="slow", payload={"seconds": 3})
    assert control.logs.events(fence.run_id)[-1]["event_type"] == "warning"
    evidence = Evidence(key="log", url="file:///log", sha256="0" * 64, size_bytes=3, content_type="text/plain")
    control.artifacts.add(fence, evidence)
    assert [row["artifact_key"] for row in control.artifacts.list(fence.run_id)] == ["log"]
    control.checks.record(fence, CheckResult(name="healthy", passed=True, summary="answers", metadata={"ms": 3}))
    assert [(row["name"], row["passed"]) for row in control.checks.list(fence.run_id)] == [("healthy", True)]
    control.lineage.record(
        fence, asset_key="image", partition_key="shop/feature/a", code_version="1", data_version="2", inputs={"a": "b"}
    )
    assert [row["inputs"] for row in control.lineage.list(fence.run_id)] == [{"a": "b"}]


def test_a_name_that_is_no_utf8_is_written_by_its_bytes(control: ControlPlane, fence: Fence) -> None:
    """Git takes any name, and no line, reason or fact may be lost for it; a letter of any script stays."""
    name = os.fsdecode(b"pr\xe9/\xff") + "\ud800 é 😀"
    shown = r"pr\xe9/\xff" + "\N{REPLACEMENT CHARACTER} é 😀"
    control.logs.append(fence, [LogLine(level="info", message=name, metadata={"path": name})])
    [line] = control.logs.tail(fence.run_id)
    assert line["message"] == shown
    control.logs.event(fence, level="warn", message=name, payload={"paths": [name]})
    event = control.logs.events(fence.run_id)[-1]
    assert (event["message"], event["payload"]["paths"]) == (shown, [shown])
    control.runs.complete(fence, exit_code=1, error_message=name)
    assert control.runs.get(fence.run_id).error_message == shown


def test_an_environment_shows_what_was_deployed(
    control: ControlPlane, project: Project, fence: Fence, database: str
) -> None:
    """And gives up its place when it is destroyed."""
    environment = control.environments.get("shop/feature/a")
    assert (environment.status, environment.stage) == ("building", "development")
    deployed = deploy(control, fence, "db1")
    assert deployed == (None, "running")
    with psycopg.connect(database) as connection:
        connection.execute("select ops.set_environment_status(%s, 'stopped')", [environment.id])
    assert control.environments.by_id(environment.id).status == "stopped"
    assert control.environments.ensure(project.id, branch="feature/a").id == environment.id
    assert [found.id for found in control.environments.list("shop")] == [environment.id]
    control.runs.complete(fence, exit_code=0)
    (destroy,) = control.environments.expire()
    (claimed,) = control.runs.claim("w1")
    assert (claimed.id, claimed.kind) == (destroy, "destroy")
    ending = Fence(run_id=destroy, attempt=1, worker_id="w1")
    control.runs.start(ending)
    control.environments.record_destruction(ending)
    assert control.environments.get("shop/feature/a").status == "destroyed"


def deploy(control: ControlPlane, fence: Fence, database_name: str) -> tuple[str | None, str]:
    """Deploy with an end long past; return the database before and the environment's state."""
    previous = control.environments.record_deployment(
        fence,
        url="http://a.localhost",
        port=8100,
        database_name=database_name,
        image_digest="sha256:1",
        git_sha=SHA,
        expires_at=datetime(2000, 1, 1, tzinfo=UTC),
    )
    return previous, control.environments.get("shop/feature/a").status


def test_pushes_and_polls_become_runs(control: ControlPlane, project: Project) -> None:
    """A push makes the repository due, and its answer is what runs."""
    control.pushes.record_heads(project.id, heads={"main": SHA})
    push = Push(repo_url="git@github.com:acme/shop.git", ref="refs/heads/feature/a", sha=SHA, pusher="ann")
    assert control.pushes.receive("d1", event="push", push=push, payload={"size": 1}) == "accepted"
    assert control.pushes.receive("d1", event="push", push=push, payload={"size": 1}) == "duplicate"
    assert control.projects.to_poll(older_than_seconds=30) == []
    assert [row["outcome"] for row in control.pushes.apply(limit=5)] == ["due"]
    assert [found.slug for found in control.projects.to_poll(older_than_seconds=30)] == ["shop"]
    (deployed,) = control.pushes.record_heads(project.id, heads={"feature/a": SHA, "main": SHA})
    assert (control.runs.get(deployed).kind, control.runs.get(deployed).requested_by) == ("deploy", "ann")
    assert control.projects.to_poll(older_than_seconds=30) == []
    with pytest.raises(BadInput):
        control.pushes.record_heads(project.id, heads={})


def test_templates_and_workers_are_remembered(control: ControlPlane, fence: Fence, database: str) -> None:
    """By key, and by name."""
    assert control.templates.get("k") is None
    for name in ("t1", "t1"):
        control.templates.remember(fence, key="k", series="19.0", database_name=name, modules=("base",), tests={"n": 1})
    with pytest.raises(Conflict):
        control.templates.remember(fence, key="k", series="19.0", database_name="t2", modules=("base",))
    found = control.templates.get("k")
    assert found is not None
    assert (found["database_name"], found["modules"], found["tests"]) == ("t1", ["base"], {"n": 1})
    assert [row["key"] for row in control.templates.list()] == ["k"]
    assert control.templates.forget("t1") is True
    control.workers.heartbeat("w1", kind="dagster", metadata={"pid": 1})
    with psycopg.connect(database) as connection:
        assert connection.execute("select id from ops.workers").fetchall() == [("w1",)]


def test_a_project_is_archived(control: ControlPlane, project: Project) -> None:
    """And takes nothing new."""
    assert [found.slug for found in control.projects.list()] == ["shop"]
    assert control.projects.archive("shop").status == "archived"
    with pytest.raises(Conflict):
        control.runs.queue(project.id, env="main", git_sha=SHA, ref=None)


def test_what_is_not_there_is_not_found(control: ControlPlane) -> None:
    """With the command that lists what is."""
    for find in (
        lambda: control.projects.get("nothing"),
        lambda: control.environments.get("nothing/main"),
        lambda: control.environments.by_id(uuid4()),
        lambda: control.runs.get(uuid4()),
        lambda: control.runs.by_number("nothing", 1),
        lambda: control.runs.verify_chain(uuid4()),
    ):
        with pytest.raises(NotFound) as caught:
            find()
        assert caught.value.hint


def test_what_cannot_be_read_is_bad_input(control: ControlPlane, project: Project) -> None:
    """A stage or kind that does not exist is the caller's mistake."""
    with pytest.raises(BadInput):
        control.environments.ensure(project.id, branch="main", stage="nowhere")  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        control.runs.queue(project.id, env="main", git_sha=SHA, ref=None, kind="nothing")  # type: ignore[arg-type]


def test_a_database_that_is_away_is_said_in_one_line_with_the_remedy(dead: ControlPlane) -> None:
    """Never a driver's traceback."""
    with pytest.raises(Unavailable) as caught:
        dead.runs.active_count()
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_a_database_without_the_schema_says_how_to_get_it(empty_database: str) -> None:
    """The first thing a new operator meets."""
    with ControlPlane(empty_database) as control, pytest.raises(Unavailable) as caught:
        control.runs.active_count()
    assert caught.value.hint == "Run: ops db migrate"


def test_calls_go_on_after_the_server_dropped_their_connections(control: ControlPlane, database: str) -> None:
    """A restart of PostgreSQL costs no call."""
    control.runs.active_count()
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
            " where application_name = 'odooops' and datname = current_database()"
        )
    control.runs.active_count()


def test_a_loop_of_calls_asks_nothing_else(control: ControlPlane, database: str) -> None:
    """A look at the queue is one transaction: an idle platform looks eight times a second."""
    with psycopg.connect(database, autocommit=True) as owner:

        def transactions() -> int:
            time.sleep(1.5)  # a backend counts its transactions at most once a second
            owner.execute("select pg_stat_clear_snapshot()")
            row = owner.execute(
                "select xact_commit from pg_stat_database where datname = current_database()"
            ).fetchone()
            return int(row[0]) if row else 0

        control.runs.active_count()
        before = transactions()
        for _ in range(200):
            control.runs.active_count()
        time.sleep(1.5)
        control.runs.active_count()
        assert 200 <= transactions() - before < 260


def test_a_log_writer_sends_its_lines_in_order_and_all_of_them(control: ControlPlane, fence: Fence) -> None:
    """Closing sends the rest."""
    writer = RunLogWriter(control, fence)
    for number in range(2500):
        writer.write("info", f"line {number}", {"number": number})
    writer.close()
    lines = control.logs.tail(fence.run_id, limit=5000)
    assert [line["message"] for line in lines] == [f"line {number}" for number in range(2500)]


def test_a_log_writer_keeps_its_lines_while_the_database_is_away(
    control: ControlPlane, fence: Fence, dead: ControlPlane
) -> None:
    """They arrive when it is back, before those that came later."""
    writer = RunLogWriter(control, fence)
    real, writer._logs = writer._logs, dead.logs  # noqa: SLF001
    writer.write("info", "early")
    writer.flush()
    writer._logs = real  # noqa: SLF001
    writer.write("info", "late")
    writer.close()
    assert [line["message"] for line in control.logs.tail(fence.run_id)] == ["early", "late"]


def test_a_log_writer_of_a_lost_attempt_drops_its_lines_quietly(control: ControlPlane, fence: Fence) -> None:
    """The fence is for the worker to hear at its heartbeat, not for a log thread."""
    control.runs.requeue(fence.run_id, attempt=1, reason="gone")
    writer = RunLogWriter(control, fence)
    writer.write("info", "late")
    writer.close()
    assert control.logs.tail(fence.run_id) == []


def test_values_are_what_their_rows_say(control: ControlPlane, run: Run) -> None:
    """Rows become frozen values of the model."""
    environment = control.environments.get(str(run.partition_key))
    assert isinstance(run.id, UUID)
    assert isinstance(environment, Environment)
    assert (run.environment_id, run.project_slug) == (environment.id, environment.project_slug)


def test_members_are_set_listed_and_removed(control: ControlPlane, project: Project) -> None:
    """A project keeps an owner."""
    owner, viewer = uuid4(), uuid4()
    control.members.set(project.id, owner, "owner")
    control.members.set(project.id, viewer, "viewer")
    found = {row["user_id"]: row["role"] for row in control.members.list("shop")}
    assert found == {owner: "owner", viewer: "viewer"}
    assert control.members.remove(project.id, viewer) is True
    assert control.members.remove(project.id, viewer) is False
    with pytest.raises(Conflict, match="keeps an owner"):
        control.members.remove(project.id, owner)
    with pytest.raises(BadInput):
        control.members.set(project.id, viewer, "boss")
