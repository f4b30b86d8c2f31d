"""A repository to push to, and one bench for Odoo by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.odoo import distribution
from odooops_dagster.tools.odoo.distribution import Installation
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import CACHE, SERIES, Platform
from tests.acceptance.repository import Repository
from tests.servers import PostgresServer

# Returns a new environment's database with Odoo's modules `base` and `web`, its files in their place.
NewOdoo = Callable[[str], DatabaseAccess]


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A template database with Odoo's modules `base` and `web`, and their files."""

    template: str
    files: Path


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


@pytest.fixture(scope="session")
def seed(postgres_server: PostgresServer, installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Seed:
    """Install Odoo's modules `base` and `web`, once for all tests that begin with them."""
    made = Bench(postgres_server, installation, tmp_path_factory.mktemp("seed"))
    access = made.database("seed")
    checks = made.install(made.build(), access, "base", "web")
    assert all(check.passed for check in checks.values()), checks
    template = f"{made.mark}_template"
    made.databases.keep_as_template(access.database, template)
    return Seed(template=template, files=made.filestore(access))


@pytest.fixture(scope="module")
def new_odoo(bench: Bench, seed: Seed) -> NewOdoo:
    """Return what makes another Odoo on the bench."""

    def make(word: str) -> DatabaseAccess:
        access = bench.database(word, template=seed.template)
        shutil.copytree(seed.files, bench.filestore(access))
        return access

    return make
