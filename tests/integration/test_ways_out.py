"""What an environment may reach: from the command that sets it to the proxy, and from the proxy to the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import exit_folder, let_out_folder
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.exits import exit_of, rule_exits
from odooops_dagster.steps.upkeep.outlets import collect_caught
from tests.command_line import CommandLine
from tests.egress import LettingOut, ask, letting_out, server
from tests.outlets import wait_until
from tests.sql.everything import Everything, furnish
from tests.sql.world import World


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LettingOut]:
    """Yield a proxy for the tests of this file."""
    with letting_out(tmp_path_factory.mktemp("out")) as made:
        yield made


@pytest.fixture
def shop(world: World, out: LettingOut, operator_url: str, monkeypatch: pytest.MonkeyPatch) -> Everything:
    """Return a project with a preview, `feature/a`, and a production, `main`."""
    monkeypatch.setenv("ODOOOPS_HOME", str(out.home))
    monkeypatch.setenv("ODOOOPS_OPERATOR_DATABASE_URL", operator_url)
    return furnish(world, "shop")


def test_a_policy_opens_the_way_and_the_command_says_what_went_there(
    out: LettingOut, control: ControlPlane, shop: Everything
) -> None:
    """Within a tick, without a restart; production has no way that could be ruled."""
    ops, settings = CommandLine("policy", "env"), Settings(home=out.home)
    with server() as trap:
        target = f"127.0.0.1:{trap.port}"
        settings = settings.model_copy(update={"egress_own_services": target})
        page = f"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()
        folder = exit_folder(out.home, shop.environment)
        wait_until(lambda: rule_exits(control, settings) == 0 and (folder / "proxy").exists(), what="a way")
        assert ask(folder, page).startswith(b"HTTP/1.1 403 ")
        ops("policy", "set", "shop", "egress", json.dumps({"development_allow": [target]}))
        wait_until(lambda: rule_exits(control, settings) == 0, what="the new rules")
        wait_until(lambda: ask(folder, page).endswith(b"hello"), what="the server")
    assert not exit_folder(out.home, shop.production).exists()

    def said() -> dict[str, dict[str, object]]:
        collect_caught(control, settings)
        rows = ops.json("env", "egress", "shop", "feature/a")
        return {row["outcome"]: row for row in rows if row["port"] == trap.port}

    wait_until(lambda: set(said()) >= {"allowed", "refused"}, what="both on the record")
    seen = said()
    assert seen["allowed"]["bytes_in"] == len("hello") * int(str(seen["allowed"]["attempts"]))
    assert seen["refused"]["reason"] == f"{target} is not on rule development_allow of policy egress"
    assert "development_allow" in ops("env", "egress", "shop", "feature/a").stdout
    assert control.egress.counted(shop.environment)["allowed"] == seen["allowed"]["attempts"]


def test_a_new_environment_s_way_is_open_before_its_odoo_starts(
    out: LettingOut, control: ControlPlane, shop: Everything
) -> None:
    """What an Odoo asks for in its first seconds is answered and counted; it does not wait for housekeeping's tick."""
    folder = exit_of(control, Settings(home=out.home), control.environments.by_id(shop.environment))
    assert folder == exit_folder(out.home, shop.environment)
    page = b"GET http://192.0.2.7/ HTTP/1.1\r\nHost: 192.0.2.7\r\n\r\n"
    assert ask(folder, page).startswith(b"HTTP/1.1 403 ")
    assert exit_of(control, Settings(home=out.home), control.environments.by_id(shop.production)) is None


def test_what_a_taken_over_proxy_leaves_is_data(
    out: LettingOut, control: ControlPlane, shop: Everything, world: World
) -> None:
    """It decides between allowed and refused, and tells nothing that is the catcher's or the platform's to say."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
    row = {"destination": "a.example", "protocol": "tcp", "attempts": 1, "first_at": minute, "last_at": minute}
    spool = let_out_folder(out.home) / shop.environment.hex
    spool.mkdir(parents=True, exist_ok=True)
    for outcome in ("open", "caught", None, "allowed\0"):
        told = {"minute": minute, "source": str(uuid4()), "attempts": [{**row, "outcome": outcome}]}
        (spool / f"{outcome}.attempts".replace("\0", "")).write_text(json.dumps(told))
    (spool / "link.attempts").symlink_to(out.home)
    collect_caught(control, Settings(home=out.home))
    left = "select count(*) from ops.egress_attempts where environment_id = %s and destination = 'a.example'"
    assert world.value(left, shop.environment) == 0
