"""The code location of the end-to-end tests: the real one, with steps that answer at once."""

from __future__ import annotations

from importlib import import_module

from odooops_dagster.definitions import definitions
from odooops_dagster.engine.waiting import Looks
from tests.dagster.world import STAND_INS

__all__ = ["definitions"]

for module, name, stand_in in STAND_INS:
    setattr(import_module(module), name, stand_in)

# A test waits for what the reconciler mends.
setattr(import_module("sensors.reconciler"), "_looks", Looks(often=1.0, seldom=1.0))  # noqa: B010 - says that it is a patch
# No Odoo runs here that could be kept running or taken away.
setattr(import_module("sensors.housekeeping"), "jobs_due", lambda *_: [])  # noqa: B010 - says that it is a patch
