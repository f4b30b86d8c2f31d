"""Brings the clusters of a state folder into order, and is killed at a point of it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from odooops_dagster.local.settling import settle
from odooops_dagster.settings import Settings
from tests.crashes import crashing

if __name__ == "__main__":
    home, point, when = sys.argv[1:]
    with crashing(point, when, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        settle(Settings(home=Path(home)))
