"""Who calls: a key of ours or a token, how often, and the control plane as that caller sees it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.caller import Caller
from odooops_dagster.doors.http.api.tokens import Tokens
from odooops_dagster.doors.http.errors import TooManyRequests
from odooops_dagster.doors.http.rates import STRANGERS, Rates
from odooops_dagster.errors import Forbidden, Unauthenticated
from odooops_dagster.platform import Platform

Known = TypeVar("Known")

KEY = re.compile(r"opsk_([0-9a-f]{12})_[0-9a-f]{64}")
_BEARER = HTTPBearer(
    scheme_name="caller",
    description="A key with scopes that ops key create made, or a Supabase token.",
    auto_error=False,
)
_READING = frozenset({"GET", "HEAD"})


def who_calls(
    request: Request,
    response: Response,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
) -> Caller:
    """Return as whom the request acts.

    Raises:
        Unauthenticated: it brings neither a key nor a token that works.
        TooManyRequests: its bearer, or those whom nobody knows, asked too often.
    """
    bearer = given.credentials.strip() if given else ""
    if not bearer:
        raise Unauthenticated(
            "The Authorization header carries no key",
            hint="send Authorization: Bearer opsk_…; ops key create makes one",
        )
    shape = KEY.fullmatch(bearer)
    return _with_token(request, response, bearer) if shape is None else _with_key(request, response, bearer, shape[1])


def acting(request: Request, caller: Annotated[Caller, Depends(who_calls)]) -> ControlPlane:
    """Return the control plane as the caller sees it; for a request that reads, one that refuses every write."""
    platform: Platform = request.app.state.platform
    return platform.acting(caller, is_read_only=request.method in _READING)


# The parameter of every route.
Control = Annotated[ControlPlane, Depends(acting)]


def admitted(request: Request, response: Response, sender: str, authenticate: Callable[[], Known]) -> Known:
    """Return what the database says of a sender; it is asked, so that the turn comes first.

    Raises:
        Unauthenticated: the database does not know the sender.
        TooManyRequests: the sender, or those whom nobody knows, asked too often.
    """
    rates: Rates = request.app.state.request_rates
    _take_turn(request, response, sender)
    try:
        known = authenticate()
    except Unauthenticated:
        rates.know(sender, is_known=False)
        raise
    rates.know(sender, is_known=True)
    return known


def _with_key(request: Request, response: Response, key: str, prefix: str) -> Caller:
    """Return as whom the key calls."""
    platform: Platform = request.app.state.platform
    sender = hashlib.sha256(key.encode()).hexdigest()
    return admitted(request, response, sender, lambda: platform.control.keys.authenticate(prefix, sender))


def _with_token(request: Request, response: Response, token: str) -> Caller:
    """Return as whom the token calls; its person has one limit for every token, whatever strangers do."""
    rates: Rates = request.app.state.request_rates
    tokens: Tokens = request.app.state.tokens
    try:
        caller = tokens.caller(token)
    except (Unauthenticated, Forbidden):
        _take_turn(request, response, STRANGERS)
        raise
    sender = f"person {caller.claims['sub']}"
    rates.know(sender, is_known=True)
    _take_turn(request, response, sender)
    return caller


def _take_turn(request: Request, response: Response, sender: str) -> None:
    """Count the request, and tell its sender how many more it may send."""
    rates: Rates = request.app.state.request_rates
    wait = rates.wait(sender)
    headers = {
        "RateLimit-Policy": f'"caller";q={rates.per_minute};w=60',
        "RateLimit": f'"caller";r={rates.left(sender)};t={math.ceil(wait) or 60}',
    }
    if wait:
        seconds = str(math.ceil(wait))
        raise TooManyRequests(
            "Too many requests came within a minute",
            hint=f"wait {seconds} s",
            headers=headers | {"Retry-After": seconds},
        )
    response.headers.update(headers)
