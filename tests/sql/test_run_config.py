"""What a run's config may hold, by its kind, and the permission that each field takes."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from odooops_dagster.kinds import KINDS
from tests.sql.actors import Actors
from tests.sql.backups import verified
from tests.sql.world import World, refused

JSON_TYPES = {"string": "a text", "boolean": True, "array": ["a"], "object": {"name": "a"}}


def fields(world: World) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the fields of each kind."""
    listed: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    for row in world.rows("select kind::text, field, json_type, permissions from ops.run_config_fields()"):
        listed[row["kind"]][row["field"]] = row
    return listed


@pytest.mark.usefixtures("production")
def test_no_developer_gets_productions_data_by_naming_a_backup(world: World, project: UUID, actors: Actors) -> None:
    """Neither for a deployment, whose kind is theirs to queue, nor for a clone, which takes permission restore."""
    backup = verified(world, project)
    config = json.dumps({"backup_id": str(backup)})
    developer = actors.login("developer")
    queue = "select ops.queue_run(%s, 'feature/loot', %s, 'refs/heads/feature/loot', %s, p_config => %s)"
    for kind in ("deploy", "build", "test"):
        with refused("PT400", f"A {kind} run takes no backup_id in its config") as caught:
            developer.rows(queue, project, "a" * 40, kind, config)
        assert "restore" in str(caught.value.diag.message_hint), "it says which kinds take it, and which permission"
    with refused("PT403"):
        developer.rows(queue, project, "a" * 40, "clone", config)
    assert (
        world.rows(
            "select from ops.runs where environment_id in (select id from ops.environments where name <> 'main')"
        )
        == []
    )


@pytest.mark.usefixtures("production")
def test_a_run_that_was_queued_before_gets_no_backup_by_its_config(world: World, project: UUID) -> None:
    """A row of an earlier version may hold what is refused now: the record does not obey it either."""
    backup = verified(world, project)
    run = world.work(project, "feature/a")
    with world.connection.transaction():  # as an earlier version let it in
        world.rows("set local session_replication_role = replica")
        world.rows(
            "update ops.run_requests set config = %s where run_id = %s", json.dumps({"backup_id": str(backup)}), run
        )
    with refused("PT404", "There is no backup without an id"):
        world.worker().rows("select * from ops.record_restore_start(%s, 1)", run)


def test_an_unknown_field_is_refused_by_its_name(world: World, project: UUID) -> None:
    """Nothing is queued."""
    with refused("PT400", "A deploy run takes no sudo in its config") as caught:
        world.queue(project, p_config='{"sudo": true}')
    assert caught.value.diag.message_hint == "ops.run_config_fields lists what runs take."
    assert world.rows("select from ops.run_requests") == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_one_type(world: World, project: UUID, kind: str) -> None:
    """A value of any other is refused, with the field's name; a null is no value."""
    for name, row in fields(world)[kind].items():
        for json_type, value in JSON_TYPES.items():
            ask = "select ops_private.refuse_config(%s, %s, %s)"
            if json_type == row["json_type"]:
                world.rows(ask, project, kind, json.dumps({name: value}))
                world.rows(ask, project, kind, json.dumps({name: None}))
            else:
                with refused("PT400", f"{name} in the config of a {kind} run is no {row['json_type']}"):
                    world.rows(ask, project, kind, json.dumps({name: value}))


def test_a_field_takes_its_own_permission(world: World, project: UUID, actors: Actors) -> None:
    """Whoever may queue destructions of previews may not give up production's data on the way."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    developer = actors.login("developer")
    queue = "select ops.queue_run(%s, 'feature/a', 'a', 'r', 'destroy', p_config => %s)"
    with refused("PT403", "You may not set without_backup in the config of a destroy run") as caught:
        developer.rows(queue, project, '{"without_backup": true}')
    assert caught.value.diag.message_hint == "It takes permission queue_production."
    assert developer.value(queue, project, '{"confirm": "shop/feature/a"}')


@pytest.mark.parametrize("config", ["[]", '"x"', "7", json.dumps({"confirm": "x" * 300_000})])
def test_a_config_is_an_object_of_a_reasonable_size(world: World, project: UUID, config: str) -> None:
    """It stands in a row that lists read."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    with refused("PT400", "The config of a run is a JSON object of at most 256 kB"):
        world.queue(project, p_kind="destroy", p_config=config)


@pytest.mark.usefixtures("production")
def test_a_run_started_in_dagster_names_no_backup(world: World, project: UUID) -> None:
    """The worker puts it on the record: what was selected, and the confirmation, and no more."""
    backup = verified(world, project)
    enroll = "select * from ops.enroll_run('d1', 'shop/main', 'restore', p_config => %s)"
    with refused("PT400", "takes only assets and confirm"):
        world.worker().rows(enroll, json.dumps({"backup_id": str(backup)}))
    assert world.worker().rows("select * from ops.enroll_run('d1', 'shop/main', 'build', p_config => %s)",
                               '{"assets": ["source"]}')  # fmt: skip


def test_every_permission_of_a_field_exists(world: World) -> None:
    """A misspelt one would refuse everybody at the moment of need."""
    for row in world.rows("select distinct unnest(permissions) as permission from ops.run_config_fields()"):
        world.rows("select ops.has_permission(%s, %s)", uuid4(), row["permission"])


def test_the_steps_and_the_record_have_the_same_fields(world: World) -> None:
    """What a step reads was checked when the run was queued; what is accepted is read by something."""
    models = {
        name: {field.alias or key for key, field in kind.config.model_fields.items()} for name, kind in KINDS.items()
    }
    assert {kind: set(listed) for kind, listed in fields(world).items()} == models


@pytest.mark.parametrize("kind", KINDS)
def test_the_steps_take_the_types_that_the_record_takes(world: World, kind: str) -> None:
    """Each field's value is valid for the model too, where the record lets it in."""
    values: dict[str, Any] = {"string": str(uuid4()), "boolean": True, "array": ["a"], "object": {"a": "b"}}
    config = {name: values[row["json_type"]] for name, row in fields(world)[kind].items()}
    KINDS[kind].config.model_validate(config)  # type: ignore[index]
