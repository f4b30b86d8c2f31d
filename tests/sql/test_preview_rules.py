"""What odooops.yaml asks for its previews: as much as policy preview allows, and what was cut is said."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from odooops_dagster.tools.project_file.preview import PreviewSettings
from tests.sql.releases import set_rules
from tests.sql.test_repository_rules import head, policy, record
from tests.sql.world import SHA, World

OTHER = "c" * 40


def told(world: World, project: UUID) -> dict[str, Any]:
    """Return what is said of each rule of which something is asked: what holds, and what was cut."""
    rows = world.rows("select * from ops.explain_preview(%s)", project)
    return {row["rule"]: (row["held"], row["detail"]) for row in rows if row["asked"] is not None}


def ask(world: World, project: UUID, **rules: object) -> None:
    """Let the head of the default branch ask."""
    head(world, project, "main", SHA)
    assert record(world, world.work(project, "main", p_kind="build"), {"preview": rules})


def push(world: World, project: UUID, **heads: str) -> list[str]:
    """Answer what branches there are, and return those that get a run."""
    world.rows("update ops.projects set last_polled_at = clock_timestamp() where id = %s", project)
    runs = world.rows("select ops.record_branch_heads(%s, %s) as id", project, json.dumps({"main": SHA} | heads))
    return [world.value("select partition_key from ops.v_runs where id = %s", run["id"]) for run in runs]


@pytest.mark.parametrize(
    ("ours", "asked", "held"),
    [
        ({}, 4096, 4096),
        ({"memory_mb": 2048}, 1024, 1024),
        ({"memory_mb": 2048}, 4096, 2048),
        ({"memory_mb": 2048, "memory_max_mb": 4096}, 3072, 3072),
        ({"memory_mb": 2048, "memory_max_mb": 4096}, 8192, 4096),
        ({"memory_mb": 2048, "memory_max_mb": 1024}, 2000, 2000),
        ({"memory_mb": 2048, "memory_max_mb": 4096}, None, 2048),
        ({"memory_max_mb": 4096}, 8192, 8192),  # the policy sets no limit: the machine's alone holds
    ],
)
def test_a_repository_gets_less_always_and_more_up_to_the_maximum(
    world: World, project: UUID, ours: dict[str, int], asked: int | None, held: int
) -> None:
    """The policy's own value is what holds where nothing is asked."""
    set_rules(world, project, "preview", **ours)
    ask(world, project, **({} if asked is None else {"memory_mb": asked}))
    assert policy(world, project, "preview")["memory_mb"] == held
    cut = [detail for _held, detail in told(world, project).values() if detail]
    # The whole of the project's rules: one that a policy leaves out is that of all again.
    command = f"ops policy set shop preview '{json.dumps({**ours, 'memory_max_mb': asked})}'"
    assert cut == ([] if asked in (held, None) else [f"{asked} is asked for, {held} holds: {command}"])


def test_no_repository_raises_its_own_maximum(world: World, project: UUID) -> None:
    """Nor asks for no limit."""
    set_rules(world, project, "preview", cpu_percent=100)
    ask(world, project, cpu_max_percent=800, cpu_percent=0, idle_minutes=500)
    assert policy(world, project, "preview")["cpu_percent"] == 100
    assert policy(world, project, "preview")["cpu_max_percent"] == 0
    assert told(world, project)["idle_minutes"][0] == 60


def test_a_push_makes_a_preview_of_a_branch_that_policy_and_repository_list(world: World, project: UUID) -> None:
    """Production and stagings are no previews, and what a person made is deployed by its pushes."""
    set_rules(world, project, "preview", branches=["feature/*", "wip"])
    ask(world, project, branches=["feature/a*", "release/*", "*x"])
    assert told(world, project)["branches"] == (["feature/a*"], "the policy does not list release/*, *x")
    world.value("select (ops.ensure_environment(%s, 'wip')).id", project)
    heads = {"feature/ab": OTHER, "feature/b": OTHER, "wip": OTHER, "release/1": OTHER}
    runs = push(world, project, **heads)
    assert runs == ["shop/feature/ab", "shop/release/1", "shop/wip"]
    assert push(world, project, **heads | {"feature/b": SHA}) == []
    (left,) = world.rows("select branch, sha from ops.branches_without_preview(%s)", project)
    assert left == {"branch": "feature/b", "sha": SHA}


def test_a_preview_that_is_going_is_none(world: World, project: UUID) -> None:
    """The branch was deleted and comes back before its environment is gone."""
    set_rules(world, project, "preview", branches=[])
    head(world, project, "main", SHA)
    world.value("select (ops.ensure_environment(%s, 'wip')).id", project)
    assert push(world, project, wip=OTHER) == ["shop/wip"]
    assert push(world, project) == ["shop/wip"]  # its end
    assert push(world, project, wip=SHA) == []


def test_a_branch_gets_its_preview_by_the_first_push_after_the_policy_lists_it(world: World, project: UUID) -> None:
    """Not by the policy alone: hundreds of old branches would be built at once."""
    head(world, project, "main", SHA)
    set_rules(world, project, "preview", branches=[])
    assert push(world, project, wip=OTHER) == []
    set_rules(world, project, "preview", branches=["*"])
    assert push(world, project, wip=OTHER) == []
    assert world.rows("select from ops.branches_without_preview(%s)", project) == []
    assert len(push(world, project, wip=SHA)) == 1


@pytest.mark.parametrize(
    ("preview", "limit", "asked", "held", "named"),
    [
        (0, 500, 900, 500, ["limits"]),
        (0, 500, 0, 500, ["limits"]),  # 0 asks for no limit
        (400, 500, 900, 400, ["preview", "limits"]),
        (400, 900, 800, 400, ["preview"]),
        (0, 500, 300, 300, []),
        (0, 500, None, None, []),
    ],
)
def test_what_policy_limits_cuts_of_the_disk_is_said_too(
    world: World, project: UUID, *, preview: int, limit: int, asked: int | None, held: int | None, named: list[str]
) -> None:
    """The policies that have to be changed are named, each with the command; both, where both give less."""
    set_rules(world, project, "preview", disk_mb=preview)
    set_rules(world, project, "limits", disk_mb=limit)
    ask(world, project, **({} if asked is None else {"disk_mb": asked}))
    found, detail = told(world, project).get("disk_mb", (None, None))
    assert found == held
    assert [name for name in ("preview", "limits") if f"ops policy set shop {name} '" in (detail or "")] == named
    row = world.row("select is_cut from ops.explain_preview(%s) where rule = 'disk_mb'", project)
    assert row["is_cut"] == bool(named)


def test_what_a_file_may_ask_the_record_takes(world: World, project: UUID) -> None:
    """Each key is a rule of the policy, with bounds within the policy's."""
    rules = {row["rule"]: row for row in world.rows("select * from ops.policy_rules() where policy_type = 'preview'")}
    assert set(PreviewSettings.model_fields) == {rule for rule in rules if "_max_" not in rule}
    most = {"branches": ["*"], "idle_minutes": 43_200, "memory_mb": 10**7, "cpu_percent": 10**5, "disk_mb": 10**7}
    assert PreviewSettings.model_validate(most).rules() == most
    ask(world, project, **most)
    assert {rule: held for rule, (held, _detail) in told(world, project).items()} == most | {"idle_minutes": 60}
