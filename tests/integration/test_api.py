"""The API's callers: tokens, keys, what a key narrows, transactions that end, pages, repeats and conditions."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID, uuid4

import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.caller import ROLES, Caller, CallerDatabase
from odooops_dagster.control.database import Database
from odooops_dagster.doors.http.api.tokens import Tokens
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.errors import BadInput, Forbidden, NotFound, OdooOpsError, Unauthenticated, Unavailable
from odooops_dagster.home import CALLERS
from odooops_dagster.settings import Settings
from tests.api import DAY, ISSUER, SECRET, Bearer, callers_url, member_key, opened, token
from tests.servers import PostgresServer
from tests.sql.world import SHA, World


@pytest.fixture
def client(database: str, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[TestClient]:
    """The API over the test's database."""
    with opened(database, postgres_server, tmp_path) as client:
        yield client


@pytest.fixture
def admin(world: World) -> UUID:
    """An admin of project shop, beside which there is project other."""
    world.project("other")
    return world.member(world.project("shop"), "admin")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"role": "service_role"}, 403),
        ({"role": "postgres"}, 403),
        ({"role": None}, 401),
        ({"aud": "others"}, 401),
        ({"iss": "https://elsewhere.example/auth/v1"}, 401),
        ({"exp": 1}, 401),
        ({"sub": None}, 401),
    ],
)
def test_a_token_counts_where_it_is_the_projects_and_its_role_may_call(
    client: TestClient, claims: dict[str, object], status: int
) -> None:
    """No role is taken that is not listed, and none becomes nobody's by mistake: it is refused."""
    given = token(**{"role": "authenticated", "sub": uuid4()} | claims)  # type: ignore[arg-type]
    response = Bearer(client=client, credential=given).ask("GET", "/v1/projects")
    assert response.status_code == status, response.text
    if status == 401:
        assert response.headers["www-authenticate"].startswith("Bearer")
    if status != 200:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["hint"]


def test_a_token_brings_no_rights_of_a_key(client: TestClient, admin: UUID) -> None:
    """The claim that narrows is the gateway's own; what others write there does not count."""
    foreign = token("authenticated", sub=admin, odooops_key={"project_id": str(uuid4()), "scopes": []})
    assert [each["slug"] for each in Bearer(client=client, credential=foreign).get("/v1/projects")["items"]] == ["shop"]


def test_public_keys_verify_their_own_algorithms_only() -> None:
    """A token signed with HS256 by the text of a public key, or by nobody, is refused; a rotated key is found."""
    first, second = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    with _published(first, second) as (issuer, public):
        tokens = Tokens(issuer)
        usual = {"aud": "authenticated", "iss": f"{issuer}/auth/v1", "exp": 2**40, "sub": "ana", "role": "sre"}
        for number, key in enumerate((first, second)):
            signed = jwt.encode(usual, key, algorithm="ES256", headers={"kid": f"key-{number}"})
            assert tokens.caller(signed).role == "sre"
        forged = [
            jwt.encode(usual, public * 8, algorithm="HS256", headers={"kid": "key-0"}),
            jwt.encode(usual, None, algorithm="none", headers={"kid": "key-0"}),  # type: ignore[arg-type]
            jwt.encode(usual, second, algorithm="ES256", headers={"kid": "key-0"}),
            jwt.encode(usual, first, algorithm="ES256", headers={"kid": "unknown"}),
        ]
        for each in forged:
            with pytest.raises(Unauthenticated):
                tokens.caller(each)
            with pytest.raises(Unauthenticated):
                Tokens("").caller(each)


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_what_is_no_token_is_refused_as_such(client: TestClient, algorithm: str) -> None:
    """Whatever its parts are, which anybody can send."""
    deep = '{"alg": "%s", "kid": "x", "x": %s}' % (algorithm, "[" * 20_000)  # noqa: UP031 - it is full of braces
    wide = json.dumps({"alg": algorithm, "kid": ["x"], "crit": ["x"]})
    for header in (deep, wide, "[]", "7", "\N{SNOWMAN}"):
        parts = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in (header, "{}", "signature")]
        for credential in (".".join(parts), parts[0], "..", "."):
            response = Bearer(client=client, credential=credential).ask("GET", "/v1/me")
            assert response.status_code == 401, (header[:40], response.text)


def test_after_an_error_the_next_call_on_the_connection_is_nobodys(
    database: str, postgres_server: PostgresServer, admin: UUID
) -> None:
    """Neither the role nor the claims outlive the transaction, also where it failed."""
    login = Database(callers_url(database, postgres_server), max_connections=1)
    caller = Caller.of({"role": "authenticated", "sub": str(admin)})
    plane = ControlPlane.over(CallerDatabase(login, caller, is_read_only=False))
    assert [each.slug for each in plane.projects.list()] == ["shop"]
    for wrong in (lambda: plane.policies.set(uuid4(), policy_type="ttl", rules={}), plane.audit.verify):
        with pytest.raises((NotFound, Forbidden)):
            wrong()
        with pytest.raises(Forbidden):
            login.read("projects", order="slug")
        with pytest.raises(Forbidden):
            login.call("caller_claims")
    assert [each.slug for each in plane.projects.list()] == ["shop"]
    login.close()


def test_whoever_has_the_login_of_callers_becomes_nobody_but_a_caller(
    database: str, postgres_server: PostgresServer
) -> None:
    """A taken over gateway has it: it gets past no row level security, and is no login of the platform."""
    with psycopg.connect(callers_url(database, postgres_server), autocommit=True) as connection:
        for role in ("service_role", "ops_worker", "ops_operator", "authenticator", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"set role {role}".encode())
        rows = connection.execute(
            "select r.rolname from pg_roles as r where pg_has_role(session_user, r.oid, 'member')"
        ).fetchall()
        assert {name for (name,) in rows} == {CALLERS, *ROLES}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select from ops.projects")


def test_a_request_that_reads_cannot_write(database: str, postgres_server: PostgresServer, admin: UUID) -> None:
    """The transaction of a GET is read only, whatever it calls."""
    login = Database(callers_url(database, postgres_server), max_connections=1)
    caller = Caller.of({"role": "authenticated", "sub": str(admin)})
    plane = ControlPlane.over(CallerDatabase(login, caller, is_read_only=True))
    shop = plane.projects.get("shop")
    with pytest.raises(OdooOpsError, match="read-only transaction"):
        plane.policies.set(shop.id, policy_type="ttl", rules={})
    writing = ControlPlane.over(CallerDatabase(login, caller, is_read_only=False))
    assert writing.policies.set(shop.id, policy_type="ttl", rules={})
    login.close()


def test_a_key_acts_as_its_member_within_its_project_and_scopes(
    client: TestClient, owner: ControlPlane, world: World, admin: UUID
) -> None:
    """A member of two projects makes a key for one of them that may read and queue there, and nothing else."""
    other = owner.projects.get("other").id
    owner.members.set(other, admin, "admin")
    shop = owner.projects.get("shop").id
    key = member_key(owner, admin, "queue_build", "queue", project_id=shop)
    bearer = Bearer(client=client, credential=key)
    assert [each["slug"] for each in bearer.get("/v1/projects")["items"]] == ["shop"]
    asked = {"project": "shop", "kind": "deploy", "environment": "feature/a", "git_sha": SHA}
    asked["git_ref"] = "refs/heads/feature/a"
    queued = bearer.ask("POST", "/v1/runs", json=asked)
    assert queued.status_code == 201, queued.text
    assert queued.json()["requested_by"] == str(admin)
    assert bearer.ask("POST", "/v1/runs", json=asked | {"project": "other"}).status_code == 404
    assert bearer.ask("POST", "/v1/backups", json={"project": "shop", "environment": "feature/a"}).status_code == 403
    assert bearer.get("/v1/me") == {"role": "authenticated", "subject": str(admin), "key": bearer.get("/v1/me")["key"]}
    owner.members.remove(shop, admin)
    assert bearer.get("/v1/projects")["items"] == [], "the key is no more than its member"
    assert world.value("select last_used_at is not null from ops.event_keys")


def test_a_key_ends_no_membership_that_it_does_not_reach(
    client: TestClient, owner: ControlPlane, world: World, admin: UUID
) -> None:
    """Its member may leave every project; a key that leaks may not do so for them."""
    shop, other = (owner.projects.get(slug).id for slug in ("shop", "other"))
    for project in (shop, other):
        owner.members.set(project, uuid4(), "owner")
        owner.members.set(project, admin, "admin")
    reads = Bearer(client=client, credential=member_key(owner, admin, "read", project_id=shop))
    manages = Bearer(client=client, credential=member_key(owner, admin, "manage", project_id=shop))
    asked = [
        bearer.ask("DELETE", f"/v1/projects/{project}/members/{admin}").status_code
        for bearer in (reads, manages)
        for project in (other, shop)
    ]
    assert asked == [404, 403, 404, 204]
    assert world.value("select array_agg(project_id) from ops.project_memberships where user_id = %s", admin) == [other]


def test_a_key_ends_at_once_when_it_is_revoked(client: TestClient, owner: ControlPlane, admin: UUID) -> None:
    """And its successor works beside it until then."""
    key = member_key(owner, admin)
    [listed] = owner.keys.list()
    successor = owner.keys.rotate(listed.prefix, expires_at=datetime.now(UTC) + DAY, overlap=timedelta(hours=1)).key
    asked = [Bearer(client=client, credential=each) for each in (key, successor)]
    assert [len(each.get("/v1/projects")["items"]) for each in asked] == [1, 1]
    owner.keys.revoke(listed.prefix)
    assert [each.ask("GET", "/v1/projects").status_code for each in asked] == [401, 200]
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert Bearer(client=client, credential=wrong).ask("GET", "/v1/projects").status_code == 401


def test_a_key_for_events_opens_nothing_else(client: TestClient, owner: ControlPlane) -> None:
    """What was made before the API keeps its meaning."""
    given = owner.keys.create(
        "ci", persona="ci_service_role", event_types=["build_complete"], expires_at=datetime.now(UTC) + DAY
    )
    assert Bearer(client=client, credential=given.key).ask("GET", "/v1/projects").status_code == 403


def test_a_key_that_reaches_too_far_is_not_made(owner: ControlPlane, operator_url: str, admin: UUID) -> None:
    """A persona has no project; a scope is one of its role's; a key that decides names the person, and no operator."""
    shop = owner.projects.get("shop").id
    later = datetime.now(UTC) + DAY
    with pytest.raises(BadInput):
        owner.keys.create("x", persona="sre", event_types=(), scopes=["deploy"], project_id=shop, expires_at=later)
    with pytest.raises(BadInput, match="has no permission promote"):
        owner.keys.create("x", persona="sre", event_types=(), scopes=["promote"], expires_at=later)
    with pytest.raises(BadInput, match="A member has no permission audit"):
        member_key(owner, admin, "audit")
    with pytest.raises(BadInput):
        owner.keys.create("x", persona="qa_tester", event_types=(), scopes=["sign_off_g2"], expires_at=later)
    with ControlPlane(operator_url) as operator, pytest.raises(Forbidden, match="decides for a person"):
        operator.keys.create(
            "x", persona="qa_tester", event_types=(), scopes=["sign_off_g2"], approver_id="ana", expires_at=later
        )


def test_a_list_is_read_page_by_page_without_loss(client: TestClient, world: World, admin: UUID) -> None:
    """Also while new ones come; a cursor of another list is refused."""
    shop = world.value("select id from ops.projects where slug = 'shop'")
    runs = [str(world.queue(shop, f"feature/{number}")) for number in range(5)]
    bearer = Bearer(client=client, credential=token("authenticated", sub=admin))
    seen, after = [], None
    while True:
        page = bearer.get("/v1/runs", params={"limit": 2, "project": "shop"} | ({"after": after} if after else {}))
        seen += [each["id"] for each in page["items"]]
        world.queue(shop, f"feature/new{len(seen)}")
        after = page["next"]
        if after is None:
            break
    assert seen == runs[::-1]
    wrong = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in ([1, "x"], [True, False], ["x"])]
    given = [("/v1/projects", bearer.get("/v1/runs", params={"limit": 1})["next"]), ("/v1/runs", "x")]
    for path, after in (*given, *(("/v1/runs", each) for each in wrong), ("/v1/events", "WzJlOTld")):
        assert bearer.ask("GET", path, params={"after": after}).status_code == 400, after


def test_a_repeat_with_the_same_key_makes_nothing_twice(client: TestClient, world: World, admin: UUID) -> None:
    """A run, a retry; another request under the same key is a conflict."""
    bearer = Bearer(client=client, credential=token("authenticated", sub=admin))
    asked = {"project": "shop", "kind": "build", "environment": "feature/a", "git_sha": SHA, "git_ref": "refs/heads/x"}
    made = [bearer.ask("POST", "/v1/runs", json=asked, headers={"Idempotency-Key": "one"}).json()["id"] for _ in "ab"]
    assert made[0] == made[1]
    other = bearer.ask("POST", "/v1/runs", json=asked | {"git_sha": "b" * 40}, headers={"Idempotency-Key": "one"})
    assert other.status_code == 409
    bearer.ask("POST", f"/v1/runs/{made[0]}/cancel", json={"reason": "test"})
    again = [
        bearer.ask("POST", f"/v1/runs/{made[0]}/retry", headers={"Idempotency-Key": "two"}).json()["id"] for _ in "ab"
    ]
    assert again[0] == again[1] != made[0]
    assert world.value("select count(*) from ops.runs") == 2


def test_a_policy_is_set_only_where_nobody_set_it_since(client: TestClient, admin: UUID) -> None:
    """Two admins read it; the second one to write is told."""
    bearer = Bearer(client=client, credential=token("authenticated", sub=admin))
    path = "/v1/projects/shop/policies/ttl"
    read = bearer.ask("GET", path)
    rules, tag = {"rules": {"log_days": 7}}, {"If-Match": read.headers["etag"]}
    first = bearer.ask("PUT", path, json=rules, headers=tag)
    assert (first.status_code, first.json()["rules"]["log_days"]) == (200, 7)
    assert bearer.ask("PUT", path, json=rules, headers=tag).status_code == 412
    assert bearer.ask("PUT", path, json=rules, headers={"If-Match": first.headers["etag"]}).status_code == 200
    assert bearer.ask("PUT", path, json=rules).status_code == 422


def test_who_manages_a_project_manages_what_it_tells(client: TestClient, world: World, admin: UUID) -> None:
    """Rules are made, read and removed; addresses that a rule of the platform names stay the platform's."""
    world.rows("select ops.create_notification_rule('{gate}', 'mail', 'operator@example.com')")
    bearer = Bearer(client=client, credential=token("authenticated", sub=admin))
    told = {"project": "shop", "events": ["run", "gate"], "channel": "mail", "recipient": "ana@example.com"}
    made = [bearer.ask("POST", "/v1/notification-rules", json=told) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201]
    (rule,) = bearer.ask("GET", "/v1/notification-rules").json()["items"]
    assert (rule["id"], rule["recipient"]) == (made[1].json()["id"], "ana@example.com")
    assert rule["created_by"] == str(admin)
    assert bearer.ask("POST", "/v1/notification-rules", json=told | {"project": None}).status_code == 403
    assert bearer.ask("POST", "/v1/notification-rules", json=told | {"recipient": "nobody"}).status_code == 400
    release = world.value(
        "select ops.create_release((select id from ops.projects where slug = 'shop'), '1',"
        " jsonb_build_object('shop', repeat('a', 40)), 'sha256:' || repeat('1', 64))"
    )
    assert release is not None
    messages = bearer.ask("GET", "/v1/messages", params={"project": "shop", "status": "waiting"}).json()["items"]
    assert {each["recipient"] for each in messages} == {"ana@example.com"}
    assert bearer.ask("POST", "/v1/messages/retry", json={"project": "shop"}).json()["due"] >= len(messages) > 0
    gone = [bearer.ask(method, f"/v1/notification-rules/{rule['id']}").status_code for method in ("DELETE", "GET")]
    assert gone == [204, 404]
    assert bearer.ask("DELETE", f"/v1/notification-rules/{2**63}").status_code == 422


def test_who_asks_too_often_is_told_how_long_to_wait(
    database: str, postgres_server: PostgresServer, tmp_path: Path, admin: UUID
) -> None:
    """And each answer says how many are left."""
    with opened(database, postgres_server, tmp_path, requests_per_minute=3) as client:
        bearer = Bearer(client=client, credential=token("authenticated", sub=admin))
        answers = [bearer.ask("GET", "/v1/me") for _ in range(8)]
    assert answers[0].headers["ratelimit-policy"] == '"caller";q=3;w=60'
    assert (answers[-1].status_code, int(answers[-1].headers["retry-after"]) > 0) == (429, True)


def test_no_request_brings_more_than_a_route_reads(client: TestClient) -> None:
    """Nobody has to be known to send a body: it is read up to a limit, and refused before it is taken apart."""
    large = b" " * 2 * 1024**2
    paths = client.get("/openapi.json").json()["paths"]
    taking = [
        (method, re.sub("{.*?}", str(uuid4()), path))
        for path, methods in paths.items()
        for method, told in methods.items()
        if path.startswith("/v1/") and "requestBody" in told
    ]
    assert len(taking) > 10
    for method, path in taking:
        expected = 401 if path == "/v1/events" else 413  # which asks for a key first
        assert client.request(method, path, content=large).status_code == expected, path
    refused = client.post("/v1/runs", content=iter([large]))
    assert (refused.status_code, refused.json()["status"]) == (413, 413), refused.text
    assert client.post("/v1/runs", content=b'{"project": "shop", "kind": "build"}').status_code == 401


def test_a_persons_limit_is_nobody_elses(
    database: str, postgres_server: PostgresServer, tmp_path: Path, admin: UUID
) -> None:
    """Strangers use it up neither with keys nor with tokens, and a further token of the person does not double it."""
    with opened(database, postgres_server, tmp_path, requests_per_minute=3) as client:
        for credential in (f"opsk_{'0' * 12}_{'0' * 64}", "a.b.c"):
            stranger = Bearer(client=client, credential=credential)
            assert [stranger.ask("GET", "/v1/me").status_code for _ in range(4)][-1] == 429
        tokens = [token("authenticated", sub=admin, jti=number) for number in ("1", "2")]
        person = [Bearer(client=client, credential=tokens[number % 2]) for number in range(4)]
        assert [each.ask("GET", "/v1/me").status_code for each in person] == [200, 200, 200, 429]


def test_without_a_login_for_callers_there_is_no_api(control: ControlPlane, worker_url: str, tmp_path: Path) -> None:
    """It never falls back on a login with rights of its own."""
    settings = Settings(
        home=tmp_path, database_url=SecretStr(worker_url), supabase_url=ISSUER, supabase_jwt_secret=SecretStr(SECRET)
    )
    with TestClient(create_app(settings, control)) as client:
        response = Bearer(client=client, credential=token("authenticated", sub=uuid4())).ask("GET", "/v1/projects")
    assert response.status_code == 503
    assert "ODOOOPS_API_DATABASE_URL" in response.json()["hint"]


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"keys": []}'])
def test_keys_that_cannot_be_had_are_not_asked_for_at_each_request(answer: bytes) -> None:
    """Anybody can send a token that makes the gateway ask; it asks again after a pause, and says so meanwhile."""
    key = ec.generate_private_key(ec.SECP256R1())
    with _published(answer=answer) as (issuer, _):
        tokens = Tokens(issuer)
        for number in range(3):
            signed = jwt.encode({"sub": "ana"}, key, algorithm="ES256", headers={"kid": f"key-{number}"})
            with pytest.raises(Unavailable, match="cannot be fetched"):
                tokens.caller(signed)
        assert _published.asked == 1


class _published:  # noqa: N801 - a context manager
    """Publishes public keys as a Supabase project does."""

    asked = 0

    def __init__(self, *keys: ec.EllipticCurvePrivateKey, answer: bytes | None = None) -> None:
        names = [json.loads(ECAlgorithm.to_jwk(key.public_key())) for key in keys]
        told = [name | {"kid": f"key-{number}", "use": "sig", "alg": "ES256"} for number, name in enumerate(names)]
        body = json.dumps({"keys": told}).encode() if answer is None else answer
        self.public = names[0]["x"] if names else ""
        _published.asked = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _published.asked += 1
                self.send_response(200 if self.path == "/auth/v1/.well-known/jwks.json" else 404)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> tuple[str, str]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}", self.public

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
