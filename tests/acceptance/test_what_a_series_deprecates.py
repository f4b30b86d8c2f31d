"""The table of what Odoo 19 deprecates, held against the source of a real Odoo 19."""

from __future__ import annotations

import re

import pytest

from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.upgrade_report.code_uses import deprecated, find_uses

pytestmark = pytest.mark.odoo

TABLE = deprecated("19.0")
# Two modules of Odoo's own still use these in 19.0: l10n_tw_edi_ecpay, l10n_dk.
STILL_USED = {"self._cr, self._uid, self._context", "read_group"}


def test_odoos_source_shows_what_the_table_says(installation: Installation) -> None:
    """Each row names the file that proves it."""
    assert TABLE
    for entry in TABLE:
        text = (installation.library / entry.proof).read_text()
        assert entry.says in text, entry.name
        assert entry.lacks is None or re.search(entry.lacks, text) is None, entry.name


def test_odoos_own_modules_use_none_of_it(installation: Installation) -> None:
    """A row that means something else in 600 modules would warn of what is well."""
    addons = [path for folder in installation.addons_paths for path in sorted(folder.iterdir()) if path.is_dir()]
    found = find_uses(addons, root=installation.library, series="19.0")
    assert len(addons) > 100
    assert {use.found for use in found} <= STILL_USED, found
