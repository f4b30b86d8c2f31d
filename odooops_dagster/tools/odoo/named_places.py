"""Finds the line of a module that a message is about, by the names that the message quotes.

Odoo names no file for much of what it refuses: a model that is missing, a hook, an external id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_QUOTED = re.compile(r"""'([^'"\s<>]{2,200})'|"([^'"\s<>]{2,200})\"""")
# Source: `_xmlid_lookup` in odoo/addons/base/models/ir_model.py; `_fetch_content` in assetsbundle.py.
_UNQUOTED = re.compile(r"(?:External ID not found in the system: |Could not get content for )(\S+?)\.?(?='|\s|$)")
_MARKUP = frozenset({".xml", ".csv"})
_READ = frozenset({".py", ".scss", ".css", ".js", *_MARKUP})
_LONGEST_FILE = 1_000_000
_LIBRARIES = ("static", "lib")

Place = tuple[Path, int]


def names_in(message: str, addon: str) -> tuple[str, ...]:
    """Return the names that the message quotes, each also as the module itself writes it."""
    found = [name for pair in _QUOTED.findall(message) for name in pair if name] + _UNQUOTED.findall(message)
    return tuple(dict.fromkeys(form for name in found for form in _forms(name, addon)))


def place_in(file: Path, names: Sequence[str], *, after: int = 1) -> int | None:
    """Return the only line of the file, from `after` on, that has the first such name; None if no name has one."""
    for name in names:
        lines = [number for number in _lines_with(file, name) if number >= after]
        if len(lines) == 1:
            return lines[0]
    return None


def place_of(addon: Path, names: Sequence[str]) -> Place | None:
    """Return the only line of the module that has the first such name; None if no name has exactly one."""
    files = sorted(_files(addon))
    for name in names:
        found = [(file, number) for file in files for number in _lines_with(file, name)]
        if len(found) == 1:
            return found[0]
    return None


def _forms(name: str, addon: str) -> Iterator[str]:
    """Yield the name, and what is left of it below the module: of a path, an asset's address, an external id."""
    yield name
    for prefix in (f"{addon}/", f"{addon}."):
        _, mark, rest = name.partition(prefix)
        if mark and rest:
            yield rest


def _lines_with(file: Path, name: str) -> Iterator[int]:
    is_markup = file.suffix in _MARKUP
    word = re.escape(name)
    # In markup, a name is a whole value; elsewhere it is a word.
    pattern = re.compile(rf"""(^|["'>,(]){word}(["'<,)]|$)""" if is_markup else rf"(?<![\w$.-]){word}(?![\w-]|\.\w)")
    text = file.read_text(errors="replace")
    return (number for number, line in enumerate(text.splitlines(), start=1) if pattern.search(line))


def _files(addon: Path) -> Iterator[Path]:
    return (file for file in addon.rglob("*") if file.suffix in _READ and _is_own(file, addon))


def _is_own(file: Path, addon: Path) -> bool:
    """Return whether the module's author wrote the file: no library, nothing that leads elsewhere."""
    is_library = file.relative_to(addon).parts[:2] == _LIBRARIES
    return not is_library and not file.is_symlink() and file.is_file() and file.stat().st_size <= _LONGEST_FILE
