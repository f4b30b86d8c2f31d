"""The programs of a folder, and what renaming would make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.errors import NotFound
from odooops_dagster.tools.agent_tables.references import Doubt, read
from odooops_dagster.tools.agent_tables.rewriting import rewritten
from odooops_dagster.tools.agent_tables.syntax import SUFFIXES

_FOREIGN = {"node_modules", ".git"}
# The platform's own functions: what they call by the old names is the platform's.
_PASSED_OVER = _FOREIGN | {"ops-event-ingest", "ops-runner"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A program before and after the renaming; both are equal where nothing is renamed."""

    path: Path
    before: bytes
    after: bytes
    count: int
    doubts: tuple[Doubt, ...]


def changes(folder: Path, *, names: Mapping[str, str]) -> list[Change]:
    """Return each program below the folder that names something renamed, or may. `names`: new names by the old ones.

    Raises:
        NotFound: there is no such folder.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", hint="name the one that holds your edge functions")
    return [change for path in _programs(folder) if (change := _change(path, names)) is not None]


def _programs(folder: Path) -> Iterator[Path]:
    """Yield programs; what a link leads to is somebody else's."""
    for path in sorted(folder.rglob("*")):
        if (
            path.suffix in SUFFIXES
            and path.is_file()
            and not path.is_symlink()
            and not _PASSED_OVER & set(path.relative_to(folder).parts)
        ):
            yield path


def _change(path: Path, names: Mapping[str, str]) -> Change | None:
    before = path.read_bytes()
    edits, doubts = read(before, suffix=path.suffix, names=names)
    if not edits and not doubts:
        return None
    return Change(path=path, before=before, after=rewritten(before, edits), count=len(edits), doubts=tuple(doubts))
