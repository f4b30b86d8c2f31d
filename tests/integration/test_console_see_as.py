"""Seeing a project as one of its members: read-only, plainly marked, on the record, and within that project."""

from __future__ import annotations

from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from tests.consoles import Person, signed_in
from tests.sql.everything import Everything, furnish
from tests.sql.world import World


@pytest.fixture
def shop(world: World) -> Everything:
    """A project with a row in every table, beside another one."""
    furnish(world, "other")
    return furnish(world, "shop")


def sees_as(person: Person, user: UUID, slug: str = "shop") -> int:
    """Ask to see the project as the user, and return the status."""
    return int(person.sends(f"/projects/{slug}/see-as", user=str(user)).status_code)


def test_an_admin_sees_what_a_viewer_sees_and_changes_nothing(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """The buttons are the viewer's, every form is refused, and it is on the record under the admin's name."""
    viewer = world.member(shop.project, "viewer")
    adam = signed_in(client, owner, "adam", user_id=world.member(shop.project, "admin"))
    assert "<form" in adam.sees("/projects/shop").split("<main", 1)[1]
    assert sees_as(adam, viewer) == 303
    text = adam.sees("/projects/shop")
    assert f"sees as member <code>{viewer}</code>, and changes nothing" in text
    assert "<form" not in text.split("<main", 1)[1]
    refused = adam.sends("/projects/shop/branches", branch="feature/z")
    assert (refused.status_code, "sees as another changes nothing" in refused.text) == (403, True)
    assert sees_as(adam, viewer) == 403
    event = world.row("select recorded_by, payload from ops.environment_events where event = 'seen_as'")
    assert (event["recorded_by"], event["payload"]["user_id"]) == ("adam", str(viewer))
    assert adam.sends("/see-as/stop").status_code == 303
    assert "<form" in adam.sees("/projects/shop").split("<main", 1)[1]


def test_what_a_button_would_do_is_refused_by_the_database_too(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the gateway lets through: the transaction only reads."""
    admin = world.member(shop.project, "admin")
    adam = signed_in(client, owner, "adam", user_id=admin)
    assert sees_as(adam, admin) == 303
    branches = "/projects/shop/branches"
    monkeypatch.setattr("odooops_dagster.doors.http.console.session._STOPPING", frozenset({branches}))
    assert adam.sends(branches, branch="feature/z").status_code >= 400
    assert world.rows("select from ops.environments where name = 'feature/z'") == []


def test_nobody_sees_further_by_seeing_as_another(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """A member of two projects is seen in one; a developer sees as nobody, and a dismissed admin as before."""
    both = world.member(shop.project, "viewer")
    other = world.value("select id from ops.projects where slug = 'other'")
    world.rows("insert into ops.project_memberships values (%s, %s, 'viewer')", other, both)
    admin = world.member(shop.project, "admin")
    adam = signed_in(client, owner, "adam", user_id=admin)
    assert sees_as(adam, both, "other") == 404
    assert sees_as(adam, world.member(other)) == 403
    assert sees_as(adam, both) == 303
    adam.sees("/projects/shop")
    adam.sees("/projects/other", status=404)
    dora = signed_in(client, owner, "dora", user_id=world.member(shop.project, "developer"))
    assert sees_as(dora, both) == 403
    rita = signed_in(client, owner, "rita", "release_manager")
    assert sees_as(rita, both) == 403
    olga = signed_in(client, owner, "olga", "audit_reader")
    assert sees_as(olga, both) == 303
    olga.sees("/projects/other", status=404)
    world.rows("update ops.project_memberships set role = 'viewer' where user_id = %s", admin)
    assert "may no longer see as member" in adam.sees("/projects/shop")


def test_who_sees_as_a_member_that_is_removed_meanwhile_still_changes_nothing(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """A form that was sent in the belief to be harmless would otherwise act with the admin's own rights."""
    viewer = world.member(shop.project, "viewer")
    adam = signed_in(client, owner, "adam", user_id=world.member(shop.project, "admin"))
    assert sees_as(adam, viewer) == 303
    world.rows("delete from ops.project_memberships where user_id = %s", viewer)
    assert adam.sends("/projects/shop/branches", branch="feature/z").status_code == 403
    assert f"may no longer see as member <code>{viewer}</code>" in adam.sees("/projects/shop")
    assert adam.sends("/see-as/stop").status_code == 303
    assert "as member" not in adam.sees("/projects/shop")
    assert adam.sends("/projects/shop/branches", branch="feature/z").status_code == 303
