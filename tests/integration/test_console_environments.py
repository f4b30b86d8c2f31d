"""The console's page of one environment: what it says, and what may be pressed."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from tests.consoles import signed_in
from tests.sql.everything import Everything, furnish
from tests.sql.world import World

PAGE = "/projects/shop/environments/feature/a"
MAIL = b"""From: odoo@shop.example
To: anna@shop.example
Subject: Your order
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain

Thank you <b>Anna</b>
--x
Content-Type: text/html

<script>top.location = 'https://evil.example'</script><p>Thank you</p>
--x--
"""


@pytest.fixture(autouse=True)
def shop(world: World) -> Everything:
    """A project with a row in every table, and nothing that waits."""
    shop = furnish(world, "shop")
    world.rows("select ops.cancel_run(%s)", shop.waiting)
    return shop


def test_an_environment_is_stopped_started_and_pinned(client: TestClient, owner: ControlPlane, world: World) -> None:
    """Each button does what the command's verb does, and the page says who stopped it."""
    dora = signed_in(client, owner, "dora", "developer")
    text = dora.sees(f"{PAGE}/show")
    assert 'value="stop"' in text
    assert 'value="start"' not in text
    assert "Start: It is not stopped." in text
    assert dora.sends(f"{PAGE}/act", action="pin").status_code == 303
    assert 'value="unpin"' in dora.sees(f"{PAGE}/show")
    assert "pinned by dora" in dora.sees(f"{PAGE}/show")
    queued = dora.sends(f"{PAGE}/act", action="stop")
    assert queued.headers["location"].startswith("/projects/shop/runs/")
    (run,) = world.rows("select * from ops.claim_short_runs('w1', 1)")
    world.start(run["id"])
    world.rows("select * from ops.record_service(%s, 1)", run["id"])
    world.complete(run["id"])
    text = dora.sees(f"{PAGE}/show")
    assert "It is stopped until somebody starts it." in text
    assert "for dora." in text
    assert 'value="start"' in text
    assert dora.sends(f"{PAGE}/act", action="start").status_code == 303
    assert dora.sends(f"{PAGE}/act", action="destroy").status_code == 400


def test_the_image_and_whose_key_signed_it_are_shown(client: TestClient, owner: ControlPlane, world: World) -> None:
    """By the digest in the registry; one that no key verified is not called verified, nor is another build's shown."""
    vera = signed_in(client, owner, "vera", "developer")
    served = "update ops.environments set image_digest = %s where name = 'feature/a'"
    columns = "(project_id, build_digest, reference, signed_by)"
    told = f"insert into ops.images {columns} select id, %s, %s, %s from ops.projects"
    other, image, build, key = (f"sha256:{word * 16}" for word in ("0a1b", "1b2c", "2c3d", "3d4e"))
    world.rows(served, build)
    assert "Signature" not in vera.sees(f"{PAGE}/show")
    world.rows(told, other, f"ghcr.io/acme/shop@{other}", key)
    assert "Signature" not in vera.sees(f"{PAGE}/show")
    world.rows(told, build, f"ghcr.io/acme/shop@{image}", None)
    text = vera.sees(f"{PAGE}/show")
    assert f"<code>ghcr.io/acme/shop@{image}</code>" in text
    assert "none that the platform's key verifies" in text
    assert "verified</span>" not in text
    world.rows("update ops.images set signed_by = %s where build_digest = %s", key, build)
    assert f"verified</span> by the key <code>{key}</code>" in vera.sees(f"{PAGE}/show")


def test_who_may_not_press_sees_why(client: TestClient, owner: ControlPlane, world: World, shop: Everything) -> None:
    """The database says so to the page and to the form alike; a foreign environment is not there."""
    vera = signed_in(client, owner, "vera", user_id=world.member(shop.project, "viewer"))
    text = vera.sees(f"{PAGE}/show")
    assert "<button" not in text.split("<main", 1)[1]
    assert "Stop: " in text
    assert vera.sends(f"{PAGE}/act", action="stop").status_code == 403
    furnish(world, "other")
    assert vera.sees("/projects/other/environments/feature/a/show", status=404)


def test_production_stops_for_nobody_who_has_not_typed_its_name(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """Whoever may."""
    adam = signed_in(client, owner, "adam", user_id=world.member(shop.project, "admin"))
    act = "/projects/shop/environments/main/act"
    assert adam.sends(act, action="stop").status_code == 400
    assert "nothing that could stop here" in adam.sends(act, action="stop", confirm="main").text


def test_a_caught_mail_shows_without_running(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """Its HTML stands in a frame of no origin, in which nothing runs or loads; its text is text."""
    mail = world.value(
        "select ops.record_mail(%s, %s, 'odoo@shop.example', '{anna@shop.example}', 'Your order', now())",
        shop.environment, MAIL,
    )  # fmt: skip
    dora = signed_in(client, owner, "dora", "developer")
    assert f"{PAGE}/mails/{mail}" in dora.sees(f"{PAGE}/show")
    text = dora.sees(f"{PAGE}/mails/{mail}")
    assert f'<iframe class="mail" sandbox src="{PAGE}/mails/{mail}/html"' in text
    assert "Thank you &lt;b&gt;Anna" in text
    assert "<script>top" not in text
    frame = dora.client.get(f"{PAGE}/mails/{mail}/html")
    policy = frame.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert dora.client.get(f"/projects/shop/environments/main/mails/{mail}/html").status_code == 404


def test_what_the_project_tried_to_reach_is_one_page_and_filtered(
    client: TestClient, owner: ControlPlane, world: World, shop: Everything
) -> None:
    """Of all environments, the newest first; the rest is a link away."""
    tried = """
        insert into ops.egress_attempts (
            project_id, environment_id, minute, source, outcome, destination, port, protocol, attempts, first_at,
            last_at, reason
        )
        select %s, %s, m, gen_random_uuid(), %s, %s, 443, 'http', n, m, m, 'not on the list'
        from generate_series(1, %s) as n,
            lateral (select date_trunc('minute', now()) - n * interval '1 minute' as m) as t
    """
    world.rows(tried, shop.project, shop.environment, "refused", "tracker.example", 130)
    world.rows(tried, shop.project, shop.production, "allowed", "bank.example", 1)
    anna = signed_in(client, owner, "anna", "audit_reader")
    text = anna.sees("/projects/shop/egress")
    assert text.count("tracker.example:443") == 99
    assert "bank.example" in text
    assert "not on the list" in text
    later = re.search(r'href="(\?[^"]*after=[^"]+)"', text)
    assert later is not None
    rest = anna.sees(f"/projects/shop/egress{html.unescape(later[1])}")
    assert rest.count("tracker.example:443") == 31
    assert "Earlier attempts" not in rest
    assert "tracker.example" not in anna.sees("/projects/shop/egress?outcome=allowed").split("<table", 1)[1]
    of_one = anna.sees("/projects/shop/egress?environment=feature/a&destination=bank.example")
    assert "Nothing of this kind" in of_one
    anna.sees("/projects/shop/egress?outcome=nonsense", status=404)
