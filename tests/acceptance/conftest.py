"""A repository to push to, and one bench for Odoo by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.tools.odoo import distribution
from odooops_dagster.tools.odoo.distribution import Installation
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import CACHE, SERIES, Platform
from tests.acceptance.repository import Repository
from tests.servers import PostgresServer


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return an empty repository."""
    return Repository(tmp_path / "repository")


def make_project(on: Platform, slug: str, repository: Repository) -> None:
    """Create a project that watches the repository."""
    on.ops("project", "create", slug, "--repo", str(repository.origin), "--odoo", SERIES)


@pytest.fixture(scope="session")
def installation() -> Installation:
    """Return the machine's Odoo, installed when it is not."""
    return distribution.install(SERIES, home=CACHE, progress=print)


@pytest.fixture(scope="module")
def bench(
    postgres_server: PostgresServer, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """Yield a bench, and drop its databases at the end."""
    made = Bench(postgres_server, installation, tmp_path_factory.mktemp("bench"))
    yield made
    for name in made.databases.list(made.mark):
        made.databases.drop(name)
