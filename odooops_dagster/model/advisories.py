"""Upgrade advisories, what a project's code uses, and where both meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from odooops_dagster.model.rows import FromRow

Severity = Literal["info", "warning", "critical"]
AdvisoryKind = Literal[
    "module_renamed",
    "module_merged",
    "module_removed",
    "model_renamed",
    "model_merged",
    "model_moved",
    "model_removed",
    "field_removed",
    "field_changed",
    "field_moved",
    "xml_id_removed",
    "xml_id_moved",
    "xml_id_changed",
    "note",
]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, kw_only=True)
class Advisory(FromRow):
    """One thing that changes between two series.

    Args:
        kind: what happens to the subject.
        severity: how bad it is for code that uses the subject.
        module: the module that has the subject in the older series.
        subject: a module, a model, a field as `model.field`, or a complete XML id.
        summary: the change in one sentence.
        replacement: what takes the subject's place, if that is known.
        guide: what to do, or where to read it.
        origin: file and line of the source, without the source's own text.
        from_version: the older series.
        to_version: the newer series.
        source: the source's name.
    """

    kind: AdvisoryKind
    severity: Severity
    module: str
    subject: str
    summary: str
    replacement: str | None = None
    guide: str | None = None
    origin: str | None = None
    from_version: str = ""
    to_version: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class AdvisorySource:
    """The advisories of one source between two series; `sha256` is the hash of the files that were read."""

    name: str
    from_version: str
    to_version: str
    sha256: str
    items: Sequence[Advisory]
    release: str | None = None
    guides: Sequence[str] = ()


UseKind = Literal["module", "model", "field", "xml_id", "text"]


@dataclass(frozen=True, kw_only=True)
class Use:
    """A line of a project's code that names something of another module.

    Args:
        kind: what is named; `text` is a string that may be the name of a model or an XML id.
        name: the name; of a field without its model.
        file: relative to the folder of the modules.
        line: counted from 1.
        module: the module that has the file.
        models: the models of which the field can be; empty if that is not known.
        certain: whether the line can mean nothing else.
    """

    kind: UseKind
    name: str
    file: str
    line: int
    module: str = ""
    models: tuple[str, ...] = ()
    certain: bool = True


@dataclass(frozen=True, kw_only=True)
class Match:
    """An advisory that concerns a project: a use in its code, or an installed module.

    `file` and `line` are None where an installed module itself is the subject.
    """

    advisory: Advisory
    certain: bool
    module: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class MatchReport:
    """All that is known of a project's way to its target series.

    Args:
        source_series: the series that the project is on.
        target_series: the series that it moves to.
        matches: critical ones first, certain before possible, then by file and line.
        unknown_steps: pairs of series on the way of which no advisory is recorded.
        unread: files that could not be read, each with the reason.
    """

    source_series: str
    target_series: str
    matches: Sequence[Match]
    unknown_steps: Sequence[tuple[str, str]] = ()
    unread: Sequence[str] = ()
    advisories: int = 0  # how many were compared

    @property
    def certain(self) -> int:
        """Return how many matches are certain."""
        return sum(match.certain for match in self.matches)

    @property
    def possible(self) -> int:
        """Return how many matches are only possible."""
        return len(self.matches) - self.certain
