"""Which files are read, and what is none of Odoo's."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.tools.backup import filestore
from odooops_dagster.tools.backup.encryption import LARGEST, Sealer
from odooops_dagster.tools.backup.filestore import Kept, groups, keep_group, present
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.store import MemoryStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A filestore beside a file that is nobody's business."""
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "filestore" / "ab").mkdir(parents=True)
    return tmp_path / "filestore"


def keep(folder: Path, *names: str) -> Kept:
    """Keep files in a new repository."""
    repository = Repository(MemoryStore(), prefix="p", sealer=Sealer())
    return keep_group(repository, repository.known(), folder, names)


def link(folder: Path) -> str:
    """Make a link to the secret."""
    (folder / "ab" / "link").symlink_to(folder.parent / "secret")
    return "ab/link"


def linked_folder(folder: Path) -> str:
    """Make a link to the folder of the secret."""
    (folder / "cd").symlink_to(folder.parent)
    return "cd/secret"


def pipe(folder: Path) -> str:
    """Make a pipe, which who opens it would wait for."""
    os.mkfifo(folder / "ab" / "pipe")
    return "ab/pipe"


def directory(folder: Path) -> str:
    """Name a folder."""
    (folder / "ab" / "more").mkdir()
    return "ab/more"


def outside(_folder: Path) -> str:
    """Name what is not below the folder."""
    return "../secret"


def absent(_folder: Path) -> str:
    """Name nothing."""
    return "ab/absent"


@pytest.mark.parametrize("make", [link, linked_folder, pipe, directory, outside, absent])
def test_what_is_no_file_below_the_folder_is_missing(folder: Path, make: object) -> None:
    """Whoever may write there cannot have us read another's files, nor keep us waiting."""
    assert callable(make)
    name = make(folder)
    (folder / "ab" / "file").write_bytes(b"x")
    kept = keep(folder, "ab/file", name)
    assert kept.missing == (name,)
    assert [file.name for file in kept.files] == ["ab/file"]


def test_the_folder_itself_may_be_a_link(folder: Path) -> None:
    """That is the administrator's choice."""
    (folder / "ab" / "file").write_bytes(b"x")
    elsewhere = folder.parent / "elsewhere"
    elsewhere.symlink_to(folder)
    assert keep(elsewhere, "ab/file").missing == ()


@pytest.mark.parametrize("size", [1, LARGEST])
def test_a_file_that_cannot_be_read_is_not_missing(folder: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """A wrong account or a failing disk ends the backup: nobody may say that production lost the file."""
    (folder / "ab" / "file").write_bytes(bytes(size))

    def failing(path: str | Path, flags: int, **options: int) -> int:
        if path == "file":
            raise OSError(errno.EACCES, "Permission denied")
        return opened(path, flags, **options)

    opened = os.open
    monkeypatch.setattr("os.open", failing)
    with pytest.raises(Unavailable, match="file ab/file of the filestore cannot be read: Permission denied") as caught:
        keep(folder, "ab/file")
    assert str(folder) in str(caught.value.hint)


def test_a_file_that_grows_while_it_is_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odoo writes a file once; who else writes there is worth a look."""
    (folder / "ab" / "file").write_bytes(bytes(LARGEST + 1))
    monkeypatch.setattr(filestore, "_size", lambda _folder, _name: 1)
    with pytest.raises(BadInput, match="ab/file") as caught:
        keep(folder, "ab/file")
    assert caught.value.hint


def test_a_file_that_is_not_what_its_name_says_keeps_its_own_hash(folder: Path) -> None:
    """So a restore brings back what production had, and verify knows it."""
    name = "ab/ab" + "0" * 38
    (folder / name).write_bytes(b"something else")
    (file,) = keep(folder, name).files
    assert file.sha1 == hashlib.sha1(b"something else", usedforsecurity=False).hexdigest()


def test_odoos_notes_of_what_to_collect_are_no_files(folder: Path) -> None:
    """They lie in a folder of the filestore, as files of no bytes."""
    (folder / "checklist" / "ab").mkdir(parents=True)
    (folder / "checklist" / "ab" / "abc").touch()
    (folder / "ab" / "file").touch()
    assert present(folder) == {"ab/file"}
    assert present(folder / "absent") == set()


def test_groups_hold_every_name_once_and_no_more_than_an_object(folder: Path) -> None:
    """Large files are alone; the groups after a removed file are the same again."""
    for number in range(60):
        (folder / "ab" / f"{number:02}").write_bytes(bytes(900_000))
    (folder / "ab" / "large").write_bytes(bytes(LARGEST))
    names = sorted(present(folder))
    found = list(groups(folder, names))
    assert sorted(name for group in found for name in group) == names
    assert ["ab/large"] in found
    assert all(sum((folder / name).stat().st_size for name in group) <= LARGEST for group in found)
