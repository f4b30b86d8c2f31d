"""The bill of materials of a build: Odoo, its Python packages and the addons that are not Odoo's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from odooops_dagster.model import Build, Source
from odooops_dagster.tools.odoo.sbom import SPEC_VERSION, bill_of_materials

PACKAGES = ("Odoo==19.0", "Babel==2.10.3", "zope.event==5.0", "lxml==5.2.1+local")


def build_of(folder: Path) -> Build:
    """Return a build with Odoo's own `base`, an addon of the repository, and one that came as a package."""
    odoo, source, packages = folder / "odoo" / "addons", folder / "shop", folder / "venv" / "addons"
    _addon(odoo / "base", {"name": "Base"})
    _addon(source / "shop_loyalty", {"name": "Loyalty", "version": "19.0.1.2.0", "license": "LGPL-3"})
    _addon(packages / "partner_rank", {"name": "Rank", "depends": ["base"]})
    return Build(
        digest="sha256:" + "1" * 64,
        series="19.0",
        odoo_revision="19.0+20260101",
        python=folder / "venv" / "bin" / "python",
        addons_paths=(source, packages, odoo),
        modules=("shop_loyalty",),
        closure=("base", "partner_rank", "shop_loyalty"),
        source=Source(
            path=source,
            git_sha="a" * 40,
            tree_digest="tree",
            addons_paths=(source,),
            modules=("shop_loyalty",),
            requirements=(),
        ),
    )


def _addon(place: Path, manifest: dict[str, Any]) -> None:
    place.mkdir(parents=True)
    (place / "__manifest__.py").write_text(repr(manifest))


def bill_of(folder: Path) -> dict[str, Any]:
    """Return the bill of that build."""
    return bill_of_materials(build_of(folder), name="shop", packages=PACKAGES)


@pytest.fixture
def bill(tmp_path: Path) -> dict[str, Any]:
    """Return the bill of a build."""
    return bill_of(tmp_path)


def test_the_bill_is_as_cyclonedx_has_it(bill: dict[str, Any]) -> None:
    """By CycloneDX's own schema, which lets nothing unknown through."""
    judge = JsonStrictValidator(SchemaVersion.from_version(SPEC_VERSION))
    assert judge.validate_str(json.dumps(bill)) is None
    assert judge.validate_str(json.dumps(bill | {"made_up": 1})) is not None


def test_the_bill_lists_odoo_packages_and_addons(bill: dict[str, Any]) -> None:
    """Each once, by the name that its registry compares; what a manifest does not say is not said."""
    by_name = {each["name"]: each for each in bill["components"]}
    assert sorted(by_name) == ["babel", "lxml", "odoo", "partner_rank", "shop_loyalty", "zope-event"]
    assert (by_name["odoo"]["type"], by_name["odoo"]["version"]) == ("framework", "19.0")
    assert by_name["odoo"]["properties"] == [{"name": "odooops:revision", "value": "19.0+20260101"}]
    assert by_name["lxml"]["purl"] == "pkg:pypi/lxml@5.2.1%2Blocal"
    assert by_name["shop_loyalty"]["licenses"] == [{"license": {"name": "LGPL-3"}}]
    assert "version" not in by_name["partner_rank"]
    assert origins(by_name) == {"shop_loyalty": "repository", "partner_rank": "package"}
    assert bill["metadata"]["component"]["version"] == "a" * 40


def origins(components: dict[str, Any]) -> dict[str, str]:
    """Return where each addon is from."""
    return {
        name: told["value"]
        for name, each in components.items()
        for told in each.get("properties", ())
        if told["name"] == "odooops:from"
    }


def test_the_same_build_has_the_same_bill_and_another_one_has_another(tmp_path: Path) -> None:
    """A changed file of an addon shows in its sum, another digest in the serial number."""
    first = bill_of(tmp_path)
    build = replace(build_of(tmp_path / "again"), digest="sha256:" + "2" * 64)
    (build.source.path / "shop_loyalty" / "models.py").write_text("pass\n")
    second = bill_of_materials(build, name="shop", packages=reversed_packages())
    changed = [a["name"] for a, b in zip(first["components"], second["components"], strict=True) if a != b]
    assert changed == ["shop_loyalty"]
    assert first["serialNumber"] != second["serialNumber"]
    assert bill_of(tmp_path / "a third time") == first


def reversed_packages() -> tuple[str, ...]:
    """Return the packages in another order."""
    return tuple(reversed(PACKAGES))
