"""Rewrites files that contain former paths of the state folder, its cache or our code.

A state folder may be moved, restored from a copy or mounted elsewhere; our code may be upgraded or installed for
another Python. The platform writes relative paths where it can; command lines, configuration files and virtual
environments need absolute ones, and earlier versions wrote absolute paths everywhere.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odooops_dagster.files import write_whole
from odooops_dagster.home import StateEntry
from odooops_dagster.tools.odoo.commands import launcher

# Files with absolute paths, by the folder that contains them.
_BUILDS = f"{StateEntry.BUILDS}/*.json"
_SERVICES = f"{StateEntry.RUNTIME}/services/*.json"
_JSON_OF_HOME = (_BUILDS, _SERVICES)
_TEXT_OF_HOME = (f"{StateEntry.ENVIRONMENTS}/*/*.conf",)
_JSON_OF_CACHE = (f"{StateEntry.ODOO}/[!.]*/installation.json",)
_VENVS = (f"{StateEntry.ODOO}/[!.]*/venv", f"{StateEntry.VENVS}/[!.]*/venv")
_TEXT_OF_VENV = (
    "pyvenv.cfg",
    "bin/*",
    "lib/python*/site-packages/*.pth",
    "lib/python*/site-packages/*.egg-link",
    "lib/python*/site-packages/__editable__*",
)
_LARGEST_BYTES = 1024 * 1024

Rewrite = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The former paths, and the number of rewritten files."""

    former: tuple[Path, ...]
    files: int


def relocate(home: Path, cache: Path) -> Moved | None:
    """Rewrite the files with former paths of the state folder, its cache or our code; None if nothing has moved.

    Call it only while nothing runs in the state folder. A call after a crash continues the work.
    """
    home, cache = home.absolute(), cache.absolute()
    homes, caches = _former(home, cache)
    code = _former_code(home)
    if homes or caches or code:
        _record(home, {home, *homes}, {cache, *caches})
        rewrite = _rewriting(homes, caches, code, home=home, cache=cache)
        files = sum(_rewritten(path, rewrite) for path in _files(home, cache))
        # The values passed between assets are pickles with paths; the next run creates new ones.
        shutil.rmtree(home / StateEntry.HANDOFF, ignore_errors=True)
    _record(home, {home}, {cache})
    former = homes | caches | {path.parent for path in code}
    return Moved(former=tuple(sorted(former)), files=files) if former else None


def _former(home: Path, cache: Path) -> tuple[set[Path], set[Path]]:
    """Return the former paths of the folder and of its cache that its files contain."""
    homes = set(_homes(home)) - {home}
    return homes, set(_caches(home, cache)) - {cache, home} - homes


def _former_code(home: Path) -> set[Path]:
    """Return the former paths of the program that starts Odoo."""
    ours = launcher()
    tail = f"/{ours.parent.name}/{ours.name}"
    words = (word for stored in _read_all(home, (_SERVICES,)) for word in stored.get("argv", ()))
    return {Path(word) for word in words if isinstance(word, str) and word.endswith(tail)} - {ours}


def _homes(home: Path) -> Iterator[Path]:
    """Yield every path at which the folder was used, according to its files."""
    yield from _recorded(home, "homes")
    for stored in _read_all(home, _JSON_OF_HOME):
        yield from _above(stored.get("source", {}).get("path"), StateEntry.SOURCES, 3)
        yield from _above(stored.get("cwd"), StateEntry.ENVIRONMENTS, 2)


def _caches(home: Path, cache: Path) -> Iterator[Path]:
    yield from _recorded(home, "caches")
    for stored in (*_read_all(home, (_BUILDS,)), *_read_all(cache, _JSON_OF_CACHE)):
        for room in (StateEntry.ODOO, StateEntry.VENVS):
            yield from _above(stored.get("python"), room, 5)


def _above(path: object, room: str, depth: int) -> Iterator[Path]:
    """Yield the parent of the folder `room` if the path is `depth` levels below that parent."""
    parts = Path(path).parts if isinstance(path, str) else ()
    if len(parts) > depth and parts[0] == "/" and parts[-depth] == room:
        yield Path(*parts[:-depth])


def _recorded(home: Path, name: str) -> Iterator[Path]:
    for stored in _read_all(home, (str(StateEntry.PLACES),)):
        yield from map(Path, stored.get(name, ()))


def _record(home: Path, homes: set[Path], caches: set[Path]) -> None:
    stored = {"homes": sorted(map(str, homes)), "caches": sorted(map(str, caches))}
    write_whole(home / StateEntry.PLACES, json.dumps(stored).encode(), mode=0o644)


def _read_all(folder: Path, patterns: Iterable[str]) -> Iterator[dict[str, Any]]:
    for pattern in patterns:
        for path in folder.glob(pattern):
            try:
                stored = json.loads(path.read_bytes())
            except (OSError, ValueError):
                continue  # the code that needs the file reports the error
            if isinstance(stored, dict):
                yield stored


def _rewriting(homes: set[Path], caches: set[Path], code: set[Path], *, home: Path, cache: Path) -> Rewrite:
    """Return a function that replaces the former paths in a text."""
    moves = [(old, home, False) for old in homes] + [(old, cache, True) for old in caches]
    moves += [(old, launcher(), False) for old in code]
    # The longest path first, because one may contain another.
    patterns = [
        (_pattern(old, new), new, is_cache) for old, new, is_cache in sorted(moves, key=lambda move: -len(str(move[0])))
    ]

    def rewrite(text: str) -> str:
        for pattern, new, is_cache in patterns:
            text = pattern.sub(lambda found, new=new, is_cache=is_cache: _replaced(found, new, is_cache), text)  # type: ignore[misc]
        return text

    return rewrite


def _pattern(old: Path, new: Path) -> re.Pattern[str]:
    """Return the pattern of paths below `old`, without paths below `new`, which may itself be below `old`."""
    within = re.escape(str(new)[len(str(old)) :]) if new.is_relative_to(old) else None
    not_yet = rf"(?!{within}(?:/|$|[\"',:\s]))" if within else ""
    return re.compile(rf"(?<![\w./-]){re.escape(str(old))}{not_yet}(?P<rest>/[^\"',:\s]*|(?=$|[\"',:\s]))")


def _replaced(found: re.Match[str], new: Path, is_cache: bool) -> str:
    """Return the new path; keep a cache's path if it still exists or if the new path does not."""
    path = f"{new}{found['rest']}"
    is_there = is_cache and (Path(found[0]).exists() or not Path(path).exists())
    return found[0] if is_there else path


def _files(home: Path, cache: Path) -> Iterator[Path]:
    for folder, patterns in ((home, (*_JSON_OF_HOME, *_TEXT_OF_HOME)), (cache, _JSON_OF_CACHE)):
        for pattern in patterns:
            yield from folder.glob(pattern)
    for venv in (venv for pattern in _VENVS for venv in cache.glob(pattern)):
        for pattern in _TEXT_OF_VENV:
            yield from venv.glob(pattern)


def _rewritten(path: Path, rewrite: Rewrite) -> bool:
    """Rewrite the file if a path in it changes, and return whether it did; skip files that are not text."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
        return False
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return False
    now = _json_rewritten(text, rewrite) if path.suffix == ".json" else rewrite(text)
    if now == text:
        return False
    write_whole(path, now.encode(), mode=path.stat().st_mode & 0o777)
    return True


def _json_rewritten(text: str, rewrite: Rewrite) -> str:
    try:
        stored = json.loads(text)
    except ValueError:
        return text
    now = _mapped(stored, rewrite)
    return text if now == stored else json.dumps(now, indent=1)


def _mapped(value: Any, rewrite: Rewrite) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, list):
        return [_mapped(each, rewrite) for each in value]
    if isinstance(value, dict):
        return {name: _mapped(each, rewrite) for name, each in value.items()}
    return value
