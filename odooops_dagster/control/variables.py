"""Variables of environments; their values are sealed before they come here, and are opened elsewhere."""

from __future__ import annotations

import builtins
from base64 import b64decode, b64encode
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Stage
from odooops_dagster.model.variables import EnvironmentVariable, SealedValue, Variable


class Variables:
    """Reads and writes ops.variables and the values to which its rows refer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_key(self, public_key: bytes, *, gives_up: bool = False) -> None:
        """Record the key for which values are sealed from now on; `gives_up` those that are sealed for another one.

        Raises:
            Conflict: the key is new, and values are sealed for another one.
        """
        self._database.call("record_sealing_key", p_public_key=public_key, p_gives_up=gives_up)

    def key(self) -> bytes:
        """Return the public key for which values are sealed.

        Raises:
            Unavailable: no platform was ever started here.
        """
        found: str | None = self._database.value("sealing_key")
        if found is None:
            raise Unavailable("there is no key yet for which values are sealed", hint="ops up makes one")
        return b64decode(found)

    def set(
        self,
        project_id: UUID,
        name: str,
        *,
        sealed: bytes,
        public_key: bytes,
        stage: Stage | None = None,
        environment_id: UUID | None = None,
        set_by: str | None = None,
    ) -> builtins.list[str]:
        """Set the variable of the project, of a stage or of an environment; return the environments that restart.

        Raises:
            BadInput: no variable may have this name or value, or it is sealed for another key.
            Forbidden: the caller may not.
        """
        rows = self._database.call(
            "set_variable",
            p_project_id=project_id,
            p_name=name,
            p_sealed=b64encode(sealed).decode(),
            p_public_key=b64encode(public_key).decode(),
            p_stage=stage,
            p_environment_id=environment_id,
            p_set_by=set_by,
        )
        return [row["environment"] for row in rows]

    def unset(
        self,
        project_id: UUID,
        name: str,
        *,
        stage: Stage | None = None,
        environment_id: UUID | None = None,
        unset_by: str | None = None,
    ) -> builtins.list[str]:
        """Remove the variable and its value; return the environments that restart.

        Raises:
            NotFound: it is not set there.
        """
        rows = self._database.call(
            "unset_variable",
            p_project_id=project_id,
            p_name=name,
            p_stage=stage,
            p_environment_id=environment_id,
            p_unset_by=unset_by,
        )
        return [row["environment"] for row in rows]

    def list(self, project_id: UUID) -> builtins.list[Variable]:
        """Return what is set in the project, by name."""
        rows = self._database.read("v_variables", order="name, place desc, stage, branch", project_id=project_id)
        return [Variable.from_row(row) for row in rows]

    def of_environment(self, environment_id: UUID) -> builtins.list[EnvironmentVariable]:
        """Return what the environment gets, by name."""
        rows = self._database.read("v_environment_variables", order="name", environment_id=environment_id)
        return [EnvironmentVariable.from_row(row) for row in rows]

    def values(self, environment_id: UUID) -> builtins.list[SealedValue]:
        """Return the sealed values that the environment gets."""
        rows = self._database.call("environment_values", p_environment_id=environment_id)
        return [SealedValue.from_row(row) for row in rows]
