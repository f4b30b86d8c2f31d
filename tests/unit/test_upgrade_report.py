"""The report of an upgrade preview: what differs, what is new, what it is judged, and what people read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.model import CheckResult
from odooops_dagster.tools.odoo.views import read_tried
from odooops_dagster.tools.postgres.odoo_snapshot import KINDS, OdooSnapshot
from odooops_dagster.tools.project_file import QuietRecord
from odooops_dagster.tools.upgrade_report import differences
from odooops_dagster.tools.upgrade_report.code_uses import find_uses
from odooops_dagster.tools.upgrade_report.comparison import compare
from odooops_dagster.tools.upgrade_report.form import (
    Data,
    Earlier,
    Log,
    Message,
    Page,
    Report,
    RowCount,
    View,
    Views,
    report_schema,
)
from odooops_dagster.tools.upgrade_report.markdown import markdown
from odooops_dagster.tools.upgrade_report.messages import read_messages
from odooops_dagster.tools.upgrade_report.page import page
from odooops_dagster.tools.upgrade_report.verdict import reasons
from tests.upgrade_reports import made

FIELD = {"type": "char", "relation": "", "stored": True, "module": "shop"}
BEFORE = OdooSnapshot(
    things={kind: {} for kind in KINDS}
    | {
        "modules": {"shop": {"id": 7, "state": "installed", "version": "19.0.1.0.0"}},
        "models": {"shop.item": {"transient": False}, "shop.wizard": {"transient": True}},
        "fields": {"shop.item.code": FIELD, "shop.item.note": FIELD},
        "views": {"shop.form": {"id": 1, "arch": "a", "active": True}},
    },
    rows={"shop_item": 10, "shop_wizard": 4, "ir_cron_trigger": 3, "shop_old": 5, "ir_attachment": 6},
    values={"shop_item": {"id": 10, "code": 9, "note": 2}},
    database_bytes=100,
)
AFTER = replace(
    BEFORE,
    things=dict(BEFORE.things)
    | {
        "modules": {"store": {"id": 7, "state": "installed", "version": "19.0.2.0.0"}},
        "fields": {"shop.item.number": FIELD, "shop.item.note": FIELD},
        "views": {"shop.form": {"id": 1, "arch": "b", "active": True}},
    },
    rows={"shop_item": 10, "shop_wizard": 0, "ir_cron_trigger": 0, "shop_new": 5, "ir_attachment": 4},
    values={"shop_item": {"id": 10, "number": 9, "note": 1}},
)
LOG = """\
2026-02-13 10:00:00,000 1 INFO db odoo.modules.loading: Module shop loaded in 1.25s, 40 queries (+2 other)
2026-02-13 10:00:00,000 1 WARNING db odoo.fields: field 12 is odd
2026-02-13 10:00:01,000 1 WARNING db odoo.fields: field 13 is odd
2026-02-13 10:00:01,000 1 ERROR db odoo.addons.shop: it cannot be done
Traceback (most recent call last):
  File "/x.py", line 1, in f
ValueError: no
2026-02-13 10:00:02,000 1 INFO db odoo.modules.loading: Modules loaded.
"""


def test_renamed_fields_are_recognised() -> None:
    """By their type and their values."""
    assert [(each.before, each.after) for each in differences.renamed_fields(BEFORE, AFTER)] == [
        ("shop.item.code", "shop.item.number")
    ]


def test_only_peoples_rows_are_lost() -> None:
    """Neither a wizard's nor Odoo's own, nor a table that moved; what people attached is theirs."""
    counted = differences.row_counts(BEFORE, AFTER)
    assert [lost.table for lost in differences.lost_rows(counted)] == ["ir_attachment"]
    moved = next(count for count in counted if count.table == "shop_old")
    assert (moved.moved_to, moved.lost) == ("shop_new", 5)
    allowed = differences.row_counts(BEFORE, AFTER, may_shrink=["ir_attachment"])
    assert differences.lost_rows(allowed) == ()


def test_values_of_a_column_are_missed_or_found_in_another() -> None:
    """The renamed field's values moved, one note is gone."""
    found = {
        values.column: (values.before, values.after, values.moved_to)
        for values in differences.lost_values(BEFORE, AFTER)
    }
    assert found == {"code": (9, 0, "number"), "note": (2, 1, None)}


def test_changes_name_what_changed() -> None:
    """By kind and name, with the facts before and after."""
    found = differences.changes(BEFORE, AFTER)
    assert (found["fields"].added, found["fields"].removed) == (("shop.item.number",), ("shop.item.code",))
    [view] = found["views"].changed
    assert (view.name, view.before, view.after) == ("shop.form", {"arch": "a"}, {"arch": "b"})


def test_messages_are_told_once_with_their_line() -> None:
    """Numbers do not make a kind; what the version in use logs too is not new, and what is accepted is not told."""
    told = read_messages(LOG.splitlines())
    assert told.modules == {"shop": (1.25, 40)}
    new = told.against(())
    assert [(message.line, message.count) for message in new.warnings] == [(2, 2)]
    assert [(message.line, message.message) for message in new.errors] == [
        (4, "odoo.addons.shop: it cannot be done: ValueError: no")
    ]
    known = told.against(tuple(told.messages))
    assert (known.errors, known.warnings, known.known_errors, known.known_warnings) == ((), (), 1, 1)
    quiet = QuietRecord(pattern="odoo.addons.shop: it cannot be done*", reason="known")
    assert read_messages(LOG.splitlines(), quiet=[quiet]).against(()).errors == ()


@pytest.mark.parametrize(
    ("parts", "colour", "words"),
    [
        ({}, "green", "nothing stands against it"),
        (
            {"data": Data(lost=(RowCount(table="t", before=9, after=2, is_technical=False),))},
            "red",
            "loses 7 of 9 rows",
        ),
        ({"views": Views(broken=(View(name="v", model="m", error="e"),))}, "red", "view v is broken: e"),
        ({"views": Views(known_broken=(View(name="v", model="m", error="e"),))}, "green", "nothing"),
        ({"views": Views(disabled=("v",))}, "yellow", "not active any more: v"),
        (
            {"pages": (Page(path="/web", user="admin", answers=False, told="500"),)},
            "red",
            "/web does not open for admin",
        ),
        ({"pages": (Page(path="/web", user="", answers=False, is_known=True),)}, "green", "nothing"),
        (
            {"log": Log(warnings=(Message(level="WARNING", message="odd", line=3, text="odd", count=1),))},
            "yellow",
            "warnings that it does not log today: odd",
        ),
    ],
)
def test_the_verdict_follows_from_what_was_found(parts: dict[str, Any], colour: str, words: str) -> None:
    """Each reason has what to do next."""
    report = made(**parts)
    assert report.colour == colour
    assert words in report.reasons[0].reason
    assert all(reason.action for reason in report.reasons)


def test_a_failed_update_is_red_and_says_why() -> None:
    """The log's own check is told by its lines instead."""
    failed = CheckResult(name="modules_installed", passed=False, summary="shop is 'to upgrade'")
    dirty = CheckResult(name="log_clean", passed=False, summary="one error")
    found = reasons(made(), [failed, dirty])
    assert [reason.reason for reason in found] == ["modules_installed: shop is 'to upgrade'"]


def test_two_previews_are_compared() -> None:
    """By what was found, whatever the numbers."""
    lost = RowCount(table="t", before=9, after=2, is_technical=False)
    broken = View(name="v", model="m", error="e")
    before = made(data=Data(lost=(lost,)), views=Views(broken=(broken,)))
    after = made(data=Data(lost=(lost.model_copy(update={"after": 8}),)), views=Views(disabled=("w",)))
    found = compare(before, after)
    assert found.mended == ("view v is broken",)
    assert found.new == ("view w is not active any more",)
    assert found.stay == ("table t loses rows",)


def test_pages_show_what_was_found_and_nothing_of_it_as_markup() -> None:
    """A log line may hold anything."""
    evil = "<script>alert(1)</script> a | b"
    message = Message(level="ERROR", message=evil, line=3, text=evil, count=1)
    earlier = Earlier(
        run="shop#5",
        created_at="",
        git_sha="c" * 40,
        colour="red",
        seconds=3,
        downtime_seconds=4,
        new_errors=2,
        new_warnings=0,
    )
    report = made(log=Log(errors=(message,)), earlier=(earlier,))
    shown = page(report)
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert shown.count("<svg") == 2
    assert "http" not in shown
    told = markdown(report)
    assert "&lt;script>alert(1)&lt;/script> a \\| b" in told


def test_a_report_is_what_its_schema_says() -> None:
    """What is written can be read again, and the published schema is of the form."""
    report = made(views=Views(tried=3))
    assert Report.model_validate(json.loads(report.model_dump_json())) == report
    schema = json.loads(report_schema())
    assert set(report.model_dump()) == set(schema["properties"])


def test_deprecated_calls_are_named_with_file_and_line(tmp_path: Path) -> None:
    """Comments are none, nor is what a browser runs; a series without a table finds nothing."""
    addon = tmp_path / "shop"
    (addon / "models").mkdir(parents=True)
    (addon / "models" / "item.py").write_text("# self._cr\nself._cr.execute(1)\n_sql_constraints = []\n")
    (addon / "models" / "web.py").write_text("routing_type = 'json'\n@route('/a', type='json')\n    type='json',\n")
    (addon / "view.xml").write_text("<tree>\n  <field name='a' attrs=\"{}\"/>\n</tree>\n")
    (addon / "static").mkdir()
    (addon / "static" / "component.xml").write_text("<t>\n<Select attrs='all'/>\n</t>\n")
    found = [(use.file, use.line, use.found) for use in find_uses([addon], root=tmp_path, series="19.0")]
    assert found == [
        ("shop/models/item.py", 2, "self._cr, self._uid, self._context"),
        ("shop/models/item.py", 3, "_sql_constraints"),
        ("shop/models/web.py", 2, "type='json' of a route"),
        ("shop/models/web.py", 3, "type='json' of a route"),
        ("shop/view.xml", 1, "<tree>"),
        ("shop/view.xml", 2, "attrs and states of a view"),
    ]
    assert find_uses([addon], root=tmp_path, series="16.0") == ()


def test_views_that_were_not_tried_to_the_end_are_no_answer() -> None:
    """Only the last line says that all were tried."""
    line = 'odooops-views: {"name": "v", "model": "m", "error": "e"}'
    assert read_tried(["noise", line]).tried is None
    whole = read_tried([line, line, 'odooops-views: {"tried": 40}'])
    assert (whole.tried, [view.name for view in whole.refused]) == (40, ["v"])
