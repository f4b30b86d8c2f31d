"""The options for sanitizing a copy of production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KEEP, DELETE_ROWS, TRUNCATE, VALUE = "keep", "delete_rows", "truncate", "value:"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The project's rules for single columns, and facts about the scripts and the copy.

    `columns` is policy clone.columns: the rule for each `table.column`. `is_of_tables`: the scripts belong to the code
    that created the tables, so that a missing table or column is an error; other scripts may be newer. `is_discarded`:
    the copy is discarded afterwards, so that a secret that cannot be removed may stay. `is_again`: the copy was
    sanitized before and keeps the fillers of the first time.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    is_of_tables: bool = False
    is_discarded: bool = False
    is_again: bool = False
