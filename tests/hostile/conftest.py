"""A way out and a server that code of an environment is to reach, or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.egress import MakeWay, OneWay, Server, server


@pytest.fixture
def trap() -> Iterator[Server]:
    """Yield a server that is to be reached, or not."""
    with server() as made:
        yield made


@pytest.fixture
def way(tmp_path: Path) -> Iterator[MakeWay]:
    """Yield what makes a way out in this process, with names of its own."""
    made: list[OneWay] = []

    def make(told: Mapping[str, Any], known: Mapping[str, list[str]] | None = None, **limits: float) -> OneWay:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(OneWay(folder, told, known or {}, **limits))
        return made[-1]

    yield make
    for each in made:
        each.close()
