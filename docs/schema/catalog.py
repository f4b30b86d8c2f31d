"""Reads schema ops from the catalog of a migrated database; everything comes in an order that no server chooses."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row

from docs.schema.model import (
    Column,
    CompositeType,
    Enum,
    ForeignKey,
    Function,
    Grant,
    Index,
    Key,
    Policy,
    Schema,
    Table,
    Trigger,
    View,
)

ROLES = (
    "anon",
    "authenticated",
    "ci_service_role",
    "qa_tester",
    "release_manager",
    "sre",
    "developer",
    "audit_reader",
    "ops_gateway",
    "ops_worker",
    "ops_operator",
    "service_role",
)
VERBS = ("select", "insert", "update", "delete", "truncate")
_ON_DELETE = {"a": "no action", "c": "cascade", "n": "set null", "d": "set default", "r": "restrict"}
_VOLATILITY = {"v": "volatile", "s": "stable", "i": "immutable"}

# A partition is its table's own affair: it comes and goes by the month.
_RELATIONS = """
    select c.oid, c.relname as name, c.relkind::text as kind, obj_description(c.oid, 'pg_class') as comment,
        case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key
    from pg_class as c
    where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p', 'v', 'c') and not c.relispartition
    order by c.relname collate "C"
"""
_COLUMNS = """
    select a.attrelid as oid, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
        a.attnotnull as is_required, pg_get_expr(d.adbin, d.adrelid, true) as default,
        a.attidentity <> '' as is_identity, col_description(a.attrelid, a.attnum) as comment
    from pg_attribute as a
    left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = any (%(relations)s) and a.attnum > 0 and not a.attisdropped
    order by a.attrelid, a.attnum
"""
_CONSTRAINTS = """
    select k.conrelid as oid, k.conname as name, k.contype::text as kind, k.confdeltype::text as on_delete,
        target.relname as target, regexp_replace(pg_get_constraintdef(k.oid, true), ' NOT VALID$', '') as definition,
        array(
            select a.attname from unnest(k.conkey) with ordinality as u (attnum, place)
            join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.attnum order by u.place
        ) as columns,
        array(
            select a.attname from unnest(k.confkey) with ordinality as u (attnum, place)
            join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = u.attnum order by u.place
        ) as target_columns
    from pg_constraint as k
    left join pg_class as target on target.oid = k.confrelid
    where k.conrelid = any (%(relations)s) and k.contype in ('p', 'u', 'f', 'c') and k.conparentid = 0
    order by k.conname collate "C"
"""
_INDEXES = """
    select i.indrelid as oid, c.relname as name, pg_get_indexdef(i.indexrelid) as definition, m.amname as method,
        i.indisunique as is_unique, pg_get_expr(i.indpred, i.indrelid, true) as predicate,
        array(
            select pg_get_indexdef(i.indexrelid, place, true) from generate_series(1, i.indnkeyatts) as place
        ) as columns,
        i.indexprs is null and i.indpred is null and not i.indnullsnotdistinct as is_plain
    from pg_index as i
    join pg_class as c on c.oid = i.indexrelid
    join pg_am as m on m.oid = c.relam
    where i.indrelid = any (%(relations)s)
        and not exists (select from pg_constraint as k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
    order by c.relname collate "C"
"""
_TRIGGERS = """
    select t.tgrelid as oid, t.tgname as name, pg_get_triggerdef(t.oid, true) as definition, p.proname as function
    from pg_trigger as t
    join pg_proc as p on p.oid = t.tgfoid
    where t.tgrelid = any (%(relations)s) and not t.tgisinternal
    order by t.tgname collate "C"
"""
_POLICIES = """
    select p.polrelid as oid, p.polname as name, p.polcmd::text as verb,
        array(select r.rolname from pg_roles as r where r.oid = any (p.polroles)) as roles,
        pg_get_expr(p.polqual, p.polrelid, true) as "using", pg_get_expr(p.polwithcheck, p.polrelid, true) as "check"
    from pg_policy as p
    where p.polrelid = any (%(relations)s)
    order by p.polname collate "C"
"""
_GRANTS = """
    select c.oid, role, verb, has_table_privilege(role, c.oid, verb) as whole,
        array(
            select a.attname from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                and verb in ('select', 'insert', 'update') and has_column_privilege(role, c.oid, a.attnum, verb)
            order by a.attnum
        ) as columns
    from pg_class as c
    cross join unnest(%(roles)s::text[]) as role
    cross join unnest(%(verbs)s::text[]) as verb
    where c.oid = any (%(relations)s) and c.relkind <> 'c'
"""
_ENUMS = """
    select t.typname as name, array_agg(e.enumlabel::text order by e.enumsortorder) as labels
    from pg_type as t
    join pg_enum as e on e.enumtypid = t.oid
    where t.typnamespace = 'ops'::regnamespace
    group by t.typname
    order by t.typname collate "C"
"""
_FUNCTIONS = """
    select p.proname as name, p.pronamespace::regnamespace::text = 'ops_private' as is_private,
        obj_description(p.oid, 'pg_proc') as comment,
        pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
        p.provolatile::text as volatility, p.prosecdef as is_definer,
        array(
            select role from unnest(%(roles)s::text[]) with ordinality as r (role, place)
            where has_function_privilege(role, p.oid, 'execute') order by place
        ) as executors
    from pg_proc as p
    where p.pronamespace in ('ops'::regnamespace, to_regnamespace('ops_private'))
    order by p.proname collate "C"
"""

Rows = list[dict[str, Any]]


def read_schema(url: str) -> Schema:
    """Return schema ops as the database at the URL holds it."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        # Every name comes out with its schema.
        connection.execute("set search_path = ''")
        relations = connection.execute(_RELATIONS).fetchall()
        parts = _Parts(connection, relations)
        return Schema(
            tables=tuple(parts.table(row) for row in relations if row["kind"] in {"r", "p"}),
            views=tuple(parts.view(row) for row in relations if row["kind"] == "v"),
            enums=tuple(Enum(name=row["name"], labels=tuple(row["labels"])) for row in connection.execute(_ENUMS)),
            composites=tuple(
                CompositeType(name=row["name"], columns=parts.columns(row)) for row in relations if row["kind"] == "c"
            ),
            functions=tuple(_function(row) for row in connection.execute(_FUNCTIONS, {"roles": list(ROLES)})),
        )


class _Parts:
    """What hangs on relations, read once for all and handed out for each."""

    def __init__(self, connection: psycopg.Connection[DictRow], relations: Rows) -> None:
        self._connection = connection
        self._relations = [row["oid"] for row in relations]
        self._columns = self._read(_COLUMNS)
        self._constraints = self._read(_CONSTRAINTS)
        self._indexes = self._read(_INDEXES)
        self._triggers = self._read(_TRIGGERS)
        self._policies = self._read(_POLICIES)
        self._grants = self._read(_GRANTS)

    def table(self, row: dict[str, Any]) -> Table:
        """Return the table of the row."""
        constraints = self._constraints[row["oid"]]
        return Table(
            name=row["name"],
            comment=row["comment"] or "",
            columns=self.columns(row),
            keys=tuple(_key(item) for item in constraints if item["kind"] in {"p", "u"}),
            foreign_keys=tuple(_foreign_key(item) for item in constraints if item["kind"] == "f"),
            checks=tuple(_check(item["definition"]) for item in constraints if item["kind"] == "c"),
            indexes=tuple(_index(item) for item in self._indexes[row["oid"]]),
            triggers=tuple(_trigger(item) for item in self._triggers[row["oid"]]),
            policies=tuple(_policy(item) for item in self._policies[row["oid"]]),
            grants=self.grants(row),
            partition_key=row["partition_key"],
        )

    def view(self, row: dict[str, Any]) -> View:
        """Return the view of the row."""
        return View(name=row["name"], comment=row["comment"] or "", columns=self.columns(row), grants=self.grants(row))

    def columns(self, row: dict[str, Any]) -> tuple[Column, ...]:
        """Return the columns of the row's relation."""
        return tuple(
            Column(**{name: value for name, value in item.items() if name != "oid"})
            for item in self._columns[row["oid"]]
        )

    def grants(self, row: dict[str, Any]) -> tuple[Grant, ...]:
        """Return who may do what with the row's relation."""
        granted = {(item["role"], item["verb"]): item for item in self._grants[row["oid"]]}
        return tuple(
            grant for role in ROLES if (grant := _grant(role, [granted[role, verb] for verb in VERBS])) is not None
        )

    def _read(self, query: LiteralString) -> dict[int, Rows]:
        parameters = {"relations": self._relations, "roles": list(ROLES), "verbs": list(VERBS)}
        found: dict[int, Rows] = defaultdict(list)
        for row in self._connection.execute(query, parameters):
            found[row["oid"]].append(row)
        return found


def _key(row: dict[str, Any]) -> Key:
    return Key(name=row["name"], columns=tuple(row["columns"]), is_primary=row["kind"] == "p")


def _foreign_key(row: dict[str, Any]) -> ForeignKey:
    return ForeignKey(
        name=row["name"],
        columns=tuple(row["columns"]),
        target=row["target"],
        target_columns=tuple(row["target_columns"]),
        on_delete=_ON_DELETE[row["on_delete"]],
    )


def _check(definition: str) -> str:
    return definition.removeprefix("CHECK ").removeprefix("(").removesuffix(")")


def _index(row: dict[str, Any]) -> Index:
    return Index(
        name=row["name"],
        definition=re.sub(r"^CREATE (UNIQUE )?INDEX \S+ ON (ONLY )?\S+ USING ", r"\1", row["definition"]),
        columns=tuple(row["columns"]),
        method=row["method"],
        is_unique=row["is_unique"],
        is_plain=row["is_plain"],
        predicate=row["predicate"],
    )


def _trigger(row: dict[str, Any]) -> Trigger:
    fires = re.sub(r"^CREATE TRIGGER \S+ (.*) ON \S+ .*$", r"\1", row["definition"]).lower()
    return Trigger(name=row["name"], fires=fires, function=row["function"])


def _policy(row: dict[str, Any]) -> Policy:
    verb = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}[row["verb"]]
    roles = tuple(sorted(row["roles"], key=_place)) or ("public",)
    return Policy(name=row["name"], verb=verb, roles=roles, using=row["using"], check=row["check"])


def _place(role: str) -> tuple[int, str]:
    return (ROLES.index(role) if role in ROLES else len(ROLES), role)


def _grant(role: str, rows: Iterable[dict[str, Any]]) -> Grant | None:
    verbs, columns = [], []
    for row in rows:
        if row["whole"] or row["columns"]:
            verbs.append(row["verb"])
        if row["columns"] and not row["whole"]:
            columns += [f"{row['verb']} {name}" for name in row["columns"]]
    return Grant(role=role, verbs=tuple(verbs), columns=tuple(columns)) if verbs else None


def _function(row: dict[str, Any]) -> Function:
    return Function(
        name=row["name"],
        comment=row["comment"] or "",
        arguments=tuple(_split(row["arguments"])),
        result=row["result"],
        volatility=_VOLATILITY[row["volatility"]],
        is_definer=row["is_definer"],
        is_private=row["is_private"],
        executors=tuple(row["executors"]),
    )


def _split(arguments: str) -> list[str]:
    """Split a list of arguments at the commas that no bracket or quote holds."""
    parts = re.findall(r"(?:[^,('\"]|\([^)]*\)|'[^']*'|\"[^\"]*\")+", arguments)
    return [part.strip() for part in parts if part.strip()]
