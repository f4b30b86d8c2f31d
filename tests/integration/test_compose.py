"""The production stack: what its file says, and the stack itself on a real engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.settings import Settings
from tests.compose_stack import (
    COMPOSE,
    CONSOLE,
    DAGSTER,
    DOMAIN,
    FORMER,
    IMAGE,
    Compose,
    build_former_image,
    started,
)
from tests.debian_programs import caddy
from tests.docker_engine import Engine, running_engine
from tests.suites.processes import eventually

pytestmark = pytest.mark.timeout(1500)

ENDED = {"succeeded", "failed", "canceled"}
SILENT_PORT = 4443
# A forge that takes each connection and says nothing, until its container is replaced.
SILENT = f"import socket, time; kept = socket.create_server(('127.0.0.1', {SILENT_PORT})); time.sleep(3600)"


def test_the_file_is_one_that_compose_understands(tmp_path: Path) -> None:
    """Everything runs without rights; the proxy waits for a healthy platform; secrets are files; one image is ours."""
    config = Compose(tmp_path).config()
    services = config["services"]
    assert set(services) == {"net", "platform", "proxy"}
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert not service.get("privileged")
        assert service["image"] == "odooops:tested"
    assert services["proxy"]["depends_on"]["platform"]["condition"] == "service_healthy"
    assert all("ports" not in services[name] for name in ("platform", "proxy"))
    assert {secret["source"] for secret in services["platform"]["secrets"]} == set(config["secrets"])
    names = {name.removeprefix("ODOOOPS_").lower() for name in services["platform"]["environment"]}
    assert names <= set(Settings.model_fields)
    assert not any(word in name for name in names for word in ("password", "token", "backup_key", "secret"))


def test_what_has_to_be_named_is_asked_for(tmp_path: Path) -> None:
    """Nothing starts under an address of ours."""
    compose = Compose(tmp_path)
    del compose.environment["ODOOOPS_CONSOLE_HOST"]
    done = compose.run("config", check=False)
    assert done.returncode != 0
    assert "name the console's host" in done.stderr


def test_the_proxys_file_is_valid(tmp_path: Path) -> None:
    """Caddy itself says so."""
    variables = {**Compose(tmp_path).environment, "ODOOOPS_TLS": "internal", "ODOOOPS_ENVIRONMENTS_TLS": "internal"}
    argv = [str(caddy()), "validate", "--config", str(COMPOSE.with_name("Caddyfile")), "--adapter", "caddyfile"]
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Yield the engine of the stack."""
    with running_engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Compose, list[str]]]:
    """Yield the stack that runs."""
    with started(engine, tmp_path_factory.mktemp("compose")) as found:
        yield found


@pytest.mark.root
@pytest.mark.docker
def test_the_stack_answers_by_tls_and_shows_no_secret(stack: tuple[Compose, list[str]]) -> None:
    """Gateway, Dagster UI and environments through one proxy; what the engine shows of the containers holds no key."""
    compose, secrets = stack
    assert compose.ask(CONSOLE, "/healthz")[0] == 200
    assert compose.ask(CONSOLE, "/readyz")[0] == 200
    assert compose.ask(DAGSTER, "/graphql?query=%7Bversion%7D")[0] == 401
    hidden = f"nothing--here.{DOMAIN}"
    assert compose.ask(hidden, "/")[0] == 401  # whether there is such an environment is for visitors with the password
    visitor = json.loads(compose.ops("env", "visitors", "--json"))
    assert compose.ask(hidden, "/", **{"X-OdooOps-Visitor": visitor["password"]})[0] == 421
    secrets.append(visitor["password"])
    ids = compose.run("ps", "--quiet").stdout.split()
    shown = subprocess.run(
        ["docker", "inspect", *ids], env=compose.environment, capture_output=True, text=True, check=True
    )
    logs = compose.run("logs").stdout
    assert "Ctrl-C ends it" in logs
    assert "login?token=" not in logs
    assert len(json.loads(shown.stdout)) == 3
    read = "find /var/lib/odooops/secrets -type f -exec cat {} +"
    kept = compose.run("exec", "-T", "platform", "sh", "-c", read).stdout.split()
    assert kept
    assert [secret for secret in (*secrets, *kept) if secret in shown.stdout or secret in logs] == []
    assert compose.run("exec", "-T", "platform", "id", "-u").stdout.strip() == "10001"


class Upgrade:
    """The platform of a former version, which is upgraded with a run at work and one that waits, and taken back."""

    def __init__(self, compose: Compose) -> None:
        self.compose = compose
        self.runs: list[str] = []

    def use(self, image: str) -> None:
        """Start this version, as the operator does: by its image's name."""
        self.compose.environment["ODOOOPS_IMAGE"] = image
        self.compose.run("up", "--detach", "--wait")
        assert self.compose.ask(CONSOLE, "/readyz")[0] == 200

    def begin_runs(self) -> None:
        """Begin a run whose forge never answers, and let a second one wait behind it."""
        self.compose.run("exec", "--detach", "net", "python3", "-c", SILENT)
        self.compose.ops("project", "create", "shop", "--repo", f"git://127.0.0.1:{SILENT_PORT}/a", "--no-check")
        for branch in ("main", "later"):
            made = self.compose.ops("run", "create", "shop", branch, "--sha", "a" * 40, "--json")
            self.runs.append(json.loads(made)["id"])
        eventually(lambda: self.said(0)["status"] == "running", what="a run at work", seconds=120)
        assert self.said(1)["status"] == "queued"

    def said(self, which: int) -> dict[str, Any]:
        """Return what the platform says of the run."""
        found: dict[str, Any] = json.loads(self.compose.ops("run", "show", self.runs[which], "--json"))
        return found

    def ends(self, which: int) -> list[str]:
        """Return the states in which the run ended, each time that it did."""
        events = json.loads(self.compose.ops("run", "events", self.runs[which], "--json"))
        moves = [each["payload"]["to"] for each in events if each["event_type"] == "state_change"]
        return [to for to in moves if to in ENDED]


@pytest.mark.root
@pytest.mark.docker
def test_an_upgrade_ends_each_run_once_and_its_backup_leads_back(
    engine: Engine, stack: tuple[Compose, list[str]], tmp_path: Path
) -> None:
    """From the image and the schema before the newest migration, with a run at work and one that waits, and back."""
    compose, _ = stack
    build_former_image(engine, tmp_path)
    compose.run("down", "--volumes")
    one = tmp_path / "one.yaml"
    one.write_text("services: {platform: {environment: {ODOOOPS_MAX_CONCURRENT_RUNS: '1'}}}\n")
    compose.add(one)
    upgrade = Upgrade(compose)
    upgrade.use(FORMER)
    upgrade.begin_runs()
    backup = json.loads(compose.ops("platform", "backup", "--json"))
    assert backup["verified_at"] is not None
    before = compose.run("ps", "--quiet", "platform").stdout
    upgrade.use(IMAGE)
    assert compose.run("ps", "--quiet", "platform").stdout != before
    for which in range(2):
        eventually(lambda it=which: upgrade.said(it)["status"] in ENDED, what="an end", seconds=180)  # type: ignore[misc]
        assert len(upgrade.ends(which)) == 1, "the new version takes each over, and ends it once: there is no forge"
    assert len(json.loads(compose.ops("run", "list", "--json"))) == 2
    compose.ops("project", "create", "since", "--repo", "https://forge.invalid/a.git", "--no-check")
    compose.run("stop", "platform", "proxy")
    compose.environment["ODOOOPS_IMAGE"] = FORMER
    compose.run(
        "run", "--rm", "--no-deps", "platform", "ops", "platform", "restore", backup["id"], "--replace", "--yes"
    )
    upgrade.use(FORMER)
    projects = compose.ops("project", "list")
    assert "shop" in projects
    assert "since" not in projects, "what came after the backup is lost from the record"
    assert [len(upgrade.ends(which)) for which in range(2)] == [1, 1], "none is repeated by itself"
