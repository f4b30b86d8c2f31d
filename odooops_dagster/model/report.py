"""A report: sections of rows, each stated by a relation of schema ops, as JSON and as a page that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

_STYLE = """body{font:14px/1.45 system-ui,sans-serif;margin:2em;color:#111}h1{font-size:1.5em}
h2{font-size:1.1em;margin:1.6em 0 .3em}small{color:#555;font-weight:normal}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25em .6em .25em 0;border-bottom:1px solid #ccc;overflow-wrap:anywhere}
th{white-space:nowrap}p{margin:.3em 0}@media print{body{margin:0}tr{break-inside:avoid}}"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """The rows of one relation of schema ops, in the named columns."""

    title: str
    source: str
    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]

    def facts(self) -> list[dict[str, Any]]:
        """Return the rows with the named columns alone."""
        return [{column: row.get(column) for column in self.columns} for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that is stated about a release, or about a month."""

    title: str
    made_at: datetime
    sections: Sequence[Section]

    def facts(self) -> dict[str, Any]:
        """Return the report for programs."""
        sections = [{"title": s.title, "source": s.source, "rows": s.facts()} for s in self.sections]
        return {"title": self.title, "made_at": self.made_at, "sections": sections}

    def page(self) -> str:
        """Return the report as an HTML page."""
        body = "".join(_section(section) for section in self.sections)
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self.title)}</title>'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            f"<style>{_STYLE}</style></head>\n<body><h1>{escape(self.title)}</h1>"
            f"<p>Stated by the record at {_cell(self.made_at)}.</p>\n{body}</body></html>\n"
        )


def _section(section: Section) -> str:
    head = "".join(f"<th>{escape(column.replace('_', ' '))}</th>" for column in section.columns)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_rows(section))}</tbody></table>"
    title = f"<h2>{escape(section.title)} <small>{escape(section.source)}</small></h2>"
    return f"{title}\n{table if section.rows else '<p>None.</p>'}\n"


def _rows(section: Section) -> Iterator[str]:
    for fact in section.facts():
        cells = "".join(f"<td>{escape(_cell(value))}</td>" for value in fact.values())
        yield f"<tr>{cells}</tr>"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S %Z}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_cell(each)}" for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(each) for each in value)
    return str(value)
