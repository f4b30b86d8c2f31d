"""An OpenID Connect provider that signs in whoever it is told: code flow, PKCE, ES256, userinfo."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.web_servers import QuietServer

CLIENT, SECRET = "odooops-console", "the client's secret"


@dataclass
class Account:
    """Who signs in, and what the provider tells of it."""

    subject: str
    email: str | None
    is_verified: bool = True


@dataclass
class Asked:
    """A sign-in that waits for its code to be exchanged."""

    account: Account
    nonce: str
    challenge: str
    redirect_uri: str


class Provider(QuietServer):
    """Serves at a free port; `account` is who sits in front of it, `wrong` changes the claims that it signs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = ECKey.generate_key("P-256", parameters={"kid": "one", "alg": "ES256", "use": "sig"})
        self.account = Account("u-1", "quinn@example.com")
        self.codes: dict[str, Asked] = {}
        self.tokens: dict[str, Account] = {}
        self.wrong: dict[str, Any] = {}
        self.signs_with = self.key
        self.hides_email = False

    @property
    def issuer(self) -> str:
        """Return how it names itself."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def metadata(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Sign the account in, and return where its browser is led."""
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = Asked(self.account, asked["nonce"], asked["code_challenge"], asked["redirect_uri"])
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def exchange(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens of a code, which works once; None for a code, client or verifier that is not right."""
        asked = self.codes.pop(form.get("code", ""), None)
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        is_ours = client in {f"{CLIENT}:{SECRET}", f"{CLIENT}:{SECRET.replace(' ', '+')}"}
        if asked is None or not is_ours or challenge != asked.challenge or form["redirect_uri"] != asked.redirect_uri:
            return None
        access = secrets.token_urlsafe(16)
        self.tokens[access] = asked.account
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": asked.account.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.nonce,
            **({} if self.hides_email else self.email_of(asked.account)),
            **self.wrong,
        }
        token = jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.signs_with)
        return {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": token}

    @staticmethod
    def email_of(account: Account) -> dict[str, Any]:
        """Return the claims of the account's address."""
        return {"email": account.email, "email_verified": account.is_verified} if account.email else {}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        """Answer the endpoints that browsers and clients read."""
        path = urlsplit(self.path)
        if path.path == "/.well-known/openid-configuration":
            self._answer(self.server.metadata())
        elif path.path == "/keys":
            self._answer({"keys": [self.server.key.as_dict(private=False)]})
        elif path.path == "/authorize":
            self.send_response(302)
            self.send_header("location", self.server.authorize(_flat(path.query)))
            self.send_header("content-length", "0")
            self.end_headers()
        elif path.path == "/userinfo":
            account = self.server.tokens[self.headers["authorization"].removeprefix("Bearer ")]
            self._answer({"sub": account.subject, **self.server.email_of(account)})
        else:
            self._answer({}, status=404)

    def do_POST(self) -> None:
        """Exchange a code."""
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        tokens = self.server.exchange(_flat(body), self.headers.get("authorization", ""))
        self._answer(tokens or {"error": "invalid_grant"}, status=200 if tokens else 400)

    def _answer(self, value: dict[str, Any], *, status: int = 200) -> None:
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


@contextmanager
def provider() -> Iterator[Provider]:
    """Yield a provider that listens."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
