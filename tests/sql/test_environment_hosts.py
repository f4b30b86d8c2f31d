"""Each environment answers under a host name whose first label no other branch ever had."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from odooops_dagster.control.migrate import migrate
from tests.sql.world import World, connect, refused

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
BRANCHES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=100)
SLUGS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
HASH = r"-[0-9a-f]{8}"


def label(world: World, project: UUID, branch: str) -> str:
    """Return the label of the branch's environment, made now if there is none."""
    return str(world.value("select host_label from ops.ensure_environment(%s, %s)", project, branch))


def destroy(world: World, project: UUID, branch: str) -> None:
    """Destroy the branch's environment."""
    run = world.work(project, branch, p_kind="destroy")
    world.rows("select ops.record_destruction(%s, 1)", run)
    world.complete(run)


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        ("main", "main--shop"),
        ("feature/visits", "feature-visits--shop"),
        ("release/19.0", "release-19-0--shop"),
        ("Feature//X_1-", "feature-x-1--shop"),
        # Two characters before the dashes make a label of IDNA: xn-- would be read as Punycode.
        ("xn", f"xn{HASH}--shop"),
        ("qa", f"qa{HASH}--shop"),
        ("日本", f"branch{HASH}--shop"),
        ("x" * 80, f"{'x' * 22}{HASH}--shop"),
    ],
)
def test_a_label_can_be_read_and_typed(world: World, project: UUID, branch: str, expected: str) -> None:
    """Branch and project stand in it, as far as there is room."""
    assert re.fullmatch(expected, label(world, project, branch))


def test_branches_that_read_the_same_are_told_apart(world: World, project: UUID) -> None:
    """Who comes first has the readable one, for good: pages that a browser keeps are shown to no other branch."""
    first = label(world, project, "feature/visits")
    second = label(world, project, "feature-visits")
    assert first == "feature-visits--shop"
    assert re.fullmatch(f"feature-visits{HASH}--shop", second)
    destroy(world, project, "feature/visits")
    third = label(world, project, "Feature/Visits")
    assert third not in {first, second}
    assert label(world, project, "feature/visits") == first


def test_the_readable_label_of_the_default_branch_is_kept_for_it(world: World, project: UUID) -> None:
    """Nobody gets in before production by a branch that reads the same."""
    assert re.fullmatch(f"main{HASH}--shop", label(world, project, "MAIN"))
    assert label(world, project, "main") == "main--shop"


def test_projects_are_told_apart_by_the_first_two_dashes(world: World) -> None:
    """A branch's part has no two dashes, whatever the branch is called."""
    one, other = world.project("b"), world.project("x--b")
    assert label(world, other, "main") == "main--x--b"
    assert label(world, one, "main--x") == "main-x--b"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.tuples(SLUGS, BRANCHES), min_size=2, max_size=2, unique=True), hashed=st.booleans())
@example(names=[("a" * 63, "main"), ("a" * 62 + "b", "main")], hashed=False)
@example(names=[("shop", "a" * 99 + "1"), ("shop", "a" * 99 + "2")], hashed=False)
@example(names=[("shop", "feature/x"), ("shop", "feature-x")], hashed=True)
def test_every_branch_of_every_project_has_a_label(world: World, names: list[tuple[str, str]], hashed: bool) -> None:
    """One of DNS, of at most 63 characters; with its hash it is another branch's only by a collision of hashes."""
    query = "select ops_private.host_label(%s, %s, %s)"
    labels = [str(world.value(query, slug, branch, hashed)) for slug, branch in names]
    for made in labels:
        assert LABEL.fullmatch(made)
        assert "--" in made
        assert made[2:4] != "--"
    if hashed:
        assert labels[0] != labels[1]


def test_many_branches_that_read_the_same_get_labels_at_once(world: World, project: UUID) -> None:
    """Doors do not take turns: the table refuses a label twice, and who is refused chooses again."""
    spellings = ["a/b", "a-b", "a_b", "A/B", "a.b", "a b", "a//b", "-a/b", "a/b-", "a+b", "a,b", "a=b"]

    def one(branch: str) -> str:
        with connect(world.operator_url) as connection:
            query = "select host_label from ops.ensure_environment(%s, %s)"
            row = connection.execute(query, [project, branch]).fetchone()
            assert row is not None
            return str(row["host_label"])

    with ThreadPoolExecutor(len(spellings)) as pool:
        labels = list(pool.map(one, spellings))
    assert len(set(labels)) == len(spellings)
    assert "a-b--shop" in labels


def test_a_label_is_nobody_elses_even_by_hand(world: World, project: UUID) -> None:
    """The table refuses it, also where the environment that had it is destroyed."""
    label(world, project, "feature/a")
    label(world, project, "feature/b")
    destroy(world, project, "feature/a")
    with refused("23505"):
        world.rows("update ops.environments set host_label = 'feature-a--shop' where name = 'feature/b'")


def test_a_branch_for_which_no_label_is_left_is_refused(world: World, project: UUID) -> None:
    """It would share its sessions with another one."""
    label(world, project, "a")
    label(world, project, "b")
    taken = "update ops.environments set host_label = ops_private.host_label('shop', 'c', %s) where name = %s"
    world.rows(taken, False, "a")
    world.rows(taken, True, "b")
    with refused("PT409", "Every host name"):
        label(world, project, "c")


def test_environments_of_an_earlier_version_get_labels_by_the_same_rule(world: World, project: UUID) -> None:
    """The default branch first, then by age; each branch one for all its generations, and the port stays."""
    branches = ["MAIN", "feature/a", "feature-a", "xn", "release/19.0", "y" * 70]
    expected = {name: label(world, project, name) for name in branches}
    expected["main"] = label(world, project, "main")
    destroy(world, project, "feature/a")
    assert label(world, project, "feature/a") == expected["feature/a"]
    world.rows("update ops.environments set port = 20001 where name = 'main'")
    world.rows("drop view ops.v_environment_overview cascade")
    world.rows("alter table ops.environments drop column host_label")
    world.rows("delete from supabase_migrations.schema_migrations where version = '20260213000575'")
    migrate(world.url)
    rows = world.rows("select name, host_label, port from ops.environments")
    assert {row["name"]: row["host_label"] for row in rows} == expected
    assert len(rows) == len(expected) + 1
    assert [row["port"] for row in rows if row["name"] == "main"] == [20001]
