"""Measure the phases of a promotion and of its rehearsal by the same words, so that one predicts the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from uuid import UUID

from odooops_dagster.model import Table
from odooops_dagster.steps.core.context import StepContext

# People go on working during the backup. Where modules changed they are kept out from the copy to the proof of health;
# where none did, that is proved beside the build that serves. In the start the proved candidate answers.
Phase = Literal["backup", "copy", "update", "health", "start"]


@contextmanager
def phase(ctx: StepContext, name: Phase) -> Iterator[None]:
    """Record the seconds that the block takes; a block that raises has no duration."""
    started = time.monotonic()
    yield
    note_phase(ctx, name, seconds=time.monotonic() - started)


def note_phase(ctx: StepContext, name: Phase, *, seconds: float) -> None:
    """Record the seconds of a phase in the run's events and with its promotion or rehearsal."""
    seconds = round(seconds, 3)
    ctx.control.rehearsals.record_phase(ctx.fence, name, seconds=seconds)
    ctx.control.logs.event(
        ctx.fence, level="info", message=f"{name}: {seconds:.1f} s", payload={"phase": name, "seconds": seconds}
    )


def predicted_downtime(ctx: StepContext, release_id: UUID) -> float:
    """Return the seconds for which people are kept out, as rehearsals predict it; 0 without a rehearsal."""
    rows = ctx.control.rehearsals.downtime(release_id)
    return float(sum(row["median_seconds"] or 0 for row in rows if row["phase"] == "downtime"))


def downtime_table(ctx: StepContext, release_id: UUID) -> Table | None:
    """Return the seconds that each phase of the release's promotion was predicted to take, and took."""
    columns = ("phase", "median_seconds", "worst_seconds", "real_seconds")
    rows = ctx.control.rehearsals.downtime(release_id)
    return Table.of({name: row[name] for name in columns} for row in rows)
