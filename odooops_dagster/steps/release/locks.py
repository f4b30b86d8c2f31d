"""Watch what an update waits for, so that one that ran out of time names who held it up."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import CheckResult, DatabaseAccess
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.postgres.blockers import Blocker, blockers

_EVERY_SECONDS = 1.0


@dataclass
class LockWatch:
    """The sessions that held the update up when somebody last looked."""

    now: tuple[Blocker, ...] = ()
    told: set[int] = field(default_factory=set)

    def explain(self, checks: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
        """Add to each failed check what the update waited for at its end."""
        if not self.now:
            return tuple(checks)
        held = "; ".join(map(str, self.now))
        return tuple(
            check if check.passed else replace(check, summary=f"{check.summary}; it waited for {held}")
            for check in checks
        )


@contextmanager
def watching_locks(ctx: StepContext, access: DatabaseAccess) -> Iterator[LockWatch]:
    """Look every second, as long as the block, and log each session that holds the database's others up."""
    watch, over = LockWatch(), threading.Event()
    thread = threading.Thread(target=_look, args=(ctx, access, watch, over), daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def _look(ctx: StepContext, access: DatabaseAccess, watch: LockWatch, over: threading.Event) -> None:
    while not over.wait(_EVERY_SECONDS):
        with suppress(OdooOpsError):
            watch.now = tuple(blockers(access))
        for blocker in watch.now:
            if blocker.pid not in watch.told:
                watch.told.add(blocker.pid)
                ctx.log("warn", f"the update waits for {blocker}")
