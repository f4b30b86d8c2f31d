"""Each series of Odoo, from a source that a person has: only that of the newest can be had from Debian and PyPI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from odooops_dagster.tools.odoo import distribution
from odooops_dagster.tools.odoo import series as odoo_series
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import SERIES
from tests.servers import PostgresServer

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

# A folder with a folder per series; each is a clone, Odoo's own download or a package's root folder.
SOURCES = "ODOOOPS_TEST_ODOO_PATH"


@pytest.mark.parametrize("series", odoo_series.known())
def test_a_series_installs_from_its_source_and_passes(
    series: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """Its pins import, its command line is understood, and its log and tables are read."""
    folder = Path(os.environ.get(SOURCES, "/nonexistent")) / series
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED: there is no source of Odoo {series}; name a folder per series in {SOURCES}")
    installation = distribution.install(series, home=tmp_path, odoo_path=folder.parent, progress=print)
    bench = Bench(postgres_server, installation, tmp_path)
    checks = bench.install(bench.build(), bench.database("series"), "base", "web")
    assert all(check.passed for check in checks.values()), checks


def test_the_newest_series_is_the_one_that_the_other_tests_run() -> None:
    """What they hold is held for the series that people begin with."""
    assert odoo_series.known()[-1] == SERIES
