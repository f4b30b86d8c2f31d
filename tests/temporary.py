"""One temporary folder for all that a run of tests writes; it goes with the run, also with a red one."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

# The processes that pytest starts for a run, and all that they start, find the folder there.
_MADE = "ODOOOPS_TEST_TMP"


def make() -> Path | None:
    """Make the folder, let everything that this process starts write there, and return it; None in a worker."""
    if _MADE in os.environ:
        return None
    # Short: a Unix socket's path may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ops-t-"))
    # Other users reach what a test gives them.
    folder.chmod(0o711)
    os.environ[_MADE] = os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return folder


def remove(folder: Path) -> None:
    """Remove the folder with all that is in it, also what tests have closed."""
    for parent, names, _files in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.pop(_MADE, None)
