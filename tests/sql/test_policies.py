"""Policies: what projects hold themselves to, and which rules are none."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.releases import set_rules
from tests.sql.world import World, refused


def test_a_policy_is_the_defaults_overruled_twice(world: World, project: UUID) -> None:
    """By the platform's, then by the project's own."""
    world.rows("select ops.set_policy(null, 'retention', '{\"daily\": 14, \"weekly\": 8}')")
    set_rules(world, project, "retention", weekly=2)
    found = world.value("select ops.policy(%s, 'retention')", project)
    assert found == {"daily": 14, "weekly": 2, "monthly": 3, "minimum": 1}
    other = world.project("other")
    assert world.value("select ops.policy(%s, 'retention')", other)["weekly"] == 8
    set_rules(world, project, "retention")
    assert world.value("select ops.policy(%s, 'retention')", project)["weekly"] == 8


def test_every_rule_has_a_default_that_it_would_take(world: World, project: UUID) -> None:
    """Setting the defaults changes nothing."""
    for policy_type in ("gates", "promotion", "ttl", "backup", "retention", "clone"):
        defaults = world.value("select ops.policy_defaults(%s)", policy_type)
        set_rules(world, project, policy_type, **defaults)
        assert world.value("select ops.policy(%s, %s)", project, policy_type) == defaults


WINDOW = {"from": "2026-12-24T00:00Z", "to": "2026-12-27T00:00Z", "reason": "holidays"}
WEEKLY = {"from": "fri 16:00", "to": "mon 08:00", "time_zone": "Europe/Brussels", "reason": "weekend"}


@pytest.mark.parametrize(
    ("policy_type", "rule", "value"),
    [
        ("gates", "quorum", 2),
        ("gates", "g2_quorum", 0),
        ("gates", "g2_quorum", 21),
        ("gates", "g2_quorum", 1.5),
        ("gates", "g2_quorum", "2"),
        ("gates", "g2_quorum", None),
        ("gates", "g2_quorum", 1e300),
        ("gates", "g1_checks", []),
        ("gates", "g1_checks", "build"),
        ("gates", "g1_checks", ["build", "build"]),
        ("gates", "g1_checks", ["build", ""]),
        ("gates", "g1_checks", [["build"]]),
        ("promotion", "staging_requires_g2", "yes"),
        ("promotion", "freeze_windows", WINDOW),
        ("promotion", "freeze_windows", [WINDOW | {"reason": " "}]),
        ("promotion", "freeze_windows", [WINDOW | {"until": "later"}]),
        ("promotion", "freeze_windows", [WINDOW | {"to": "2026-12-27"}]),
        ("promotion", "freeze_windows", [WINDOW | {"to": "2026-12-27T00:00"}]),
        ("promotion", "freeze_windows", [WINDOW | {"to": "2026-02-30T00:00Z"}]),
        ("promotion", "freeze_windows", [WINDOW | {"to": "2026-12-23T00:00Z"}]),
        ("promotion", "freeze_windows", [WEEKLY | {"time_zone": "Europe/Atlantis"}]),
        ("promotion", "freeze_windows", [WEEKLY | {"to": "fri 16:00"}]),
        ("promotion", "freeze_windows", [WEEKLY | {"to": "friday"}]),
        ("promotion", "freeze_windows", [WEEKLY | {"to": 7}]),
        ("promotion", "freeze_windows", [None]),
        ("retention", "daily", -1),
        ("ttl", "log_days", True),
        ("clone", "masking_hooks", [1]),
        ("gates", "untested_modules", "refused"),
        ("clone", "source", "newest"),
        ("clone", "source", ["dump"]),
        ("clone", "columns", ["res_partner.email"]),
        ("clone", "columns", {"email": "keep"}),
        ("clone", "columns", {"res_partner.email": "kept"}),
        ("clone", "columns", {"res_partner.email": "value:"}),
        ("clone", "columns", {"res_partner.email": True}),
        ("clone", "columns", {"a.b.c.d": "keep"}),
    ],
    ids=str,
)
def test_a_wrong_rule_is_named(world: World, project: UUID, policy_type: str, rule: str, value: object) -> None:
    """And nothing of the policy is taken."""
    with refused("PT400", f"^{rule}"):
        set_rules(world, project, policy_type, **{rule: value})
    assert world.rows("select from ops.policies") == []


def test_freezes_of_both_kinds_are_taken(world: World, project: UUID) -> None:
    """Once, and every week."""
    set_rules(world, project, "promotion", freeze_windows=[WINDOW, WEEKLY])
    assert world.value("select ops.policy(%s, 'promotion')", project)["freeze_windows"] == [WINDOW, WEEKLY]


def test_what_is_to_be_done_with_columns_of_a_clone_is_taken(world: World, project: UUID) -> None:
    """Tables of Odoo's own schema are named without it, and names may be of any letters."""
    columns = {"pos_user.pin": "keep", "hr.Ärzte.key": "delete_rows", "a.b": "truncate", "c.d": "value:null; --"}
    set_rules(world, project, "clone", columns=columns, source="newest_verified")
    found = world.value("select ops.policy(%s, 'clone')", project)
    assert (found["columns"], found["source"]) == (columns, "newest_verified")
    assert world.value("select ops.policy_defaults('clone') ->> 'source'") == "dump"


def test_only_the_platform_sets_the_policy_for_all(world: World, project: UUID) -> None:
    """An admin sets the project's."""
    admin = world.person(world.member(project, "admin"))
    admin.rows("select ops.set_policy(%s, 'ttl', '{}')", project)
    with refused("PT403", "policy for all projects"):
        admin.rows("select ops.set_policy(null, 'ttl', '{}')")
    with refused("PT404"):
        world.rows("select ops.set_policy(gen_random_uuid(), 'ttl', '{}')")
