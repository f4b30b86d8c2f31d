"""Reads what only the files of sql/ say: the headers of functions, and the comments at labels of enums."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.control.migrate import read_folder

ROOT = Path(__file__).parents[2]

_TYPE = re.compile(r"create type ops\.(?P<name>\w+) as enum \((?P<labels>.*?)\);", re.DOTALL)
_LABEL = re.compile(r"'(?P<label>[^']+)',?(?:[ \t]*--[ \t]*(?P<note>[^\n]+))?")
_ADDED = re.compile(
    r"alter type ops\.(?P<name>\w+) add value (?:if not exists )?'(?P<label>[^']+)'"
    r"[^;]*;(?:[ \t]*--[ \t]*(?P<note>[^\n]+))?"
)
_RAISED = re.compile(r"sqlstate\s+'(?P<state>\w{5})'|errcode\s*=\s*'(?P<code>\w{5})'", re.IGNORECASE)
_TABLE = re.compile(r"^(?:create|alter) table (?:if (?:not )?exists )?ops\.(\w+)", re.MULTILINE)
_STATEMENT = re.compile(
    r"^(?:create|alter) table (?:if (?:not )?exists )?ops\.(?P<table>\w+).*?;$"
    r"|^(?:-- [^\n]*\n)+create unique index \w+\s+on ops\.(?P<indexed>\w+)",
    re.MULTILINE | re.DOTALL,
)
_CONSTRAINTS = ("check", "unique", "foreign key", "primary key", "add constraint", "create unique index")
_STATE = re.compile(r"\bPT\d{3}\b")
# Frozen migrations name functions that have other names now.
_RENAMED = {"fail_run_of_dagster": "end_dagster_run", "refuse_nonsense": "check_run_invariants"}
_FORMER = re.compile(rf"\b({'|'.join(_RENAMED)})\b")
_DEFINER = re.compile(r"\bDefiner: (?P<reason>.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Header:
    """The comment above a function: what it does, and why it has its owner's rights where it has."""

    text: str
    definer_reason: str | None
    states: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Everything that the files say and the catalog does not."""

    labels: dict[tuple[str, str], str]
    functions: dict[str, Header]
    raised: dict[str, tuple[str, ...]]
    tables: dict[str, tuple[str, ...]]
    promises: dict[str, tuple[str, ...]]


def read_notes() -> Notes:
    """Return what the files of sql/ say."""
    functions = dict(read_folder("functions"))
    return Notes(
        labels=dict(_label_notes()),
        functions={name: header(text) for name, text in functions.items()},
        raised={name: raised_states(text) for name, text in functions.items()},
        tables=_makers(),
        promises=_promises(),
    )


def file_of(folder: str, name: str) -> str:
    """Return a link to the file below sql/ that makes an object."""
    path = _path(folder, name).as_posix()
    return f"[{path}](../../../{path})"


def function_link(name: str, *, page: str, root: str) -> str:
    """Return a link to the function's section on the page of functions; for one of ops_private, to its file."""
    path = _path("functions", name)
    return f"[{name}]({root}{path.as_posix()})" if path.parent.name == "private" else f"[{name}]({page}#{name})"


def _path(folder: str, name: str) -> Path:
    below = Path("sql") / folder
    found = next((ROOT / below).rglob(f"{name}.sql"), None)
    return found.relative_to(ROOT) if found else below / f"{name}.sql"


def header(text: str) -> Header:
    """Return the header of a function's file."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    whole = " ".join(lines)
    reason = _DEFINER.search(whole)
    return Header(
        text=_DEFINER.sub("", whole).strip(),
        definer_reason=reason["reason"].strip() if reason else None,
        states=tuple(sorted(set(_STATE.findall(whole)))),
    )


def raised_states(text: str) -> tuple[str, ...]:
    """Return the SQLSTATEs that the function's own text raises."""
    code = "\n".join(line.partition("--")[0] for line in text.splitlines())
    return tuple(sorted({match["state"] or match["code"] for match in _RAISED.finditer(code)}))


def _promises() -> dict[str, tuple[str, ...]]:
    """Return what the comments above the constraints and unique indexes of each table say."""
    told: dict[str, tuple[str, ...]] = {}
    for text in _migrations():
        for statement in _STATEMENT.finditer(text):
            name = statement["table"] or statement["indexed"]
            told[name] = (*told.get(name, ()), *commented_constraints(statement[0]))
    return told


def commented_constraints(statement: str) -> list[str]:
    """Return the comment above each constraint of a statement, its lines joined."""
    found, comment = [], ""
    for line in (line.strip() for line in statement.splitlines()):
        if line.startswith("--"):
            comment = f"{comment} {line.removeprefix('--').strip()}".strip()
        else:
            found += [comment] if comment and line.startswith(_CONSTRAINTS) else []
            comment = ""
    return found


def _makers() -> dict[str, tuple[str, ...]]:
    """Return the migrations that made or altered each table."""
    made: dict[str, tuple[str, ...]] = {}
    for file, text in read_folder("migrations"):
        for name in dict.fromkeys(_TABLE.findall(text)):
            made[name] = (*made.get(name, ()), file)
    return made


def _migrations() -> Iterator[str]:
    for _, text in read_folder("migrations"):
        yield _FORMER.sub(lambda name: _RENAMED[name[0]], text)


def _label_notes() -> Iterator[tuple[tuple[str, str], str]]:
    for text in _migrations():
        for type_ in _TYPE.finditer(text):
            for match in _LABEL.finditer(type_["labels"]):
                if match["note"]:
                    yield (type_["name"], match["label"]), match["note"].strip()
        for match in _ADDED.finditer(text):
            if match["note"]:
                yield (match["name"], match["label"]), match["note"].strip()
