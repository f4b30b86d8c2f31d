"""What the instructions of one stage come to: the allow-list of a Dockerfile."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.project_file.dockerfile.copied import Copied, PlacedFile, copied, place_of, refusal_of
from odooops_dagster.tools.project_file.dockerfile.installs import LeftOut, installs
from odooops_dagster.tools.project_file.dockerfile.instructions import Instruction
from odooops_dagster.tools.project_file.dockerfile.tree import Tree
from odooops_dagster.tools.project_file.variables import VariableName, VariableText

__all__ = ["LeftOut", "Stage"]

_NAME = TypeAdapter[str](VariableName)
_TEXT = TypeAdapter[str](VariableText)
_PAIR = re.compile(r"(?P<name>[^=\s]+)=(?P<text>.*)", re.DOTALL)
# Why an instruction that may be known does not decide anything.
_WHY = {
    "ADD": "it may fetch and unpack: write COPY for a file of the repository",
    "ARG": "variables of a build are not replaced: write the value itself",
    "CMD": "the platform starts Odoo itself",
    "ENTRYPOINT": "the platform starts Odoo itself",
    "EXPOSE": "requests reach an environment by a socket",
    "FROM": "every image stands on the base of this platform, ODOOOPS_DOCKER_IMAGE",
    "HEALTHCHECK": "the platform asks /web/health itself",
    "LABEL": "labels lead requests, and are the platform's",
    "ONBUILD": "it would be run by images that are made of this one",
    "SHELL": "no line is given to a shell",
    "STOPSIGNAL": "the platform ends Odoo itself",
    "USER": "each environment has an account of its own",
    "VOLUME": "an environment writes into its own folder alone",
}
_UNKNOWN = "no such instruction is known"


@dataclass
class Stage:
    """A stage while it is read; another one may begin with a copy of it."""

    tree: Tree
    packages: set[str] = field(default_factory=set)
    python_packages: list[str] = field(default_factory=list)
    requirements: list[Path] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    copies: list[Copied] = field(default_factory=list)
    left_out: dict[int, str] = field(default_factory=dict)
    _folder: PurePosixPath = field(default_factory=lambda: PurePosixPath("/"))
    # Also those that stand in no image: a later line may install what they name.
    _files: list[tuple[int, PlacedFile]] = field(default_factory=list)

    def copy(self) -> Stage:
        """Return a stage that begins with what this one has; what was left out is told where it stands."""
        # Its entries are shared: they are frozen, and many stages may begin with one.
        return replace(
            self,
            packages=set(self.packages),
            python_packages=list(self.python_packages),
            requirements=list(self.requirements),
            variables=dict(self.variables),
            copies=list(self.copies),
            left_out=dict(self.left_out),
            _files=list(self._files),
        )

    def take(self, each: Instruction) -> None:
        """Take over what the instruction asks for.

        Raises:
            LeftOut: it asks for something that no repository decides here, in part or as a whole.
            BadInput: it names a file that the repository does not have, or more than a Dockerfile may.
        """
        match each.word:
            case "RUN" | "ENV" | "COPY" | "WORKDIR" if not each.rest:
                raise LeftOut("it asks for nothing")
            case "RUN":
                self._run(each)
            case "ENV":
                self._set(each)
            case "COPY":
                self._copy(each)
            case "WORKDIR" if "$" not in each.rest:
                self._folder = place_of(each.rest.strip(), folder=self._folder)
            case _:
                raise LeftOut(_WHY.get(each.word, _UNKNOWN))

    def _run(self, each: Instruction) -> None:
        found = installs(each.rest)
        self.tree.limits.count("names of packages", len(found.packages) + len(found.python_packages))
        self.tree.limits.count("requirements files", len(found.requirements))
        files = [self._file_at(name) for name in found.requirements]
        self.packages.update(found.packages)
        self.python_packages += [name for name in found.python_packages if name not in self.python_packages]
        for number, path in files:
            self.left_out.pop(number, None)
            if path not in self.requirements:
                self.requirements.append(path)

    def _file_at(self, name: str) -> tuple[int, Path]:
        """Return the repository's file that an image would have under this name, and the line that copies it."""
        asked = self._folder / name
        for number, placed in reversed(self._files):
            if asked.is_relative_to(placed.target) and ".." not in asked.parts:
                path = placed.source / asked.relative_to(placed.target)
                if os.path.isfile(path) and self.tree.has(path):  # noqa: PTH113 - as in tree.py
                    return number, path
        raise LeftOut(f"no COPY before it brings {name}")

    def _set(self, each: Instruction) -> None:
        """Set variables; those of a line count together or not at all."""
        found: dict[str, str] = {}
        for name, text in _pairs(each.rest):
            try:
                found[_NAME.validate_python(name)] = _TEXT.validate_python(text)
            except ValidationError as exc:
                raise LeftOut(f"variable {name[:80]}: {exc.errors()[0]['msg']}") from exc
        self.variables.update(found)

    def _copy(self, each: Instruction) -> None:
        placed = copied(each.rest, tree=self.tree, folder=self._folder)
        self._files += [(each.number, file) for file in placed]
        if why := refusal_of(placed, tree=self.tree):
            raise LeftOut(why)
        self.copies.append(Copied(line=each.number, files=placed))


def _pairs(rest: str) -> list[tuple[str, str]]:
    """Return the names and values of an ENV; of its older form too, which sets a single one."""
    if "$" in rest:
        raise LeftOut("variables are not replaced: write the value itself")
    try:
        words = shlex.split(rest)
    except ValueError as exc:
        raise LeftOut("a quotation has no end") from exc
    if words and "=" not in words[0]:
        name, _, text = rest.strip().partition(" ")
        return [(name, text.strip())]
    pairs = [_PAIR.fullmatch(word) for word in words]
    if not all(pairs):
        raise BadInput("ENV has a word without =", hint="write ENV NAME=value, with quotes around blanks")
    return [(pair["name"], pair["text"]) for pair in pairs if pair]
