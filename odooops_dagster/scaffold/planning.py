"""Plans what happens to every file of the template, without changing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from odooops_dagster.errors import BadInput
from odooops_dagster.scaffold.changes import Action, Change, decide
from odooops_dagster.scaffold.facts import Answers
from odooops_dagster.scaffold.record import RECORD, Record
from odooops_dagster.scaffold.render import TEMPLATES, newest_version, render


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The changes, in the order of their paths, and what is recorded once they are made."""

    changes: tuple[Change, ...]
    version: int
    answers: Answers
    last: Record | None

    def record(self, declined: frozenset[Path]) -> Record:
        """Return the record, without files whose owner keeps a text of their own.

        Where a merge was declined it stays that of the last time: by it, the merge is offered again.
        """
        taken = frozenset(c.path for c in self.changes if not (c.path in declined and c.action.loses))
        if self.last and any(c.path in declined and c.action is Action.MERGE for c in self.changes):
            return replace(self.last, files=taken)
        return Record(version=self.version, answers=self.answers.as_data(), files=taken)


def plan(
    folder: Path,
    answers: Answers,
    last: Record | None,
    *,
    force: frozenset[Path] = frozenset(),
    templates: Path | None = None,
) -> Plan:
    """Return what happens to the repository in the folder.

    Args:
        folder: The root of the repository.
        answers: What the template asks.
        last: What was written last.
        force: Files that come back although somebody removed them.
        templates: Folder with the versions of the template; the package's own.

    Raises:
        BadInput: a file's place is a link, a folder, or outside of the repository.
    """
    templates = templates or TEMPLATES
    version = newest_version(templates)
    if last is not None and last.version > version:
        raise BadInput(f"{RECORD} is of a newer OdooOps", hint="install the newest one: uv tool upgrade odooops")
    base = render(last.version, last.answers, templates=templates) if last else {}
    changes = []
    for path, new in render(version, answers.as_data(), templates=templates).items():
        was_ours = last is not None and path in last.files and path not in force
        here = _text_at(folder, path)
        changes.append(decide(path, here=here, base=base.get(path), new=new, was_ours=was_ours))
    return Plan(changes=tuple(changes), version=version, answers=answers, last=last)


def _text_at(folder: Path, path: Path) -> bytes | None:
    """Return what is in the file, following no link: a repository may be a stranger's."""
    for place in [*reversed((folder / path).parents), folder / path]:
        if place.is_relative_to(folder) and place != folder and place.is_symlink():
            raise BadInput(f"{place} is a link", hint="replace it by what it leads to")
    place = folder / path
    if place.is_dir():
        raise BadInput(f"{place} is a folder", hint="give it another name")
    return place.read_bytes() if place.exists() else None
