"""Says why no test of a module ran, from the answer of Odoo's own test loader, and whether a policy refuses that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from odooops_dagster.tools.odoo import modules
from odooops_dagster.wording import some_of

UntestedPolicy = Literal["refuse_overlooked", "refuse", "allow"]

_MARK = "odooops-tests:"
_NAMES_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Untested:
    """A module without a test run: the reason, and whether its author expects a test.

    `overlooked` is a module whose tests were written to run, but Odoo does not run them.
    """

    why: str
    overlooked: bool = False
    refused: bool = False

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:
        """Return the value for one line of the program `odoo-tests`."""
        if error := answer.get("error"):
            return cls(why=f"which of its tests would run is not known: {error}", overlooked=True)
        if answer["runs"]:
            return cls(why=f"Odoo would run {answer['runs']} of its tests, and ran none", overlooked=True)
        if plain := answer["plain"]:
            why = f"Odoo runs no plain unittest.TestCase ({_few(plain)}): derive it from odoo.tests.BaseCase"
            return cls(why=why, overlooked=True)
        if tagged := answer["tagged"]:
            return cls(why=f"tags leave its tests out: {_few([_tags(*item) for item in sorted(tagged.items())])}")
        if unimported := answer["unimported"]:
            return cls(why=f"tests/__init__.py does not import {_few(unimported)}")
        return cls(why="it has no tests")


def without_tests(names: Sequence[str], addons_paths: Sequence[Path]) -> dict[str, Untested]:
    """Return the modules that have no tests package, which needs no answer of Odoo."""
    written = set(modules.with_tests(names, addons_paths))
    return {name: Untested(why="it has no tests") for name in names if name not in written}


def read_answers(lines: Iterable[str], names: Sequence[str]) -> dict[str, Untested]:
    """Return what the output of the program `odoo-tests` says of each module."""
    said = {answer["module"]: answer for line in lines if (answer := _answer(line)) is not None}
    silence = {"error": "Odoo gave no answer"}
    return {name: Untested.from_answer(said.get(name, silence)) for name in names}


def judged(untested: Mapping[str, Untested], policy: UntestedPolicy) -> dict[str, Untested]:
    """Return the modules, with `refused` set as the project's policy says."""
    return {
        name: replace(found, refused=policy == "refuse" or (policy == "refuse_overlooked" and found.overlooked))
        for name, found in untested.items()
    }


def to_record(untested: Mapping[str, Untested]) -> dict[str, Any]:
    """Return the modules in the form stored with a run and a template."""
    return {name: asdict(found) for name, found in sorted(untested.items())}


def from_record(record: Mapping[str, Any]) -> dict[str, Untested]:
    """Return the modules of a stored form."""
    return {name: Untested(**found) for name, found in record.items()}


def _answer(line: str) -> dict[str, Any] | None:
    mark, _, text = line.partition(" ")
    return json.loads(text) if mark == _MARK else None


def _tags(name: str, tags: Sequence[str]) -> str:
    return f"{name} has {', '.join(tags) or 'none'}"


def _few(names: Sequence[str]) -> str:
    return some_of(names, _NAMES_SHOWN, between="; ")
