"""Settings of a project below those of its repository's file."""

from __future__ import annotations

import pytest

from odooops_dagster.doors.cli.project import checked_setting
from odooops_dagster.errors import BadInput
from odooops_dagster.tools.project_file import ProjectFile, on_top_of, read_text, read_values


def given(**values: object) -> ProjectFile:
    """Return the project's settings; two underlines are a dot."""
    reading = read_values({key.replace("__", "."): value for key, value in values.items()})
    assert not reading.faults
    assert not reading.unknown
    return reading.settings


def in_file(text: str) -> ProjectFile:
    """Return the settings of a file."""
    return read_text(text.encode()).settings


def test_values_are_read_as_a_file_is() -> None:
    """With its types, and texts of any script."""
    made = given(odoo__options__running_env="prüfung 😀", odoo__demo=True, odoo__languages=["fr_FR"])
    assert made == in_file("odoo: {options: {running_env: prüfung 😀}, demo: true, languages: [fr_FR]}")
    assert read_values({}).settings == ProjectFile()


def test_the_longer_key_counts() -> None:
    """In whatever order they were set."""
    made = given(odoo__options__limit_time_real=5, odoo__options={"limit_time_real": 1, "running_env": "a"})
    assert made.odoo.options == {"limit_time_real": 5, "running_env": "a"}


def test_the_file_comes_before_the_project() -> None:
    """Key by key; a list is replaced, and what the file sets to its default counts as set."""
    below = given(
        odoo__demo=True, odoo__languages=["fr_FR", "nl_BE"], odoo__options={"running_env": "a", "x": 1}, apt=["git"]
    )
    made = on_top_of(below, in_file("odoo: {languages: [de_DE], options: {running_env: b}}\napt: []\n"))
    assert made.odoo.demo is True
    assert made.odoo.languages == ("de_DE",)
    assert made.odoo.options == {"running_env": "b", "x": 1}
    assert made.apt == ()
    assert on_top_of(ProjectFile(), in_file("odoo: {demo: false}")) == in_file("odoo: {demo: false}")


def test_the_digest_is_that_of_what_counts() -> None:
    """It does not matter where a setting comes from; another value is another digest."""
    assert on_top_of(given(odoo__demo=True), ProjectFile()).digest == in_file("odoo: {demo: true}").digest
    assert given(odoo__demo=True).digest != given(odoo__demo=False).digest


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("odoo.demos", "true", "odoo.demos: this key is not known; did you mean demo?"),
        ("odo.demo", "true", "odo: this key is not known; did you mean odoo?"),
        ("odoo.options.db_host", "elsewhere", "odoo.options.db_host: db_host is set by the platform"),
        ("odoo.languages", "klingon", "odoo.languages"),
        ("log_allow", "[{pattern: no printer at all}]", "log_allow.0: reason is missing"),
        ("odoo", "5", "odoo"),
        ("odoo.demo", "", "needs a value"),
        ("odoo.demo", "[", "is no YAML"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_reason(key: str, value: str, reason: str) -> None:
    """And with the key that is meant."""
    with pytest.raises(BadInput) as caught:
        checked_setting(key, value)
    assert reason in str(caught.value)


def test_a_date_is_kept_as_a_text() -> None:
    """The record is JSON."""
    value = checked_setting("tests.quarantine", "[{test: '/shop:TestA', owner: jane, until: 2026-05-31}]")
    assert value == [{"test": "/shop:TestA", "owner": "jane", "until": "2026-05-31"}]
    assert given(tests__quarantine=value).tests.quarantine[0].owner == "jane"
