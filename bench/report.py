"""From samples to medians, ratios and a table."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# What every rate is divided by, the fastest first; the second column says how we do against the peer most like us.
YARDSTICKS = ("graphile-worker", "procrastinate", "ops")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One queue's rates in one round, in jobs per second."""

    setting: str
    queue: str
    put: float
    drain: float

    def rate(self, phase: str) -> float:
        """Return the rate of a phase, or of whole lives: queued and ended."""
        rates = {"put": self.put, "drain": self.drain, "life": 1 / (1 / self.put + 1 / self.drain)}
        return rates[phase]


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
    figures = {f"{rate}_per_second": _median(own, rate) for rate in ("put", "drain", "life")}
    for yardstick in YARDSTICKS:
        if yardstick in queues:
            figures[f"drain / {yardstick}"] = _ratio(own, queues[yardstick], "drain")
            figures[f"life / {yardstick}"] = _ratio(own, queues[yardstick], "life")
    return {name: round(figure, 3) for name, figure in figures.items()}


def _median(samples: list[Sample], rate: str) -> float:
    return statistics.median(sample.rate(rate) for sample in samples)


def _ratio(own: list[Sample], other: list[Sample], rate: str) -> float:
    """Return the median of the rounds' ratios: what slows one round slows both sides of it."""
    return statistics.median(a.rate(rate) / b.rate(rate) for a, b in zip(own, other, strict=True))


def print_table(samples: Sequence[Sample]) -> None:
    """Print one block per setting, one line per queue."""
    for setting, queues in summary(samples)["settings"].items():
        yardsticks = [name for name in YARDSTICKS if name in queues]
        heads = [
            "put/s",
            "drain/s",
            *(f"drain/{name}" for name in yardsticks),
            *(f"life/{name}" for name in yardsticks),
        ]
        print(f"\n{setting:<22}" + "".join(f"{head:>{max(10, len(head) + 2)}}" for head in heads))
        for queue, figures in queues.items():
            cells = [f"{figures['put_per_second']:.0f}", f"{figures['drain_per_second']:.0f}"]
            cells += [f"{figures[f'{rate} / {name}']:.2f}" for rate in ("drain", "life") for name in yardsticks]
            print(f"{queue:<22}" + "".join(f"{c:>{max(10, len(h) + 2)}}" for h, c in zip(heads, cells, strict=True)))
