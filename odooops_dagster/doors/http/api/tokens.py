"""Tokens of the people of a Supabase project: which claims are believed, and by which key and algorithm.

The algorithm follows from where the key comes from, never from the token: its public keys verify ES256 and RS256, its
secret verifies HS256 and nothing else. Source: "JWT Signing Keys" in Supabase's documentation.
"""

from __future__ import annotations

import time
from typing import Any

import jwt
from jwt import PyJWKClient, PyJWKClientConnectionError
from pydantic import SecretStr

from odooops_dagster.control.caller import ROLES, Caller
from odooops_dagster.errors import Forbidden, Unauthenticated, Unavailable

# The clocks of two machines may differ.
_LEEWAY_SECONDS = 30
_AUDIENCE = "authenticated"
_BY_KEYS = ["ES256", "RS256"]
_BY_SECRET = ["HS256"]
# Supabase lets caches keep its keys for ten minutes.
_KEYS_SECONDS = 300
# How long one attempt to fetch the keys may take, and how long nobody tries again after one that failed: tokens that
# anybody can send would hold the gateway's threads meanwhile.
_FETCH_SECONDS = 5.0
_PAUSE_SECONDS = 10.0
# The claim with the rights of a key of ours, which no token of others may bring.
OURS = "odooops_key"


class _Keys(PyJWKClient):
    """The project's public keys; the library fetches them by one thread at a time."""

    _failed_at = -_PAUSE_SECONDS

    def fetch_data(self) -> Any:  # noqa: ANN401 - as the library has it
        """Return the keys of now, unless they could not be had a moment ago."""
        if time.monotonic() - self._failed_at < _PAUSE_SECONDS:
            raise PyJWKClientConnectionError("the last attempt failed")
        try:
            return super().fetch_data()
        except (jwt.PyJWTError, OSError, ValueError) as exc:
            self._failed_at = time.monotonic()
            raise PyJWKClientConnectionError(str(exc)) from exc


class Tokens:
    """Verifies the tokens of one Supabase project.

    Args:
        url: the project's address; empty: no token is believed.
        secret: the secret with which it signs HS256, if it still does.
    """

    def __init__(self, url: str, *, secret: SecretStr | None = None) -> None:
        self._issuer = f"{url.rstrip('/')}/auth/v1" if url else ""
        self._secret = secret
        place = f"{self._issuer}/.well-known/jwks.json"
        self._keys = _Keys(place, lifespan=_KEYS_SECONDS, timeout=_FETCH_SECONDS) if url else None

    def caller(self, token: str) -> Caller:
        """Return as whom the bearer of the token calls.

        Raises:
            Unauthenticated: the token is not one of the project's, or has expired.
            Forbidden: its role is none that may call.
            Unavailable: the project's keys cannot be fetched.
        """
        if not self._issuer:
            raise Unauthenticated(
                "This server takes no tokens", hint="send a key (ops key create), or set ODOOOPS_SUPABASE_URL"
            )
        claims = {name: value for name, value in self._claims(token).items() if name != OURS}
        caller = Caller.of(claims)
        if caller.role not in ROLES:
            raise Forbidden(f"The role {caller.role or 'of this token'} may not call", hint="sign in as a person")
        return caller

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key, algorithms = self._key(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=algorithms,
                audience=_AUDIENCE,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "aud", "iss", "sub", "role"]},
            )
        except PyJWKClientConnectionError as exc:
            raise Unavailable("The keys of the tokens' issuer cannot be fetched", hint="try again in a minute") from exc
        except (jwt.PyJWTError, RecursionError) as exc:  # a header of brackets alone is read before it is verified
            raise Unauthenticated(f"The token does not work: {exc}", hint="sign in again") from exc
        return claims

    def _key(self, token: str) -> tuple[Any, list[str]]:
        """Return the key that must have signed the token, and the algorithms of such a key."""
        algorithm = jwt.get_unverified_header(token).get("alg")
        if algorithm in _BY_SECRET and self._secret is not None:
            return self._secret.get_secret_value(), _BY_SECRET
        if algorithm not in _BY_KEYS or self._keys is None:
            raise jwt.InvalidAlgorithmError(f"nothing here verifies {algorithm}")
        return self._keys.get_signing_key_from_jwt(token).key, _BY_KEYS
