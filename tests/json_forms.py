"""What a command prints with --json has the form that is published for it, and no field more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from odooops_dagster.doors.cli.json_forms import FORMS, json_schema


def as_published(arguments: Sequence[str], text: str) -> Any:  # noqa: ANN401 - whatever the command prints
    """Return what the command printed as JSON; fail where its form is another one."""
    printed = json.loads(text)
    command = _command(arguments)
    faults = [f"{error.json_path}: {error.message}" for error in _leaves(_validator(command).iter_errors(printed))]
    assert not faults, f"{command}: {'; '.join(faults)}"
    return printed


def _command(arguments: Sequence[str]) -> str:
    """Return the command that the arguments begin with: the first words that have a form, the most first."""
    return next(words for words in _beginnings(arguments) if words in FORMS)


def _beginnings(arguments: Sequence[str]) -> Iterator[str]:
    for count in (3, 2, 1):
        yield " ".join(map(str, arguments[:count]))


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Yield the errors; of an answer that fits none of several forms, those of each form."""
    for error in errors:
        if error.context:
            yield from _leaves(error.context)
        else:
            yield error


@cache
def _validator(command: str) -> Draft202012Validator:
    return Draft202012Validator(_closed(json_schema(command)))


def _closed(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return the schema with no field but those it names: a field that is printed and not published is a fault."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    return {"additionalProperties": False, **closed} if isinstance(schema.get("properties"), dict) else closed
