"""Plots that the server draws: SVG without a script and without a style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_HEIGHT, _BAR, _GAP = 60, 9, 3


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: its value, what a person reads about it, the class that colours it, and where it leads."""

    value: float
    label: str
    css: str = ""
    href: str = ""


def bars(found: Sequence[Bar], *, title: str) -> Markup:
    """Return a plot of the bars, the oldest first; the same figures are in its text, for who cannot see it."""
    top = max((bar.value for bar in found), default=0) or 1
    width = len(found) * (_BAR + _GAP) + _GAP
    drawn = Markup("").join(_bar(bar, place, top) for place, bar in enumerate(found))
    return Markup(
        '<svg class="plot" role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}"><title>{t}</title>{b}</svg>'
    ).format(w=width, h=_HEIGHT, t=title, b=drawn)


def _bar(bar: Bar, place: int, top: float) -> Markup:
    height = max(2, round(bar.value / top * (_HEIGHT - 4)))
    return Markup('<rect class="{c}" x="{x}" y="{y}" width="{w}" height="{h}"><title>{t}</title></rect>').format(
        c=bar.css, x=_GAP + place * (_BAR + _GAP), y=_HEIGHT - height, w=_BAR, h=height, t=bar.label
    )
