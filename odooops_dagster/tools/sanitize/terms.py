"""What is agreed on before a copy of production is made harmless."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KEEP, DELETE_ROWS, TRUNCATE, VALUE = "keep", "delete_rows", "truncate", "value:"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The project's rules for single columns, and what is known of scripts and copy.

    `columns` is policy clone.columns: what to do with `table.column`. With `is_of_tables` the scripts are of the code
    that made the tables, so that what they name and is not there is an error; other scripts may name what a later
    version brings. In a copy that `is_discarded` a secret may stay that cannot be taken out. A copy that `is_again`
    made harmless keeps what the first time put into its columns.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    is_of_tables: bool = False
    is_discarded: bool = False
    is_again: bool = False
