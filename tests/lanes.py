"""Which lane each test belongs to, as tests/lanes.toml says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "lanes.toml"
FAST, PAGES = "fast", "pages"
# What `make test` and `make check` run.
NOT_LONG = frozenset({FAST, PAGES})


class LaneError(Exception):
    """The table of lanes and the tests do not agree."""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One lane: what it proves, what its tests are, and what its result depends on.

    Attributes:
        minutes: Its length on two cores, measured.
        workers: How many processes run it at once.
        tests: Files, folders and node ids; the longest one that fits a test decides.
        takes: Marks that bring a test of the fast lane, or of no lane, into this one.
        takes_from_all: Marks that bring a test of any lane into this one, but for lanes that keep the mark.
        keeps: Marks of another lane's `takes_from_all` that take no test away from here.
        inputs: Pathspecs of git: a change of one of them makes an earlier result void.
    """

    name: str
    proves: str
    minutes: float
    workers: int
    tests: Sequence[str]
    takes: Sequence[str]
    takes_from_all: Sequence[str]
    keeps: Sequence[str]
    inputs: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """All lanes, by name, and the marks that no test of the fast lane may bear."""

    by_name: Mapping[str, Lane]
    too_slow: frozenset[str]

    def of(self, node: str, marks: Iterable[str]) -> str:
        """Return the name of a test's lane.

        Raises:
            LaneError: The test is in no lane, or in the fast lane with a mark that has no place there.
        """
        bears = set(marks)
        found = self._by_place(node)
        if found in {None, FAST}:
            found = next((lane.name for lane in self.by_name.values() if bears & set(lane.takes)), found)
        takes = [lane.name for lane in self.by_name.values() if (bears - self._kept(found)) & set(lane.takes_from_all)]
        found = takes[0] if takes else found
        if found is None:
            raise LaneError(f"{node} is in no lane: add it, its file or its folder to tests/lanes.toml")
        if found == FAST and bears & self.too_slow:
            slow = sorted(bears & self.too_slow)
            raise LaneError(f"{node} bears {slow}: name it in another lane of tests/lanes.toml")
        return found

    def of_file(self, file: str) -> set[str]:
        """Return the names of all lanes that tests of a file may be in; none for a file of no lane, which is in all."""
        by_place, lanes = self._by_place(file), self.by_name.values()
        found = {lane.name for lane in lanes if any(place.startswith(f"{file}::") for place in lane.tests)}
        if by_place == FAST:
            found |= {lane.name for lane in lanes if lane.takes}
        found |= {lane.name for lane in lanes if set(lane.takes_from_all) - self._kept(by_place)}
        return (found | {by_place}) if by_place else set(self.by_name)

    def _kept(self, lane: str | None) -> set[str]:
        return set(self.by_name[lane].keeps) if lane else set()

    def _by_place(self, node: str) -> str | None:
        fitting = [
            (len(place), lane.name) for lane in self.by_name.values() for place in lane.tests if contains(place, node)
        ]
        return max(fitting)[1] if fitting else None


def contains(place: str, node: str) -> bool:
    """Return whether a file, folder or test of the table is, or holds, the test with this node id."""
    return node == place or (node.startswith(place) and node[len(place)] in "/:[")


def read(table: Path = TABLE) -> Lanes:
    """Read the table.

    Raises:
        LaneError: Two lanes name the same test.
    """
    raw = tomllib.loads(table.read_text())
    lanes = [_lane(name, lane, raw["inputs"]) for name, lane in raw["lane"].items()]
    places = [place for lane in lanes for place in lane.tests]
    if twice := sorted({place for place in places if places.count(place) > 1}):
        raise LaneError(f"{table.name} names more than once: {', '.join(twice)}")
    return Lanes(by_name={lane.name: lane for lane in lanes}, too_slow=frozenset(raw["too_slow"]))


def _lane(name: str, lane: Mapping[str, Any], lists: Mapping[str, Sequence[str]]) -> Lane:
    named = [path for each in lane["inputs"] for path in lists.get(each, [each])]
    return Lane(
        name=name,
        proves=lane["proves"],
        minutes=lane["minutes"],
        workers=lane.get("workers", 2),
        tests=lane.get("tests", []),
        takes=lane.get("takes", []),
        takes_from_all=lane.get("takes_from_all", []),
        keeps=lane.get("keeps", []),
        inputs=sorted({*named, *(place.split("::")[0] for place in lane.get("tests", []))}),
    )
