"""Renders a version of the template with copier, into memory."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import copier

from odooops_dagster.tools.project_file.page import schema_text

TEMPLATES = Path(__file__).parent / "template"

# Paths from the repository's root, with what is in the files.
Files = Mapping[Path, bytes]


def newest_version(templates: Path = TEMPLATES) -> int:
    """Return the number of the newest version of the template."""
    return max(int(folder.name[1:]) for folder in templates.iterdir() if re.fullmatch(r"v\d+", folder.name))


def render(version: int, answers: Mapping[str, Any], *, templates: Path = TEMPLATES) -> Files:
    """Return the files of a version of the template with these answers.

    The template is our own and runs neither tasks nor code; copier asks nothing.
    """
    with tempfile.TemporaryDirectory(prefix="odooops-scaffold-") as name:
        folder = Path(name)
        copier.run_copy(
            str(templates / f"v{version}"), folder, data={**answers, "schema": schema_text()}, defaults=True, quiet=True
        )
        return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
