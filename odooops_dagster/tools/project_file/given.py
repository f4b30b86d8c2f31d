"""Settings that a project has in the control plane, by the same keys as the file and below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from odooops_dagster.tools.project_file.keys import OF_THE_COMMIT, OF_THE_PROJECT, ProjectFile
from odooops_dagster.tools.project_file.read import Reading, read_text


def read_values(values: Mapping[str, Any]) -> Reading:
    """Read values as if a file had them; each key has dots: `odoo.options.limit_time_real`.

    Of two keys that are about the same value, the longer one counts. The lines of faults mean nothing.
    """
    return read_text(yaml.safe_dump(_tree(values), allow_unicode=True, sort_keys=False).encode())


def on_top_of(below: ProjectFile, file: ProjectFile) -> ProjectFile:
    """Return a file's settings, completed by those of the project where the file does not name the key.

    What protects, and who is told, the project has in policies and rules of its own only; what a commit is made of, the
    commit alone says.

    Groups of keys, odoo.conf's options among them, are completed key by key; a list of the file replaces the other.
    """
    under = below.model_dump(mode="json", exclude_unset=True, exclude={*OF_THE_PROJECT, *OF_THE_COMMIT})
    return ProjectFile.model_validate(_over(under, file.model_dump(mode="json", exclude_unset=True)))


def _tree(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key in sorted(values, key=lambda key: (key.count("."), key)):
        value = values[key]
        for part in reversed(key.split(".")):
            value = {part: value}
        tree = _over(tree, value)
    return tree


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
