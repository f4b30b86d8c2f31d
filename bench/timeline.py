"""Where the time of one push went, read from the run's row and its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odooops_dagster.model import Run

STEPS = ("source", "image", "database", "deployment")


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One push, from `git push` to the login page, in seconds."""

    total: float
    noticed: float  # until the run's row was there
    claimed: float  # from there until the queue's sensor took it
    launched: float  # from there until the first step began
    steps: Mapping[str, float]
    odoo: Mapping[str, float]  # what Odoo itself was at work for, within the steps
    waiting: Mapping[str, float]  # between steps, and from the last one to the answer

    @property
    def own(self) -> float:
        """Return everything but Odoo's own work."""
        return self.total - sum(self.odoo.values())

    def figures(self) -> dict[str, float]:
        """Return every figure under one name."""
        return {
            "total": self.total,
            "noticed": self.noticed,
            "claimed": self.claimed,
            "launched": self.launched,
            **self.steps,
            **{f"before {name}": seconds for name, seconds in self.waiting.items()},
            **{f"odoo {name}": seconds for name, seconds in self.odoo.items()},
            "own": self.own,
            "own share": self.own / self.total,
        }


def timeline(run: Run, events: Sequence[Mapping[str, Any]], *, pushed_at: float, answered_at: float) -> Timeline:
    """Return the run's timeline; the two moments are seconds of the wall clock."""
    at = {str(event["message"]): event["created_at"].timestamp() for event in events}
    odoo: dict[str, float] = {}
    for event in events:
        if name := event["payload"].get("odoo"):
            odoo[name] = odoo.get(name, 0.0) + float(event["payload"]["seconds"])
    created_at = run.created_at.timestamp()
    claimed_at = (run.claimed_at or run.created_at).timestamp()
    # The last step clears up after the preview has begun to answer; nobody waits for that.
    ends = {step: min(at[f"{step} done"], answered_at) for step in STEPS}
    followers = dict(zip(STEPS, [*(at[f"{step} started"] for step in STEPS[1:]), answered_at], strict=True))
    names = dict(zip(STEPS, [*STEPS[1:], "answer"], strict=True))
    return Timeline(
        total=answered_at - pushed_at,
        noticed=created_at - pushed_at,
        claimed=claimed_at - created_at,
        launched=at["source started"] - claimed_at,
        steps={step: ends[step] - at[f"{step} started"] for step in STEPS},
        odoo=odoo,
        waiting={names[step]: followers[step] - ends[step] for step in STEPS},
    )
