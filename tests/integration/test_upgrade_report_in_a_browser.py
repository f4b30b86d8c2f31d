"""The page of an upgrade report in a real browser: on a phone and at a desk, by day and by night."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from odooops_dagster.tools.upgrade_report.form import (
    Change,
    Changes,
    Data,
    Earlier,
    Log,
    Message,
    Module,
    Modules,
    Page,
    Renamed,
    Report,
    RowCount,
    View,
    Views,
)
from odooops_dagster.tools.upgrade_report.page import page
from tests.acceptance.browser import Browser
from tests.upgrade_reports import made

PHONE, DESK = (390, 844), (1440, 900)
LONG = "ops_" + "a_very_long_name_without_a_space_" * 6


def _report() -> Report:
    """Return a report with long words in many places."""
    lost = RowCount(table="sale_order", before=40, after=33, is_technical=False)
    message = Message(level="WARNING", message=f"odoo.fields: {LONG}", line=25, text=LONG, count=3)
    earlier = [
        Earlier(
            run=f"shop#{number}",
            created_at="2026-02-13T01:00:00",
            git_sha="c" * 40,
            colour="red" if number < 4 else "yellow",
            seconds=40 + number,
            downtime_seconds=30 + number,
            new_errors=5 - number,
            new_warnings=1,
        )
        for number in range(1, 6)
    ]
    return made(
        log=Log(warnings=(message,)),
        data=Data(tables=140, rows=16_000, changed=(lost,), lost=(lost,), database_bytes=(2**24, 2**25)),
        views=Views(tried=413, broken=(View(name="shop.order_form", model="sale.order", error=f"Field {LONG}"),)),
        modules=Modules(
            updated=(Module(name="shop", before="19.0.1.0.0", after="19.0.2.0.0", seconds=0.9, queries=85),)
        ),
        pages=(Page(path="/web", user="admin", answers=True),),
        renamed_fields=(Renamed(before="sale.order.code", after="sale.order.number", why="the same type"),),
        changes={"views": Changes(changed=(Change(name=LONG, before={"arch": "a"}, after={"arch": "b"}),))},
        earlier=tuple(earlier),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_report_is_read_on_a_phone_and_at_a_desk(
    browser: Browser, tmp_path: Path, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    """Nothing is wider than the window, the verdict is seen first, and its words stand out from the paper."""
    file = tmp_path / "report.html"
    file.write_text(page(_report()))
    seen = browser.see(file.as_uri(), until="h1", size=size, scheme=scheme)
    assert seen.run("() => document.documentElement.scrollWidth") == size[0]
    wider = seen.run(
        "() => [...document.querySelectorAll('td, li, h1, dd, code')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert wider == 0
    assert seen.run("() => document.querySelector('.verdict').getBoundingClientRect().top < 40")
    assert seen.run("() => parseFloat(getComputedStyle(document.querySelector('.reasons li')).fontSize)") >= 16
    assert seen.run("() => document.querySelectorAll('svg rect').length") == 12
    paper = seen.run("() => getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(18, 22, 29)" if scheme == "dark" else "rgb(255, 255, 255)")
    assert seen.screenshot(tmp_path / f"report-{size[0]}-{scheme}.png", whole=True) > 10_000
