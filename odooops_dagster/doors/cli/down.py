"""`ops down`: end the platform on this machine."""

from __future__ import annotations

from odooops_dagster.doors.cli.output import Json, note, print_json
from odooops_dagster.local.overview import bring_down
from odooops_dagster.settings import Settings


def down(json: Json = False) -> None:
    """Stop every program and wait until all have ended. Previews start again with the next `ops up`."""
    settings = Settings()
    stopped = bring_down(settings)
    if json:
        print_json({"home": settings.home, "stopped": stopped})
    else:
        note("stopped" if stopped else f"nothing runs on {settings.home}")
