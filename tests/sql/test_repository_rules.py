"""What the default branch wants protected: only its head is heard, and it can only make rules stricter."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from odooops_dagster.tools.project_file import Protect
from tests.sql.releases import set_rules
from tests.sql.world import SHA, World, refused

NEWER = "b" * 40
RULES = {"retention": {"daily": 30}, "clone": {"coverage_fatal": True}}


def record(world: World, run_id: UUID, rules: dict[str, Any]) -> bool:
    """Tell what a run found in its commit."""
    return bool(world.value("select ops.record_repository_rules(%s, 1, %s)", run_id, json.dumps(rules)))


def policy(world: World, project: UUID, policy_type: str) -> dict[str, Any]:
    """Return the rules that hold."""
    found: dict[str, Any] = world.value("select ops.policy(%s, %s)", project, policy_type)
    return found


def head(world: World, project: UUID, branch: str, sha: str) -> None:
    """Note the newest commit of a branch."""
    world.rows(
        "insert into ops.branch_heads (project_id, branch, sha) values (%s, %s, %s)"
        " on conflict (project_id, branch) do update set sha = excluded.sha",
        project, branch, sha,
    )  # fmt: skip


def test_the_head_of_the_default_branch_is_heard(world: World, project: UUID) -> None:
    """Until a newer head says otherwise."""
    head(world, project, "main", SHA)
    run = world.work(project, "main", p_kind="build")
    assert record(world, run, RULES)
    assert policy(world, project, "retention")["daily"] == 30
    assert policy(world, project, "clone")["coverage_fatal"] is True
    assert world.row("select git_sha, run_id from ops.repository_rules") == {"git_sha": SHA, "run_id": run}
    assert record(world, run, {})
    assert policy(world, project, "retention")["daily"] == 7
    assert policy(world, world.project("other"), "retention")["daily"] == 7


def test_no_other_commit_is_heard(world: World, project: UUID) -> None:
    """Neither a branch's, nor an older one of the default branch, whatever its run claims to be of."""
    head(world, project, "main", NEWER)
    head(world, project, "feature/a", SHA)
    run = world.queue(project, "feature/a", SHA)
    world.rows("update ops.runs set git_ref = 'refs/heads/main' where id = %s", run)
    world.claim()
    world.start(run)
    assert not record(world, run, RULES)
    assert world.rows("select from ops.repository_rules") == []
    assert policy(world, project, "retention")["daily"] == 7
    assert record(world, run, {}), "nothing is wanted, and nothing holds"


def test_a_project_without_a_known_head_hears_nobody(world: World, project: UUID) -> None:
    """Anybody may name a commit."""
    run = world.work(project, "main", p_kind="build")
    assert not record(world, run, RULES)


def test_a_lost_attempt_says_nothing(world: World, project: UUID) -> None:
    """As with everything that a run writes."""
    head(world, project, "main", SHA)
    run = world.work(project, "main", p_kind="build")
    with refused("PT410"):
        world.rows("select ops.record_repository_rules(%s, 2, '{}')", run)


@pytest.mark.parametrize(
    ("policy_type", "rule", "values"),
    [
        ("retention", "daily", (14, 30, 30)),
        ("retention", "daily", (30, 14, 30)),
        ("retention", "minimum", (3, 1, 3)),
        ("backup", "every_hours", (24, 4, 4)),
        ("backup", "every_hours", (4, 24, 4)),
        ("backup", "max_age_hours", (26, 12, 12)),
        ("backup", "max_age_hours", (12, 26, 12)),
        ("backup", "nightly", (True, False, True)),
        ("backup", "nightly", (False, True, True)),
        ("clone", "coverage_fatal", (True, False, True)),
        ("gates", "untested_modules", ("refuse_overlooked", "refuse", "refuse")),
        ("gates", "untested_modules", ("refuse", "allow", "refuse")),
        ("gates", "untested_modules", ("allow", "refuse_overlooked", "refuse_overlooked")),
        ("clone", "masking_hooks", (["a.sql"], ["b.sql", "a.sql"], ["a.sql", "b.sql"])),
        ("clone", "masking_hooks", (["a.sql"], [], ["a.sql"])),
        ("clone", "staging_branches", (["release/*"], ["*"], ["release/*"])),
        ("clone", "staging_branches", (["release/*"], ["release/1.*", "uat/*"], ["release/1.*"])),
        ("clone", "staging_branches", (["release/*", "uat"], ["release/?", "u%", "uat"], ["release/?", "uat"])),
        ("clone", "staging_branches", (["release/*"], [], [])),
        ("clone", "columns", ({"a.b": "value:1"}, {"a.b": "value:2"}, {"a.b": "value:1"})),
        ("clone", "columns", ({"a.b": "value:1"}, {"a.b": "delete_rows"}, {"a.b": "delete_rows"})),
        ("clone", "columns", ({"a.b": "truncate"}, {"a.b": "value:2"}, {"a.b": "truncate"})),
        ("clone", "columns", ({"a.b": "keep"}, {"a.b": "value:2"}, {"a.b": "value:2"})),
        ("clone", "columns", ({"a.b": "value:1"}, {"a.b": "keep", "c.d": "keep"}, {"a.b": "value:1"})),
        ("clone", "columns", ({}, {"c.d": "value:2"}, {"c.d": "value:2"})),
        ("clone", "source", ("dump", "newest_verified", "dump")),
        ("gates", "leave_out_tests", (False, True, False)),
        ("gates", "g2_quorum", (2, 1, 2)),
        ("ttl", "log_days", (30, 1, 30)),
        ("promotion", "freeze_windows", ([], [], [])),
        ("preview", "idle_minutes", (60, 30, 30)),
        ("preview", "idle_minutes", (60, 240, 60)),
        ("preview", "idle_minutes", (0, 30, 30)),
        ("preview", "idle_minutes", (30, 0, 30)),
        ("preview", "memory_mb", (0, 4096, 4096)),
        ("preview", "branches", (["*"], ["feature/*"], ["feature/*"])),
        ("preview", "branches", (["feature/*"], ["wip", "feature/a"], ["feature/a"])),
        ("preview", "branches", (["feature/*"], ["*"], ["feature/*"])),
        ("preview", "idle_max_minutes", (60, 600, 60)),
        ("promotion", "release", ("by_hand", "gated", "gated")),
        ("promotion", "release", ("gated", "on_push", "gated")),
        ("promotion", "release", ("on_push", "by_hand", "by_hand")),
    ],
    ids=str,
)
def test_the_stricter_value_holds(
    world: World, project: UUID, policy_type: str, rule: str, values: tuple[object, object, object]
) -> None:
    """The project's value, the repository's, and what holds; what is not for a repository to say stays as it was."""
    ours, theirs, result = values
    head(world, project, "main", SHA)
    run = world.work(project, "main", p_kind="build")
    set_rules(world, project, policy_type, **{rule: ours})
    assert record(world, run, {policy_type: {rule: theirs}})
    assert policy(world, project, policy_type)[rule] == result


@pytest.mark.parametrize(
    ("patterns", "stages"),
    [
        (["release/*"], {"release/1": "staging", "uat/1": "development", "release": "development"}),
        (["uat/*", "next"], {"uat/1": "staging", "next": "staging", "nextone": "development", "main": "production"}),
        (["*"], {"anything": "staging", "main": "production"}),
        (["a_b%"], {"a_b%": "staging", "axb%": "development", "a_bc": "development"}),
        ([], {"release/1": "development"}),
    ],
)
def test_the_policy_decides_which_branches_get_a_copy_of_productions_data(
    world: World, project: UUID, patterns: list[str], stages: dict[str, str]
) -> None:
    """The default branch of the repository may leave fewer; no branch can name itself."""
    set_rules(world, project, "clone", staging_branches=patterns)
    told = {name: world.value("select (ops.ensure_environment(%s, %s)).stage::text", project, name) for name in stages}
    assert told == stages


def test_a_wrong_rule_is_named(world: World, project: UUID) -> None:
    """And nothing is taken."""
    run = world.work(project, "main", p_kind="build")
    for rules, name in (({"retention": {"dayly": 1}}, "^dayly"), ({"secrets": {}}, "no such policy")):
        with refused("PT400", name):
            record(world, run, rules)
    assert world.rows("select from ops.repository_rules") == []


def test_every_key_under_protect_is_a_rule_that_the_repository_makes_stricter(world: World, project: UUID) -> None:
    """With the bounds of the policies, so that no file passes that the record refuses."""
    strict: dict[str, dict[str, Any]] = {
        "clone": {
            "staging_branches": ["release/1"],
            "masking_hooks": ["m.sql"],
            "columns": {"a.b": "value:1"},
            "coverage_fatal": True,
        },
        "retention": {"daily": 366, "weekly": 520, "monthly": 240, "minimum": 100},
        "backup": {"nightly": True, "every_hours": 1, "max_age_hours": 1, "attachments_elsewhere_fatal": True},
        "gates": {"untested_modules": "refuse"},
        "promotion": {"release": "gated"},
    }
    assert Protect.model_validate(strict).rules() == strict
    fields = {name: set(type(getattr(Protect(), name)).model_fields) for name in Protect.model_fields}
    assert fields == {name: set(rules) for name, rules in strict.items()}
    set_rules(world, project, "backup", nightly=False)
    head(world, project, "main", SHA)
    assert record(world, world.work(project, "main", p_kind="build"), strict)
    for policy_type, rules in strict.items():
        assert rules.items() <= policy(world, project, policy_type).items()
