"""Files that a tenant leaves for the platform, and for whoever comes after."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path

import pytest

from odooops_dagster.steps.core.files import copy_tree
from odooops_dagster.tools.backup.filestore import present

ROOT = Path(__file__).parents[2]
# What makes objects of bytes, and so runs what the bytes say.
LOADERS = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
OURS = ("odooops_dagster", "assets", "sensors", "schedules", "resources")


@pytest.fixture
def filestore(tmp_path: Path) -> Path:
    """Return a filestore with a program that would run as its owner, beside a secret of the platform."""
    folder = tmp_path / "filestore" / "ab"
    folder.mkdir(parents=True)
    (folder / "program").write_bytes(b"#!/bin/sh\n")
    (folder / "program").chmod(0o6755)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("hush")
    return tmp_path / "filestore"


def test_a_setuid_file_of_a_filestore_is_copied_as_a_plain_one(filestore: Path, tmp_path: Path) -> None:
    """The copy is the platform's until it is given to an account: nobody may run it as the platform."""
    copy_tree(filestore, tmp_path / "copy")
    mode = (tmp_path / "copy" / "ab" / "program").stat().st_mode
    assert mode & (stat.S_ISUID | stat.S_ISGID) == 0
    assert stat.S_IMODE(mode) == 0o755


def test_devices_pipes_and_links_are_not_copied(filestore: Path, tmp_path: Path) -> None:
    """Nothing but files and folders comes along, and nobody waits for a pipe."""
    os.mkfifo(filestore / "ab" / "pipe")
    (filestore / "ab" / "link").symlink_to(tmp_path / "secrets" / "key")
    (filestore / "cd").symlink_to(tmp_path / "secrets")
    copy_tree(filestore, tmp_path / "copy")
    copied = [path.relative_to(tmp_path / "copy") for path in (tmp_path / "copy").rglob("*")]
    assert sorted(copied) == [Path("ab"), Path("ab/program")]


def test_the_names_of_a_linked_folder_are_not_listed(filestore: Path, tmp_path: Path) -> None:
    """A backup tells which files there are: not even the names of the platform's secrets."""
    (filestore / "cd").symlink_to(tmp_path / "secrets")
    assert present(filestore) == {"ab/program"}


def imports(text: str) -> set[str]:
    """Return the first names of all modules that a program imports."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_nothing_of_the_platform_reads_a_pickle() -> None:
    """What passes between the assets of a run is in memory: no file that others could write becomes code."""
    assert imports("import os, pickle\nfrom shelve import open") & LOADERS == {"pickle", "shelve"}
    sources = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 100
    assert {str(path) for path in sources if imports(path.read_text()) & LOADERS} == set()
