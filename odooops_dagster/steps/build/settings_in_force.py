"""The settings of a commit: those of its odooops.yaml, completed by those of the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.project_file import ProjectFile, on_top_of, read_project_file, read_values


def settings_in_force(ctx: StepContext, path: Path, *, variables: Mapping[str, str]) -> tuple[ProjectFile, bool]:
    """Return the settings of a checked-out commit, and whether some of them come from the project alone.

    A key that is not known is a warning, because a newer version may know it.

    Args:
        ctx: the run.
        path: the commit's folder.
        variables: those of the image, by the commit's Dockerfile.

    Raises:
        StepFailed: the file or the project's settings are wrong; the message names every fault.
    """
    file = _of_file(ctx, path)
    # Variables of an image count for less than what is set for a container.
    image = ProjectFile(variables={"every": variables}) if variables else ProjectFile()
    settings = on_top_of(on_top_of(image, _of_project(ctx)), file)
    return settings, settings != on_top_of(image, file)


def _of_file(ctx: StepContext, path: Path) -> ProjectFile:
    reading = read_project_file(path)
    for fault in reading.unknown:
        ctx.log("warn", f"{fault}: it is ignored")
    if reading.faults:
        raise StepFailed("; ".join(map(str, reading.faults)), hint="ops config check, in the repository's folder")
    return reading.settings


def _of_project(ctx: StepContext) -> ProjectFile:
    values = ctx.control.settings.get(ctx.project.id)
    reading = read_values(values)
    slug = ctx.project.slug
    for fault in reading.unknown:
        ctx.log("warn", f"settings of project {slug}: {fault.key}: {fault.message}: it is ignored")
    if reading.faults:
        told = "; ".join(f"{fault.key}: {fault.message}" for fault in reading.faults)
        raise StepFailed(f"settings of project {slug}: {told}", hint=f"ops project set {slug}, or ops project unset")
    if values:
        ctx.log("info", f"settings of project {slug}, below those of the repository: {', '.join(values)}")
    return reading.settings
