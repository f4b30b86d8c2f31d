"""What stands in a folder store and is no object: it is named, never followed, never waited for."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from odooops_dagster.errors import NotFound, Unavailable, Unreadable
from odooops_dagster.tools.store import UNREADABLE, FolderStore, MemoryStore, ObjectStore
from tests.servers import state_folder

KEY = "objects/ab/abcd"
Damage = Callable[[Path], object]


def make_socket(path: Path) -> None:
    """Make a socket, whose path is short however deep the folder is."""
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


DAMAGES: dict[str, Damage] = {
    "a pipe": os.mkfifo,
    "a socket": make_socket,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a file": lambda path: path.symlink_to(__file__),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_no_regular_file_cannot_be_read_and_is_replaced_by_a_put(tmp_path: Path, damage: Damage) -> None:
    """It is neither followed nor waited for, and nobody takes it for absent; a put takes its place."""
    store = FolderStore(tmp_path)
    store.put(KEY, b"data")
    (tmp_path / KEY).unlink()
    damage(tmp_path / KEY)
    with pytest.raises(Unreadable, match=f"{KEY} cannot be read") as caught:
        store.get(KEY)
    assert "ops backup verify" in str(caught.value.hint)
    assert store.stat(KEY) is None
    assert [(found.key, found.size_bytes) for found in store.list()] == [(KEY, UNREADABLE)]
    assert store.put(KEY, b"again").size_bytes == 5
    assert store.get(KEY) == b"again"


def test_a_folder_in_an_objects_place_is_no_object_and_is_put_aside(tmp_path: Path) -> None:
    """What is in it stays, out of the way."""
    store = FolderStore(tmp_path)
    (tmp_path / KEY).mkdir(parents=True)
    (tmp_path / KEY / "something").write_text("a person's")
    with pytest.raises(NotFound):
        store.get(KEY)
    store.put(KEY, b"data")
    assert store.get(KEY) == b"data"
    assert [path.read_text() for path in (tmp_path / KEY).parent.glob(".*/something")] == ["a person's"]


def test_a_folder_that_is_a_link_out_of_the_store_is_not_followed(tmp_path: Path) -> None:
    """Neither to read what lies elsewhere, nor to write there."""
    outside = tmp_path / "outside"
    (outside / "ab").mkdir(parents=True)
    (outside / "ab" / "abcd").write_bytes(b"another's")
    store = FolderStore(tmp_path / "store")
    store.put("objects/cd/cdef", b"data")
    (tmp_path / "store" / "objects" / "ab").symlink_to(outside / "ab")
    with pytest.raises(Unreadable, match="leads out of the store"):
        store.get(KEY)
    with pytest.raises(Unreadable, match="leads out of the store"):
        store.put(KEY, b"data")
    for act in (store.stat, store.delete, lambda key: list(store.list(f"{key.rpartition('/')[0]}/"))):
        with pytest.raises(Unreadable, match="leads out of the store"):
            act(KEY)
    assert [found.key for found in store.list()] == ["objects/cd/cdef"]
    assert (outside / "ab" / "abcd").read_bytes() == b"another's"


def test_the_store_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    """Operators put it on another disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "disk")
    FolderStore(tmp_path / "store").put(KEY, b"data")
    assert FolderStore(tmp_path / "store").get(KEY) == b"data"


@pytest.mark.parametrize(
    ("error", "expected"),
    [(errno.EIO, Unreadable), (errno.EUCLEAN, Unreadable), (errno.ESTALE, Unavailable), (errno.ENOTCONN, Unavailable)],
)
def test_an_error_while_reading_is_the_objects_or_the_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, expected: type[Exception]
) -> None:
    """A bad sector is the object's; a mount that went away is the store's, and says nothing of the object."""
    store = FolderStore(tmp_path)
    store.put(KEY, b"data")

    def fail(_descriptor: int, _buffers: object) -> int:
        raise OSError(error, os.strerror(error))

    # No file of a healthy disk fails so; this is the one call that reads.
    monkeypatch.setattr(os, "readv", fail)
    with pytest.raises(expected, match=os.strerror(error)):
        store.get(KEY)


AS_NOBODY = """
import os, sys
from pathlib import Path
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.tools.store import FolderStore
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    FolderStore(Path(sys.argv[1])).get(sys.argv[2])
except OdooOpsError as exc:
    print(type(exc).__name__)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that other accounts may enter: each pytest that starts closes the folder of pytest's own again."""
    with state_folder("store") as made:
        yield made


@pytest.mark.parametrize(("locked", "expected"), [(KEY, "Unreadable"), ("", "Unavailable")])
def test_rights_that_one_object_refuses_are_told_from_those_of_the_store(
    open_folder: Path, locked: str, expected: str
) -> None:
    """Root may read everything, so another account asks."""
    root = open_folder / "rights"
    root.mkdir()
    FolderStore(root).put(KEY, b"data")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755)
    (root / locked).chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(root), KEY], capture_output=True, text=True, check=True
        )
    finally:
        (root / locked).chmod(0o755)
    assert done.stdout.split() == [expected]


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_an_objects_time_is_when_it_was_put(tmp_path: Path, kind: str) -> None:
    """By the store's clock; what cannot be read is as old as that."""
    store: ObjectStore = FolderStore(tmp_path) if kind == "folder" else MemoryStore()
    stored = store.put(KEY, b"data")
    assert abs(datetime.now(UTC) - stored.modified_at) < timedelta(minutes=1)
    assert [found.modified_at for found in store.list()] == [stored.modified_at]
