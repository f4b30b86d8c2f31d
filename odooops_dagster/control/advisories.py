"""Upgrade advisories: what changes between two series."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow
from odooops_dagster.model.advisories import Advisory, AdvisorySource

# The columns that the record takes; the pair and the source are those of the import.
_FIELDS = ("kind", "severity", "module", "subject", "replacement", "summary", "guide", "origin")


@dataclass(frozen=True, kw_only=True)
class Imported(FromRow):
    """An import: the number of the source's imports, and whether this one changed anything."""

    source_id: UUID
    number: int
    is_new: bool
    item_count: int


@dataclass(frozen=True, kw_only=True)
class RecordedSource:
    """The newest import of a source."""

    from_version: str
    to_version: str
    name: str
    number: int
    release: str | None
    sha256: str
    items: int
    counts: dict[str, int]
    project_id: UUID | None
    imported_by: str
    imported_at: datetime


class Advisories:
    """Reads and writes ops.upgrade_advisories, with their sources and items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, source: AdvisorySource, *, project_id: UUID | None = None, imported_by: str | None = None
    ) -> Imported:
        """Record a source's advisories in the place of its former ones; a repeat changes nothing.

        Args:
            source: the source and its advisories.
            project_id: the project it is for; None for every project, which only the platform may import for.
            imported_by: for whom the platform acts.

        Raises:
            Forbidden: the caller does not administer the project.
            BadInput: the pair of series is no way up.
        """
        rows = self._database.call(
            "import_upgrade_advisories",
            p_from_version=source.from_version,
            p_to_version=source.to_version,
            p_source=source.name,
            p_sha256=source.sha256,
            p_items=[{name: getattr(item, name) for name in _FIELDS} for item in source.items],
            p_release=source.release,
            p_guides=list(source.guides),
            p_project_id=project_id,
            p_imported_by=imported_by,
        )
        return Imported.from_row(rows[0])

    def sources(self, *, project_id: UUID | None = None) -> builtins.list[RecordedSource]:
        """Return the newest import of each source that is for every project or for this one, by pair and name."""
        pairs = {row["id"]: row for row in self._database.read("upgrade_advisories", order="created_at")}
        newest: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in self._database.read("upgrade_advisory_sources", order="number"):
            newest[row["advisory_id"], row["name"], row["project_id"]] = row
        found = [
            RecordedSource(
                from_version=pairs[row["advisory_id"]]["from_version"],
                to_version=pairs[row["advisory_id"]]["to_version"],
                items=sum(row["counts"].values()),
                **{name: row[name] for name in _SOURCE_FIELDS},
            )
            for row in newest.values()
            if row["project_id"] in (None, project_id)
        ]
        return sorted(found, key=lambda source: (_number(source.from_version), _number(source.to_version), source.name))

    def on_the_way(
        self, source: str, target: str, *, project_id: UUID | None = None
    ) -> tuple[tuple[Advisory, ...], tuple[tuple[str, str], ...]]:
        """Return the changes from one series to a later one, and the steps without a record.

        Args:
            source: the series now.
            target: the series to reach, any number of steps later.
            project_id: also the project's own advisories.
        """
        low, high = _number(source), _number(target)
        pairs = {
            (each.from_version, each.to_version)
            for each in self.sources(project_id=project_id)
            if low <= _number(each.from_version) and _number(each.to_version) <= high
        }
        rows = [row for pair in sorted(pairs) for row in self._items(*pair)]
        items = tuple(Advisory.from_row(row) for row in rows if row["project_id"] in (None, project_id))
        return items, tuple(step for step in steps(source, target) if step not in pairs)

    def of_project(self, slug: str) -> builtins.list[dict[str, Any]]:
        """Return what a project should know before it leaves its series, with the uses that its newest build saw."""
        return self._database.read("v_upgrade_advisories", order="to_version", project_slug=slug)

    def _items(self, from_version: str, to_version: str) -> builtins.list[dict[str, Any]]:
        return self._database.read(
            "v_upgrade_advisory_items", order="id", from_version=from_version, to_version=to_version
        )


_SOURCE_FIELDS = ("name", "number", "release", "sha256", "counts", "project_id", "imported_by", "imported_at")


def steps(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of series on the way: an upgrade passes through each."""
    for major in range(_number(source)[0], _number(target)[0]):
        yield f"{major}.0", f"{major + 1}.0"


def _number(series: str) -> tuple[int, ...]:
    parts = series.split(".")
    return tuple(int(part) if part.isdecimal() else 0 for part in parts)
