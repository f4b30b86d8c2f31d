"""An upgrade report as Markdown, in three layers: the verdict, what to do, and everything."""

from __future__ import annotations

from collections.abc import Iterator

from odooops_dagster.tools.upgrade_report.comparison import Comparison
from odooops_dagster.tools.upgrade_report.form import Report
from odooops_dagster.tools.upgrade_report.tables import Section, seconds_text, sections

# A page of thousands of lines is read by nobody; the JSON has all of them.
_MOST = 100
_SIGNS = {"green": "🟢", "yellow": "🟡", "red": "🔴"}


def markdown(report: Report) -> str:
    """Return the report as one page."""
    return "\n".join(_lines(report)) + "\n"


def markdown_of_comparison(found: Comparison) -> str:
    """Return a comparison as one page."""
    lines = [
        f"# {found.before} → {found.after}",
        "",
        " → ".join(f"{_SIGNS[colour]} {colour}" for colour in found.colours),
        "",
        f"Predicted downtime: {' → '.join(map(seconds_text, found.downtime_seconds))}",
        "",
    ]
    for title, texts in (("Mended", found.mended), ("New", found.new), ("As before", found.stay)):
        lines += [f"## {title}", "", *([f"- {text}" for text in texts] or ["nothing"]), ""]
    return "\n".join(lines)


def _lines(report: Report) -> Iterator[str]:
    yield f"# {_SIGNS[report.colour]} Upgrade of {report.project}: {report.colour}"
    yield ""
    yield (
        f"Commit `{report.target.git_sha[:12]}` of {report.branch} on Odoo {report.target.series}, tried by engine "
        f"{report.engine} on a copy of production of {report.backup_taken_at[:16].replace('T', ' ')} UTC "
        f"(commit `{report.source.git_sha[:12]}`, Odoo {report.source.series}); run {report.run}."
    )
    yield ""
    yield f"Predicted downtime: **{seconds_text(report.downtime_seconds)}**. Preview: {seconds_text(report.seconds)}."
    yield ""
    yield from _table(
        Section(
            title="What to do",
            head=("", "why", "next"),
            rows=[(_SIGNS[reason.colour], reason.reason, reason.action) for reason in report.reasons],
        )
    )
    for section in sections(report):
        yield from _table(section)


def _table(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    yield f"| {' | '.join(section.head)} |"
    yield f"|{'---|' * len(section.head)}"
    for row in section.rows[:_MOST]:
        yield f"| {' | '.join(_cell(value) for value in row)} |"
    if len(section.rows) > _MOST:
        yield ""
        yield f"and {len(section.rows) - _MOST} more, which the JSON has."
    yield ""


def _cell(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
