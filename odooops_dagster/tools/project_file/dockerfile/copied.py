"""A COPY of a Dockerfile that brings files of the repository into folders which no program of the platform reads."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.project_file.dockerfile.installs import LeftOut
from odooops_dagster.tools.project_file.dockerfile.tree import Tree

# The launcher of a container is root, and its Python is the image's: no program looks for others or for libraries
# here, as some do in /opt, in /usr/local/lib, and in /usr/local/share (Perl, Lua, Guile, the shell's completion).
_FOLDERS = tuple(map(PurePosixPath, ("/usr/local/share/fonts", "/usr/share/fonts")))
# Who owns a file changes nothing: all can read it, and nobody can write it.
_PLAIN_OPTIONS = ("--chown=", "--link")
_MOST = 200
_LONGEST_PLACE = 1000


@dataclass(frozen=True, kw_only=True)
class PlacedFile:
    """A file of the repository, or a folder, and its place in an image; what is in a folder stands in that place."""

    source: Path
    target: PurePosixPath


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What the COPY of a line brings."""

    line: int
    files: tuple[PlacedFile, ...]


def copied(rest: str, *, tree: Tree, folder: PurePosixPath) -> tuple[PlacedFile, ...]:
    """Return what a COPY brings from the repository, wherever it would stand.

    Args:
        rest: the line after its word.
        tree: the repository.
        folder: where a place that does not begin with a slash begins.

    Raises:
        LeftOut: it copies from elsewhere, or says more than files and a place.
        BadInput: the repository has no such file, or too many are copied.
    """
    *names, place = _words(rest)
    target = place_of(place, folder=folder)
    sources = list(islice((found for name in names for found in _named(name, tree)), _MOST + 1))
    if len(sources) > _MOST:
        raise LeftOut(f"it names more than {_MOST} files: copy their folder")
    tree.limits.count("copied files", len(sources))
    is_folder = place.endswith(("/", "/.")) or place == "." or len(sources) > 1 or target in _FOLDERS
    return tuple(
        PlacedFile(source=source, target=target / source.name if is_folder and source.is_file() else target)
        for source in sources
    )


def place_of(text: str, *, folder: PurePosixPath) -> PurePosixPath:
    """Return a place in an image.

    Raises:
        LeftOut: no archive would name it so: a NUL ends a name.
    """
    place = folder / text
    if not text.isprintable() or len(str(place)) > _LONGEST_PLACE:
        raise LeftOut(f"a place has printable characters alone, {_LONGEST_PLACE} at most")
    return place


def refusal_of(placed: tuple[PlacedFile, ...], *, tree: Tree) -> str | None:
    """Return why these stand in no image; None if they may."""
    for file in placed:
        if not str(file.target).isprintable():
            return f"{file.target.name!r} has a character that cannot be printed"
        if ".." in file.target.parts or not any(file.target.is_relative_to(each) for each in _FOLDERS):
            return f"{file.target} is not below {' or '.join(map(str, _FOLDERS))}, and modules need no COPY"
        if link := tree.link_in(file.source):
            # In the image it would lead elsewhere than in the repository, and another COPY could write through it.
            return f"{link} is a link"
    return None


def _words(rest: str) -> list[str]:
    if "$" in rest or "<<" in rest or rest.lstrip().startswith("["):
        raise LeftOut("write files of the repository and a place, without variables, texts and brackets")
    try:
        words = shlex.split(rest)
    except ValueError as exc:
        raise LeftOut("a quotation has no end") from exc
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if not option.startswith(_PLAIN_OPTIONS):
            raise LeftOut(f"option {option[:80]} does not count")
    if len(words) < 2:
        raise BadInput("COPY names no place", hint="write COPY file /place")
    return words


def _named(name: str, tree: Tree) -> Iterator[Path]:
    """Yield the files and folders of the repository of that name, or of that pattern."""
    if ".." in PurePosixPath(name).parts or "**" in name:
        raise LeftOut(f"{name[:80]} is no path of the repository")
    found = tree.named(name)
    first = next(found, None)
    if first is None:
        raise BadInput(f"COPY names {name[:80]}, which the repository does not have", hint="correct it and push again")
    yield first
    yield from found
