"""Where in the repository a record of Odoo's log is about. The table of real cases is in tests/acceptance."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.tools.odoo.failure import Repository, failure_of
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.odoo.named_places import names_in, place_of
from odooops_dagster.tools.odoo.tracebacks import chain, origin

STAMP = "2026-03-22 03:38:34,924 26566"
LOADING = f"{STAMP} INFO db odoo.modules.loading: Loading module shop (15/15) "
GAVE_UP = f"{STAMP} CRITICAL db odoo.service.server: Failed to initialize database `db`. "


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository with one module."""
    addon = tmp_path / "addons" / "shop"
    addon.mkdir(parents=True)
    (addon / "__manifest__.py").write_text("{}")
    (addon / "shop.py").write_text('import odoo\n\n_inherit = "shop.shop"\n')
    (addon / "view.xml").write_text('<odoo>\n<field name="a"/>\n<field name="b" ref="shop.shop"/>\n</odoo>\n')
    return Repository(root=tmp_path, addons_paths=(addon.parent,))


def lines(repository: Repository, *frames: str, error: str) -> list[str]:
    """Return the log of an Odoo that gave up with this traceback."""
    told = [frame.format(root=repository.root) for frame in frames]
    return [LOADING, GAVE_UP, "Traceback (most recent call last):", *told, error.format(root=repository.root)]


def test_the_last_frame_in_the_repository_is_the_place(repository: Repository) -> None:
    """What Odoo does below it is Odoo's; each frame in the repository is kept."""
    log = OdooLog.parse(
        lines(
            repository,
            '  File "/odoo/loading.py", line 5, in load',
            "    load()",
            '  File "{root}/addons/shop/__init__.py", line 1, in <module>',
            "    from . import shop",
            '  File "{root}/addons/shop/shop.py", line 3, in total',
            "    cr.execute()",
            '  File "/odoo/sql_db.py", line 9, in execute',
            "    raise",
            error="psycopg2.errors.UndefinedColumn: no column in {root}/addons/shop/shop.py",
        )
    )
    failure = failure_of(log.errors[0], log, repository)
    assert failure.sentence == "addons/shop/shop.py:3: UndefinedColumn: no column in addons/shop/shop.py"
    assert [str(frame) for frame in failure.frames] == [
        "addons/shop/__init__.py:1 in <module>: from . import shop",
        "addons/shop/shop.py:3 in total: cr.execute()",
    ]
    assert failure.to_row()["frames"][1]["line"] == 3


def test_a_name_that_two_lines_have_places_nothing(repository: Repository) -> None:
    """A wrong line is worse than none."""
    addon = repository.root / "addons" / "shop"
    assert place_of(addon, names_in("Model 'shop.shop' does not exist", "shop")) is None
    (addon / "view.xml").unlink()
    assert place_of(addon, names_in("Model 'shop.shop' does not exist", "shop")) == (addon / "shop.py", 3)


def test_a_log_that_names_a_file_elsewhere_opens_none(repository: Repository, tmp_path: Path) -> None:
    """A module may print what it likes; nothing outside of the tree is read or named as its own."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside.xml"
    outside.write_text('<field name="secret"/>\n')
    error = f"odoo.tools.convert.ParseError: while parsing {{root}}/../{outside.name}:1\nField 'secret' is no field"
    log = OdooLog.parse(lines(repository, '  File "/odoo/x.py", line 1, in x', error=error))
    failure = failure_of(log.errors[0], log, repository)
    assert failure.line == 1
    assert repository.path_of(failure.file) is None


def test_the_cause_of_an_exception_is_its_origin() -> None:
    """Odoo raises its own error from the one that matters; what came up during its handling does not matter."""
    head = "Traceback (most recent call last):"
    cause = "The above exception was the direct cause of the following exception:"
    during = "During handling of the above exception, another exception occurred:"
    frame = '  File "x.py", line 1, in x'
    chained = [head, frame, "KeyError: 'a'", "", during, "", head, frame, "ValueError: b", "", cause, "", head, frame]
    found = chain([*chained, "odoo.tools.convert.ParseError: while parsing x.xml:2, somewhere inside", "<record/>"])
    assert [raised.message for raised in found] == [
        "KeyError: 'a'",
        "ValueError: b",
        "ParseError: while parsing x.xml:2, somewhere inside",
    ]
    assert origin(found).message == "ValueError: b"
