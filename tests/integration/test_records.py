"""Rows of a backup compared with a live database, reviewed, and written back: all of them or none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odooops_dagster.errors import BadInput, Conflict, NotFound, OdooOpsError, Unavailable
from odooops_dagster.tools.backup import tables
from odooops_dagster.tools.row_restore.apply import Applied, apply
from odooops_dagster.tools.row_restore.diff import Chosen, diff
from odooops_dagster.tools.row_restore.review import Change, Review, read_review, write_review
from tests.backups import access_to
from tests.servers import PostgresServer

SCHEMA = """
create table res_country (id serial primary key, name text not null);
create table res_partner (
    id serial primary key, name jsonb, country_id int references res_country, parent_id int references res_partner,
    active boolean, credit numeric, image bytea, born date, tags text[], seen timestamptz, shout text
        generated always as (upper(name ->> 'en')) stored,
    check (credit >= 0)
);
create table res_users (id serial primary key, login text unique, partner_id int not null references res_partner);
create table ir_attachment (id serial primary key, name text, store_fname text);
create table "an ""odd"" name" (code text, day date, "a column" text, primary key (code, day));
create table no_key (a int);
insert into res_country (name) values ('Belgium'), ('France'), ('Spain');
insert into res_partner (name, country_id, parent_id, active, credit, image, born, tags, seen) values
('{"en": "Azure"}', 1, null, true, 10.50, '\\x00ff', '1999-12-31', '{a,"b c",NULL}', '2026-01-01 10:00+02'),
('{"en": "De\u2028co \x85"}', 2, 1, true, 0, null, null, '{}', null),
('{"en": "Gemini\\\\u00e9 ''quoted'' \\\\\\\\ \\\\ttab"}', 3, 2, null, 99999999999999.000001, null, null, null,
'infinity');
insert into res_users (login, partner_id) values ('ada', 1), ('bob', 3);
insert into ir_attachment (name, store_fname) values ('picture', 'ab/ab'), ('in the database', null);
insert into "an ""odd"" name" values ('x', '2026-01-01', 'one'), ('x', '2026-01-02', 'two');
"""
TABLES = ("res_country", "res_partner", "res_users", "ir_attachment", 'an "odd" name')


@dataclass
class Pair:
    """A backup's database and the live one, alike until somebody works in the live one."""

    backup: str
    live: str
    brought: list[str]

    def work(self, statement: str) -> None:
        """Change the live database."""
        execute(self.live, statement)

    def diff(self, *chosen: str) -> Review:
        """Compare; everything where nothing is named."""
        return diff(
            access_to(self.backup),
            access_to(self.live),
            [Chosen.parse(text) for text in chosen or TABLES],
            backup_id="b1",
            taken_at=datetime(2026, 1, 1, tzinfo=UTC),
            environment="shop/main",
            now=datetime(2026, 1, 2, tzinfo=UTC),
        )

    def apply(self, review: Review) -> Applied:
        """Write the rows back."""
        return apply(access_to(self.live), review, bring_back=self.brought.extend)

    def differences(self) -> list[tuple[str, str]]:
        """Return what still differs: rows by kind and name."""
        return [(change.kind, change.name) for change in self.diff().changes]


@pytest.fixture
def pair(postgres_server: PostgresServer) -> Iterator[Pair]:
    """Yield two databases of the same content."""
    with (
        postgres_server.fresh_database(migrated=False) as backup,
        postgres_server.fresh_database(migrated=False) as live,
    ):
        for url in (backup, live):
            execute(url, SCHEMA)
        yield Pair(backup, live, [])


def execute(url: str, statement: str) -> None:
    """Run SQL of any kind."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    """Return what a query finds."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def only(review: Review, *changes: Change) -> Review:
    """Return the review as a person leaves it who took lines out or changed them."""
    return replace(review, changes=changes)


def test_a_row_of_an_attachment_in_an_object_store_comes_back_without_a_file(pair: Pair) -> None:
    """The object store still has it, or nobody here can bring it."""
    execute(pair.backup, "insert into ir_attachment (name, store_fname) values ('far', 's3://bucket/ab')")
    done = pair.apply(pair.diff("ir_attachment"))
    assert (done.inserted, done.files, pair.brought) == (1, (), [])


def test_databases_that_are_alike_differ_in_nothing(pair: Pair) -> None:
    """Arrays, bytes, numbers of any length and infinity are what they were."""
    assert pair.diff().changes == ()


def test_a_diff_names_what_is_missing_different_and_new(pair: Pair) -> None:
    """Each with its key, and of the different ones the columns only."""
    pair.work(
        "delete from res_users where id = 2; delete from res_partner where id = 3;"
        " update res_partner set credit = 7, country_id = null where id = 2;"
        " insert into res_partner (id, name) values (9, '{}');"
        ' delete from "an ""odd"" name" where day = \'2026-01-02\''
    )
    review = pair.diff()
    assert [(change.kind, change.name) for change in review.changes] == [
        ("update", "res_partner id 2"),
        ("insert", "res_partner id 3"),
        ("only_in_live", "res_partner id 9"),
        ("insert", "res_users id 2"),
        ("insert", 'an "odd" name code x, day 2026-01-02'),
    ]
    assert review.changes[0].live == {"country_id": None, "credit": "7"}
    assert review.changes[0].values == {"country_id": "2", "credit": "0"}
    assert all(change.dangling == () for change in review.changes)


def test_only_the_chosen_rows_are_compared(pair: Pair) -> None:
    """What else was done in the table is nobody's business."""
    pair.work("update res_partner set credit = credit + 1; insert into res_partner (id) values (8), (9)")
    review = pair.diff("res_partner:3,9,77")
    assert [change.name for change in review.changes] == ["res_partner id 3", "res_partner id 9"]
    assert review.header.notes == ("res_partner: neither has 77",)


def test_a_reference_to_a_row_that_is_gone_is_named(pair: Pair) -> None:
    """Unless the same review brings it back."""
    pair.work("delete from res_users; delete from res_partner where id = 3; delete from res_country where id = 3")
    [change] = pair.diff("res_partner").changes
    assert change.dangling == ("country_id → res_country 3",)
    assert all(change.dangling == () for change in pair.diff("res_country", "res_partner", "res_users").changes)


def test_what_was_reviewed_comes_back_as_it_was(pair: Pair, tmp_path: Path) -> None:
    """Through the file, in whichever order, whatever refers to what; nothing differs afterwards."""
    pair.work(
        "delete from res_users; update res_partner set parent_id = null; delete from res_partner;"
        ' delete from res_country where id > 1; delete from "an ""odd"" name"; delete from ir_attachment'
    )
    review = pair.diff("res_users", "ir_attachment", "res_partner", 'an "odd" name', "res_country")
    path = tmp_path / "review.jsonl"
    write_review(review, path)
    done = pair.apply(read_review(path))
    assert (done.inserted, done.updated, done.files) == (11, 0, ("ab/ab",))
    assert pair.brought == ["ab/ab"]
    assert pair.differences() == []


def test_rows_that_refer_to_each_other_come_back(pair: Pair) -> None:
    """What may be null waits until both are there."""
    for url in (pair.backup, pair.live):
        execute(url, "update res_partner set parent_id = 3 where id = 1")
    pair.work("delete from res_users; delete from res_partner")
    pair.apply(pair.diff("res_partner", "res_users"))
    assert pair.differences() == []


@given(
    parents=st.lists(st.integers(0, 8), min_size=1, max_size=8),
    gone=st.sets(st.integers(1, 8)),
    changed=st.sets(st.integers(1, 8)),
    new=st.integers(0, 2),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_lost_or_changed_comes_back(
    pair: Pair, parents: list[int], gone: set[int], changed: set[int], new: int
) -> None:
    """Rows may refer to each other in any way, in circles too; what is new in the live database stays."""
    filled = "truncate res_partner cascade; truncate res_users;"
    for number, _ in enumerate(parents, start=1):
        filled += f" insert into res_partner (id, credit) values ({number}, 1);"
        filled += f" insert into res_users (id, login, partner_id) values ({number}, {number}, {number});"
    for number, parent in enumerate(parents, start=1):
        if 0 < parent <= len(parents):
            filled += f" update res_partner set parent_id = {parent} where id = {number};"
    for url in (pair.backup, pair.live):
        execute(url, filled)
    lost, moved = (", ".join(map(str, numbers or {0})) for numbers in (gone, changed))
    pair.work(
        f"delete from res_users where partner_id in ({lost});"
        f" update res_partner set parent_id = null where parent_id in ({lost});"
        f" delete from res_partner where id in ({lost}); update res_partner set credit = 2 where id in ({moved});"
        f" insert into res_partner (id) select 100 + n from generate_series(1, {new}) as n"
    )
    pair.apply(pair.diff("res_users", "res_partner"))
    assert pair.differences() == [("only_in_live", f"res_partner id {101 + n}") for n in range(new)]


def test_only_the_columns_that_the_file_keeps_are_written(pair: Pair) -> None:
    """Work of somebody else in the same row stays."""
    pair.work("update res_partner set credit = 7, active = false where id = 2")
    [change] = pair.diff("res_partner").changes
    pair.work("update res_partner set born = '2000-01-01' where id = 2")
    kept = replace(change, values={"credit": "0"}, live={"credit": "7"})
    assert pair.apply(only(pair.diff("res_partner"), kept)).updated == 1
    assert rows(pair.live, "select credit::int, active, born::text from res_partner where id = 2") == [
        (0, False, "2000-01-01")
    ]


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        ("update res_partner set credit = 8 where id = 2", "another credit than the diff saw"),
        ("delete from res_users; delete from res_partner where id in (2, 3)", "no longer in the live database"),
        ("insert into res_country (id, name) values (3, 'Somewhere')", "stands in its place"),
    ],
)
def test_a_live_row_that_moved_on_is_not_written_over(meanwhile: str, said: str, pair: Pair) -> None:
    """And nothing else of the file is written either."""
    pair.work(
        "update res_partner set country_id = null where id = 3; delete from res_country where id = 3;"
        " update res_partner set credit = 7 where id = 2"
    )
    review = pair.diff("res_partner", "res_country")
    pair.work(meanwhile)
    before = rows(pair.live, "select id, credit, country_id from res_partner order by id")
    with pytest.raises(Conflict, match=said):
        pair.apply(review)
    assert rows(pair.live, "select id, credit, country_id from res_partner order by id") == before
    assert rows(pair.live, "select name from res_country where id = 3") in ([], [("Somewhere",)])


def test_what_the_databases_own_rules_refuse_changes_nothing(pair: Pair) -> None:
    """A reference to nothing, a check, a value of another kind, a column that is not there."""
    pair.work("delete from res_users; delete from res_partner; delete from res_country where id = 3")
    review = pair.diff("res_partner")
    with pytest.raises(Conflict, match=r"country_id\)=\(3\) is not present"):
        pair.apply(review)
    first = review.changes[0]
    for values, kind, said in (
        ({"credit": "-1"}, Conflict, "check constraint"),
        ({"credit": "many"}, BadInput, "invalid input syntax"),
        ({"colour": "red"}, BadInput, "has no colour"),
        ({"name\" = '{}' --": "x"}, BadInput, "the live table has no"),
        ({"id": "5"}, BadInput, "of another row"),
    ):
        with pytest.raises(kind, match=said):
            pair.apply(only(review, replace(first, values={**first.values, **values})))
    assert rows(pair.live, "select count(*) from res_partner") == [(0,)]


def test_rows_that_cannot_do_without_each_other_are_named(pair: Pair) -> None:
    """Two required references in a circle need the whole backup."""
    for url in (pair.backup, pair.live):
        execute(
            url,
            "create table egg (id int primary key, hen_id int not null); create table hen (id int primary key,"
            " egg_id int not null references egg deferrable initially deferred);"
            " alter table egg add foreign key (hen_id) references hen deferrable initially deferred;"
            " begin; insert into egg values (1, 1); insert into hen values (1, 1); commit",
        )
    pair.work("begin; delete from egg; delete from hen; commit")
    with pytest.raises(Conflict, match="cannot do without each other: egg id 1, hen id 1"):
        pair.apply(pair.diff("egg", "hen"))


def test_new_rows_get_numbers_behind_those_that_came_back(pair: Pair) -> None:
    """And a number that is ahead already stays."""
    execute(pair.backup, "insert into res_country (id, name) values (500, 'Atlantis')")
    pair.work("select setval('res_users_id_seq', 900); delete from res_users where id = 2")
    pair.apply(pair.diff("res_country", "res_users"))
    assert rows(pair.live, "insert into res_country (name) values ('Next') returning id") == [(501,)]
    assert rows(pair.live, "insert into res_users (login, partner_id) values ('next', 1) returning id") == [(901,)]


def test_nothing_is_written_where_a_file_cannot_be_brought_back(pair: Pair) -> None:
    """A row without its file would be worse than no row."""
    pair.work("delete from ir_attachment")

    def fail(_: Sequence[str]) -> None:
        raise Unavailable("the store does not answer")

    with pytest.raises(Unavailable):
        apply(access_to(pair.live), pair.diff("ir_attachment"), bring_back=fail)
    assert rows(pair.live, "select count(*) from ir_attachment") == [(0,)]


def test_a_row_that_somebody_holds_is_waited_for_only_for_a_while(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is said, and nothing was written."""
    monkeypatch.setattr(tables, "_LOCK_WAIT", "50ms")
    pair.work("update res_partner set credit = 7 where id = 2")
    review = pair.diff("res_partner")
    with psycopg.connect(pair.live) as other:
        other.execute("select from res_partner where id = 2 for update")
        with pytest.raises(Conflict, match="lock timeout"):
            pair.apply(review)
    assert pair.apply(review).updated == 1


def test_of_two_who_apply_the_same_review_one_is_refused(pair: Pair) -> None:
    """Whichever way their statements fall among each other."""
    pair.work("update res_partner set credit = 7 where id = 2; delete from res_users where id = 2")
    review = pair.diff("res_partner", "res_users")
    ends: list[object] = []

    def one() -> None:
        try:
            ends.append(pair.apply(review))
        except OdooOpsError as exc:
            ends.append(exc)

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(type(end).__name__ for end in ends) == ["Applied", "Conflict"]
    assert pair.differences() == []


def test_tables_that_are_not_alike_are_compared_in_what_they_share(pair: Pair) -> None:
    """The rest is said in the review."""
    execute(pair.backup, "alter table res_country add code text default 'xx'")
    pair.work("alter table res_country add phone text; update res_country set name = 'Hispania' where id = 3")
    review = pair.diff("res_country")
    assert review.header.notes == (
        "res_country: only the backup has code: not compared",
        "res_country: only the live database has phone: not compared",
    )
    assert [change.values for change in review.changes] == [{"name": "Spain"}]


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("res_partner:", BadInput, "names no rows"),
        (":1", BadInput, "names no rows"),
        ("no_such_table", NotFound, "there is no table no_such_table"),
        ("res_partner; drop table res_users", NotFound, "there is no table"),
        ("no_key", BadInput, "has no primary key"),
        ('an "odd" name:1', BadInput, "a key of 2 columns"),
        ("res_partner:abc", BadInput, "invalid input syntax"),
        ("pg_catalog.pg_class:1); drop table res_users; --", BadInput, "."),
    ],
)
def test_what_cannot_be_compared_is_said(text: str, kind: type[OdooOpsError], said: str, pair: Pair) -> None:
    """And no name becomes a statement."""
    with pytest.raises(kind, match=said):
        pair.diff(text)
    assert rows(pair.live, "select count(*) from res_users") == [(2,)]


def test_a_diff_that_nobody_would_read_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would have to be held in memory, too."""
    monkeypatch.setattr("odooops_dagster.tools.row_restore.diff.MOST_CHANGES", 1)
    pair.work("delete from res_users")
    with pytest.raises(BadInput, match="more than 1 rows differ in res_users"):
        pair.diff("res_users")


def test_the_page_beside_the_review_is_for_people(pair: Pair, tmp_path: Path) -> None:
    """It says the same; only the owner may read either."""
    pair.work("delete from res_users where id = 2; update res_partner set credit = 7 where id = 2")
    path = tmp_path / "review.jsonl"
    page = write_review(pair.diff(), path)
    assert [json.loads(line).get("change") for line in path.read_text().splitlines()] == [None, "update", "insert"]
    assert "| res_partner id 2 | credit | 7 | 0 |" in page.read_text()
    assert "| res_users id 2 | id=2, login=bob, partner_id=3 |" in page.read_text()
    assert {oct(found.stat().st_mode & 0o777) for found in (path, page)} == {"0o600"}
