"""The README's first command, as a new user would give it: a new clone, an empty state folder, an empty cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.acceptance.platform import free_ports

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(2400)]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def new_clone(tmp_path: Path) -> Path:
    """Return a new clone of this repository's last commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("these files are no git clone")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone


@pytest.fixture
def state_folder() -> Iterator[Path]:
    """Yield an empty state folder that PostgreSQL's account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="odooops-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_make_demo_once_in_a_new_clone_with_an_empty_cache_exits_0(new_clone: Path, state_folder: Path) -> None:
    """One command sets everything up, tells the whole story, and leaves nothing running."""
    gateway, dagster = free_ports(2)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "VIRTUAL_ENV"))}
    environment = {
        **kept,
        "ODOOOPS_HOME": str(state_folder),
        "ODOOOPS_GATEWAY_PORT": str(gateway),
        "ODOOOPS_DAGSTER_PORT": str(dagster),
    }
    done = subprocess.run(
        ["make", "demo", "ARGS=--once"],
        cwd=new_clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    told = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, told
    assert "module_tests_passed: 1 failed" in done.stdout
    assert "still answers with commit" in done.stdout
    assert "Ada Lovelace is there; mail goes to invalid, which leads nowhere" in done.stdout
    assert "lineage:  source -> image -> database -> deployment" in done.stdout
    assert "every step held" in done.stderr
    assert [process for process in psutil.process_iter() if _mentions(process, state_folder)] == []


def _mentions(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in " ".join(process.cmdline())
    except psutil.Error:
        return False
