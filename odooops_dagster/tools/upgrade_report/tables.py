"""The parts of an upgrade report as tables, in the order in which people read them; both pages show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from odooops_dagster.tools.upgrade_report.form import Changes, Data, Report, RowCount
from odooops_dagster.wording import size_text

_MINUTES_FROM = 120


@dataclass(frozen=True, kw_only=True)
class Section:
    """A titled table."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


def sections(report: Report) -> list[Section]:
    """Return the tables that have a row."""
    return [section for section in _sections(report) if section.rows]


def seconds_text(seconds: float | None) -> str:
    """Return a readable duration."""
    if seconds is None:
        return "unknown"
    return f"{seconds:.1f} s" if seconds < _MINUTES_FROM else f"{seconds / 60:.0f} min"


def _sections(report: Report) -> Iterator[Section]:
    yield Section(
        title="Errors and warnings that production does not log today",
        head=("level", "line", "message", "times"),
        rows=[(m.level, m.line, m.message, m.count) for m in (*report.log.errors, *report.log.warnings)],
    )
    yield Section(
        title="Broken views",
        head=("view", "model", "error"),
        rows=[(view.name, view.model, view.error) for view in report.views.broken],
    )
    yield from _data(report)
    yield from _modules(report)
    yield Section(
        title="Pages, opened as a user",
        head=("page", "user", "answer"),
        rows=[(page.path, page.user or "nobody", page.told or "opens") for page in report.pages],
    )
    yield Section(
        title="Fields that have another name, as it seems",
        head=("before", "after", "why"),
        rows=[(each.before, each.after, each.why) for each in report.renamed_fields],
    )
    for kind, found in report.changes.items():
        yield Section(title=f"Changes of {kind}", head=("change", "name", "what"), rows=_changes(found))
    yield from _code(report)
    yield Section(
        title="What the preview did",
        head=("stage", "seconds", "downtime"),
        rows=[(s.name + (" (kept)" if s.is_kept else ""), s.seconds, _yes(s.is_downtime)) for s in report.stages],
    )


def _modules(report: Report) -> Iterator[Section]:
    modules = report.modules
    yield Section(
        title="Updated modules",
        head=("module", "before", "after", "seconds", "queries"),
        rows=[(m.name, m.before or "-", m.after or "-", m.seconds, m.queries) for m in modules.updated],
    )
    yield Section(
        title="Modules that come, go or stay behind",
        head=("module", "what"),
        rows=[
            *((name, "added") for name in modules.added),
            *((name, "removed") for name in modules.removed),
            *((each.before, f"renamed to {each.after}") for each in modules.renamed),
            *((each.before, f"merged into {each.after}") for each in modules.merged),
            *((name, "installed, and the target has no code of it") for name in modules.left_behind),
            *((name, "of another series than the target") for name in modules.without_target_version),
        ],
    )


def _data(report: Report) -> Iterator[Section]:
    data = report.data
    yield Section(
        title="Tables with another number of rows",
        head=("table", "before", "after", "what"),
        rows=[(count.table, _count(count.before), _count(count.after), _fate(count, data)) for count in data.changed],
    )
    yield Section(
        title="Columns with fewer values",
        head=("column", "before", "after", "moved to"),
        rows=[(f"{v.table}.{v.column}", v.before, v.after, v.moved_to or "-") for v in data.values],
    )
    yield Section(
        title="Invariants",
        head=("invariant", "holds", "why"),
        rows=[(one.name, "yes" if one.holds else "no", one.error) for one in report.invariants],
    )
    yield Section(
        title="Sizes",
        head=("what", "before", "after"),
        rows=[
            (name, *map(size_text, sizes))
            for name, sizes in (("database", data.database_bytes), ("files", data.filestore_bytes))
            if any(sizes)
        ],
    )


def _code(report: Report) -> Iterator[Section]:
    yield Section(
        title="Deprecated in the project's own code",
        head=("where", "what", "instead"),
        rows=[(f"{use.file}:{use.line}", use.found, use.instead) for use in report.code],
    )
    yield Section(
        title="Advisories",
        head=("target", "severity", "where", "what"),
        rows=[(each.target, each.severity, each.where, each.text) for each in report.advisories],
    )


def _changes(found: Changes) -> list[tuple[object, ...]]:
    return [
        *(("added", name, "") for name in found.added),
        *(("removed", name, "") for name in found.removed),
        *(
            (
                "changed",
                change.name,
                "; ".join(f"{fact}: {change.before[fact]} → {value}" for fact, value in change.after.items()),
            )
            for change in found.changed
        ),
    ]


def _fate(count: RowCount, data: Data) -> str:
    if count in data.lost:
        return "rows are lost"
    if count.moved_to:
        return f"as many as in {count.moved_to}"
    return "Odoo's own" if count.is_technical else ""


def _count(count: int | None) -> object:
    return "-" if count is None else count


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
