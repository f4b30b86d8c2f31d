"""`ops person`: people and their names."""

from __future__ import annotations

import pytest

from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound
from tests.command_line import CommandLine


@pytest.fixture
def ops(database: str, operator_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("LOGNAME", "ada")
    return CommandLine("person")


def test_a_person_has_many_names(ops: CommandLine) -> None:
    """They are added, shown as they were given, and taken away."""
    ops("person", "create", "Grace", "--alias", "email=Grace@Example.com")
    ops("person", "alias", "Grace", "--alias", "forge=ghopper")
    [grace] = ops.json("person", "list")
    assert grace["aliases"] == [
        {"kind": "email", "name": "Grace@Example.com"},
        {"kind": "forge", "name": "ghopper"},
    ]
    assert "forge=ghopper" in ops("person", "list").stdout
    assert [ops.json("person", "unalias", "GHOPPER")["removed"] for _ in range(2)] == [True, False]


def test_a_name_that_is_taken_or_malformed_is_refused(ops: CommandLine) -> None:
    """With whose it is."""
    ops("person", "create", "Grace", "--alias", "email=grace@example.com")
    ops("person", "create", "Ada")
    with pytest.raises(Conflict, match="is the name of Grace"):
        ops("person", "alias", "Ada", "--alias", "login=GRACE@example.com")
    with pytest.raises(BadInput, match="is no KIND=NAME"):
        ops("person", "create", "Eve", "--alias", "eve")
    with pytest.raises(NotFound):
        ops("person", "alias", "Nobody", "--alias", "login=x")


def test_the_operator_declares_nobody(ops: CommandLine, operator_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It decides nothing for people."""
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", operator_url)
    with pytest.raises(Forbidden):
        ops("person", "create", "Eve")
