"""What the manifests demand is compared with what there is, all at once, before anything is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo import demands
from tests.unit.test_odoo_modules import make_module

PYTHON = Path(sys.executable)


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """Return the addons paths: the project's own, and Odoo's with `base` in it."""
    make_module(tmp_path / "odoo", "base", manifest="{'version': '1.3'}")
    return tmp_path / "addons", tmp_path / "odoo"


def check(paths: tuple[Path, Path], *names: str, series: str = "19.0") -> frozenset[str]:
    """Return what the modules need, on the Python of the tests."""
    return demands.met(names, paths, series=series, python=PYTHON)


def test_everything_that_is_wrong_is_told_at_once(paths: tuple[Path, Path]) -> None:
    """With who needs it, and with the wheel to ask for."""
    external = "{'python': ['no-such-package>=2', 'psycopg<1'], 'bin': ['no-such-program', 'sh']}"
    shop = f"{{'version': '18.0.1.0.0', 'depends': ['crm', 'stock', 'attic'], 'external_dependencies': {external}}}"
    make_module(paths[0], "shop", manifest=shop)
    make_module(paths[0], "attic", manifest="{'installable': False}")
    with pytest.raises(StepFailed) as caught:
        check(paths, "shop")
    told = str(caught.value)
    assert "modules crm (for shop), stock (for shop) are in no addons path" in told
    assert "module attic, which shop depends on, is marked as not installable" in told
    assert "module shop is of 18.0 (version 18.0.1.0.0), the project of 19.0" in told
    assert "Python package no-such-package>=2, which shop needs, is not installed" in told
    assert "Python package psycopg<1, which shop needs, is 3." in told
    assert "program no-such-program, which shop needs, is not on the platform's machine" in told
    assert "odoo-addon-crm==19.0.* odoo-addon-stock==19.0.*" in str(caught.value.hint)


def test_what_is_met_is_not_told(paths: tuple[Path, Path]) -> None:
    """A package by its name on PyPI or by that of its module, one for another system, a program on the path."""
    python = ["psycopg", "PyYAML", "yaml", "no-such-package; sys_platform == 'win32'", "importlib.metadata"]
    external = {"python": python, "bin": ["sh"]}
    manifest = {"version": "19.0.1.0.0", "depends": ["stock"], "external_dependencies": external}
    make_module(paths[0], "shop", manifest=repr(manifest))
    make_module(paths[0], "stock", manifest="{'version': '1.0'}")
    assert check(paths, "shop") == {"base", "shop", "stock"}


@pytest.mark.parametrize("version", ["1.0", "18.0.1", "19.0.1.0", "19.0.1.0.0", "18.0", ""])
def test_versions_that_odoo_takes_are_taken(paths: tuple[Path, Path], version: str) -> None:
    """Odoo puts its own series before a short one."""
    shop = make_module(paths[0], "shop", manifest=repr({"version": version}))
    demands.refuse_other_series([shop], "19.0")


def test_an_odoo_that_asks_for_no_series_is_not_stricter_for_it(paths: tuple[Path, Path]) -> None:
    """16.0 installs a module of 15.0."""
    shop = make_module(paths[0], "shop", manifest="{'version': '15.0.1.0.0'}")
    demands.refuse_other_series([shop], "16.0")
    with pytest.raises(StepFailed, match=r"shop is of 15\.0"):
        demands.refuse_other_series([shop], "17.0")


def test_a_tree_of_another_series_is_told_in_one_sentence(paths: tuple[Path, Path]) -> None:
    """Of a hundred modules the first are named, and the others counted."""
    addons = [make_module(paths[0], f"shop_{n}", manifest="{'version': '16.0.1.0.0'}") for n in range(9)]
    with pytest.raises(StepFailed) as caught:
        demands.refuse_other_series(
            [*addons, make_module(paths[0], "crm", manifest="{'version': '18.0.1.0.0'}")], "19.0"
        )
    one = "module crm is of 18.0 (version 18.0.1.0.0), the project of 19.0"
    nine = "9 modules are of 16.0 (shop_0, shop_1, shop_2, shop_3, shop_4 and 4 more), the project of 19.0"
    assert str(caught.value) == f"{one}; {nine}"
    with pytest.raises(StepFailed, match=r"^2 modules are of 16\.0 \(shop_0, shop_1\), the project of 19\.0$"):
        demands.refuse_other_series(addons[:2], "19.0")


def test_a_module_that_comes_with_odoo_may_have_any_version(paths: tuple[Path, Path]) -> None:
    """Odoo is of its series, whatever it writes."""
    make_module(paths[1], "crm", manifest="{'version': '18.0.1.0.0'}")
    assert check(paths, "crm") == {"base", "crm"}
