"""Signing in through an OpenID Connect provider: who is invited, whom the provider names, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey
from pydantic import SecretStr

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from tests.api import settings
from tests.consoles import ORIGIN, Person
from tests.oidc_provider import CLIENT, SECRET, Account, Provider, provider
from tests.platform_logins import by_job
from tests.servers import PostgresServer
from tests.sql.world import World

# What a browser says of a page that a link of another site leads to.
NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def idp() -> Iterator[Provider]:
    """A provider, in front of which Quinn sits."""
    with provider() as served:
        yield served


@pytest.fixture
def browser(database: str, postgres_server: PostgresServer, tmp_path: Path, idp: Provider) -> Iterator[TestClient]:
    """A browser at a console that has the provider; nobody is signed in."""
    named = settings(database, postgres_server, tmp_path).model_copy(
        update={"oidc_issuer": idp.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    )
    with (
        by_job(database, postgres_server) as control,
        TestClient(create_app(named, control), base_url=ORIGIN, raise_server_exceptions=False) as client,
    ):
        yield client


def leaves(browser: TestClient) -> str:
    """Follow the console's link to the provider, and return the address to which that leads back."""
    there = browser.get("/login/oidc", follow_redirects=False)
    assert there.status_code == 302, there.text
    return str(httpx.get(there.headers["location"]).headers["location"])


def comes_back(browser: TestClient, address: str) -> httpx2.Response:
    """Open the address to which the provider leads."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == ORIGIN
    return browser.get(f"{parts.path}?{parts.query}", headers=NAVIGATION, follow_redirects=False)


def signs_in(browser: TestClient) -> httpx2.Response:
    """Go to the provider and come back."""
    return comes_back(browser, leaves(browser))


def test_an_invited_person_signs_in_and_acts_as_invited(browser: TestClient, owner: ControlPlane, world: World) -> None:
    """The first time by the verified address, later by who the person is at the provider, whatever the address."""
    assert 'href="/login/oidc"' in Person(browser).sees("/", status=401)
    owner.console.invite("Quinn@Example.com", person="quinn", personas=["qa_tester", "sre"])
    answer = signs_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "quinn" in Person(browser).sees("/")
    [invitation] = owner.console.invitations()
    assert (invitation.status, invitation.email) == ("accepted", "quinn@example.com")
    [session] = owner.console.sessions()
    assert (session["person"], session["persona"], session["status"]) == ("quinn", "qa_tester", "active")
    assert world.value("select subject from ops.console_invitations") == "u-1"


def test_the_address_counts_once_and_the_account_from_then_on(
    browser: TestClient, owner: ControlPlane, idp: Provider
) -> None:
    """Who gets the address later is another account; the person with a new address is the same."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    assert signs_in(browser).status_code == 303
    idp.account = Account("u-2", "quinn@example.com")
    assert signs_in(browser).status_code == 403
    idp.account = Account("u-1", "married@example.com")
    assert signs_in(browser).status_code == 303


@pytest.mark.parametrize(
    "account",
    [
        Account("u-9", "stranger@example.com"),
        Account("u-1", "quinn@example.com", is_verified=False),
        Account("u-1", None),
    ],
    ids=["not invited", "not verified", "no address"],
)
def test_whoever_is_not_invited_gets_no_session(
    browser: TestClient, owner: ControlPlane, idp: Provider, account: Account
) -> None:
    """An address that the provider did not verify is nobody's."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    idp.account = account
    refused = signs_in(browser)
    assert (refused.status_code, "is not invited to this console" in refused.text or "Who has no" in refused.text) == (
        403,
        True,
    )
    assert owner.console.sessions() == []
    Person(browser).sees("/", status=401)


def test_an_invitation_that_is_withdrawn_ends_its_sessions(browser: TestClient, owner: ControlPlane) -> None:
    """And nobody signs in by it again; the same address may be invited anew."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    signs_in(browser)
    assert owner.console.withdraw("QUINN@example.com") == 1
    Person(browser).sees("/", status=401)
    assert signs_in(browser).status_code == 403
    owner.console.invite("quinn@example.com", person="quinn", personas=["developer"])
    assert signs_in(browser).status_code == 303


def test_an_invitation_that_nobody_accepted_in_time_is_none(
    browser: TestClient, owner: ControlPlane, world: World
) -> None:
    """It does not hold up another one."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    world.rows("update ops.console_invitations set expires_at = now() - interval '1 second'")
    assert signs_in(browser).status_code == 403
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    assert signs_in(browser).status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"aud": "another-client"},
        {"iss": "https://evil.example.com"},
        {"exp": 1},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_the_answer_to_this_sign_in_is_refused(
    browser: TestClient, owner: ControlPlane, idp: Provider, wrong: dict[str, Any]
) -> None:
    """Signed or not."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    idp.wrong = wrong
    assert signs_in(browser).status_code == 401
    assert owner.console.sessions() == []


def test_a_token_of_another_key_is_refused(browser: TestClient, owner: ControlPlane, idp: Provider) -> None:
    """Whatever it says."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    idp.signs_with = ECKey.generate_key("P-256", parameters={"kid": "one"})
    assert signs_in(browser).status_code == 401


def test_an_answer_works_in_the_browser_that_asked_and_once(browser: TestClient, owner: ControlPlane) -> None:
    """Somebody who is led to another's answer would otherwise work as that person."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    address = leaves(browser)
    other = TestClient(browser.app, base_url=ORIGIN, raise_server_exceptions=False)
    assert comes_back(other, address).status_code == 401
    forged = address.replace(parse_qs(urlsplit(address).query)["state"][0], "forged")
    assert comes_back(browser, forged).status_code == 401
    assert comes_back(browser, leaves(browser)).status_code == 303
    assert comes_back(browser, address).status_code == 401


def test_an_address_that_only_the_userinfo_tells_counts_too(
    browser: TestClient, owner: ControlPlane, idp: Provider
) -> None:
    """Some providers put nothing but the account into the token."""
    owner.console.invite("quinn@example.com", person="quinn", personas=["sre"])
    idp.hides_email = True
    assert signs_in(browser).status_code == 303


def test_a_refusal_of_the_provider_is_said(browser: TestClient) -> None:
    """And a provider that is not there."""
    leaves(browser)
    refused = browser.get("/login/oidc/callback?error=access_denied&state=x", headers=NAVIGATION)
    assert (refused.status_code, "does not fit this sign-in" in refused.text) == (401, True)


def test_a_provider_that_is_not_there_is_said(database: str, postgres_server: PostgresServer, tmp_path: Path) -> None:
    """With what to do."""
    named = settings(database, postgres_server, tmp_path).model_copy(
        update={"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": CLIENT}
    )
    with (
        by_job(database, postgres_server) as control,
        TestClient(create_app(named, control), base_url=ORIGIN, raise_server_exceptions=False) as client,
    ):
        answer = client.get("/login/oidc")
    assert (answer.status_code, "The provider does not answer" in answer.text) == (503, True)


def test_without_a_provider_there_is_no_such_way(client: TestClient) -> None:
    """Nor a button."""
    assert client.get("/login/oidc").status_code == 404
    assert client.get("/login/oidc/callback?code=x&state=y").status_code == 404
    assert "/login/oidc" not in Person(client).sees("/", status=401)
