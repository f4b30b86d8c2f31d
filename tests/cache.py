"""Where tests keep what takes long to get: Odoo, programs of npm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Downloaded once for all tests of a machine; each test's databases and builds are its own.
CACHE = Path(os.environ.get("ODOOOPS_TEST_CACHE", Path.home() / ".cache" / "odooops-tests"))
# Set in a run of the fast lane, and in all that it starts.
OFFLINE = "ODOOOPS_TEST_OFFLINE"


def fetch(what: str) -> None:
    """Let a test ask for what has to be fetched, whether it is in the cache or not; fail one of the fast lane."""
    if OFFLINE in os.environ:
        pytest.fail(
            f"the fast lane fetches nothing, and this needs {what}: name it in lane network of tests/lanes.toml",
            pytrace=False,
        )
