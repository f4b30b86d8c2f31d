"""What belongs to a server stays with it: a production of one is loaded into another, by a role that owns nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.loading import load, prove, unproven
from odooops_dagster.tools.backup.schema_load import Loaded
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.backups import Production, rows
from tests.servers import PostgresServer

# A check that is true once another table has its rows, which come later: tables are loaded in the order of their names.
_OTHER = ["create table other (n int)", "insert into other values (1)"]
_IS_OTHER = (
    "create function is_other(int) returns boolean language sql as 'select exists (select from {}other where n = $1)'"
)
_CHILD = ["create table a_child (n int check (is_other(n)))", "insert into a_child values (1)"]
_WITH_ROWS = """
update pg_extension set extcondition = '{"",""}',
    extconfig = (select array_agg(oid) from pg_class where relname in ('a job', 'a job_n_seq'))
 where extname = 'pg_trgm'
"""
_ODD = """
create function odd() returns text language sql as $$
select '
--
-- Name: x; Type: PUBLICATION; Schema: -; Owner: -
--
\\! x
GRANT ALL ON x TO y;
'
$$
"""
_ARE_VALID = "select n, (select bool_and(convalidated) from pg_constraint where contype = 'c') from "


@dataclass(frozen=True)
class Case:
    """What a production has, what of it is left out elsewhere, and a question that both answer alike."""

    has: Sequence[str]
    left_out: Sequence[str] = ()
    question: str = "select count(*) from sale_order"


KINDS = {
    "a tablespace": Case(
        [
            "create table filled (n int) tablespace fast",
            "insert into filled values (7)",
            "create index on filled (n) tablespace fast",
        ],
        ["tablespace fast"],
        "select * from filled",
    ),
    "a publication of all tables": Case(["create publication cdc for all tables"], ["publication cdc"]),
    "a publication of a table": Case(
        ["create publication cdc for table sale_order"],
        ["publication cdc", "publication table public.cdc sale_order"],
    ),
    "a subscription": Case(
        ["create subscription s connection 'host=127.0.0.1 port=1' publication p with (connect = false)"],
        ["subscription s"],
    ),
    "an event trigger": Case(
        [
            "create function noted() returns event_trigger language plpgsql as 'begin end'",
            "create event trigger note on ddl_command_end execute function noted()",
        ],
        ["event trigger note"],
    ),
    "a policy of a foreign role": Case(
        [
            "create policy p on sale_order to bi_reader using (true)",
            "alter table sale_order enable row level security, force row level security",
        ],
        ["policy public.sale_order p", "row security public.sale_order"],
    ),
    "a policy that needs nobody": Case(
        [
            "create policy p on sale_order using (true)",
            "alter table sale_order enable row level security, force row level security",
        ],
        question="select relrowsecurity, relforcerowsecurity from pg_class where relname = 'sale_order'",
    ),
    "a leakproof function": Case(
        [
            "create function more(n int) returns int language sql immutable leakproof as 'select n + 1 -- LEAKPROOF'",
            "create table led (n int default more(1))",
            "insert into led default values",
        ],
        ["function public.more(integer)"],
        "select more(n), prosrc from led, pg_proc where proname = 'more'",
    ),
    "a function in C": Case(
        [
            "create function size_of(text) returns int language internal as 'textlen'",
            "create view sizes as select size_of(note) from sale_order",
            "create materialized view kept_sizes as select * from sizes",
        ],
        [
            "function public.size_of(text)",
            "view public.sizes",
            "materialized view public.kept_sizes",
            "materialized view data public.kept_sizes",
        ],
    ),
    "a trigger in C": Case(
        [
            "create function noted() returns trigger language internal as 'suppress_redundant_updates_trigger'",
            "create trigger note before update on sale_order for each row execute function noted()",
        ],
        ["function public.noted()", "trigger public.sale_order note"],
    ),
    "an operator class": Case(
        [
            "create operator class odd for type int4 using hash as operator 1 =, function 1 hashint4(int4)",
            "create index by_odd on sale_order using hash (id odd)",
        ],
        ["operator family public.odd", "operator class public.odd", "index public.by_odd"],
    ),
    "a foreign server": Case(
        [
            "create extension postgres_fdw",
            "create server erp foreign data wrapper postgres_fdw",
            "create user mapping for bi_reader server erp options (user 'x', password 'secret')",
            "create foreign table far (n int) server erp",
            "create view near as select * from far",
        ],
        [
            "extension postgres_fdw",
            "server erp",
            "user mapping USER MAPPING bi_reader SERVER erp",
            "foreign table public.far",
            "view public.near",
        ],
    ),
    "a foreign data wrapper": Case(["create foreign data wrapper theirs"], ["foreign data wrapper theirs"]),
    "an extension with an index": Case(
        ["create extension pg_trgm", "create index by_note on sale_order using gin (note gin_trgm_ops)"],
        ["extension pg_trgm", "index public.by_note"],
    ),
    "an extension with an exclusion constraint": Case(
        [
            "create extension btree_gist",
            "create table slots (n int, constraint apart exclude using gist (n with =))",
            "insert into slots values (1)",
        ],
        ["extension btree_gist", "constraint public.slots apart"],
        "select * from slots",
    ),
    "an extension with rows of its own": Case(
        [
            "create extension pg_trgm",
            'create schema "a b"',
            'create table "a b"."c d" (n serial)',
            'insert into "a b"."c d" values (default)',
            'create table "a job" (n serial)',
            'insert into "a job" values (default)',
            'alter extension pg_trgm add table "a job"',
            'alter extension pg_trgm add sequence "a job_n_seq"',
            _WITH_ROWS,
        ],
        ["extension pg_trgm"],
        'select * from "a b"."c d"',
    ),
    "rights": Case(
        [
            "grant select on sale_order to bi_reader",
            "alter default privileges for role postgres grant select on tables to bi_reader",
        ]
    ),
    "comments on what others own": Case(
        ["comment on schema public is 'theirs'", "comment on extension plpgsql is 'theirs'"]
    ),
    "an access method": Case(
        [
            "create access method heap2 type table handler heap_tableam_handler",
            "create table elsewhere (n int) using heap2",
            "insert into elsewhere values (3)",
        ],
        ["access method heap2"],
        "select * from elsewhere",
    ),
    "a cast": Case(
        ["create type level as enum ('low', 'high')", "create cast (level as int4) with inout"],
        question="select 'low'::level",
    ),
    "a type in C": Case(
        [
            "create type blob",
            "create function blob_in(cstring) returns blob language internal immutable strict as 'textin'",
            "create function blob_out(blob) returns cstring language internal immutable strict as 'textout'",
            "create type blob (input = blob_in, output = blob_out, like = text)",
            "create cast (blob as text) without function",
            "create function read(blob) returns text language sql as 'select $1::text'",
        ],
        [
            "shell type public.blob",
            "function public.blob_in(cstring)",
            "function public.blob_out(public.blob)",
            "type public.blob",
            "cast CAST (public.blob AS text)",
            "function public.read(public.blob)",
        ],
    ),
    "a check of another table": Case([*_OTHER, _IS_OTHER.format("public."), *_CHILD], question=_ARE_VALID + "a_child"),
    "a check of another table by its bare name": Case(
        [*_OTHER, _IS_OTHER.format(""), *_CHILD], question=_ARE_VALID + "a_child"
    ),
    "a check of a domain": Case(
        [
            *_OTHER,
            _IS_OTHER.format(""),
            "create domain othered as int check (is_other(value))",
            "create table a_child (n othered)",
            "insert into a_child values (1)",
        ],
        question=_ARE_VALID + "a_child",
    ),
    "a check of partitions": Case(
        [
            *_OTHER,
            _IS_OTHER.format(""),
            "create table a_parted (n int check (is_other(n))) partition by list (n)",
            "create table a_part partition of a_parted for values in (1)",
            "insert into a_parted values (1)",
        ],
        question=_ARE_VALID + "a_parted",
    ),
    "a check of heirs": Case(
        [
            *_OTHER,
            _IS_OTHER.format(""),
            "create table a_parent (n int check (is_other(n)))",
            "create table a_child (constraint a_parent_n_check check (is_other(n))) inherits (a_parent)",
            "insert into a_child values (1)",
        ],
        question=_ARE_VALID + "a_child",
    ),
    "a check that the rows no longer pass": Case(
        [
            "create table few (n int check (n < coalesce(current_setting('shop.most', true), '10')::int))",
            "set shop.most = 100; insert into few values (50)",
        ],
        ["check constraint public.few few_n_check"],
        "select * from few",
    ),
    "a check of its own row": Case(
        ["create table plus (n int check (n > 0))", "insert into plus values (1)"], question=_ARE_VALID + "plus"
    ),
    "what looks like a heading": Case(
        [
            _ODD,
            "create function atomic(a int) returns int language sql begin atomic select a + 1; end",
            """create table "t; Type: PUBLICATION; Schema: x" (n text default E'it\\'s -- no $$ end', "it's" int)""",
            """create view after as select odd(), atomic(1), n from "t; Type: PUBLICATION; Schema: x" """,
        ],
        question="select odd(), atomic(1)",
    ),
}


@pytest.fixture
def production(
    postgres_server: PostgresServer, postgres15_server: PostgresServer, tmp_path: Path
) -> Iterator[Production]:
    """A filled production on the other server, which has a tablespace and a role besides."""
    with psycopg.connect(postgres15_server.url("postgres"), autocommit=True) as admin:
        admin.execute("create role bi_reader")
        admin.execute("set allow_in_place_tablespaces = on")
        admin.execute("create tablespace fast location ''")
        with postgres15_server.fresh_database(migrated=False) as url:
            made = Production(url, tmp_path / "filestore", Programs(folder=postgres_server.embedded.bin_dir))
            made.fill(files=2, orders=20)
            yield made
            with psycopg.connect(url, autocommit=True) as connection:
                here = "subdbid = (select oid from pg_database where datname = current_database())"
                for (name,) in connection.execute(f"select subname from pg_subscription where {here}".encode()):
                    connection.execute(f"alter subscription {name} set (slot_name = none)".encode())
                    connection.execute(f"drop subscription {name}".encode())
        admin.execute("drop tablespace fast")
        admin.execute("drop role bi_reader")


@pytest.fixture
def empty(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Callable[[], DatabaseAccess]]:
    """What makes empty databases of a role that may do what an environment's may."""
    databases = OdooDatabases(postgres_server.url("postgres"), secrets=tmp_path / "secrets")
    role = f"guest_{token_hex(4)}"
    databases.ensure_role(role)

    def make() -> DatabaseAccess:
        name = f"{role}_{token_hex(2)}"
        databases.create(name, owner=role)
        return databases.access(name, role=role)

    yield make
    for name in databases.list(role):
        databases.drop(name)
    databases.drop_role(role)


def dumped(production: Production, dump_format: str) -> bytes:
    """Return the dump of the production."""
    options = ["--format=custom", "--compress=0"] if dump_format == "custom" else ["--format=plain"]
    return subprocess.run(
        [production.programs.path("pg_dump"), *options, production.url], capture_output=True, check=True
    ).stdout


def named(loaded: Loaded) -> set[str]:
    """Return what was left out, without the reasons."""
    return {f"{gone.kind} {gone.name}" for gone in loaded.left_out}


def answer(url: str, question: str) -> list[tuple[object, ...]]:
    """Return what the database answers."""
    with psycopg.connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


@pytest.mark.parametrize("dump_format", ["custom", "plain"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_server_cannot_have_is_left_out_by_name(
    kind: str, dump_format: str, production: Production, empty: Callable[[], DatabaseAccess]
) -> None:
    """The rows are all there, and the schema's proof names no more than the load."""
    case = KINDS[kind]
    with psycopg.connect(production.url, autocommit=True) as connection:
        for statement in case.has:
            connection.execute(statement.encode())
    dump = dumped(production, dump_format)
    access = empty()
    using = {"dump_format": dump_format, "programs": production.programs}
    loaded = load(access, lambda: [dump], **using)  # type: ignore[arg-type]
    assert named(loaded) == set(case.left_out), loaded
    assert rows(access) == rows(production.access)
    assert answer(conninfo(access), case.question) == answer(production.url, case.question)
    proven = prove(empty(), lambda: [dump], **using)  # type: ignore[arg-type]
    assert named(loaded) - named(proven) <= {"check constraint public.few few_n_check"}
    assert proven.tables == loaded.tables
    assert named(unproven(lambda: [dump], **using)) <= named(proven)  # type: ignore[arg-type]


@pytest.mark.parametrize("dump_format", ["custom", "plain"])
def test_rows_that_need_what_a_server_lacks_are_refused_with_its_name(
    dump_format: str, production: Production, empty: Callable[[], DatabaseAccess]
) -> None:
    """A table is never left out: the proof fails as the load would, and says what to install."""
    production.execute("create extension citext")
    production.execute("create table people (email citext)")
    dump = dumped(production, dump_format)
    for bring in (load, prove):
        with pytest.raises(StepFailed, match=r'table public.people: type "public.citext" does not exist') as caught:
            bring(empty(), lambda: [dump], dump_format=dump_format, programs=production.programs)
        assert "extension citext" in str(caught.value.hint)
        assert "install the extension on this server" in str(caught.value.hint)


@pytest.mark.parametrize("dump_format", ["custom", "plain"])
def test_an_older_server_is_asked_in_the_same_way(
    dump_format: str, production: Production, postgres15_server: PostgresServer, tmp_path: Path
) -> None:
    """It does not know what our pg_restore says first."""
    production.execute("create publication cdc for all tables")
    for statement in (*_OTHER, _IS_OTHER.format(""), *_CHILD):
        production.execute(statement)
    databases = OdooDatabases(postgres15_server.url("postgres"), secrets=tmp_path / "secrets")
    name = f"guest_{token_hex(4)}"
    databases.ensure_role(name)
    databases.create(name, owner=name)
    try:
        access = databases.access(name, role=name)
        dump = partial(dumped, production, dump_format)
        loaded = load(access, lambda: [dump()], dump_format=dump_format, programs=production.programs)
        assert named(loaded) == {"publication cdc"}
        assert rows(access) == rows(production.access)
        assert answer(conninfo(access), _ARE_VALID + "a_child") == [(1, True)]
    finally:
        databases.drop(name)
        databases.drop_role(name)


def test_what_no_pg_dump_of_ours_writes_is_left_out_of_a_plain_dump(
    production: Production, empty: Callable[[], DatabaseAccess]
) -> None:
    """A security label needs a provider that few servers have."""
    end = b"--\n-- PostgreSQL database dump complete\n--\n"
    label = (
        b"--\n-- Name: TABLE sale_order; Type: SECURITY LABEL; Schema: public; Owner: -\n--\n\n"
        b"SECURITY LABEL FOR selinux ON TABLE public.sale_order IS 'secret';\n\n"
    )
    dump = dumped(production, "plain").replace(end, label + end)
    access = empty()
    loaded = load(access, lambda: [dump], dump_format="plain", programs=production.programs)
    assert named(loaded) == {"security label public.TABLE sale_order"}
    assert rows(access) == rows(production.access)


def test_a_command_of_psql_among_the_schema_is_refused(
    production: Production, empty: Callable[[], DatabaseAccess], tmp_path: Path
) -> None:
    """Wherever it stands, nothing is run."""
    trace = tmp_path / "trace"
    word = f"\\! touch {trace}\n".encode()
    for before in (b"CREATE TABLE public.sale_order", b"COPY public.sale_order", b"ALTER TABLE ONLY public.sale_order"):
        dump = dumped(production, "plain").replace(before, word + before, 1)
        blocks = partial(iter, [dump])
        with pytest.raises(StepFailed, match=r"command of psql|backslash commands are restricted"):
            load(empty(), blocks, dump_format="plain", programs=production.programs)
    assert not trace.exists()
