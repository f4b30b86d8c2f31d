"""The commands' reference page, generated from their help."""

from __future__ import annotations

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from odooops_dagster.doors.cli import build_app

_HEAD = "# Commands\n\nWritten by `python -m docs.generate` from the commands' own help.\n"
_EXIT_STATUS = """## Exit status

* `0`: done
* `1`: refused or failed; one line on stderr says why, a second what to do about it (with `--json`: one JSON object)
* `2`: the command line is wrong
* `130`: interrupted
"""


def commands_page() -> str:
    """Return the page."""
    command = get_command(build_app())
    docs = get_docs_for_click(obj=command, ctx=typer.Context(command), indent=1, name="ops")
    return f"{_HEAD}\n{docs.strip()}\n\n{_EXIT_STATUS}"
