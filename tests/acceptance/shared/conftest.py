"""The platform on which the stories are told, one after another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.platform import Platform, platform


@pytest.fixture(scope="package")
def running() -> Iterator[Platform]:
    """Yield a running platform, stopped before other tests need the machine: its daemon never rests."""
    with platform("acceptance") as made:
        yield made
