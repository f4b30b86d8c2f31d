"""The shipped migrations as files."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from odooops_dagster.control.migrate import read_folder, shipped_migrations

FOLDERS = ("migrations", "reapply", "functions", "views", "policies", "shim")


def test_migrations_are_named_by_time_and_words() -> None:
    """The name is the order."""
    for name, _ in read_folder("migrations"):
        assert re.fullmatch(r"\d{14}_[a-z0-9_]+", name)
    versions = [migration.version for migration in shipped_migrations()]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_sql_file_begins_with_a_sentence_and_ends_with_a_newline(folder: str) -> None:
    """A reader meets the reason first."""
    for name, text in read_folder(folder):
        assert text.startswith("-- "), name
        assert text.endswith("\n"), name
        assert not [line for line in text.splitlines() if len(line) > 150], name


def test_a_fingerprint_is_of_the_words_not_of_the_spaces() -> None:
    """Tools split and reflow; they do not rewrite."""
    migration = shipped_migrations()[0]
    reflowed = replace(migration, text=migration.text.replace("\n", " \n\n").replace(";", "\n;"))
    assert reflowed.fingerprint == migration.fingerprint
    assert replace(migration, text=migration.text + "select 1;").fingerprint != migration.fingerprint


def test_a_file_of_policies_bears_the_name_of_its_table() -> None:
    """Only the policies of these tables are taken away before they are made anew."""
    for name, text in read_folder("policies"):
        assert set(re.findall(r'create policy "[^"]+"\s+on ops\.(\w+)', text)) <= {name}
