"""Rewrites requirements files for pip, so that every path in them means the folder of the file that names it.

pip takes most relative paths from the folder in which it was started; source: `req_file.py` and `constructors.py` in
pip/_internal/req. A folder is copied first, because a build writes into it, and no package stays editable: the
environment outlives the checkout.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from odooops_dagster.tools.odoo.requirements import ARCHIVE, COMMENT, expanded, text_of

_NAMES = {"-r": "--requirement", "-c": "--constraint", "-f": "--find-links", "-e": "--editable"}
_URL = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
FILE_URL = re.compile(
    r"^(?P<name>[\w.-]+\s*(\[[^\]]*\]\s*)?@\s*)?file:(?P<path>[^/;#\s][^;#\s]*)(?P<rest>.*)$", re.IGNORECASE
)
_PATH = re.compile(r"^(?P<path>[^;\[]*[^;\[\s])(?P<rest>\s*(\[[^\]]*\])?\s*(;.*)?)$")
_BUILD_FILES = ("pyproject.toml", "setup.py")


def with_absolute_paths(requirements: Sequence[Path], *, root: Path | None, into: Path) -> list[Path]:
    """Write the files, those that they include, and copies of the folders that they name; return the first ones.

    What is outside `root` stays as it was written: pip finds only what its sandbox shows.
    """
    writer = _Writer(root=root.resolve() if root is not None else Path("/"), into=into)
    return [writer.file(path.resolve()) for path in requirements]


@dataclass(frozen=True, kw_only=True)
class _Writer:
    """Writes each file and copies each folder once."""

    root: Path
    into: Path
    made: dict[Path, Path] = field(default_factory=dict)

    def file(self, source: Path) -> Path:
        """Return the rewritten file; its name and its line numbers stay, because pip's messages have them."""
        if source not in self.made:
            self.made[source] = target = self.into / str(len(self.made)) / source.name
            target.parent.mkdir(parents=True)
            written = [self._line(line, source.parent) + "\n" * count for line, count in lines(text_of(source))]
            # With a byte order mark pip does not look for a coding in the first lines.
            target.write_text("".join(written), encoding="utf-8-sig")
        return self.made[source]

    def _line(self, line: str, folder: Path) -> str:
        words, options = divided(line)
        if words:
            return " ".join(filter(None, (self._requirement(words, folder), options)))
        try:
            return self._options(shlex.split(options), folder) or line
        except ValueError:
            return line  # pip says what is wrong with it

    def _options(self, parts: list[str], folder: Path) -> str:
        """Return the options with their paths rewritten; empty if they name none."""
        written: list[str] = []
        for name, value in _values(parts):
            if name == "--editable":
                return self._requirement(value, folder, is_editable=True)
            written += [name, self._named(name, expanded(value), folder)] if name else [value]
        return "" if written == parts else shlex.join(written)

    def _named(self, option: str, value: str, folder: Path) -> str:
        """Return the path of an included file or of a folder with packages; a URL stays as it is."""
        if _URL.match(value):
            return value
        path = (folder / value).resolve()
        if not path.is_relative_to(self.root):
            return value
        if option == "--find-links":
            return str(path) if path.exists() else value
        return str(self.file(path) if path.is_file() else path)

    def _requirement(self, words: str, folder: Path, *, is_editable: bool = False) -> str:
        """Return the requirement with the path of a package in the repository rewritten, if it names one."""
        text = expanded(words)
        if found := FILE_URL.match(text):
            path = self._package(folder / unquote(found["path"]))
            return f"{found['name'] or ''}file://{quote(str(path))}{found['rest']}" if path else words
        if _URL.match(text) or (found := _PATH.match(text)) is None:
            return words
        looks_like_path = is_editable or "/" in found["path"] or found["path"].startswith(".")
        path = folder / found["path"]
        if (path.is_dir() and looks_like_path) or (path.is_file() and ARCHIVE.search(path.name)):
            package = self._package(path)
            return f"{package}{found['rest']}" if package else words
        return words

    def _package(self, path: Path) -> Path | None:
        """Return the archive, or a copy of the package's folder; None if neither is there."""
        source = path.resolve()
        if not source.is_relative_to(self.root):
            return None
        if not source.is_dir():
            return source if source.exists() else None
        if source not in self.made and any((source / name).is_file() for name in _BUILD_FILES):
            self.made[source] = self.into / str(len(self.made)) / (source.name or "root")
            shutil.copytree(source, self.made[source], symlinks=True, ignore=shutil.ignore_patterns(".git"))
        return self.made.get(source, source)


def lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield the lines as pip joins them, without comments, each with the number of lines that it has in the file."""
    joined: list[str] = []
    for line in text.splitlines():
        is_comment = line.lstrip().startswith("#")
        joined.append(f" {line}" if is_comment else line.strip("\\") if line.endswith("\\") else line)
        if is_comment or not line.endswith("\\"):
            yield COMMENT.sub("", "".join(joined)).strip(), len(joined)
            joined = []
    if joined:
        yield COMMENT.sub("", "".join(joined)).strip(), len(joined)


def divided(line: str) -> tuple[str, str]:
    """Return the requirement and the options of a line; source: `break_args_options` in pip's req_file.py."""
    words = line.split(" ")
    count = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:count]).strip(), " ".join(words[count:])


def _values(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the long name and the value of each option with a path, and each other part without a name."""
    waiting = iter(parts)
    for part in waiting:
        long, equals, value = part.partition("=")
        if part in {*_NAMES, *_NAMES.values()}:
            yield _NAMES.get(part, part), next(waiting, "")
        elif equals and long in _NAMES.values():
            yield long, value
        elif part[:2] in _NAMES:
            yield _NAMES[part[:2]], part[2:]
        else:
            yield "", part
