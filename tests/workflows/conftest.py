"""A real gateway for the scripts of workflows."""

from __future__ import annotations

from tests.gateways import gateway, owner, world

__all__ = ["gateway", "owner", "world"]
