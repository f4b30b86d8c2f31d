"""The table of the kinds of runs: the job, assets, stages and the effect on the data of each.

The function `ops.run_kinds` (sql/functions/queue/run_kinds.sql) has the same facts and enforces them; a test compares
the two. A new kind is also a value of the enum `ops.run_kind`, in a migration, and of `RunKind` in model/runs.py.
The maintenance jobs of the platform itself are a second, shorter table: they are no kinds of runs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Run, RunKind, Stage

# The effect of a run on its environment: none; a new database (in production only if it has none); replaced data in any
# environment; removal of the environment; a service that starts or stops, with its data as they are.
Effect = Literal["none", "new", "replace", "remove", "serve"]

STAGES: tuple[Stage, ...] = ("development", "staging", "production")
_BUILD = ("source", "image")
_TEST = (*_BUILD, "prod_clone", "database")
_DEPLOY = (*_TEST, "deployment")


class RunConfig(BaseModel, frozen=True, extra="forbid"):
    """The typed `ops.run_requests.config`: arguments of a run besides its kind, environment and commit.

    A kind has the fields that `ops.run_config_fields` lists for it, and the record refuses all others.
    """

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return the run's config.

        Raises:
            BadInput: the config is invalid.
        """
        try:
            return cls.model_validate(dict(run.config))
        except ValidationError as exc:
            fault = exc.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"]))
            raise BadInput(
                f"run #{run.run_number} cannot be carried out: {where}: {fault['msg']}", hint="ops run --help"
            ) from exc


class PlacedConfig(RunConfig, frozen=True):
    """Config of a run on an environment: what was selected of its assets, if it started in Dagster."""

    assets: tuple[str, ...] = ()


class BackupConfig(PlacedConfig, frozen=True):
    """Config of a backup: its label, and the zip in the store that replaces the environment's data as its source."""

    label: str | None = None
    imported: dict[str, object] | None = Field(default=None, alias="import")


class OfBackupConfig(PlacedConfig, frozen=True):
    """Config of a clone or a drill: the backup, its purpose, and the profile of masking."""

    backup_id: UUID | None = None
    purpose: str | None = None
    masking_profile: str | None = None


class RestoreConfig(OfBackupConfig, frozen=True):
    """Config of a restore: whole, only a part, the undo of a restore, or single records."""

    only: str | None = None  # database or filestore
    undo: UUID | None = None  # the restore to undo
    records: dict[str, object] | None = None  # the submitted review


class DestroyConfig(PlacedConfig, frozen=True):
    """Config of a destroy run; for production, `confirm` has to name it, and `without_backup` gives up its data."""

    confirm: str | None = None  # the partition key
    without_backup: bool = False


class StopConfig(PlacedConfig, frozen=True):
    """Config of a stop: whether the environment's next request starts it again."""

    until_asked: bool = False


class PromoteConfig(PlacedConfig, frozen=True):
    """Config of a promotion: its deployment, and for a rollback whether the data of before come back too.

    The other fields repeat the deployment for who reads the run; steps read the deployment.
    """

    deployment_id: UUID
    with_data: bool = False
    release_id: UUID | None = None
    version: str | None = None
    stage: str | None = None
    image_digest: str | None = None
    git_shas: dict[str, str] | None = None
    rollback_of: UUID | None = None


class RehearseConfig(PlacedConfig, frozen=True):
    """Config of a rehearsal: the release; its version is for who reads the run."""

    release_id: UUID
    version: str | None = None


class UpgradeConfig(PlacedConfig, frozen=True):
    """Config of an upgrade preview; the commit that is tried is the run's own.

    Without `target_series` the project's series stays; without `backup_id` policy clone.source chooses the backup.
    """

    target_series: str | None = None
    engine: str = "same_series"
    backup_id: UUID | None = None


class VerifyConfig(RunConfig, frozen=True):
    """Config of a verify run: the backup to read back."""

    backup_id: UUID


class CompareConfig(RunConfig, frozen=True):
    """Config of a comparison: the backup, and the tables or rows to compare, such as `res_partner:1,2`."""

    backup_id: UUID
    tables: Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of run: its job and assets in Dagster, and its effect."""

    name: RunKind
    effect: Effect
    job: str | None = None  # None: not implemented in this version
    assets: tuple[str, ...] = ()  # empty if its job consists of ops
    stages: tuple[Stage, ...] = STAGES  # empty: its runs work on no environment, and their job has no partitions
    # Whether a selection of assets can mean this kind. A clone creates the same assets as a deployment, so only its job
    # identifies it.
    by_selection: bool = True
    is_of_project: bool = False  # its runs work on a project alone, and on no backup either
    tries_code: bool = False  # its runs try a commit of the project, so that what they refuse is the project's fault
    config: type[RunConfig] = PlacedConfig

    @property
    def has_partitions(self) -> bool:
        """Return whether its job works on the partition of an environment."""
        return bool(self.stages)

    def makes(self, assets: Collection[str]) -> bool:
        """Return whether a run of this kind creates all of these assets."""
        return set(assets) <= set(self.assets)


KINDS: dict[RunKind, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="build", effect="none", job="build", assets=_BUILD, tries_code=True),
        Kind(name="test", effect="none", job="test", assets=_TEST, tries_code=True),
        Kind(name="deploy", effect="new", job="deploy", assets=_DEPLOY, tries_code=True),
        # Dagster does not allow a job with the name of its asset.
        Kind(name="backup", effect="none", job="back_up", assets=("backup",), config=BackupConfig),
        Kind(name="restore", effect="replace", job="restore", config=RestoreConfig),
        Kind(
            name="clone",
            effect="new",
            job="clone",
            assets=_DEPLOY,
            stages=("development", "staging"),
            by_selection=False,
            tries_code=True,
            config=OfBackupConfig,
        ),
        Kind(
            name="upgrade",
            effect="none",
            job="upgrade",
            assets=("upgrade_report",),
            tries_code=True,
            config=UpgradeConfig,
        ),
        Kind(name="drill", effect="none", job="drill", assets=("recovery_drill",), config=OfBackupConfig),
        Kind(
            name="promote",
            effect="replace",
            job="promote",
            stages=("staging", "production"),
            tries_code=True,
            config=PromoteConfig,
        ),
        Kind(
            name="rehearse",
            effect="none",
            job="rehearse",
            stages=("production",),
            tries_code=True,
            config=RehearseConfig,
        ),
        Kind(name="destroy", effect="remove", job="destroy", config=DestroyConfig),
        Kind(name="stop", effect="serve", job="stop", config=StopConfig),
        Kind(name="start", effect="serve", job="start"),
        Kind(name="verify", effect="none", job="verify", stages=(), config=VerifyConfig),
        Kind(name="retention", effect="none", job="retention", stages=(), is_of_project=True, config=RunConfig),
        Kind(name="compare", effect="none", job="compare", stages=(), config=CompareConfig),
    )
}


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """A maintenance job: it has no partition, no row in ops.runs and no effect on the data of an environment."""

    name: str
    description: str


MAINTENANCE: dict[str, Maintenance] = {
    job.name: job
    for job in (
        Maintenance(
            name="artifact_expiry",
            description="Remove expired artifacts and old uploads, first from the store, then from the record.",
        ),
        Maintenance(
            name="backup_mirror",
            description="Copy verified backups to the second store, read them back there, and remove dropped ones.",
        ),
        Maintenance(
            name="log_retention",
            description="Remove expired log lines, deliveries and events, and create the partitions of future months.",
        ),
        Maintenance(
            name="image_removal",
            description="Remove the images that nothing needs from their registry and the engine; report unknown ones.",
        ),
        Maintenance(
            name="janitor",
            description="Find what ended runs left behind and remove it; report what is not on the record.",
        ),
        Maintenance(
            name="audit_anchor",
            description="Keep the hash of every new entry of the record in the store, where a rewrite is found by it.",
        ),
        Maintenance(name="platform_backup", description="Back the platform itself up, and prove it by a restore."),
        Maintenance(name="converge", description="Start the services that should run and stop those that should not."),
    )
}


def backup_named_by(run: Run) -> UUID | None:
    """Return the backup that the run's config names; None also for every kind that takes none.

    Raises:
        BadInput: the config is invalid.
    """
    config = KINDS[run.kind].config.of(run)
    return (
        config.backup_id if isinstance(config, (OfBackupConfig, UpgradeConfig, VerifyConfig, CompareConfig)) else None
    )


def kind_of(job: str, assets: Collection[str] = ()) -> RunKind:
    """Return the kind of a run that was started in Dagster, from its job or its selected assets.

    Selected assets mean the kind that creates all of them and the fewest others: `source` alone is a build, `database`
    with `deployment` a deployment.

    Raises:
        BadInput: no kind creates all of the assets, or the job is not in the table.
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
