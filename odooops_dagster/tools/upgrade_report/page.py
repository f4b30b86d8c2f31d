"""An upgrade report as one page for a browser: it needs no network, and is read on a phone as well as at a desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from odooops_dagster.tools.upgrade_report.form import Earlier, Reason, Report
from odooops_dagster.tools.upgrade_report.plots import Bar, bars
from odooops_dagster.tools.upgrade_report.tables import Section, seconds_text, sections

_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2330;--soft:#667085;--line:#d9dee7;--card:#f6f8fb;
--green:#1a7f4b;--yellow:#b7791f;--red:#c02f2f}
@media (prefers-color-scheme:dark){:root{--paper:#12161d;--ink:#e6eaf0;--soft:#98a2b3;--line:#2b3340;--card:#1a202a;
--green:#4cc38a;--yellow:#e3b341;--red:#ff7b72}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1080px;margin:0 auto;padding:16px}h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}
h2{font-size:1.1rem;margin:0}p{margin:.5rem 0}.soft{color:var(--soft)}
.verdict{border-left:8px solid var(--c);background:var(--card);padding:12px 16px;border-radius:8px}
.green{--c:var(--green);fill:var(--green)}.yellow{--c:var(--yellow);fill:var(--yellow)}.red{--c:var(--red);fill:var(--red)}
.badge{display:inline-block;background:var(--c);color:var(--paper);border-radius:999px;padding:0 .7em;font-weight:600}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:8px;margin:16px 0;padding:0}
.facts div{background:var(--card);border-radius:8px;padding:8px 12px}.facts dt{color:var(--soft);font-size:.85rem}
.facts dd{margin:0;font-size:1.2rem;font-weight:600;overflow-wrap:anywhere}
ul.reasons{list-style:none;padding:0}ul.reasons li{border-left:4px solid var(--c);padding:4px 12px;margin:8px 0;
overflow-wrap:anywhere}ul.reasons small{display:block;color:var(--soft)}
details{border-top:1px solid var(--line);padding:8px 0}summary{cursor:pointer;display:flex;gap:8px;align-items:baseline;
min-height:32px}summary::marker{content:""}summary::before{content:"+";color:var(--soft);width:1em}
details[open]>summary::before{content:"-"}summary .soft{margin-left:auto;white-space:nowrap}
table{width:100%;border-collapse:collapse;font-size:.9rem}th{text-align:left;white-space:nowrap;color:var(--soft);font-weight:500}
td{min-width:7ch}
td,th{padding:6px 8px 6px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
td.number{text-align:right;font-variant-numeric:tabular-nums}code{font-size:.9em;overflow-wrap:anywhere}
figure{margin:16px 0}figcaption{color:var(--soft);font-size:.85rem}svg{width:100%;height:auto;max-height:180px}
svg text{fill:var(--soft);font-size:12px;text-anchor:middle}
@media (max-width:640px){table,tbody,tr,td{display:block}thead{display:none}
tr{border-bottom:1px solid var(--line);padding:6px 0}td{border:0;padding:1px 0}td.number{text-align:left}
td[data-head]:not([data-head=""])::before{content:attr(data-head) ": ";color:var(--soft)}}
@media print{details>*{display:block}}
"""
_OPEN = 3
_MOST = 500


def page(report: Report) -> str:
    """Return the whole page."""
    title = f"Upgrade of {report.project}: {report.colour}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"{''.join(_body(report))}</main></body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    yield f'<header class="verdict {report.colour}"><span class="badge">{report.colour}</span>'
    yield f"<h1>{escape(report.reasons[0].reason)}</h1>"
    yield (
        f'<p class="soft">{escape(report.project)}, {escape(report.branch)} <code>{report.target.git_sha[:12]}</code>, '
        f"Odoo {escape(report.source.series)} → {escape(report.target.series)}, engine {escape(report.engine)}, "
        f"run {escape(report.run)}, on production's data of {escape(report.backup_taken_at[:16].replace('T', ' '))} UTC"
        "</p></header>"
    )
    yield _facts(report)
    yield f"<h2>What to do</h2><ul class='reasons'>{''.join(_reason(reason) for reason in report.reasons)}</ul>"
    yield from _trend(report)
    for place, section in enumerate(sections(report)):
        yield _section(section, is_open=place < _OPEN)


def _facts(report: Report) -> str:
    lost = len(report.data.lost)
    facts = (
        ("predicted downtime", seconds_text(report.downtime_seconds)),
        ("modules updated", str(len(report.modules.updated))),
        ("new errors", str(len(report.log.errors))),
        ("new warnings", str(len(report.log.warnings))),
        ("views tried / broken", f"{report.views.tried} / {len(report.views.broken)}"),
        ("tables that lose rows", f"{lost} of {report.data.tables}"),
    )
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{shown}</dl>'


def _reason(reason: Reason) -> str:
    return f'<li class="{reason.colour}">{escape(reason.reason)}<small>{escape(reason.action)}</small></li>'


def _trend(report: Report) -> Iterator[str]:
    """Yield the plots of this preview and the earlier ones of its target; nothing for the first."""
    if not report.earlier:
        return
    now = Earlier(
        run=report.run,
        created_at="",
        git_sha=report.target.git_sha,
        colour=report.colour,
        seconds=report.seconds,
        downtime_seconds=report.downtime_seconds,
        new_errors=len(report.log.errors),
        new_warnings=len(report.log.warnings),
    )
    every = (*report.earlier, now)
    yield bars("Predicted downtime", "s", [_bar(one, one.downtime_seconds) for one in every if one.downtime_seconds])
    yield bars("New errors and warnings", "kinds", [_bar(one, one.new_errors + one.new_warnings) for one in every])


def _bar(one: Earlier, value: float | None) -> Bar:
    return Bar(name=one.run, value=round(value or 0, 1), colour=one.colour)


def _section(section: Section, *, is_open: bool) -> str:
    rows = "".join(_row(section.head, row) for row in section.rows[:_MOST])
    more = len(section.rows) - _MOST
    rest = f'<p class="soft">and {more} more, which the JSON has</p>' if more > 0 else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in section.head)
    return (
        f"<details{' open' if is_open else ''}><summary><h2>{escape(section.title)}</h2>"
        f'<span class="soft">{len(section.rows)}</span></summary>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}</details>"
    )


def _row(head: Sequence[str], row: Sequence[object]) -> str:
    return f"<tr>{''.join(_cell(name, value) for name, value in zip(head, row, strict=True))}</tr>"


def _cell(name: str, value: object) -> str:
    is_number = isinstance(value, (int, float))
    value = "" if value is None else value
    return f'<td data-head="{escape(name)}"{" class=number" if is_number else ""}>{escape(str(value))}</td>'
