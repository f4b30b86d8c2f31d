"""Odoo modules as they lie on disk."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo import modules


def make_module(addons: Path, name: str, *, manifest: str = "{}", **files: str) -> Path:
    """Write a module; file names are given with __ for a slash."""
    addon = addons / name
    addon.mkdir(parents=True)
    (addon / "__init__.py").touch()
    (addon / "__manifest__.py").write_text(manifest)
    for file, text in files.items():
        path = addon / f"{file.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return addon


@pytest.fixture
def addons(tmp_path: Path) -> Path:
    """Return a folder with `base` in it."""
    make_module(tmp_path / "odoo", "base")
    return tmp_path / "addons"


@pytest.fixture
def paths(addons: Path, tmp_path: Path) -> tuple[Path, ...]:
    """Return the addons paths, the project's own first."""
    return (addons, tmp_path / "odoo")


def test_installable_modules_are_listed_by_name(addons: Path) -> None:
    """A folder without a manifest is no module, and one may say that it cannot be installed."""
    make_module(addons, "shop")
    make_module(addons, "attic", manifest="{'installable': False}")
    (addons / "docs").mkdir()
    assert modules.installable(addons) == ("shop",)


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("{\n'name':", r":1: SyntaxError: "),
        ("['a']", ":1: the manifest is not a dictionary"),
        ("{'name': open('x')}", ": the manifest holds more than plain values: "),
    ],
)
def test_a_manifest_that_cannot_be_read_names_its_file(addons: Path, manifest: str, reason: str) -> None:
    """A manifest is data: nothing in it is run."""
    make_module(addons, "shop", manifest=manifest)
    with pytest.raises(StepFailed, match=r"/shop/__manifest__\.py" + reason):
        modules.installable(addons)


def test_a_circle_of_modules_is_found_in_its_direction(addons: Path, paths: tuple[Path, ...]) -> None:
    """Each depends on the next, and the last on the first; it begins with the same one in whatever order they come."""
    for name, depended in {"a": "b", "b": "c", "c": "a", "d": "a"}.items():
        make_module(addons, name, manifest=f"{{'depends': ['{depended}']}}")
    for names in permutations("abcd"):
        assert modules.circle(names, paths) == ("a", "b", "c")
    assert modules.circle(["d"], paths) == ()


def test_the_closure_holds_all_that_is_needed(addons: Path, paths: tuple[Path, ...]) -> None:
    """Dependencies of dependencies count, `base` always does, circles end."""
    make_module(addons, "shop", manifest="{'depends': ['stock']}")
    make_module(addons, "stock", manifest="{'depends': ['shop', 'mail']}")
    make_module(addons, "mail")
    make_module(addons, "unrelated")
    assert modules.closure(["shop"], paths) == {"base", "mail", "shop", "stock"}


def test_a_missing_dependency_is_named_with_who_wants_it(addons: Path, paths: tuple[Path, ...]) -> None:
    """The person reads what to add, and where."""
    make_module(addons, "shop", manifest="{'depends': ['partner_firstname']}")
    with pytest.raises(StepFailed, match="module partner_firstname, which shop depends on, is in no addons"):
        modules.closure(["shop"], paths)


def test_a_dependency_that_is_not_installable_fails(addons: Path, paths: tuple[Path, ...]) -> None:
    """Odoo would leave it out and load the rest."""
    make_module(addons, "shop", manifest="{'depends': ['attic']}")
    make_module(addons, "attic", manifest="{'installable': False}")
    with pytest.raises(StepFailed, match="attic, which shop depends on, is marked as not installable"):
        modules.closure(["shop"], paths)


def test_the_first_addons_path_wins(addons: Path, paths: tuple[Path, ...]) -> None:
    """As in Odoo, so that a project may replace a module."""
    make_module(addons, "base")
    assert modules.find("base", paths) == addons / "base"


def test_a_checksum_follows_bytes_and_names_but_not_compiled_files(addons: Path) -> None:
    """Any change to what Odoo reads is another module."""
    shop = make_module(addons, "shop", models__shop="a = 1")
    before = modules.checksum(shop)
    (shop / "__pycache__").mkdir()
    (shop / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
    assert modules.checksum(shop) == before
    (shop / "models" / "shop.py").rename(shop / "models" / "store.py")
    renamed = modules.checksum(shop)
    (shop / "models" / "store.py").write_text("a = 2")
    assert len({before, renamed, modules.checksum(shop)}) == 3


def test_odoos_own_modules_are_told_by_its_revision(addons: Path, paths: tuple[Path, ...]) -> None:
    """Hashing a hundred of them for every build would take longer than copying their database."""
    make_module(addons, "shop")
    assert modules.checksums(["shop", "base"], paths) == {"base": "odoo", "shop": modules.checksum(addons / "shop")}


def test_modules_with_a_tests_package_are_found(addons: Path) -> None:
    """What is in the package is Odoo's to say: names of base classes and tags tell nothing for certain."""
    shop = make_module(addons, "shop", tests__test_shop="class TestShop(Anything): pass")
    (shop / "tests" / "__init__.py").touch()
    make_module(addons, "plain", tests__test_shop="no package")
    assert modules.with_tests(["shop", "plain", "elsewhere"], [addons]) == ("shop",)


def test_modules_that_install_themselves_are_known(addons: Path, paths: tuple[Path, ...], tmp_path: Path) -> None:
    """True, a list and an empty list mean that Odoo may install a module unasked; Odoo's own are left out."""
    make_module(addons, "glue", manifest="{'auto_install': True}")
    make_module(addons, "bridge", manifest="{'depends': ['shop'], 'auto_install': ['shop']}")
    make_module(addons, "always", manifest="{'auto_install': []}")
    make_module(addons, "shop", manifest="{'auto_install': False}")
    make_module(addons, "attic", manifest="{'auto_install': True, 'installable': False}")
    make_module(tmp_path / "odoo", "web_tour", manifest="{'auto_install': True}")
    assert modules.self_installing(paths) == ("always", "bridge", "glue")


def test_what_needs_a_module_of_the_repository_is_told_from_what_does_not(
    addons: Path, paths: tuple[Path, ...], tmp_path: Path
) -> None:
    """A module from elsewhere may extend one of the repository's own."""
    everywhere = (*paths, tmp_path / "wheels")
    make_module(addons, "shop")
    make_module(tmp_path / "wheels", "shop_report", manifest="{'depends': ['shop']}")
    make_module(tmp_path / "wheels", "report")
    assert modules.depends_on("shop_report", {"shop"}, everywhere)
    assert modules.depends_on("shop", {"shop"}, everywhere)
    assert not modules.depends_on("report", {"shop"}, everywhere)
    assert modules.folders_of(["shop", "report"], everywhere) == {addons, tmp_path / "wheels"}
