"""What a step reports, as Dagster shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dagster as dg

from assets.report import rendered
from odooops_dagster.model import Table

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def shown(**values: object) -> dict[str, dg.MetadataValue[Any]]:
    """Return the metadata of a materialisation with these values."""

    @dg.asset
    def thing() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=rendered(values))

    result = dg.materialize([thing])
    [made] = result.asset_materializations_for_node("thing")
    return {name: value for name, value in made.metadata.items() if name in values}


def test_a_table_a_time_and_a_url_have_a_form_of_their_own() -> None:
    """Dagster has no rule of its own for them."""
    seen = shown(
        modules=Table.of([{"module": "shop", "own": True, "at": NOON}, {"module": "base", "own": False, "at": None}]),
        taken_at=NOON,
        url="https://shop.example",
    )
    table = seen["modules"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [column.name for column in table.schema.columns] == ["module", "own", "at"]
    assert [dict(record.data) for record in table.records] == [
        {"module": "shop", "own": True, "at": str(NOON)},
        {"module": "base", "own": False, "at": "None"},
    ]
    assert seen["taken_at"] == dg.MetadataValue.timestamp(NOON)
    assert seen["url"] == dg.MetadataValue.url("https://shop.example")


def test_dagster_shows_plain_values_by_their_type() -> None:
    """Also those of types that it does not take itself: other mappings, and tuples."""
    assert shown(
        passed=True,
        count=3,
        seconds=0.5,
        name="shop",
        path=Path("/srv/shop"),
        versions={"base": "1"},
        frozen=MappingProxyType({"a": 1}),
        names=["x"],
        pair=("x", "y"),
    ) == {
        "passed": dg.MetadataValue.bool(True),
        "count": dg.MetadataValue.int(3),
        "seconds": dg.MetadataValue.float(0.5),
        "name": dg.MetadataValue.text("shop"),
        "path": dg.MetadataValue.path("/srv/shop"),
        "versions": dg.MetadataValue.json({"base": "1"}),
        "frozen": dg.MetadataValue.json({"a": 1}),
        "names": dg.MetadataValue.json(["x"]),
        "pair": dg.MetadataValue.json(["x", "y"]),
    }


def test_what_is_not_there_is_not_shown() -> None:
    """Neither a missing value nor a table without rows."""
    assert shown(data=None, masked=Table.of([])) == {}
