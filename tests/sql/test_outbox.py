"""What happened is told by messages, each once, in the transaction of what it tells."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from tests.sql.world import Caller, World, refused

SHA = "c" * 40


def with_forge(world: World, slug: str = "shop") -> None:
    """Give the project a forge."""
    world.rows("select ops.set_project_forge(%s, 'github', 'https://api.github.com', %s)", slug, f"acme/{slug}")


def rule(world: World, *events: str, to: str = "anna@example.com", **more: str) -> None:
    """Make a rule of mails."""
    names = "".join(f", p_{name} => %s" for name in more)
    world.rows(
        f"select ops.create_notification_rule(%s, 'mail', %s{names})".replace("%%", "%"),
        list(events), to, *more.values(),
    )  # fmt: skip


def outbox(world: World, **equal: str) -> list[tuple[str, str]]:
    """Return kind and state of the messages, oldest first."""
    rows = world.rows("select * from ops.outbox order by id")
    return [(row["kind"], row["state"]) for row in rows if all(str(row[key]) == equal[key] for key in equal)]


def deploy(world: World, project: UUID, sha: str = SHA, **options: object) -> UUID:
    """Queue, claim and start a deployment of a commit."""
    run_id = world.queue(project, "feature/a", sha, **options)
    assert [row["id"] for row in world.claim()] == [run_id]
    world.start(run_id)
    return run_id


def fail(world: World, run_id: UUID, fault: str) -> None:
    """End the run's first attempt as failed."""
    world.rows("select ops.complete_workflow_run(%s, 1, 'a test failed', p_fault => %s)", run_id, fault)


def claim(caller: Caller, worker: str = "w1", **options: int) -> list[dict[str, Any]]:
    """Claim messages."""
    names = "".join(f", {name} => %s" for name in options)
    return caller.rows(f"select * from ops.claim_messages(%s{names})", worker, *options.values())


def delivered(caller: Caller, messages: list[dict[str, Any]]) -> int:
    """Record that messages were delivered."""
    query = "select ops.record_messages_delivered(%s, %s)"
    return int(caller.value(query, [m["id"] for m in messages], [m["attempts"] for m in messages]))


def failed(caller: Caller, messages: list[dict[str, Any]], **options: object) -> int:
    """Record that messages were not delivered."""
    names = "".join(f", {name} => %s" for name in options)
    ids, attempts = [m["id"] for m in messages], [m["attempts"] for m in messages]
    query = f"select ops.record_messages_failed(%s, %s, 'no answer'{names})"
    return int(caller.value(query, ids, attempts, *options.values()))


def make_due(world: World) -> None:
    """Let every message be due."""
    world.rows("update ops.outbox set next_at = now() where status = 'waiting' returning id")


def test_a_platform_that_tells_nobody_writes_nothing(world: World, project: UUID) -> None:
    """Without a forge and without rules there is no message."""
    fail(world, deploy(world, project), "platform")
    assert outbox(world) == []


@pytest.mark.parametrize(
    ("end", "state"), [("succeeded", "success"), ("project", "failure"), ("platform", "error"), ("canceled", "error")]
)
def test_a_commit_gets_its_status(world: World, project: UUID, end: str, state: str) -> None:
    """Waiting, then how the run ended; whose fault it was makes the difference."""
    with_forge(world)
    run_id = deploy(world, project)
    if end == "succeeded":
        world.complete(run_id)
    elif end == "canceled":
        world.rows("select ops.finish_run(%s, 'canceled')", run_id)
    else:
        fail(world, run_id, end)
    assert outbox(world) == [("commit_status", "pending"), ("commit_status", state)]
    payload = world.value("select payload from ops.outbox order by id desc limit 1")
    assert payload["sha"] == SHA
    assert payload["context"] == "odooops/development"
    assert payload["run_id"] == str(run_id)


def test_a_run_that_begins_in_dagster_is_pending_until_it_ends(world: World, project: UUID) -> None:
    """It is claimed from its start, and no error."""
    deployed = deploy(world, project)
    query = "select ops.record_deployment(%s, 1, 'https://a.example.com', 8069, 'a', 'sha256:1', %s)"
    world.rows(query, deployed, SHA)
    world.complete(deployed)
    with_forge(world)
    [row] = world.rows("select * from ops.enroll_run('d1', 'shop/feature/a', 'deploy')")
    assert outbox(world) == [("commit_status", "pending")]
    assert "was started in Dagster" in world.value("select payload ->> 'description' from ops.outbox")
    world.rows("select * from ops.start_workflow_run(%s, 'dagster', 1, 'd1')", row["run_id"])
    world.complete(row["run_id"])
    assert outbox(world) == [("commit_status", "pending"), ("commit_status", "success")]


def test_no_other_kind_of_run_tells_of_a_commit(world: World, project: UUID) -> None:
    """A clone of a branch says nothing of its commit."""
    world.complete(deploy(world, project))
    with_forge(world)
    world.complete(deploy(world, project, p_kind="destroy"))
    world.queue(project, "feature/b", "main")
    assert outbox(world) == []


def test_what_is_rolled_back_is_not_told(world: World, project: UUID) -> None:
    """The message is of the transaction of its event."""
    with_forge(world)
    with world.connection.transaction(force_rollback=True):
        world.queue(project, "feature/a", SHA)
    assert outbox(world) == []


def test_a_deployment_tells_the_address_and_its_end(world: World, project: UUID) -> None:
    """A forge shows the environment's URL until the environment is gone."""
    with_forge(world)
    run_id = deploy(world, project)
    query = "select ops.record_deployment(%s, 1, 'https://a.example.com', 8069, 'a', 'sha256:1', %s)"
    world.rows(query, run_id, SHA)
    world.rows(query, run_id, SHA)
    world.complete(run_id)
    status = world.value("select payload from ops.outbox where state = 'success' and kind = 'commit_status'")
    assert status["url"] == "https://a.example.com"
    gone = deploy(world, project, p_kind="destroy")
    world.rows("select ops.record_destruction(%s, 1)", gone)
    assert outbox(world, kind="deployment") == [("deployment", "success"), ("deployment", "inactive")]


def test_only_the_newest_state_of_a_subject_is_sent_to_a_forge(world: World, project: UUID) -> None:
    """A queue that ran faster than the forge tells how it ended, not how it got there."""
    with_forge(world)
    world.complete(deploy(world, project))
    assert [message["state"] for message in claim(world.worker())] == ["success"]
    statuses = world.rows("select status from ops.outbox order by id")
    assert [row["status"] for row in statuses] == ["superseded", "waiting"]


def test_the_next_state_waits_while_the_last_is_sent(world: World, project: UUID) -> None:
    """Two senders cannot tell a forge the end before the beginning."""
    with_forge(world)
    run_id = deploy(world, project)
    sender = world.worker()
    pending = claim(sender)
    world.complete(run_id)
    assert claim(world.worker(), "w2") == []
    assert delivered(sender, pending) == 1
    assert [message["state"] for message in claim(sender)] == ["success"]


def test_a_claim_that_ended_writes_nothing(world: World, project: UUID) -> None:
    """The attempt is the fence: a sender that comes back late changes nothing, and what it held is sent again."""
    with_forge(world)
    deploy(world, project)
    late = claim(world.worker())
    world.rows("update ops.outbox set lease_expires_at = now() - interval '1 second' returning id")
    again = claim(world.worker(), "w2")
    assert [message["id"] for message in again] == [message["id"] for message in late]
    assert delivered(world.worker(), late) == 0
    assert failed(world.worker(), late, p_is_final=True) == 0
    assert delivered(world.worker(), again) == 1
    assert delivered(world.worker(), again) == 0
    assert claim(world.worker()) == []


def test_a_failed_message_waits_longer_each_time(world: World, project: UUID) -> None:
    """Twice as long, an hour at most, and as long as the receiver says."""
    with_forge(world)
    deploy(world, project)
    sender, waits = world.worker(), []
    for _ in range(10):
        make_due(world)
        assert failed(sender, claim(sender)) == 1
        waits.append(world.value("select round(extract(epoch from next_at - clock_timestamp())) from ops.outbox"))
    assert claim(sender) == []
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    make_due(world)
    failed(sender, claim(sender), p_wait_seconds=7200)
    assert world.value("select next_at > now() + interval '119 minutes' from ops.outbox")


def test_a_dead_message_opens_an_alarm_until_one_arrives(world: World, project: UUID) -> None:
    """After a day of failures, or at once where none could succeed; a retry begins anew."""
    with_forge(world)
    run_id = deploy(world, project)
    sender = world.worker()
    for _ in range(30):
        make_due(world)
        failed(sender, claim(sender))
    alarm = "select description from ops.incidents where status = 'open' and key like 'outbox:%%'"
    assert "ops outbox retry" in world.value(alarm)
    assert world.value("select status from ops.outbox") == "dead"
    world.complete(run_id)
    assert failed(sender, claim(sender), p_is_final=True) == 1
    assert world.operator().value("select ops.retry_messages(%s, 'forge')", project) == 2
    assert delivered(sender, claim(sender)) == 1
    assert world.rows(alarm) == []
    assert [row["status"] for row in world.rows("select status from ops.outbox order by id")] == [
        "superseded",
        "delivered",
    ]


def test_a_new_token_sends_what_waits(world: World, project: UUID) -> None:
    """And a project without a forge any longer has nothing to send."""
    with_forge(world)
    deploy(world, project)
    sender = world.worker()
    failed(sender, claim(sender), p_is_final=True)
    with_forge(world)
    assert len(claim(sender)) == 1
    world.rows("select ops.set_project_forge('shop')")
    assert outbox(world) == []
    assert world.rows("select * from ops.project_forges") == []


@pytest.mark.parametrize("api", ["http://api.example.com", "https://user@api.example.com", "ftp://x", "https://a?b"])
def test_a_token_goes_over_no_readable_line(world: World, project: UUID, api: str) -> None:
    """Only to https, or to this machine."""
    assert project
    with refused("PT400"):
        world.rows("select ops.set_project_forge('shop', 'github', %s, 'acme/shop')", api)
    world.rows("select ops.set_project_forge('shop', 'github', 'http://127.0.0.1:8080/api', 'acme/shop')")


def test_a_failure_is_told_once_and_its_end_to_whom_it_was_told(world: World, project: UUID) -> None:
    """No repeat while it is red; who was told nothing hears of no end."""
    rule(world, "run")
    rule(world, "run", to="otto@example.com", fault="platform")
    for fault in ("project", "project", "project"):
        fail(world, deploy(world, project), fault)
    for _ in range(2):
        world.complete(deploy(world, project))
    assert outbox(world, recipient="anna@example.com") == [("run", "failed"), ("run", "succeeded")]
    assert outbox(world, recipient="otto@example.com") == []
    fail(world, deploy(world, project), "platform")
    world.complete(deploy(world, project))
    assert outbox(world, recipient="otto@example.com") == [("run", "failed"), ("run", "succeeded")]
    payload = world.value("select payload from ops.outbox where recipient like 'otto%%' and state = 'failed'")
    assert payload["fault"] == "platform"
    assert "operates the platform" in payload["act"]


def test_rules_choose_by_project_and_stage(world: World, project: UUID) -> None:
    """A rule of another project or stage hears nothing."""
    world.project("other")
    rule(world, "run", to="a@x.org", slug="shop", stage="development")
    rule(world, "run", to="b@x.org", slug="shop", stage="production")
    rule(world, "run", to="c@x.org", slug="other")
    rule(world, "gate", to="d@x.org")
    fail(world, deploy(world, project), "project")
    assert {row["recipient"] for row in world.rows("select recipient from ops.outbox")} == {"a@x.org"}


def test_a_stale_backup_is_told_to_people(world: World, project: UUID) -> None:
    """The alarm, once, and that it is over."""
    rule(world, "backup", stage="production")
    rule(world, "alarm", to="otto@example.com")
    raised = "select ops.raise_alarm(%s, 'Backups of shop/main are stale', 'None.', p_project_id => %s)"
    for _ in range(3):
        world.rows(raised, "backup_freshness:1", project)
    world.rows("select ops.raise_alarm('disk', 'The disk is full')")
    world.rows("select ops.clear_alarm('backup_freshness:1', 'A backup was read back.')")
    assert outbox(world, recipient="anna@example.com") == [("backup", "open"), ("backup", "resolved")]
    assert outbox(world, recipient="otto@example.com") == [("alarm", "open")]


def test_people_hear_whom_a_gate_waits_for(world: World, project: UUID) -> None:
    """Which role must act, and later the decision."""
    rule(world, "gate")
    made = "select ops.create_release(%s, '1.0', %s, %s)"
    world.rows(made, project, Jsonb({"shop": SHA}), f"sha256:{'1' * 64}")
    told = world.rows("select payload ->> 'title' as title, payload ->> 'act' as act from ops.outbox order by id")
    titles = {row["title"]: row["act"] for row in told}
    assert "qa_tester" in titles["Gate G2 of release 1.0 waits"]
    assert "release_manager" in titles["Gate G3 of release 1.0 waits"]


def test_a_person_gets_one_mail_for_what_comes_in_its_time(world: World, project: UUID) -> None:
    """The first at once; what comes within the time waits and is claimed together."""
    rule(world, "alarm")
    sender = world.worker()
    for number in range(2):
        world.rows("select ops.raise_alarm(%s, 'Full', p_project_id => %s)", f"disk:{number}", project)
    assert delivered(sender, claim(sender)) == 2
    for number in range(2, 5):
        world.rows("select ops.raise_alarm(%s, 'Full', p_project_id => %s)", f"disk:{number}", project)
    assert claim(sender) == []
    assert len(claim(sender, p_digest_seconds=0)) == 3


def test_a_message_holds_no_secret_and_ends(world: World, project: UUID) -> None:
    """Old messages go, but not the last one of what is still open."""
    rule(world, "alarm")
    world.rows("select ops.raise_alarm('disk', 'Full', p_project_id => %s)", project)
    world.rows("select ops.raise_alarm('cpu', 'Hot', p_project_id => %s)", project)
    world.rows("select ops.clear_alarm('cpu', 'Cooled')")
    sender = world.worker()
    assert delivered(sender, claim(sender)) == 3
    world.rows("update ops.outbox set ended_at = now() - interval '200 days' returning id")
    assert world.value("select ops.log_retention_is_due(now(), now())")
    removed = sender.rows("select * from ops.expire_rows(p_parts => '{ingest}')")
    assert [(row["table_name"], row["row_count"]) for row in removed] == [("outbox", 2)]
    world.rows("select ops.raise_alarm('disk', 'Fuller', p_project_id => %s)", project)
    assert outbox(world) == [("alarm", "open")]


def test_rules_that_none_may_be_are_refused(world: World, project: UUID) -> None:
    """And a rule made twice is one."""
    assert project
    for events, channel, recipient in (
        (["weather"], "mail", "a@x.org"),
        (["run"], "mail", "no address"),
        (["run"], "mail", "a@x.org\r\nBcc: b@x.org"),
        (["run"], "webhook", "https://hooks.example.com/secret"),
        ([], "mail", "a@x.org"),
    ):
        with refused("PT400"):
            world.rows("select ops.create_notification_rule(%s, %s, %s)", events, channel, recipient)
    with refused("PT404"):
        world.rows("select ops.create_notification_rule('{run}', 'mail', 'a@x.org', 'nowhere')")
    operator = world.operator()
    made = {operator.value("select ops.create_notification_rule('{run,gate,run}', 'mail', 'a@x.org')") for _ in "12"}
    assert len(made) == 1
    operator.rows("select ops.remove_notification_rule(%s)", made.pop())
    with refused("PT404"):
        operator.rows("select ops.remove_notification_rule(1)")
    assert operator.value("select ops.queue_test_message('mail', 'a@x.org')")
    with refused("PT400"):
        operator.rows("select ops.queue_test_message('forge', %s)", str(uuid4()))


def with_app(world: World) -> None:
    """Let the project's forge be told as a GitHub App."""
    world.rows("select ops.set_project_forge('shop', 'github', 'https://api.github.com', 'acme/shop', null, true)")


def test_pull_requests_are_told_where_an_app_tells(world: World, project: UUID) -> None:
    """How the branch's newest run fares, where its preview is, and that it is gone; the default branch has none."""
    with_forge(world)
    world.complete(deploy(world, project))
    assert outbox(world, kind="pull_comment") == []
    with_app(world)
    run_id = deploy(world, project, "d" * 40)
    world.rows("select ops.record_deployment(%s, 1, 'https://a', 8069, 'a', 'sha256:1', %s)", run_id, SHA)
    world.complete(run_id)
    told = world.value("select payload from ops.outbox where kind = 'pull_comment' order by id desc limit 1")
    assert (told["branch"], told["serves_url"], told["serves_sha"]) == ("feature/a", "https://a", SHA)
    world.rows("select ops.record_destruction(%s, 1)", deploy(world, project, p_kind="destroy"))
    world.queue(project, "main", SHA, p_kind="build")
    assert outbox(world, kind="pull_comment") == [
        ("pull_comment", "pending"),
        ("pull_comment", "success"),
        ("pull_comment", "gone"),
    ]


def test_a_superseded_run_does_not_speak_for_its_branch(world: World, project: UUID) -> None:
    """The run that follows does; one that a person canceled and nothing follows does."""
    with_app(world)
    first = world.queue(project, "feature/a", SHA)
    world.queue(project, "feature/a", "d" * 40)
    assert world.value("select status from ops.runs where id = %s", first) == "canceled"
    assert outbox(world, kind="pull_comment") == [("pull_comment", "pending")] * 2
    world.rows("select ops.cancel_run(id) from ops.runs where status = 'queued'")
    assert outbox(world, kind="pull_comment")[2:] == [("pull_comment", "error")]


def test_only_github_has_apps(world: World, project: UUID) -> None:
    """Another forge has none, and a project that is not there neither."""
    del project
    with refused("PT400", "only GitHub has Apps"):
        world.rows("select ops.set_project_forge('shop', 'gitlab', 'https://gitlab.com/api/v4', 'a/b', null, true)")
