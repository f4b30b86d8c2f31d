"""The variables that an environment's Odoo gets: those of its repository, and over them those that people set.

Only the Odoo that serves gets them. Builds, tests, clones and drills do not: what they leave is shared or shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, StepFailed
from odooops_dagster.home import sealing_key_file
from odooops_dagster.local.sealing_key import private_sealing_key
from odooops_dagster.model import Environment
from odooops_dagster.model.variables import SealedValue
from odooops_dagster.settings import Settings
from odooops_dagster.tools.project_file import ProjectFile
from odooops_dagster.tools.project_file.variables import secrets_on, variables_on
from odooops_dagster.tools.sealing import public_of, unseal


def variables_of(
    control: ControlPlane, settings: Settings, environment: Environment, file: ProjectFile
) -> Mapping[str, str]:
    """Return the variables of the environment's Odoo, with the names of those whose values no line may show.

    Raises:
        StepFailed: a value cannot be opened here.
    """
    opened = {value.name: _opened(settings, environment, value) for value in control.variables.values(environment.id)}
    masked = {"ODOOOPS_MASKED": " ".join(opened)} if opened else {}
    return {**variables_on(environment.stage, file.variables), **opened, **masked}


def require_secrets(control: ControlPlane, environment: Environment, file: ProjectFile) -> None:
    """Refuse to deploy without the values that the repository says it needs.

    Raises:
        StepFailed: one is not set for the environment.
    """
    needed = secrets_on(environment.stage, file.secrets)
    known = {variable.name for variable in control.variables.of_environment(environment.id)} if needed else set()
    if missing := [name for name in needed if name not in known]:
        raise StepFailed(
            f"{environment.partition_key} needs values that nobody has set: {', '.join(missing)}",
            hint=f"ops env set {environment.project_slug} {missing[0]} --stage {environment.stage}",
        )


def _opened(settings: Settings, environment: Environment, value: SealedValue) -> str:
    key = private_sealing_key(settings.home)
    if key is None or public_of(key) != value.public_key:
        raise StepFailed(
            f"the value of {value.name} for {environment.partition_key} is sealed for another platform's key",
            hint=f"bring {sealing_key_file(settings.home)} back from a copy, or set it again: ops env set",
        )
    try:
        return unseal(value.sealed, private_key=key, bound_to=value.bound_to)
    except Conflict as exc:
        raise StepFailed(
            f"the value of {value.name} for {environment.partition_key} cannot be opened: {exc}", hint=exc.hint
        ) from exc
