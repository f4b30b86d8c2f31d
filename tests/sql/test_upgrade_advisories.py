"""Upgrade advisories: who may import them, what a second import changes, and what each project sees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from tests.sql.world import World, refused

PAIR = "select * from ops.import_upgrade_advisories('19.0', '20.0', "
FIELD = {
    "kind": "field_removed",
    "severity": "critical",
    "module": "sale",
    "subject": "sale.order.line.tax_id",
    "summary": "It goes.",
}
MODULE = {
    "kind": "module_renamed",
    "severity": "info",
    "module": "a",
    "subject": "a",
    "replacement": "b",
    "summary": "a is b.",
}


def test_a_second_import_records_nothing_and_a_changed_one_replaces(world: World, project: UUID) -> None:
    """The former import stays on the record, its items go."""
    assert _import(world, [FIELD, MODULE])["number"] == 1
    again = _import(world, [FIELD, MODULE])
    assert (again["number"], again["is_new"], again["item_count"]) == (1, False, 2)
    assert (_import(world, [MODULE], sha256="b" * 64)["number"], _subjects(world)) == (2, ["a"])
    numbers = world.rows("select number, counts from ops.upgrade_advisory_sources order by number")
    assert [row["number"] for row in numbers] == [1, 2]
    row = world.row("select * from ops.v_upgrade_advisories where project_id = %s", project)
    assert (row["item_count"], row["breaking_changes"]) == (1, ["module renamed: 1 (openupgrade)"])
    assert row["severity"] == "critical", "what was once known to break is not forgotten silently"
    [source] = row["sources"]
    assert (source["name"], source["number"], source["own"]) == ("openupgrade", 2, False)


def test_what_people_wrote_in_the_pair_stays(world: World) -> None:
    """An import adds its own lines, and each guide once."""
    world.rows(
        "insert into ops.upgrade_advisories (from_version, to_version, breaking_changes, migration_guides)"
        """ values ('19.0', '20.0', '["by hand"]', '["https://a"]')"""
    )
    for sha256 in ("a" * 64, "b" * 64):
        _import(world, [FIELD], sha256=sha256, guides=["https://a", "https://b"])
    row = world.row("select * from ops.upgrade_advisories")
    assert row["breaking_changes"] == ["by hand", "field removed: 1 (openupgrade)"]
    assert row["migration_guides"] == ["https://a", "https://b"]


def test_an_admin_imports_for_the_project_and_others_do_not_see_it(world: World, project: UUID) -> None:
    """The platform alone imports for every project; the import has the admin's own name."""
    admin = world.person(world.member(project, "admin"))
    query = PAIR + "'own', repeat('a', 64), %s, p_project_id => %s, p_imported_by => 'somebody else')"
    assert admin.row(query, Jsonb([FIELD]), project)["is_new"]
    assert world.value("select imported_by from ops.upgrade_advisory_sources") != "somebody else"
    with refused("PT403", "every project"):
        admin.rows(query, Jsonb([FIELD]), None)
    other = world.project("other")
    stranger = world.person(world.member(other, "owner"))
    assert stranger.rows("select from ops.upgrade_advisory_items") == []
    assert stranger.value("select item_count from ops.v_upgrade_advisories") == 0
    developer = world.person(world.member(project, "developer"))
    assert developer.value("select item_count from ops.v_upgrade_advisories") == 1
    with refused("PT403"):
        developer.rows(query, Jsonb([FIELD]), project)
    with refused("PT404"):
        stranger.rows(query, Jsonb([FIELD]), project)


def test_nonsense_is_refused_with_its_reason(world: World) -> None:
    """Neither a way down nor an unknown kind comes in."""
    with refused("PT400", "no way up"):
        world.rows("select ops.import_upgrade_advisories('20.0', '19.0', 'x', repeat('a', 64), '[]')")
    with refused("PT400", "no list"):
        world.rows("select ops.import_upgrade_advisories('19.0', '20.0', 'x', repeat('a', 64), '{}')")
    for fault in ({"kind": "gone"}, {"summary": ""}, {"subject": None}):
        with refused("PT400", "cannot be recorded"):
            _import(world, [{**FIELD, **fault}])
    assert world.value("select count(*) from ops.upgrade_advisory_sources") == 0


def test_an_import_stays_on_the_record(world: World) -> None:
    """Nobody changes or deletes it, the owner of the schema included."""
    _import(world, [FIELD])
    for statement in ("update ops.upgrade_advisory_sources set number = 9", "delete from ops.upgrade_advisory_sources"):
        with refused("PT409", "append-only"):
            world.connection.execute(statement.encode())


def test_the_view_shows_what_the_newest_build_uses(world: World, project: UUID) -> None:
    """The check of the newest run counts."""
    _import(world, [FIELD])
    for possible in (5, 2):
        world.queue(project)
        (run,) = world.claim()
        world.start(run["id"])
        world.rows(
            "select ops.record_check(%s, 1, 'upgrade_advisories', false, false, '1 use', %s)",
            run["id"], Jsonb({"target": "20.0", "certain": 1, "possible": possible, "uses": [{"file": "a.py"}]}),
        )  # fmt: skip
        world.complete(run["id"])
    row = world.row("select * from ops.v_upgrade_advisories where project_id = %s", project)
    assert (row["target_version"], row["certain_uses"], row["possible_uses"]) == ("20.0", 1, 2)
    assert (row["matched_run_id"], row["uses"]) == (run["id"], [{"file": "a.py"}])


def _import(
    world: World, items: list[dict[str, Any]], *, sha256: str = "a" * 64, guides: list[str] | None = None
) -> dict[str, Any]:
    return world.row(
        PAIR + "'openupgrade', %s, %s, p_release => '1', p_guides => %s)", sha256, Jsonb(items), guides or []
    )


def _subjects(world: World) -> list[str]:
    return [row["subject"] for row in world.rows("select subject from ops.upgrade_advisory_items order by id")]
