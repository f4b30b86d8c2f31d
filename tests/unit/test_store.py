"""Folder, memory and URLs of stores."""

from __future__ import annotations

import errno
import os
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.tools.store import FolderStore, MemoryStore, S3Store, open_store
from tests.suites.store_suite import StoreSuite


class TestMemoryStore(StoreSuite):
    """Objects of this process."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        """A new store."""
        return MemoryStore()


class TestFolderStore(StoreSuite):
    """Objects as files."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> FolderStore:
        """A store in a folder that is not there yet."""
        return FolderStore(tmp_path / "store")

    def test_only_we_may_read_the_files(self, store: FolderStore, tmp_path: Path) -> None:
        """A build log may hold what others must not see."""
        store.put("a/b", b"x")
        assert stat.S_IMODE((tmp_path / "store" / "a" / "b").stat().st_mode) == 0o600

    def test_a_put_that_fails_leaves_the_old_object_and_no_trace(
        self, store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A disk that fills is noticed when the file is flushed, before it takes the old one's place."""
        store.put("report", b"old")

        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(Unavailable, match="report: the folder store answers: No space left"):
            store.put("report", b"new")
        assert store.get("report") == b"old"
        assert [path.name for path in (tmp_path / "store").iterdir()] == ["report"]

    def test_a_file_that_is_being_written_is_not_listed(self, store: FolderStore, tmp_path: Path) -> None:
        """A put that was killed leaves a hidden file, which is no object."""
        store.put("report", b"x")
        (tmp_path / "store" / ".report.tmp1").write_bytes(b"half")
        assert [found.key for found in store.list()] == ["report"]

    def test_what_is_deleted_while_it_is_listed_is_left_out(self, store: FolderStore) -> None:
        """Others work in the same folder."""
        for key in ("a", "b", "c"):
            store.put(key, b"x")
        listing = store.list()
        assert next(listing).key == "a"
        store.delete("b")
        assert [found.key for found in listing] == ["c"]

    def test_only_old_unfinished_files_are_swept(self, store: FolderStore, tmp_path: Path) -> None:
        """A put that was killed left them; one that is under way has just written."""
        store.put("folder/object", b"x")
        for name, age in ((".old", 3600), (".new", 0)):
            path = tmp_path / "store" / "folder" / name
            path.write_bytes(b"half")
            os.utime(path, (time.time() - age,) * 2)
        store.sweep("folder/", before=datetime.now(UTC) - timedelta(minutes=15))
        assert sorted(path.name for path in (tmp_path / "store" / "folder").iterdir()) == [".new", "object"]

    def test_a_disk_that_refuses_is_unavailable(self, store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says what the system said, and where to look."""

        def refuse(_path: Path, **_options: bool) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(Path, "unlink", refuse)
        with pytest.raises(Unavailable, match="Read-only file system") as caught:
            store.delete("a")
        assert "rights" in str(caught.value.hint)


def test_a_store_is_opened_by_its_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty is the default folder."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert isinstance(open_store("", default=tmp_path), FolderStore)
    assert isinstance(open_store("memory:", default=tmp_path), MemoryStore)
    assert isinstance(open_store("s3://bucket/some/prefix", default=tmp_path), S3Store)
    folder = open_store(f"file://{tmp_path}/with%20space", default=Path("/nowhere"))
    assert folder.put("a", b"x").url == f"file://{tmp_path}/with%20space/a"


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "file://host/path", "file:relative", "/a/path"])
def test_a_url_that_names_no_store_is_refused(url: str, tmp_path: Path) -> None:
    """The hint says what does."""
    with pytest.raises(BadInput, match="names no store") as caught:
        open_store(url, default=tmp_path)
    assert "s3://bucket/prefix" in str(caught.value.hint)
