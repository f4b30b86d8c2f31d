"""Loggers of programs: an event and its values, in a line without colours of libraries.

structlog takes Rich where it can import it: 5 MB for each program, and tracebacks that show the values of local
variables, passwords among them (`RichTracebackFormatter` in structlog/dev.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _as_if_not_installed(*names: str) -> Iterator[None]:
    """Make imports of these modules fail; an import that fails leaves no trace of itself."""
    known = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type] # None says that there is none: importlib's docs
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(known)


with _as_if_not_installed("rich", "better_exceptions"):
    from structlog import get_logger

__all__ = ["get_logger"]
