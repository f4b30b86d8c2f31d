"""The part of GitHub's expressions that our workflows use: names, texts, `||`, `&&`, `==`, `!=` and `!`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

EXPRESSION = re.compile(r"\$\{\{(?P<text>.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w.-]*(?:\(\))?)|(?P<sign>\|\||&&|==|!=|!|\(|\)))"
)

Contexts = Mapping[str, Any]


def fill_in(text: str, contexts: Contexts) -> str:
    """Return the text with every expression in it replaced by its value."""
    return EXPRESSION.sub(lambda found: _as_text(evaluate(found["text"], contexts)), text)


def evaluate(text: str, contexts: Contexts) -> Any:  # noqa: ANN401 - a value of YAML
    """Return the value of an expression, without its braces."""
    tokens = _tokens(text)
    value = _either(tokens, contexts)
    if tokens:
        raise ValueError(f"not understood: {text}")
    return value


def _tokens(text: str) -> list[str]:
    found, rest = [], text.strip()
    while rest:
        token = _TOKEN.match(rest)
        if token is None:
            raise ValueError(f"not understood: {rest}")
        found.append(token[0].strip())
        rest = rest[token.end() :].strip()
    return found


def _either(tokens: list[str], contexts: Contexts) -> Any:  # noqa: ANN401
    value = _both(tokens, contexts)
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        other = _both(tokens, contexts)
        value = value or other
    return value


def _both(tokens: list[str], contexts: Contexts) -> Any:  # noqa: ANN401
    value = _compared(tokens, contexts)
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        other = _compared(tokens, contexts)
        value = value and other
    return value


def _compared(tokens: list[str], contexts: Contexts) -> Any:  # noqa: ANN401
    value = _single(tokens, contexts)
    while tokens[:1] in (["=="], ["!="]):
        sign = tokens.pop(0)
        value = (value == _single(tokens, contexts)) == (sign == "==")
    return value


def _single(tokens: list[str], contexts: Contexts) -> Any:  # noqa: ANN401
    token = tokens.pop(0)
    if token == "!":
        return not _single(tokens, contexts)
    if token == "(":
        value = _either(tokens, contexts)
        if tokens.pop(0) != ")":
            raise ValueError("a bracket is not closed")
        return value
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    return True if token in ("always()", "true") else _looked_up(token, contexts)


def _looked_up(name: str, contexts: Contexts) -> Any:  # noqa: ANN401
    """Return what the name means; nothing where a context has no such key, as GitHub does."""
    first, *rest = name.split(".")
    value = contexts[first]  # an unknown context is a mistake
    for part in rest:
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return value


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
