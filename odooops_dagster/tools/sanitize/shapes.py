"""Candidate values that replace a secret, as SQL expressions in the order in which they are tried.

Most derive from a hash of the value with a key that is not stored: it reveals nothing about the secret, and equal
secrets get equal values, different secrets different ones, so that foreign keys stay valid.
"""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import sql

from odooops_dagster.tools.sanitize.places import Facts, Place
from odooops_dagster.tools.sanitize.scrub import SCRUBBED, SCRUBBED_UUID

# Length of the readable mark plus enough of the hash to be unique.
_MARKED_LENGTH: Final = len(SCRUBBED) + 16
_UUID_LENGTH: Final = len(SCRUBBED) + 36
_TEXT = frozenset({"varchar", "bpchar", "text", "name", "citext"})

# Placeholders: {value} is the old value as text, {hash} its 64 hexadecimal digits, {other} those of a second hash.
_UUID: LiteralString = "left({hash}, 32)::uuid::text"
_HEX: LiteralString = "left(repeat({hash}, length({value}) / 64 + 1), length({value}))"
_DIGITS: LiteralString = (
    "coalesce(nullif(" + _HEX.replace("{hash}", "translate({hash}, 'abcdef', '012345')") + ", {value}), "
    + _HEX.replace("{hash}", "translate({other}, 'abcdef', '012345')") + ")"
)  # fmt: skip
# Replaces digits with digits and letters with letters, and keeps punctuation.
_LIKE: LiteralString = """(
    select string_agg(case
        when c.sign collate "C" between '0' and '9' then substr(h.digits, h.turn, 1)
        when c.sign collate "C" between 'a' and 'z' then substr(h.letters, h.turn, 1)
        when c.sign collate "C" between ' ' and '~' and c.sign !~ '[A-Z]' then c.sign
        else upper(substr(h.letters, h.turn, 1)) end, '' order by c.place)
    from regexp_split_to_table({value}, '') with ordinality as c (sign, place)
    cross join lateral (
        select translate({hash}, 'abcdef', '012345') as digits,
            translate({hash}, '0123456789', 'ghijklmnop') as letters, ((c.place - 1) % 64 + 1)::int as turn
    ) as h
)"""


def shapes(place: Place, facts: Facts, key: str) -> list[sql.Composed]:
    """Return the expressions to try; a text expression yields null if it would equal the old value."""
    value = "encode({column}, 'hex')" if facts.base == "bytea" else "{column}::text"
    made = []
    for shape in _templates(facts):
        different = f"nullif({shape}, {{value}})" if facts.base in _TEXT else shape
        text = f"({different})::{{declared}}"
        text = text.replace("{hash}", _hash("")).replace("{other}", _hash("other")).replace("{value}", value)
        made.append(
            sql.SQL(text).format(
                column=place.column,
                key=sql.Literal(key),
                declared=sql.SQL(facts.declared),
            )
        )
    return made


def _hash(salt: LiteralString) -> LiteralString:
    return "encode(sha256(convert_to({key} || '" + salt + "' || {value}, 'UTF8')), 'hex')"


def _templates(facts: Facts) -> list[str]:
    marked = f"'{SCRUBBED}' || {_UUID}"
    made = f"{facts.base}_build"
    json = [f"to_{facts.base}({marked})", f"{made}_object('scrubbed', {_UUID})", f"{made}_array({marked})"]
    by_base = {
        "json": [*json, "'{{}}'", "'[]'"],
        "jsonb": [*json, "'{{}}'", "'[]'"],
        "bytea": [f"convert_to({marked}, 'UTF8')", "decode(" + _HEX + ", 'hex')"],
        "uuid": [f"overlay({_UUID} placing '{SCRUBBED_UUID}' from 1)", _UUID],
        "hstore": ["''"],
    }
    by_category = {
        "A": ["'{{}}'", f"array[{marked}]", f"array[{_UUID}]", "array['0']"],
        "C": ["json_populate_record(null::{declared}, '{{}}')"],
        "E": ["(enum_range(null::{declared}))[1]", "(enum_range(null::{declared}))[2]"],
        "R": ["'empty'"],
    }
    return by_base.get(facts.base) or by_category.get(facts.category) or _texts(facts)


def _texts(facts: Facts) -> list[str]:
    marked = f"'{SCRUBBED}' || {_UUID}"
    if facts.length and facts.length < _UUID_LENGTH:
        marked = f"left('{SCRUBBED}' || {{hash}}, {facts.length})"
    known_again = [] if facts.length and facts.length < _MARKED_LENGTH else [marked]
    whole = f"left({{hash}}, {min(facts.length or 64, 64)})"
    return [
        *known_again,
        whole,
        _HEX,
        f"upper({_HEX})",
        _DIGITS,
        _LIKE,
        f"'https://' || {_UUID} || '.invalid/'",
        "left({hash}, 16) || '@example.invalid'",
        *(_quoted(word) for word in facts.words),
        "''",
    ]


def _quoted(word: str) -> str:
    """Return a literal of a check constraint as a quoted SQL literal, with braces escaped for the template."""
    return sql.Literal(word.replace("''", "'")).as_string(None).replace("{", "{{").replace("}", "}}")
