"""A stand-in for Supabase Auth, as far as its own client asks: passwords, links, renewals, keys that sign ES256."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response
from jwt.algorithms import ECAlgorithm

ANON_KEY = "sb_publishable_test"
PASSWORD = "correct horse battery staple"
# The first token ends within the time in which supabase-js renews it, so that every sign-in is also a renewal.
_FIRST_SECONDS, _LATER_SECONDS = 60, 3600


@dataclass(frozen=True, kw_only=True)
class Login:
    """Somebody who may sign in, and the claims that the project gives them."""

    email: str
    sub: str
    role: str


@dataclass
class Logins:
    """The people of a project, and how often each thing was asked; `url` is the project's address."""

    url: str = ""
    people: dict[str, Login] = field(default_factory=dict)
    refreshed: int = 0
    linked: list[str] = field(default_factory=list)
    _renewals: dict[str, Login] = field(default_factory=dict)
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _kid: str = field(default_factory=lambda: str(uuid4()))

    def add(self, name: str, *, role: str = "authenticated", sub: str | UUID | None = None) -> Login:
        """Let somebody sign in as name@example.com."""
        login = Login(email=f"{name}@example.com", sub=str(sub or name), role=role)
        self.people[login.email] = login
        return login

    def jwks(self) -> dict[str, Any]:
        """Return the project's public keys."""
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": self._kid, "alg": "ES256", "use": "sig", "key_ops": ["verify"]}]}

    def session(self, login: Login, seconds: int) -> dict[str, Any]:
        """Return a new session, as the client expects one."""
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/auth/v1", "aud": "authenticated", "sub": login.sub, "role": login.role,
            "email": login.email, "iat": now, "exp": now + seconds,
        }  # fmt: skip
        renewal = secrets.token_urlsafe(9)
        self._renewals[renewal] = login
        user = {"id": login.sub, "aud": "authenticated", "email": login.email, "app_metadata": {}, "user_metadata": {}}
        return {
            "access_token": jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._kid}),
            "token_type": "bearer", "expires_in": seconds, "expires_at": now + seconds,
            "refresh_token": renewal, "user": user,
        }  # fmt: skip

    def granted(self, grant_type: str, body: dict[str, str]) -> dict[str, Any] | None:
        """Return the session for a password or a renewal; None where neither is right."""
        if grant_type == "password":
            login = self.people.get(body.get("email", ""))
            return self.session(login, _FIRST_SECONDS) if login and body.get("password") == PASSWORD else None
        login = self._renewals.pop(body.get("refresh_token", ""), None)
        self.refreshed += 1
        return self.session(login, _LATER_SECONDS) if login else None


def issuer(logins: Logins) -> FastAPI:
    """Return the project's own server, which takes requests of any page that has its public key."""
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])

    @app.get("/auth/v1/.well-known/jwks.json")
    async def keys() -> dict[str, Any]:
        return logins.jwks()

    @app.post("/auth/v1/token")
    async def token(request: Request, grant_type: str) -> Response:
        if request.headers.get("apikey") != ANON_KEY:
            return JSONResponse({"message": "No API key found in request"}, 401)
        session = logins.granted(grant_type, await request.json())
        if session is None:
            return JSONResponse({"code": "invalid_credentials", "message": "Invalid login credentials"}, 400)
        return JSONResponse(session)

    @app.post("/auth/v1/otp")
    async def otp(request: Request) -> dict[str, Any]:
        logins.linked.append((await request.json())["email"])
        return {}

    @app.post("/auth/v1/logout", status_code=204)
    async def logout() -> None:
        return None

    return app
