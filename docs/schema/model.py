"""What the catalog says of schema ops, as frozen values that every writer reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table, a view or a composite type."""

    name: str
    type: str
    is_required: bool
    default: str | None = None
    is_identity: bool = False
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Key:
    """A primary key or a unique constraint."""

    name: str
    columns: tuple[str, ...]
    is_primary: bool


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A reference from columns of one table to columns of another."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index that no constraint made."""

    name: str
    definition: str
    columns: tuple[str, ...]
    method: str
    is_unique: bool
    is_plain: bool
    predicate: str | None


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One row-level security policy."""

    name: str
    verb: str
    roles: tuple[str, ...]
    using: str | None
    check: str | None


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What one role may do with a relation; columns name the part of a verb that is granted by column."""

    role: str
    verbs: tuple[str, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A trigger and when it fires."""

    name: str
    fires: str
    function: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with all that hangs on it; a partitioned one stands for its partitions."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    policies: tuple[Policy, ...] = ()
    grants: tuple[Grant, ...] = ()
    partition_key: str | None = None

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Return the columns of the primary key."""
        return next((key.columns for key in self.keys if key.is_primary), ())

    def column(self, name: str) -> Column:
        """Return the column of this name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, kw_only=True)
class View:
    """A view, and who may read it."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Enum:
    """An enum with its labels in order."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CompositeType:
    """A row type that functions return."""

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function, its signature, and which of the platform's roles may execute it."""

    name: str
    comment: str
    arguments: tuple[str, ...]
    result: str
    volatility: str
    is_definer: bool
    is_private: bool
    executors: tuple[str, ...]

    @property
    def is_trigger(self) -> bool:
        """Return whether only triggers call it."""
        return self.result == "trigger"


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Everything in schema ops, each kind by name."""

    tables: tuple[Table, ...]
    views: tuple[View, ...]
    enums: tuple[Enum, ...]
    composites: tuple[CompositeType, ...]
    functions: tuple[Function, ...]

    def table(self, name: str) -> Table:
        """Return the table of this name."""
        return next(table for table in self.tables if table.name == name)

    def is_enum(self, type_name: str) -> bool:
        """Return whether a column of this type holds an enum's label."""
        return type_name.removeprefix("ops.") in {enum.name for enum in self.enums} and type_name.startswith("ops.")
