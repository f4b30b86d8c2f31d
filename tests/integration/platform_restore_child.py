"""Restores a backup of the platform, and is killed at a point of it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from odooops_dagster.local.recovery.kept import PlatformBackups
from odooops_dagster.local.recovery.key import sealer_of
from odooops_dagster.local.recovery.restore import restore
from odooops_dagster.settings import Settings
from odooops_dagster.tools.store import FolderStore
from tests.crashes import crashing

if __name__ == "__main__":
    home, store, key, point, when = sys.argv[1:]
    settings = Settings(home=Path(home))
    backups = PlatformBackups(FolderStore(Path(store)), sealer_of(settings, Path(key)), platform=None)
    with crashing(point, when, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        restore(settings, backups.find(None), may_replace=False)
