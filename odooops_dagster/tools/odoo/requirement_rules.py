"""The rules for requirements files of a commit: options of pip by name, and no path outside of the commit.

Who pushes the files is a stranger to the platform: a file that pip reads, or a variable that it expands, stands in its
messages and in what it asks the package index for.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from odooops_dagster.child_environment import EVERY_PROGRAM
from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo.python import pip_environment
from odooops_dagster.tools.odoo.requirement_paths import FILE_URL, divided, lines
from odooops_dagster.tools.odoo.requirements import VARIABLE, expanded, text_of

# Options of a requirements file, and whether each has a value. Source: "Requirements File Format" in pip's
# documentation, without --trusted-host and --use-feature. Abbreviations, which optparse takes, are none of them.
_WITH_VALUE = frozenset(
    {
        *("--requirement", "--constraint", "--editable", "--find-links", "--index-url", "--extra-index-url"),
        *("--no-binary", "--only-binary", "--hash", "--config-settings", "--config-setting", "--global-option"),
        "--pypi-url",
    }
)
_ALONE = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})
_SHORT = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-f": "--find-links",
    "-i": "--index-url",
    "-C": "--config-settings",
}
_FILES = frozenset({"--requirement", "--constraint"})
_INDEXES = frozenset({"--index-url", "--extra-index-url", "--pypi-url"})
_SCHEME = re.compile(r"^(?:[\w.-]+\s*(?:\[[^\]]*\]\s*)?@\s*)?(?P<scheme>[a-z][a-z0-9+.-]*):", re.IGNORECASE)
_REMOTE = frozenset({"https", "http", "git+https", "git+http", "git+ssh", "hg+https", "svn+https", "bzr+https"})
_PATH = re.compile(r"^(?P<path>[^;\[]*[^;\[\s])")


def refuse_strange_requirements(requirements: Sequence[Path], *, root: Path) -> None:
    """Refuse requirements files, and files that they include, that say what strangers may not.

    Raises:
        StepFailed: the message names the file and its line.
    """
    reader = _Reader(root=root.resolve())
    for file in requirements:
        reader.file(file)


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Reads each file once."""

    root: Path
    seen: set[Path] = field(default_factory=set)

    def file(self, file: Path) -> None:
        """Check the file and those that it includes."""
        path = file.resolve()
        if not path.is_relative_to(self.root):
            raise _refused(file.name, "is a link to a file outside of the repository")
        if path in self.seen or not path.is_file():
            return  # pip says that there is none
        self.seen.add(path)
        number = 1
        for line, count in lines(text_of(path)):
            self._line(line, path.parent, where=f"{path.relative_to(self.root)} line {number}")
            number += count

    def _line(self, line: str, folder: Path, *, where: str) -> None:
        given = pip_environment()
        if secret := [name for name in VARIABLE.findall(line) if name in given and name not in EVERY_PROGRAM]:
            raise _refused(where, f"${{{secret[0]}}} is a setting of the platform")
        words, options = divided(expanded(line))
        if words:
            self._place(words, folder, where)
        try:
            parts = shlex.split(options)
        except ValueError:
            return  # pip says what is wrong with it
        for name, value in _options(parts, where):
            self._option(name, value, folder, where)

    def _option(self, name: str, value: str, folder: Path, where: str) -> None:
        if name in _FILES:
            if _SCHEME.match(value):
                raise _refused(where, f"{name} names an address: what is there may change; commit the file")
            self._inside(folder / value, value, where)
            self.file(folder / value)
        elif name in _INDEXES:
            if value.partition(":")[0].lower() not in {"https", "http"}:
                raise _refused(where, f"{name} is no https address")
        elif name in {"--find-links", "--editable"}:
            self._place(value, folder, where, is_path=True)

    def _place(self, words: str, folder: Path, where: str, *, is_path: bool = False) -> None:
        """Refuse a requirement that names a path outside of the commit, or an address of another kind."""
        if local := FILE_URL.match(words):
            self._inside(folder / unquote(local["path"]), words, where)
        elif found := _SCHEME.match(words):
            if found["scheme"].lower() not in _REMOTE:
                raise _refused(where, f"{found['scheme']}: is no way to a package")
        elif (path := _PATH.match(words)) and (is_path or "/" in path["path"] or path["path"].startswith(".")):
            self._inside(folder / path["path"], path["path"], where)

    def _inside(self, path: Path, shown: str, where: str) -> None:
        try:
            is_inside = path.resolve().is_relative_to(self.root)
        except (OSError, ValueError):  # no file's name: too long, or with a null byte
            return
        if not is_inside:
            raise _refused(where, f"{shown} is outside of the repository")


def _options(parts: Sequence[str], where: str) -> Iterator[tuple[str, str]]:
    """Yield the long name and the value of each option; refuse one that is not listed."""
    waiting = iter(parts)
    for part in waiting:
        name, equals, value = part.partition("=")
        if name in _ALONE and not equals:
            yield name, ""
        elif name in _WITH_VALUE:
            yield name, value if equals else next(waiting, "")
        elif part[:2] in _SHORT:
            yield _SHORT[part[:2]], part[2:] or next(waiting, "")
        elif part.startswith("-"):
            raise _refused(where, f"{name} is no option that a repository may give to pip")


def _refused(where: str, why: str) -> StepFailed:
    return StepFailed(f"{where}: {why[:200]}", hint="correct the requirements and push again")
