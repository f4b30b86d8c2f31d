"""The console without JavaScript: sign in, what each page says, who may press what, and what it refuses."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from importlib.resources import files

import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from tests.consoles import ALL, OWN, link_token, signed_in
from tests.sql.everything import Everything, furnish
from tests.sql.world import World

COOKIE = "odooops-console"
PAGES = (
    "",
    "/runs",
    "/releases",
    "/backups",
    "/upgrades",
    "/automation",
    "/record",
    "/access",
    "/runs/1",
    "/runs/1/log",
    "/runs/1/changes",
    "/figures",
    "/egress",
    "/environments/feature/a/show",
)


@pytest.fixture
def shop(world: World) -> Everything:
    """A project with a row in every table, beside another one."""
    furnish(world, "other")
    return furnish(world, "shop")


def test_a_link_signs_in_once_and_only_within_its_minute(client: TestClient, owner: ControlPlane, world: World) -> None:
    """Neither a second browser nor a late one gets in, and the database has no token and no cookie."""
    token = link_token(owner, "rita", *ALL)
    shown = client.get("/login", params={"token": token})  # whoever only looks at the link uses it up not
    assert f'name="token" value="{token}"' in shown.text
    assert "set-cookie" not in shown.headers
    assert client.post("/login", data={"token": token}).status_code == 403  # from nobody's page
    first = client.post("/login", data={"token": token}, headers=OWN, follow_redirects=False)
    assert first.status_code == 303
    cookie = first.headers["set-cookie"]
    assert [each for each in ("HttpOnly", "SameSite=lax", "Path=/") if each not in cookie] == []
    assert client.get("/").status_code == 200
    other = TestClient(client.app, base_url=str(client.base_url))
    assert other.post("/login", data={"token": token}, headers=OWN).status_code == 401
    late = link_token(owner, "rita", *ALL)
    world.rows("update ops.console_sessions set link_expires_at = now() where began_at is null")
    assert other.post("/login", data={"token": late}, headers=OWN).status_code == 401
    assert other.get("/").status_code == 401
    kept = str(world.rows("select * from ops.console_sessions"))
    assert token not in kept
    assert client.cookies[COOKIE] not in kept


def test_on_https_the_cookie_is_bound_to_its_host(client: TestClient, owner: ControlPlane) -> None:
    """No other name below the domain can set it, and it never travels unencrypted."""
    secure = TestClient(client.app, base_url="https://console.localhost")
    headers = OWN | {"Origin": "https://console.localhost"}
    given = {"token": link_token(owner, "rita", *ALL)}
    answer = secure.post("/login", data=given, headers=headers, follow_redirects=False)
    assert answer.headers["set-cookie"].startswith("__Host-odooops-console=")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("change", ["idle_at", "expires_at", "ended_at"])
def test_a_session_ends_when_idle_old_or_ended(
    client: TestClient, owner: ControlPlane, world: World, change: str
) -> None:
    """The same cookie is nobody's from then on."""
    rita = signed_in(client, owner, "rita", *ALL)
    rita.sees("/")
    more = ", ended_by = 'x'" if change == "ended_at" else ""
    world.connection.execute(f"update ops.console_sessions set {change} = now(){more}".encode())
    assert "ops console" in rita.sees("/", status=401)


def test_who_signs_out_is_out_wherever_the_cookie_is(client: TestClient, owner: ControlPlane, world: World) -> None:
    """Signing out ends the session, not only the browser's memory of it."""
    rita = signed_in(client, owner, "rita", *ALL)
    cookie = rita.client.cookies[COOKIE]
    assert rita.sends("/logout").status_code == 303
    again = TestClient(client.app, base_url=str(client.base_url), cookies={COOKIE: cookie})
    assert again.get("/").status_code == 401
    row = world.row("select person, ended_by, status from ops.v_console_sessions")
    assert row == {"person": "rita", "ended_by": "rita", "status": "ended"}


def test_every_page_is_read_without_a_script(client: TestClient, owner: ControlPlane, shop: Everything) -> None:
    """Nothing is inline, nothing comes from elsewhere, and each page is small."""
    rita = signed_in(client, owner, "rita", *ALL)
    for persona in ("audit_reader", "release_manager", "sre"):
        assert rita.sends("/persona", persona=persona, back="/").status_code == 303
        for page in PAGES:
            text = rita.sees(f"/projects/{shop.slug}{page}")
            assert len(gzip.compress(text.encode())) <= 60_000
            assert not re.search(r"<script(?! src=\"/static/)|<style|style=|onclick=|//cdn", text), page
    response = rita.client.get("/")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["cache-control"] == "no-store"
    weight = sum(
        len(gzip.compress(rita.client.get(f"/static/{name}").content)) for name in ("htmx.min.js", "console.js")
    )
    assert weight <= 25_000


def test_a_member_sees_the_own_project_and_nothing_of_another(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """Row level security decides, as for the API: what is foreign is not there."""
    viewer = signed_in(client, owner, "vera", user_id=world.member(shop.project, "viewer"))
    assert "shop" in viewer.sees("/")
    assert "other" not in re.sub(r"(?s)<head>.*</head>", "", viewer.sees("/"))
    assert "There is no project" in viewer.sees("/projects/other", status=404)
    text = viewer.sees(f"/projects/{shop.slug}")
    assert "<form" not in text.split("<main", 1)[1]


def test_a_form_of_another_site_changes_nothing(client: TestClient, owner: ControlPlane, shop: Everything) -> None:
    """Neither with the cookie nor without a word of where it comes from."""
    rita = signed_in(client, owner, "rita", "developer")
    path = f"/projects/{shop.slug}/branches"
    hostile: tuple[dict[str, str], ...] = (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Origin": "http://console.localhost:8601"},
    )
    for headers in hostile:
        response = rita.client.post(path, data={"branch": "feature/x"}, headers=headers, follow_redirects=False)
        assert response.status_code == 403, headers
    assert "feature/x" not in rita.sees(f"/projects/{shop.slug}")
    assert rita.sends(path, branch="feature/x").status_code == 303
    assert "feature/x" in rita.sees(f"/projects/{shop.slug}")


def test_the_console_answers_to_its_own_name_only(client: TestClient) -> None:
    """A foreign name that points here gets nothing; the machine's own leads to the name that previews do not share."""
    for host, status in (("evil.example", 421), ("shop.localhost", 421), ("127.0.0.1:8600", 307)):
        response = client.get("/", headers={"Host": host}, follow_redirects=False)
        assert response.status_code == status
    assert response.headers["location"] == "http://console.localhost:8600/"
    assert client.post("/logout", headers=OWN | {"Host": "localhost"}).status_code == 421
    assert client.get("/healthz", headers={"Host": "127.0.0.1"}).status_code == 200


def test_hostile_text_is_only_text(client: TestClient, owner: ControlPlane, world: World, shop: Everything) -> None:
    """Markup is escaped; escape sequences, control characters and marks that turn text around are gone."""
    run = world.queue(shop.project, "feature/a")
    world.rows("select ops.cancel_run(%s)", shop.waiting)
    world.claim()
    started = world.start(run)
    nasty = "<script>alert(1)</script> \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202egnp.exe \x9b1m end"
    lines = f'[{{"level": "error", "message": {json.dumps(nasty)}}}]'
    world.rows("select ops.append_run_logs(%s, %s, %s::jsonb)", run, started["attempt"], lines)
    rita = signed_in(client, owner, "rita", "developer")
    number = world.run(run)["run_number"]
    for path in (f"/runs/{number}", f"/runs/{number}/log", f"/runs/{number}/log.txt"):
        text = rita.sees(f"/projects/{shop.slug}{path}")
        assert "red" in text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
        assert ("<script>alert" in text) == path.endswith(".txt")


def test_a_run_tells_the_step_that_failed_and_what_was_not_asked(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """Beside the steps that ended well; a question that was not asked is no failure."""
    world.rows("select ops.cancel_run(%s)", shop.waiting)
    run = world.work(shop.project, "feature/a")
    answered = "select ops.record_check(%s, 1, %s, false, true, %s, %s::jsonb)"
    world.rows(answered, run, "modules_installed", "loan.py:13: SyntaxError", "{}")
    world.rows(answered, run, "log_clean", "not asked: Odoo did not start", '{"asked": false}')
    number = world.run(run)["run_number"]
    rita = signed_in(client, owner, "rita", "developer")
    assert "the next one, which is at work" in rita.sees(f"/projects/{shop.slug}/runs/{number}")
    world.complete(run, 1)
    text = rita.sees(f"/projects/{shop.slug}/runs/{number}")
    assert "the next one, which failed" in text
    assert re.findall(r'state (?:not asked|failed)">([a-z ]+)<', text) == ["failed", "failed", "not asked"]


def test_the_persona_decides_what_may_be_pressed(client: TestClient, owner: ControlPlane, shop: Everything) -> None:
    """A button is there for who may press it, and the database refuses the others anyway."""
    rita = signed_in(client, owner, "rita", "developer", "release_manager")
    path = f"/projects/{shop.slug}/releases"
    assert "Make a release" not in rita.sees(path)
    assert rita.sends(path).status_code == 403
    assert rita.sends("/persona", persona="sre").status_code == 403
    assert rita.sends("/persona", persona="release_manager", back="//evil.example").headers["location"] == "/"
    assert "Make a release" in rita.sees(path)
    assert rita.sends(path).status_code != 403


def test_htmx_is_the_file_that_npm_has() -> None:
    """What every browser runs is what its makers published, and its licence lies beside it."""
    folder = files("odooops_dagster.doors.http.console").joinpath("static")
    found = hashlib.sha256(folder.joinpath("htmx.min.js").read_bytes()).hexdigest()
    assert found == "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"
    assert folder.joinpath("htmx.LICENSE").is_file()
