"""The list of the environments that are open to everybody: productions. Without the list none is."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from odooops_dagster.files import write_whole
from odooops_dagster.home import open_environments_file
from odooops_dagster.model import Environment


def tell_of(home: Path, recorded: Iterable[Environment]) -> None:
    """Tell the router which of the recorded environments are open."""
    tell(home, [each.host_label for each in recorded if each.stage == "production" and each.is_listed])


def tell(home: Path, labels: Collection[str]) -> None:
    """Tell the router which environments are open, by their host labels."""
    place, wanted = open_environments_file(home), json.dumps(sorted(labels)).encode()
    if not place.exists() or place.read_bytes() != wanted:
        write_whole(place, wanted)


def is_open(home: Path, label: str) -> bool:
    """Return whether the environment is open to everybody."""
    try:
        told = json.loads(open_environments_file(home).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(told, list) and label in told
