"""Puts a canary into every place of a real Odoo's database where production would keep a secret."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from odooops_dagster.tools.sanitize.columns import Column, readable_columns, secret_columns, writable
from odooops_dagster.tools.sanitize.secrets import SecretList, table_of

Connection = psycopg.Connection[Any]
MARK = "kanarienvogel"
# Added to every table that has no column called like a secret, as another module of the table's model would.
TRAP = "x_carrier_api_key"


@dataclass
class Canaries:
    """Where they sit."""

    columns: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)


def canary(place: str) -> str:
    """Return a value that no format gives away and no other place has."""
    return f"{MARK}-7x-{place}"


def release(connection: Connection, known: SecretList) -> Canaries:
    """Put them in, as a superuser for whom no foreign key and no trigger counts."""
    connection.execute("set local session_replication_role = replica")
    made = Canaries()
    by_table: dict[str, list[Column]] = defaultdict(list)
    for column in secret_columns(writable(readable_columns(connection)), known):
        by_table[column.table].append(column)
    for table in _tables(connection):
        _bring_row(connection, table)
        if not by_table[table]:
            connection.execute(sql.SQL("alter table {} add {} text").format(*map(sql.Identifier, (table, TRAP))))
            by_table[table] = [Column(table=table, name=TRAP, data_type="text", base="text", is_nullable=True)]
        for column in by_table[table]:
            _put(connection, column)
            made.columns.append(column.place)
    _parameters(connection, known, made)
    _fields(connection, known, made)
    _letters(connection)
    return made


def _tables(connection: Connection) -> list[str]:
    rows = connection.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname"
    )
    return [str(name) for (name,) in rows.fetchall()]


def _bring_row(connection: Connection, table: str) -> None:
    """Bring a row into the table where it has none; what it must say to be a good one does not matter here."""
    if connection.execute(sql.SQL("select from {} limit 1").format(sql.Identifier(table))).rowcount:
        return
    for (name,) in connection.execute(_CHECKS, [table]).fetchall():
        connection.execute(sql.SQL("alter table {} drop constraint {}").format(*map(sql.Identifier, (table, name))))
    needed = connection.execute(_NEEDED, [table]).fetchall()
    statement = sql.SQL("insert into {} default values").format(sql.Identifier(table))
    if needed:
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.Identifier(name) for name, _, _ in needed),
            sql.SQL(", ").join(
                sql.SQL("{}::{}").format(sql.Literal(_VALUES.get(category, "1")), sql.SQL(declared))
                for _, category, declared in needed
            ),
        )
    connection.execute(statement)


def _put(connection: Connection, column: Column) -> None:
    value = sql.Literal(canary(column.place))
    shapes = {"bytea": "convert_to({}, 'UTF8')", "json": "to_json({}::text)", "jsonb": "to_jsonb({}::text)"}
    connection.execute(
        sql.SQL("update {} set {} = {} where ctid = (select min(ctid) from {})").format(
            column.identifier,
            sql.Identifier(column.name),
            sql.SQL(shapes.get(column.base, "{}")).format(value),
            column.identifier,
        )
    )


def _parameters(connection: Connection, known: SecretList, made: Canaries) -> None:
    for key in sorted({key.replace("%s", "calendar") for key in known.secret_parameters} | {"shop.apiKey", "shop.pwd"}):
        connection.execute(
            "insert into ir_config_parameter (key, value) values (%s, %s)"
            " on conflict (key) do update set value = excluded.value",
            [key, canary(key)],
        )
        made.parameters.append(key)


def _fields(connection: Connection, known: SecretList, made: Canaries) -> None:
    """Put a default on every secret field, and a file behind every one that is kept as an attachment."""
    rows = connection.execute("select id, model, name, ttype from ir_model_fields where store order by model, name")
    for number, model, name, kind in rows.fetchall():
        if not known.is_secret(table_of(model), name):
            continue
        place = f"{model}.{name}"
        if kind in {"char", "text"}:
            connection.execute(
                "insert into ir_default (field_id, json_value) values (%s, %s)", [number, f'"{canary(place)}-default"']
            )
            made.defaults.append(place)
        if kind == "binary":
            connection.execute(
                "insert into ir_attachment (name, type, res_model, res_field, res_id, db_datas, index_content)"
                " values (%s, 'binary', %s, %s, 1, %s, %s)",
                [name, model, name, canary(place).encode(), canary(place)],
            )
            made.attachments.append(place)


def _letters(connection: Connection) -> None:
    link = f"https://shop.example/web/reset_password?db=p&amp;token={MARK}0a1B2c3D4"
    connection.execute("update mail_message set body = %s where id = (select min(id) from mail_message)", [link])
    connection.execute(
        "insert into mail_mail (mail_message_id, state, body_html) select min(id), 'exception', %s from mail_message",
        [link],
    )
    connection.execute(
        "insert into mail_mail (mail_message_id, state, body_html) select min(id), 'sent', %s from mail_message", [link]
    )


# By the category of their types; a number for all others.
_VALUES = {"B": "false", "D": "2026-01-01", "S": "x", "U": "{}"}
_CHECKS = """
select conname from pg_constraint where contype = 'c' and conrelid = to_regclass(format('public.%%I', %s::text))
"""
_NEEDED = """
select a.attname, t.typcategory::text, format_type(a.atttypid, a.atttypmod)
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
  left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attrelid = to_regclass(format('public.%%I', %s::text)) and a.attnum > 0 and not a.attisdropped
   and a.attnotnull and d.oid is null and a.attgenerated = ''
"""
