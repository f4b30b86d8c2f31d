"""Reads what an Odoo database is made of, as its own role: to be compared before and after an upgrade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import reader
from odooops_dagster.tools.postgres.failures import translated

# The query of each kind: one row per thing, with its name in `key`; the other columns are compared.
# An xml id is a thing's name in every database; the smallest one, if it has several. A model or a field has one of each
# module that declares it: its owners.
_XML_IDS: LiteralString = """
with xml as (
    select model, res_id, min(module || '.' || name) as xml_id, array_agg(distinct module::text) as owners
    from public.ir_model_data group by model, res_id
)
"""
_QUERIES: Mapping[str, LiteralString] = {
    "modules": """
        select name as key, id, state, coalesce(latest_version, '') as version from public.ir_module_module
        where state not in ('uninstalled', 'uninstallable')""",
    "models": """
        select m.model as key, m.transient, m.state, split_part(x.xml_id, '.', 1) as module,
            coalesce(x.owners, '{}') as owners
        from public.ir_model as m left join xml as x on x.model = 'ir.model' and x.res_id = m.id""",
    "fields": """
        select f.model || '.' || f.name as key, f.ttype as type, coalesce(f.relation, '') as relation,
            coalesce(f.store, false) as stored, split_part(x.xml_id, '.', 1) as module,
            coalesce(x.owners, '{}') as owners
        from public.ir_model_fields as f left join xml as x on x.model = 'ir.model.fields' and x.res_id = f.id""",
    "views": """
        select coalesce(x.xml_id, 'view ' || v.id) as key, v.id, coalesce(v.model, '') as model, v.type, v.mode,
            coalesce(v.active, true) as active, md5(v.arch_db::text) as arch
        from public.ir_ui_view as v left join xml as x on x.model = 'ir.ui.view' and x.res_id = v.id""",
    "actions": """
        select coalesce(x.xml_id, a.type || ' ' || a.id) as key, a.type, coalesce(w.res_model, '') as model,
            coalesce(w.view_mode, '') as view_mode,
            md5(coalesce(w.domain, '') || '/' || coalesce(w.context, '')) as terms
        from public.ir_actions as a
        left join public.ir_act_window as w on w.id = a.id
        left join xml as x on x.model = a.type and x.res_id = a.id""",
    "menus": """
        select coalesce(x.xml_id, 'menu ' || m.id) as key, coalesce(p.xml_id, '') as parent,
            coalesce(m.action, '') <> '' as has_action, coalesce(m.active, true) as active
        from public.ir_ui_menu as m
        left join xml as x on x.model = 'ir.ui.menu' and x.res_id = m.id
        left join xml as p on p.model = 'ir.ui.menu' and p.res_id = m.parent_id""",
    "access": """
        select coalesce(x.xml_id, 'access ' || a.id) as key, coalesce(m.model, '') as model,
            coalesce(g.xml_id, '') as for_group,
            concat_ws(' ', case when a.perm_read then 'read' end, case when a.perm_write then 'write' end,
                case when a.perm_create then 'create' end, case when a.perm_unlink then 'unlink' end) as rights,
            coalesce(a.active, true) as active
        from public.ir_model_access as a
        left join public.ir_model as m on m.id = a.model_id
        left join xml as x on x.model = 'ir.model.access' and x.res_id = a.id
        left join xml as g on g.model = 'res.groups' and g.res_id = a.group_id""",
    "rules": """
        select coalesce(x.xml_id, 'rule ' || r.id) as key, coalesce(m.model, '') as model,
            coalesce(r.domain_force, '') as domain, coalesce(r.active, true) as active,
            concat_ws(' ', case when r.perm_read then 'read' end, case when r.perm_write then 'write' end,
                case when r.perm_create then 'create' end, case when r.perm_unlink then 'unlink' end) as rights
        from public.ir_rule as r
        left join public.ir_model as m on m.id = r.model_id
        left join xml as x on x.model = 'ir.rule' and x.res_id = r.id""",
}
KINDS = tuple(_QUERIES)

Thing = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class OdooSnapshot:
    """The contents of a database at one moment.

    Args:
        things: for each kind of `KINDS`, what there is by name, with the facts that are compared.
        rows: the number of rows of each table; of attachments, those that people made.
        values: the number of values that are not null, by table and column, of the tables that were asked for.
        database_bytes: the size of the database.
    """

    things: Mapping[str, Mapping[str, Thing]]
    rows: Mapping[str, int]
    values: Mapping[str, Mapping[str, int]]
    database_bytes: int


def take_snapshot(access: DatabaseAccess, *, modules: Iterable[str] = ()) -> OdooSnapshot:
    """Read the whole in one snapshot; values are counted in the tables of models that the modules have fields in.

    Raises:
        Unavailable: the server does not answer.
    """
    try:
        with reader(access, application="odooops upgrade") as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read read only")
            connection.execute("select set_config('statement_timeout', '0', true)")
            things = {kind: _things(connection, query) for kind, query in _QUERIES.items()}
            tables = _tables(connection)
            return OdooSnapshot(
                things=things,
                rows={table: _count(connection, table) for table in tables},
                values={
                    table: _values(connection, table)
                    for table in sorted(_tables_of(things["fields"], set(modules)) & set(tables))
                },
                database_bytes=_scalar(connection, sql.SQL("select pg_database_size(current_database())")),
            )
    except psycopg.Error as exc:
        raise translated(exc) from exc


def check_invariant(access: DatabaseAccess, query: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a project's own query as text, at most a thousand; the server refuses what writes.

    Raises:
        StepFailed: the query cannot be answered.
    """
    try:
        with reader(access, application="odooops invariant") as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read read only")
            connection.execute("select set_config('search_path', 'public', true)")
            connection.execute("select set_config('statement_timeout', '60s', true)")
            # The project's own text, run as the copy's own role in a transaction that cannot write.
            rows = connection.execute(query.encode()).fetchmany(_INVARIANT_ROWS)
    except psycopg.Error as exc:
        raise translated(exc) from exc
    return tuple(tuple(str(value) for value in row) for row in rows)


_INVARIANT_ROWS = 1000


def _things(connection: psycopg.Connection[Any], query: LiteralString) -> dict[str, Thing]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_XML_IDS + query).fetchall()
    return {row.pop("key"): row for row in rows}


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    query = "select tablename from pg_tables where schemaname = 'public' order by tablename"
    return [name for (name,) in connection.execute(query)]


def _tables_of(fields: Mapping[str, Thing], modules: set[str]) -> set[str]:
    """Return the tables of the models in which the modules have stored fields."""
    models = {key.rpartition(".")[0] for key, field in fields.items() if field["module"] in modules and field["stored"]}
    return {model.replace(".", "_") for model in models}


# Without the bundles of scripts and styles, which Odoo makes again, and the pictures of menus and modules.
_ATTACHMENTS = sql.SQL(
    "select count(*) from public.ir_attachment where coalesce(url, '') not like '/web/assets/%'"
    " and coalesce(res_model, '') not in ('ir.ui.menu', 'ir.ui.view', 'ir.module.module')"
)


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    if table == "ir_attachment":
        return _scalar(connection, _ATTACHMENTS)
    return _scalar(connection, sql.SQL("select count(*) from public.{}").format(sql.Identifier(table)))


def _values(connection: psycopg.Connection[Any], table: str) -> dict[str, int]:
    query = "select column_name from information_schema.columns where table_schema = 'public' and table_name = %s"
    columns = [name for (name,) in connection.execute(query, [table])]
    counted = sql.SQL(", ").join(sql.SQL("count({})").format(sql.Identifier(column)) for column in columns)
    row = connection.execute(sql.SQL("select {} from public.{}").format(counted, sql.Identifier(table))).fetchone()
    return dict(zip(columns, row or (), strict=True))


def _scalar(connection: psycopg.Connection[Any], query: sql.SQL | sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
