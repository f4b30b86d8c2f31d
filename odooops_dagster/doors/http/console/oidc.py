"""Sign in through an OpenID Connect provider: whoever is invited, and nobody else.

The provider says who somebody is; what that person may do is in the invitation. Authlib speaks the protocol: the code
flow with PKCE (RFC 7636), state and nonce, and the signature of the ID token.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from odooops_dagster.control.console import Identity
from odooops_dagster.doors.http.console.rendering import done
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import begin_session, is_secure
from odooops_dagster.errors import BadInput, NotFound, Unauthenticated, Unavailable
from odooops_dagster.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.starlette_client import StarletteOAuth2App

START, CALLBACK = "/login/oidc", "/login/oidc/callback"
_PROVIDER = "provider"
_SECONDS = 10.0
# How long a person may take at the provider.
_COOKIE_SECONDS = 600
_LEEWAY_SECONDS = 60

router = pages()


@router.get(START)
async def leave(request: Request) -> Response:
    """Lead the person to the provider, and remember in the browser what its answer has to fit."""
    client = _client(request)
    request.scope["session"] = {}
    with _answering():
        answer: Response = await client.authorize_redirect(request, str(request.url.replace(path=CALLBACK, query="")))
    _remember(request, answer)
    return answer


@router.get(CALLBACK)
async def come_back(request: Request) -> Response:
    """Begin the session of the person whom the provider names, if the answer fits and the person is invited."""
    identity = await _identity(request)
    answer = done("/")
    await run_in_threadpool(begin_session, request, answer, identity)
    answer.delete_cookie(_cookie(request), path=START, secure=is_secure(request), httponly=True, samesite="lax")
    return answer


async def _identity(request: Request) -> Identity:
    """Return who the provider says that the person is, by the code of its answer."""
    from authlib.integrations.base_client import OAuthError  # noqa: PLC0415 - an extra
    from joserfc.errors import JoseError  # noqa: PLC0415 - the same brings it

    client = _client(request)
    request.scope["session"] = _remembered(request)
    issuer = {"essential": True, "values": [_settings(request).oidc_issuer]}
    try:
        with _answering():
            token = await client.authorize_access_token(request, claims_options={"iss": issuer}, leeway=_LEEWAY_SECONDS)
            told = token.get("userinfo") or {}
            if told and "email" not in told:
                more = await client.userinfo(token=token)
                told = {**told, **more} if more.get("sub") == told["sub"] else told
    except (OAuthError, JoseError, ValueError, KeyError) as exc:
        raise Unauthenticated("The provider's answer does not fit this sign-in", hint="sign in again") from exc
    if not told:
        raise Unauthenticated("The provider does not say who signed in", hint="allow the scope openid at the provider")
    email = str(told["email"]) if told.get("email") and told.get("email_verified") is True else None
    return Identity(issuer=str(told["iss"]), subject=str(told["sub"]), email=email)


def _client(request: Request) -> StarletteOAuth2App:
    """Return the console's client at the provider, which keeps what the provider says of itself.

    Raises:
        NotFound: no provider is named.
        BadInput: the extra is missing.
    """
    settings = _settings(request)
    if not settings.oidc_issuer:
        raise NotFound("There is no such page", hint="ODOOOPS_OIDC_ISSUER names a provider")
    if not hasattr(request.app.state, "oidc"):
        request.app.state.oidc = _registered(settings)
    client: StarletteOAuth2App = request.app.state.oidc.create_client(_PROVIDER)
    return client


def _registered(settings: Settings) -> Any:  # noqa: ANN401 - of the extra
    try:
        from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise BadInput("Authlib is not installed", hint="pip install 'odooops[oidc]'") from exc
    clients = OAuth()
    secret = settings.oidc_client_secret
    clients.register(
        _PROVIDER,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "timeout": _SECONDS},
    )
    return clients


def _remember(request: Request, answer: Response) -> None:
    """Let the browser keep the state, the nonce and the verifier until the person comes back.

    They are no secret of ours: they bind the provider's answer to this browser, which nobody else makes send them.
    """
    kept = base64.urlsafe_b64encode(json.dumps(request.scope["session"]).encode()).decode()
    answer.set_cookie(
        _cookie(request),
        kept,
        max_age=_COOKIE_SECONDS,
        path=START,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def _remembered(request: Request) -> dict[str, Any]:
    try:
        kept = json.loads(base64.urlsafe_b64decode(request.cookies.get(_cookie(request), "")))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _cookie(request: Request) -> str:
    return "__Secure-odooops-oidc" if is_secure(request) else "odooops-oidc"


@contextmanager
def _answering() -> Iterator[None]:
    """Raise Unavailable where the provider does not answer."""
    import httpx2  # noqa: PLC0415 - an extra

    try:
        yield
    except httpx2.HTTPError as exc:
        said = f"The provider does not answer: {type(exc).__name__}"
        raise Unavailable(said, hint="sign in again in a while") from exc


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.platform.settings
    return settings
