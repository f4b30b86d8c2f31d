"""What the owner of a database can make out of it, so that whoever works in it runs the owner's code.

Every object does what it stands for, and says in the server's log as whom it ran: the log is written in read-only and
in aborted transactions, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.home import program_log
from tests.servers import PostgresServer

_SAID = re.compile(rb"CAUGHT (\w+) as (\S+) for (\S+)")

_CATCH = """
create function public.caught(what text) returns boolean
language plpgsql volatile set search_path = pg_catalog as $caught$
begin
    raise log 'CAUGHT % as % for %', what, current_user, session_user;
    return true;
end $caught$;
create function public.caught_once(what text, value text) returns boolean
language plpgsql immutable set search_path = pg_catalog as $caught$
begin
    return public.caught(what);
end $caught$;
"""

# The pairs of types for which a query of ours could find an operator of theirs, with the catalog's own types. The last
# pair is taken where their search path begins with their schema.
_PAIRS = (
    ("oid", "regclass", "oid", "oid"),
    ("regclass", "oid", "oid", "oid"),
    ("oid", "regnamespace", "oid", "oid"),
    ("varchar", "varchar", "text", "text"),
    ("name", "varchar", "text", "text"),
    ("text", "text", "text", "text"),
)


def _operator(sign: str, left: str, right: str, first: str, second: str) -> str:
    name = {"=": "equals", "<>": "differs", "~": "matches", "!~": "matches_not"}[sign] + f"_{left}_{right}"
    return f"""
create function public.{name}({left}, {right}) returns boolean
language plpgsql stable set search_path = pg_catalog as $op$
begin
    perform public.caught('operator');
    return $1::{first} operator(pg_catalog.{sign}) $2::{second};
end $op$;
create operator public.{sign} (leftarg = {left}, rightarg = {right}, function = public.{name});
"""


_OPERATORS = "".join(
    _operator(sign, *pair)
    for pair in _PAIRS
    for sign in ("=", "<>", "~", "!~")
    if "text" in pair[2:] or sign in ("=", "<>")
)

# Functions of the names that our queries use, for types for which the catalog has none.
_FUNCTIONS = """
create function public.starts_with(name, text) returns boolean language plpgsql stable as $f$
begin
    perform public.caught('function');
    return pg_catalog.starts_with($1::text, $2);
end $f$;
create function public.md5(varchar) returns text language plpgsql stable as $f$
begin
    perform public.caught('function');
    return pg_catalog.md5($1::text);
end $f$;
create function public.to_regclass(varchar) returns regclass language plpgsql stable as $f$
begin
    perform public.caught('function');
    return pg_catalog.to_regclass($1::text);
end $f$;
"""

# What runs when rows are written, loaded or read as text.
_TABLES = """
alter table public.ir_module_module alter column name type varchar, alter column state type varchar;
alter table public.ir_attachment alter column store_fname type varchar;
create type public.sly as (content text);
create function public.sly_text(public.sly) returns text language plpgsql stable as $f$
begin
    perform public.caught('cast');
    return ($1).content;
end $f$;
create cast (public.sly as text) with function public.sly_text(public.sly) as implicit;
create domain public.checked as text check (public.caught_once('domain', value));
create table public.snares (
    id int primary key,
    defaulted boolean default public.caught('default'),
    made boolean generated always as (public.caught_once('generated', id::text)) stored,
    domained public.checked,
    sly public.sly,
    check (public.caught_once('constraint', domained))
);
create index on public.snares ((public.caught_once('index', domained)));
insert into public.snares (id, domained, sly) values (1, 'x', row('a secret of nobody'));
create materialized view public.kept as select public.caught('materialized_view') as caught, id from public.snares;
create view public.seen as select public.caught('view') as caught, id from public.snares;
create function public.on_row() returns trigger language plpgsql as $f$
begin
    perform public.caught('trigger');
    return new;
end $f$;
create trigger snare before insert or update on public.ir_config_parameter
for each row execute function public.on_row();
create trigger snare before insert or update on public.sale_order
for each row execute function public.on_row();
alter table public.ir_attachment enable row level security;
create policy everyone on public.ir_attachment using (public.caught('policy'));
"""

_RULE = "create rule snare as on update to public.sale_order do also select public.caught('rule');"

# Exact matches are found before the catalog's, if the role's own setting puts the schema first.
_PATH = "alter role current_user set search_path = public, pg_catalog;"

# A view where we expect the table: `ir_module_module` is read after every command of Odoo.
_VIEW = """
alter table public.ir_module_module rename to real_modules;
create view public.ir_module_module as select * from public.real_modules where public.caught('view');
"""
_FORCED_POLICY = "alter table public.ir_attachment force row level security;"

_ALL = _CATCH + _OPERATORS + _FUNCTIONS + _TABLES
# The first may not stop anything; the others may, and still nobody else runs them.
HIJACKS = {
    "operators, functions, casts and triggers": _ALL + _RULE,
    "a search path of the role's own": _ALL + _PATH,
    "a view in place of a table": _ALL + _VIEW,
    "a forced policy": _ALL + _FORCED_POLICY,
}
HARMLESS_TO_ITSELF = "operators, functions, casts and triggers"

# What only a superuser may make: the server refuses it, and so does every load of a dump.
EVENT_TRIGGER = """
create function public.on_ddl() returns event_trigger language plpgsql as $f$
begin
    perform public.caught('event_trigger');
end $f$;
create event trigger snare on ddl_command_end execute function public.on_ddl();
"""


@dataclass(frozen=True, kw_only=True)
class Caught:
    """One kind of object that ran: as which role, in whose session."""

    what: str
    role: str
    session: str


class Watch:
    """Reads from the server's log what ran since the watch began."""

    def __init__(self, server: PostgresServer) -> None:
        self._log: Path = program_log(server.embedded.home, "postgres")
        self._begin = self._log.stat().st_size

    def caught(self) -> set[Caught]:
        """Return what ran."""
        with self._log.open("rb") as log:
            log.seek(self._begin)
            found = _SAID.findall(log.read())
        return {Caught(what=w.decode(), role=r.decode(), session=s.decode()) for w, r, s in found}

    def roles(self) -> set[str]:
        """Return every role as which something ran, in whose session it ran included."""
        return {name for one in self.caught() for name in (one.role, one.session)}
