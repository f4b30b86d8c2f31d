"""A tenant's folder that turns into a link, and back, while the platform works in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from odooops_dagster.steps.core.files import copy_tree
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.filestore import keep_group
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.runtime.sandbox.accounts import give
from odooops_dagster.tools.store import MemoryStore

# Puts the folder where the link is, and the link where the folder is, in one step, again and again. renameat2(2).
SWAPS = """
import ctypes, sys
folder, link = (path.encode() for path in sys.argv[1:])
renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
AT_FDCWD, RENAME_EXCHANGE = -100, 2
if renameat2(AT_FDCWD, folder, AT_FDCWD, link, RENAME_EXCHANGE) != 0:
    sys.exit(f"errno {ctypes.get_errno()}")
print("swapped", flush=True)
while True:
    renameat2(AT_FDCWD, folder, AT_FDCWD, link, RENAME_EXCHANGE)
"""
FOLDER, NAME = "ab", "abcdef"
SECRET, OWN = "a secret of the platform", "own"
# As long as a careless program on a busy machine needs to be caught.
PATIENCE_SECONDS = 180.0
ENOUGH = 200


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Return a folder of the platform, in which a file has the name of the tenant's."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / NAME).write_text(SECRET)
    return folder


@pytest.fixture
def filestore(tmp_path: Path, secrets: Path) -> Iterator[Path]:
    """Yield a filestore whose folder is a link to the platform's half of the time."""
    store = tmp_path / "filestore"
    (store / FOLDER).mkdir(parents=True)
    (store / FOLDER / NAME).write_text(OWN)
    link = tmp_path / "link"
    link.symlink_to(secrets)
    argv = [sys.executable, "-I", "-S", "-c", SWAPS, str(store / FOLDER), str(link)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as swapping:
        assert swapping.stdout is not None
        assert swapping.stdout.readline() == "swapped\n"
        try:
            yield store
        finally:
            swapping.kill()


def outcomes(work: Callable[[], str], *, until: Callable[[dict[str, int]], bool]) -> dict[str, int]:
    """Do the work until its outcomes are enough, and return how often each came."""
    seen: dict[str, int] = {}
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        outcome = work()
        seen[outcome] = seen.get(outcome, 0) + 1
        if until(seen):
            return seen
    return seen


def both(seen: dict[str, int]) -> bool:
    """Return whether the folder was there, and was a link, often enough."""
    return seen.get(OWN, 0) >= ENOUGH and seen.get("nothing", 0) >= ENOUGH


def text_in(folder: Path) -> str:
    """Return what was copied, if anything was."""
    copied = folder / FOLDER / NAME
    return copied.read_text() if copied.exists() else "nothing"


def test_a_careless_copy_gets_the_secret(filestore: Path, tmp_path: Path) -> None:
    """The race is a real one: a copy that looks first and opens then loses it."""

    def copy() -> str:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        try:
            shutil.copytree(filestore, tmp_path / "copy", symlinks=True)
        except (OSError, shutil.Error):
            return "nothing"
        copied = tmp_path / "copy" / FOLDER
        return "nothing" if copied.is_symlink() else text_in(tmp_path / "copy")

    assert outcomes(copy, until=lambda seen: SECRET in seen).get(SECRET)


def test_a_copy_of_a_filestore_gets_the_tenants_file_or_none(filestore: Path, tmp_path: Path) -> None:
    """As an environment's files are copied for a template, a clone or a new deployment."""

    def copy() -> str:
        copy_tree(filestore, tmp_path / "copy")
        return text_in(tmp_path / "copy")

    seen = outcomes(copy, until=both)
    assert both(seen)
    assert set(seen) == {OWN, "nothing"}


def test_a_backup_of_a_filestore_gets_the_tenants_file_or_none(filestore: Path) -> None:
    """A backup is read by people who may not read the platform's secrets."""
    repository = Repository(MemoryStore(), prefix="shop", sealer=Sealer())
    known = repository.known()

    def keep() -> str:
        kept = keep_group(repository, known, filestore, [f"{FOLDER}/{NAME}"])
        return {len(OWN): OWN, len(SECRET): SECRET}[kept.files[0].size_bytes] if kept.files else "nothing"

    seen = outcomes(keep, until=both)
    assert both(seen)
    assert set(seen) == {OWN, "nothing"}


@pytest.mark.root
def test_nothing_of_the_platform_is_given_away(filestore: Path, secrets: Path) -> None:
    """Root gives a filestore to the account of an environment, whose other programs may still run."""
    owners = (2_000_000_001, 2_000_000_002)
    rounds = 0

    def hand_over() -> str:
        nonlocal rounds
        rounds += 1
        try:
            give(filestore, owners[rounds % 2])
        except FileNotFoundError:
            return "nothing"
        return OWN

    outcomes(hand_over, until=lambda seen: sum(seen.values()) >= 5 * ENOUGH)
    assert {path.lstat().st_uid for path in (secrets, secrets / NAME)} == {os.getuid()}


def test_the_removal_of_a_tenants_files_follows_no_link() -> None:
    """The files of an environment that is destroyed go by descriptors: so does Python's own, on this system."""
    assert shutil.rmtree.avoids_symlink_attacks
