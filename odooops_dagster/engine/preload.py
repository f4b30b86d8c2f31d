"""What the programs that use Dagster import, loaded once in the process that forks them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from odooops_dagster.control import NOUNS
from odooops_dagster.engine.fork_proof import ImportedCode, obstacles, open_sockets
from odooops_dagster.engine.private import (
    import_for_programs,
    load_definitions,
    load_instance_settings,
    watch_servers_every,
)
from odooops_dagster.errors import Unavailable
from odooops_dagster.home import dagster_home
from odooops_dagster.settings import Settings

# By name: only who starts the programs decides which there are.
_DEFINITIONS = ("odooops_dagster.definitions", "definitions")
_PROGRAMS = (
    "odooops_dagster.doors.ui.app",
    "uvicorn.main",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "odooops_dagster.tools.backup.repositories",
    "odooops_dagster.tools.runtime.process",
)

# A code server that starts again is noticed so late, by ticks that fail meanwhile too.
_WATCH_SECONDS = 5

_code: ImportedCode | None = None


def preload() -> Callable[[], bool]:
    """Import everything, and return a function that says whether a file of it has changed since.

    Raises:
        Unavailable: a fork of this process would not be safe.
    """
    own = open_sockets()
    for module in _PROGRAMS:
        import_module(module)
    import_for_programs()
    watch_servers_every(_WATCH_SECONDS)
    for noun in NOUNS:
        import_module(f"odooops_dagster.control.{noun}")
    # Dagster leaves out the first folder of sys.path when it imports it, which is PYTHONPATH's own here.
    import_module(_DEFINITIONS[0])
    load_definitions(*_DEFINITIONS)
    load_instance_settings(dagster_home(Settings().home))
    found = obstacles(own_sockets=own)
    if found:
        raise Unavailable(f"cannot fork: {'; '.join(found)}", hint="ops doctor")
    global _code  # noqa: PLW0603 - there is one for each process, and those forked from it
    _code = ImportedCode()
    code = _code
    return lambda: code.changed() is not None


def preloaded_code() -> ImportedCode | None:
    """Return the code that the process had imported which forked this one; None if none did."""
    return _code
