"""The bill of materials of a build: Odoo, the Python packages, and the addons that are not Odoo's own.

Source: cyclonedx.org/docs/1.6/json. It has no time and no random number: the same build has the same bill.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from odooops_dagster.model import Build
from odooops_dagster.tools.odoo import modules

SPEC_VERSION = "1.6"
_ADDON = "addon:"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one build has and another has not, or has otherwise: an addon, a Python package or Odoo, by its versions."""

    name: str
    is_module: bool
    before: str | None  # None where it is new
    after: str | None  # None where it is gone

    @property
    def kind(self) -> str:
        """Return new, removed or changed."""
        return "new" if self.before is None else "removed" if self.after is None else "changed"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return how the builds of two bills differ: the addons that are not Odoo's own first, then all that they need."""
    old, new = ({_identity(each): each for each in bill["components"]} for bill in (before, after))
    names = [name for name in {**old, **new} if _content(old.get(name)) != _content(new.get(name))]
    found = [
        Change(
            name=name.removeprefix(_ADDON),
            is_module=name.startswith(_ADDON),
            before=_version(old.get(name)),
            after=_version(new.get(name)),
        )
        for name in names
    ]
    return sorted(found, key=lambda each: (not each.is_module, each.name))


def _identity(component: Mapping[str, Any]) -> str:
    """Return under which name it is compared: a package's reference holds its version."""
    reference = str(component["bom-ref"])
    return reference if reference.startswith(_ADDON) else str(component["name"])


def _content(component: Mapping[str, Any] | None) -> object:
    """Return all that makes it what it is; where it comes from is no part of that."""
    if component is None:
        return None
    told = {each["name"]: each["value"] for each in component.get("properties", ())}
    return component.get("version"), told.get("odooops:files-sha256"), told.get("odooops:revision")


def _version(component: Mapping[str, Any] | None) -> str | None:
    return None if component is None else str(component.get("version") or "without a version")


def bill_of_materials(build: Build, *, name: str, packages: Sequence[str]) -> dict[str, Any]:
    """Return the CycloneDX document of the build.

    Args:
        build: the build, whose addons are on disk.
        name: what the build is of, the project's slug.
        packages: every Python package of its environment, as `name==version`.
    """
    components = [_odoo(build), *_packages(packages), *_addons(build)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'urn:odooops:build:{build.digest}')}",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": "build",
                "name": name,
                "version": build.source.git_sha,
                "properties": [_property("digest", build.digest)],
            },
        },
        "components": components,
        "dependencies": [{"ref": "build", "dependsOn": [component["bom-ref"] for component in components]}],
    }


def _odoo(build: Build) -> dict[str, Any]:
    return {
        "type": "framework",
        "bom-ref": "odoo",
        "name": "odoo",
        "version": build.series,
        "properties": [_property("revision", build.odoo_revision)],
    }


def _packages(packages: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the Python packages; Odoo is listed already, where it is one of them."""
    pairs = (package.partition("==") for package in packages)
    versions = {_normalised(name): version for name, _, version in pairs if version}
    for name, version in sorted(versions.items()):
        if name != "odoo":
            url = f"pkg:pypi/{name}@{quote(version, safe='')}"
            yield {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}


def _addons(build: Build) -> Iterator[dict[str, Any]]:
    own = [name for name in build.closure if not modules.is_odoos(name, build.addons_paths)]
    sums = modules.checksums(own, build.addons_paths)
    for name in sorted(own):
        addon = modules.find(name, build.addons_paths)
        if addon is not None:
            yield _addon(addon, modules.read_manifest(addon), checksum=sums[name], source=build.source.path)


def _addon(addon: Path, manifest: Mapping[str, Any], *, checksum: str, source: Path) -> dict[str, Any]:
    """Return the addon with what its manifest says; the checksum is over all its files, and no file's own."""
    version, license_ = manifest.get("version"), manifest.get("license")
    told: dict[str, Any] = {"version": version} if isinstance(version, str) else {}
    if isinstance(license_, str) and license_:
        told["licenses"] = [{"license": {"name": license_}}]
    origin = "repository" if addon.is_relative_to(source) else "package"
    return {
        "type": "library",
        "bom-ref": f"{_ADDON}{addon.name}",
        "group": "odoo.addons",
        "name": addon.name,
        "properties": [_property("files-sha256", checksum), _property("from", origin)],
    } | told


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": f"odooops:{name}", "value": value}


def _normalised(name: str) -> str:
    """Return the package's name as PyPI compares it. Source: packaging.python.org, "Name normalization"."""
    return re.sub(r"[-_.]+", "-", name).lower()
