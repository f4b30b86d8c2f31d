"""A sandbox as JSON, for the definitions of services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from odooops_dagster.model import Limits, Sandbox


def to_json(sandbox: Sandbox | None) -> dict[str, Any] | None:
    """Return the sandbox as values of JSON."""
    if sandbox is None:
        return None
    return {
        "writable": list(map(str, sandbox.writable)),
        "readable": list(map(str, sandbox.readable)),
        "mounts": {inside: str(folder) for inside, folder in sandbox.mounts.items()},
        "home": str(sandbox.home),
        "temporary": str(sandbox.temporary) if sandbox.temporary else None,
        "uid": sandbox.uid,
        "shares_network": sandbox.shares_network,
        "shares_processes": sandbox.shares_processes,
        "limits": asdict(sandbox.limits),
        "image": sandbox.image,
    }


def from_json(stored: Mapping[str, Any] | None) -> Sandbox | None:
    """Return the sandbox that `to_json` made this of."""
    if stored is None:
        return None
    return Sandbox(
        writable=tuple(map(Path, stored["writable"])),
        readable=tuple(map(Path, stored["readable"])),
        mounts={inside: Path(folder) for inside, folder in stored["mounts"].items()},
        home=Path(stored["home"]),
        temporary=Path(stored["temporary"]) if stored["temporary"] else None,
        uid=stored["uid"],
        shares_network=stored["shares_network"],
        shares_processes=stored.get("shares_processes", False),  # a service of an earlier version says nothing of it
        limits=Limits(**stored["limits"]),
        image=stored.get("image", ""),  # earlier versions had none
    )
