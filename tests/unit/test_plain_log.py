"""What programs write into their logs."""

from __future__ import annotations

import subprocess
import sys

_FAILING = """
import sys
from odooops_dagster.plain_log import get_logger
assert "rich" not in sys.modules
import rich
def sign_in(password):
    raise ValueError("refused")
try:
    sign_in("hunter2")
except ValueError:
    get_logger().exception("failed")
"""


def test_a_traceback_shows_no_values_and_loads_no_rich() -> None:
    """Rich would show every local variable; whoever wants it for tables can import it all the same."""
    done = subprocess.run([sys.executable, "-c", _FAILING], capture_output=True, text=True, check=True)
    assert "ValueError: refused" in done.stdout
    assert "hunter2" not in done.stdout.replace('sign_in("hunter2")', "")
