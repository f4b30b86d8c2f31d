"""The wheel: built from the sdist, installed alone in a clean environment, and whole."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops import UNWRITABLE, Ops
from tests.servers import state_folder

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the sdist from the repository, and the wheel from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    _run([sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)])
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment in which the wheel is installed and the repository is unknown.

    The dependencies are this environment's own, seen through a path file: installing them again proves nothing more.
    """
    venv = tmp_path_factory.mktemp("clean") / "venv"
    _run([sys.executable, "-m", "venv", str(venv)])
    python = venv / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(distributions[1])])
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path_file = venv / "lib" / version / "site-packages" / "dependencies.pth"
    path_file.write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin"


@pytest.fixture
def outside() -> Iterator[Path]:
    """Yield a state folder, and nothing of the repository near it."""
    with state_folder("package") as home:
        yield home


def test_the_sdist_holds_what_the_wheel_is_built_from(distributions: tuple[Path, Path]) -> None:
    """No cache, virtual environment or state travels along."""
    with tarfile.open(distributions[0]) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames() if "/" in name]
    assert "dagster.yaml" in names
    assert [name for name in names if name.startswith((".venv", ".git/", "bench/.state"))] == []


def test_the_wheel_holds_every_package_and_file(distributions: tuple[Path, Path]) -> None:
    """The root folders, the SQL and Dagster's instance settings are in it, the tests are not."""
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = set(wheel.namelist())
    folders = {name.split("/", 1)[0] for name in names}
    assert {"odooops_dagster", "assets", "sensors", "schedules", "resources", "sql"} <= folders
    assert not folders & {"tests", "bench", "docs"}
    assert {"odooops_dagster/local/dagster.yaml", "odooops_dagster/py.typed"} <= names
    template = {str(file.relative_to(ROOT)) for file in (ROOT / "odooops_dagster" / "scaffold").rglob("*.*")}
    assert {name for name in template if "__pycache__" not in name and (ROOT / name).is_file()} <= names
    console = (ROOT / "odooops_dagster" / "doors" / "http" / "console").rglob("*")
    assert {
        str(file.relative_to(ROOT)) for file in console if file.suffix in {".html", ".css", ".js", ".LICENSE"}
    } <= names
    shipped = {f"sql/{file.relative_to(ROOT / 'sql')}" for file in (ROOT / "sql").rglob("*.sql")}
    assert shipped
    assert shipped <= names


def test_the_wheels_definitions_are_valid_wherever_it_is_started(installed: Path, tmp_path: Path) -> None:
    """The folder may be one that nobody may write to; without a home of its own, Dagster makes one in it."""
    argv = [str(installed / "python"), "-m", "dagster", "definitions", "validate", "-m", "odooops_dagster.definitions"]
    words = _run(argv, DAGSTER_HOME=str(tmp_path))
    assert "Validation successful" in words


def test_the_wheels_command_knows_itself(installed: Path) -> None:
    """`ops` is there and imports from the wheel, not from the repository."""
    assert _run([str(installed / "ops"), "--version"]).strip() == "0.1.0"
    where = _run([str(installed / "python"), "-c", "import odooops_dagster; print(odooops_dagster.__file__)"])
    assert not where.startswith(f"{ROOT}/odooops_dagster")


def test_the_wheels_stack_starts_and_stops(installed: Path, outside: Path) -> None:
    """The files that a checkout has at its root are found in the package."""
    ops = Ops(outside, python=installed / "python")
    try:
        started = ops.run("up", "--detach")
        assert started.returncode == 0, started.stderr
        assert ops.status()["healthy"]
    finally:
        ops.run("down")
    assert ops.processes() == []


def _run(argv: list[str], **more: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DAGSTER_", "PYTHON"))}
    done = subprocess.run(argv, cwd=UNWRITABLE, env=kept | more, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
