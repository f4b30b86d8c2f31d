"""A filestore of 20 GB needs no more memory than the promised half GiB: buffers do not grow, tables grow by little."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.tools.backup.manifest import File, Piece
from tests.backups import Production, back_up_dump, production_on, repository_in
from tests.servers import PostgresServer

PROMISED = 512 * 2**20
# What 20 GB are in files of 100 kB.
FILES = 200_000
PER_PACK = 10_000
FILE_BYTES = 40

_HEAD = """
import json, random, sys
from pathlib import Path
from odooops_dagster.tools.backup.create import create
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.restore import restore_filestore
from odooops_dagster.tools.backup.verify import verify
from tests.backups import access_to, back_up_dump, repository_in
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
arguments = json.loads(sys.argv[1])
repository = repository_in(Path(arguments["store"]), key=bytes(range(32)))
programs = Programs(folder=Path(arguments["programs"]))
peaks = [peak()]
"""
_BUFFERS = """
dump = random.Random(1).randbytes(100_000).hex().encode() + b"\\n-- PostgreSQL database dump complete\\n"
manifest = back_up_dump(repository, "first", dump, folder=Path(arguments["filestore"])).manifest
peaks.append(peak())
assert verify(repository, manifest, programs=programs).is_good
peaks.append(peak())
restore_filestore(repository, manifest, Path(arguments["filestore"] + ".restored"))
peaks.append(peak())
print(json.dumps([manifest.file_count, *peaks]))
"""
_TABLES = """
filestore = Path(arguments["filestore"])
made = create(repository, access_to(arguments["url"]), backup_id="second", filestore_path=filestore, programs=programs)
peaks.append(peak())
assert len(made.rescued) == made.manifest.file_count
assert verify(repository, made.manifest, programs=programs).is_good
peaks.append(peak())
print(json.dumps([made.manifest.file_count, *peaks]))
"""
_LONG = """
access, filestore = access_to(arguments["url"]), Path(arguments["filestore"])
manifest = create(repository, access, backup_id="long", filestore_path=filestore, programs=programs).manifest
peaks.append(peak())
assert verify(repository, manifest, programs=programs).is_good
peaks.append(peak())
print(json.dumps([manifest.file_count, *peaks]))
"""


def peaks(program: str, **arguments: str) -> tuple[int, list[int]]:
    """Run the program in a process of its own; return how many files it saw, and its memory as it went on."""
    command = [sys.executable, "-c", _HEAD + program, json.dumps(arguments)]
    count, *found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return count, found


@pytest.fixture
def production(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Production]:
    """A database with its files."""
    with production_on(postgres_server, tmp_path / "filestore") as production:
        yield production


def attach_many(production: Production) -> None:
    """Attach as many files as 20 GB have; only the last backup has them, so that each is looked up and none is read."""
    production.execute("truncate ir_attachment")
    production.execute(
        "insert into ir_attachment (name, store_fname)"
        " select 'a file', 'zz/' || md5(n::text) from generate_series(1, %s) as n",
        FILES,
    )
    store = production.folder.parent / "store"
    repository = repository_in(store, key=bytes(range(32)))
    rng = random.Random(2)  # noqa: S311 - repeatable
    pieces: list[Piece] = []
    lines: list[bytes] = []
    for first in range(0, FILES, PER_PACK):
        pieces += repository.keep(rng.randbytes(PER_PACK * FILE_BYTES), repository.known(), has_lines=False)
        for number in range(PER_PACK):
            name = "zz/" + hashlib.md5(str(first + number + 1).encode(), usedforsecurity=False).hexdigest()
            offset = number * FILE_BYTES
            lines.append(File(name=name, size_bytes=FILE_BYTES, offset=offset, objects=(pieces[-1].name,)).line())
    made = back_up_dump(repository, "first", b"x", folder=production.folder.parent / "none").manifest
    table = [
        piece for part in _parts(b"".join(lines)) for piece in repository.keep(part, repository.known(), has_lines=True)
    ]
    repository.write_manifest(
        replace(
            made,
            file_table=tuple(piece.name for piece in table),
            file_count=FILES,
            file_bytes=FILES * FILE_BYTES,
            objects={**made.objects, **{piece.name: piece for piece in [*pieces, *table]}},
        )
    )


def _parts(data: bytes) -> Iterator[bytes]:
    """Yield the table in pieces; a line may go on in the next."""
    size = 4 * 2**20
    for start in range(0, len(data), size):
        yield data[start : start + size]


def test_memory_stays_below_the_promise_for_a_filestore_of_20_gigabytes(production: Production, tmp_path: Path) -> None:
    """The buffers, measured with 80 MB, and the tables, measured with as many entries as 20 GB have, together."""
    rng = random.Random(3)  # noqa: S311 - repeatable
    large = tmp_path / "large"
    (large / "ab").mkdir(parents=True)
    for number in range(700):
        (large / "ab" / f"{number}").write_bytes(rng.randbytes(100_000))
    (large / "ab" / "large").write_bytes(rng.randbytes(12_000_000))
    programs = str(production.programs.folder)
    kept, buffers = peaks(_BUFFERS, store=str(tmp_path / "one"), filestore=str(large), programs=programs)
    assert kept == 701
    attach_many(production)
    found, tables = peaks(
        _TABLES,
        store=str(tmp_path / "store"),
        filestore=str(production.folder),
        programs=programs,
        url=production.url,
    )
    assert found == FILES
    assert max(buffers) - buffers[0] + max(tables) < PROMISED


def test_values_of_200_megabytes_need_no_more_memory_than_short_ones(production: Production, tmp_path: Path) -> None:
    """Odoo keeps attachments in the database where it is told to; in a dump each is one line, twice as long."""
    production.execute("alter table ir_attachment add column db_datas bytea")
    production.execute("alter table ir_attachment alter column db_datas set storage external")
    production.execute(
        "insert into ir_attachment (name, db_datas)"
        " select 'a video', convert_to(repeat(md5(n::text), 6500000), 'UTF8') from generate_series(1, 2) as n"
    )
    _, found = peaks(
        _LONG,
        store=str(tmp_path / "store"),
        filestore=str(production.folder),
        programs=str(production.programs.folder),
        url=production.url,
    )
    assert max(found) < PROMISED
