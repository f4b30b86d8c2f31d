"""Matches a folder of modules on this machine: a developer's own checkout, read in this process."""

from __future__ import annotations

from collections.abc import Iterable
from json import dumps
from pathlib import Path

from odooops_dagster.errors import BadInput
from odooops_dagster.model.advisories import Advisory, Match, Severity
from odooops_dagster.tools.advisories.match import find_matches, read_uses
from odooops_dagster.tools.advisories.uses.folder import MANIFEST, read_folder


def match_folder(
    folder: Path, items: Iterable[Advisory], *, least: Severity = "warning"
) -> tuple[tuple[Match, ...], tuple[str, ...]]:
    """Return where the modules use what changes, and the files that could not be read.

    Raises:
        BadInput: the folder has no module.
    """
    if not any(folder.glob(f"*/{MANIFEST}")):
        raise BadInput(f"{folder} has no module", hint=f"name the folder that has folders with {MANIFEST}")
    uses, unread = read_uses(dumps(record) for record in read_folder(folder))
    return find_matches(items, uses, least=least), unread
