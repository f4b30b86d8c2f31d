"""The input and the output of an engine: one database to upgrade, and the stages of its upgrade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from odooops_dagster.model import Build, CheckResult, DatabaseAccess
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.update import Changes
from odooops_dagster.steps.upgrade.cases import GatheredCases
from odooops_dagster.steps.upgrade.groups import Group
from odooops_dagster.steps.upgrade.kept import KeptUpdates

_LOG = "log_clean"


@dataclass(frozen=True, kw_only=True)
class UpgradePlan:
    """One database to upgrade, on a copy that nobody else uses.

    Args:
        database: the name of the copy and of its role; the copy is sanitized, and its filestore is beside it.
        folder: the copy's own folder, for configurations, logs and dumps; it goes with the copy.
        source: the build that serves the data now.
        target: the build that shall serve them: its series, addons paths and Python.
        changes: the modules of the target to install and to update, by checksum.
        budget_seconds: how long the whole upgrade may take.
        groups: the changed modules, parted so that each group may be updated by itself, in the order of their turns.
        kept: the copies on which some groups are updated already; None if nothing is kept.
        cases: the upgrade cases of the target's repository, ready to run; None if it has none.
    """

    database: str
    folder: Path
    source: Build
    target: Build
    changes: Changes
    budget_seconds: float
    groups: tuple[Group, ...] = ()
    kept: KeptUpdates | None = None
    cases: GatheredCases | None = None

    @property
    def data(self) -> Path:
        """Return Odoo's data_dir of the copy; its filestore is in `filestore/<database>` below it."""
        return self.folder / "data"

    def access(self, ctx: StepContext) -> DatabaseAccess:
        """Return how the copy is reached, as its own role."""
        return ctx.databases.access(self.database, role=self.database)


@dataclass(frozen=True, kw_only=True)
class UpgradeStage:
    """One finished part of an upgrade.

    Args:
        name: the part in one or two words, such as `update` or `18.0 to 19.0`.
        seconds: how long it took, on a real clock.
        log_path: the log that Odoo wrote meanwhile; None if no Odoo ran.
        checks: the checks of this part. A failed blocking one ends the upgrade: the engine yields no more stages.
        is_downtime: whether nobody could work meanwhile if the upgrade were real.
        again_seconds: the part of the seconds that another stage took too, and a promotion takes once.
        is_kept: whether an earlier preview did it.
    """

    name: str
    seconds: float
    log_path: Path | None = None
    checks: Sequence[CheckResult] = ()
    is_downtime: bool = True
    again_seconds: float = 0.0
    is_kept: bool = False


def went_through(checks: Sequence[CheckResult]) -> bool:
    """Return whether the upgrade came to its end, whatever it logged."""
    return all(check.passed for check in checks if check.blocking and check.name != _LOG)


class UpgradeEngine(Protocol):
    """A way to bring a database to a build. An engine keeps no state: one object serves every preview."""

    @property
    def name(self) -> str:
        """Return the name by which people choose the engine."""
        ...

    def why_not(self, ctx: StepContext, plan: UpgradePlan) -> str | None:
        """Return why the engine cannot do this here, with what to install or to set; None if it can."""
        ...

    def stages(self, ctx: StepContext, plan: UpgradePlan) -> Iterator[UpgradeStage]:
        """Upgrade the database, and yield each part when it is done; the lines of the work go to `ctx.log`.

        Raises:
            StepFailed: the upgrade could not be tried at all. An upgrade that Odoo refuses is a failed check instead.
        """
        ...
