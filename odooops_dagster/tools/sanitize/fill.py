"""Removes secrets from columns: sets them to null if the column allows it, else to a value that the column accepts.

The table's constraints decide which values are accepted, so candidates are tried, each in a savepoint, until one fits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from secrets import token_hex

import psycopg
from psycopg import sql

from odooops_dagster.errors import SanitizationFailed
from odooops_dagster.tools.sanitize.guards import suspended
from odooops_dagster.tools.sanitize.places import Connection, Facts, Place, count_of, facts_of, linked, places_of
from odooops_dagster.tools.sanitize.seal import Seal, is_intact
from odooops_dagster.tools.sanitize.shapes import shapes
from odooops_dagster.tools.sanitize.terms import DELETE_ROWS, KEEP, TRUNCATE, VALUE, Terms


@dataclass(frozen=True, kw_only=True)
class Filled:
    """The result: changed rows by column; columns kept by policy; columns that accept no candidate, with the reason."""

    rows: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    unfilled: Mapping[str, str] = field(default_factory=dict)
    rules_without_column: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()  # all columns that were considered


def fill(connection: Connection, secrets: Collection[Place], terms: Terms, *, left: Seal) -> Filled:
    """Remove the secrets from these columns, from columns linked to them by foreign keys, and from policy's columns.

    A column that still holds only what an earlier sanitization `left` there is not changed.

    Raises:
        SanitizationFailed: a column accepts no other value, or a rule of the policy cannot be applied.
    """
    known = places_of(connection)
    ruled = {known[name]: rule for name, rule in terms.columns.items() if name in known}
    wanted = list(dict.fromkeys([*secrets, *linked(connection, secrets), *ruled]))
    kept = [place for place in wanted if ruled.get(place) == KEEP]
    counts = {
        place: count
        for place in wanted
        if place not in kept and (count := count_of(connection, place)) and not is_intact(connection, place, left)
    }
    work = _Work(connection, ruled, counts)
    if counts:
        work.run(is_discarded=terms.is_discarded)
    return Filled(
        rows={str(place): rows for place, rows in work.rows.items()},
        kept=tuple(str(place) for place in kept if count_of(connection, place)),
        unfilled={str(place): reason for place, reason in work.unfilled.items()},
        rules_without_column=tuple(name for name in terms.columns if name not in known),
        places=tuple(wanted),
    )


class _Work:
    """Removes the secrets column by column."""

    def __init__(self, connection: Connection, rules: Mapping[Place, str], counts: Mapping[Place, int]) -> None:
        self.rows: dict[Place, int] = {}
        self.unfilled: dict[Place, str] = {}
        self._connection, self._rules, self._counts = connection, rules, counts
        self._key = token_hex(32)

    def run(self, *, is_discarded: bool) -> None:
        """Empty or fill each column; raise, or in a discarded copy record, a column where this is impossible."""
        try:
            with suspended(self._connection, self._counts):
                for place in self._counts:
                    reason = self._take_out(place)
                    if reason and not is_discarded:
                        raise _cannot(place, reason)
                    if reason:
                        self.unfilled[place] = reason
        except psycopg.IntegrityError as exc:
            raise SanitizationFailed(
                f"the scrubbed columns do not fit each other: {message_of(exc)}", hint=_HINT
            ) from exc

    def _take_out(self, place: Place) -> str | None:
        """Remove the secrets from the column; return the reason if this is impossible."""
        reasons = []
        # Count again: a child table that was processed before reduces the number.
        held = count_of(self._connection, place)
        for statement in self._statements(place):
            try:
                with self._connection.transaction():
                    changed = self._connection.execute(statement).rowcount
                    if place not in self._rules and changed != held:
                        raise psycopg.DataError(f"{changed} of {held} rows can be changed")
            except psycopg.OperationalError:
                raise
            except psycopg.Error as exc:
                reasons.append(message_of(exc))
            else:
                self.rows[place] = changed
                return None
        rule = self._rules.get(place)
        return f"{rule}: {reasons[-1]}" if rule else reasons[0]

    def _statements(self, place: Place) -> Iterator[sql.Composed]:
        rule = self._rules.get(place)
        if rule is not None:
            yield _by_rule(place, rule, facts_of(self._connection, place))
            return
        facts = facts_of(self._connection, place)
        if facts.takes_null:
            yield _set(place, sql.SQL("null"))
        for shape in shapes(place, facts, self._key):
            yield _set(place, shape)
        yield _numbered(place, facts)


def message_of(error: psycopg.Error) -> str:
    """Return the server's error message without its details, which may contain values."""
    return error.diag.message_primary or " ".join(str(error).split())


def _cannot(place: Place, reason: str) -> SanitizationFailed:
    return SanitizationFailed(
        f"{place} cannot be scrubbed: {reason}",
        hint=_HINT.replace("table.column", str(place)),
    )


def _set(place: Place, value: sql.Composable) -> sql.Composed:
    return sql.SQL("update {} set {} = {} where {} is not null").format(
        place.relation, place.column, value, place.column
    )


def _by_rule(place: Place, rule: str, facts: Facts) -> sql.Composed:
    """Return the statement for a rule of the policy."""
    if rule == DELETE_ROWS:
        return sql.SQL("delete from {} where {} is not null").format(place.relation, place.column)
    if rule == TRUNCATE:
        return sql.SQL("delete from {}").format(place.relation)
    value = sql.SQL("{}::{}").format(
        sql.Literal(rule.removeprefix(VALUE)),
        sql.SQL(facts.declared),
    )
    return _set(place, value)


def _numbered(place: Place, facts: Facts) -> sql.Composed:
    """Return the statement that numbers the rows of a column too short for a hash; no number equals an old value."""
    return sql.SQL(_NUMBERED).format(
        table=place.relation,
        column=place.column,
        declared=sql.SQL(facts.declared),
    )


_HINT = (
    'give the column a rule in policy clone.columns: {"table.column": "delete_rows"}, "truncate", "value:..." for one'
    ' value everywhere, or "keep" to leave it as it is'
)
# Only for values of up to six characters: for a longer value the hash is unique.
_NUMBERED = """
with was as materialized (
    select tableoid as part, ctid as row, {column}::text as value, length({column}::text) as digits
      from {table} where {column} is not null
), counted as (
    select w.part, w.row, w.digits, row_number() over (partition by w.digits order by w.value) as turn from was as w
), free as (
    select d.digits, lpad(n.number::text, d.digits, '0') as value,
           row_number() over (partition by d.digits order by n.number) as turn
      from (select distinct digits from was where digits between 1 and 6) as d
     cross join lateral generate_series(0, (10 ^ d.digits)::int - 1) as n (number)
     where lpad(n.number::text, d.digits, '0') not in (select value from was)
)
update {table} as t set {column} = f.value::{declared}
  from counted as c left join free as f on f.digits = c.digits and f.turn = c.turn
 where t.tableoid = c.part and t.ctid = c.row
"""
