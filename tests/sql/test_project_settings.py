"""Settings of projects: who may change them, and that every change is on the record."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.sql.world import World, refused

SET = "select ops.set_project_setting('shop', %s, %s)"


def test_every_change_is_recorded_and_nothing_else(world: World, project: UUID) -> None:
    """A repeated command changes and records nothing; a removed setting can be set again."""
    for value in ("true", "true", "false", None, None, "null", "[]"):
        world.rows(SET, "odoo.demo", value)
    changes = world.rows("select project_id, old_value, new_value from ops.project_setting_changes order by id")
    assert [(row["old_value"], row["new_value"]) for row in changes] == [
        (None, True), (True, False), (False, None), (None, []),
    ]  # fmt: skip
    assert {row["project_id"] for row in changes} == {project}
    assert world.rows("select key, value from ops.project_settings") == [{"key": "odoo.demo", "value": []}]


def test_admins_change_settings_and_developers_read_them(world: World, project: UUID) -> None:
    """The admin's own name is recorded, whatever the call says."""
    admin = world.member(project, "admin")
    world.person(admin).rows("select ops.set_project_setting('shop', 'odoo.demo', 'true', 'somebody else')")
    assert world.value("select changed_by from ops.project_setting_changes") == str(admin)
    developer = world.person(world.member(project, "developer"))
    assert developer.value("select value from ops.project_settings") is True
    assert developer.value("select count(*) from ops.project_setting_changes") == 1
    with refused("PT403", "may not manage"):
        developer.rows(SET, "odoo.demo", "false")
    stranger = world.person(world.member(world.project("other"), "owner"))
    assert stranger.rows("select from ops.project_settings") == []
    assert stranger.rows("select from ops.project_setting_changes") == []
    with refused("PT404"):
        stranger.rows(SET, "odoo.demo", "false")


@pytest.mark.usefixtures("project")
def test_the_platform_says_for_whom_it_changes_them(world: World) -> None:
    """The command line runs as the platform."""
    world.operator().rows("select ops.set_project_setting('shop', 'odoo.demo', 'true', 'ada')")
    found = world.row("select s.set_by, c.changed_by from ops.project_settings as s, ops.project_setting_changes as c")
    assert found == {"set_by": "ada", "changed_by": "ada"}


@pytest.mark.parametrize("key", ["", "odoo..demo", "odoo.demo.", "Odoo", "odoo demo", "a" * 201, "odoo.demo; drop"])
@pytest.mark.usefixtures("project")
def test_what_is_no_key_is_refused(world: World, key: str) -> None:
    """Nothing is recorded."""
    with refused("PT400"):
        world.rows(SET, key, "true")
    assert world.rows("select from ops.project_setting_changes") == []


@pytest.mark.usefixtures("project")
def test_changes_are_never_changed(world: World) -> None:
    """Not even by the owner of the table."""
    world.rows(SET, "odoo.demo", "true")
    for statement in (
        "update ops.project_setting_changes set changed_by = 'nobody'",
        "delete from ops.project_setting_changes",
        "truncate ops.project_setting_changes",
    ):
        with pytest.raises(psycopg.Error):
            world.connection.execute(statement.encode())
