"""The uses that the program finds, as lines of JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# kind, name, line, models of a field, whether it is certain
Report = Callable[..., None]

XML_ID = re.compile(r"^[a-z_][a-z0-9_]*\.[A-Za-z0-9_.-]+$")
DOTTED = re.compile(r"^[a-z_][a-z0-9_]*(\.[A-Za-z0-9_-]+)+$")
FIELD_NAME = re.compile(r"^[a-z_][a-z0-9_]*$")
# In expressions of attributes: names that are called, subscripted or compared are not told apart there.
_QUOTED = re.compile(r"""['"]([a-z_][a-z0-9_.]*)['"]""")
_REF = re.compile(r"""\bref\(\s*['"]([\w.-]+)['"]""")


class Found:
    """The uses of one file, each named once per line."""

    def __init__(self, file: str, module: str) -> None:
        """Start a file."""
        self._file = file
        self._module = module
        self._uses: dict[tuple[object, ...], dict[str, object]] = {}

    def use(self, kind: str, name: str, line: int, *, models: Iterable[str] = (), certain: bool = True) -> None:
        """Add a use; a certain one takes the place of the same that is only possible."""
        key = (kind, name, line)
        if key in self._uses and (self._uses[key]["certain"] or not certain):
            return
        self._uses[key] = {
            "kind": kind,
            "name": name,
            "file": self._file,
            "line": line,
            "module": self._module,
            "models": sorted(models),
            "certain": certain,
        }

    def path(self, path: str, line: int, *, models: Iterable[str], certain: bool = True) -> None:
        """Add the fields of a dotted path: the first is of the models, the others of models that are not known here."""
        first, *others = path.split(".")
        if FIELD_NAME.match(first):
            models = tuple(models)
            self.use("field", first, line, models=models, certain=certain and bool(models))
        for name in others:
            if FIELD_NAME.match(name):
                self.use("field", name, line, certain=False)

    def expression(self, text: str, line: int) -> None:
        """Add what a Python expression in an attribute may name: XML ids of ref(), and quoted names."""
        for found in _REF.finditer(text):
            if XML_ID.match(found[1]):
                self.use("xml_id", found[1], line)
        for found in _QUOTED.finditer(text):
            if FIELD_NAME.match(found[1]):
                self.use("field", found[1], line, certain=False)
            elif DOTTED.match(found[1]):
                self.use("text", found[1], line, certain=False)

    def uses(self) -> list[dict[str, object]]:
        """Return them in order."""
        return list(self._uses.values())
