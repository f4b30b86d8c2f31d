"""Installed Odoo and Python environments serve wherever their folder lies."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from odooops_dagster.errors import MissingDependency
from odooops_dagster.tools.odoo import debian, distribution
from odooops_dagster.tools.odoo.environment import overlay
from tests.unit.test_odoo_install import make_tree

# A series of which nobody pinned the packages: its own requirements decide, and here there are none.
SERIES = "16.0"


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a repository that holds an Odoo without demands."""
    monkeypatch.setattr(debian, "unpack_odoo", _no_package)
    root = make_tree(tmp_path / "origin", series=SERIES)
    (root / "requirements.txt").write_text("")
    (root / "odoo" / "__init__.py").write_text("")
    for arguments in (["init", "-q", "-b", SERIES], ["add", "."], ["commit", "-q", "-m", "Odoo"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True)
    return root.as_uri()


def _no_package(*_: object, **__: object) -> None:
    raise MissingDependency("no package here")


def wheel(folder: Path) -> Path:
    """Write a wheel with a module, an Odoo addon and a command."""
    path = folder / "greeting-1.0-py3-none-any.whl"
    files = {
        "greeting.py": "def main(): print('hello')\n",
        "odoo/addons/greeting/__manifest__.py": "{'name': 'greeting'}\n",
        "greeting-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
        "greeting-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "greeting-1.0.dist-info/entry_points.txt": "[console_scripts]\ngreet = greeting:main\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, "greeting-1.0.dist-info/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (*files.items(), ("greeting-1.0.dist-info/RECORD", record)):
            archive.writestr(name, text)
    return path


def said(*argv: str | Path) -> str:
    """Return what a program prints."""
    return subprocess.run([*map(str, argv)], capture_output=True, text=True, check=True).stdout.strip()


def test_an_installed_odoo_serves_at_another_path(origin: str, tmp_path: Path) -> None:
    """Its manifest, the path of its library and its environment say where they are by where they are."""
    first, second = tmp_path / "first", tmp_path / "mounted" / "second"
    made = distribution.install(SERIES, home=first, git_url=origin)
    second.parent.mkdir()
    first.rename(second)
    found = distribution.find(SERIES, second)
    assert found is not None
    assert found == distribution.install(SERIES, home=second, git_url="file:///nowhere")
    assert found.revision == made.revision
    paths = [found.path, found.script, found.library, found.python, *found.addons_paths]
    assert all(path.is_relative_to(second) and path.exists() for path in paths)
    assert said(found.python, "-c", "import odoo; print(odoo.__file__)") == str(found.library / "odoo/__init__.py")
    assert not first.exists()


def test_a_cache_behind_a_link_serves_before_and_after_it_is_moved(origin: str, tmp_path: Path) -> None:
    """A disk is often mounted elsewhere and linked to."""
    (tmp_path / "disk").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk")
    made = distribution.install(SERIES, home=link, git_url=origin)
    (tmp_path / "disk").rename(tmp_path / "other")
    found = distribution.find(SERIES, tmp_path / "other")
    assert found is not None
    assert found.revision == made.revision
    assert said(found.python, "-c", "import odoo; print(odoo.__file__)").startswith(str(tmp_path / "other"))


def test_a_projects_environment_serves_at_another_path(origin: str, tmp_path: Path) -> None:
    """It sees Odoo and its own packages, and its commands run."""
    first, second = tmp_path / "first", tmp_path / "second"
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"{wheel(tmp_path)}\n")
    odoo = distribution.install(SERIES, home=first, git_url=origin)
    made = overlay(odoo, requirements=[requirements], home=first)
    first.rename(second)
    python = second / made.python.relative_to(first)
    assert said(python, "-c", "import odoo; print(list(odoo.__path__)[0])").startswith(str(second))
    assert said(python, "-c", "import greeting; print(greeting.__file__)").startswith(str(second))
