"""Reads the files of all modules in a folder of addons."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.parsers import expat

from odooops_dagster.tools.advisories.uses.csv_file import read_csv
from odooops_dagster.tools.advisories.uses.found import Found
from odooops_dagster.tools.advisories.uses.python_file import read_manifest, read_python
from odooops_dagster.tools.advisories.uses.xml_file import read_xml

MANIFEST = "__manifest__.py"
# Migration scripts name what is gone on purpose; below static is what a browser runs.
_PASSED_OVER = {"migrations", "upgrades", "static", "__pycache__", ".git", "node_modules", "i18n"}
# A module's largest files are some 300 kB; more is data or hostile, and its tree takes a hundred times as much.
_MAX_BYTES = 2 * 1024**2
Record = dict[str, object]


def main(folders: Sequence[str]) -> None:
    """Print what the modules in the folders use."""
    for folder in folders:
        for record in read_folder(Path(folder)):
            sys.stdout.write(json.dumps(record) + "\n")


def read_folder(folder: Path) -> Iterator[Record]:
    """Yield what each file of the modules uses, or why it could not be read; names are relative to the folder."""
    for addon in sorted(path.parent for path in folder.glob(f"*/{MANIFEST}")):
        for path in _files(addon):
            yield from _read(path, str(path.relative_to(folder)), addon.name)


def _files(addon: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(addon):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix in (".py", ".xml", ".csv") and not path.is_symlink():
                yield path


def _read(path: Path, name: str, module: str) -> Iterator[Record]:
    found = Found(name, module)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES // 1024**2} MB")
        _read_file(path, found)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError, expat.ExpatError, csv.Error) as exc:
        yield {"unread": name, "why": str(exc) or type(exc).__name__}
    yield from found.uses()


def _read_file(path: Path, found: Found) -> None:
    data = path.read_bytes()
    match path.suffix:
        case ".xml":
            read_xml(data, found)
        case ".csv":
            read_csv(data, found, model=path.stem.partition("-")[0])
        case _ if path.name == MANIFEST:
            read_manifest(data, found)
        case _:
            read_python(data, found)
