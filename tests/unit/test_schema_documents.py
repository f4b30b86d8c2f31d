"""The writers of the schema's documents on small schemas, and the reader of headers and comments."""

from __future__ import annotations

import re

import pytest

from docs.schema.dbml import dbml
from docs.schema.functions_page import functions_page
from docs.schema.model import Column, Enum, ForeignKey, Function, Index, Key, Schema, Table
from docs.schema.prisma import prisma
from docs.schema.prisma_names import relations
from docs.schema.security import fill
from docs.schema.sources import Notes, commented_constraints, header, raised_states, read_notes
from docs.schema.subjects import subjects_of
from docs.schema.tables import code, prose
from docs.schema.words import shown_default, singular

NO_NOTES = Notes(labels={}, functions={}, raised={}, tables={}, promises={})


def column(name: str, kind: str = "uuid", *, default: str | None = None, comment: str | None = None) -> Column:
    """Return a column that is required, unless its name says maybe."""
    return Column(name=name, type=kind, is_required=not name.startswith("maybe"), default=default, comment=comment)


def table(name: str, *columns: Column, refers: tuple[ForeignKey, ...] = (), indexes: tuple[Index, ...] = ()) -> Table:
    """Return a table whose first column is its key."""
    key = Key(name=f"{name}_pkey", columns=(columns[0].name,), is_primary=True)
    return Table(
        name=name, comment=f"Rows of {name}.", columns=columns, keys=(key,), foreign_keys=refers, indexes=indexes
    )


def refers(*columns: str, to: str) -> ForeignKey:
    """Return a reference to the key of a table."""
    name = "_".join(columns)
    return ForeignKey(name=f"{name}_fkey", columns=columns, target=to, target_columns=("id",), on_delete="cascade")


def schema(*tables: Table, enums: tuple[Enum, ...] = (), functions: tuple[Function, ...] = ()) -> Schema:
    """Return a schema of these."""
    return Schema(tables=tables, views=(), enums=enums, composites=(), functions=functions)


def test_a_header_is_what_it_does_and_why_it_has_its_owners_rights() -> None:
    """The two halves of a header are told apart, whatever lines they were broken into."""
    told = header("-- Does it. Raises PT404\n-- and PT409.\n-- Definer: nobody else\n-- may.\ncreate function x\n-- no")
    assert told.text == "Does it. Raises PT404 and PT409."
    assert told.definer_reason == "nobody else may."
    assert told.states == ("PT404", "PT409")


def test_what_a_comment_says_is_not_raised() -> None:
    """Only code raises, in either of its spellings."""
    text = "-- raise sqlstate 'PT400'\nraise sqlstate 'PT409' using\nraise using errcode = 'PT404' -- sqlstate 'PT403'"
    assert raised_states(text) == ("PT404", "PT409")


def test_a_label_has_the_note_that_stands_behind_it() -> None:
    """Who moves a row to a state is read from the migration that made the enum."""
    labels = read_notes().labels
    assert labels["run_status", "running"] == "start_workflow_run, claim_and_start_runs"
    assert ("event_type", "info") not in labels


def test_a_comment_above_a_constraint_is_its_tables_promise() -> None:
    """What stands above a column, or above nothing that holds, promises nothing."""
    statement = "create table ops.x (\n -- a column\n a int,\n -- never\n -- both\n check (a > 0),\n unique (a)\n)"
    assert commented_constraints(statement) == ["never both"]
    promises = read_notes().promises
    assert "a branch has one living environment" in promises["environments"]
    assert "four eyes: nobody approves what they authored" in promises["approvals"]


def test_two_relations_to_one_table_have_two_names() -> None:
    """Where names would meet, the longer key says by which column; no name is a column's."""
    runs = table("runs", column("id"))
    backups = table(
        "backups", column("id"), column("run_id"), column("maybe_of"), column("stage"),
        refers=(refers("run_id", to="runs"), refers("run_id", "stage", to="runs"), refers("maybe_of", to="backups")),
    )  # fmt: skip
    held = relations(schema(runs, backups))
    names = [(relation.field, relation.back_field, relation.is_optional) for relation in held]
    assert names == [
        ("maybeOfBackup", "backups", True),
        ("run", "backups", False),
        ("runByStage", "backupsByRunId", False),
    ]


def test_a_key_that_refers_is_one_to_one() -> None:
    """A row that shares its key with another's has one of them, not many."""
    requests = table("run_requests", column("run_id"))
    runs = table("runs", column("id"), refers=(refers("id", to="run_requests"),))
    text = prisma(schema(requests, runs), NO_NOTES)
    assert re.search(r"^  run +Run\? +@relation", text, re.MULTILINE)
    assert re.search(r"^  runRequest +RunRequest +@relation", text, re.MULTILINE)


def test_quotes_in_comments_and_defaults_stay_inside() -> None:
    """A quote in a text ends it in no format."""
    words = column("words", "text", default="'it''s \"so\"'::text", comment='a project\'s "own"')
    text = dbml(schema(table("tools", column("id"), words)), NO_NOTES)
    assert r"""words text [not null, default: 'it\'s "so"', note: 'a project\'s "own"']""" in text
    assert r'@default("it\'s \"so\"")' not in prisma(schema(table("tools", column("id"), words)), NO_NOTES)
    assert r'@default("it' + "'" + r's \"so\"")' in prisma(schema(table("tools", column("id"), words)), NO_NOTES)


def test_a_partial_unique_index_is_no_promise_in_prisma() -> None:
    """What is unique for some rows only must not become a key by which Prisma finds one row."""
    index = Index(
        name="one_live", definition="", columns=("name",), method="btree", is_unique=True, is_plain=False,
        predicate="gone_at IS NULL",
    )  # fmt: skip
    held = schema(table("environments", column("id"), column("name", "text"), indexes=(index,)))
    assert "unique" not in prisma(held, NO_NOTES)
    assert "note: 'unique where gone_at IS NULL'" in dbml(held, NO_NOTES)


def test_a_table_without_a_subject_is_shown_all_the_same() -> None:
    """Nothing is left out of the documents because nobody sorted it."""
    held = schema(table("novelties", column("id")))
    assert [item.name for subject in subjects_of(held) for item in subject.of(held)] == ["novelties"]


def test_arguments_are_told_with_names_types_and_defaults() -> None:
    """A comma inside a default or a type separates nothing."""
    function = Function(
        name="say", comment="Says.", result="text", volatility="stable", is_definer=False, is_private=False,
        executors=("sre",),
        arguments=("p_words text[] DEFAULT '{a,b}'::text[]", "VARIADIC p_rest numeric(8,2)[]"),
    )  # fmt: skip
    page = functions_page(schema(functions=(function,)), NO_NOTES)
    assert "| `p_words` | text[] | `'{a,b}'` |" in page
    assert "| `p_rest` | variadic numeric(8,2)[] | |" in page
    assert "- Executed by `sre`." in page


def test_a_page_without_a_place_for_its_table_is_refused() -> None:
    """A mark that was edited away is noticed instead of leaving an old table."""
    with pytest.raises(ValueError, match="no place for grants"):
        fill("# Security", "grants", "| |")


def test_cells_hold_what_would_break_a_table() -> None:
    """Pipes, lines and angle brackets stay inside their cell."""
    assert code("a |\n b") == r"`a \| b`"
    assert prose("name <who>\nis a|b _and_ run_id") == r"name &lt;who> is a\|b \_and\_ run_id"


@pytest.mark.parametrize(
    ("name", "row"), [("policies", "policy"), ("runs", "run"), ("branch_heads", "branch_head"), ("access", "access")]
)
def test_a_row_is_called_by_the_singular(name: str, row: str) -> None:
    """A model is named after one row."""
    assert singular(name) == row


def test_defaults_are_shown_without_their_casts() -> None:
    """People write defaults without what PostgreSQL adds."""
    shown = [shown_default(text) for text in ("'queued'::ops.run_status", "NULL::text", "now()", None)]
    assert shown == ["'queued'", "null", "now()", ""]
