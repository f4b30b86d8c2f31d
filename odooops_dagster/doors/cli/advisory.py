"""`ops advisory`: the verbs of `ops upgrade advisories`, under the noun's own name."""

from __future__ import annotations

from odooops_dagster.doors.cli.upgrade_advisories import app

__all__ = ["app"]
