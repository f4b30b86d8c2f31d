"""The kinds of runs, in one table: the job and the assets of each, where it may work, and what it may do to the data.

`ops.run_kinds` is the same table in the record, which refuses what it does not allow; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ValidationError

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Run, RunKind, Stage

# What a run may do to its environment: leave its database alone; give it a new one (production only while it has none);
# put other data in the place of any environment's; take the environment away.
Effect = Literal["none", "new", "replace", "remove"]

STAGES: tuple[Stage, ...] = ("development", "staging", "production")
_BUILD = ("source", "image")
_TEST = (*_BUILD, "prod_clone", "database")
_DEPLOY = (*_TEST, "deployment")


class RunConfig(BaseModel, frozen=True, extra="ignore"):
    """What a run is told beside its kind, its environment and its commit: `ops.run_requests.config`, typed.

    What a kind does not know is passed over, as a label that Dagster's UI brings along.
    """

    backup_id: UUID | None = None  # whose data: of a restore, a clone, a drill

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return what the run was told.

        Raises:
            BadInput: it makes no sense.
        """
        try:
            return cls.model_validate(dict(run.config))
        except ValidationError as exc:
            fault = exc.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            raise BadInput(
                f"run #{run.run_number} cannot be carried out: {where}: {fault['msg']}", hint="ops run --help"
            ) from exc


class RestoreConfig(RunConfig, frozen=True):
    """A restore: whole, in part, taken back, or of single records."""

    only: str | None = None  # database or filestore
    undo: UUID | None = None  # the restore to take back
    records: dict[str, object] | None = None  # the review that was handed in


class DestroyConfig(RunConfig, frozen=True):
    """A removal: of production only where it is named, and its data given up only where that is said."""

    confirm: str | None = None  # the partition key
    without_backup: bool = False


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a run of one kind is in Dagster, and what it may do."""

    name: RunKind
    effect: Effect
    job: str | None = None  # None: this version carries it out not
    assets: tuple[str, ...] = ()  # none where its job is made of ops
    stages: tuple[Stage, ...] = STAGES
    # A clone makes what a deployment makes, of what is deployed: only its job tells them apart.
    by_selection: bool = True
    config: type[RunConfig] = RunConfig

    def makes(self, assets: Collection[str]) -> bool:
        """Return whether a run of this kind makes all of these assets."""
        return set(assets) <= set(self.assets)


KINDS: dict[RunKind, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="build", effect="none", job="build", assets=_BUILD),
        Kind(name="test", effect="none", job="test", assets=_TEST),
        Kind(name="deploy", effect="new", job="deploy", assets=_DEPLOY),
        # Not named like its asset: Dagster wants the names of jobs and of what they run to differ.
        Kind(name="backup", effect="none", job="back_up", assets=("backup",)),
        Kind(name="restore", effect="replace", job="restore", config=RestoreConfig),
        Kind(
            name="clone",
            effect="new",
            job="clone",
            assets=_DEPLOY,
            stages=("development", "staging"),
            by_selection=False,
        ),
        Kind(name="upgrade", effect="none"),
        Kind(name="drill", effect="none", job="drill", assets=("recovery_drill",)),
        Kind(name="promote", effect="replace", stages=("staging", "production")),
        Kind(name="destroy", effect="remove", job="destroy", config=DestroyConfig),
    )
}


def kind_of(job: str, assets: Collection[str] = ()) -> RunKind:
    """Return the kind of a run that was started in Dagster: all of a job, or some assets.

    Some assets are a run of the kind that makes all of them and the fewest others: `source` alone is a build,
    `database` with `deployment` a deployment.

    Raises:
        BadInput: no one kind makes them all, or the job is not one of the table.
    """
    named = next((kind for kind in KINDS.values() if kind.job == job), None)
    if named is not None and (not assets or (not named.by_selection and named.makes(assets))):
        return named.name
    fitting = [kind for kind in KINDS.values() if kind.by_selection and kind.makes(assets)] if assets else []
    if not fitting:
        raise _no_kind(job, sorted(assets))
    return min(fitting, key=lambda kind: len(kind.assets)).name


def _no_kind(job: str, assets: Sequence[str]) -> BadInput:
    makers = (kind for kind in KINDS.values() if kind.by_selection and kind.job)
    known = "; ".join(f"{kind.name}: {', '.join(kind.assets)}" for kind in makers if kind.assets)
    if not assets:
        return BadInput(f"job {job} belongs to no kind of run", hint=f"select assets of one kind: {known}")
    return BadInput(f"no one run makes {', '.join(assets)}", hint=f"materialize those of one kind at a time: {known}")
