"""What a manifest may say, and what is made of one that says something else."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.tools.backup.filestore import inside
from odooops_dagster.tools.backup.manifest import File, Manifest, Piece, checked_id, needed

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
WHOLE, DELTA, TABLE = "a" * 64, "b" * 64, "c" * 64


def manifest(**changes: Any) -> Manifest:  # noqa: ANN401 - fields of every type
    """Return a manifest of three objects."""
    pieces = (
        Piece(name=WHOLE, size_bytes=10, stored_bytes=8, sketch=(1, 2)),
        Piece(name=DELTA, size_bytes=11, stored_bytes=3, base=WHOLE),
        Piece(name=TABLE, size_bytes=0, stored_bytes=9),
    )
    values: dict[str, Any] = {
        "id": "first",
        "taken_at": NOW,
        "database_name": "an odd = 'näme",
        "dump_format": "custom",
        "dump": (WHOLE, DELTA),
        "dump_bytes": 21,
        "file_table": (TABLE,),
        "file_count": 0,
        "file_bytes": 0,
        "missing": (),
        "altered": (),
        "objects": {piece.name: piece for piece in pieces},
    }
    return Manifest(**values | changes)


def altered(**changes: Any) -> bytes:  # noqa: ANN401 - the same
    """Return a manifest's bytes in which something else stands."""
    return json.dumps(json.loads(manifest().to_bytes()) | changes).encode()


def objects(**changes: Any) -> list[Any]:  # noqa: ANN401 - the same
    """Return the list of objects with the first one changed."""
    first, *others = json.loads(manifest().to_bytes())["objects"]
    return [first | changes, *others]


def test_a_manifest_is_read_as_it_was_written() -> None:
    """Also its moment, whatever the zone."""
    written = manifest(facts={"modules": {"base": "19.0.1.3"}})
    assert Manifest.from_bytes(written.to_bytes()) == written
    assert written.to_bytes() == Manifest.from_bytes(written.to_bytes()).to_bytes()


def test_a_manifest_of_version_1_is_read_and_hashes_to_what_its_row_knows() -> None:
    """Its bytes are those that were written then: without logs."""
    first = json.loads(manifest().to_bytes()) | {"version": 1}
    for name in ("log_table", "log_count", "log_bytes"):
        del first[name]
    written = json.dumps(first, sort_keys=True, separators=(",", ":")).encode()
    read = Manifest.from_bytes(written)
    assert (read.log_table, read.log_count, read.log_bytes) == ((), 0, 0)
    assert read.to_bytes() == written
    assert read.sha256 == hashlib.sha256(written).hexdigest()
    with pytest.raises(Conflict, match="not the fields of version 2"):
        Manifest.from_bytes(written.replace(b'"version":1', b'"version":2'))


def test_its_key_is_in_the_order_of_time() -> None:
    """The zone of who made it does not matter."""
    assert manifest().key == "manifests/20260302T043000Z-first"
    assert manifest(taken_at=NOW.astimezone(UTC)).key == manifest().key


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"{}", "cannot be read"),
        (altered(format="tar"), "no manifest"),
        (altered(version=3), "format version 3, known is 2"),
        (altered(version=1), "not the fields of version 1"),
        (altered(log_table=["d" * 64]), "refers to object d"),
        (altered(log_count=-1), "counts -1"),
        (altered(more=1), "cannot be read"),
        (altered(id="../up"), "cannot be the id"),
        (altered(taken_at="2026-03-01T00:00:00"), "cannot be of its time"),
        (altered(dump_format="tar"), "cannot be of its time or its dump"),
        (altered(facts=[]), "facts are none"),
        (altered(dump_bytes="21"), "counts '21'"),
        (altered(file_count=-1), "counts -1"),
        (altered(dump=["d" * 64]), "does not list it"),
        (altered(file_table=["d" * 64]), "does not list it"),
        (altered(objects=objects(name="../../etc/passwd")), "refers to|cannot be"),
        (altered(objects=objects(size_bytes=-1)), "counts -1"),
        (altered(objects=objects(stored_bytes=None)), "counts None"),
        (altered(objects=objects(sketch=[[1]])), r"counts \[1\]"),
        (altered(objects=objects(base="d" * 64)), "whole base"),
        (altered(objects=objects(base=DELTA)), "whole base"),
    ],
)
def test_what_cannot_be_is_refused(data: bytes, reason: str) -> None:
    """Whoever wrote it, nothing is read or removed because of it."""
    with pytest.raises(Conflict, match=reason):
        Manifest.from_bytes(data)


def test_a_newer_version_says_what_to_do() -> None:
    """It is not taken for damaged."""
    with pytest.raises(Conflict) as caught:
        Manifest.from_bytes(altered(version=3))
    assert caught.value.hint == "update odooops"


_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    st.builds(
        File,
        name=_NAMES,
        size_bytes=st.integers(0, 2**50),
        offset=st.integers(0, 2**23),
        objects=st.lists(st.sampled_from([WHOLE, DELTA]), max_size=3).map(tuple),
        sha1=st.one_of(st.none(), st.just("0" * 40)),
    )
)
def test_a_file_is_read_from_its_line(file: File) -> None:
    """Whatever signs its name has, its line is one line."""
    assert file.line().count(b"\n") == 1
    assert File.from_line(file.line().rstrip(b"\n")) == file


@pytest.mark.parametrize(
    "line", [b"", b"a", b"a 1 2 3", b"a x 0 - -", b"a 1 y - -", b"a -1 0 - -", b"a 1 -1 - -", b"\xff 1 0 - -"]
)
def test_a_line_that_is_none_is_shown(line: bytes) -> None:
    """A person can look for it."""
    with pytest.raises(Conflict, match="a line that cannot be read"):
        File.from_line(line)


def test_only_a_name_that_is_a_hash_says_what_a_file_hashes_to() -> None:
    """The folder is the hash's beginning; what production had changed has its own hash in the table."""
    sha1 = "ab" + "0" * 38
    file = File(name=f"ab/{sha1}", size_bytes=0, offset=0, objects=())
    assert file.expected_sha1 == sha1
    assert File(name=f"cd/{sha1}", size_bytes=0, offset=0, objects=()).expected_sha1 is None
    assert File(name=f"ab/{sha1}", size_bytes=0, offset=0, objects=(), sha1="1" * 40).expected_sha1 == "1" * 40


@given(st.one_of(_NAMES, st.lists(st.sampled_from(["..", ".", "", "a", "/", "\0"]), min_size=1).map("/".join)))
def test_no_name_leads_out_of_the_filestore(name: str) -> None:
    """It is refused, or stays below the folder."""
    folder = Path("/var/lib/filestore")
    try:
        path = inside(folder, name)
    except BadInput:
        return
    assert folder in path.parents
    assert ".." not in path.parts


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "/etc/passwd", "a/../../b", "a//b", "a/", "./a", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """The hint says where it comes from."""
    with pytest.raises(BadInput, match="no name of a file"):
        inside(Path("/var/lib/filestore"), name)


@pytest.mark.parametrize("backup_id", ["", "-a", "a/b", "a.b", "a b", "a" * 101, "é"])
def test_an_id_that_cannot_be_part_of_a_key_is_refused(backup_id: str) -> None:
    """Letters, digits, - and _ are every store's."""
    with pytest.raises(BadInput, match="cannot be the id"):
        checked_id(backup_id)


def test_a_base_is_needed_with_what_differs_from_it() -> None:
    """Nothing else is."""
    assert set(needed([DELTA], manifest().objects)) == {DELTA, WHOLE}
    assert set(needed([WHOLE], manifest().objects)) == {WHOLE}
