"""Uses of what a series deprecates or removes, in the project's own code: each with file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.upgrade_report.form import CodeUse

_FILE = "deprecated.toml"
_COMMENT = re.compile(r"^\s*(#|<!--)")
# A module with more than that gets told the rest by its first lines.
_MOST = 500


class Deprecated(BaseModel):
    """One thing that a series deprecates: how it is found in a line, in which files, and what replaces it.

    `proof` is the file of Odoo that shows it, below the folder that has Odoo's package: it has the text `says`, and
    nothing in it matches `lacks`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str
    files: tuple[str, ...]  # suffixes, such as .py
    name: str
    instead: str
    proof: str
    says: str
    lacks: str | None = None


def find_uses(addons: Sequence[Path], *, root: Path, series: str) -> tuple[CodeUse, ...]:
    """Return the lines of the modules' files that use what the series deprecates; files are named below the root."""
    table = [(re.compile(entry.pattern), entry) for entry in deprecated(series)]
    found = (use for addon in addons for file in _files(addon) for use in _uses(file, root, table))
    return tuple(use for use, _ in zip(found, range(_MOST), strict=False))


@cache
def deprecated(series: str) -> tuple[Deprecated, ...]:
    """Return what the series deprecates; empty where nobody wrote it down."""
    file = odoo_series.series(series).file(_FILE)
    if not file.is_file():
        return ()
    return tuple(Deprecated(**entry) for entry in tomllib.loads(file.read_text("utf-8"))["deprecated"])


def _files(addon: Path) -> Iterator[Path]:
    # Code for browsers has components with attributes of their own.
    static = addon / "static"
    found = (path for path in sorted(addon.rglob("*")) if path.suffix in {".py", ".xml"})
    return (path for path in found if not path.is_relative_to(static) and path.is_file())


def _uses(file: Path, root: Path, table: Sequence[tuple[re.Pattern[str], Deprecated]]) -> Iterator[CodeUse]:
    wanted = [(pattern, entry) for pattern, entry in table if file.suffix in entry.files]
    lines = file.read_text(errors="replace").splitlines() if wanted else []
    for number, line in enumerate(lines, start=1):
        if _COMMENT.match(line):
            continue
        for pattern, entry in wanted:
            if pattern.search(line):
                where = str(file.relative_to(root))
                yield CodeUse(file=where, line=number, found=entry.name, instead=entry.instead)
