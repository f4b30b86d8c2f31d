"""The gateway's own errors, with their HTTP status."""

from __future__ import annotations

from pydantic import BaseModel

from odooops_dagster.errors import OdooOpsError


class Refused(OdooOpsError):
    """The request is refused."""

    status = 400


class SignatureMismatch(Refused):
    """The signature does not belong to this body and secret."""

    status = 401


class BodyTooLarge(Refused):
    """The body is larger than any delivery of GitHub."""

    status = 413


class NotConfigured(Refused):
    """No webhook secret is configured."""

    status = 503


class Problem(BaseModel):
    """The fault of a request, and what to do about it."""

    error: str
    hint: str | None = None
