"""Reads a project's or a team's own advisories from a file: TOML, YAML or JSON of one form."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from odooops_dagster.errors import BadInput
from odooops_dagster.model.advisories import Advisory, AdvisoryKind, AdvisorySource, Severity

# A file of this size has some 50,000 advisories.
_MAX_BYTES = 16 * 1024**2
_SHOWN_FAULTS = 5
_SERIES = r"^\d{1,3}\.\d$"

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=1000)]


class OwnAdvisory(BaseModel):
    """One thing that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: AdvisoryKind = Field(description="What happens to the subject; `note` is for anything else.")
    subject: Subject = Field(description="A module, a model, a field as model.field, or a complete XML id.")
    summary: Text = Field(description="The change in one sentence.")
    severity: Severity = Field(default="warning", description="How bad it is for code that uses the subject.")
    module: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{0,256}$")] = Field(
        default="", description="The module that has the subject in the older series."
    )
    replacement: Subject | None = Field(default=None, description="What takes the subject's place.")
    guide: Text | None = Field(default=None, description="What to do, or a URL where it is written.")

    @model_validator(mode="after")
    def _has_the_form_of_its_kind(self) -> OwnAdvisory:
        dotted = "." in self.subject
        if self.kind.startswith(("field_", "xml_id_")) and not dotted:
            form = "model.field" if self.kind.startswith("field_") else "module.name"
            raise ValueError(f"the subject of a {self.kind} has the form {form}")
        if self.kind.startswith("module_") and dotted:
            raise ValueError(f"the subject of a {self.kind} is the name of a module")
        return self


class OwnFile(BaseModel):
    """A file of advisories for one pair of series."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")] = Field(
        description="The source's name; a later file of this name replaces this one."
    )
    from_series: Annotated[str, StringConstraints(pattern=_SERIES)] = Field(description="The older series, as in 18.0.")
    to_series: Annotated[str, StringConstraints(pattern=_SERIES)] = Field(description="The newer series, as in 19.0.")
    release: Text | None = Field(default=None, description="The file's own version.")
    guides: tuple[Text, ...] = Field(default=(), description="Where to read how to go on.")
    advisories: tuple[OwnAdvisory, ...] = Field(min_length=1, description="What changes.")

    @model_validator(mode="after")
    def _leads_up(self) -> OwnFile:
        if self.name == "openupgrade":
            raise ValueError("the name openupgrade belongs to OpenUpgrade's own advisories")
        older, newer = (tuple(map(int, series.split("."))) for series in (self.from_series, self.to_series))
        if older >= newer:
            raise ValueError(f"{self.from_series} to {self.to_series} is no way up")
        return self


def schema_text() -> str:
    """Return the JSON Schema (draft 2020-12) of the file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **OwnFile.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


def read_own_file(path: Path) -> AdvisorySource:
    """Return what the file says.

    Raises:
        BadInput: the file cannot be read, or breaks a rule; the message names the first faults with their places.
    """
    data = _bytes(path)
    try:
        file = OwnFile.model_validate(_parsed(data, path))
    except ValidationError as exc:
        raise BadInput(
            f"{path.name}: {'; '.join(_faults(exc))}", hint="compare it with ops upgrade advisories schema"
        ) from exc
    return AdvisorySource(
        name=file.name,
        from_version=file.from_series,
        to_version=file.to_series,
        sha256=hashlib.sha256(data).hexdigest(),
        release=file.release,
        guides=file.guides,
        items=tuple(
            Advisory(**item.model_dump(), origin=f"{path.name}, advisory {number}")
            for number, item in enumerate(file.advisories, 1)
        ),
    )


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise BadInput(f"{path}: {exc.strerror}", hint="name a file of advisories") from exc
    if len(data) > _MAX_BYTES:
        raise BadInput(f"{path.name} is larger than {_MAX_BYTES // 1024**2} MB", hint="split it")
    return data


def _parsed(data: bytes, path: Path) -> Any:  # noqa: ANN401 - whatever the file has
    try:
        text = data.decode("utf-8-sig")
        match path.suffix.lower():
            case ".toml":
                return tomllib.loads(text)
            case ".json":
                return json.loads(text)
            case ".yaml" | ".yml":
                return yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as exc:
        raise BadInput(f"{path.name} cannot be read: {' '.join(str(exc).split())}") from exc
    raise BadInput(f"{path.name} is neither TOML, YAML nor JSON", hint="name it .toml, .yaml or .json")


def _faults(exc: ValidationError) -> Iterator[str]:
    faults = exc.errors(include_url=False, include_input=False)
    for fault in faults[:_SHOWN_FAULTS]:
        place = ".".join(str(part + 1) if isinstance(part, int) else part for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        yield f"{place}: {message}" if place else message
    if len(faults) > _SHOWN_FAULTS:
        yield f"and {len(faults) - _SHOWN_FAULTS} more"
