"""Workflows decide what pushes, clocks and people queue; tools are pinned by digest; every change is on the record."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.actors import Actors
from tests.sql.world import SHA, World, refused

OTHER = "b" * 40
DIGEST = "sha256:" + "c" * 64


def set_workflow(world: World, name: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever SQL takes
    """Set a workflow of project shop."""
    names = "".join(f", p_{key} => %s" for key in values)
    adapted = [Jsonb(value) if isinstance(value, dict) else value for value in values.values()]
    found = world.connection.execute(f"select * from ops.set_workflow('shop', %s{names})".encode(), [name, *adapted])
    row = found.fetchone()
    assert row is not None
    return row


def moved(world: World, project: UUID, **heads: str) -> list[dict[str, Any]]:
    """Tell the platform the branches' heads, and return the runs that this queued."""
    branches = {name.replace("__", "/"): sha for name, sha in heads.items()}
    rows = world.rows("select ops.record_branch_heads(%s, %s) as id", project, Jsonb(branches))
    return [world.run(row["id"]) for row in rows]


def test_without_a_workflow_pushes_queue_what_they_always_did(world: World, project: UUID) -> None:
    """The platform's own workflows are enabled, and take every branch."""
    runs = moved(world, project, main=SHA, feature__a=SHA)
    assert [(run["kind"], run["git_ref"]) for run in runs] == [
        ("deploy", "refs/heads/feature/a"), ("build", "refs/heads/main"),
    ]  # fmt: skip
    listed = world.rows("select name, workflow_id, is_enabled from ops.v_workflows")
    assert {row["name"] for row in listed} == {"build", "test", "deploy", "backup", "upgrade"}
    assert {(row["workflow_id"], row["is_enabled"]) for row in listed} == {(None, True)}


def test_a_disabled_workflow_holds_pushes_until_it_is_enabled(world: World, project: UUID) -> None:
    """Other branches go on; the newest of what came meanwhile is built then, once; a deleted branch still goes."""
    moved(world, project, main=SHA, feature__a=SHA, feature__b=SHA)
    set_workflow(world, "deploy", is_enabled=False)
    assert [run["kind"] for run in moved(world, project, main=OTHER, feature__a=OTHER, feature__b=SHA)] == ["build"]
    assert [run["kind"] for run in moved(world, project, main=OTHER, feature__a=OTHER)] == ["destroy"]
    set_workflow(world, "deploy", is_enabled=True)
    (run,) = moved(world, project, main=OTHER, feature__a=OTHER)
    assert (run["kind"], run["git_sha"]) == ("deploy", OTHER)
    assert moved(world, project, main=OTHER, feature__a=OTHER) == []


def test_a_push_is_taken_by_the_first_workflow_for_its_branch(world: World, project: UUID) -> None:
    """And its run has the workflow's priority and attempts, and names it; a branch of none is not built."""
    set_workflow(
        world, "staging", workflow_type="deploy", config={"branches": ["release/*"], "priority": 5, "max_attempts": 1}
    )
    set_workflow(world, "hotfixes", workflow_type="deploy", config={"branches": ["feature/hot-*"]})
    runs = moved(world, project, **{"release__1": SHA, "feature__a": SHA, "feature__hot-1": SHA})
    assert [(run["git_ref"], run["priority"], run["max_attempts"]) for run in runs] == [
        ("refs/heads/feature/hot-1", 0, 3), ("refs/heads/release/1", 5, 1),
    ]  # fmt: skip
    named = world.rows(
        "select w.name, v.last_run_id, v.git_sha from ops.run_requests as q join ops.workflows as w on w.id ="
        " q.workflow_id join ops.v_workflows as v on v.workflow_id = w.id order by q.run_number"
    )
    assert [(row["name"], row["git_sha"]) for row in named] == [("hotfixes", SHA), ("staging", SHA)]
    assert [row["last_run_id"] for row in named] == [run["id"] for run in runs]


def test_a_tag_is_built_by_the_workflow_of_the_default_branch(world: World, project: UUID) -> None:
    """Disabled, it leaves the reason with the delivery; sent again, it is built."""

    def tagged(delivery: str) -> str:
        world.rows(
            "select * from ops.receive_push(%s, 'push', 'https://github.com/acme/shop.git', 'refs/tags/1.0', %s)",
            delivery, SHA,
        )  # fmt: skip
        return str(world.value("select outcome from ops.apply_pushes()"))

    assert project
    set_workflow(world, "build", is_enabled=False)
    assert tagged("one") == "workflow disabled"
    set_workflow(world, "build", is_enabled=True)
    assert tagged("two") == "queued"


def test_the_night_backs_up_what_its_workflow_says(world: World, project: UUID, production: UUID) -> None:
    """Not while it is disabled; its runs are given the workflow's config."""
    world.rows("update ops.environments set database_name = 'shop' where id = %s", production)
    assert world.value("select has_data from ops.v_productions where project_id = %s", project)
    night = "select * from ops.queue_nightly_backups(now(), 0, 'UTC')"
    set_workflow(world, "backup", is_enabled=False, config={"run": {"label": "nightly"}})
    assert world.rows(night) == []
    set_workflow(world, "backup", is_enabled=True)
    (queued,) = world.rows(night)
    assert world.row("select label, project_id from ops.backups where id = %s", queued["backup_id"]) == {
        "label": "nightly", "project_id": project,
    }  # fmt: skip


def test_people_ask_for_a_run_by_its_workflow(world: World, actors: Actors, project: UUID) -> None:
    """By name or type; the same key is the same run; a developer's run does not go before everybody's."""
    set_workflow(world, "urgent", workflow_type="deploy", config={"priority": 9, "branches": ["feature/*"]})
    developer = world.person(world.member(project, "developer"))
    ask = "select ops.queue_workflow('shop', %s, 'feature/a', %s, p_idempotency_key => %s)"
    run = developer.value(ask, "urgent", SHA, "k")
    assert developer.value(ask, "urgent", SHA, "k") == run
    assert (world.run(run)["priority"], world.run(run)["kind"]) == (0, "deploy")
    by_type = world.value(ask, "deploy", SHA, "l")
    assert world.run(by_type)["priority"] == 9
    assert world.run(developer.value(ask, "build", SHA, None))["kind"] == "build"
    with refused("PT404", "no workflow nightly"):
        developer.rows(ask, "nightly", SHA, None)
    with refused("PT409", "does not take the branch"):
        developer.rows("select ops.queue_workflow('shop', 'urgent', 'release/1', %s)", SHA)
    set_workflow(world, "urgent", is_enabled=False)
    with refused("PT409", "No workflow urgent is enabled"):
        developer.rows(ask, "urgent", SHA, None)
    stranger = world.person(world.member(world.project("other"), "owner"))
    with refused("PT404", "no such project"):
        stranger.rows(ask, "build", SHA, None)


def test_an_upgrade_is_previewed_for_those_who_may_read_production_s_data(world: World, actors: Actors, project: UUID) -> None:
    """Its run has the workflow's engine and names it; a developer's permission to deploy is not enough."""
    set_workflow(world, "next", workflow_type="upgrade", config={"run": {"engine": "openupgrade"}})
    ask = "select ops.queue_workflow('shop', %s, 'main', %s, p_idempotency_key => 'k')"
    for name in ("next", "upgrade"):
        with refused("PT403", "may not restore"):
            world.person(world.member(project, "developer")).rows(ask, name, SHA)
    run = world.person(world.member(project, "owner")).value(ask, "next", SHA)
    assert (world.run(run)["kind"], world.run(run)["git_sha"]) == ("upgrade", SHA)
    assert world.value("select config from ops.run_requests where run_id = %s", run) == {"engine": "openupgrade"}
    assert world.value("select last_run_id from ops.v_workflows where name = 'next'") == run
    with refused("PT400", "takes no label"):
        set_workflow(world, "next", config={"run": {"label": "x"}})


def test_a_retry_is_of_the_same_workflow(world: World, project: UUID) -> None:
    """What its view shows as the newest run is the retry."""
    set_workflow(world, "build", config={"max_attempts": 2})
    run = world.value("select ops.queue_workflow('shop', 'build', 'feature/a', %s)", SHA)
    world.rows("select ops.cancel_run(%s)", run)
    again = world.value("select ops.retry_run(%s)", run)
    assert world.value("select last_run_id from ops.v_workflows where workflow_type = 'build'") == again
    assert world.run(again)["project_id"] == project


def test_a_run_names_no_foreign_workflow_and_none_of_another_kind(world: World, project: UUID) -> None:
    """A workflow belongs to its project and its type."""
    mine = set_workflow(world, "build")["id"]
    other = world.project("other")
    for project_id, kind in ((other, "build"), (project, "deploy")):
        with refused("PT404", "has no"):
            world.queue(project_id, p_kind=kind, p_workflow_id=mine)


@pytest.mark.parametrize(
    ("workflow", "config", "fault"),
    [
        ("build", {"colour": "red"}, "takes no colour"),
        ("build", {"branches": "main"}, "no array"),
        ("build", {"branches": []}, "patterns"),
        ("build", {"branches": [1]}, "patterns"),
        ("build", {"priority": 1000}, "-100 to 100"),
        ("build", {"priority": 0.5}, "-100 to 100"),
        ("build", {"max_attempts": 0}, "1 to 10"),
        ("build", {"run": {"label": "x"}}, "takes no label"),
        ("backup", {"max_attempts": 2}, "takes no max_attempts"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_config_that_nothing_obeys_is_refused(world: World, workflow: str, config: dict[str, Any], fault: str) -> None:
    """At every door: the function's, and the table's own."""
    with refused("PT400", fault):
        set_workflow(world, workflow, config=config)
    with refused("PT400", fault):
        world.rows(
            "insert into ops.workflows (project_id, name, workflow_type, config)"
            " select id, 'x', %s::ops.workflow_type, %s from ops.projects",
            workflow, Jsonb(config),
        )  # fmt: skip


def test_a_workflow_needs_a_type_and_keeps_it(world: World, project: UUID) -> None:
    """One that is named as a type has it; the type does not change."""
    assert project
    with refused("PT400", "has no type"):
        set_workflow(world, "nightly")
    set_workflow(world, "nightly", workflow_type="backup")
    with refused("PT400", "is of type backup"):
        set_workflow(world, "nightly", workflow_type="build")
    with refused("PT404"):
        world.rows("select ops.set_workflow('nowhere', 'build')")


def test_every_change_of_a_workflow_is_on_the_record(world: World, project: UUID) -> None:
    """By whom, whichever door; a repeated command changes and records nothing."""
    admin = world.member(project, "admin")
    world.person(admin).rows("select ops.set_workflow('shop', 'build', p_is_enabled => false, p_set_by => 'other')")
    for _ in range(2):
        world.operator().rows("select ops.set_workflow('shop', 'build', p_is_enabled => true, p_set_by => 'ada')")
    world.person(admin).rows("delete from ops.workflows where name = 'build'")
    changes = world.rows("select key, old_value, new_value, changed_by from ops.project_setting_changes order by id")
    assert {row["key"] for row in changes} == {"workflows.build"}
    assert [(value(row["old_value"]), value(row["new_value"]), row["changed_by"]) for row in changes] == [
        (None, False, str(admin)), (False, True, "ada"), (True, None, str(admin)),
    ]  # fmt: skip


def value(workflow: dict[str, Any] | None) -> bool | None:
    """Return whether the workflow is enabled, None if it is not there."""
    return None if workflow is None else bool(workflow["is_enabled"])


def test_a_workflow_with_runs_stays(world: World, project: UUID) -> None:
    """It is disabled instead: its runs name it."""
    set_workflow(world, "build")
    world.rows("select ops.queue_workflow('shop', 'build', 'feature/a', %s)", SHA)
    assert project
    with refused("23503"):
        world.rows("delete from ops.workflows")


def test_a_tool_is_pinned_by_its_digest_and_each_change_is_recorded(world: World) -> None:
    """A tag alone is refused; repeating the command records nothing."""
    pin = "select version, digest from ops.set_tool('odoo', %s, 'ghcr.io/acme/odoo', %s, p_set_by => 'ada')"
    with refused("PT400", "may not have these values"):
        world.operator().rows(pin, "19.0", None)
    with refused("PT400"):
        world.operator().rows(pin, "19.0", "sha256:latest")
    for version in ("19.0", "19.0", "19.0.1"):
        assert world.operator().row(pin, version, DIGEST) == {"version": version, "digest": DIGEST}
    changes = world.rows("select tool, new_value ->> 'version' as version, changed_by from ops.tool_changes order by id")
    assert [(row["tool"], row["version"], row["changed_by"]) for row in changes] == [
        ("odoo", "19.0", "ada"), ("odoo", "19.0.1", "ada"),
    ]  # fmt: skip
    with pytest.raises(psycopg.Error, match="append-only"):
        world.rows("delete from ops.tool_changes")


def test_every_type_takes_the_fields_that_are_listed(world: World) -> None:
    """A backup has no attempts of its own."""
    rows = world.rows("select workflow_type, array_agg(field order by field) as fields from"
                      " ops.workflow_config_fields() group by 1 order by 1")  # fmt: skip
    assert json.loads(json.dumps({row["workflow_type"]: row["fields"] for row in rows})) == {
        **dict.fromkeys(("build", "test", "deploy", "upgrade"), ["branches", "max_attempts", "priority", "run"]),
        "backup": ["branches", "priority", "run"],
    }
