"""The record of the last update: the template's version and its answers, in a file of the repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from odooops_dagster.errors import BadInput

RECORD = Path(".odooops/scaffold.yml")
_HEAD = "# What `ops repo` wrote last, so that `ops repo update` knows what was changed by hand. Commit this file.\n"


@dataclass(frozen=True, kw_only=True)
class Record:
    """The version of the template, its answers, and the files that were taken."""

    version: int
    answers: Mapping[str, Any]
    files: frozenset[Path]

    def text(self) -> bytes:
        """Return the file's text."""
        # As formatters of YAML write it, so that none changes it: texts as JSON, lists indented.
        answers = [f"  {name}: {json.dumps(value)}" for name, value in self.answers.items()]
        files = [f"  - {path}" for path in sorted(map(str, self.files))]
        lines = [f"version: {self.version}", "answers:", *answers, "files:", *files]
        return (_HEAD + "\n".join(lines) + "\n").encode()


def read_record(folder: Path) -> Record | None:
    """Return what was written into the repository last, or nothing.

    Raises:
        BadInput: the file was changed into something else.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        read = yaml.safe_load(path.read_text("utf-8"))
        return Record(
            version=int(read["version"]), answers=dict(read["answers"]), files=frozenset(map(Path, read["files"]))
        )
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as exc:
        raise BadInput(f"{path} is not as it was written", hint=f"git checkout -- {RECORD}") from exc
