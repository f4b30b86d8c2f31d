"""Finds what an upgrade left in a database that no module of it has: what OpenUpgrade's framework keeps on purpose."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.contents import read_rows

# Every table of a model has these without a field's row. Source: MAGIC_COLUMNS in odoo/models.py.
_COLUMNS = """
select c.table_name || '.' || c.column_name as name
from information_schema.columns as c
join public.ir_model as m on replace(m.model, '.', '_') = c.table_name
where c.table_schema = 'public' and c.column_name not in ('id', 'create_uid', 'create_date', 'write_uid', 'write_date')
    and not exists (
        select from public.ir_model_fields as f
        where f.model = m.model and f.name = c.column_name
    )
order by 1
"""
_TABLES = """
select t.table_name as name
from information_schema.tables as t
where t.table_schema = 'public' and t.table_type = 'BASE TABLE'
    and not exists (select from public.ir_model as m where replace(m.model, '.', '_') = t.table_name)
    and not exists (select from public.ir_model_fields as f where f.relation_table = t.table_name)
    and not exists (select from public.ir_model_relation as r where r.name = t.table_name)
order by 1
"""
_DEMO = "select name from public.ir_module_module where demo order by name"
_INSTALLED = "select name from public.ir_module_module where state in ('installed', 'to upgrade') order by name"


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """Names of what is left."""

    columns: tuple[str, ...]  # table.column of columns without a field
    tables: tuple[str, ...]  # tables without a model
    demo_modules: tuple[str, ...]  # modules that are marked to have demo data
    without_code: tuple[str, ...]  # installed modules that are in no addons path


def find_leftovers(access: DatabaseAccess, *, modules: Collection[str]) -> Leftovers:
    """Return what is left in the database; `modules` are those that have code."""
    return Leftovers(
        columns=_names(read_rows(access, _COLUMNS)),
        tables=_names(read_rows(access, _TABLES)),
        demo_modules=_names(read_rows(access, _DEMO)),
        without_code=tuple(name for name in _names(read_rows(access, _INSTALLED)) if name not in modules),
    )


def _names(rows: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(row["name"] for row in rows)
