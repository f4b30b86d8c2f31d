"""`ops` on a laptop: nothing but a server's address and a key; and the nouns of members, policies and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound
from odooops_dagster.tools.sealing import new_key, public_of
from tests.api import settings
from tests.command_line import CommandLine
from tests.gateways import serving
from tests.repositories import Repository
from tests.servers import PostgresServer
from tests.sql.everything import Everything, furnish
from tests.sql.world import World

NOUNS = (
    "project",
    "env",
    "run",
    "backup",
    "release",
    "gate",
    "promote",
    "exception",
    "status",
    "key",
    "member",
    "policy",
    "incident",
)


@pytest.fixture
def mine(world: World, tmp_path: Path) -> Everything:
    """Project shop with something in everything, beside a foreign one, and a repository that can be asked."""
    furnish(world, "hushhush")
    mine = furnish(world, "shop")
    repository = Repository(tmp_path)
    repository.commit({"a": "1"})
    world.rows("select ops.record_sealing_key(%s, true)", public_of(new_key()))
    world.rows("update ops.projects set repo_url = %s where slug = 'shop'", repository.url)
    return mine


@pytest.fixture
def server(database: str, postgres_server: PostgresServer, control: ControlPlane, tmp_path: Path) -> Iterator[str]:
    """The address of a gateway with an API."""
    with serving(create_app(settings(database, postgres_server, tmp_path), control)) as address:
        yield address


@pytest.fixture
def ops() -> CommandLine:
    """The command."""
    return CommandLine(*NOUNS)


def test_every_daily_verb_works_with_a_server_and_a_key(
    ops: CommandLine,
    server: str,
    operator_url: str,
    *,
    mine: Everything,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operator makes the key on the host; the laptop has no database and no state folder."""
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", operator_url)
    key = ops.json("key", "create", "laptop", "--project", "shop", "--role", "admin")["key"]
    monkeypatch.delenv("ODOOOPS_OPERATOR_DATABASE_URL")
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "laptop"))
    monkeypatch.setenv("OPS_SERVER", "")
    with pytest.raises(BadInput, match="OPS_KEY is not set"):
        ops("--server", server, "project", "list")
    monkeypatch.setenv("OPS_KEY", key)
    monkeypatch.setenv("OPS_SERVER", server)

    assert [each["slug"] for each in ops.json("project", "list")] == ["shop"]
    assert ops.json("project", "show", "shop")["id"] == str(mine.project)
    assert ops.json("status")["projects"] == ["shop"]
    assert {each["branch"] for each in ops.json("env", "list", "shop")} >= {"feature/a", "main"}
    assert ops.json("env", "show", "shop", "feature/a")["id"] == str(mine.environment)
    assert {each["destination"] for each in ops.json("env", "egress", "shop", "main")} == {"example.com"}
    assert [each["id"] for each in ops.json("env", "mail", "shop", "main")] == [str(mine.mail)]
    assert ops("env", "mail", "shop", "main", str(mine.mail), "--raw").stdout == "x"
    _variables_are_set(ops)
    assert len(ops.json("run", "list", "shop")) >= 2
    assert ops.json("run", "show", str(mine.ended))["checks"]
    assert "shop#" in ops("run", "list", "shop").stdout
    assert ops.json("run", "logs", str(mine.ended))
    assert ops.json("run", "events", str(mine.ended))
    assert ops.json("run", "queue")
    assert ops.json("run", "cancel", str(mine.waiting))["status"] == "canceled"
    assert ops.json("run", "retry", str(mine.waiting))["retry_of"] == str(mine.waiting)
    assert ops.json("backup", "list", "shop")
    with pytest.raises(Conflict, match="not verified"):
        ops("backup", "restore", str(mine.backup), "--to", "main", "--yes")
    assert ops.json("release", "list", "shop")
    version = ops.json("release", "list", "shop")[0]["version"]
    assert ops.json("release", "show", "shop", version)["gates"]
    assert ops.json("release", "explain", "shop", version, "staging")["requirements"]
    assert [each["gate_code"] for each in ops.json("gate", "show", "shop", version)] == ["G1", "G2", "G3", "G4"]
    assert {each["gate_code"] for each in ops.json("gate", "list", "shop")} == {"G1", "G2", "G3", "G4"}
    with pytest.raises(Forbidden):
        ops("gate", "sign-off", "shop", version, "G2")
    with pytest.raises(Conflict, match="is not eligible"):
        ops("promote", "shop", "--release", version, "--yes")
    with pytest.raises(Conflict, match="is not eligible"):
        ops("release", "promote", "shop", version, "--yes")
    with pytest.raises(BadInput, match="does not offer this"):
        ops("key", "list")
    with pytest.raises(BadInput, match="takes no password"):
        ops("env", "create", "shop", "main", "--admin-password-stdin", answer="correct horse battery\n")
    assert not (tmp_path / "laptop").exists(), "nothing was made on the laptop"


def _variables_are_set(ops: CommandLine) -> None:
    """Set, list and unset variables; the value is sealed before it leaves the laptop."""
    assert "is concerned" in ops("env", "set", "shop", "PAYMENT_KEY", "--stage", "production", answer="hush\n").stderr
    ops("env", "set", "shop", "SHOP_URL", "--everywhere", answer="https://shop.test")
    assert {each["name"] for each in ops.json("env", "variables", "shop")} == {"KEY", "PAYMENT_KEY", "SHOP_URL"}
    preview = {each["name"]: each["place"] for each in ops.json("env", "variables", "shop", "feature/a")}
    assert preview == {"KEY": "environment", "SHOP_URL": "project"}
    ops("env", "unset", "shop", "KEY", "--branch", "feature/a")
    with pytest.raises(NotFound, match="no such variable"):
        ops("env", "unset", "shop", "KEY", "--branch", "feature/a")
    with pytest.raises(BadInput, match="PYTHONPATH"):
        ops("env", "set", "shop", "PYTHONPATH", "--everywhere", answer="x")
    with pytest.raises(BadInput, match="place is not clear"):
        ops("env", "set", "shop", "KEY", "--everywhere", "--stage", "production", answer="x")
    with pytest.raises(BadInput, match="no NUL"):
        ops("env", "set", "shop", "KEY", "--everywhere", answer="")


def test_a_persona_promotes_through_the_server(
    ops: CommandLine, server: str, database: str, mine: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release manager's key signs G3 off as its person; no operator makes it."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", database)
    scopes = ["--scope", "sign_off_g3", "--scope", "promote", "--scope", "grant_exception"]
    options = ["--persona", "release_manager", *scopes, "--approver", "rita"]
    key = ops.json("key", "create", "rita", *options)["key"]
    monkeypatch.delenv("ODOOOPS_DATABASE_URL")
    monkeypatch.setenv("OPS_SERVER", server)
    monkeypatch.setenv("OPS_KEY", key)
    version = ops.json("release", "list", "shop")[0]["version"]
    ops("gate", "sign-off", "shop", version, "G3", "--note", "looked at it")
    decided = ops.json("gate", "show", "shop", version, "G3")["decisions"]
    assert "rita" in {each["approver_id"] for each in decided}
    with pytest.raises(Forbidden):
        ops("gate", "sign-off", "shop", version, "G2")
    with pytest.raises(Forbidden):
        ops("run", "cancel", str(mine.waiting))
    asked = ops.json("exception", "request", "shop", version, "G2", "--reason", "no tester today")
    with pytest.raises(Forbidden, match=r"four eyes|requested"):
        ops("exception", "grant", asked["id"][:8], "--yes")
    ops("exception", "break-glass", "shop", version, "G2", "--reason", "shop is down", "--yes")
    ops("exception", "revoke", asked["id"])
    statuses = {each["exception_id"]: each["status"] for each in ops.json("exception", "list", "shop")}
    assert statuses.pop(asked["id"]) == "revoked"
    assert set(statuses.values()) == {"active"}
    with pytest.raises(BadInput, match="does not offer this"):
        ops("exception", "grant", asked["id"], "--as", "somebody", "--yes")
    for step in ("--rehearse", "--prepare"):
        with pytest.raises(Conflict):
            ops("promote", "shop", "--release", version, step)


@pytest.mark.parametrize("way", ["database", "server"])
def test_members_and_policies_are_managed(
    ops: CommandLine,
    server: str,
    operator_url: str,
    *,
    mine: Everything,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """By the operator and through the server alike."""
    assert mine
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", operator_url)
    if way == "server":
        key = ops.json("key", "create", "laptop", "--project", "shop", "--role", "admin")["key"]
        monkeypatch.delenv("ODOOOPS_OPERATOR_DATABASE_URL")
        monkeypatch.setenv("OPS_SERVER", server)
        monkeypatch.setenv("OPS_KEY", key)
    person = str(uuid4())
    ops("member", "set", "shop", person, "viewer")
    assert {"viewer"} == {each["role"] for each in ops.json("member", "list", "shop") if each["user_id"] == person}
    ops("member", "remove", "shop", person, "--yes")
    with pytest.raises(NotFound):
        ops("member", "remove", "shop", person, "--yes")
    with pytest.raises(BadInput, match="no role of a member"):
        ops("member", "set", "shop", person, "king")
    ops("policy", "set", "shop", "ttl", '{"log_days": 7}')
    assert ops.json("policy", "show", "shop", "ttl")["ttl"]["log_days"] == 7
    assert len(ops.json("policy", "show", "shop")) > 3
    for wrong in (["ttl", '{"nonsense": 1}'], ["ttl", "7"], ["ttl", "{"], ["nonsense", "{}"]):
        with pytest.raises(BadInput):
            ops("policy", "set", "shop", *wrong)
