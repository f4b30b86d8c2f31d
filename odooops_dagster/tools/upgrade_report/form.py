"""The form of an upgrade report. Its JSON Schema is published: docs/reference/upgrade-report.schema.json."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Colour = Literal["green", "yellow", "red"]


class Part(BaseModel):
    """A part of the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(Part):
    """One reason of the verdict, and what to do about it."""

    colour: Colour
    reason: str
    action: str


class Version(Part):
    """The code on one side of the upgrade."""

    series: str
    digest: str
    git_sha: str


class Stage(Part):
    """One part of the preview's work."""

    name: str
    seconds: float
    is_downtime: bool = Field(description="Whether nobody could work meanwhile if the upgrade were real.")
    is_kept: bool = Field(default=False, description="Whether an earlier preview's result was taken.")


class Module(Part):
    """An updated module."""

    name: str
    before: str = Field(description="Version before; empty for a new module.")
    after: str = Field(description="Version after; empty for a module that went.")
    seconds: float | None = Field(default=None, description="How long Odoo worked on it.")
    queries: int | None = None


class Renamed(Part):
    """Something that has another name now."""

    before: str
    after: str
    why: str = Field(description="From what that is concluded.")


class Modules(Part):
    """Changes of the modules."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    merged: tuple[Renamed, ...] = ()
    left_behind: tuple[str, ...] = Field(
        default=(), description="Installed in the database, without code in the target."
    )
    without_target_version: tuple[str, ...] = Field(
        default=(), description="The project's own modules whose version is of another series than the target."
    )
    updated: tuple[Module, ...] = ()
    checksums: dict[str, str] = Field(
        default={}, description="The SHA-256 of the files of each module whose files changed, in the target."
    )


class Message(Part):
    """A kind of error or warning in Odoo's log, listed once."""

    level: str
    message: str
    line: int = Field(description="Number of its first line in the log `upgrade.log`, from 1.")
    text: str = Field(description="That line as it is in the log.")
    count: int


class Log(Part):
    """Log records of the upgrade that the version in use does not write."""

    errors: tuple[Message, ...] = ()
    warnings: tuple[Message, ...] = ()
    known_errors: int = Field(default=0, description="Errors that the version in use logs too.")
    known_warnings: int = 0


class Change(Part):
    """A thing whose facts changed."""

    name: str
    before: dict[str, Any]
    after: dict[str, Any]


class Changes(Part):
    """Changes of one kind of things."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()


class RowCount(Part):
    """A table whose number of rows changed; None is a table that is not there."""

    table: str
    before: int | None
    after: int | None
    is_technical: bool = Field(
        description="Odoo writes it itself when modules are updated: nothing of people's is in it."
    )
    moved_to: str | None = Field(default=None, description="A new table with the same number of rows.")
    may_shrink: bool = Field(default=False, description="Whether odooops.yaml lets it lose rows.")

    @property
    def lost(self) -> int:
        """Return how many rows fewer there are."""
        return max(0, (self.before or 0) - (self.after or 0))


class Values(Part):
    """A column that has fewer values than before."""

    table: str
    column: str
    before: int
    after: int
    moved_to: str | None = Field(default=None, description="A new column of the table with the same number of values.")


class Data(Part):
    """Changes of the data."""

    tables: int = Field(default=0, description="Number of tables that were counted.")
    rows: int = Field(default=0, description="Number of rows before.")
    changed: tuple[RowCount, ...] = ()
    lost: tuple[RowCount, ...] = Field(default=(), description="Tables of people's data with fewer rows than before.")
    values: tuple[Values, ...] = ()
    database_bytes: tuple[int, int] = (0, 0)
    filestore_bytes: tuple[int, int] = (0, 0)


class Invariant(Part):
    """A query or an expression of the project's that has the same answer before and after, or an upgrade case."""

    name: str
    holds: bool
    before: tuple[tuple[str, ...], ...] = Field(
        default=(), description="The answer before; of an upgrade case, the value that its check was given, as JSON."
    )
    after: tuple[tuple[str, ...], ...] = Field(
        default=(), description="The answer after; empty for an upgrade case, which compares by itself."
    )
    error: str = ""
    case: str = Field(
        default="",
        description="File and line of an upgrade case, a test class of odoo/upgrade-util; empty for odooops.yaml's.",
    )


class View(Part):
    """A view that Odoo refuses."""

    name: str
    model: str
    error: str


class Views(Part):
    """The views, tried one by one."""

    tried: int = 0
    broken: tuple[View, ...] = ()
    known_broken: tuple[View, ...] = Field(default=(), description="Broken in the version in use too.")
    disabled: tuple[str, ...] = Field(default=(), description="Active before, not active any more.")
    error: str = Field(default="", description="Why they could not be tried.")


class Page(Part):
    """A page that was opened as a user."""

    path: str
    user: str
    answers: bool
    told: str = ""
    is_known: bool = Field(default=False, description="Whether it does not open in the version in use either.")

    @property
    def is_broken(self) -> bool:
        """Return whether it opens today and does not after the upgrade."""
        return not self.answers and not self.is_known


class CodeUse(Part):
    """A line of the project's own code that uses what the target deprecates or no longer has."""

    file: str
    line: int
    found: str
    instead: str


class Advisory(Part):
    """An advisory that applies."""

    target: str
    severity: str
    text: str
    where: str = Field(default="", description="File and line of the project's own code, or its module.")


class Earlier(Part):
    """An earlier preview of the same target."""

    run: str
    created_at: str
    git_sha: str
    colour: Colour
    seconds: float
    downtime_seconds: float | None
    new_errors: int
    new_warnings: int


class Baseline(Part):
    """Log records of the version in use, when the same modules are updated with their code of today."""

    key: str
    signatures: tuple[str, ...] = ()
    broken_views: tuple[str, ...] = ()
    broken_pages: tuple[str, ...] | None = Field(default=None, description="Null where no page was opened.")


class Report(Part):
    """The predicted effect of an upgrade on production."""

    version: Literal[1] = 1
    project: str
    branch: str
    run: str
    engine: str
    source: Version
    target: Version
    backup_id: str
    backup_taken_at: str
    colour: Colour = Field(description="green: nothing stands against it; yellow: read it first; red: refused.")
    reasons: tuple[Reason, ...]
    seconds: float
    downtime_seconds: float | None = Field(
        description="Predicted time in which nobody could work; null if the upgrade did not get that far."
    )
    stages: tuple[Stage, ...]
    modules: Modules = Modules()
    log: Log = Log()
    changes: dict[str, Changes] = Field(
        default={}, description="By kind: models, fields, views, actions, menus, access, rules."
    )
    renamed_fields: tuple[Renamed, ...] = ()
    data: Data = Data()
    invariants: tuple[Invariant, ...] = ()
    views: Views = Views()
    pages: tuple[Page, ...] = ()
    code: tuple[CodeUse, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    earlier: tuple[Earlier, ...] = Field(default=(), description="Earlier previews of the same target, oldest first.")
    baseline: Baseline | None = None


def report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of a report."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"
