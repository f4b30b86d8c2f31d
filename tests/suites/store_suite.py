"""What every object store must do; a store's test subclasses StoreSuite and gives a store."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.tools.store import ObjectStore


class ReadOnce:
    """A stream like a pipe's: it can be read, and nothing else."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        return self._stream.read(size)


class Breaking:
    """A stream that fails in its middle."""

    def __init__(self) -> None:
        self._blocks = 2

    def read(self, size: int = -1) -> bytes:
        """Read twice, then fail."""
        self._blocks -= 1
        if self._blocks < 0:
            raise RuntimeError("the dump broke off")
        return b"x" * max(size, 1)


class StoreSuite:
    """The truths that hold for every store."""

    def test_what_was_put_is_what_is_got(self, store: ObjectStore) -> None:
        """Every byte value survives."""
        data = bytes(range(256)) * 100
        stored = store.put("sha256/ab/abcd", data, content_type="application/octet-stream")
        assert (stored.key, stored.size_bytes) == ("sha256/ab/abcd", len(data))
        assert store.get("sha256/ab/abcd") == data

    def test_a_file_is_put_like_its_bytes(self, store: ObjectStore, tmp_path: Path) -> None:
        """Large artifacts need not pass through memory."""
        path = tmp_path / "build.log"
        path.write_bytes(b"line\n" * 100_000)
        assert store.put("build.log", path).size_bytes == 500_000
        assert store.get("build.log") == path.read_bytes()

    def test_a_stream_is_put_like_its_bytes(self, store: ObjectStore) -> None:
        """A dump is never whole in memory; what is asked of the stream is reading, once."""
        data = random.Random(7).randbytes(6 * 1024 * 1024 + 1)  # noqa: S311 - bytes without a pattern
        assert store.put("dump", cast("BinaryIO", ReadOnce(data))).size_bytes == len(data)
        assert store.get("dump") == data

    def test_an_object_is_read_block_by_block(self, store: ObjectStore) -> None:
        """Whoever reads decides how much is in memory; the end is an empty block."""
        data = random.Random(8).randbytes(3_000_001)  # noqa: S311 - the same
        store.put("dump", data)
        with store.open("dump") as stream:
            blocks = list(iter(lambda: stream.read(65536), b""))
        assert b"".join(blocks) == data
        assert {len(block) for block in blocks[:-1]} == {65536}

    def test_an_absent_object_cannot_be_opened(self, store: ObjectStore) -> None:
        """It is said at once, not at the first read."""
        with pytest.raises(NotFound, match="nothing/here"):
            store.open("nothing/here")

    def test_a_stream_that_fails_leaves_the_old_object(self, store: ObjectStore) -> None:
        """A dump that broke off is no dump."""
        store.put("dump", b"old")
        with pytest.raises(RuntimeError, match="broke off"):
            store.put("dump", cast("BinaryIO", Breaking()))
        assert store.get("dump") == b"old"
        assert [found.key for found in store.list()] == ["dump"]

    def test_an_empty_object_is_an_object(self, store: ObjectStore) -> None:
        """A log may have no line."""
        store.put("empty", b"")
        assert store.get("empty") == b""
        assert store.stat("empty") is not None

    def test_putting_twice_keeps_the_latter(self, store: ObjectStore) -> None:
        """Telling a store the same again does no harm, telling it something else replaces."""
        store.put("report", b"one")
        store.put("report", b"one")
        assert store.get("report") == b"one"
        assert store.put("report", b"three").size_bytes == 5
        assert store.get("report") == b"three"

    def test_stat_tells_size_and_url(self, store: ObjectStore) -> None:
        """What `put` returned is what `stat` says, also of a key with signs that URLs escape."""
        stored = store.put("runs/a b/ünï+#?%.log", b"12345")
        assert store.stat("runs/a b/ünï+#?%.log") == stored
        assert stored.url.isascii()
        assert " " not in stored.url

    def test_an_absent_object_is_not_found(self, store: ObjectStore) -> None:
        """Getting it is an error; asking for it and deleting it is not."""
        assert store.stat("nothing/here") is None
        store.delete("nothing/here")
        with pytest.raises(NotFound, match="nothing/here"):
            store.get("nothing/here")

    def test_a_part_of_a_key_is_no_object(self, store: ObjectStore) -> None:
        """Folders are the folder store's own business."""
        store.put("a/b/c", b"x")
        assert store.stat("a/b") is None
        with pytest.raises(NotFound):
            store.get("a")
        with pytest.raises(NotFound):
            store.get("a/b/c/d")

    def test_list_gives_the_keys_that_start_with_the_prefix_in_order(self, store: ObjectStore) -> None:
        """A prefix may end in the middle of a word."""
        for key in ("runs/2", "runs/10", "runs/1", "run", "other/runs/1", "runs-old/1"):
            store.put(key, key.encode())
        assert [found.key for found in store.list("runs/1")] == ["runs/1", "runs/10"]
        assert [found.key for found in store.list("runs/")] == ["runs/1", "runs/10", "runs/2"]
        assert [found.key for found in store.list()] == sorted(
            ["runs/2", "runs/10", "runs/1", "run", "other/runs/1", "runs-old/1"]
        )
        assert next(iter(store.list("run"))).size_bytes == 3
        assert list(store.list("nobody")) == []

    def test_a_deleted_object_is_gone(self, store: ObjectStore) -> None:
        """Deleting may be told twice."""
        store.put("a/b", b"x")
        store.delete("a/b")
        store.delete("a/b")
        assert store.stat("a/b") is None
        assert list(store.list()) == []

    @pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a//b", "a/../b", "a/", ".hidden", "a\nb", "x" * 300])
    def test_a_key_that_not_every_store_can_hold_is_refused(self, store: ObjectStore, key: str) -> None:
        """What leads out of the folder, or differs between stores, is no key."""
        with pytest.raises(BadInput, match="cannot name an object"):
            store.put(key, b"x")
        with pytest.raises(BadInput, match="cannot name an object"):
            store.get(key)
