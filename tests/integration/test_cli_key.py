"""`ops key`: made and shown once, listed by prefix, rotated, revoked."""

from __future__ import annotations

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Forbidden, NotFound
from tests.command_line import CommandLine


@pytest.fixture
def ops(database: str, operator_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("LOGNAME", "ada")
    return CommandLine("key")


def test_a_key_lives_and_ends(ops: CommandLine, control: ControlPlane) -> None:
    """The key is on stdout alone; afterwards only its prefix is shown."""
    control.projects.create("shop", repo_url="https://example.com/shop.git", odoo_version="19.0")
    made = ops("key", "create", "CI of shop", "--persona", "ci_service_role", "--project", "shop").stdout.strip()
    [listed] = ops.json("key", "list", "--project", "shop")
    assert made.startswith(f"opsk_{listed['prefix']}_")
    assert (listed["event_types"], listed["created_by"], listed["status"]) == (["build_complete"], "ada", "active")
    assert made.rpartition("_")[2] not in ops("key", "list").stdout
    successor = ops.json("key", "rotate", listed["prefix"], "--overlap", "0")
    assert {row["prefix"]: row["status"] for row in ops.json("key", "list")} == {
        listed["prefix"]: "expired",
        successor["key"].split("_")[1]: "active",
    }
    ended = ops.json("key", "revoke", successor["key"].split("_")[1], "--yes")
    assert (ended["status"], ended["revoked_by"]) == ("revoked", "ada")


def test_a_key_that_makes_no_sense_is_refused(ops: CommandLine) -> None:
    """With what it lacks."""
    with pytest.raises(BadInput, match="owner is not known"):
        ops("key", "create", "x", "--persona", "owner")
    with pytest.raises(BadInput, match="No key may have these values"):
        ops("key", "create", "x", "--persona", "qa_tester")
    with pytest.raises(NotFound, match="There is no key nope"):
        ops("key", "revoke", "nope", "--yes")


def test_the_worker_makes_no_keys(ops: CommandLine, worker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It decides nothing for people, not even by a key of its own making."""
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", worker_url)
    with pytest.raises(Forbidden):
        ops("key", "create", "mine", "--persona", "ci_service_role")


def test_only_the_owner_makes_keys_that_sign_off(
    ops: CommandLine, operator_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a key decides for a person, which the operator does not."""
    assert ops("key", "create", "max", "--persona", "release_manager", "--approver", "max").stdout
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", operator_url)
    with pytest.raises(Forbidden, match="decides for a person"):
        ops("key", "create", "mine", "--persona", "release_manager", "--approver", "max")
