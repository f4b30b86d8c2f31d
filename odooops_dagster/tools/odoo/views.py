"""Reads what the program `odoo-views` prints: the views that Odoo refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MARK = "odooops-views:"


@dataclass(frozen=True, kw_only=True)
class RefusedView:
    """A view that Odoo refuses: its xml id, or its number if it has none."""

    name: str
    model: str
    error: str


@dataclass(frozen=True, kw_only=True)
class TriedViews:
    """The refused views and how many were tried; `tried` is None if the program did not get to its end."""

    refused: tuple[RefusedView, ...]
    tried: int | None


def read_tried(lines: Iterable[str]) -> TriedViews:
    """Return what the output of the program says."""
    answers = [json.loads(text) for mark, _, text in (line.partition(" ") for line in lines) if mark == _MARK]
    refused = {answer["name"]: RefusedView(**answer) for answer in answers if "name" in answer}
    return TriedViews(refused=tuple(refused.values()), tried=_tried(answers))


def _tried(answers: list[Mapping[str, Any]]) -> int | None:
    return next((answer["tried"] for answer in answers if "tried" in answer), None)
