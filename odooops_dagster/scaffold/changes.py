"""Decides about one file: what is there, what was written last, and what would be written now."""

from __future__ import annotations

import difflib
import subprocess
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from odooops_dagster.child_environment import GIT, clean_environment
from odooops_dagster.errors import StepFailed


class Action(Enum):
    """The kind of a change to a file; its value is the word that people read."""

    SAME = "same"  # nothing: it is as it would be written
    LEFT_OUT = "left out"  # nothing: it was written once and somebody removed it
    CREATE = "create"
    UPDATE = "update"  # it is as we wrote it
    EXTEND = "extend"  # lines are added to a list of lines
    MERGE = "merge"  # both changed it, in different places
    REPLACE = "replace"  # it is not ours, or both changed the same lines: what is there would be lost

    @property
    def asks(self) -> bool:
        """Return whether somebody else's text is touched."""
        return self in (Action.EXTEND, Action.MERGE, Action.REPLACE)

    @property
    def loses(self) -> bool:
        """Return whether somebody else's text is lost."""
        return self is Action.REPLACE


@dataclass(frozen=True, kw_only=True)
class Change:
    """The planned change of one file."""

    path: Path
    action: Action
    before: bytes | None
    after: bytes

    def diff(self) -> str:
        """Return the change as a unified diff."""
        old = (self.before or b"").decode(errors="replace").splitlines(keepends=True)
        new = self.after.decode(errors="replace").splitlines(keepends=True)
        name_before = "/dev/null" if self.before is None else f"a/{self.path}"
        lines = difflib.unified_diff(old, new, name_before, f"b/{self.path}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def decide(path: Path, *, here: bytes | None, base: bytes | None, new: bytes, was_ours: bool) -> Change:
    """Return what happens to the file.

    Args:
        path: The file, from the root of the repository.
        here: What is there now.
        base: What was written last, if anything was.
        new: What would be written.
        was_ours: Whether the file was taken when it was written last.
    """
    if here is None:
        action = Action.LEFT_OUT if was_ours else Action.CREATE
        return Change(path=path, action=action, before=None, after=new)
    if here == new:
        return Change(path=path, action=Action.SAME, before=here, after=new)
    if (was_ours and here == base) or path.parts[0] == ".odooops":
        return Change(path=path, action=Action.UPDATE, before=here, after=new)
    if path.name == ".gitignore":
        return _extended(path, here, new)
    if was_ours and base is not None:
        return _merged(path, here=here, base=base, new=new)
    return Change(path=path, action=Action.REPLACE, before=here, after=new)


def _extended(path: Path, here: bytes, new: bytes) -> Change:
    known = set(here.split(b"\n"))
    lacking = [line for line in new.splitlines() if line not in known]
    if not lacking:
        return Change(path=path, action=Action.SAME, before=here, after=here)
    start = here if here.endswith(b"\n") or not here else here + b"\n"
    return Change(path=path, action=Action.EXTEND, before=here, after=start + b"".join(x + b"\n" for x in lacking))


def _merged(path: Path, *, here: bytes, base: bytes, new: bytes) -> Change:
    if base == new:
        return Change(path=path, action=Action.SAME, before=here, after=here)
    merged = merge(here, base, new)
    if merged is None:
        return Change(path=path, action=Action.REPLACE, before=here, after=new)
    action = Action.SAME if merged == here else Action.MERGE
    return Change(path=path, action=action, before=here, after=merged)


def merge(here: bytes, base: bytes, new: bytes) -> bytes | None:
    """Return both changes of `base` in one text, as git merges them; nothing if they touch the same lines.

    Raises:
        StepFailed: git cannot read the texts.
    """
    with tempfile.TemporaryDirectory(prefix="odooops-merge-") as name:
        for file, text in (("here", here), ("base", base), ("new", new)):
            (Path(name) / file).write_bytes(text)
        argv = ["git", "merge-file", "--stdout", "here", "base", "new"]
        done = subprocess.run(argv, cwd=name, env=clean_environment(GIT), capture_output=True, check=False)
    # The status is the number of conflicts, and 128 and more an error. Source: git-merge-file(1).
    if not 0 <= done.returncode < 128:
        raise StepFailed(f"git merge-file: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout if done.returncode == 0 else None
