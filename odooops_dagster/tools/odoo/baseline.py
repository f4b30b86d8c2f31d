"""The faults of Odoo itself, which it has without anybody's modules: nobody who pushes is to blame for them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo.log_records import LogRecord

_OF_MODULE = re.compile(r"^odoo\.addons\.(?P<module>\w+)")


@dataclass(frozen=True, kw_only=True)
class OdooFaults:
    """Odoo's own faults: log records of an installation of its own modules alone, and files that it lacks."""

    signatures: Collection[str] = ()
    files: tuple[str, ...] = ()

    def cover(self, record: LogRecord) -> bool:
        """Return whether the record is one of these."""
        if record.signature in self.signatures:
            return True
        return record.logger.startswith("odoo.") and any(file in record.message for file in self.files)

    def with_more(self, signatures: Collection[str]) -> OdooFaults:
        """Return these and the records with the signatures."""
        return replace(self, signatures=frozenset({*self.signatures, *signatures}))


def may_be_odoos(records: Sequence[LogRecord], addons_paths: Sequence[Path]) -> bool:
    """Return whether there are records, and none of them was logged by a module of another place than Odoo itself."""
    named = {found["module"] for record in records if (found := _OF_MODULE.match(record.logger))}
    others = {name for name in named if modules.find(name, addons_paths) and not modules.is_odoos(name, addons_paths)}
    return bool(records) and not others


NO_FAULTS = OdooFaults()
