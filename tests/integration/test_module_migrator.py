"""What OCA's odoo-module-migrator says about modules is quoted; it is run as the program that it is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.upgrade.migrator import quote_migrator
from odooops_dagster.tools.advisories.migrator import Quote, migrator_command, read_quotes
from tests.integration.test_advisory_check import ctx, shop_build

__all__ = ["ctx"]

MANIFEST = '{"name": "Shop", "version": "17.0.1.0.0", "depends": ["base"], "license": "LGPL-3", "author": "Tester"}\n'
MODELS = """from odoo import models


class Partner(models.Model):
    _inherit = "res.partner"

    def _name_search(self, name, domain=None, operator="ilike", limit=None, order=None):
        return []
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program, installed in an environment of its own."""
    folder = tmp_path_factory.mktemp("migrator")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = str(folder / "bin" / "python")
    wanted = [str(uv), "pip", "install", "--quiet", "--python", python, "odoo-module-migrator==0.5.0"]
    done = subprocess.run(wanted, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"odoo-module-migrator cannot be had here: {done.stderr.strip()[-200:]}")
    folder.chmod(0o755)  # whoever it runs as has to read it
    return folder / "bin" / "odoo-module-migrate"


def test_its_errors_are_quoted_with_their_file(program: Path, ctx: StepContext, tmp_path: Path) -> None:
    """It works in a sandbox on a copy; once each, without what it only tells of its own work."""
    build = shop_build(tmp_path, {})
    for name, text in (("__manifest__.py", MANIFEST), ("__init__.py", ""), ("models.py", MODELS)):
        (build.source.path / "shop" / name).write_text(text)
    named = replace(ctx, settings=ctx.settings.model_copy(update={"module_migrator": program}))
    [quote] = quote_migrator(named, build, source_series="17.0", target_series="18.0")
    assert quote.file == "shop/models.py"
    assert "'_name_search' is deprecated and replaced by '_search_display_name'" in quote.text
    assert (build.source.path / "shop" / "__manifest__.py").read_text() == MANIFEST
    assert quote_migrator(named, build, source_series="18.0", target_series="99.0") == ()
    assert quote_migrator(ctx, build, source_series="17.0", target_series="18.0") == ()


def test_a_way_that_it_does_not_know_ends_it(program: Path, tmp_path: Path) -> None:
    """Its last line says why."""
    command = migrator_command(program, tmp_path, source_series="18.0", target_series="99.0")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode != 0
    assert "invalid choice" in done.stdout.splitlines()[-1]


def test_what_is_no_record_is_part_of_the_one_before() -> None:
    """Colours are taken out, and a repeated record is one."""
    line = "\x1b[31m10:00:00  \x1b[0m WARNING   [shop] look at\n    two lines\n    File /m/shop/a.py\n"
    told = f"before any record\n{line}10:00:01 INFO  done\n{line}"
    assert read_quotes(told, Path("/m")) == (Quote(text="[shop] look at two lines", file="shop/a.py"),)
