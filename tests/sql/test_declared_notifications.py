"""Whom odooops.yaml wants told: only the head of the default branch is heard, and people's own rules stay."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from tests.command_line import CommandLine
from tests.sql.test_repository_rules import NEWER, head
from tests.sql.world import SHA, World, refused

MAIL = {"channel": "mail", "recipient": "team@example.com", "events": ["run", "gate"], "stage": "production"}
CHAT = {"channel": "webhook", "recipient": "chat", "events": ["alarm"], "stage": None, "fault": None}


def record(world: World, run_id: UUID, *rules: dict[str, Any], attempt: int = 1) -> bool:
    """Tell what a run found in its commit."""
    asked = "select ops.record_notification_rules(%s, %s, %s)"
    return bool(world.value(asked, run_id, attempt, json.dumps(rules)))


def told(world: World) -> set[tuple[str, str | None]]:
    """Return the recipients of the rules, each with the commit that declared it."""
    return {(row["recipient"], row["git_sha"]) for row in world.rows("select * from ops.notification_rules")}


@pytest.fixture
def run(world: World, project: UUID) -> UUID:
    """A run of the newest commit of the default branch."""
    head(world, project, "main", SHA)
    person = world.value("select ops.create_person('Team')")
    world.rows("select ops.add_person_alias(%s, 'team@example.com', 'email')", person)
    return world.work(project, "main", p_kind="build")


def test_the_head_of_the_default_branch_says_who_is_told(world: World, project: UUID, run: UUID) -> None:
    """Each change is on the run's chain, without anybody's address; a retry changes nothing."""
    assert record(world, run, MAIL, CHAT, MAIL)
    first = world.rows("select id, events from ops.notification_rules order by id")
    assert told(world) == {("team@example.com", SHA), ("chat", SHA)}
    assert ["gate", "run"] in [row["events"] for row in first]
    assert record(world, run, MAIL, CHAT)
    assert world.rows("select id, events from ops.notification_rules order by id") == first
    assert record(world, run, CHAT)
    assert told(world) == {("chat", SHA)}
    events = world.rows("select message, payload from ops.run_events where payload ? 'rules_added' order by seq")
    assert [row["payload"] for row in events] == [
        {"rules_added": 2, "rules_removed": 0},
        {"rules_added": 0, "rules_removed": 1},
    ]
    assert "example.com" not in str(events)
    assert world.value("select ops.verify_run_chain(%s)", run)
    assert record(world, run)
    assert told(world) == set()
    assert world.rows("select from ops.notification_rules where project_id <> %s", project) == []


def test_the_list_of_rules_says_where_each_came_from(world: World, run: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person, or the file of a commit."""
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", world.operator_url)
    ops = CommandLine("notify")
    record(world, run, MAIL)
    ops("notify", "rule", "add", "mail", "ada@example.com", "--event", "alarm", "--project", "shop")
    (declared, by_hand) = ops.json("notify", "rule", "list", "shop")
    assert (declared["recipient"], declared["origin"]) == ("team@example.com", f"odooops.yaml {SHA[:12]}")
    assert (by_hand["recipient"], by_hand["origin"]) == ("ada@example.com", by_hand["created_by"])
    ops("notify", "rule", "remove", str(declared["id"]))
    (muted, _) = ops.json("notify", "rule", "list", "shop")
    assert "muted by " in muted["origin"]


def test_no_other_commit_changes_who_is_told(world: World, project: UUID, run: UUID) -> None:
    """Neither a branch's, nor an older one of the default branch, whatever its run claims to be of."""
    assert record(world, run, MAIL)
    world.complete(run)
    head(world, project, "main", NEWER)
    other = world.queue(project, "feature/a", SHA)
    world.rows("update ops.runs set git_ref = 'refs/heads/main' where id = %s", other)
    world.claim()
    world.start(other)
    assert not record(world, other, CHAT)
    assert not record(world, other)
    assert record(world, other, MAIL), "the same is wanted, and holds"
    assert told(world) == {("team@example.com", SHA)}
    with refused("PT410"):
        record(world, other, CHAT, attempt=2)


def test_a_rule_made_by_hand_is_nobody_elses(world: World, run: UUID) -> None:
    """The same rule may be there twice, which tells once."""
    make = "select ops.create_notification_rule('{alarm}', 'webhook', 'chat', 'shop')"
    record(world, run, CHAT)
    by_hand = world.value(make)
    assert world.value(make) == by_hand
    assert told(world) == {("chat", SHA), ("chat", None)}
    assert record(world, run)
    assert told(world) == {("chat", None)}
    world.rows("select ops.remove_notification_rule(%s)", by_hand)


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": ["nonsense"]},
        {"events": []},
        {"channel": "pigeon"},
        {"recipient": "https://chat.example/secret"},
        {"recipient": None},
        {"stage": "moon"},
        {"fault": "nobody"},
    ],
)
def test_a_rule_that_none_may_be_is_refused(world: World, run: UUID, wrong: dict[str, Any]) -> None:
    """And changes nothing."""
    record(world, run, MAIL)
    with refused("PT400", "No rule may be like this"):
        record(world, run, CHAT | wrong)
    assert told(world) == {("team@example.com", SHA)}


def test_a_push_makes_no_stranger_a_recipient(world: World, run: UUID) -> None:
    """Known are people, addresses of rules made by hand, and the platform's domains; a retry warns once."""
    stranger, by_hand = ({**MAIL, "recipient": each} for each in ("victim@elsewhere.example", "Ada@Example.org"))
    for _ in "12":
        assert record(world, run, MAIL, stranger, by_hand)
    assert told(world) == {("team@example.com", SHA)}
    warned = "select message, payload from ops.run_events where payload ? 'rules_refused'"
    (event,) = world.rows(warned)
    assert event["payload"] == {"rules_refused": 2}
    assert "elsewhere" not in str(event)
    world.rows("select ops.create_notification_rule('{alarm}', 'mail', 'ada@example.org', 'shop')")
    record(world, run, by_hand)
    assert ("Ada@Example.org", SHA) in told(world)
    asked = "select ops.record_notification_rules(%s, 1, %s, '{Elsewhere.example}')"
    assert world.value(asked, run, json.dumps([stranger]))
    assert ("victim@elsewhere.example", SHA) in told(world)


def test_who_manages_a_project_stops_what_its_file_declares(world: World, project: UUID, run: UUID) -> None:
    """Over pushes, whatever the rule asks for then; a rule made by hand tells the recipient again."""
    record(world, run, CHAT)
    member = world.person(world.member(project, "admin"))
    declared = world.value("select id from ops.notification_rules")
    for _ in "12":
        member.rows("select ops.remove_notification_rule(%s)", declared)
    alarm = "select ops.raise_alarm(%s, 'It is full', 'Next: ops doctor.', p_project_id => %s)"
    record(world, run)
    record(world, run, {**CHAT, "events": ["alarm", "incident"]})
    world.rows(alarm, "disk", project)
    assert world.rows("select from ops.outbox where recipient = 'chat'") == []
    member.rows("select ops.create_notification_rule('{alarm}', 'webhook', 'chat', 'shop')")
    world.rows(alarm, "cpu", project)
    assert [row["is_by_platform"] for row in world.rows("select * from ops.outbox where recipient = 'chat'")] == [False]


def test_a_rule_is_the_platforms_only_if_the_platform_made_it(world: World, project: UUID) -> None:
    """Whatever a member says of who made it; the platform takes it over by making it too."""
    member = world.person(world.member(project, "admin"))
    make = "select ops.create_notification_rule('{alarm}', 'webhook', 'chat', 'shop', p_created_by => 'root')"
    made = member.value(make)
    whose = "select is_by_platform from ops.notification_rules where id = %s"
    assert not world.value(whose, made)
    assert world.value(make) == made
    assert world.value(whose, made)
    assert member.value(make) == made
    assert world.value(whose, made)
