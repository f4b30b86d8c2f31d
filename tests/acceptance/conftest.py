"""One platform for the stories that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.platform import SERIES, Platform, platform
from tests.acceptance.repository import Repository


@pytest.fixture(scope="session")
def running() -> Iterator[Platform]:
    """Yield a running platform."""
    with platform("acceptance") as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return an empty repository."""
    return Repository(tmp_path / "repository")


def make_project(on: Platform, slug: str, repository: Repository) -> None:
    """Create a project that watches the repository."""
    on.ops("project", "create", slug, "--repo", str(repository.origin), "--odoo", SERIES)
