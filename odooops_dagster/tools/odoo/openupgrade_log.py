"""Finds in Odoo's log what OpenUpgrade's framework turns from an error into a line.

Source: openupgrade_framework, odoo_patch/odoo/addons/base/models/ir_ui_view.py and odoo_patch/odoo/orm/models.py (in
older series odoo_patch/odoo/models.py) of OCA/OpenUpgrade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LOGGER = "odoo.addons.openupgrade_framework."
_VIEW = re.compile(r"Can't render custom view (?P<view>\S+) for model (?P<model>\S+)\.")
_RECORD = re.compile(
    r"(?:Could not delete obsolete record with ids (?P<ids>.+?) of model (?P<model>\S+):|deletion cancelled)"
)


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """The names in the log, each once, in its order."""

    views: tuple[str, ...]  # XML ids, or their models where a view has none
    records: tuple[str, ...]  # model and ids


def hidden_messages(log_path: Path) -> Hidden:
    """Return the views that were not validated and the records whose deletion was given up."""
    views: dict[str, None] = {}
    records: dict[str, None] = {}
    if log_path.is_file():
        with log_path.open(errors="replace") as lines:
            for line in lines:
                if _LOGGER not in line and "deletion cancelled" not in line:
                    continue
                if (found := _VIEW.search(line)) is not None:
                    name = found["view"] if found["view"] not in ("False", "None") else f"a view of {found['model']}"
                    views[name] = None
                elif (found := _RECORD.search(line)) is not None:
                    records[
                        f"{found['model']} {found['ids']}" if found["model"] else line.rpartition(": ")[2].strip()
                    ] = None
    return Hidden(views=tuple(views), records=tuple(records))
