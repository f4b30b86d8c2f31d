"""Writes the pages that the code itself knows: `python -m docs.generate`.

`.env.example` and `docs/reference/settings.md` come from the comments in settings.py, `docs/reference/cli.md` from the
help of the `ops` command. A test fails where a page differs from what this writes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from typer import Typer
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from odooops_dagster.cli import build_app
from odooops_dagster.settings import Settings

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

Every setting is an environment variable, read once when a program starts; an empty one counts as not set.
[`.env.example`](../../.env.example) holds them all.

Written by `python -m docs.generate` from `odooops_dagster/settings.py`.
"""

_CLI_HEAD = """\
# The `ops` command

Exit status: 0 done · 1 refused or failed, said in one line on standard error with what to do next · 2 the command
line is wrong · 130 interrupted. With `--json`, what was read is on standard output as JSON, and an error is one JSON
object on standard error.

Written by `python -m docs.generate` from the command's own help.
"""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One environment variable, what it means, and its default as text."""

    variable: str
    meaning: str
    default: str


def main() -> None:
    """Write every generated page."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def pages() -> dict[Path, str]:
    """Return the text of every generated page."""
    return {
        ROOT / ".env.example": env_example(),
        ROOT / "docs" / "reference" / "settings.md": settings_page(),
        ROOT / "docs" / "reference" / "cli.md": cli_page(build_app()),
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


def cli_page(app: Typer) -> str:
    """Return the reference of the command."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)  # noqa: S101 - the root has verbs and nouns
    return "\n".join([_CLI_HEAD, *_sections(group, ("ops",))]).rstrip() + "\n"


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


def _sections(group: TyperGroup, path: tuple[str, ...]) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        here = (*path, name)
        if isinstance(command, TyperGroup):
            yield from (f"## `{' '.join(here)}`", "", _sentence(command.help), "")
            yield from _sections(command, here)
        else:
            arguments = [param for param in command.params if isinstance(param, TyperArgument)]
            options = [param for param in command.params if isinstance(param, TyperOption) and not param.hidden]
            yield from (f"{'#' * (len(path) + 1)} `{' '.join([*here, *map(_metavar, arguments)])}`", "")
            yield from (_sentence(command.help), "")
            yield from _table([*arguments, *options])


def _table(params: list[TyperArgument | TyperOption]) -> Iterator[str]:
    if params:
        yield from ("| | |", "|---|---|")
        yield from (f"| {_name(param)} | {_meaning(param)} |" for param in params)
        yield ""


def _name(param: TyperArgument | TyperOption) -> str:
    if isinstance(param, TyperArgument):
        return f"`{_metavar(param)}`"
    return ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))


def _metavar(param: TyperArgument) -> str:
    name = (param.metavar or str(param.name)).upper()
    return name if param.required else f"[{name}]"


def _meaning(param: TyperArgument | TyperOption) -> str:
    meaning = (param.help or "").replace("|", "\\|")
    shown = isinstance(param.default, (int, str)) and not isinstance(param.default, bool) and param.default != ""
    return f"{meaning} Default: `{param.default}`." if shown and param.show_default else meaning


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    main()
