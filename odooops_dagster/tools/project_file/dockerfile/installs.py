"""A RUN of a Dockerfile that installs packages by their names, and does nothing else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from odooops_dagster.tools.project_file.apt_txt import is_package

# One after another. Whether the next one counts after `||` nobody knows without running the first.
_BETWEEN = frozenset({"&&", ";"})
# Around an installation, and nothing that an image of ours needs: its packages are unpacked outside.
_TIDYING = re.compile(r"(apt|apt-get) (-\S+ )*(update|clean|autoclean|autoremove)( -\S+)*|rm -rf? /var/lib/apt/\S+")
# Those that change nothing of which packages are meant; the value of another one, such as -t, would be a name.
_APT_OPTIONS = frozenset(
    [
        "-y",
        "-q",
        "-qq",
        "-yq",
        "-qy",
        "-yqq",
        "-qqy",
        "-f",
        "--yes",
        "--assume-yes",
        "--quiet",
        "--no-install-recommends",
        "--no-install-suggests",
        "--fix-missing",
        "--allow-downgrades",
    ]
)
_PIP_OPTIONS = frozenset(
    [
        "-q",
        "--quiet",
        "-U",
        "--upgrade",
        "--user",
        "--no-cache-dir",
        "--break-system-packages",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--root-user-action=ignore",
    ]
)
_APT = re.compile(r"(apt|apt-get) (-\S+ )*install ")
_PIP = re.compile(r"(pip3?|python3? -m pip) install ")
_FILES = frozenset({"-r", "--requirement"})
_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_BOUND = r"(===|==|~=|!=|<=|>=|<|>)[A-Za-z0-9.*+!_-]+"
# Source: packaging.python.org, "Dependency specifiers", without addresses and markers.
_REQUIREMENT = re.compile(rf"{_NAME}(\[{_NAME}(,{_NAME})*\])?({_BOUND}(,{_BOUND})*)?")
# pip takes such a name for a file, whatever is in brackets behind it.
_BEHIND_NAME = re.compile(r"[\[=~!<>]")
_ARCHIVE = re.compile(r"\.(whl|zip|tar|t?gz|tbz2?|txz|tlz|bz2|xz|lz|lzma)$", re.IGNORECASE)


class LeftOut(Exception):
    """Something of a Dockerfile does not count here; the text says why."""


@dataclass(kw_only=True)
class Installs:
    """What a line installs: Debian packages, Python packages, and requirements files by their names in the image."""

    packages: set[str] = field(default_factory=set)
    python_packages: list[str] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)


def installs(line: str) -> Installs:
    """Return what a line of a shell installs.

    Raises:
        LeftOut: it does anything else, or says more than names.
    """
    found = Installs()
    for words in _commands(line):
        command = " ".join(words)
        if apt := _APT.match(command):
            _apt(command[apt.end() :].split(), found)
        elif pip := _PIP.match(command):
            _pip(command[pip.end() :].split(), found)
        elif not _TIDYING.fullmatch(command):
            raise LeftOut(f"{command[:80]!r} does more than install packages by their names")
    return found


def _apt(words: list[str], found: Installs) -> None:
    names = [word for word in words if word not in _APT_OPTIONS]
    strange = [name for name in names if not is_package(name)]
    if strange or not names:
        raise LeftOut(f"{(strange or words or ['it'])[0][:80]!r} is no name of a Debian package")
    found.packages.update(names)


def _pip(words: list[str], found: Installs) -> None:
    waiting = iter(words)
    for word in waiting:
        if word in _FILES:
            found.requirements.append(next(waiting, ""))
        elif _REQUIREMENT.fullmatch(word) and not _ARCHIVE.search(_BEHIND_NAME.split(word)[0]):
            found.python_packages.append(word)
        elif word not in _PIP_OPTIONS:
            raise LeftOut(f"{word[:80]!r} is no name of a Python package: name others in requirements.txt")


def _commands(line: str) -> Iterator[list[str]]:
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    words.commenters = ""
    command: list[str] = []
    try:
        for word in words:
            if word in _BETWEEN:
                yield command
                command = []
            elif any(sign.isspace() for sign in word):
                raise LeftOut(f"{word[:80]!r} is no name of a package")
            else:
                command.append(word)
    except ValueError as exc:
        raise LeftOut("a quotation has no end") from exc
    yield command
