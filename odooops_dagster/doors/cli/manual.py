"""The manual pages, generated from the commands' help: ops.1, and one for each command such as ops-env.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from typer.main import get_command

from odooops_dagster.doors.cli import build_app
from odooops_dagster.doors.cli.groups import SECTIONS

_STATUS = {
    "0": "Done.",
    "1": "Refused or failed; one line on standard error says why, a second what to do about it.",
    "2": "The command line is wrong.",
    "130": "Interrupted.",
}
_VARIABLES = {
    "OPS_SERVER": "The server whose API is asked in the place of the database.",
    "OPS_KEY": "The key for it.",
    "OPS_UTC": "If set, times are printed in UTC.",
    "ODOOOPS_HOME": "The state folder of the platform on this machine; docs/reference/settings.md has all settings.",
}


def manual_pages() -> Mapping[str, str]:
    """Return the text of each page by the name of its file."""
    root: Any = get_command(build_app())
    pages = {"ops.1": "\n".join(_root_page(root))}
    for name, command in root.commands.items():
        pages[f"ops-{name}.1"] = "\n".join(_page(name, command))
    return {name: f"{text}\n" for name, text in pages.items()}


def _root_page(root: Any) -> Iterator[str]:  # noqa: ANN401 - Typer keeps click's types to itself
    yield from _head("ops", root.help)
    yield from (".SH SYNOPSIS", r".B ops", "[options] command [arguments]")
    yield from _options(root, ".SH OPTIONS")
    yield ".SH COMMANDS"
    for title, names in SECTIONS.items():
        yield f".SS {_escaped(title)}"
        for name in names:
            short = root.commands[name].get_short_help_str(200)
            yield from (".TP", rf".BR ops\-{_escaped(name)} (1)", _escaped(short))
    yield ".SH ENVIRONMENT"
    yield from _list(_VARIABLES)
    yield from _tail()


def _page(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    yield from _head(f"ops-{name}", command.help)
    if not hasattr(command, "commands"):
        yield from (".SH SYNOPSIS", *_usage(f"ops {name}", command), ".SH DESCRIPTION", *_text(command.help))
        yield from _options(command, ".SH OPTIONS")
    else:
        yield ".SH COMMANDS"
        for words, verb in _verbs(f"ops {name}", command):
            yield from (f".SS {_escaped(words)}", *_usage(words, verb), ".PP", *_text(verb.help))
            yield from _options(verb, "")
    yield from _tail()


def _verbs(words: str, group: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _verbs(f"{words} {name}", command)
        else:
            yield f"{words} {name}", command


def _head(name: str, help_: str | None) -> Iterator[str]:
    first = re.split(r"(?<=[.:])\s", help_ or "")[0].rstrip(".:")
    yield f'.TH {_escaped(name).upper()} 1 "" "OdooOps" "OdooOps"'
    yield from (".SH NAME", rf"{_escaped(name)} \- {_escaped(first)}")


def _tail() -> Iterator[str]:
    yield ".SH EXIT STATUS"
    yield from _list(_STATUS)
    yield from (".SH SEE ALSO", ".BR ops (1)")


def _usage(words: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    named = " ".join(each.metavar or each.name.upper() for each in arguments)
    yield f".B {_escaped(words)}"
    yield f"[options] {_escaped(named)}".rstrip()


def _options(command: Any, heading: str) -> Iterator[str]:  # noqa: ANN401 - as above
    shown = [each for each in command.params if getattr(each, "help", None) and not getattr(each, "hidden", False)]
    if shown and heading:
        yield heading
    for each in shown:
        names = ", ".join((*each.opts, *each.secondary_opts)) if each.param_type_name == "option" else each.metavar
        yield from (".TP", f".B {_escaped(names or each.name.upper())}", *_text(each.help))


def _list(entries: Mapping[str, str]) -> Iterator[str]:
    for term, text in entries.items():
        yield from (".TP", f".B {_escaped(term)}", _escaped(text))


def _text(text: str | None) -> Iterator[str]:
    """Yield the lines of a text; an empty one begins a paragraph."""
    for line in (text or "").strip().splitlines():
        yield _escaped(line.strip()) if line.strip() else ".PP"


def _escaped(text: str) -> str:
    """Return the text with nothing that troff reads as its own. Source: groff_man(7)."""
    plain = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    plain = "".join(sign if sign.isascii() else rf"\[u{ord(sign):04X}]" for sign in plain)
    return rf"\&{plain}" if plain.startswith((".", "'")) else plain
