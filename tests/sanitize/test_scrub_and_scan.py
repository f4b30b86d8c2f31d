"""No secret of production is left in a copy, of whatever type, in whatever schema; or the copy is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.errors import SanitizationFailed
from odooops_dagster.tools.sanitize.columns import readable_columns
from tests.sanitize.copies import Copy, as_superuser, new_copy
from tests.servers import PostgresServer

KEY = "live-key-7Qx"


@pytest.fixture
def copy(postgres_server: PostgresServer) -> Iterator[Copy]:
    """Yield a copy of a small production on PostgreSQL 18."""
    with new_copy(postgres_server) as made:
        yield made


# What a column is declared as, and how a value that holds the key is written in it.
TYPES = {
    "text": "'{key}'",
    "varchar(64)": "'{key}'",
    "char(32)": "'{key}'",
    "name": "'{key}'",
    "bytea": "convert_to('{key}', 'UTF8')",
    "json": "to_json('{key}'::text)",
    "jsonb": "jsonb_build_object('value', '{key}')",
    "text[]": "array['a', '{key}']",
    "varchar(40)[][]": "array[array['{key}']]",
    "words": "'{key}'",
    "words[]": "array['{key}'::words]",
    "pair": "row(1, '{key}')::pair",
    "pair[]": "array[row(1, '{key}')::pair]",
    "textrange": "textrange('{key}', '{key}', '[]')",
    "tsvector": "array_to_tsvector(array['{key}'])",
}
OF_OUR_OWN = """
create domain words as text check (length(value) < 60);
create type pair as (number int, word text);
create type textrange as range (subtype = text);
"""


@pytest.mark.parametrize("declared", TYPES)
@pytest.mark.parametrize("needed", ["", " not null"])
def test_a_secret_column_of_every_type_is_emptied(copy: Copy, declared: str, needed: str) -> None:
    """What can be read as text can hold a secret; where the column may not be empty, a filler stands in it."""
    copy.run(OF_OUR_OWN + f"create table carrier (id int, api_key {declared}{needed});")
    copy.run(f"insert into carrier values (1, {TYPES[declared].format(key=KEY)})")
    report = copy.sanitize()
    assert report.scrubbed["carrier.api_key"] == 1
    assert KEY not in str(copy.rows("select api_key::text from carrier"))
    assert copy.offenders(by_value=True) == {}


def test_a_uuid_that_is_a_secret_is_replaced_and_known_again(copy: Copy) -> None:
    """The scan tells the filler from production's value."""
    copy.run("create table account (token uuid not null)")
    copy.run("insert into account values ('3f2504e0-4f89-41d3-9a0c-0305e82c3301')")
    assert copy.offenders()["keeps no secret"] == ["account.token"]
    copy.sanitize()
    assert "3f2504e0" not in str(copy.rows("select token from account"))
    assert copy.offenders() == {}


def test_every_kind_of_relation_in_every_schema_is_emptied(copy: Copy) -> None:
    """Unlogged tables, partitions, children, and views over views that keep rows of their own."""
    copy.run(f"""
        create schema portal;
        create table portal.account (id int, login text, password text);
        insert into portal.account values (1, 'ada', '{KEY}');
        create unlogged table fast (apikey text);
        insert into fast values ('{KEY}');
        create table parted (id int, secret text) partition by range (id);
        create table parted_1 partition of parted for values from (0) to (10);
        insert into parted values (1, '{KEY}');
        create table parent (pwd text);
        create table child () inherits (parent);
        insert into child values ('{KEY}');
        create view portal.seen as select id, password as words from portal.account;
        create materialized view portal.kept as select id, words as note from portal.seen;
        create materialized view kept_again as select note from portal.kept;
    """)
    report = copy.sanitize()
    assert report.searched_for == 1
    for table in ("portal.account", "fast", "parted_1", "child", "portal.seen", "portal.kept", "kept_again"):
        assert KEY not in str(copy.rows(f"select * from {table}")), table
    assert copy.offenders(by_value=True) == {}


def test_a_materialised_view_that_cannot_be_filled_is_emptied(copy: Copy) -> None:
    """Without rows it holds no secret; with yesterday's it does."""
    copy.run(f"""
        create table carrier (n int, api_key text);
        insert into carrier values (1, '{KEY}');
        create materialized view ratio as select 1 / n as one, api_key from carrier;
    """)
    copy.sanitize("update carrier set n = 0")
    assert copy.rows("select relispopulated from pg_class where relname = 'ratio'") == [(False,)]


def test_a_generated_column_follows_what_it_is_made_of(copy: Copy) -> None:
    """It cannot be emptied; its old value is searched for as any other."""
    copy.run("create table carrier (api_key text, secret_too text generated always as (lower(api_key)) stored)")
    copy.run(f"insert into carrier values ('{KEY}')")
    copy.sanitize()
    assert copy.rows("select * from carrier") == [(None, None)]


@pytest.mark.parametrize(
    ("place", "statements"),
    [
        ("note.body", f"create table note (body text); insert into note values ('use {KEY} please')"),
        ("note.tags", f"create table note (tags text[]); insert into note values (array['{KEY}'])"),
        ("note.data", f'create table note (data jsonb); insert into note values (\'{{"x": ["{KEY}"]}}\')'),
        ("note.raw", f"create table note (raw bytea); insert into note values ('{KEY}')"),
        (
            "other.note.body",
            f"create schema other; create table other.note (body text); insert into other.note values ('{KEY}')",
        ),
        ("mv.one", f"create materialized view mv as select '{KEY}'::text as one"),
        ("large object", f"select lo_from_bytea(0, '{KEY}')"),
        ("function", f"create function f() returns text language sql as $$ select '{KEY}' $$"),
        ("view", f"create view v as select '{KEY}'::text as one"),
        ("comment on", f"comment on table carrier is '{KEY}'"),
        ("default of", f"alter table carrier add column more text default '{KEY}'"),
        ("constraint", f"alter table carrier add constraint c check (id <> 5 or id::text <> '{KEY}')"),
        ("enum", f"create type answer as enum ('{KEY}')"),
    ],
)
def test_what_productions_secrets_were_is_found_wherever_it_stands(copy: Copy, place: str, statements: str) -> None:
    """No name gives it away: the copy is refused and the message says where."""
    copy.run("create table carrier (id int, api_key text)")
    copy.run(f"insert into carrier values (1, '{KEY}')")
    copy.run(statements)
    with pytest.raises(SanitizationFailed, match="it holds no value of a secret") as refused:
        copy.sanitize()
    assert place in str(refused.value)
    assert KEY not in str(refused.value)
    assert copy.rows("select api_key from carrier") == [(KEY,)]


def test_a_passphrase_is_found_in_another_column(copy: Copy) -> None:
    """Words with spaces and ends of lines are compared as whole values."""
    copy.run("create table carrier (passphrase text); insert into carrier values (E'open\\tsesame\\\\ 1\\nnow')")
    copy.run("create table note (body text); insert into note select passphrase from carrier")
    with pytest.raises(SanitizationFailed, match=r"note\.body"):
        copy.sanitize()


def test_a_value_of_a_known_shape_is_found_under_any_name(copy: Copy) -> None:
    """Production's people write keys into notes."""
    copy.run("create table note (body text); insert into note values ('the key is sk_live_' || repeat('a1', 10))")
    with pytest.raises(SanitizationFailed, match=r"note\.body \(a key of Stripe\)"):
        copy.sanitize()
    copy.sanitize("update note set body = 'gone'")
    assert copy.offenders(by_value=True) == {}


def test_values_that_only_look_random_are_told_and_block_nothing(copy: Copy) -> None:
    """Nobody can be certain of them; a person looks at the columns' names."""
    copy.run("create table gauge (reading text, note text)")
    copy.run(
        "insert into gauge select 'q7Zx2LkP9vTn4WbY8sRd' || chr(65 + n) || n, 'words' from generate_series(1, 9) as n"
    )
    assert copy.sanitize().suspects == ("gauge.reading",)


def test_accounts_and_links_to_records_are_emptied_and_not_searched_for(copy: Copy) -> None:
    """A login is a contact's address too, and a quotation's link stands in every message about it."""
    copy.run("""
        create table ir_mail_server_of_ours (smtp_user text);
        insert into ir_mail_server_of_ours values ('shop-7@mail');
        create table sale_order (access_token text);
        insert into sale_order values ('3f2504e0-4f89-41d3-9a0c-0305e82c3301');
        create table note (body text);
        insert into note values ('shop-7@mail 3f2504e0-4f89-41d3-9a0c-0305e82c3301');
    """)
    copy.sanitize()
    assert copy.rows("select smtp_user, access_token from ir_mail_server_of_ours, sale_order") == [(None, None)]


def test_policies_that_bind_the_owner_hide_nothing(copy: Copy) -> None:
    """Rows that even their owner may not see are scrubbed and searched, and the policy binds as before."""
    copy.run(f"""
        create table carrier (id int, api_key text);
        insert into carrier values (1, '{KEY}');
        alter table carrier enable row level security, force row level security;
        create policy nobody on carrier using (false);
    """)
    copy.sanitize()
    copy.run("alter table carrier no force row level security")
    assert copy.rows("select api_key from carrier") == [(None,)]


def test_policies_bind_again_afterwards(copy: Copy) -> None:
    """What production forbids, its copy forbids."""
    copy.run("create table carrier (api_key text); alter table carrier force row level security")
    copy.sanitize()
    assert copy.rows("select relforcerowsecurity from pg_class where relname = 'carrier'") == [(True,)]
    assert copy.offenders() == {}
    assert copy.rows("select relforcerowsecurity from pg_class where relname = 'carrier'") == [(True,)]


def test_the_planners_statistics_keep_nothing(copy: Copy) -> None:
    """An owner reads the commonest values of a column in pg_stats, also when the table has none any more."""
    copy.run(f"create table carrier (api_key text); insert into carrier select '{KEY}' from generate_series(1, 50)")
    copy.run(
        "insert into ir_config_parameter select 'shop.token.' || n, 'live-param-9z' from generate_series(1, 50) as n"
    )
    copy.run("analyze")
    assert KEY in str(copy.rows("select most_common_vals::text from pg_stats"))
    copy.sanitize()
    kept = str(copy.rows("select most_common_vals::text, histogram_bounds::text from pg_stats"))
    assert KEY not in kept
    assert "live-param-9z" not in kept


@pytest.mark.parametrize("parent", ["partition of parent for values from (0) to (10)", "() inherits (parent)"])
def test_a_parents_statistics_keep_nothing_of_its_childrens_rows(copy: Copy, parent: str) -> None:
    """They are the parent's own, though only its children's rows changed."""
    by = " partition by range (id)" if parent.startswith("partition") else ""
    copy.run(f"create table parent (id int, api_key text){by}; create table child {parent}")
    copy.run(f"insert into child select 1, '{KEY}' from generate_series(1, 50); analyze parent; analyze child")
    copy.sanitize()
    assert KEY not in str(copy.rows("select most_common_vals::text from pg_stats"))


def test_a_large_object_of_a_secret_column_goes(copy: Copy) -> None:
    """The column holds its number only."""
    copy.run(f"create table carrier (private_key oid); insert into carrier select lo_from_bytea(0, '{KEY}')")
    copy.sanitize()
    assert copy.rows("select count(*) from pg_largeobject_metadata") == [(0,)]


def test_system_parameters_are_deleted_by_name_and_by_review_and_switches_stay(copy: Copy) -> None:
    """The list of the series knows those whose names say nothing, and those whose names say too much."""
    copy.run("""
        insert into ir_config_parameter values ('unsplash.access_key', 'a-1'), ('mail.twilio_account_sid', 'a-2'),
            ('shop.apiKey', 'a-3'), ('auth_password_policy.minlength', '12'), ('auth_signup.reset_password', 'True'),
            ('web.base.url', 'https://shop')
    """)
    assert len(copy.offenders()["keeps no secret"]) == 3
    copy.sanitize()
    assert [key for (key,) in copy.rows("select key from ir_config_parameter order by 1")] == [
        "auth_password_policy.minlength",
        "auth_signup.reset_password",
        "database.is_neutralized",
        "odooops.sanitized",
        "web.base.url",
    ]


def test_defaults_of_secret_fields_are_deleted(copy: Copy) -> None:
    """A default would fill the next record with production's key."""
    copy.run(f"""
        create table ir_model_fields (id int primary key, model text, name text);
        create table ir_default (id int primary key, field_id int, json_value text);
        insert into ir_model_fields values (1, 'payment.provider', 'stripe_secret_key'), (2, 'res.partner', 'lang');
        insert into ir_default values (1, 1, '"{KEY}"'), (2, 2, '"en_US"');
    """)
    assert copy.offenders()["keeps no secret"] == ["defaults of secret fields: payment.provider.stripe_secret_key"]
    copy.sanitize()
    assert copy.rows("select id from ir_default") == [(2,)]


def test_links_that_let_their_holder_in_are_rewritten(copy: Copy) -> None:
    """A link that production sent opens production: the text around it stays."""
    copy.run("""
        create table mail_message (body text);
        insert into mail_message values
            ('<a href="https://shop/web/reset_password?db=p&amp;token=a1B2c3D4e5F6g7H8">set</a> it'),
            ('https://shop/my/orders/7?access_token=3f2504e0-4f89-41d3-9a0c-0305e82c3301&pid=4&hash=0123456789abcdef'),
            ('token=3 of 4');
    """)
    copy.sanitize()
    assert copy.rows("select body from mail_message") == [
        ("token=3 of 4",),
        ('<a href="https://shop/web/reset_password?db=p&amp;token=scrubbed">set</a> it',),
        ("https://shop/my/orders/7?access_token=scrubbed&pid=4&hash=scrubbed",),
    ]


ATTACHMENTS = """
create table ir_attachment (id int primary key, name text, res_model text, res_field text, store_fname text,
    db_datas bytea, checksum text, index_content text, file_size int, mimetype text);
"""


def test_attachments_that_keep_secrets_go_with_their_files(copy: Copy, tmp_path: Path) -> None:
    """A private key's rows, its files and every copy of them; what else lies in the filestore stays."""
    copy.run(ATTACHMENTS)
    copy.run("""
        insert into ir_attachment (id, name, res_model, res_field, store_fname, checksum, file_size, mimetype) values
            (1, 'content', 'certificate.key', 'content', 'aa/key', 'aa', 9, 'text/plain'),
            (2, 'copy of it', 'mail.message', null, 'aa/key', 'aa', 9, 'text/plain'),
            (3, 'server.pem', null, null, 'bb/pem', 'bb', 9, 'text/plain'),
            (4, 'talk.key', null, null, 'cc/talk', 'cc', 9, 'application/x-iwork-keynote'),
            (5, 'image_1920', 'res.partner', 'image_1920', 'dd/image', 'dd', 9, 'image/png');
    """)
    for name in ("aa/key", "bb/pem", "cc/talk", "dd/image", "ee/of nobody"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    report = copy.sanitize(filestore=tmp_path)
    assert copy.rows("select id from ir_attachment order by id") == [(4,), (5,)]
    assert report.files_removed == 2
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["image", "of nobody", "talk"]


def test_a_table_of_attachments_without_odoos_columns_stops_nothing(copy: Copy) -> None:
    """What the statements speak of is looked up first; names and values are searched all the same."""
    copy.run(
        f"create table ir_attachment (store_fname text, api_key text); insert into ir_attachment values ('a', '{KEY}')"
    )
    copy.sanitize()
    assert copy.rows("select * from ir_attachment") == [("a", None)]


def test_a_file_outside_the_filestore_is_never_removed(copy: Copy, tmp_path: Path) -> None:
    """A row is data, also where it names a path."""
    copy.run(ATTACHMENTS)
    copy.run("insert into ir_attachment (id, name, store_fname) values (1, 'a.pem', '../outside')")
    (tmp_path / "outside").write_text("x")
    (tmp_path / "filestore").mkdir()
    assert copy.sanitize(filestore=tmp_path / "filestore").files_removed == 0
    assert (tmp_path / "outside").exists()


def test_an_attachment_that_another_row_needs_keeps_its_row_only(copy: Copy) -> None:
    """The scrub is not stopped by a foreign key."""
    copy.run(ATTACHMENTS)
    copy.run("""
        insert into ir_attachment (id, name, db_datas) values (1, 'a.pem', 'key');
        create table signed (attachment_id int references ir_attachment); insert into signed values (1);
    """)
    copy.sanitize()
    assert copy.rows("select id, db_datas from ir_attachment") == [(1, None)]


def test_a_table_of_another_server_is_refused(copy: Copy, postgres_server: PostgresServer) -> None:
    """It leads from the copy to where production's data are."""
    with as_superuser(postgres_server, copy) as admin:
        admin.execute("create foreign data wrapper nowhere")
        admin.execute("create server elsewhere foreign data wrapper nowhere")
        admin.execute("create foreign table public.far (api_key text) server elsewhere")
    with pytest.raises(SanitizationFailed, match="it reaches no other database: foreign table far"):
        copy.sanitize()


def test_a_table_that_cannot_be_read_is_no_proof(copy: Copy, postgres_server: PostgresServer) -> None:
    """What nobody looked into is not called harmless."""
    with as_superuser(postgres_server, copy) as admin:
        admin.execute("create table public.closed (note text)")
    with pytest.raises(SanitizationFailed, match=r"closed \(permission denied"):
        copy.sanitize()


def test_a_partition_is_listed_once_and_the_systems_tables_never(copy: Copy) -> None:
    """What is listed is what a role of the environment can read as text."""
    copy.run("""
        create table parted (id int, note text, n numeric, at timestamp, yes boolean) partition by range (id);
        create table parted_1 partition of parted for values from (0) to (10);
        create temporary table passing (note text);
    """)
    with copy.connect() as connection:
        places = [column.place for column in readable_columns(connection)]
    assert places == ["ir_config_parameter.key", "ir_config_parameter.value", "parted.note"]


def test_the_same_holds_on_the_oldest_postgresql(postgres15_server: PostgresServer) -> None:
    """Its catalogue and its statistics are others."""
    with new_copy(postgres15_server) as copy:
        copy.run(f"create table carrier (api_keys text[]); insert into carrier values (array['{KEY}'])")
        copy.run("create materialized view kept as select api_keys as note from carrier; analyze")
        copy.sanitize()
        assert KEY not in str(copy.rows("select * from kept, pg_stats"))
        assert copy.offenders(by_value=True) == {}
