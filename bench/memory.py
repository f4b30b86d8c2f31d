"""How much memory backups take, by the bytes and by the number of the files: both may grow far, the one for nothing.

Three filestores, the second with ten times the bytes of the first, the third with ten times its files; from what
these took follows what a filestore of 20 GB takes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from bench.cost import Cost, ours
from bench.server import throwaway_server
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases

GOAL_MB = 512
# What is to fit: 20 GB in files as large as Odoo's are on average.
GOAL_BYTES = 20 * 10**9
GOAL_FILES = GOAL_BYTES // 80_000
ROLE = "bench_memory"
# Each is measured so often, and the median taken: what threads leave to the allocator differs from run to run.
ROUNDS = 3
VERBS = ("first backup", "second backup", "verify", "restore")
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Size:
    """A filestore."""

    files: int
    size_bytes: int


SIZES = (
    Size(files=5000, size_bytes=400_000_000),
    Size(files=5000, size_bytes=4_000_000_000),
    Size(files=50_000, size_bytes=400_000_000),
)


def main() -> None:
    """Measure and print; ends with status 1 where a filestore of 20 GB would take too much."""
    options = _options()
    sizes = [Size(files=s.files // options.part, size_bytes=s.size_bytes // options.part) for s in SIZES]
    with throwaway_server() as server:
        peaks = [_measure(size, server.url(), f"{ROLE}_{number}") for number, size in enumerate(sizes)]
    expected = {verb: _expected(sizes, [each[verb] for each in peaks]) for verb in VERBS}
    _print(sizes, peaks, expected)
    if options.json:
        told = [asdict(size) | each for size, each in zip(sizes, peaks, strict=True)]
        options.json.write_text(json.dumps({"peaks": told, "expected": expected}, indent=2) + "\n")
    if options.part == 1 and any(each["mb"] >= GOAL_MB for each in expected.values()):
        raise SystemExit(1)


def _measure(size: Size, admin_url: str, name: str) -> dict[str, float]:
    with TemporaryDirectory(prefix="odooops-bench-") as path:
        folder = Path(path)
        databases = OdooDatabases(admin_url, secrets=folder / "secrets")
        databases.ensure_role(name)
        databases.create(name, owner=name)
        access = databases.access(name, role=name)
        _fill(size, access, folder / "filestore")
        common: dict[str, object] = {
            "store": str(folder / "store"),
            "bin_dir": str(wheel_bin_dir()),
            "admin_url": admin_url,
            "secrets": str(folder / "secrets"),
            "access": asdict(access),
            "filestore": str(folder / "filestore"),
        }

        rounds = [_round(common, name, folder) for _ in range(ROUNDS)]
        databases.drop(name)
        return {verb: statistics.median(each[verb] for each in rounds) for verb in VERBS}


def _round(common: Mapping[str, object], name: str, folder: Path) -> dict[str, float]:
    """Return the peak of each verb in a store of its own."""

    def run(verb: str, **question: str) -> Cost:
        return ours(verb, {**common, **question}, folder=folder)

    again = f"{name}_again"
    costs = [run("create", id="first"), run("create", id="second")]
    key = costs[-1].told["key"]
    costs.append(run("verify", key=key))
    costs.append(run("restore", key=key, database=again, owner=name, to=str(folder / "again")))
    OdooDatabases(str(common["admin_url"]), secrets=folder / "secrets").drop(again)
    for written in ("store", "again"):
        shutil.rmtree(folder / written)
    return {verb: cost.memory_mb for verb, cost in zip(VERBS, costs, strict=True)}


def _fill(size: Size, access: DatabaseAccess, folder: Path) -> None:
    """Write files that cannot be compressed, and the attachments that name them."""
    rng = random.Random(size.files)  # noqa: S311 - the same files in every run
    names = []
    for number in range(256):
        (folder / f"{number:02x}").mkdir(parents=True)
    for _ in range(size.files):
        data = rng.randbytes(size.size_bytes // size.files)
        sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        names.append(f"{sha1[:2]}/{sha1}")
        (folder / names[-1]).write_bytes(data)
    with psycopg.connect(conninfo(access)) as connection:
        connection.execute("create table ir_attachment (id serial primary key, store_fname text)")
        connection.execute("insert into ir_attachment (store_fname) select unnest(%s::text[])", [names])


def _expected(sizes: Sequence[Size], peaks: Sequence[float]) -> dict[str, float]:
    """Return what bytes and files cost, and what the goal's filestore costs by that."""
    small, large, many = sizes
    per_gb = max(0.0, (peaks[1] - peaks[0]) / (large.size_bytes - small.size_bytes) * 1e9)
    per_file = max(0.0, (peaks[2] - peaks[0]) / (many.files - small.files))
    more_gb, more_files = (GOAL_BYTES - small.size_bytes) / 1e9, GOAL_FILES - small.files
    return {
        "mb_per_gb": round(per_gb, 2),
        "bytes_per_file": round(per_file * MB),
        "mb": round(peaks[0] + per_gb * more_gb + per_file * more_files),
    }


def _print(sizes: Sequence[Size], peaks: Sequence[Mapping[str, float]], expected: Mapping[str, Any]) -> None:
    heads = [f"{size.size_bytes / MB:.0f} MB, {size.files} files" for size in sizes]
    heads += ["MB per GB", "bytes per file", f"20 GB, {GOAL_FILES} files"]
    print(f"{'peak MB':<16}" + "".join(f"{head:>{len(head) + 3}}" for head in heads))
    for verb in VERBS:
        cells = [each[verb] for each in peaks] + list(expected[verb].values())
        row = "".join(f"{cell:>{len(head) + 3}.0f}" for cell, head in zip(cells, heads, strict=True))
        print(f"{verb:<16}{row}" + ("  too much" if expected[verb]["mb"] >= GOAL_MB else ""))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument(
        "--part",
        type=int,
        default=1,
        help="divide files and bytes by this, to see that it runs: nothing follows from so little",
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
