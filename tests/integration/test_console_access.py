"""The console's page of members and policies: who changes them, and that others only read."""

from __future__ import annotations

import html
import json
import re
from uuid import uuid4

from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from tests.consoles import Person, signed_in
from tests.sql.world import World, refused

PAGE = "/projects/shop/access"


def test_an_admin_changes_members_and_a_viewer_reads_them(
    client: TestClient, owner: ControlPlane, world: World
) -> None:
    """By the functions that the command calls: the last owner stays, and nobody rises above the own role."""
    project = world.project("shop")
    world.member(project, "owner")
    adam = signed_in(client, owner, "adam", user_id=world.member(project, "admin"))
    vera = signed_in(client, owner, "vera", user_id=world.member(project, "viewer"))
    added = str(uuid4())
    assert adam.sends("/projects/shop/members", user=added, role="developer").status_code == 303
    assert added in vera.sees(PAGE)
    assert "/members" not in vera.sees(PAGE).split("<main", 1)[1]
    assert vera.sends("/projects/shop/members", user=added, role="viewer").status_code == 403
    assert adam.sends("/projects/shop/members", user=added, role="owner").status_code == 403
    assert adam.sends("/projects/shop/members", user="anna", role="viewer").status_code == 400
    assert adam.sends("/projects/shop/members", user=added, role="king").status_code == 400
    assert adam.sends("/projects/shop/members/remove", user=added).status_code == 303
    assert added not in vera.sees(PAGE)


def shown(person: Person, kind: str) -> str:
    """Return the rules in force that the form of a policy holds."""
    found = re.search(rf'policies/{kind}">\n<input type="hidden" name="shown" value="([^"]*)"', person.sees(PAGE))
    assert found is not None
    return html.unescape(found[1])


def test_a_policy_is_set_by_what_was_changed_and_only_on_what_was_read(
    client: TestClient, owner: ControlPlane, world: World
) -> None:
    """A rule that is as for all projects is not the project's own; who read older rules is refused."""
    project = world.project("shop")
    adam = signed_in(client, owner, "adam", user_id=world.member(project, "admin"))
    read = shown(adam, "retention")
    path = "/projects/shop/policies/retention"
    assert adam.sends(path, shown=read, daily="9", weekly="4", monthly="3", minimum="1").status_code == 303
    rules = "select rules from ops.policies where project_id = %s and policy_type = 'retention'"
    assert world.value(rules, project) == {"daily": 9}
    assert adam.sends(path, shown=read, daily="10").status_code == 412
    assert adam.sends(path, shown=shown(adam, "retention"), daily="7").status_code == 303
    assert world.value(rules, project) == {}
    assert adam.sends(path, shown=shown(adam, "retention"), daily="many").status_code == 400
    assert adam.sends(path, shown=shown(adam, "retention"), daily="-1").status_code == 400
    assert adam.sends("/projects/shop/policies/promotion", shown=shown(adam, "promotion"), release="by_hand")
    assert world.value("select ops.policy(%s, 'promotion') ->> 'release'", project) == "by_hand"
    assert adam.sends("/projects/shop/policies/nothing", shown="{}").status_code == 404


def test_a_member_makes_rotates_and_revokes_keys_of_the_own(
    client: TestClient, owner: ControlPlane, world: World
) -> None:
    """A key is shown once, reaches no further than its maker, and makes no other; an admin ends everybody's."""
    project = world.project("shop")
    dora = signed_in(client, owner, "dora", user_id=world.member(project, "developer"))
    path = "/projects/shop/keys"
    given = {"name": "ci", "days": "30", "scope-read": "yes", "scope-queue": "yes", "scope-manage": "yes"}
    text = dora.sends(path, **given).text
    (key,) = re.findall(r"opsk_[0-9a-f]{12}_[0-9a-f]{64}", text)
    assert key not in dora.sees(PAGE)
    row = world.row("select user_id, scopes, project_id, persona from ops.v_event_keys")
    assert row["scopes"] == ["queue", "read"]
    assert (row["project_id"], row["persona"]) == (project, None)
    bearer = {"Authorization": f"Bearer {key}"}
    assert client.get("/v1/projects/shop", headers=bearer).status_code == 200
    assert dora.sends(path, name="ci", days="0").status_code == 400
    assert dora.sends(path, name="ci", days="30").status_code == 400
    prefix = key.split("_")[1]
    (successor,) = re.findall(
        r"opsk_[0-9a-f]{12}_[0-9a-f]{64}", dora.sends(f"{path}/rotate", key=prefix, days="30").text
    )
    assert successor != key
    vera = signed_in(client, owner, "vera", user_id=world.member(project, "viewer"))
    for verb in ("rotate", "revoke"):
        assert vera.sends(f"{path}/{verb}", key=prefix, days="30").status_code == 404
    assert prefix not in vera.sees(PAGE)
    adam = signed_in(client, owner, "adam", user_id=world.member(project, "admin"))
    assert adam.sends(f"{path}/rotate", key=prefix, days="30").status_code == 404
    assert adam.sends(f"{path}/revoke", key=prefix).status_code == 303
    assert client.get("/v1/projects/shop", headers=bearer).status_code == 401
    world.rows("delete from ops.project_memberships where user_id = %s", row["user_id"])
    assert client.get("/v1/projects/shop", headers={"Authorization": f"Bearer {successor}"}).status_code != 200


def test_a_key_makes_no_key(world: World) -> None:
    """Whoever holds one could outlive its end."""
    project = world.project("shop")
    member = world.member(project, "owner")
    caller = world.person(member)
    made = caller.row("select * from ops.create_member_key(%s, 'x', '{read}', now() + interval '1 day')", project)
    claims = {"sub": str(member), "role": "authenticated"}
    claims |= {"odooops_key": {"project_id": str(project), "scopes": ["read", "manage"]}}  # type: ignore[dict-item]
    caller.rows("select set_config('request.jwt.claims', %s, false)", json.dumps(claims))
    with refused("PT403", "makes no other key"):
        caller.rows("select ops.create_member_key(%s, 'y', '{read}', now() + interval '1 day')", project)
    with refused("PT404"):
        caller.rows("select ops.rotate_member_key(%s, now() + interval '9 days')", made["key"].split("_")[1])
