"""What a run is told beside its kind, its environment and its commit: the typed half of `ops.run_requests.config`."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ValidationError

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Run


class RunConfig(BaseModel, frozen=True, extra="ignore"):
    """The base of each kind's configuration; what others read of it is passed over."""

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

    backup_id: UUID | None = None
    only: str | None = None  # database or filestore
    undo: UUID | None = None  # the restore to take back
    records: dict[str, object] | None = None  # the review that was handed in
