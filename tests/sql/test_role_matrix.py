"""Who may do what: every role acts on every table, view and function, and matrix.txt says what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from tests.servers import PostgresServer, as_user
from tests.sql.actors import PERSONAS, Actors
from tests.sql.everything import furnish
from tests.sql.matrix import (
    Cells,
    Scene,
    count_rows,
    expected,
    function_cells,
    functions,
    permission_cells,
    relation_cells,
    relations,
)
from tests.sql.world import Caller, World, connect

MEMBERS = {"viewer": "viewer", "member-dev": "developer", "admin": "admin", "owner": "owner"}
COLUMNS = {
    "ci": "ci_service_role",
    "qa": "qa_tester",
    "rm": "release_manager",
    "sre": "sre",
    "dev": "developer",
    "audit": "audit_reader",
}
# Who comes with a token, and who with a login of their own; the personas may do the same either way.
TOKENS = ("anon", "stranger", *MEMBERS, *COLUMNS, "service")
BY_LOGIN = " by login"
JOBS = {"gateway": "ops_gateway", "worker": "ops_worker", "operator": "ops_operator"}
LOGINS = (*JOBS, *(column + BY_LOGIN for column in COLUMNS))
# What belongs to no project.
GLOBAL = {
    "control_plane", "people", "person_aliases", "person_keys", "roles", "sealing_keys", "tool_changes", "tools", "upgrade_advisories",
    "v_people",
}  # fmt: skip


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def module_server(request: pytest.FixtureRequest) -> PostgresServer:
    """Return a server of each supported end of the range."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    found: PostgresServer = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="module")
def people() -> dict[str, UUID]:
    """Return the person of each column that is one."""
    return {name: uuid4() for name in ("stranger", *MEMBERS)}


@pytest.fixture(scope="module")
def scene(module_server: PostgresServer, people: dict[str, UUID]) -> Iterator[Scene]:
    """Yield our project with its members beside a foreign one; nobody leaves a trace in it."""
    with module_server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", module_server))
        yield set_scene(world, people)
        world.close()


def set_scene(world: World, people: dict[str, UUID]) -> Scene:
    """Return our project, whose members are these people, beside a foreign one."""
    mine = furnish(world, "mine")
    for name, role in MEMBERS.items():
        world.rows("insert into ops.project_memberships values (%s, %s, %s)", mine.project, people[name], role)
    world.rows("insert into ops.tools (name, version) values ('odoo', '19.0')")
    world.rows("insert into ops.upgrade_advisories (from_version, to_version) values ('19.0', '20.0')")
    person = world.value("select ops.create_person('Grace')")
    world.rows("select ops.add_person_alias(%s, 'grace@example.com', 'email')", person)
    world.rows("select ops.add_person_key(%s, repeat('0', 64), '-----BEGIN PUBLIC KEY-----')", person)
    ours = count_rows(world)
    theirs = furnish(world, "hushhush")
    return Scene(world=world, mine=mine, theirs=theirs, ours=ours, total=count_rows(world))


@pytest.fixture(scope="module")
def actors(scene: Scene) -> Iterator[Actors]:
    """Yield the way in."""
    actors = Actors(scene.world)
    yield actors
    actors.close()


@pytest.fixture(scope="module")
def login_urls(scene: Scene, module_server: PostgresServer) -> dict[str, str]:
    """Return the URL of each login of the platform."""
    return {name: as_user(scene.world.url, login, module_server) for name, login in JOBS.items()}


def enter(actors: Actors, people: dict[str, UUID], name: str, login_urls: dict[str, str] | None = None) -> Caller:
    """Return who stands at the head of a column."""
    if name in JOBS:
        return Caller(connect((login_urls or {})[name]))
    if name.endswith(BY_LOGIN):
        return actors.login(COLUMNS[name.removesuffix(BY_LOGIN)])
    if name in people:
        return actors.token("authenticated", sub=people[name])
    if name in COLUMNS:
        return actors.token(COLUMNS[name], sub=f"person-{name}")
    return actors.token({"service": "service_role"}.get(name, name))


BLOCKS: dict[str, Callable[[Caller, Scene], Cells]] = {
    "relations": relation_cells,
    "functions": function_cells,
    "permissions": permission_cells,
}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", [*TOKENS, *LOGINS])
def test_everybody_may_do_what_the_matrix_says_and_nothing_else(
    scene: Scene, actors: Actors, people: dict[str, UUID], login_urls: dict[str, str], name: str, block: str
) -> None:
    """Each cell is tried; an object that the matrix does not know fails every column."""
    caller = enter(actors, people, name, login_urls)
    assert BLOCKS[block](caller, scene) == expected(block)[name.removesuffix(BY_LOGIN)]
    caller.connection.close()


def test_the_foreign_project_has_a_row_in_everything_that_belongs_to_a_project(scene: Scene) -> None:
    """Otherwise own and all could not be told apart."""
    assert {name for name in relations(scene.world) if scene.total[name] == scene.ours[name]} == GLOBAL
    assert all(scene.ours.values())
    assert functions(scene.world)


def test_every_persona_has_a_column() -> None:
    """And every membership role."""
    assert set(COLUMNS.values()) == set(PERSONAS)
    for block in BLOCKS:
        assert list(expected(block)) == [*TOKENS[:-1], *JOBS, "service"]


# One grant or policy too many, whom it serves, and the cell that must show it.
OPENINGS = {
    "a table": (
        "grant select on ops.workers to authenticated; create policy x on ops.workers using (true)",
        "stranger", "relations", {"workers": "all"},
    ),
    "every row": (
        "create policy x on ops.runs for select to authenticated using (true)", "viewer", "relations", {"runs": "all"},
    ),
    "a foreign row": (
        "create policy x on ops.runs for select to authenticated using (kind = 'test')",
        "viewer", "relations", {"runs": "leak"},
    ),
    "a view": (
        "alter view ops.v_runs set (security_invoker = false)", "viewer", "relations", {"v_runs": "all"},
    ),
    "a column": (
        "grant update (reason) on ops.exceptions to sre; create policy x on ops.exceptions to sre using (true)",
        "sre", "relations", {"exceptions": "all+U"},
    ),
    "a deletion": (
        "create policy x on ops.workflows for delete to authenticated using (true)",
        "viewer", "relations", {"workflows": "own+d"},
    ),
    "a function": (
        "grant execute on function ops.renew_claim to authenticated", "stranger", "functions", {"renew_claim": "x"},
    ),
    "its owner's rights": (
        "alter function ops.get_run security definer", "stranger", "functions", {"get_run": "all"},
    ),
    "a permission": (
        "update ops.roles set permissions = permissions || '{promote}' where role = 'developer'",
        "dev", "permissions", {"promote": "all"},
    ),
}  # fmt: skip


@pytest.mark.mutant
@pytest.mark.parametrize("opening", OPENINGS)
def test_the_matrix_shows_what_is_opened_too_far(world: World, opening: str) -> None:
    """A cell changes for each."""
    statement, name, block, shown = OPENINGS[opening]
    people = {person: uuid4() for person in ("stranger", *MEMBERS)}
    scene, actors = set_scene(world, people), Actors(world)
    world.connection.execute(statement.encode())
    cells = BLOCKS[block](enter(actors, people, name), scene)
    assert shown.items() <= cells.items()
    assert not shown.items() <= expected(block)[name].items()
    actors.close()
