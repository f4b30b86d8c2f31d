"""The program odoo-module-migrator (OCA, AGPL-3): how it is asked, and what it says about a project's own modules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Source: odoo_module_migrate/log.py, class ColoredFormatter, of 0.5.0.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RECORD = re.compile(r"^\d\d:\d\d:\d\d\s+(?P<level>[A-Z]+)\s+(?P<text>.*)$")
_FILE = re.compile(r"^\s*File (?P<path>\S.*)$")
_QUOTED = frozenset({"WARNING", "ERROR", "CRITICAL"})
_CHARACTERS = 500


@dataclass(frozen=True, kw_only=True)
class Quote:
    """One error or warning of the program; `file` is below the folder that it searched, empty if it names none."""

    text: str
    file: str


def migrator_command(program: Path, folder: Path, *, source_series: str, target_series: str) -> tuple[str, ...]:
    """Return the command that rewrites the modules in the folder, a copy that nobody needs afterwards.

    Args:
        program: odoo-module-migrate.
        folder: the folder of the modules.
        source_series: the series that they are of, such as 17.0.
        target_series: the series that they are to be of.
    """
    versions = ("--init-version-name", source_series, "--target-version-name", target_series)
    return (str(program), "--directory", str(folder), *versions, "--no-commit", "--no-pre-commit")


def read_quotes(output: str, folder: Path) -> tuple[Quote, ...]:
    """Return each error and warning of the program once, in the order in which it printed them."""
    return tuple(dict.fromkeys(_quote(lines, folder) for level, lines in _records(output) if level in _QUOTED))


def _records(output: str) -> Iterator[tuple[str, list[str]]]:
    level, lines = "", list[str]()
    for line in _COLOUR.sub("", output).splitlines():
        begins = _RECORD.match(line)
        if begins:
            yield level, lines
            level, lines = begins["level"], [begins["text"]]
        else:
            lines.append(line)
    yield level, lines


def _quote(lines: list[str], folder: Path) -> Quote:
    files = [found["path"] for line in lines if (found := _FILE.match(line))]
    text = " ".join(" ".join(line for line in lines if not _FILE.match(line)).split())
    file = files[0].removeprefix(f"{folder}/") if files else ""
    return Quote(text=text.removeprefix("[Error] ")[:_CHARACTERS], file=file)
