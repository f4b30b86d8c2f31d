"""Writes what is said twice from where it is said first: `python -m docs.generate`.

`.env.example` and `docs/reference/settings.md` come from the comments in settings.py, `docs/reference/cli.md` from the
help of the commands, as do the manual pages of `docs/man`, `docs/reference/cli.schema.json` from the types that they
print, `docs/reference/odooops-yaml.md` and `odooops.schema.json` from the keys of that file,
`docs/reference/upgrade-report.schema.json` from the form of the report, `docs/reference/openapi.json` from the routes,
`docs/reference/sqlstates.md` from the functions of the schema, the tables of `SECURITY.md` from the attacks that the
tests carry out (`tests/hostile/attacks.toml`). What documents the schema itself
(`docs/reference/schema/`, `docs/reference/ERD.md`, `docs/reference/schema.dbml`, `prisma/schema.prisma`, two tables of
`docs/odooops-sh/SECURITY.md`) comes from the catalog of a database migrated for it, on a server that lives as long.

A test fails where a page differs from what this writes.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from docs.attacks import security_page
from docs.schema.pages import documents, stale
from docs.schema.sources import read_notes
from docs.schema.sqlstates import sqlstates_page
from odooops_dagster.doors.cli.json_forms import json_schemas
from odooops_dagster.doors.cli.manual import manual_pages
from odooops_dagster.doors.cli.reference import commands_page
from odooops_dagster.doors.http.document import openapi_document
from odooops_dagster.settings import Settings
from odooops_dagster.tools.project_file.page import page, schema_text
from odooops_dagster.tools.upgrade_report.form import report_schema

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "odooops_dagster" / "settings.py"
PREFIX = "ODOOOPS_"

# The state folder depends on who asks; every other default is the same everywhere.
_SHOWN = {"home": "/var/lib/odooops"}
_HOME = "`/var/lib/odooops` for root, `~/.local/share/odooops` for others"

_EXAMPLE_HEAD = """\
# Settings of OdooOps. Every one is an environment variable; a line that is commented out shows the default.
# The platform reads its environment, not this file. To use it: cp .env.example .env, change it, then
#   set -a; . ./.env; set +a
# Written by `python -m docs.generate` from odooops_dagster/settings.py.
"""

_SETTINGS_HEAD = """\
# Settings

Every setting is an environment variable, read once when a program starts; an empty one counts as not set. It may be a
[file](../howto/run-with-compose.md#secrets) instead. [`.env.example`](../../.env.example) holds them all.

Written by `python -m docs.generate` from `odooops_dagster/settings.py`.
"""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One environment variable, what it means, and its default as text."""

    variable: str
    meaning: str
    default: str


def main() -> None:
    """Write every generated page."""
    written = pages() | documents()
    for path in stale(written):
        path.unlink()
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def pages() -> dict[Path, str]:
    """Return the text of every generated page that needs no database."""
    return {
        ROOT / ".env.example": env_example(),
        ROOT / "docs" / "reference" / "settings.md": settings_page(),
        ROOT / "docs" / "reference" / "cli.md": commands_page(),
        ROOT / "docs" / "reference" / "cli.schema.json": f"{json.dumps(json_schemas(), indent=2)}\n",
        **{ROOT / "docs" / "man" / name: text for name, text in manual_pages().items()},
        ROOT / "docs" / "reference" / "sqlstates.md": sqlstates_page(read_notes()),
        ROOT / "docs" / "reference" / "odooops-yaml.md": page(),
        ROOT / "docs" / "reference" / "odooops.schema.json": schema_text(),
        ROOT / "docs" / "reference" / "upgrade-report.schema.json": report_schema(),
        ROOT / "docs" / "reference" / "openapi.json": openapi_document(),
        ROOT / "SECURITY.md": security_page(),
    }


def settings() -> list[Setting]:
    """Return every setting in the order of the file; the comment above each is its meaning."""
    source = SETTINGS.read_text()
    lines = source.splitlines()
    body = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    fields = [node for node in body.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    return [_setting(node.target.id, node.lineno, lines) for node in fields if isinstance(node.target, ast.Name)]


def env_example() -> str:
    """Return the example of an environment file."""
    entries = [f"# {item.meaning}\n#{item.variable}={item.default}\n" for item in settings()]
    return "\n".join([_EXAMPLE_HEAD, *entries])


def settings_page() -> str:
    """Return the reference of the settings."""
    rows = [f"| `{item.variable}` | {item.meaning} | {_default(item)} |" for item in settings()]
    return "\n".join([_SETTINGS_HEAD, "| variable | meaning | default |", "|---|---|---|", *rows]) + "\n"


def _setting(name: str, line: int, lines: list[str]) -> Setting:
    comment: list[str] = []
    while lines[line - 2 - len(comment)].strip().startswith("#"):
        comment.insert(0, lines[line - 2 - len(comment)].strip().removeprefix("#").strip())
    default = Settings.model_fields[name].default
    shown = _SHOWN.get(name, "" if default is None else str(default))
    return Setting(variable=f"{PREFIX}{name.upper()}", meaning=" ".join(comment), default=shown)


def _default(item: Setting) -> str:
    if item.variable == f"{PREFIX}HOME":
        return _HOME
    return f"`{item.default}`" if item.default else "empty"


if __name__ == "__main__":
    main()
