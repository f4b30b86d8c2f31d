"""Arguments that are JSON objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from odooops_dagster.errors import BadInput


def json_object(text: str, *, what: str, example: str) -> Mapping[str, Any]:
    """Return the object that the argument `what` is.

    Raises:
        BadInput: it is no JSON, or no object; `example` shows one.
    """
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise BadInput(f"{what} is no JSON: {exc}", hint=example) from exc
    if not isinstance(found, dict):
        raise BadInput(f"{what} is no JSON object", hint=example)
    return found
