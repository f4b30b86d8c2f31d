"""What a route of the API takes and gives, where it stands for a view, table or function of schema ops."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from odooops_dagster.errors import BadInput

# What the platform's logins say of the person for whom they act; here the caller is that person.
_OF_THE_PLATFORM = frozenset(
    {
        "p_requested_by",
        "p_trigger",
        "p_opened_by",
        "p_resolved_by",
        "p_approver_id",
        "p_set_by",
        "p_unset_by",
        "p_created_by",
    }
)
_PLACE = re.compile(r"\{(\w+)\}")


def _filled(path: str, values: Mapping[str, object]) -> str:
    """Return the path with these values, of which none reaches beyond its own place.

    Raises:
        BadInput: a value leads elsewhere in every path.
    """
    for name in _PLACE.findall(path):
        if str(values[name]) in ("", ".", ".."):
            raise BadInput(f"{values[name]!r} names nothing", hint="ops … list shows the names")
    return _PLACE.sub(lambda place: quote(str(values[place[1]]), safe=""), path)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A route that gives rows of a view or table.

    Args:
        path: its path; a name in braces is a column whose value has to be wanted.
        of: the type of each row.
        filters: the query's parameters by column.
        is_paged: whether it gives pages.
        is_one: whether it gives one row, or none.
        here: the columns by which its rows are chosen here.
    """

    path: str
    of: type
    filters: Mapping[str, str] = field(default_factory=dict)
    is_paged: bool = False
    is_one: bool = False
    here: frozenset[str] = frozenset()

    def takes(self, wanted: Mapping[str, object]) -> bool:
        """Return whether the route can choose by these columns."""
        places = set(_PLACE.findall(self.path))
        return places <= wanted.keys() <= places | self.filters.keys() | self.here

    def path_of(self, wanted: Mapping[str, object]) -> str:
        """Return the path for these values."""
        return _filled(self.path, wanted)

    def query(self, wanted: Mapping[str, object]) -> dict[str, str]:
        """Return the query for these values."""
        return {parameter: str(wanted[name]) for name, parameter in self.filters.items() if name in wanted}

    def is_wanted(self, row: Mapping[str, Any], wanted: Mapping[str, object]) -> bool:
        """Return whether the row has the values by which is chosen here."""
        return all(row[name] == wanted[name] for name in self.here & wanted.keys())

    def rows(self, answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - what JSON holds
        """Return the rows of an answer, with the types of the schema."""
        found = answer["items"] if self.is_paged else [answer] if self.is_one else answer
        return _rows(self.of, found)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A route that stands for a function.

    Args:
        method: the request's method.
        path: its path; a name in braces is an argument.
        of: the type of each row that it gives; None where it gives nothing or one value.
        fields: the body's fields by argument, or the query's parameters of a GET.
        gives: the field of the answer that is the function's value.
        key: the argument that is the Idempotency-Key.
        constant: the value of a function that is the same for every caller of an API; it is not asked.
    """

    method: str = "GET"
    path: str = ""
    of: Any = None
    fields: Mapping[str, str] = field(default_factory=dict)
    gives: str | None = None
    key: str | None = None
    constant: object = None

    @property
    def has_body(self) -> bool:
        """Return whether the request has a body."""
        return self.method in {"POST", "PUT"}

    def strange(self, arguments: Mapping[str, object]) -> list[str]:
        """Return the arguments that the route does not take."""
        known = {*_PLACE.findall(self.path), *self.fields, self.key, *_OF_THE_PLATFORM}
        return [name for name, value in arguments.items() if name not in known and value not in (None, {}, 0)]

    def path_of(self, arguments: Mapping[str, object]) -> str:
        """Return the path for these arguments."""
        return _filled(self.path, arguments)

    def body(self, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Return the body for these arguments."""
        adapter = TypeAdapter(dict[str, Any])
        named = {told: arguments[name] for name, told in self.fields.items() if arguments.get(name) is not None}
        return adapter.dump_python(named, mode="json")  # type: ignore[no-any-return]

    def query(self, arguments: Mapping[str, object]) -> dict[str, str]:
        """Return the query for these arguments."""
        if self.has_body:
            return {}
        return {told: str(arguments[name]) for name, told in self.fields.items() if arguments.get(name) is not None}

    def headers(self, arguments: Mapping[str, object]) -> dict[str, str]:
        """Return the headers for these arguments."""
        given = arguments.get(self.key) if self.key else None
        headers = {"Idempotency-Key": str(given)} if given is not None else {}
        return headers | ({"If-Match": "*"} if self.method == "PUT" else {})

    def rows(self, answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - what JSON holds
        """Return the rows of an answer; one with one value where the function gives one."""
        if self.of is None:
            return [{"value": True if answer is None else answer[self.gives] if self.gives else answer}]
        rows = _rows(self.of, answer if isinstance(answer, list) else [answer])
        return [{self.gives: row[self.gives]} for row in rows] if self.gives else rows


def _rows(of: type, found: list[Any]) -> list[dict[str, Any]]:
    return [asdict(each) for each in TypeAdapter(list[of]).validate_python(found)]  # type: ignore[valid-type]
