"""The command in a terminal of any encoding: what it cannot show is escaped, and nothing ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.test_odoo_install import make_installation

NAME = "功能-é-😀"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a state folder of that name, with an Odoo in it."""
    made = tmp_path / NAME
    make_installation(made)
    return made


def ops(*arguments: str, home: Path, encoding: str) -> str:
    """Run the command in a process of its own and return its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "LC_", "LANG"))}
    env = kept | {"ODOOOPS_HOME": str(home), "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": encoding}
    program = "from odooops_dagster.doors.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program, *arguments], env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1251", "ascii"])
def test_what_a_terminal_cannot_show_is_escaped(home: Path, encoding: str) -> None:
    """Names of branches and folders are of any script; JSON stays JSON."""
    [listed] = json.loads(ops("odoo", "list", "--json", home=home, encoding=encoding))
    assert listed["path"] == str(home / "odoo" / "19.0" / "src")
    table = ops("odoo", "list", home=home, encoding=encoding)
    assert NAME.encode(encoding, errors="backslashreplace").decode(encoding) in table
