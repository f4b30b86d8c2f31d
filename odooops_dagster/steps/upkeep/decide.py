"""Carry out what people decided about orphans: adopt and keep, or drop for good. Both are recorded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.orphans import Orphan, OrphanKind
from odooops_dagster.errors import Conflict, NotFound, OdooOpsError
from odooops_dagster.ownership import Mark
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.upkeep.marking import remove_files_of, write_mark
from odooops_dagster.steps.upkeep.record import Record
from odooops_dagster.steps.upkeep.things import Thing
from odooops_dagster.steps.upkeep.verdicts import Verdict, is_in_use, judge
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime


class OrphanKeeper:
    """Carries out the pending decisions, each after a look whether the thing is still an orphan."""

    def __init__(
        self, control: ControlPlane, runtime: Runtime, databases: OdooDatabases, home: Path, record: Record
    ) -> None:
        self._control = control
        self._runtime = runtime
        self._databases = databases
        self._home = home
        self._record = record

    def carry_out(self, pending: Sequence[Orphan], things: Sequence[Thing]) -> Iterator[str]:
        """Adopt or drop each thing, record that, and yield a line for each; a refusal stops no other."""
        found = {(thing.kind, thing.name): thing for thing in things}
        for orphan in pending:
            try:
                self._carry_out(orphan, found.get((orphan.kind, orphan.name)))
            except (OdooOpsError, OSError) as exc:
                self._control.orphans.end_decision(orphan, refusal=str(exc))
                yield f"{orphan.kind} {orphan.name} not {orphan.decision}: {exc}"
                continue
            self._control.orphans.end_decision(orphan)
            yield f"{orphan.decision} {orphan.kind} {orphan.name}"

    def _carry_out(self, orphan: Orphan, thing: Thing | None) -> None:
        if thing is None:
            raise NotFound(f"{orphan.kind} {orphan.name} is gone", hint="ops env orphans list")
        verdict = judge(thing, self._record)
        if verdict.listed_as is None:
            raise Conflict(f"{orphan.kind} {orphan.name} is no orphan any more", hint="ops env orphans list")
        if orphan.decision == "adopted":
            self._adopt(verdict, decided_by=orphan.decided_by)
        else:
            self._drop(verdict, decided_by=orphan.decided_by)

    def _adopt(self, verdict: Verdict, *, decided_by: str | None) -> None:
        """Mark the thing as this platform's and keep it until a person drops it."""
        thing = verdict.thing
        self._control.orphans.record_decision(
            thing.kind, thing.name, decision="adopted", reason=verdict.reason, decided_by=decided_by
        )
        self._take(thing)

    def _drop(self, verdict: Verdict, *, decided_by: str | None) -> None:
        """Remove the thing for good.

        Raises:
            Conflict: an environment uses it, or the server refuses to drop it.
        """
        thing = verdict.thing
        if is_in_use(replace(thing, mark=None), self._record) and thing.kind != "role":
            raise Conflict(f"{thing.kind} {thing.name} is in use", hint="destroy its environment: ops env destroy")
        self._take(thing)
        self._removals()[thing.kind](thing.name)
        self._control.orphans.record_decision(
            thing.kind, thing.name, decision="dropped", reason=verdict.reason, decided_by=decided_by
        )

    def _take(self, thing: Thing) -> None:
        """Mark the thing as ours, because another installation's things are never changed or dropped."""
        write_mark(thing, Mark(identity=self._record.identity, made_at=datetime.now(UTC)), self._databases, self._home)

    def _removals(self) -> Mapping[OrphanKind, Callable[[str], object]]:
        return {
            "service": lambda name: self._runtime.stop(name, remove=True),
            "database": self._drop_database,
            "role": self._databases.drop_role,
            "folder": lambda name: shutil.rmtree(self._home / name),
        }

    def _drop_database(self, name: str) -> None:
        retire_database(self._control, self._databases, name)
        remove_files_of(self._home, name, self._record)
