"""The pinned tools, as evidence of a build: which versions and images were in force when it was made."""

from __future__ import annotations

import json

from odooops_dagster.steps.core.context import StepContext


def record_tools(ctx: StepContext) -> None:
    """Record the pins of `ops tool list` as the run's tools.json; an image is named with its digest."""
    pins = {tool["name"]: {"version": tool["version"], "image": _image(tool)} for tool in ctx.control.tools.list()}
    ctx.keep("tools.json", json.dumps(pins, indent=1, sort_keys=True).encode())


def _image(tool: dict[str, object]) -> str | None:
    """Return the image by its digest; a row of before the pins may have none."""
    if tool["docker_image"] is None or tool["digest"] is None:
        return None
    return f"{tool['docker_image']}@{tool['digest']}"
