"""Which Python the environment is made with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "dev" / "find-python.sh"
SYSTEM = Path("/usr/bin/python3")
TOOLS = "/usr/bin:/bin"


def find(**environment: str) -> subprocess.CompletedProcess[str]:
    """Ask for the Python."""
    return subprocess.run([SCRIPT], env={"PATH": TOOLS, **environment}, capture_output=True, text=True, check=False)


def program(path: Path, script: str) -> Path:
    """Write a program."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def system_python_will_do() -> bool:
    """Return whether the distribution's own Python is supported and makes environments."""
    question = "import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))"
    return SYSTEM.exists() and subprocess.run([SYSTEM, "-c", question], check=False).returncode == 0


@pytest.mark.skipif(not system_python_will_do(), reason="the distribution has no such Python")
def test_the_distributions_own_python_comes_before_others_on_the_path(tmp_path: Path) -> None:
    """A newer patch release on the PATH does not hide what the distribution's lacks."""
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (tmp_path / name).symlink_to(sys.executable)
    assert find(PATH=f"{tmp_path}:{TOOLS}").stdout.strip() == str(SYSTEM)


def test_a_named_python_is_taken(tmp_path: Path) -> None:
    """It need not be on the PATH."""
    named = program(tmp_path / "mine", f'exec {sys.executable} "$@"')
    assert find(PYTHON=str(named)).stdout.strip() == str(named)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('[ "$1" = --version ] && echo Python 3.10.1; exit 1', "Python 3.10.1"),
        ("echo libpython3.12.so.1.0: cannot open shared object file >&2; exit 127", "cannot open shared object"),
    ],
)
def test_a_named_python_that_cannot_be_used_is_refused(tmp_path: Path, script: str, said: str) -> None:
    """No other takes its place unseen; the line says what is wrong with it."""
    named = program(tmp_path / "mine", script)
    done = find(PYTHON=str(named))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"setup: {named} is no Python 3.11, 3.12 or 3.13 that runs here: " in done.stderr
    assert said in done.stderr


def test_a_named_python_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The path is in the line."""
    done = find(PYTHON=str(tmp_path / "gone"))
    assert done.returncode == 1
    assert f"setup: {tmp_path / 'gone'} is no Python" in done.stderr


@pytest.mark.parametrize(("named", "made_again"), [("/usr/bin/python3", False), ("/opt/python3.13", True), ("", False)])
def test_an_environment_of_another_python_than_the_named_one_is_made_again(
    tmp_path: Path, named: str, made_again: bool
) -> None:
    """What make would do: a Python that is named is never ignored because an environment is there already."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "scripts"):
        (tmp_path / name).symlink_to(SCRIPT.parents[2] / name)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".made-with").write_text("/usr/bin/python3\n")
    (tmp_path / ".venv" / ".ready").touch()
    argv = ["make", "--dry-run", f"PYTHON={named}", "demo"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ("scripts/dev/setup.sh" in done.stdout) is made_again
    assert "ops demo" in done.stdout
