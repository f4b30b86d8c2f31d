"""Extracts the reason of a failure from pip's output, in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile, takewhile

# Final lines of a failed pip; the reason is above them.
_NOT_A_REASON = re.compile(r"ResolutionImpossible|Could not find a version|subprocess-exited|metadata-generation")
_UNREACHABLE = re.compile(r"Retrying \(Retry|ConnectionError|NewConnectionError|Temporary failure in name resolution")
_NO_MATCH = "No matching distribution found for "
_BUILD_FAILED = re.compile(r"\s*\S (?P<activity>.+) did not run successfully\.")
_END_OF_BUILD = "[end of output]"
# An error of gcc or clang: file, line, perhaps column. What follows it is the whole command line.
_COMPILER_ERROR = re.compile(r"\s*\S+:\d+:(\d+:)? (fatal )?error: ")


def pip_reason(lines: Sequence[str]) -> str:
    """Return the reason of pip's failure in one line."""
    if reason := _conflict(lines) or _failed_build(lines):
        return reason
    errors = [line.partition(":")[2].strip() for line in lines if line.lower().lstrip().startswith("error:")]
    reasons = [line for line in errors if not _NOT_A_REASON.search(line)]
    missing = [line for line in reasons if line.startswith(_NO_MATCH)]
    if missing:
        return missing[0] + _other_python(missing[0].removeprefix(_NO_MATCH), errors)
    if reasons:
        return reasons[0]
    return errors[0] if errors else next((line for line in reversed(lines) if line.strip()), "pip gave no reason")


def is_unreachable(lines: Sequence[str]) -> bool:
    """Return whether a package index did not answer."""
    return any(_UNREACHABLE.search(line) for line in lines)


def _conflict(lines: Sequence[str]) -> str:
    """Return the conflicting requirements, empty if pip reports no conflict."""
    after = list(dropwhile(lambda line: not line.startswith("The conflict is caused by"), lines))
    sides = [line.strip() for line in takewhile(str.strip, after[1:])]
    return f"these exclude each other: {'; '.join([*sides[:1], *sides[1:][-1:]])}" if sides else ""


def _failed_build(lines: Sequence[str]) -> str:
    """Return the package that could not be built from source, with the compiler's error or the build's last line."""
    for number, line in enumerate(lines):
        if failed := _BUILD_FAILED.match(line):
            printed = list(takewhile(lambda line: _END_OF_BUILD not in line, lines[number + 1 :]))
            name = _built_package(failed["activity"], lines[:number])
            complaint = next((said.strip() for said in printed if _COMPILER_ERROR.match(said)), _last(printed))
            return f"{name} cannot be built from source: {complaint}"
    return ""


def _built_package(activity: str, before: Sequence[str]) -> str:
    if named := re.search(r" for (\S+)", activity):
        return named[1]
    collected = (re.match(r"(?:Collecting|Processing) (\S+)", line) for line in reversed(before))
    return next((found[1].rpartition("/")[2] for found in collected if found), "a package")


def _last(printed: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(printed) if line.strip()), "its build printed nothing")


def _other_python(pin: str, errors: Sequence[str]) -> str:
    """Return the Python version that the pinned version requires, empty if that is not why pip ignored it."""
    version = re.escape(pin.partition("==")[2])
    ignored = next((line for line in errors if "require a different python version" in line), "")
    needs = re.search(rf"[:;] {version} Requires-Python (?P<python>[^;]+)", f": {ignored.partition(': ')[2]}")
    return f", which requires Python {needs['python'].strip()}" if version and needs else ""
