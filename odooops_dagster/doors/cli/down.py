"""`ops down`: end the platform on this machine."""

from __future__ import annotations

from odooops_dagster.doors.cli.output import Json, note, print_json
from odooops_dagster.doors.cli.patience import patience
from odooops_dagster.doors.cli.ports import read_settings


def down(json: Json = False) -> None:
    """Stop every program and wait until all have ended. Previews start again with the next `ops up`."""
    from odooops_dagster.local.overview import bring_down

    settings = read_settings()
    with patience():
        stopped = bring_down(settings, report=note)
    if json:
        print_json({"home": settings.home, "stopped": stopped})
    else:
        note("stopped" if stopped else f"nothing runs on {settings.home}")
