"""A test process that eats the machine's memory is ended, and says where."""

from __future__ import annotations

import subprocess
import sys

from tests.appetite import EXIT_CODE

_EATS = """
import time
from tests.appetite import watch
watch(most_bytes=200_000_000, every_seconds=0.05)
def eat_without_end(found=[]):
    while True:  # no more than twice what is allowed, however late the look comes
        if len(found) < 400:
            found.append(bytearray(1_000_000))
        time.sleep(0.001)
def be_modest():
    time.sleep(0.3)
"""


def test_it_names_the_line_that_eats() -> None:
    """Its own exit code tells it from a crash."""
    ended = subprocess.run(
        [sys.executable, "-c", f"{_EATS}eat_without_end()"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == EXIT_CODE
    assert "bytes of memory" in ended.stderr
    assert "in eat_without_end" in ended.stderr


def test_a_modest_process_lives() -> None:
    """It ends by itself."""
    ended = subprocess.run(
        [sys.executable, "-c", f"{_EATS}be_modest()"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
