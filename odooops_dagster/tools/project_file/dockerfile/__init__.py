"""The repository's `Dockerfile`, read and never run: the part of its last stage that means something here.

Whoever can push writes it. What counts is an allow-list, all of it in this package, and each entry has the effect of
something that a commit may ask for anyway: packages by their names as in apt.txt and requirements.txt, variables as in
odooops.yaml, files of the repository. All else is left out, with its line and the reason.
Source: docs.docker.com, "Dockerfile reference".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.project_file.apt_txt import read_lines
from odooops_dagster.tools.project_file.dockerfile.copied import Copied
from odooops_dagster.tools.project_file.dockerfile.instructions import Instruction, instructions, other_escape
from odooops_dagster.tools.project_file.dockerfile.limits import Limits
from odooops_dagster.tools.project_file.dockerfile.stage import LeftOut, Stage
from odooops_dagster.tools.project_file.dockerfile.tree import Tree, walked

__all__ = ["DOCKERFILE", "Copied", "Dockerfile", "read_dockerfile", "walked"]

DOCKERFILE = "Dockerfile"


@dataclass(frozen=True, kw_only=True)
class Dockerfile:
    """What a Dockerfile asks for.

    Args:
        packages: names of Debian packages, sorted.
        python_packages: Python packages as pip takes them on its command line, in order.
        requirements: requirements files of the repository.
        variables: variables of Odoo.
        copies: files of the repository, and where they stand in an image.
        left_out: the lines that ask for something else, each with the reason.
    """

    packages: tuple[str, ...] = ()
    python_packages: tuple[str, ...] = ()
    requirements: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[Copied, ...] = ()
    left_out: tuple[str, ...] = ()


def read_dockerfile(root: Path) -> Dockerfile:
    """Return what the last stage of the repository's Dockerfile asks for; nothing where there is none.

    Raises:
        BadInput: the file is no plain one, is too large, asks for more than it may, or names a file that the
            repository does not have.
    """
    tree = Tree(root, Limits())
    stages: dict[str, Stage] = {}
    stage = Stage(tree=tree)
    lines = read_lines(root, DOCKERFILE, hint="make it a plain file, or remove it")
    if number := other_escape(lines):
        raise BadInput(
            f"{DOCKERFILE}:{number}: lines are read here that go on after a backslash, and after nothing else",
            hint="remove the line, and write a backslash where a line goes on",
        )
    for each in instructions(lines):
        try:
            tree.limits.count("instructions")
            if each.word == "FROM":
                tree.limits.count("stages")
                # What another stage does is in the image only where the last one begins with that stage.
                base, name = _names(each)
                stage = stages[base].copy() if base in stages else Stage(tree=tree)
                stages[name] = stage
            stage.take(each)
        except LeftOut as exc:
            stage.left_out[each.number] = f"{DOCKERFILE}:{each.number}: {each}: not done here: {exc}"
        except BadInput as exc:
            raise BadInput(f"{DOCKERFILE}:{each.number}: {exc}", hint=exc.hint) from exc
    return Dockerfile(
        packages=tuple(sorted(stage.packages)),
        python_packages=tuple(stage.python_packages),
        requirements=tuple(stage.requirements),
        variables=stage.variables,
        copies=tuple(stage.copies),
        left_out=tuple(stage.left_out[number] for number in sorted(stage.left_out)),
    )


def _names(each: Instruction) -> tuple[str, str]:
    """Return what a stage begins with, and its own name; Docker compares them in small letters."""
    words = [word for word in each.rest.lower().split() if not word.startswith("--")]
    return words[0] if words else "", words[2] if len(words) > 2 and words[1] == "as" else ""
