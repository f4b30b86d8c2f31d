"""From samples to medians, ratios and a table."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# What every rate is divided by, the fastest first; the second column says how we do against the peer most like us.
YARDSTICKS = ("graphile-worker", "procrastinate", "ops")
PHASES = ("put", "claim", "drain", "life")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One queue's rates in one round, in jobs per second."""

    setting: str
    queue: str
    put: float
    drain: float
    # The rate of the claims alone, where they are calls of their own.
    claim: float | None

    def rate(self, phase: str) -> float:
        """Return the rate of a phase, or of whole lives: queued and ended; not a number where there is none."""
        whole = 1 / (1 / self.put + 1 / self.drain)
        return {"put": self.put, "claim": self.claim or math.nan, "drain": self.drain, "life": whole}[phase]


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return medians of the rates, and of each round's ratio to the yardsticks."""
    settings: dict[str, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        settings[sample.setting][sample.queue].append(sample)
    return {
        "settings": {
            setting: {queue: _figures(own, queues) for queue, own in sorted(queues.items())}
            for setting, queues in settings.items()
        }
    }


def _figures(own: list[Sample], queues: dict[str, list[Sample]]) -> dict[str, float]:
    figures = {f"{rate}/s": _median(own, rate) for rate in PHASES}
    for yardstick in YARDSTICKS:
        if yardstick in queues:
            figures |= {f"{rate} / {yardstick}": _ratio(own, queues[yardstick], rate) for rate in PHASES}
    return {name: round(figure, 3) for name, figure in figures.items() if not math.isnan(figure)}


def _median(samples: list[Sample], rate: str) -> float:
    return statistics.median(sample.rate(rate) for sample in samples)


def _ratio(own: list[Sample], other: list[Sample], rate: str) -> float:
    """Return the median of the rounds' ratios: what slows one round slows both sides of it."""
    return statistics.median(a.rate(rate) / b.rate(rate) for a, b in zip(own, other, strict=True))


def print_table(samples: Sequence[Sample]) -> None:
    """Print one block per setting, one line per queue: rates, then the drain's and the claims' ratios."""
    for setting, queues in summary(samples)["settings"].items():
        yardsticks = [name for name in YARDSTICKS if name in queues]
        heads = [f"{rate}/s" for rate in PHASES]
        heads += [f"drain / {name}" for name in yardsticks]
        heads += [f"{rate} / {name}" for rate in ("life", "claim") for name in yardsticks[:1]]
        print("\n" + _line(setting, heads, heads))
        for queue, figures in queues.items():
            print(_line(queue, [_cell(head, figures.get(head)) for head in heads], heads))


def _line(first: str, cells: Sequence[str], heads: Sequence[str]) -> str:
    return f"{first:<20}" + "".join(f"{cell:>{len(head) + 3}}" for cell, head in zip(cells, heads, strict=True))


def _cell(head: str, figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:.0f}" if head.endswith("/s") else f"{figure:.2f}"
