"""Read what the control plane's record knows of the things: their use, active runs, makers and adoptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import NotFound
from odooops_dagster.home import Owner, run_of_template
from odooops_dagster.local.identity import identify
from odooops_dagster.model import Environment
from odooops_dagster.ownership import Identity
from odooops_dagster.steps.recovery.restore import kept_databases
from odooops_dagster.steps.release.way_back import kept_by_promotions
from odooops_dagster.steps.upkeep.things import Thing


@dataclass(frozen=True, kw_only=True)
class Record:
    """The things that must stay, and everything that the record knows."""

    identity: Identity
    # Every environment by the hex digits of its id, destroyed ones too.
    environments: Mapping[str, Environment]
    # The active runs, and their environments and run numbers.
    active: frozenset[UUID]
    working: frozenset[tuple[str, int]]
    # Databases that environments serve or that are kept as templates, and databases kept for the way back.
    served: frozenset[str]
    kept: frozenset[str]
    # The runs in marks and names that are on the record, and the makers of things without a mark.
    runs: frozenset[UUID]
    makers: Mapping[str, UUID]
    adopted: frozenset[tuple[str, str]]
    # The moment since which the record is known to be an older one, restored from a backup.
    older_since: datetime | None = None

    def environment(self, digits: str) -> Environment | None:
        """Return the environment whose id starts with the digits."""
        return next((found for digest, found in self.environments.items() if digest.startswith(digits)), None)

    def lives(self, digits: str) -> bool:
        """Return whether the environment is not destroyed, or a run works on it."""
        found = self.environment(digits)
        is_living = found is not None and found.status != "destroyed"
        return is_living or any(digits.startswith(short) for short, _ in self.working)

    def keeps(self, owner: Owner) -> bool:
        """Return whether a live environment or an active run owns the service."""
        if owner.run_number is not None:
            return (owner.environment, owner.run_number) in self.working
        found = self.environment(owner.environment)
        is_deployed = found is not None and found.status != "destroyed" and found.database_name is not None
        return is_deployed or any(owner.environment == short for short, _ in self.working)


def read_record(
    control: ControlPlane, things: Iterable[Thing], home: Path, *, older_since: datetime | None = None
) -> Record:
    """Return what the record knows of the things.

    The things must be listed before the record is read: then a listed thing has its owner on the record, unless the
    owner has ended.
    """
    things = list(things)
    active = control.runs.active()
    environments = {environment.id.hex: environment for environment in control.environments.list()}
    templates = {row["database_name"]: row["built_by_run"] for row in control.templates.list()}
    served = {e.database_name: e.deployed_run_id for e in environments.values() if e.database_name}
    makers = _makers(control, [thing for thing in things if thing.mark is None], environments)
    for name, run_id in {**templates, **served}.items():
        if run_id is not None:
            makers[name] = run_id
    return Record(
        identity=identify(control, home),
        environments=environments,
        active=frozenset(run.id for run in active),
        working=frozenset((run.environment_id.hex[:8], run.run_number) for run in active if run.environment_id),
        served=frozenset({*templates, *served}),
        kept=frozenset(
            kept_databases(control.backups.restores(purpose="restore"), now=datetime.now(UTC))
            | kept_by_promotions(control.deployments.list(), now=datetime.now(UTC))
        ),
        runs=control.runs.known({thing.run_id for thing in things if thing.run_id}) | frozenset(makers.values()),
        makers=makers,
        adopted=control.orphans.adopted(),
        older_since=older_since,
    )


def _makers(
    control: ControlPlane, unmarked: Sequence[Thing], environments: Mapping[str, Environment]
) -> dict[str, UUID]:
    """Return the runs in the names of things without a mark, if they are on the record."""
    ends = {thing.name: end for thing in unmarked if (end := run_of_template(thing.name))}
    runs = control.runs.ending_with(set(ends.values())) if ends else {}
    found = {name: runs[end] for name, end in ends.items() if end in runs}
    for thing in unmarked:
        if thing.kind in ("database", "role") and thing.owner is not None and thing.owner.run_number is not None:
            run_id = _run_of(control, thing.owner, environments)
            if run_id is not None:
                found[thing.name] = run_id
    return found


def _run_of(control: ControlPlane, owner: Owner, environments: Mapping[str, Environment]) -> UUID | None:
    """Return the id of the run with that number if it worked on that environment."""
    environment = next((e for e in environments.values() if e.id.hex.startswith(owner.environment)), None)
    if environment is None or owner.run_number is None:
        return None
    try:
        run = control.runs.by_number(environment.project_slug, owner.run_number)
    except NotFound:
        return None
    return run.id if run.environment_id == environment.id else None
