"""Where tests keep what takes long to get: Odoo, programs of npm."""

from __future__ import annotations

import os
from pathlib import Path

# Downloaded once for all tests of a machine; each test's databases and builds are its own.
CACHE = Path(os.environ.get("ODOOOPS_TEST_CACHE", Path.home() / ".cache" / "odooops-tests"))
