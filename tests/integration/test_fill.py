"""A secret that may not be emptied is replaced by a value that its column takes, whatever the table's own rules are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from odooops_dagster.errors import SanitizationFailed
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.pipeline import SanitizationReport, offenders, sanitize
from odooops_dagster.tools.sanitize.terms import Terms
from tests.servers import PostgresServer

MARKED = """
create table ir_config_parameter (id serial primary key, key text unique, value text);
insert into ir_config_parameter (key, value) values ('database.is_neutralized', 'true');
"""
REFUSE = """
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'append-only'; end $$;
create function forget() returns trigger language plpgsql as $$ begin return null; end $$;
create function remember() returns trigger language plpgsql as $$
begin
    insert into trail (was) values (old.secret_word);
    return new;
end $$;
"""


class Copy:
    """A copy of production that nobody has made harmless yet."""

    def __init__(self, access: DatabaseAccess) -> None:
        self.access = access
        self.url = make_conninfo(
            host=access.host, port=access.port, user=access.user, password=access.password, dbname=access.database
        )
        self.execute(MARKED)

    def execute(self, statements: str) -> None:
        """Run statements as the copy's owner."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statements.encode())

    def values(self, query: str) -> list[Any]:
        """Return what a query of one column finds."""
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(query.encode())]

    def sanitize(
        self, *masks: str, columns: dict[str, str] | None = None, is_again: bool = False, is_discarded: bool = False
    ) -> SanitizationReport:
        """Make the copy harmless by these rules of policy clone.columns."""
        return sanitize(
            self.access,
            scripts=(),
            masks=[Script(name=f"masks/{number}.sql", text=text) for number, text in enumerate(masks)],
            progress=print,
            terms=Terms(columns=columns or {}, is_again=is_again, is_discarded=is_discarded),
        )


@pytest.fixture(params=["postgres_server", "postgres15_server"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copy]:
    """Yield a copy on either end of the range of servers; its role is no superuser."""
    server: PostgresServer = request.getfixturevalue(request.param)
    databases = OdooDatabases(server.url("postgres"), secrets=tmp_path / "secrets")
    name = f"fill_{token_hex(4)}"
    databases.ensure_role(name)
    databases.create(name, owner=name)
    yield Copy(databases.access(name, role=name))
    databases.drop(name)
    databases.drop_role(name)


# Each column with the values of its rows: three ways in which production's own rules narrow what may stand there.
COLUMNS = {
    "a short column": ("varchar(20) not null", ["correct-horse-1", "correct-horse-2"]),
    "a column of 32 characters": ("varchar(32) not null unique", ["0a" * 16, "1b" * 16]),
    "a PIN": ("char(4) not null unique", [f"{number:04}" for number in range(1000, 1060)]),
    "a PIN with a check": ("varchar not null check ({0} ~ '^[0-9]{{4}}$')", ["4711", "0815"]),
    "many PINs that are unique": ("char(3) not null unique check ({0} ~ '^\\d+$')", [f"{n:03}" for n in range(400)]),
    "a SHA-1 in hexadecimal": ("text not null check ({0} ~ '^[0-9a-f]{{40}}$')", ["da39a3ee" * 5, "5e6b4b0d" * 5]),
    "capital letters": ("text not null check ({0} = upper({0}))", ["SESAME", "OPEN"]),
    "groups of letters and digits": ("text not null check ({0} ~ '^[A-Z]{{3}}-\\d{{3}}$')", ["ABC-123", "XYZ-999"]),
    "an address": ("text not null check ({0} like 'https://%')", ["https://hooks.example.com/T0/B0/x"]),
    "an address of mail": ("text not null check ({0} ~ '^[^@]+@[^@]+\\.[a-z]+$')", ["boss@example.com"]),
    "a longest length": ("text not null check (length({0}) <= 12)", ["hunter2", "hunter22"]),
    "one of a few words": ("text not null check ({0} in ('weak', 'strong', 'none', 'other'))", ["strong"]),
    "a check on an optional column": ("text check ({0} is not null)", ["swordfish"]),
    "a domain of its own": ("pass_code not null", ["AB12", "CD34"]),
    "bytes of a fixed length": ("bytea not null check (length({0}) = 16)", ["\\x" + "ab" * 16]),
    "an object": ("""jsonb not null check (jsonb_typeof({0}) = 'object')""", ['{"key": "swordfish"}']),
    "a list": ("""json not null check (json_typeof({0}) = 'array')""", ['["swordfish"]']),
}
DOMAINS = "create domain pass_code as varchar(4) check (value ~ '^[A-Z0-9]+$');"


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_gets_a_value_that_it_takes(copy: Copy, kind: str) -> None:
    """No value of production is left, each differs from the others, and what is asked of the copy is answered."""
    declared, values = COLUMNS[kind]
    copy.execute(DOMAINS + f"create table door (id serial primary key, api_token {declared.format('api_token')})")
    with psycopg.connect(copy.url) as connection:
        connection.cursor().executemany("insert into door (api_token) values (%s)", [[value] for value in values])
    before = copy.values("select api_token::text from door")
    report = copy.sanitize()
    after = copy.values("select api_token::text from door")
    assert report.scrubbed["door.api_token"] == len(before) == len(after)
    assert not set(after) & set(before)
    assert len(set(after)) == len(set(before))
    assert offenders(copy.access) == {}


@pytest.mark.parametrize(
    "guard",
    [
        "create trigger guard before update on ledger for each row execute function refuse()",
        "create trigger guard before update on ledger for each statement execute function refuse()",
        "create trigger guard before update on ledger for each row execute function forget()",
        """create constraint trigger guard after update on ledger deferrable initially deferred
        for each row execute function refuse()""",
        "create trigger guard after update on ledger for each row execute function remember()",
        """create trigger guard before update on ledger for each row execute function refuse();
        alter table ledger enable always trigger guard""",
        "create rule guard as on update to ledger do instead nothing",
        "alter table ledger enable row level security; alter table ledger force row level security",
    ],
)
def test_a_table_that_refuses_changes_is_scrubbed_and_refuses_them_again(copy: Copy, guard: str) -> None:
    """Triggers, rules and forced row security are suspended and stand again as they were; nothing writes a trail."""
    copy.execute(
        REFUSE
        + "create table ledger (id serial primary key, secret_word text not null); create table trail (was text);"
        + "insert into ledger (secret_word) values ('swordfish');"
        + "create trigger off before update on ledger for each row execute function refuse();"
        + "alter table ledger disable trigger off;"
        + guard
    )
    guards = (
        "select concat(t.tgname, t.tgenabled) from pg_trigger t where tgrelid = 'ledger'::regclass"
        " union all select concat(r.rulename, r.ev_enabled) from pg_rewrite r where ev_class = 'ledger'::regclass"
        " union all select concat(relrowsecurity, relforcerowsecurity) from pg_class where oid = 'ledger'::regclass"
        " order by 1"
    )
    before = copy.values(guards)
    assert copy.sanitize().scrubbed["ledger.secret_word"] == 1
    assert copy.values(guards) == before
    copy.execute("alter table ledger no force row level security")
    [value] = copy.values("select secret_word from ledger")
    assert value.startswith("scrubbed-")
    assert copy.values("select was from trail") == []


def test_a_partition_s_own_guards_are_suspended_too(copy: Copy) -> None:
    """A table may be spread over others, each with triggers of its own, and rows of two parts may lie in one place."""
    copy.execute(
        REFUSE
        + "create table ledger (id int, secret_word char(4) not null, unique (id, secret_word)) partition by list (id);"
        + "create table ledger_1 partition of ledger for values in (1);"
        + "create table ledger_2 partition of ledger for values in (2);"
        + "insert into ledger values (1, 'aaaa'), (2, 'bbbb');"
        + "alter table ledger_1 add check (secret_word ~ '^[a-z]+$');"
        + "create trigger guard before update on ledger_2 for each row execute function refuse();"
        + "create trigger all_guard before update on ledger for each row execute function refuse()"
    )
    enabled = "select concat(tgrelid::regclass, tgname, tgenabled) from pg_trigger order by 1"
    before = copy.values(enabled)
    copy.sanitize()
    assert not {"aaaa", "bbbb"} & set(copy.values("select secret_word from ledger"))
    assert copy.values(enabled) == before


def test_tables_that_point_at_each_other_s_secrets_still_do(copy: Copy) -> None:
    """A foreign key carries a secret to a column of another name; both get the same new value."""
    copy.execute(
        "create table grants (access_token varchar(40) primary key);"
        "create table sessions (id serial primary key, holder varchar(40) not null references grants,"
        " former varchar(40) references grants on update cascade deferrable);"
        "insert into grants values ('one'), ('two');"
        "insert into sessions (holder, former) values ('one', 'two'), ('two', null)"
    )
    keys = "select concat(conname, condeferrable, condeferred) from pg_constraint where contype = 'f' order by 1"
    before = copy.values(keys)
    copy.sanitize()
    assert not {"one", "two"} & set(copy.values("select access_token from grants union select holder from sessions"))
    assert copy.values("select count(*) from grants join sessions on holder = access_token") == [2]
    assert copy.values("select former from sessions where former is not null") == []
    assert copy.values(keys) == before


IMPOSSIBLE = (
    "create table vault (id int primary key, api_key text not null,"
    " constraint vault_key_is_signed check (md5(api_key) = '1fc563c9e78576d50fc5519b0277ecf3'));"
    "insert into vault values (1, 'k-12');"
    "create table opened (vault_id int not null references vault);"
)


def test_a_column_that_takes_nothing_else_is_named(copy: Copy) -> None:
    """With the constraint in its way, and what the policy can say of it; nothing was changed."""
    copy.execute(IMPOSSIBLE)
    with pytest.raises(SanitizationFailed, match=r"vault\.api_key cannot be scrubbed: .*vault_key_is_signed") as caught:
        copy.sanitize()
    assert "clone.columns" in str(caught.value.hint)
    assert '"vault.api_key": "delete_rows"' in str(caught.value.hint)
    assert copy.values("select api_key from vault") == ["k-12"]


@pytest.mark.parametrize(
    ("rule", "left"),
    [("keep", ["k-12", "k-13"]), ("delete_rows", []), ("truncate", []), ("value:k-13", ["k-13", "k-13"])],
)
def test_policy_says_what_to_do_with_a_column(copy: Copy, rule: str, left: list[str]) -> None:
    """Keep it as a named exception, delete its rows, or put one value everywhere."""
    copy.execute(
        "create table vault (id int, api_key text not null, check (md5(api_key) in (md5('k-12'), md5('k-13'))));"
        "insert into vault values (1, 'k-12'), (2, 'k-13')"
    )
    report = copy.sanitize(columns={"vault.api_key": rule, "vault.nothing": "keep"})
    assert copy.values("select api_key from vault order by 1") == left
    assert report.kept == (("vault.api_key",) if rule == "keep" else ())
    assert report.rules_without_column == ("vault.nothing",)
    assert offenders(copy.access) == {}


def test_rows_that_others_need_cannot_be_deleted_by_a_rule(copy: Copy) -> None:
    """The rule is named with what is in its way."""
    copy.execute(IMPOSSIBLE + "insert into opened values (1)")
    with pytest.raises(SanitizationFailed, match=r"vault\.api_key cannot be scrubbed: delete_rows: .*opened"):
        copy.sanitize(columns={"vault.api_key": "delete_rows"})


def test_a_column_of_any_name_can_be_given_a_value(copy: Copy) -> None:
    """Policy knows more of the installation than a list of words."""
    copy.execute("create table bank (iban text not null); insert into bank values ('DE00 1234')")
    report = copy.sanitize(columns={"bank.iban": "value:XX00"})
    assert copy.values("select iban from bank") == ["XX00"]
    assert report.scrubbed["bank.iban"] == 1


PINS = (
    "create table cashier (id int, pin_code varchar(4) not null check (pin_code ~ '^[0-9]+$'));"
    "insert into cashier values (1, '4711'), (2, '0815')"
)


def test_what_a_mask_writes_is_what_stands_there(copy: Copy) -> None:
    """Also in a column that was scrubbed before, and also when the copy is made harmless again after an update."""
    copy.execute(PINS)
    assert copy.sanitize("update cashier set pin_code = '0000'").masked_tables == {"cashier": 2}
    assert copy.values("select pin_code from cashier") == ["0000", "0000"]
    assert offenders(copy.access) == {}
    copy.sanitize(is_again=True)
    assert copy.values("select pin_code from cashier") == ["0000", "0000"]


def test_a_mask_sees_no_secret(copy: Copy) -> None:
    """It runs after the scrub, so that it cannot carry a secret to where nobody looks."""
    copy.execute(PINS + "; create table notes (line text)")
    copy.sanitize("insert into notes select pin_code from cashier")
    assert not {"4711", "0815"} & set(copy.values("select line from notes"))


@pytest.mark.parametrize(
    "change", ["update cashier set pin_code = '1234' where id = 1", "insert into cashier values (3, '7')"]
)
def test_what_comes_into_a_filled_column_later_is_found_and_scrubbed_again(copy: Copy, change: str) -> None:
    """A short value bears no mark; what stood there when the copy was made harmless is known by its sum."""
    copy.execute(PINS)
    copy.sanitize()
    copy.execute(change)
    assert offenders(copy.access) == {"keeps no secret": ["cashier.pin_code"]}
    copy.sanitize(is_again=True)
    assert not {"1234", "7"} & set(copy.values("select pin_code from cashier"))
    assert offenders(copy.access) == {}


def test_production_cannot_say_that_it_was_made_harmless(copy: Copy) -> None:
    """It may have been restored from a copy that was, and people have worked with it since."""
    copy.execute(PINS)
    copy.sanitize(columns={"cashier.pin_code": "keep"})
    copy.sanitize()
    assert not {"4711", "0815"} & set(copy.values("select pin_code from cashier"))


def test_of_a_copy_that_is_thrown_away_a_column_that_cannot_be_scrubbed_is_only_named(copy: Copy) -> None:
    """A drill goes on: nobody but the drill itself ever opens its copy."""
    copy.execute(IMPOSSIBLE + PINS)
    report = copy.sanitize(is_discarded=True)
    assert list(report.unscrubbed) == ["vault.api_key"]
    assert "vault_key_is_signed" in report.unscrubbed["vault.api_key"]
    assert report.scrubbed["cashier.pin_code"] == 2


NEWER = """
-- a release; brings `sandbox`
update carrier set active = false; /* and; this */ update carrier set sandbox = true;
insert into carrier_log (line) values ('it''s; off');
do $body$ begin update carrier set name = 'off; $$'; end $body$;
"""


def run_script(copy: Copy, text: str, *, is_of_tables: bool = False) -> SanitizationReport:
    """Run a neutralising script on the copy."""
    script = Script(name="carrier/data/neutralize.sql", text=text)
    terms = Terms(is_of_tables=is_of_tables)
    return sanitize(copy.access, scripts=[script], masks=(), progress=print, terms=terms)


def test_a_script_newer_than_the_tables_switches_off_what_there_is(copy: Copy) -> None:
    """A statement that names what a release brings is passed over, and on record; the others run."""
    copy.execute("create table carrier (name text, active boolean); insert into carrier values ('van', true)")
    report = run_script(copy, NEWER)
    assert copy.values("select name from carrier where not active") == ["off; $$"]
    assert [line.partition(": ")[0] for line in report.skipped] == [
        "carrier/data/neutralize.sql, line 3",
        "carrier/data/neutralize.sql, line 4",
    ]
    assert '"sandbox"' in report.skipped[0]


def test_a_script_of_the_code_that_made_the_tables_fails_where_it_names_nothing(copy: Copy) -> None:
    """It is wrong then, and nobody knows what it leaves on."""
    copy.execute("create table carrier (name text, active boolean)")
    with pytest.raises(SanitizationFailed, match=r'carrier/data/neutralize\.sql, line 3: column "sandbox"'):
        run_script(copy, NEWER, is_of_tables=True)


@pytest.mark.parametrize(
    "text", ["select 1/0;", "update carrier set active = 'perhaps'", "commit; begin;", "syntax error"]
)
def test_any_other_fault_of_a_script_stops_the_clone(copy: Copy, text: str) -> None:
    """Only what is not there needs no switching off."""
    copy.execute("create table carrier (name text, active boolean); insert into carrier values ('van', true)")
    for script in (text, f"update nothing set a = 1; {text}"):
        with pytest.raises(SanitizationFailed, match=r"carrier/data/neutralize\.sql"):
            run_script(copy, script)
    assert copy.values("select active from carrier") == [True]
