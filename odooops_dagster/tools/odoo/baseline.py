"""The faults of Odoo itself, which it has without anybody's modules: nobody who pushes is to blame for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from odooops_dagster.tools.odoo.log_records import LogRecord


@dataclass(frozen=True, kw_only=True)
class OdooFaults:
    """What Odoo logs about itself: records of an installation of its own modules alone, and files that it lacks."""

    signatures: Collection[str] = ()
    files: tuple[str, ...] = ()

    def cover(self, record: LogRecord) -> bool:
        """Return whether the record is one of these."""
        if record.signature in self.signatures:
            return True
        return record.logger.startswith("odoo.") and any(file in record.message for file in self.files)


NO_FAULTS = OdooFaults()
