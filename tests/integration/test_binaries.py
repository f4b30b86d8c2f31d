"""PostgreSQL's programs where the server's account cannot reach the virtual environment."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.local.postgres import EmbeddedPostgres
from tests.servers import WHOLE, state_folder

pytestmark = pytest.mark.root


@pytest.fixture
def bin_dir() -> Iterator[Path]:
    """Yield the programs in a folder that everybody may enter."""
    package = wheel_bin_dir().parents[1]
    with state_folder("site-packages") as site_packages:
        shutil.copytree(package / "pginstall18", site_packages / package.name / "pginstall18")
        shutil.copytree(package.with_name(f"{package.name}.libs"), site_packages / f"{package.name}.libs")
        yield site_packages / package.name / "pginstall18" / "bin"


@pytest.fixture
def closed_bin_dir(bin_dir: Path) -> Path:
    """Return the programs in a folder like /root/project/.venv, which only root may enter."""
    bin_dir.parents[2].chmod(0o700)
    return bin_dir


@pytest.fixture
def home() -> Iterator[Path]:
    """Yield an empty state folder."""
    with state_folder("binaries") as folder:
        yield folder


def test_programs_that_the_account_cannot_reach_are_copied(closed_bin_dir: Path, home: Path) -> None:
    """The copy lies in the state folder, and works with all its libraries."""
    server = EmbeddedPostgres(home, WHOLE, bin_dir=closed_bin_dir, durable=False)
    server.start()
    try:
        assert server.bin_dir.is_relative_to(home / "postgresql")
        with psycopg.connect(server.url("odooops")) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        words = subprocess.run(
            [server.bin_dir / "psql", "--version"], capture_output=True, text=True, check=True
        ).stdout
        assert "(PostgreSQL) 18." in words
    finally:
        server.stop()


def test_programs_within_reach_are_used_where_they_are(bin_dir: Path, home: Path) -> None:
    """Forty megabytes are not copied for nothing."""
    server = EmbeddedPostgres(home, WHOLE, bin_dir=bin_dir, durable=False)
    server.prepare()
    assert server.bin_dir == bin_dir
    assert not (home / "postgresql").exists()
