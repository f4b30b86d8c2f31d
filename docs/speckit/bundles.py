"""The bundles, and the tasks in them: what is done names the test that proves it, what is open says why.

An open task may name the test that will prove it: once the test is there, the task has to be ticked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BUNDLES = ("odooops-sh", "odoo-sh-clone", "odoo-release-gates-control-plane", "odoo-platform-personas")
FILES = ("constitution.md", "prd.md", "plan.md", "tasks.md")

_TASK = re.compile(r"^\s*- \[(?P<tick>[ x])\] (?P<text>.+)$", re.MULTILINE)
_TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<name>\w+)`")
_OPEN = re.compile(r"— open: \S.{10,}$")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a bundle, and the tests that it names as (file, function)."""

    text: str
    is_done: bool
    proofs: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """Return what is to be done."""
        return self.text.partition(" — ")[0]


def bundle_texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every file of the bundles that is there."""
    for bundle in BUNDLES:
        for name in FILES:
            path = root / "spec" / bundle / name
            if path.is_file():
                yield f"spec/{bundle}/{name}", path.read_text("utf-8")


def bundle_findings(root: Path) -> list[str]:
    """Return what is wrong with the bundles by themselves."""
    found = [
        f"spec/{bundle}/{name}: the file is missing"
        for bundle in BUNDLES
        for name in FILES
        if not (root / "spec" / bundle / name).is_file()
    ]
    strangers = {path.name for path in (root / "spec").glob("*") if path.is_dir()} - set(BUNDLES)
    found += [f"spec/{name}: nobody knows this bundle" for name in sorted(strangers)]
    for path, text in bundle_texts(root):
        if not text.startswith("# "):
            found.append(f"{path}: the first line is no title")
        if path.endswith("tasks.md"):
            found += [f"{path}: {fault}" for fault in _task_findings(root, text)]
    return found


def tasks(text: str) -> list[Task]:
    """Return the tasks of a page."""
    return [
        Task(
            text=match["text"],
            is_done=match["tick"] == "x",
            proofs=tuple((proof["file"], proof["name"]) for proof in _TEST.finditer(match["text"])),
        )
        for match in _TASK.finditer(text)
    ]


def _task_findings(root: Path, text: str) -> Iterator[str]:
    listed = tasks(text)
    if not listed:
        yield "there is no task"
    for task in listed:
        missing = [f"{file}::{name}" for file, name in task.proofs if name not in collected(root / file)]
        if task.is_done:
            yield from (f"{task.title}: there is no test {name}" for name in missing)
        if task.is_done and not task.proofs:
            yield f"{task.title}: done, and no test proves it"
        if not task.is_done and task.proofs and not missing:
            yield f"{task.title}: a test proves it, and it is not ticked"
        if not task.is_done and not task.proofs and not _OPEN.search(task.text):
            yield f"{task.title}: open, without `— open:` and the reason"


@cache
def collected(file: Path) -> frozenset[str]:
    """Return the names of the tests that pytest collects from the file."""
    if not file.is_file() or not file.name.startswith("test_"):
        return frozenset()
    body = ast.parse(file.read_text("utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))
