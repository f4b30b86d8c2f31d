"""What the sandbox costs a preview: from `git push` to the first 200 of its login page, with it and without it.

Two platforms run side by side, one of them with `ODOOOPS_TRUST_PUSHERS`. In each round each gets a push that finds
nothing kept (cold) and pushes of further branches with the same content (warm), in turn and in changing order: what
slows the machine slows both. Ends with status 1 where the goal is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench.closures import REALISTIC, SMALL, Closure
from bench.preview import CACHE, Bench, bench_on
from tests.acceptance.platform import platform

GOAL = 1.05
SIDES = {"sandboxed": "false", "without": "true"}
KINDS = ("cold", "warm")
# By side and kind of push, the seconds of each.
Samples = dict[str, dict[str, list[float]]]


def main() -> None:
    """Measure, print and judge."""
    options = _options()
    samples: Samples = {side: {kind: [] for kind in KINDS} for side in SIDES}
    with ExitStack() as stack:
        benches = {side: _started(stack, side, SMALL if options.small else REALISTIC) for side in SIDES}
        _round(benches, -1, branches=1)  # what is made once is made for nobody's account
        for number in range(options.rounds):
            for side, kinds in _round(benches, number, branches=options.branches).items():
                for kind, seconds in kinds.items():
                    samples[side][kind] += seconds
            print(f"{number + 1}: {_told(samples)}", flush=True)
    ratios = {kind: _median(samples, "sandboxed", kind) / _median(samples, "without", kind) for kind in KINDS}
    _print(samples, ratios)
    if options.json:
        options.json.write_text(json.dumps({"ratios": ratios, "seconds": samples}, indent=1) + "\n")
    sys.exit(1 if max(ratios.values()) > GOAL else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sandboxed_previews", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often both platforms begin with nothing kept")
    parser.add_argument("--branches", type=int, default=3, help="the warm pushes of a round")
    parser.add_argument(
        "--small", action="store_true", help="the demonstration's addon instead of sales, CRM and stock"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


def _started(stack: ExitStack, side: str, closure: Closure) -> Bench:
    running = stack.enter_context(
        platform(f"preview-{side}", ODOOOPS_CACHE=str(CACHE), ODOOOPS_TRUST_PUSHERS=SIDES[side])
    )
    return stack.enter_context(bench_on(running, closure))


def _round(benches: Mapping[str, Bench], number: int, *, branches: int) -> Samples:
    """Push to both platforms in turn, and leave nothing behind that a later round would profit from."""
    found: Samples = {side: {kind: [] for kind in KINDS} for side in benches}
    names = [f"feature/round-{number}-{branch}" for branch in range(branches + 1)]
    for bench in benches.values():
        bench.forget_templates()
    for place, name in enumerate(names):
        order = list(benches) if (number + place) % 2 else list(benches)[::-1]
        for side in order:
            found[side]["warm" if place else "cold"].append(benches[side].push(name).total)
    for bench in benches.values():
        for name in names:
            bench.delete(name)
    return found


def _median(samples: Samples, side: str, kind: str) -> float:
    return statistics.median(samples[side][kind])


def _told(samples: Samples) -> str:
    return ", ".join(f"{kind} {side} {samples[side][kind][-1]:.2f} s" for kind in KINDS for side in samples)


def _print(samples: Samples, ratios: Mapping[str, float]) -> None:
    print(f"\n{'push to 200, s':<16}" + "".join(f"{head:>12}" for head in (*SIDES, "ratio", "goal", "pushes")))
    for kind in KINDS:
        medians = "".join(f"{_median(samples, side, kind):>12.2f}" for side in SIDES)
        print(f"{kind:<16}{medians}{ratios[kind]:>12.3f}{GOAL:>12.2f}{len(samples['without'][kind]):>12}")


if __name__ == "__main__":
    main()
