"""The gateway's own console in a real browser: everybody can use every page of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from tests.acceptance.browser import Browser
from tests.accessibility import faults_of
from tests.console_faces import Gateway
from tests.consoles import ALL, link_token
from tests.servers import PostgresServer
from tests.sql.everything import furnish
from tests.sql.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PAGES = (
    "",
    "/runs",
    "/runs/1",
    "/runs/1/log",
    "/releases",
    "/releases/1.0/show",
    "/backups",
    "/upgrades",
    "/automation",
    "/record",
    "/access",
    "/figures",
    "/egress",
    "/environments/feature/a/show",
    "/runs/1/changes",
)


@pytest.fixture
def gateway(browser: Browser, database: str, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Gateway]:
    """Yield a running gateway over the test's database."""
    gateway = Gateway(database, postgres_server, tmp_path)
    gateway.start()
    yield gateway
    browser.leave()
    gateway.stop()


def test_everybody_can_use_every_page(browser: Browser, gateway: Gateway, owner: ControlPlane, world: World) -> None:
    """Nothing that axe knows of is wrong, in both colours, and nothing is wider than a phone."""
    furnish(world, "shop")
    link = f"{gateway.address}/login?token={link_token(owner, 'rita', *ALL)}"
    seen = browser.see(link, until="h1")
    seen.click("button:has-text('Sign in')")
    wrong = {}
    for page in PAGES:
        opened = seen.open(f"{gateway.address}/projects/shop{page}", until="h1")
        if found := faults_of(opened):
            wrong[page] = found
        opened.close()
    assert wrong == {}
