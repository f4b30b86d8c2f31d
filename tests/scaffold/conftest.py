"""Repositories to write into, as people have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateways import gateway, owner, world
from tests.repositories import run_git

__all__ = ["gateway", "owner", "world"]

MANIFEST = """\
{
    "name": "Shop",
    "version": "18.0.1.0.0",
    "license": "AGPL-3",
    "author": "Ada, Odoo Community Association (OCA)",
    "website": "https://example.com",
    "depends": ["base"],
    "data": ["views/shop.xml"],
}
"""
# As OCA's repositories look: a branch named after the series, checks and a list of ignored files of their own.
OCA = {
    ".gitignore": "__pycache__/\n*.py[cod]\n/.venv\n*.log",
    ".pre-commit-config.yaml": "repos: []\n",
    "requirements.txt": "# generated from manifests external_dependencies\nrequests\n",
    "shop/__init__.py": "",
    "shop/__manifest__.py": MANIFEST,
    "shop/README.rst": "Shop\n====\n\nA shop.\n",
    "shop/views/shop.xml": '<?xml version="1.0" encoding="UTF-8" ?>\n<odoo />\n',
}


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the files into the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def repository(folder: Path, *, branch: str, origin: str | None) -> Path:
    """Make a repository in the folder."""
    folder.mkdir()
    run_git(folder, "init", "--quiet", f"--initial-branch={branch}")
    if origin:
        run_git(folder, "remote", "add", "origin", origin)
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Return a repository without a commit, whose remote is told."""
    return repository(tmp_path / "empty", branch="main", origin="git@github.com:acme/New_Shop.git")


@pytest.fixture
def oca(tmp_path: Path) -> Path:
    """Return a repository that looks like OCA's."""
    folder = repository(tmp_path / "oca", branch="18.0", origin="https://github.com/OCA/shop-addons.git")
    write(folder, OCA)
    run_git(folder, "add", "--all")
    run_git(folder, "commit", "--quiet", "--message=all")
    return folder
