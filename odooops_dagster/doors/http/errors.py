"""The gateway's own errors, with their HTTP status."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from odooops_dagster.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    OdooOpsError,
    Stale,
    Unauthenticated,
    Unavailable,
)

# The first class that matches gives the status.
_STATUS: tuple[tuple[type[OdooOpsError], int], ...] = (
    (BadInput, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Stale, 412),
    (Unavailable, 503),
)


class Refused(OdooOpsError):
    """The request is refused; `headers` go with the answer."""

    status = 400

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.headers = dict(headers or {})


class SignatureMismatch(Refused):
    """The signature does not belong to this body and secret."""

    status = 401


class NoKey(Refused):
    """The request carries no key."""

    status = 401


class TooManyRequests(Refused):
    """Too many deliveries came within a minute."""

    status = 429


class BodyTooLarge(Refused):
    """The body is larger than any that the route takes."""

    status = 413


class BodyTooSlow(Refused):
    """The body did not come within the time that every network needs."""

    status = 408


class NotConfigured(Refused):
    """No webhook secret is configured."""

    status = 503


class Problem(BaseModel):
    """The fault of a request, and what to do about it."""

    error: str
    hint: str | None = None


def status_of(exc: Exception) -> int:
    """Return the HTTP status of an error."""
    if isinstance(exc, Refused):
        return exc.status
    return next((status for error, status in _STATUS if isinstance(exc, error)), 500)
