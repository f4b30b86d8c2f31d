"""The console as a static site: its sources, what its pages may do, who gets in, and that everybody can use it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from odooops_dagster.control import ControlPlane
from tests.acceptance.browser import Browser
from tests.accessibility import faults_of
from tests.api import member_key
from tests.console_faces import Gateway, Person, Static
from tests.servers import PostgresServer
from tests.sql.everything import Everything, furnish
from tests.sql.world import World
from tests.supabase_logins import PASSWORD
from tests.web_console import SOURCE, Places, npm, workshop

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"
PAGES = (
    "/",
    "/project/?project=shop",
    "/runs/?project=shop",
    "/run/?project=shop&number=1",
    "/artifacts/?project=shop",
    "/releases/?project=shop",
    "/release/?project=shop&version=1.0",
    "/backups/?project=shop",
    "/run/?project=shop&number=99",
    "/nowhere/",
)


@pytest.fixture
def face(
    browser: Browser, database: str, postgres_server: PostgresServer, tmp_path: Path, places: Places
) -> Iterator[Static]:
    """Yield the static site over the test's database."""
    gateway = Gateway(database, postgres_server, tmp_path, port=places.gateway_port, **places.settings)
    gateway.start()
    yield Static(browser, gateway, places.site, places.logins)
    browser.leave()
    gateway.stop()


@pytest.fixture
def shop(world: World) -> Everything:
    """A project with something in everything."""
    return furnish(world, "shop")


def test_its_sources_are_sound() -> None:
    """Lint, its own tests, and no call of the API that the document in the tree does not declare."""
    with workshop() as folder:
        npm(folder, "lint")
        npm(folder, "test")
        npm(folder, "typecheck", ODOOOPS_OPENAPI=str(DOCUMENT))


def test_its_pages_run_nothing_inline_and_talk_to_two_places(places: Places) -> None:
    """The policy of every page names the gateway and the issuer, and nothing else; nothing comes from elsewhere."""
    gateway = f"http://127.0.0.1:{places.gateway_port}"
    pages = sorted(places.folder.rglob("*.html"))
    assert len(pages) >= len(PAGES)
    for page in pages:
        text = page.read_text()
        (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"/>', text)
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert f"connect-src 'self' {gateway} {places.logins.url};" in policy
        assert text.index(policy) < text.index("<script")
        assert not re.search(r"<script(?![^>]* src=\"/_next/)|<style|\sstyle=|\son[a-z]+=", text), page
        assert not re.search(r"(src|href)=\"(?!/|#)", text), page


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"NEXT_PUBLIC_ODOOOPS_URL": "https://ops.example.com/api"}, "without a path"),
        ({"NEXT_PUBLIC_ODOOOPS_URL": "ops.example.com"}, "Invalid URL"),
        ({"NEXT_PUBLIC_SUPABASE_URL": "https://abc.supabase.co"}, "set both or none"),
    ],
)
def test_a_site_is_not_configured_with_half_an_address(variables: dict[str, str], why: str, tmp_path: Path) -> None:
    """What it would mean is told when the site is built, not when somebody opens it."""
    argv = ["node", str(SOURCE / "scripts" / "configure.mjs"), str(tmp_path)]
    path = {"PATH": "/usr/bin:/bin:/usr/local/bin"}
    done = subprocess.run(argv, env=path | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert why in done.stderr
    assert not (tmp_path / "config.json").exists()


def test_a_key_opens_it_and_what_does_not_work_says_why(
    face: Static, browser: Browser, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """A wrong password, what is no key, a key that was revoked, a page whose origin the gateway does not list."""
    key = member_key(owner, world.member(shop.project, "viewer"))
    face.logins.add("vera")
    seen = browser.see(face.place("overview"), until="h1:has-text('Sign in')")
    seen.fill("input[name=email]", "vera@example.com")
    seen.fill("input[name=password]", f"not {PASSWORD}")
    seen.click("button:text-is('Sign in')")
    assert seen.visible("text=Invalid login credentials")
    seen.click("button:text-is('Send me a link')")
    assert seen.visible("text=A link is on its way to vera@example.com.")
    assert face.logins.linked == ["vera@example.com"]
    seen.fill("input[name=key]", "opsk_nothing")
    seen.click("text=Use the key in this tab")
    assert seen.visible("text=This is no key")
    seen.fill("input[name=key]", key)
    seen.click("text=Use the key in this tab")
    assert seen.visible("text=feature/a")
    assert seen.run("() => [sessionStorage.length, localStorage['odooops-key'] ?? null]") == [1, None]
    assert owner.keys.revoke(key.split("_")[1])
    seen.reload()
    assert seen.visible("[role=alert]")
    elsewhere = browser.see(f"{face.site.replace('static.', '')}/", until="h1:has-text('Sign in')")
    elsewhere.fill("input[name=key]", key)
    elsewhere.click("text=Use the key in this tab")
    assert elsewhere.visible("text=ODOOOPS_API_ORIGINS")


def test_everybody_can_use_every_page_of_it(face: Static, world: World, shop: Everything) -> None:
    """Nothing that axe knows of is wrong, in both colours; nothing is wider than a phone; no policy is broken."""
    admin: UUID = world.member(shop.project, "admin")
    renewed = face.logins.refreshed
    seen = face.enter(Person(name="rita", user_id=admin))
    assert face.logins.refreshed > renewed
    wrong = {}
    for page in PAGES:
        opened = seen.open(f"{face.site}{page}", until="main h1, main [role=alert]")
        found = faults_of(opened)
        expected = "404" if "99" in page or "nowhere" in page else "nothing"
        found += [each for each in opened.complaints() if expected not in each]
        if found:
            wrong[page] = found
        opened.close()
    assert wrong == {}


def test_its_host_is_told_how_to_serve_it() -> None:
    """No page of others shows it, and its configuration is read anew at each visit."""
    rules = {each["source"]: each["headers"] for each in json.loads((SOURCE / "vercel.json").read_text())["headers"]}
    headers = {each["key"]: each["value"] for each in rules["/(.*)"]}
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert rules["/config.json"] == [{"key": "Cache-Control", "value": "no-store"}]
