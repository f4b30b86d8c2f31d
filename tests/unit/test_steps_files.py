"""Copies of filestores."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from odooops_dagster.steps.core import files
from odooops_dagster.steps.core.files import copy_tree


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a filestore with one attachment."""
    (tmp_path / "template" / "ab").mkdir(parents=True)
    (tmp_path / "template" / "ab" / "abcdef").write_bytes(b"attachment")
    return tmp_path / "template"


def test_a_copy_shares_neither_writes_nor_deletions(template: Path, tmp_path: Path) -> None:
    """An environment that writes in place what it was given changes nobody else's files."""
    copy_tree(template, tmp_path / "copy")
    copied = tmp_path / "copy" / "ab" / "abcdef"
    assert copied.read_bytes() == b"attachment"
    with copied.open("r+b") as stream:
        stream.write(b"ATTACHMENT")
    assert (template / "ab" / "abcdef").read_bytes() == b"attachment"
    copied.unlink()
    assert (template / "ab" / "abcdef").exists()


def test_a_file_system_that_cannot_share_blocks_gets_the_bytes(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the machine's file system can do, the copy is whole."""
    monkeypatch.setattr(files, "_FICLONE", 0)
    copy_tree(template, tmp_path / "copy")
    assert (tmp_path / "copy" / "ab" / "abcdef").read_bytes() == b"attachment"


def test_a_copy_has_the_times_and_the_mode_of_its_original(template: Path, tmp_path: Path) -> None:
    """Checks that compare times see no change."""
    os.utime(template / "ab" / "abcdef", (1_000_000, 1_000_000))
    (template / "ab" / "abcdef").chmod(0o640)
    copy_tree(template, tmp_path / "copy")
    copied = (tmp_path / "copy" / "ab" / "abcdef").stat()
    assert (copied.st_mtime, copied.st_mode & 0o777) == (1_000_000, 0o640)


def test_a_link_in_a_filestore_is_not_followed_and_not_copied(template: Path, tmp_path: Path) -> None:
    """The environment that made it may not read what it leads to; the platform may."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("hush")
    (template / "file").symlink_to(tmp_path / "secrets" / "key")
    (template / "folder").symlink_to(tmp_path / "secrets")
    os.mkfifo(template / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(template / "socket"))
    copy_tree(template, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").rglob("*")) == ["ab", "abcdef"]


def test_copying_over_a_half_made_copy_starts_anew(tmp_path: Path) -> None:
    """What a killed run left in the target is not mixed with the new tree."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "stale").write_text("x")
    (tmp_path / "template").mkdir()
    copy_tree(tmp_path / "template", tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []


def test_an_absent_template_gives_an_empty_folder(tmp_path: Path) -> None:
    """A database without attachments has no filestore; its copy still gets a folder."""
    copy_tree(tmp_path / "nowhere", tmp_path / "copy")
    assert (tmp_path / "copy").is_dir()
