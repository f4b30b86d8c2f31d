"""Lists what a Python file of a module names: modules, models, fields and XML ids.

A field is certain where the model is: on `self` and on loops over it in a class that extends the model, in paths of
decorators and `related`, in values and domains of calls on `self.env['model']`. Everything else is only possible.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from odooops_dagster.tools.advisories.uses.found import DOTTED, FIELD_NAME, XML_ID, Found

_COMODEL_FIELDS = ("Many2one", "One2many", "Many2many", "Many2oneReference")
_PATH_DECORATORS = ("depends", "onchange", "constrains")
_VALUES = ("create", "write", "update", "new", "default_get")
_DOMAINS = ("search", "search_count", "search_read", "read_group", "_read_group", "filtered_domain", "search_fetch")
_FIELD_PATHS = ("mapped", "filtered", "sorted", "grouped", "read", "fetch")
# Records stay of their model when they pass through these methods.
_SAME_MODEL = (
    "sudo", "with_context", "with_company", "with_user", "with_env", "browse", "filtered", "sorted", "search", "create",
    "exists", "copy", "new", "filtered_domain", "with_prefetch",
)  # fmt: skip
_IDS_OF_CALLS = ("ref", "has_group", "user_has_groups", "_for_xml_id", "_xmlid_to_res_id", "_xmlid_lookup")


def read_manifest(text: bytes, found: Found) -> None:
    """Add the modules that a manifest names in `depends`.

    Raises:
        SyntaxError: this is no Python.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and _text(key) == "depends":
                    for name, line in _strings(value):
                        found.use("module", name, line)


def read_python(text: bytes, found: Found) -> None:
    """Add the uses of the file.

    Raises:
        SyntaxError: this is no Python of the version that runs this program.
    """
    _File(found).visit(ast.parse(text))


class _File(ast.NodeVisitor):
    def __init__(self, found: Found) -> None:
        self._found = found
        self._models: tuple[str, ...] = ()  # of the class around
        self._names: dict[str, tuple[str, ...]] = {}  # the models of local names

    # -- what a module needs

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._module(name.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module == "odoo.addons":
            for name in node.names:
                self._found.use("module", name.name, node.lineno)
        elif node.module and not node.level:
            self._module(node.module, node.lineno)

    def _module(self, dotted: str, line: int) -> None:
        parts = dotted.split(".")
        if parts[:2] == ["odoo", "addons"] and parts[2:]:
            self._found.use("module", parts[2], line)

    # -- classes and their models

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer = self._models
        self._models = tuple(self._extended(node)) or tuple(_own_name(node))
        for statement in node.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self._attribute(statement.targets[0].id, statement)
            self.visit(statement)
        self._models = outer

    def _extended(self, node: ast.ClassDef) -> Iterator[str]:
        for statement in node.body:
            if isinstance(statement, ast.Assign) and any(_is_name(target, "_inherit") for target in statement.targets):
                for text, line in _strings(statement.value):
                    self._found.use("model", text, line)
                    yield text
            elif isinstance(statement, ast.Assign) and any(_is_name(t, "_inherits") for t in statement.targets):
                for text, line in _strings(statement.value):
                    if "." in text:
                        self._found.use("model", text, line)

    def _attribute(self, name: str, statement: ast.Assign) -> None:
        """Read the definition of a field, which may be one more of a field that another module brings."""
        value = statement.value
        if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
            return
        if not _is_name(value.func.value, "fields"):
            return
        self._found.use("field", name, statement.lineno, models=self._models, certain=bool(self._models))
        if value.func.attr in _COMODEL_FIELDS and value.args and (model := _text(value.args[0])):
            self._found.use("model", model, value.args[0].lineno)
        for keyword in value.keywords:
            text = _text(keyword.value)
            if keyword.arg == "comodel_name" and text:
                self._found.use("model", text, keyword.value.lineno)
            elif keyword.arg == "related" and text:
                self._found.path(text, keyword.value.lineno, models=self._models)
            elif keyword.arg == "groups" and text:
                _groups(text, keyword.value.lineno, self._found)

    # -- methods

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer = self._names
        self._names = {"self": self._models} if self._models else {}
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _called(decorator) in _PATH_DECORATORS:
                for argument in decorator.args:
                    if text := _text(argument):
                        self._found.path(text, argument.lineno, models=self._models)
        self.generic_visit(node)
        self._names = outer

    def visit_For(self, node: ast.For) -> None:
        self._bind(node.target, node.iter)
        self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Name the records of a comprehension before its body is read, which comes first in the tree."""
        for generator in getattr(node, "generators", ()):
            self._bind(generator.target, generator.iter)
        super().generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if len(node.targets) == 1:
            self._bind(node.targets[0], node.value)
        self.generic_visit(node)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._names[target.id] = self._models_of(value)

    def _models_of(self, node: ast.expr) -> tuple[str, ...]:
        """Return the models of the records that the expression gives; none if that is not known."""
        match node:
            case ast.Name(id=name):
                return self._names.get(name, ())
            case ast.Subscript(value=ast.Attribute(attr="env"), slice=index) if text := _text(index):
                return (text,)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _SAME_MODEL:
                return self._models_of(value)
            case ast.Subscript(value=value):
                return self._models_of(value)
            case _:
                return ()

    # -- expressions

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if FIELD_NAME.match(node.attr) and not node.attr.startswith("__"):
            models = self._models_of(node.value)
            self._found.use("field", node.attr, node.end_lineno or node.lineno, models=models, certain=bool(models))
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        text = _text(node.slice)
        if text and isinstance(node.value, ast.Attribute) and node.value.attr in ("env", "pool", "registry"):
            self._found.use("model", text, node.slice.lineno)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _called(node)
        models = self._models_of(node.func.value) if isinstance(node.func, ast.Attribute) else ()
        if name in _IDS_OF_CALLS:
            for text, line in _strings_of(node.args[:1]):
                _groups(text, line, self._found)
        elif name in _FIELD_PATHS:
            for text, line in _strings_of(node.args):
                self._found.path(text, line, models=models)
        elif name in _VALUES:
            for argument in node.args:
                self._values(argument, models)
        elif name in _DOMAINS and node.args:
            self._domain(node.args[0], models)
        self.generic_visit(node)

    def _values(self, node: ast.expr, models: tuple[str, ...]) -> None:
        for part in node.elts if isinstance(node, ast.List) else (node,):
            for key in part.keys if isinstance(part, ast.Dict) else ():
                if key is not None and (text := _text(key)):
                    self._found.path(text, key.lineno, models=models)

    def _domain(self, node: ast.expr, models: tuple[str, ...]) -> None:
        for term in node.elts if isinstance(node, ast.List) else ():
            if isinstance(term, ast.Tuple) and term.elts and (text := _text(term.elts[0])):
                self._found.path(text, term.elts[0].lineno, models=models)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Keep a text that may be the name of something: a field alone, or a model or XML id with a dot."""
        if isinstance(node.value, str):
            if DOTTED.match(node.value):
                self._found.use("text", node.value, node.lineno, certain=False)
            elif FIELD_NAME.match(node.value):
                self._found.use("field", node.value, node.lineno, certain=False)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Pass over docstrings."""
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)


def _own_name(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(_is_name(target, "_name") for target in statement.targets):
            yield from (text for text, _ in _strings(statement.value))


def _groups(text: str, line: int, found: Found) -> None:
    for name in text.split(","):
        word = name.strip().lstrip("!")
        if XML_ID.match(word):
            found.use("xml_id", word, line)


def _strings(node: ast.expr) -> Iterator[tuple[str, int]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value, part.lineno


def _strings_of(nodes: list[ast.expr]) -> Iterator[tuple[str, int]]:
    for node in nodes:
        yield from _strings(node)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
