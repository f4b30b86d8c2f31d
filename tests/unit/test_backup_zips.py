"""Zips from elsewhere: what they say is read, what they try is refused by name."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odooops_dagster.errors import BadInput, Conflict, OdooOpsError
from odooops_dagster.tools.backup import zip_entries
from odooops_dagster.tools.backup.script import loadable
from odooops_dagster.tools.backup.sql_dump import scan
from odooops_dagster.tools.backup.zip_import import import_zip, inspect_zip
from tests.backups import repository_in

DATA = b"a picture"
SHA1 = hashlib.sha1(DATA, usedforsecurity=False).hexdigest()
FILE = f"{SHA1[:2]}/{SHA1}"
END = b"-- PostgreSQL database dump complete\n"
SQL = (
    b"-- Dumped from database version 16.4 (Debian 16.4-1)\n"
    b"COPY public.ir_attachment (id, name, store_fname) FROM stdin;\n"
    b"1\tlogo\t" + FILE.encode() + b"\n2\tno file\t\\N\n\\.\n"
    b'COPY public."Odd ""name""" (id) FROM stdin;\n1\n\\.\n'
    b"COPY public.ir_module_module (name, state, latest_version) FROM stdin;\n"
    b"base\tinstalled\t19.0.1.3\ncrm\tuninstalled\t\\N\nsale\tinstalled\t19.0.1.2\n\\.\n" + END
)


def a_zip(
    folder: Path, entries: dict[str, bytes] | None = None, *, name: str = "shop.zip", method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write a zip with these entries beside those of every Odoo zip."""
    path = folder / name
    whole = {"dump.sql": SQL, "manifest.json": b'{"db_name": "shop"}', f"filestore/{FILE}": DATA} | (entries or {})
    with zipfile.ZipFile(path, "w", method) as archive:
        for entry, data in whole.items():
            archive.writestr(entry, data)
    return path


def test_the_report_says_what_is_in_the_zip(tmp_path: Path) -> None:
    """Versions, modules, rows and files, and what does not belong there."""
    path = a_zip(tmp_path, {"README.txt": b"hello", "filestore/checklist/ab/cd": b"", "filestore/": b""})
    report = inspect_zip(path)
    assert (report.odoo_version, report.postgres_version[:4], report.database_name) == ("19.0", "16.4", "shop")
    assert report.modules == {"base": "19.0.1.3", "sale": "19.0.1.2"}
    assert report.rows == {"public.ir_attachment": 2, 'public.Odd "name"': 1, "public.ir_module_module": 3}
    assert (report.file_count, report.file_bytes, report.ignored) == (1, len(DATA), ("README.txt",))
    assert report.objections(series="19.0", modules={"base", "sale", "crm"}, postgres=16) == ()


def test_the_report_names_what_speaks_against_the_zip(tmp_path: Path) -> None:
    """Another series, an older server, absent code, lost and altered files, psql's commands."""
    other = "ab/" + "ab" * 20
    path = a_zip(
        tmp_path,
        {
            "dump.sql": SQL.replace(FILE.encode(), b"00/" + b"00" * 20).replace(END, b"\\connect postgres\n" + END),
            f"filestore/{other}": b"not what its name says",
        },
    )
    said = inspect_zip(path).objections(series="18.0", modules={"base"}, postgres=15)
    for words in ("Odoo 19.0", "PostgreSQL 16.4", "1 installed module(s): sale", "00/0000", "ab/abab", "\\connect"):
        assert any(words in line for line in said), words
    assert len(said) == 6


def test_attachments_in_an_object_store_are_not_looked_for_in_the_zip(tmp_path: Path) -> None:
    """No zip holds them: that speaks against it, and nobody lost them."""
    path = a_zip(tmp_path, {"dump.sql": SQL.replace(b"no file\t\\N", b"far\ts3://bucket/logo")})
    report = inspect_zip(path)
    assert (report.missing, report.elsewhere) == ((), {"s3": 1})
    [said] = report.objections()
    assert said == "1 attachment(s) are in an object store and no part of the backup (s3: 1)"
    repository = repository_in(tmp_path / "store")
    created = import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work")
    assert (created.manifest.missing, created.manifest.facts["elsewhere"]) == ((), {"s3": 1})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../dump.sql", "leads out"),
        ("filestore/../../etc/passwd", "leads out"),
        ("/etc/passwd", "leads out"),
        ("C:/windows", "leads out"),
        ("filestore\\..\\x", "leads out"),
        ("filestore//ab", "odd name"),
        ("./dump.sql", "odd name"),
        ("filestore/a\nb", "nobody can read"),
        ("dump.sql\0.txt", "nobody can read"),
        ("\x1b[31mred", "nobody can read"),
    ],
)
def test_a_name_that_no_zip_of_odoo_has_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    """The error names the entry, so that nothing is unpacked."""
    stand_in = "n" * len(name)  # zipfile itself would write some of these names another way
    path = a_zip(tmp_path, {stand_in: b"x"})
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name.encode()))
    with pytest.raises(BadInput, match=reason) as caught:
        inspect_zip(path)
    assert repr(name) in str(caught.value)
    assert caught.value.hint


def test_a_link_is_refused(tmp_path: Path) -> None:
    """What is a link when it is unpacked could lead anywhere."""
    path = a_zip(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo(f"filestore/{SHA1[:2]}/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadInput, match="is no file"):
        inspect_zip(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    """Odoo writes none, and nobody is asked for a password in a run."""
    path = a_zip(tmp_path)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\1\2")
    struct.pack_into("<H", data, at + 8, 1)
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"'dump.sql' is encrypted"):
        inspect_zip(path)


def test_a_compression_that_odoo_does_not_use_is_refused(tmp_path: Path) -> None:
    """LZMA would unpack to thousands of times its size."""
    with pytest.raises(BadInput, match="compressed in a way"):
        inspect_zip(a_zip(tmp_path, method=zipfile.ZIP_LZMA))


def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Two programs would read two different dumps."""
    path = a_zip(tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("dump.sql", b"drop table sale_order;")
    with pytest.raises(BadInput, match="is there twice"):
        inspect_zip(path)


def test_a_bomb_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes that it claims are enough: more than they say is never read."""
    monkeypatch.setattr(zip_entries, "_HARMLESS_BYTES", 1024)
    path = a_zip(tmp_path, {f"filestore/ab/{'ab' * 20}": bytes(10_000_000)})
    with pytest.raises(BadInput, match=r"would become 1\d{7} bytes"):
        inspect_zip(path)


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """So is a bomb made that needs no great ratio."""
    path = a_zip(tmp_path, {"other": b"x" * 50})
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\1\2")
    last = data.rindex(b"PK\1\2")
    data[last + 42 : last + 46] = data[first + 42 : first + 46]
    path.write_bytes(data)
    with pytest.raises(BadInput, match="shares its bytes"):
        inspect_zip(path)


def test_a_zip_without_a_dump_is_refused(tmp_path: Path) -> None:
    """Whatever else it holds."""
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", b"x")
    with pytest.raises(BadInput, match=r"photos.zip has no dump.sql"):
        inspect_zip(path)


@pytest.mark.parametrize("manifest", [b"[1]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_manifest_that_is_none_is_refused(manifest: bytes, tmp_path: Path) -> None:
    """Odoo does not read it; we do, and say what is wrong with it."""
    with pytest.raises(BadInput, match=r"manifest.json of the zip is no"):
        inspect_zip(a_zip(tmp_path, {"manifest.json": manifest}))


def test_only_what_odoo_writes_is_kept_of_a_manifest(tmp_path: Path) -> None:
    """What somebody put beside it, or in its place, could be neither stored nor printed."""
    deep: object = "x"
    for _ in range(900):
        deep = [deep]
    theirs = {"db_name": "sh\0op\x1b[31m" + "x" * 5000, "version_info": deep, "modules": {"base": deep}, "more": deep}
    path = a_zip(tmp_path, {"manifest.json": json.dumps(theirs).encode()})
    created = import_zip(repository_in(tmp_path / "store"), path, backup_id="theirs", folder=tmp_path / "work")
    assert created.manifest.facts["odoo_manifest"] == {"db_name": "shop[31m" + "x" * 90, "modules": {}}
    assert created.manifest.database_name == ("shop[31m" + "x" * 90)[:63]


@pytest.mark.parametrize("value", [b"ab/\xff\xfe", b"ab/\0cd"])
def test_a_name_in_the_dump_that_is_no_text_is_refused(value: bytes, tmp_path: Path) -> None:
    """No row of ours could hold it."""
    with pytest.raises(BadInput, match="a store_fname that is no text"):
        inspect_zip(a_zip(tmp_path, {"dump.sql": SQL.replace(FILE.encode(), value)}))


def test_a_zip_without_manifest_and_files_is_as_good(tmp_path: Path) -> None:
    """The dump says enough."""
    path = tmp_path / "shop.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dump.sql", SQL)
    report = inspect_zip(path)
    assert (report.odoo_version, report.database_name, report.missing) == ("19.0", "shop", (FILE,))


def test_a_dump_without_its_end_is_refused(tmp_path: Path) -> None:
    """A disk that was full when they dumped is not our backup."""
    with pytest.raises(BadInput, match=r"dump.sql has no end"):
        inspect_zip(a_zip(tmp_path, {"dump.sql": SQL.removesuffix(END)}))


def test_the_time_of_the_backup_is_the_dumps_and_never_in_the_future(tmp_path: Path) -> None:
    """An old zip does not pass for a fresh backup, and a wrong clock not for tomorrow's."""
    path = a_zip(tmp_path)
    for year, expected in ((2019, 2019), (2107, datetime.now(UTC).year)):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("dump.sql", date_time=(year, 1, 2, 3, 4, 6)), SQL)
        assert inspect_zip(path).taken_at.year == expected


@given(at=st.integers(min_value=0), byte=st.integers(min_value=1, max_value=255), cut=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_damaged_zip_is_refused_or_means_the_same(
    at: int, byte: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whichever byte is altered or missing: an error of ours, or the very same rows and files."""
    folder = tmp_path_factory.getbasetemp()
    path = a_zip(folder)
    data = bytearray(path.read_bytes())
    at %= len(data)
    if cut:
        del data[at:]
    else:
        data[at] ^= byte
    path.write_bytes(data)
    with suppress(OdooOpsError):
        report = inspect_zip(path)
        assert (dict(report.rows), report.altered) == (scan(io.BytesIO(SQL)).rows, ())


@given(data=st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_what_is_no_zip_is_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any bytes at all."""
    path = tmp_path_factory.getbasetemp() / "noise.zip"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"noise.zip"):
        inspect_zip(path)


def test_a_refused_zip_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither files nor objects nor a manifest."""
    path = a_zip(tmp_path, {"../x": b"x"})
    repository = repository_in(tmp_path / "store")
    with pytest.raises(BadInput, match="leads out"):
        import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work")
    assert [entry.name for entry in tmp_path.iterdir()] == ["shop.zip"]


@given(size=st.integers(min_value=1, max_value=400))
@settings(max_examples=60, deadline=None)
def test_a_dump_is_the_same_however_it_is_cut_into_blocks(size: int) -> None:
    """Where a block ends has nothing to do with where a line does."""
    theirs = (
        b"\\restrict x\nGRANT ALL ON TABLE public.t TO a;\nALTER TABLE public.t OWNER TO a;\nselect 1;\n"
        b"COPY public.t (a) FROM stdin;\nGRANT ALL ON TABLE public.t TO a;\nx\ry\n\\.\n"
        b"CREATE FUNCTION public.f() RETURNS void\n    AS $$\nGRANT ALL ON TABLE public.t TO a;\n$$;\n"
        b"REVOKE ALL ON SCHEMA public FROM b;\n\\unrestrict x\nselect 2;"
    )
    ours = (
        b"select 1;\nCOPY public.t (a) FROM stdin;\nGRANT ALL ON TABLE public.t TO a;\nx\ry\n\\.\n"
        b"CREATE FUNCTION public.f() RETURNS void\n    AS $$\nGRANT ALL ON TABLE public.t TO a;\n$$;\nselect 2;\n"
    )
    blocks = [theirs[start : start + size] for start in range(0, len(theirs), size)]
    assert b"".join(loadable(blocks)) == ours


def test_a_dump_that_ends_among_rows_is_not_loaded() -> None:
    """Psql would take the end of the dump for the end of the table."""
    with pytest.raises(Conflict, match="ends among the rows"):
        b"".join(loadable([b"COPY public.t (a) FROM stdin;\n1\n"]))


def test_a_row_longer_than_memory_allows_is_passed_over() -> None:
    """The rows after it are read as ever."""
    long = b"1\tlogo\t\\N" + b"x" * 5_000_000 + b"\n2\tpicture\t" + FILE.encode() + b"\n\\.\n" + END
    found = scan(io.BytesIO(b"COPY public.ir_attachment (id, name, store_fname, data) FROM stdin;\n" + long))
    assert (found.attachments, found.rows, found.is_whole) == ({FILE}, {"public.ir_attachment": 2}, True)


def test_odoos_own_words_are_kept(tmp_path: Path) -> None:
    """What manifest.json says goes along into the backup, for the day it goes out again."""
    theirs = {"odoo_dump": "1", "db_name": "shop", "version": "19.0-20251120", "major_version": "19.0"}
    path = a_zip(tmp_path, {"manifest.json": json.dumps(theirs).encode()})
    created = import_zip(repository_in(tmp_path / "store"), path, backup_id="theirs", folder=tmp_path / "work")
    assert created.manifest.facts["odoo_manifest"] == theirs
