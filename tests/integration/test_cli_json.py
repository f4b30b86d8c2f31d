"""What commands print with --json that no other test reads: each has the form that is published for it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.model import Environment, Project
from tests.command_line import CommandLine
from tests.json_forms import as_published
from tests.sql.everything import Everything, furnish
from tests.sql.world import World


@pytest.fixture
def ops(database: str, operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database and state folder."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOGNAME", "ada")
    return CommandLine(
        "advisory", "artifact", "backup", "console", "db", "down", "drill", "env", "event", "exception", "gate",
        "image", "incident", "invitation", "key", "member", "notify", "odoo", "outbox", "person",
        "platform", "policy", "project", "release", "run", "tool", "upgrade", "webhook", "workflow",
    )  # fmt: skip


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """Return a project."""
    return control.projects.create("shop", repo_url="https://example.com/shop.git", odoo_version="19.0")


@pytest.fixture
def environment(control: ControlPlane, project: Project) -> Environment:
    """Return an environment of the project."""
    return control.environments.ensure(project.id, branch="feature/x")


@pytest.fixture
def everything(database: str, worker_url: str) -> Everything:
    """Return a project with a row in every table."""
    with closing(World(database, worker_url)) as world:
        return furnish(world, "shop")


def test_what_lists_and_pages_print_of_a_full_record(ops: CommandLine, everything: Everything) -> None:
    """Each of a project with a row in every table."""
    backup = str(everything.backup)
    asked = (
        ("advisory", "list", "--project", "shop"),
        ("advisory", "show", "--from", "18.0", "--to", "19.0", "--project", "shop"),
        ("artifact", "list", str(everything.ended)), ("backup", "list"), ("backup", "show", backup),
        ("backup", "retention", "--dry-run"), ("console", "--sessions"), ("drill", "list"),
        ("env", "egress", "shop", "production"), ("env", "list"), ("env", "mail", "shop", "production"),
        ("env", "variables", "shop"), ("event", "list"), ("exception", "list"), ("gate", "list", "shop"),
        ("image", "list", "shop"), ("incident", "list"), ("invitation", "list"), ("key", "list"),
        ("member", "list", "shop"),
        ("project", "list"), ("release", "list", "shop"), ("run", "list"), ("run", "show", str(everything.ended)),
        ("workflow", "list", "shop"),
    )  # fmt: skip
    assert [arguments for arguments in asked if not ops.json(*arguments)] == []
    [image] = ops.json("image", "list", "shop")
    digest = image["reference"].rpartition("@")[2]
    assert {answer["question"] for answer in ops.json("image", "explain", "shop", digest)}
    assert isinstance(ops.json("image", "prune", "shop", "--dry-run"), list)


def test_invitations_to_the_console(ops: CommandLine) -> None:
    """Made once, listed and taken back; what is not clear is said before anything is written."""
    made = ops.json("invitation", "create", "Quinn@Example.com", "--as", "quinn", "--persona", "qa_tester")
    assert (made["email"], made["person"], made["status"]) == ("quinn@example.com", "quinn", "offered")
    with pytest.raises(Conflict, match=r"quinn@example\.com is invited already"):
        ops("invitation", "create", "quinn@example.com", "--persona", "sre")
    with pytest.raises(BadInput, match="says as whom the person acts"):
        ops("invitation", "create", "rita@example.com")
    with pytest.raises(BadInput, match="No invitation may have these values"):
        ops("invitation", "create", "rita", "--persona", "sre")
    assert ops.json("invitation", "withdraw", "quinn@example.com") == {"ended": 0}
    with pytest.raises(NotFound, match="is not invited"):
        ops("invitation", "withdraw", "quinn@example.com")
    assert [each["status"] for each in ops.json("invitation", "list")] == ["withdrawn"]


@pytest.mark.usefixtures("project")
def test_people_and_their_keys(ops: CommandLine) -> None:
    """Made, changed and looked at."""
    assert ops.json("person", "create", "Grace", "--alias", "email=grace@example.com")["name"] == "Grace"
    assert len(ops.json("person", "alias", "Grace", "--alias", "forge=ghopper")["aliases"]) == 2
    assert ops.json("key", "create", "laptop", "--project", "shop", "--role", "admin", "--scope", "read")["key"]
    assert [member["role"] for member in ops.json("member", "list", "shop")] == ["admin"]
    assert ops.json("webhook", "create", "shop")["project"] == "shop"


@pytest.mark.usefixtures("project")
def test_incidents_and_messages(ops: CommandLine) -> None:
    """Opened, listed and resolved; rules and what they send."""
    opened = ops.json("incident", "open", "shop", "slow", "--as", "ada")
    assert [each["id"] for each in ops.json("incident", "list", "shop")] == [opened["id"]]
    assert ops.json("incident", "resolve", opened["id"], "it was the disk")["status"] == "resolved"
    made = ops.json("notify", "rule", "add", "mail", "ada@example.com", "--event", "run", "--project", "shop")
    [rule] = ops.json("notify", "rule", "list")
    assert (rule["id"], rule["project"], rule["recipient"]) == (made["id"], "shop", "ada@example.com")
    ops("notify", "test", "mail", "ada@example.com")
    assert [each["recipient"] for each in ops.json("outbox", "list")] == ["ada@example.com"]


def test_an_address_is_kept_and_its_secret_shown_once(ops: CommandLine) -> None:
    """A webhook has one."""
    target = ops("notify", "target", "add", "webhook", "chat", "--json", answer="https://chat.example.com/x\n")
    assert as_published(("notify", "target", "add"), target.stdout)["name"] == "chat"


@pytest.mark.usefixtures("environment")
def test_environments_policies_and_workflows(ops: CommandLine) -> None:
    """Pinned, set, listed."""
    assert ops.json("env", "pin", "shop", "feature/x")["is_pinned"] is True
    assert ops.json("env", "unpin", "shop", "feature/x")["is_pinned"] is False
    assert ops.json("env", "logs", "shop", "feature/x") == []
    assert ops.json("policy", "set", "shop", "ttl", '{"log_days": 7}')["log_days"] == 7
    assert len(ops.json("workflow", "list", "shop")) == 5
    assert ops.json("upgrade", "list", "shop") == ops.json("tool", "list") == ops.json("image", "list", "shop") == []


def test_the_platform_itself(ops: CommandLine, tmp_path: Path) -> None:
    """Links, keys, the schema, and what is installed."""
    assert ops.json("console")["link_seconds"] > 0
    assert [session["status"] for session in ops.json("console", "--sessions")] == ["offered"]
    assert ops.json("console", "--end", "all")["ended"] == 1
    assert ops.json("platform", "key", str(tmp_path / "key"))["file"] == str(tmp_path / "key")
    assert ops.json("db", "export", str(tmp_path / "migrations"))["changed"]
    assert ops.json("down")["stopped"] is False
    assert isinstance(ops.json("odoo", "list"), list)
