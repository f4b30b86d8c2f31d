"""Lists what an XML file of a module names: models, fields of records and views, XML ids.

A field of a view is certain where the view's own model has it; inside of another field it belongs to a model that only
Odoo knows, so it is only possible.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from odooops_dagster.tools.advisories.uses.found import FIELD_NAME, XML_ID, Found

_FORMAT = re.compile(r"%\(([\w.-]+)\)[ds]")
_FIELD_IN_PATH = re.compile(r"field\[@name=['\"](\w+)['\"]\]")
# Attributes whose value is an XML id, or several.
_IDS = ("ref", "inherit_id", "parent", "action", "t-call", "t-inherit", "groups", "t-groups")
# Attributes of views whose names are fields of the view's model (odoo/addons/base/models/ir_ui_view.py).
_MODIFIERS = ("invisible", "readonly", "required", "column_invisible")
_EXPRESSIONS = ("domain", "context", "attrs", "eval", "search", "filter_domain", "options", "states")
# Fields of records that hold the name of a model.
_MODEL_FIELDS = ("model", "res_model", "src_model", "binding_model", "model_name", "relation")


@dataclass(kw_only=True)
class Node:
    """An element with its line and its text."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Node] = field(default_factory=list)


def read_xml(data: bytes, found: Found) -> None:
    """Add the uses of the file.

    Raises:
        expat.ExpatError: this is no XML.
    """
    for node in _tree(data).children:
        _top(node, found)


def _tree(data: bytes) -> Node:
    parser = expat.ParserCreate()
    root = Node(tag="", attributes={}, line=0)
    open_nodes = [root]

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = Node(tag=tag, attributes=attributes, line=parser.CurrentLineNumber)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(_tag: str) -> None:
        open_nodes.pop()

    def text(data: str) -> None:
        open_nodes[-1].text += data

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.Parse(data, True)
    return root


def _top(node: Node, found: Found) -> None:
    match node.tag:
        case "record":
            _record(node, found)
        case "template":
            _own_id(node, found)
            _view(node, (), found)
        case "menuitem" | "delete" | "function" | "act_window" | "report":
            _own_id(node, found)
            _attributes(node, (), found)
            for name in ("model", "res_model"):
                if model := node.attributes.get(name):
                    found.use("model", model, node.line)
            for child in node.children:
                _attributes(child, (), found)
        case _:
            for child in node.children:
                _top(child, found)


def _own_id(node: Node, found: Found) -> None:
    """Read the id of a record: one with another module's name changes a record of that module."""
    if XML_ID.match(node.attributes.get("id", "")):
        found.use("xml_id", node.attributes["id"], node.line)


def _record(node: Node, found: Found) -> None:
    _own_id(node, found)
    model = node.attributes.get("model", "")
    if model:
        found.use("model", model, node.line)
    fields = [child for child in node.children if child.tag == "field"]
    about = next((child.text.strip() for child in fields if child.attributes.get("name") == "model"), "")
    for child in fields:
        name = child.attributes.get("name", "")
        if FIELD_NAME.match(name):
            found.use("field", name, child.line, models=(model,), certain=bool(model))
        _attributes(child, (), found)
        if name in _MODEL_FIELDS and "." in child.text.strip():
            found.use("model", child.text.strip(), child.line)
        if name == "arch":
            for part in child.children:
                _view(part, (about,) if about else (), found)
        elif name in ("domain", "context", "code"):
            found.expression(child.text, child.line)


def _view(node: Node, models: tuple[str, ...], found: Found) -> None:
    """Read an element of a view; `models` has the model of its fields, if that is known."""
    _attributes(node, models, found)
    inside = models
    if node.tag == "field":
        name = node.attributes.get("name", "")
        if FIELD_NAME.match(name):
            found.use("field", name, node.line, models=models, certain=bool(models))
        # What is inside of a field that only shows where a change goes (position=...) is beside it.
        inside = models if "position" in node.attributes else ()
    elif node.tag == "xpath":
        inside = _path(node, models, found)
    for child in node.children:
        _view(child, inside, found)


def _path(node: Node, models: tuple[str, ...], found: Found) -> tuple[str, ...]:
    """Read the path of an `xpath` and return the models of the fields that it leads to."""
    path = node.attributes.get("expr", "")
    names = _FIELD_IN_PATH.findall(path)
    for place, name in enumerate(names):
        known = models if place == 0 else ()
        found.use("field", name, node.line, models=known, certain=bool(known))
    _, _, rest = path.partition("field[")
    goes_inside = "/" in rest.partition("]")[2] or (node.attributes.get("position") == "inside" and bool(names))
    return () if goes_inside else models


def _attributes(node: Node, models: tuple[str, ...], found: Found) -> None:
    for name, value in node.attributes.items():
        for reference in _FORMAT.findall(value):
            _id(reference, node.line, found)
        _attribute(name, value, node.line, models, found)


def _attribute(name: str, value: str, line: int, models: tuple[str, ...], found: Found) -> None:
    if name in _IDS:
        for word in re.split(r"[,\s]+", value):
            _id(word.lstrip("!"), line, found)
    elif name in _MODIFIERS:
        for used in _names(value):
            found.use("field", used, line, models=models, certain=bool(models))
    elif name in _EXPRESSIONS:
        found.expression(value, line)
    elif name.startswith("t-"):
        for used in _members(value):
            found.use("field", used, line, certain=False)


def _id(word: str, line: int, found: Found) -> None:
    if XML_ID.match(word):
        found.use("xml_id", word, line)


def _names(text: str) -> Iterator[str]:
    for part in _parts(text):
        if isinstance(part, ast.Name) and part.id not in ("True", "False", "None", "context", "parent", "uid"):
            yield part.id


def _members(text: str) -> Iterator[str]:
    for part in _parts(text):
        if isinstance(part, ast.Attribute):
            yield part.attr


def _parts(text: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(text.strip(), mode="eval"))
    except (SyntaxError, ValueError):
        return
