"""Read `odooops.yaml`: every fault at once, each with its line and the name that may have been meant."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from odooops_dagster.tools.project_file.keys import ProjectFile

NAME = "odooops.yaml"
_OTHER_NAMES = ("odooops.yml", ".odooops.yaml", ".odooops.yml")
_MAX_BYTES = 256 * 1024
# Aliases make a small file large: each use counts.
_MAX_NODES = 20_000
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
# Keys on the way to a value, as in ("odoo", "options", "workers").
Where = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong in the file: the line (1 is the first), the key, and what is wrong with it."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        return f"{NAME} line {self.line}: " + (f"{self.key}: {self.message}" if self.key else self.message)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The settings of a file, its unknown keys, and its faults; with faults, the settings are the defaults."""

    settings: ProjectFile
    unknown: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_project_file(root: Path) -> Reading:
    """Read the file at the root of a checked-out tree; without a file, everything has its default."""
    path = root / NAME
    misnamed = next((name for name in _OTHER_NAMES if (root / name).exists()), None)
    if misnamed is not None:
        return _refused(f"{misnamed} is not read: rename it to {NAME}")
    try:
        # A link may lead out of the tree, to a file of somebody else.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return Reading(settings=ProjectFile())
    except OSError as exc:
        return _refused(f"it has to be a file, no link: {exc.strerror}")
    with os.fdopen(descriptor, "rb") as file:
        if not path.is_file():
            return _refused("it has to be a file")
        return read_text(file.read(_MAX_BYTES + 1))


def read_text(data: bytes) -> Reading:
    """Read the bytes of a file."""
    if len(data) > _MAX_BYTES:
        return _refused(f"it is larger than {_MAX_BYTES // 1024} kB")
    try:
        document = _Document(yaml.compose(data.decode("utf-8-sig"), Loader=yaml.SafeLoader))
    except UnicodeDecodeError:
        return _refused("it is not UTF-8")
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        return _refused(exc.problem or "it is no YAML", line=mark.line + 1 if mark else 1)
    except (yaml.YAMLError, RecursionError):
        return _refused("it is no YAML")
    if document.faults:
        return Reading(settings=ProjectFile(), faults=tuple(document.faults))
    return _checked(document)


def _checked(document: _Document) -> Reading:
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        return _refused("it has to hold keys, such as odoo:")
    unknown = [Fault(line=document.line(where), key=_key(where), message=text) for where, text in _prune(value)]
    try:
        return Reading(settings=ProjectFile.model_validate(value), unknown=tuple(unknown))
    except ValidationError as exc:
        faults = sorted(_faults(exc, document), key=lambda fault: fault.line)
        return Reading(settings=ProjectFile(), unknown=tuple(unknown), faults=tuple(faults))


def _refused(message: str, *, line: int = 1) -> Reading:
    return Reading(settings=ProjectFile(), faults=(Fault(line=line, key="", message=message),))


def _faults(exc: ValidationError, document: _Document) -> Iterator[Fault]:
    """Yield one fault for each place: a value that fits none of several types is one fault, not several."""
    told: set[Where] = set()
    for error in exc.errors(include_url=False):
        where = document.place(error["loc"])
        if where not in told:
            told.add(where)
            yield Fault(line=document.line(where), key=_key(where), message=_plain(error))


def _plain(error: ErrorDetails) -> str:
    if error["loc"][-1] == "bool":  # the first of the types of an option's value
        return "it has to be true or false, a number, or a text of one line"
    if error["type"] == "missing":
        return f"{error['loc'][-1]} is missing"
    if "pattern" in error.get("ctx", {}):
        return "this name or value is not possible here"
    message = error["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _key(where: Where) -> str:
    return ".".join(map(str, where))


class _Document:
    """The plain value of a YAML document, the line of each of its parts, and what JSON could not hold."""

    def __init__(self, root: yaml.Node | None) -> None:
        self.faults: list[Fault] = []
        self._lines: dict[Where, int] = {}
        self._nodes = 0
        self._loader = yaml.SafeLoader("")
        self.value = None if root is None else self._read(root, ())

    def line(self, where: Where) -> int:
        """Return the line of the value, or of the closest one around it."""
        return next(self._lines[where[:end]] for end in range(len(where), -1, -1) if where[:end] in self._lines)

    def place(self, loc: Sequence[str | int]) -> Where:
        """Return the place in the document for a place of pydantic's, which also names types and `[key]`."""
        place: Where = ()
        for part in loc:
            if (*place, part) in self._lines:
                place = (*place, part)
        return place

    def _read(self, node: yaml.Node, where: Where) -> object:
        self._lines[where] = node.start_mark.line + 1
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise yaml.YAMLError
        if isinstance(node, yaml.CollectionNode) and node.tag not in _COLLECTIONS:
            self._fault(node, where, f"the tag {node.tag} is not known here")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self._read(item, (*where, number)) for number, item in enumerate(node.value)]
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._fault(node, where, f"the tag {node.tag} is not known here")
            return None

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self._fault(key_node, where, "a key has to be a name")
            elif key in found:
                self._fault(key_node, (*where, key), "the key is there twice")
            else:
                found[key] = self._read(value_node, (*where, key))
                self._lines[(*where, key)] = key_node.start_mark.line + 1
        return found

    def _fault(self, node: yaml.Node, where: Where, message: str) -> None:
        self.faults.append(Fault(line=node.start_mark.line + 1, key=_key(where), message=message))


def _prune(value: dict[str, Any]) -> list[tuple[Where, str]]:
    """Remove the keys that this version does not know and return them, each with the name that may be meant."""
    return list(_unknown(value, ProjectFile, ()))


def _unknown(value: object, model: type[BaseModel], where: Where) -> Iterator[tuple[Where, str]]:
    if not isinstance(value, dict):
        return
    for key in list(value):
        field = model.model_fields.get(key)
        if field is None:
            del value[key]
            yield (*where, key), _not_known(key, list(model.model_fields))
            continue
        for inner_where, inner, inner_model in _inner(value[key], field.annotation, (*where, key)):
            yield from _unknown(inner, inner_model, inner_where)


def _inner(value: object, annotation: object, where: Where) -> Iterator[tuple[Where, object, type[BaseModel]]]:
    """Yield the values inside that have keys of their own, with the model of each."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield where, value, annotation
    elif get_origin(annotation) is Mapping and isinstance(value, dict):
        for key, item in value.items():
            yield from _inner(item, get_args(annotation)[1], (*where, key))
    elif get_origin(annotation) is tuple and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _inner(item, get_args(annotation)[0], (*where, number))


def _not_known(key: str, known: Sequence[str]) -> str:
    meant = difflib.get_close_matches(key, known, n=1)
    return "this key is not known" + (f"; did you mean {meant[0]}?" if meant else f"; known here: {', '.join(known)}")
