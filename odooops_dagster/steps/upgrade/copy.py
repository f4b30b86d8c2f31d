"""The copy that an upgrade is tried on: production's data, sanitized, where nobody else works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.steps.clone.clone import copy_template
from odooops_dagster.steps.clone.template import CloneRecipe, CloneTemplate, clone_template
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.recovery.drill_sandbox import URL, DrillSandbox, sandbox


@dataclass(kw_only=True)
class HarmlessCopy:
    """A sandbox with a copy of the clone template; `seconds` is how long the copy took."""

    place: DrillSandbox
    template: CloneTemplate
    seconds: float = 0.0

    def access(self, ctx: StepContext) -> DatabaseAccess:
        """Return how the copy is reached, as its own role."""
        return ctx.databases.access(self.place.name, role=self.place.name)

    def renew(self, ctx: StepContext, template: CloneTemplate | None = None) -> None:
        """Put the data of the template, by default the copy's own, in the place of what was done to the copy."""
        ctx.runtime.stop(self.place.name, remove=True)
        retire_database(ctx.control, ctx.databases, self.place.name)
        self.fill(ctx, template)

    def fill(self, ctx: StepContext, template: CloneTemplate | None = None) -> None:
        """Make the database and its files."""
        started = time.monotonic()
        copy_template(
            ctx, template or self.template, self.place.name, owner=self.place.name, files=self.place.filestore, url=URL
        )
        self.seconds = round(time.monotonic() - started, 3)


@contextmanager
def harmless_copy(ctx: StepContext, recipe: CloneRecipe) -> Iterator[HarmlessCopy]:
    """Yield a copy of the recipe's clone template, and remove it whatever happens; the template stays."""
    template = clone_template(ctx, recipe)
    with sandbox(ctx) as place:
        copy = HarmlessCopy(place=place, template=template)
        copy.fill(ctx)
        yield copy
