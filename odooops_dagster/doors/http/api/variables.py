"""Variables of environments: what is set, never a value."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field, model_validator

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.parameters import project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.errors import BadInput
from odooops_dagster.model import Stage
from odooops_dagster.model.variables import EnvironmentVariable, Restarted, SealingKey, Variable, bound_to
from odooops_dagster.tools.sealing import LARGEST, seal

router = noun_router("variables")

Name = Annotated[str, Field(min_length=1, max_length=100)]
InStage = Annotated[Stage | None, Query(description="The stage for which it is set.")]
InEnvironment = Annotated[UUID | None, Query(description="The environment for which it is set.")]


class NewVariable(BaseModel):
    """A variable for an environment, for a stage, or without both for the project.

    Its value comes plain and is sealed here, or sealed by the caller for the key of /v1/sealing-key.
    """

    name: Name
    stage: Stage | None = None
    environment_id: UUID | None = None
    value: str | None = Field(default=None, min_length=1, max_length=LARGEST)
    sealed: str | None = Field(default=None, max_length=2 * LARGEST, description="In base64, as the key is.")
    public_key: str | None = Field(default=None, max_length=100, description="The key for which it is sealed.")

    @model_validator(mode="after")
    def _is_given_once(self) -> NewVariable:
        is_sealed = self.sealed is not None and self.public_key is not None
        if (self.value is not None) == is_sealed or (self.sealed is None) != (self.public_key is None):
            raise ValueError("give the value, or the sealed value with its key")
        return self


@router.get("/v1/sealing-key", operation_id="get_sealing_key")
def get_sealing_key(control: Control) -> SealingKey:
    """Return the public key for which values are sealed."""
    return SealingKey(base64=b64encode(control.variables.key()).decode())


@router.get("/v1/projects/{project}/variables", operation_id="list_variables")
def list_variables(control: Control, project: str) -> list[Variable]:
    """List which variables are set in the project, and where."""
    return control.variables.list(project_id(control, project))


@router.post("/v1/projects/{project}/variables", operation_id="set_variable", status_code=201, responses=CHANGE)
def set_variable(control: Control, project: str, body: NewVariable) -> list[Restarted]:
    """Set a variable, and return the environments that are restarted by it."""
    found = project_id(control, project)
    sealed, public_key = _sealed(control, found, body)
    restarted = control.variables.set(
        found, body.name, sealed=sealed, public_key=public_key, stage=body.stage, environment_id=body.environment_id
    )
    return [Restarted(environment=each) for each in restarted]


@router.delete("/v1/projects/{project}/variables/{name}", operation_id="unset_variable", responses=CHANGE)
def unset_variable(
    control: Control, project: str, name: str, stage: InStage = None, environment_id: InEnvironment = None
) -> list[Restarted]:
    """Remove a variable and its value from one place, and return the environments that are restarted by it."""
    restarted = control.variables.unset(project_id(control, project), name, stage=stage, environment_id=environment_id)
    return [Restarted(environment=each) for each in restarted]


@router.get("/v1/environments/{environment_id}/variables", operation_id="list_environment_variables")
def list_environment_variables(control: Control, environment_id: UUID) -> list[EnvironmentVariable]:
    """List the variables that the environment gets, and from where."""
    return control.variables.of_environment(environment_id)


def _sealed(control: ControlPlane, project: UUID, body: NewVariable) -> tuple[bytes, bytes]:
    if body.value is None:
        return _decoded(body.sealed or ""), _decoded(body.public_key or "")
    public_key = control.variables.key()
    place = bound_to(body.name, project, stage=body.stage, environment_id=body.environment_id)
    return seal(body.value, public_key=public_key, bound_to=place), public_key


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError) as exc:
        raise BadInput("the sealed value or its key is no base64", hint="encode it as /v1/sealing-key is") from exc
