"""Checks of restored data: are all rows there, and all files?"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from odooops_dagster.model import CheckResult
from odooops_dagster.wording import some_of

_NAMES_SAID = 5
_NAMES_SHOWN = 100


def judge_rows(expected: Mapping[str, int], found: Mapping[str, int]) -> CheckResult:
    """Compare the row count of every table with the count at the moment of the backup."""
    wrong = {
        table: f"{_counted(found.get(table))} instead of {_counted(expected.get(table))}"
        for table in sorted(expected.keys() | found.keys())
        if expected.get(table) != found.get(table)
    }
    differences = "; ".join(f"{table}: {what}" for table, what in list(wrong.items())[:_NAMES_SAID])
    return CheckResult(
        name="rows_complete",
        passed=not wrong,
        summary=f"{len(wrong)} table(s) differ: {differences}"
        if wrong
        else f"{sum(found.values())} rows in {len(found)} tables, as they were backed up",
        metadata={"tables": len(found), "rows": sum(found.values()), "differences": dict(wrong)},
    )


def judge_files(
    folder: Path, files: Mapping[str, tuple[int, str | None]], *, spoken_of: Collection[str], blocking: bool = True
) -> CheckResult:
    """Compare the folder with the expected files (size, SHA-1 if known) and with the files that the database names."""
    wrong = [name for name, (size, sha1) in sorted(files.items()) if not is_whole(folder / name, size=size, sha1=sha1)]
    lost = sorted(name for name in spoken_of if name not in files and not (folder / name).is_file())
    bad = [*wrong, *lost]
    return CheckResult(
        name="files_complete",
        passed=not bad,
        blocking=blocking,
        summary=f"{len(bad)} file(s) are missing or altered: {', '.join(bad[:_NAMES_SAID])}"
        if bad
        else f"{len(files)} files, as they were backed up",
        metadata={"files": len(files), "bytes": sum(size for size, _ in files.values()), "bad": bad[:_NAMES_SHOWN]},
    )


def judge_left_out(found: Sequence[Mapping[str, str]]) -> CheckResult:
    """Return the check of the parts of a dump that a load leaves out; each has a kind, a name and a reason."""
    lost = [f"{gone['kind']} {gone['name']} ({gone['reason']})" for gone in found]
    return CheckResult(
        name="left_out",
        passed=not lost,
        blocking=False,
        summary=f"{len(lost)} object(s) are left out of every load here: {some_of(lost, _NAMES_SAID, between='; ')}"
        if lost
        else "a load brings everything that is in the dump",
        metadata={"left_out": lost[:_NAMES_SHOWN]} if lost else {},
    )


def _counted(rows: int | None) -> str:
    return "no table" if rows is None else f"{rows} rows"


def is_whole(path: Path, *, size: int, sha1: str | None) -> bool:
    """Return whether the file exists and has the given size and, if given, the SHA-1."""
    try:
        if path.stat().st_size != size:
            return False
        if sha1 is None:
            return True
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest() == sha1
    except OSError:
        return False
