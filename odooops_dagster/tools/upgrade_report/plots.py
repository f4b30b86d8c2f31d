"""Plots of several previews as SVG that is written into the page: bars, which need no script and no font."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _FOOT = 600, 140, 22
_MOST_BARS = 20
# A bar that is not there at all would say that nothing was measured.
_LEAST = 2


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One preview: its name, its value, and the colour of its verdict."""

    name: str
    value: float
    colour: str


def bars(title: str, unit: str, values: Sequence[Bar]) -> str:
    """Return a plot of the newest values, oldest first; empty without any."""
    shown = values[-_MOST_BARS:]
    if not shown:
        return ""
    highest = max(bar.value for bar in shown) or 1.0
    step = _WIDTH / len(shown)
    drawn = "".join(_bar(bar, place, step, highest, unit) for place, bar in enumerate(shown))
    label = f"{title}, {unit}"
    return (
        f'<figure><figcaption>{escape(label)}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{drawn}</svg></figure>'
    )


def _bar(bar: Bar, place: int, step: float, highest: float, unit: str) -> str:
    room = _HEIGHT - 2 * _FOOT
    height = max(_LEAST, room * bar.value / highest)
    width = min(step * 0.7, 60)
    left = place * step + (step - width) / 2
    top = _HEIGHT - _FOOT - height
    middle = left + width / 2
    return (
        f'<rect class="{escape(bar.colour)}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}">'
        f"<title>{escape(bar.name)}: {bar.value:g} {escape(unit)}</title></rect>"
        f'<text x="{middle:.1f}" y="{top - 5:.1f}">{bar.value:g}</text>'
        f'<text x="{middle:.1f}" y="{_HEIGHT - 6}">{escape(bar.name.rpartition("#")[2])}</text>'
    )
