"""The control plane as its owner sees it, for tests of what stands before it."""

from __future__ import annotations

from tests.consoles import client
from tests.gateways import owner, world
from tests.web_console import places

__all__ = ["client", "owner", "places", "world"]
