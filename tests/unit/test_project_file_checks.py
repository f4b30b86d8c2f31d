"""What odooops.yaml may say about tests, about Odoo's log and about Debian packages."""

from __future__ import annotations

from datetime import date

import pytest

from odooops_dagster.doors.cli.project import checked_setting
from odooops_dagster.errors import BadInput
from odooops_dagster.tools.project_file import ProjectFile, on_top_of, read_text
from odooops_dagster.tools.project_file.explain import effective
from odooops_dagster.tools.project_file.page import page

FULL = """\
tests:
  tags: [nightly, "-/mail:TestMany", "+slow/shop:TestShop.test_all"]
  quarantine:
    - {test: "/shop:TestShop.test_prices", owner: jane, until: 2026-05-31}
log_allow:
  - {pattern: "odoo.addons.printer: no printer at *", reason: there is none here}
apt: [antiword, libxml2-utils]
"""
TODAY = date(2026, 5, 31)


def told(text: str) -> list[str]:
    """Return what is wrong with a file, a line for each fault."""
    reading = read_text(text.encode())
    return [str(fault) for fault in (*reading.unknown, *reading.faults)]


def settings(text: str) -> ProjectFile:
    """Return the settings of a right file."""
    assert told(text) == []
    return read_text(text.encode()).settings


def test_a_quiet_record_without_a_reason_is_refused() -> None:
    """Nobody knows later why an error was accepted."""
    assert told("log_allow:\n  - pattern: no printer at all\n") == [
        "odooops.yaml line 2: log_allow.0: reason is missing"
    ]
    [empty] = told("log_allow:\n  - {pattern: no printer at all, reason: ''}\n")
    assert empty.startswith("odooops.yaml line 2: log_allow.0.reason: ")


@pytest.mark.parametrize("pattern", ["*", "**********", "* a * b *", "ERROR", "", "a\nb is two lines"])
def test_a_pattern_that_fits_everything_is_refused(pattern: str) -> None:
    """It would switch the check off."""
    assert len(told(f"log_allow: [{{reason: known, pattern: {pattern!r}}}]".replace("'", '"'))) == 1


@pytest.mark.parametrize("missing", ["test", "owner", "until"])
def test_a_quarantined_test_names_its_owner_and_its_end(missing: str) -> None:
    """A quarantine without an end is a deleted test."""
    entry = {"test": "'/shop:TestShop.test_prices'", "owner": "jane", "until": "2026-05-31"}
    del entry[missing]
    line = ", ".join(f"{key}: {value}" for key, value in entry.items())
    assert told(f"tests: {{quarantine: [{{{line}}}]}}") == [
        f"odooops.yaml line 1: tests.quarantine.0: {missing} is missing"
    ]


@pytest.mark.parametrize("name", ["/shop", "shop", "*", "/*:TestShop", "/shop:*", "/shop:TestShop.", "TestShop.test_a"])
def test_a_quarantine_is_never_wider_than_a_class(name: str) -> None:
    """One entry must not hold all tests of a module."""
    assert len(told(f"tests: {{quarantine: [{{test: {name!r}, owner: jane, until: 2026-05-31}}]}}")) == 1


def test_unknown_keys_in_lists_are_told_too() -> None:
    """With the key that is meant."""
    assert told("log_allow:\n  - pattern: no printer at all\n    reason: known\n    reasons: known\n") == [
        "odooops.yaml line 4: log_allow.0.reasons: this key is not known; did you mean reason?"
    ]


@pytest.mark.parametrize("tag", ["", "-", "a,b", "a b", "/", "a/b/c", "--save", "/shop/tests/test_a.py", "a[b]", "é"])
def test_what_is_no_tag_of_odoo_is_refused(tag: str) -> None:
    """Odoo would log an error and run other tests; a comma would hide a second tag."""
    assert len(told(f"tests: {{tags: [{tag!r}]}}")) == 1


@pytest.mark.parametrize(
    ("tag", "leaves_out"),
    [("nightly", False), ("+slow", False), ("*", False), ("/mail", False), ("-/mail:TestMany", False),
     ("-slow/mail", False), ("-slow", True), ("-post_install", True), ("-/shop", True), ("-/shop:TestShop", True),
     ("-:TestShop", True), ("-.test_prices", True), ("-*", True), ("-shop", True), ("-slow/shop.test_a", True)],
)  # fmt: skip
def test_what_leaves_out_collected_the_own_modules_is_known(tag: str, leaves_out: bool) -> None:
    """A tag that is limited to another module leaves out none of them."""
    tests = settings(f"tests: {{tags: [{tag!r}]}}").tests
    assert tests.leaving_out(["shop"]) == ((tag,) if leaves_out else ())


def test_an_entry_holds_on_its_last_day_and_no_longer() -> None:
    """What the result depends on changes with it."""
    made = settings(FULL)
    assert [entry.owner for entry in made.tests.in_force(TODAY)] == ["jane"]
    assert made.tests.ended(TODAY) == ()
    tomorrow = date(2026, 6, 1)
    assert made.tests.in_force(tomorrow) == ()
    assert [entry.owner for entry in made.tests.ended(tomorrow)] == ["jane"]
    assert made.judged(TODAY) != made.judged(tomorrow)


def test_each_setting_about_checks_changes_what_a_result_depends_on() -> None:
    """Without any, nothing is added: the keys of earlier templates stay."""
    assert ProjectFile().judged(TODAY) == {}
    full = settings(FULL).judged(TODAY)
    assert set(full) == {"log_allow", "tags", "quarantine"}
    assert set(settings(FULL).judged(TODAY, with_tests=False)) == {"log_allow"}


def test_the_settings_survive_their_way_through_json() -> None:
    """A build's manifest keeps them."""
    made = settings(FULL)
    assert ProjectFile.model_validate(made.model_dump(mode="json", exclude_defaults=True)) == made


def test_people_are_told_of_each_setting() -> None:
    """In the explanation and on the reference page."""
    rows = effective(settings(FULL), "staging")
    assert rows["may fail: /shop:TestShop.test_prices"] == "until 2026-05-31, owner jane"
    assert rows["accepted in the log: odoo.addons.printer: no printer at *"] == "there is none here"
    assert rows["Debian packages"] == "antiword, libxml2-utils"
    for key in ("tests.tags", "tests.quarantine[].until", "log_allow[].reason", "apt"):
        assert f"| `{key}` |" in page()


@pytest.mark.parametrize(
    "text",
    ["clone: {coverage_fatal: false}", "backup: {nightly: false}", "gates: {untested_modules: allow}",
     "clone: {columns: {res_partner.email: keep}}", "retention: {minimum: 0}", "backup: {max_age_hours: 0}",
     "clone: {columns: {email: truncate}}", "retention: {daily: -1}"],
)  # fmt: skip
def test_nothing_under_protect_can_switch_a_protection_off(text: str) -> None:
    """Such a value is a fault, not a silent nothing."""
    assert len(told(f"protect:\n  {text}\n")) == 1


def test_what_protects_shapes_no_build() -> None:
    """It is neither in the build's settings nor in their digest, and the project's settings bring none."""
    made = settings("protect: {retention: {daily: 30}}")
    assert made.protect.rules() == {"retention": {"daily": 30}}
    assert (made.shaping(), made.digest) == ({}, ProjectFile().digest)
    assert on_top_of(made, ProjectFile()) == ProjectFile()
    assert on_top_of(ProjectFile(), made).protect == made.protect
    with pytest.raises(BadInput, match="no setting of the project, but a rule of its own"):
        checked_setting("protect.retention.daily", "30")
