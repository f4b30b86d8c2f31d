"""A person's decision about an orphan: adopt and keep it, or drop it for good. Both are recorded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.orphans import OrphanKind
from odooops_dagster.errors import Conflict
from odooops_dagster.local.identity import older_since
from odooops_dagster.ownership import Mark
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.upkeep.janitor import remove_files_of, write_mark
from odooops_dagster.steps.upkeep.record import Record, read_record
from odooops_dagster.steps.upkeep.things import Thing, find_things
from odooops_dagster.steps.upkeep.verdicts import Verdict, is_in_use, judge
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime

# Dependents first.
_ORDER: tuple[OrphanKind, ...] = ("service", "database", "role", "folder")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The orphans and adopted things that were found, and the record they were compared with."""

    orphans: list[Verdict]
    adopted: list[Verdict]
    record: Record


class OrphanKeeper:
    """Finds orphans and carries out a person's decision about each."""

    def __init__(self, control: ControlPlane, runtime: Runtime, databases: OdooDatabases, home: Path) -> None:
        self._control = control
        self._runtime = runtime
        self._databases = databases
        self._home = home

    def find(self) -> Found:
        """Return the orphans and the adopted things; change nothing."""
        things = find_things(self._runtime, self._databases, self._home)
        since = older_since(self._control, self._home, now=datetime.now(UTC))
        record = read_record(self._control, things, self._home, older_since=since)
        verdicts = sorted((judge(thing, record) for thing in things), key=lambda v: _ORDER.index(v.thing.kind))
        return Found(
            orphans=[verdict for verdict in verdicts if verdict.answer in ("stranger", "lost")],
            adopted=[verdict for verdict in verdicts if verdict.reason == "adopted"],
            record=record,
        )

    def adopt(self, verdict: Verdict, record: Record, *, decided_by: str | None) -> None:
        """Mark the thing as this platform's and keep it until a person drops it."""
        thing = verdict.thing
        self._control.orphans.decide(
            thing.kind, thing.name, decision="adopted", reason=verdict.reason, decided_by=decided_by
        )
        self._take(thing, record)

    def drop(self, verdict: Verdict, record: Record, *, decided_by: str | None) -> None:
        """Remove the thing for good.

        Raises:
            Conflict: an environment uses it, or the server refuses to drop it.
        """
        thing = verdict.thing
        if is_in_use(replace(thing, mark=None), record) and thing.kind != "role":
            raise Conflict(f"{thing.kind} {thing.name} is in use", hint="destroy its environment: ops env destroy")
        self._take(thing, record)
        self._removals(record)[thing.kind](thing.name)
        self._control.orphans.decide(
            thing.kind, thing.name, decision="dropped", reason=verdict.reason, decided_by=decided_by
        )

    def _take(self, thing: Thing, record: Record) -> None:
        """Mark the thing as ours, because another installation's things are never changed or dropped."""
        write_mark(thing, Mark(identity=record.identity, made_at=datetime.now(UTC)), self._databases, self._home)

    def _removals(self, record: Record) -> Mapping[OrphanKind, Callable[[str], object]]:
        return {
            "service": lambda name: self._runtime.stop(name, remove=True),
            "database": lambda name: self._drop_database(name, record),
            "role": self._databases.drop_role,
            "folder": lambda name: shutil.rmtree(self._home / name),
        }

    def _drop_database(self, name: str, record: Record) -> None:
        retire_database(self._control, self._databases, name)
        remove_files_of(self._home, name, record)
