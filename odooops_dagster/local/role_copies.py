"""Copies logins and roles from one cluster to another: attributes, passwords, settings and memberships."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from psycopg import errors as pg
from psycopg import sql

from odooops_dagster.tools.postgres.connections import Connection
from odooops_dagster.tools.postgres.database_rights import comment, execute, role_exists

# Roles that own or may do something in the databases, their members, and the roles that they are members of.
_USED = """
with recursive touching as (
    select d.refobjid as oid from pg_shdepend as d join pg_database as b on b.datname = any(%(databases)s::text[])
     where d.refclassid = 'pg_authid'::regclass
       and (d.dbid = b.oid or d.classid = 'pg_database'::regclass and d.objid = b.oid)
), used (oid) as (
    select r.oid from pg_roles as r
     where r.rolname = any(%(logins)s::text[]) or r.oid in (select t.oid from touching as t)
    union
    select r.oid from used as u
      join pg_auth_members as m on u.oid in (m.roleid, m.member)
      join pg_roles as r on r.oid in (m.roleid, m.member)
     where r.rolname !~ '^pg_' and not r.rolsuper and r.rolname <> all(%(others)s::text[])
)
select r.rolname from used as u join pg_roles as r on r.oid = u.oid
 where r.rolname !~ '^pg_' and not r.rolsuper and r.rolname <> all(%(others)s::text[])
 order by 1
"""


@dataclass(frozen=True, kw_only=True)
class RoleCopy:
    """A role of a cluster, as it is made in another one."""

    name: str
    attributes: Mapping[str, bool]  # login, inherit, createdb, createrole, bypassrls
    connections: int
    verifier: str | None = field(repr=False)  # what the server keeps of the password
    valid_until: str | None
    comment: str | None
    settings: tuple[tuple[str, str], ...]
    memberships: tuple[tuple[str, bool, bool, bool], ...]  # group, admin, inherit, set


def roles_of(
    connection: Connection, databases: Sequence[str], *, logins: Collection[str], others: Collection[str]
) -> list[str]:
    """Return the roles that work in the databases, directly or through others, and the logins; superusers apart.

    Args:
        connection: the superuser's.
        databases: names of databases.
        logins: roles to return in any case.
        others: roles to leave out, and not to go through.
    """
    words = {"databases": list(databases), "logins": list(logins), "others": list(others)}
    return [name for (name,) in connection.execute(_USED, words)]


def copy_roles(source: Connection, target: Connection, roles: Sequence[str]) -> None:
    """Make the roles in the target as they are in the source."""
    make_roles(target, read_roles(source, roles))


def read_roles(source: Connection, roles: Sequence[str]) -> list[RoleCopy]:
    """Return the roles as the superuser reads them, passwords as the server keeps them."""
    return [_read(source, role, roles) for role in roles]


def make_roles(target: Connection, copies: Sequence[RoleCopy]) -> None:
    """Make the roles, or give those that are there already these attributes."""
    for copy in copies:
        _make(target, copy)
    for copy in copies:
        _set(target, copy)
    for copy in copies:
        _join(target, copy)


def drop_unused(connection: Connection, roles: Collection[str]) -> None:
    """Drop the roles that nothing depends on; a person who also reads an environment's database stays."""
    left = set(roles)
    while True:
        dropped = {role for role in left if _dropped(connection, role)}
        left -= dropped
        if not dropped:
            return


def _read(source: Connection, role: str, roles: Sequence[str]) -> RoleCopy:
    [(can_login, inherits, creates_databases, creates_roles, bypasses, limit, verifier, until, text)] = source.execute(
        """
        select rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolbypassrls, rolconnlimit, rolpassword,
               rolvaliduntil::text, shobj_description(oid, 'pg_authid')
          from pg_authid where rolname = %s
        """,
        [role],
    ).fetchall()
    return RoleCopy(
        name=role,
        attributes={
            "login": can_login,
            "inherit": inherits,
            "createdb": creates_databases,
            "createrole": creates_roles,
            "bypassrls": bypasses,
        },
        connections=limit,
        verifier=verifier,
        valid_until=until,
        comment=text,
        settings=_settings(source, role),
        memberships=_memberships(source, role, roles),
    )


def _settings(source: Connection, role: str) -> tuple[tuple[str, str], ...]:
    rows = source.execute(
        """
        select split_part(s.word, '=', 1), substr(s.word, strpos(s.word, '=') + 1)
          from pg_db_role_setting as c join pg_roles as r on r.oid = c.setrole, unnest(c.setconfig) as s (word)
         where c.setdatabase = 0 and r.rolname = %s
        """,
        [role],
    )
    return tuple((str(name), str(value)) for name, value in rows)


def _memberships(source: Connection, role: str, roles: Sequence[str]) -> tuple[tuple[str, bool, bool, bool], ...]:
    rows = source.execute(
        """
        select distinct g.rolname, a.admin_option, a.inherit_option, a.set_option
          from pg_auth_members as a join pg_roles as g on g.oid = a.roleid join pg_roles as m on m.oid = a.member
         where m.rolname = %(role)s and (g.rolname = any(%(roles)s::text[]) or g.rolname ~ '^pg_')
        """,
        {"role": role, "roles": list(roles)},
    )
    return tuple((str(group), bool(admin), bool(inherit), bool(may_set)) for group, admin, inherit, may_set in rows)


def _make(target: Connection, copy: RoleCopy) -> None:
    words = [sql.SQL(word if holds else f"no{word}") for word, holds in copy.attributes.items()]
    name = sql.Identifier(copy.name)
    if not role_exists(target, copy.name):
        execute(target, "create role {}", copy.name)
    statement = sql.SQL("alter role {} {} connection limit {} password {}")
    attributes = sql.SQL(" ").join(words)
    target.execute(statement.format(name, attributes, sql.Literal(copy.connections), sql.Literal(copy.verifier)))
    if copy.valid_until is not None:
        target.execute(sql.SQL("alter role {} valid until {}").format(name, sql.Literal(copy.valid_until)))
    if copy.comment is not None:
        comment(target, "role", copy.name, copy.comment)


def _set(target: Connection, copy: RoleCopy) -> None:
    """Give the role its own settings; each value passes through a session, which takes it as it is stored."""
    for name, value in copy.settings:
        # Not those that a session cannot change.
        with suppress(pg.CantChangeRuntimeParam), target.transaction():
            target.execute("select set_config(%s, %s, true)", [name, value])
            execute(target, "alter role {} set {} from current", copy.name, name)


def _join(target: Connection, copy: RoleCopy) -> None:
    for group, admin, inherit, may_set in copy.memberships:
        statement = sql.SQL("grant {} to {} with admin {}, inherit {}, set {}").format(
            sql.Identifier(group),
            sql.Identifier(copy.name),
            *(sql.SQL(str(word)) for word in (admin, inherit, may_set)),
        )
        target.execute(statement)


def _dropped(connection: Connection, role: str) -> bool:
    try:
        execute(connection, "drop role if exists {}", role)
    except pg.DependentObjectsStillExist:
        return False
    return True
