"""Queries for user-written texts of the catalogue and for large objects; each row is a readable place and its text."""

from __future__ import annotations

from typing import LiteralString

DEFINITIONS: tuple[LiteralString, ...] = (
    """
    select 'function ' || p.oid::regprocedure, p.prosrc
     from pg_proc as p
     join pg_namespace as n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema')
     and not exists (select
     from pg_depend as d
     where d.objid = p.oid and d.deptype = 'e')
    """,
    """
    select 'view ' || c.oid::regclass, pg_get_viewdef(c.oid)
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     where c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
    """,
    """
    select 'comment on ' || pg_describe_object(classoid, objoid, objsubid), description
     from pg_description
     where objoid >= 16384
    """,
    """
    select 'default of ' || adrelid::regclass, pg_get_expr(adbin, adrelid)
     from pg_attrdef
    """,
    """
    select 'constraint ' || c.conname, pg_get_constraintdef(c.oid)
     from pg_constraint as c
     join pg_namespace as n on n.oid = c.connamespace
     where c.contype = 'c' and n.nspname not in ('pg_catalog', 'information_schema')
    """,
    """
    select 'enum ' || enumtypid::regtype, enumlabel
     from pg_enum
    """,
    """
    select 'trigger ' || tgname, encode(tgargs, 'escape')
     from pg_trigger
     where tgnargs > 0
    """,
    """
    select 'setting of the database or a role', array_to_string(setconfig, ' ')
     from pg_db_role_setting
     where setdatabase = (select oid
     from pg_database
     where datname = current_database())
    """,
    """
    select 'statistics of ' || schemaname || '.' || tablename || '.' || attname,
            concat_ws(' ', most_common_vals::text, histogram_bounds::text)
     from pg_stats
     where schemaname not in ('pg_catalog', 'information_schema')
       and coalesce(most_common_vals, histogram_bounds) is not null
    """,
    """
    select 'large object ' || oid, encode(lo_get(oid, 0, 65536), 'escape')
     from pg_largeobject_metadata
    """,
)
