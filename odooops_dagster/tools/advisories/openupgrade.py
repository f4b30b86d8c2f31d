"""Reads OpenUpgrade's scripts of one series as advisories, from the unpacked wheel; imports and runs nothing of it.

The wheel is AGPL-3: facts come out of it (names, and what happens to them), its texts and programs stay in it.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from odooops_dagster.errors import StepFailed
from odooops_dagster.model.advisories import Advisory, AdvisorySource
from odooops_dagster.tools.advisories.analysis import read_analysis

NAME = "openupgrade"
PACKAGE = "odoo-addon-openupgrade-scripts"
_ADDON = Path("odoo") / "addons" / "openupgrade_scripts"
_ANALYSIS = "upgrade_analysis.txt"
_FIELD_RENAME, _NAME_PAIR = 4, 2


def read_openupgrade(folder: Path, series: str) -> AdvisorySource:
    """Return what OpenUpgrade's scripts say about the way to the series; `folder` has them as installed.

    Raises:
        StepFailed: the folder has no such scripts, or they have another form.
    """
    addon = folder / _ADDON
    files = sorted([addon / "apriori.py", *addon.glob(f"scripts/*/*/{_ANALYSIS}"), *addon.glob("scripts/*/*/*.py")])
    if not (addon / "apriori.py").is_file() or not any(file.name == _ANALYSIS for file in files):
        raise StepFailed(f"{folder} has no {_ANALYSIS} of OpenUpgrade", hint="import another release: --release")
    release = _release(folder)
    if not release.startswith(f"{series}."):
        raise StepFailed(f"these scripts of OpenUpgrade are {release}, not of {series}", hint="import another release")
    return AdvisorySource(
        name=NAME,
        from_version=_series_before(series),
        to_version=series,
        release=release,
        sha256=_digest(files, addon),
        items=tuple(_items(addon, files)),
        guides=(f"https://github.com/OCA/OpenUpgrade/tree/{series}",),
    )


def _items(addon: Path, files: Iterable[Path]) -> Iterator[Advisory]:
    files = tuple(files)
    known = _literals(addon / "apriori.py")
    yield from _modules(known.get("renamed_modules", {}), known.get("merged_modules", {}))
    renames = dict(_renames(file for file in files if file.name.endswith("-migration.py")))
    for file in files:
        if file.name == _ANALYSIS:
            module = file.parent.parent.name
            found = read_analysis(file.read_text("utf-8"), module=module, origin=str(file.relative_to(addon)))
            yield from (_with_replacement(item, renames) for item in found)


def _modules(renamed: Mapping[str, str], merged: Mapping[str, str]) -> Iterator[Advisory]:
    for old, new in sorted(renamed.items()):
        yield Advisory(
            kind="module_renamed",
            severity="warning",
            module=old,
            subject=old,
            replacement=new,
            summary=f"Module {old} becomes {new}.",
            origin="apriori.py",
        )
    for old, new in sorted(merged.items()):
        yield Advisory(
            kind="module_merged",
            severity="warning",
            module=old,
            subject=old,
            replacement=new,
            summary=f"Module {old} becomes part of {new}.",
            origin="apriori.py",
        )


def _literals(file: Path) -> dict[str, Any]:
    """Return the dictionaries of the file by name."""
    found = {}
    for node in _parsed(file).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError as exc:
                raise StepFailed(f"{file.name} of OpenUpgrade has another form: {exc}") from exc
    return found


def _renames(scripts: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield old and new names of fields (as model.field) and of XML ids that the scripts list.

    Source of the two forms: `rename_fields` and `rename_xmlids` in OCA's openupgradelib.
    """
    for script in scripts:
        for node in ast.walk(_parsed(script)):
            if not isinstance(node, ast.Tuple):
                continue
            words = [part.value for part in node.elts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if len(words) != len(node.elts):
                continue
            if len(words) == _FIELD_RENAME and words[0].replace(".", "_") == words[1]:
                yield f"{words[0]}.{words[2]}", f"{words[0]}.{words[3]}"
            elif len(words) == _NAME_PAIR and all(re.fullmatch(r"\w+\.\w+", word) for word in words):
                yield words[0], words[1]


def _with_replacement(item: Advisory, renames: Mapping[str, str]) -> Advisory:
    """Add the new name of what the analysis alone takes for gone."""
    new = renames.get(item.subject)
    if new is None or item.kind not in ("field_removed", "xml_id_removed"):
        return item
    what = "Field" if item.kind == "field_removed" else "XML id"
    kind = item.kind if item.kind == "field_removed" else "xml_id_moved"
    return replace(item, kind=kind, replacement=new, summary=f"{what} {item.subject} becomes {new}.")


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as exc:
        raise StepFailed(f"{file.name} of OpenUpgrade cannot be read: {exc}") from exc


def _release(folder: Path) -> str:
    """Return the release by the name of its metadata (packaging.python.org, "Recording installed projects")."""
    found = re.compile(rf"{PACKAGE.replace('-', '[-_]')}-(?P<release>[^-]+)\.dist-info", re.IGNORECASE)
    names = (found.fullmatch(path.name) for path in folder.glob("*.dist-info"))
    return next((name["release"] for name in names if name), "unknown")


def _digest(files: Iterable[Path], root: Path) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.relative_to(root)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _series_before(series: str) -> str:
    """Return the series from which OpenUpgrade leads to this one: it goes one step at a time."""
    return f"{int(series.partition('.')[0]) - 1}.0"
