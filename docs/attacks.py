"""Reads the list of attacks, and writes the tables of SECURITY.md from it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs.schema.security import fill
from docs.schema.tables import table

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "hostile" / "attacks.toml"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack: stopped somewhere, with tests that carry it out, or still open."""

    number: int
    who: str
    gains: str
    kind: str
    stopped: str = ""
    mended: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    open: str = ""


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """What somebody can do, and what they cannot; `attacks` are the numbers of those that try."""

    who: str
    can: str
    cannot: str
    attacks: tuple[int, ...]


def attacks() -> list[Attack]:
    """Return every attack, by its number."""
    return [Attack(**_with_tuples(entry)) for entry in _read()["attack"]]


def boundaries() -> list[Boundary]:
    """Return every boundary, in the order of the page."""
    return [Boundary(**_with_tuples(entry)) for entry in _read()["boundary"]]


def security_page() -> str:
    """Return SECURITY.md with its tables as the list says."""
    text = (ROOT / "SECURITY.md").read_text()
    text = fill(text, "boundaries", "\n".join(_boundary_table(boundaries())))
    return fill(text, "attacks", "\n".join(_attack_table(attacks())))


def _boundary_table(rows: Iterable[Boundary]) -> list[str]:
    heads = ("who", "can", "cannot", "attacks")
    return table(heads, [(row.who, row.can, row.cannot, ", ".join(map(str, row.attacks))) for row in rows])


def _attack_table(rows: Iterable[Attack]) -> list[str]:
    heads = ("#", "who", "would gain", "because", "stopped by", "where", "tests")
    return table(
        heads,
        [
            (
                str(row.number),
                row.who,
                row.gains,
                row.kind,
                row.stopped or f"**not stopped yet**: {row.open}",
                "<br>".join(_link(path) for path in row.mended),
                "<br>".join(_test_link(name) for name in row.tests),
            )
            for row in rows
        ],
    )


def _link(path: str) -> str:
    name = Path(path).name
    return f"[{'/'.join(Path(path).parts[-2:]) if name == '__init__.py' else name}]({path})"


def _test_link(name: str) -> str:
    """Return the test's sentence as a link to its file; a file or class is called by its name."""
    path, *inner = name.split("::")
    words = " of ".join(reversed([each.removeprefix("test_").replace("_", " ") for each in inner]))
    return f"[{words or Path(path).stem.removeprefix('test_').replace('_', ' ')}]({path})"


def _read() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(LIST.read_text())


def _with_tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
