"""Finds what a person has to review when Odoo brings new fields: those of its models that could hold a secret.

    python scripts/dev/secret_fields.py ODOO 19.0

ODOO is the folder that holds Odoo's `addons`. It prints what `odooops_dagster/tools/odoo/series/19.0/secrets.toml` does
not know yet, and what it knows and Odoo has no more. A candidate is a field whose text is kept in the database or as an
attachment, and which only administrators may read, a form shows as dots, or whose name sounds like a secret.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from odooops_dagster.tools.sanitize.secrets import is_secret_name, secret_list, table_of

_HOLDS_TEXT = frozenset({"Char", "Text", "Html", "Binary", "Json", "Image", "Properties"})
# Holds one of its model's own words; a name that sounds like a secret would have it emptied all the same.
_CHOICE = "Selection"
_GUARDED = re.compile(r"group_system|group_erp_manager|NO_ACCESS")
# Wider than the words by which we scrub, so that a person decides what they leave.
_SOUNDS = re.compile(r"pass|pwd|secret|token|key|priv|credential|hook|hash|cert|login|user_?name|session|csr|_sid$|otp")
_DOTS = re.compile(r"<field\b[^>]*\bpassword=\"(?:True|1)\"[^>]*>", re.DOTALL)
_FIELD_NAME = re.compile(r"\bname=\"(\w+)\"")
_PARAMETER_CALLS = frozenset({"get_param", "set_param", "get_str", "set_str"})
_PARAMETER_SOUNDS = re.compile(
    r"pass|pwd|secret|token|key|private|credential|client_|account_|_sid$|tenant|uuid|app_id|_code$"
)


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What could be a secret: columns by table, and names of system parameters; and all there are of both."""

    columns: frozenset[tuple[str, str]]
    parameters: frozenset[str]
    every_column: frozenset[tuple[str, str]]
    every_parameter: frozenset[str]


@dataclass
class _Model:
    table: str
    fields: dict[str, ast.Call] = field(default_factory=dict)


def candidates(odoo: Path) -> Candidates:
    """Return what an Odoo's own addons bring, its modules of tests left out."""
    dotted = set(_dotted(odoo))
    columns: set[tuple[str, str]] = set()
    every_column: set[tuple[str, str]] = set()
    every_parameter: set[str] = set()
    for file in _files(odoo, "*.py"):
        tree = ast.parse(file.read_text())
        for model in _models(tree):
            every_column |= {(model.table, name) for name in model.fields}
            columns |= {(model.table, name) for name, call in model.fields.items() if _could_be(name, call, dotted)}
        every_parameter |= set(_parameters(tree))
    return Candidates(
        columns=frozenset(columns),
        parameters=frozenset(key for key in every_parameter if is_secret_name(key) or _PARAMETER_SOUNDS.search(key)),
        every_column=frozenset(every_column),
        every_parameter=frozenset(every_parameter),
    )


def _files(odoo: Path, pattern: str) -> Iterator[Path]:
    for file in sorted(odoo.rglob(pattern)):
        parts = file.relative_to(odoo).parts
        if not {"tests", "_vendor", "upgrades"} & set(parts) and not any(part.startswith("test_") for part in parts):
            yield file


def _dotted(odoo: Path) -> Iterator[str]:
    """Return the names of the fields that a view shows as dots."""
    for file in _files(odoo, "*.xml"):
        for element in _DOTS.findall(file.read_text()):
            if name := _FIELD_NAME.search(element):
                yield name[1]


def _models(tree: ast.Module) -> Iterator[_Model]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and (table := _table(node)):
            model = _Model(table)
            for statement in node.body:
                if (
                    isinstance(statement, ast.Assign)
                    and isinstance(statement.value, ast.Call)
                    and _is_field(statement.value)
                ):
                    model.fields[ast.unparse(statement.targets[0])] = statement.value
            yield model


def _table(node: ast.ClassDef) -> str:
    """Return the table of the class's model: any, where the model is abstract; none, where it is no model."""
    values = {
        ast.unparse(statement.targets[0]): statement.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
    }
    if isinstance(table := values.get("_table"), ast.Constant):
        return str(table.value)
    names = [name for word in ("_name", "_inherit") if (name := _first(values.get(word)))]
    if not names:
        return ""
    return "*" if any("AbstractModel" in ast.unparse(base) for base in node.bases) else table_of(names[0])


def _first(value: ast.expr | None) -> str:
    if isinstance(value, (ast.List, ast.Tuple)) and value.elts:
        value = value.elts[0]
    return str(value.value) if isinstance(value, ast.Constant) and value.value else ""


def _is_field(value: ast.Call) -> bool:
    return (
        isinstance(value.func, ast.Attribute)
        and isinstance(value.func.value, ast.Name)
        and value.func.value.id == "fields"
        and value.func.attr in {*_HOLDS_TEXT, _CHOICE}
    )


def _could_be(name: str, call: ast.Call, dotted: set[str]) -> bool:
    options = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    groups = options.get("groups", "")
    is_elsewhere = "related" in options or "compute" in options
    # An inverse nobody may read writes a column of its own: res_users.totp_secret.
    if is_elsewhere and options.get("store") != "True" and "NO_ACCESS" not in groups:
        return False
    if ast.unparse(call.func) == f"fields.{_CHOICE}":
        return is_secret_name(name)
    return bool(_GUARDED.search(groups) or name in dotted or is_secret_name(name) or _SOUNDS.search(name))


def _parameters(tree: ast.Module) -> Iterator[str]:
    """Return the system parameters that the file names, the changing part of a name as `%s`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in _PARAMETER_CALLS and node.args:
            yield from _text(node.args[0])
        for keyword in node.keywords:
            if keyword.arg == "config_parameter":
                yield from _text(keyword.value)


def _text(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mod):
        value = value.left
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "%s" for part in value.values)


def main() -> int:
    """Print what is not reviewed, and what is reviewed and gone."""
    found, known = candidates(Path(sys.argv[1])), secret_list(sys.argv[2])
    columns = known.secret | known.public | known.kept | known.unsearched
    parameters = known.secret_parameters | known.public_parameters
    news = [f"{table}.{name}" for table, name in sorted(found.columns - columns)] + sorted(
        found.parameters - parameters
    )
    gone = [f"{table}.{name}" for table, name in sorted(columns - found.every_column)] + sorted(
        parameters - found.every_parameter
    )
    for title, names in (("not reviewed", news), ("not in this Odoo", gone)):
        for name in names:
            sys.stdout.write(f"{title}: {name}\n")
    return 1 if news or gone else 0


if __name__ == "__main__":
    sys.exit(main())
