"""Finds out, by acting, what a caller may do with each object of the schema: the cells of matrix.txt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.sql.everything import AUTHOR, Everything
from tests.sql.matrix_calls import CALLS
from tests.sql.world import Caller, World

MATRIX = Path(__file__).with_name("matrix.txt")
Cells = dict[str, str]

# Inserts that the table takes from whoever may; all other tables are asked for a row of defaults.
INSERTS = {
    "project_memberships": (
        "insert into ops.project_memberships (project_id, user_id, role)"
        " values (%(project)s, gen_random_uuid(), 'viewer') returning project_id::text"
    ),
    "workflows": (
        "insert into ops.workflows (project_id, name, workflow_type) values (%(project)s, 'new', 'test')"
        " returning project_id::text"
    ),
    "approvals": (
        "insert into ops.approvals (release_id, gate_id, gate_code, approver_id, persona_role, decision,"
        " release_author) select %(release)s, g.id, g.gate_code, ops.caller_id(), p.persona, 'approved', %(author)s"
        " from ops.release_gates g join (values ('G2', 'qa_tester'), ('G3', 'release_manager')) as p (code, persona)"
        " on p.code = g.gate_code::text and p.persona = any (ops.caller_personas())"
        " where g.release_id = %(release)s returning release_id::text"
    ),
    "tools": "insert into ops.tools (name, version) values ('new', '1') returning name",
    "upgrade_advisories": (
        "insert into ops.upgrade_advisories (from_version, to_version) values ('1', '2') returning id::text"
    ),
}
# Rows that may go: a project keeps its owner.
DELETES = {
    "project_memberships": "delete from ops.project_memberships t where role = 'viewer' returning to_jsonb(t)",
    # the record of an import stays, and its pair with it
    "upgrade_advisories": "delete from ops.upgrade_advisories t where to_version = '20.0' returning to_jsonb(t)",
}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is there: our project, a foreign one, and how many rows each relation has of ours and of both."""

    world: World
    mine: Everything
    theirs: Everything
    ours: dict[str, int]
    total: dict[str, int]


def expected(block: str) -> dict[str, Cells]:
    """Return matrix.txt's answers of a block, by role and object."""
    text = MATRIX.read_text("utf-8").split(f"[{block}]\n", 1)[1].split("\n[", 1)[0]
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    header, rows = lines[0], lines[1:]
    assert all(len(row) == len(header) + 1 for row in rows), "every row has a cell for every role"
    assert len({row[0] for row in rows}) == len(rows), "every object has one row"
    return {role: {row[0]: row[place + 1] for row in rows} for place, role in enumerate(header)}


def relations(world: World) -> list[str]:
    """Return every table and view; partitions, which change by the month, are tested by themselves."""
    query = (
        "select relname from pg_class where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
        " and not relispartition"
    )
    return sorted(row["relname"] for row in world.rows(query))


def count_rows(world: World) -> dict[str, int]:
    """Return how many rows each relation has."""
    return {name: world.connection.execute(_all(name)).rowcount for name in relations(world)}


def relation_cells(caller: Caller, scene: Scene) -> Cells:
    """Return what the caller sees of each relation and which writes work."""
    return {name: relation_cell(caller, scene, name) for name in relations(scene.world)}


def relation_cell(caller: Caller, scene: Scene, name: str) -> str:
    """Return `-`, none, own or all, then the writes: small where they reach our project only."""
    letters = "".join(
        _reach(caller, scene, statements, letter)
        for letter, statements in (("i", _inserts(scene, name)), ("u", _updates(scene, name)), ("d", _deletes(name)))
    )
    return _sight(caller, scene, name) + (f"+{letters}" if letters else "")


def _sight(caller: Caller, scene: Scene, name: str) -> str:
    try:
        seen = [str(row) for row in caller.connection.execute(_all(name)).fetchall()]
    except psycopg.errors.InsufficientPrivilege:
        return "-"
    if len(seen) == scene.total[name] > 0:
        return "all"
    if any(word in row for row in seen for word in scene.theirs.words()):
        return "leak"
    return {0: "none", scene.ours[name]: "own"}.get(len(seen), f"{len(seen)}-rows")


def _all(name: str) -> bytes:
    return f"select to_jsonb(t)::text as row from ops.{name} t".encode()


Statement = tuple[str, dict[str, object]]


def _inserts(scene: Scene, name: str) -> list[Statement]:
    if name not in INSERTS:
        return [(f"insert into ops.{name} default values", {})]
    return [
        (INSERTS[name], {"project": place.project, "release": place.release, "author": AUTHOR})
        for place in (scene.mine, scene.theirs)
    ]


def _updates(scene: Scene, name: str) -> list[Statement]:
    query = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
    columns = [row["attname"] for row in scene.world.rows(query, f"ops.{name}")]
    same = {column: f'"{column}"' for column in columns}
    if name not in INSERTS:  # nobody may: the value is of no matter, and no column may be forgotten
        same = dict.fromkeys(columns, "default")
    text = 'update ops.{} t set "{}" = {} returning to_jsonb(t)'
    return [(text.format(name, column, value), {}) for column, value in same.items()]


def _deletes(name: str) -> list[Statement]:
    return [(DELETES.get(name, f"delete from ops.{name} t returning to_jsonb(t)"), {})]


def _reach(caller: Caller, scene: Scene, statements: list[Statement], letter: str) -> str:
    """Return the letter where one of the statements changed a row, large where it changed one that is not ours."""
    changed = [row for text, values in statements for row in _changed(caller, text, values)]
    if not changed:
        return ""
    is_ours = any(word in row for row in changed for word in scene.mine.words())
    is_theirs = any(word in row for row in changed for word in scene.theirs.words())
    return letter if is_ours and not is_theirs else letter.upper()


def _changed(caller: Caller, text: str, values: dict[str, object]) -> list[str]:
    """Return the rows that the statement changed, which is taken back; what is not allowed changes none."""
    try:
        with caller.connection.transaction(force_rollback=True):
            return [str(row) for row in caller.connection.execute(text.encode(), values).fetchall()]
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
        return []  # the latter says that nobody can write through the view
    except psycopg.Error as error:
        return [str(error.sqlstate)]  # allowed, and stopped by another rule


def functions(world: World) -> dict[str, str]:
    """Return every function with a call of it that gives it nothing."""
    query = (
        "select p.pronamespace::regnamespace::text as schema, p.proname,"
        " array_to_string(array(select format('null::%%s', t.type::regtype)"
        " from unnest(p.proargtypes) with ordinality as t (type, place) order by t.place), ', ') as nulls"
        " from pg_proc p where pronamespace in ('ops'::regnamespace, 'ops_private'::regnamespace)"
    )
    return {row["proname"]: f"select {row['schema']}.{row['proname']}({row['nulls']})" for row in world.rows(query)}


def function_cells(caller: Caller, scene: Scene) -> Cells:
    """Return what each function answers the caller."""
    asked = {key.partition(":")[0] for key in CALLS}
    cells = {
        name: _may_execute(caller, name, call) for name, call in functions(scene.world).items() if name not in asked
    }
    return cells | {key: _answers(caller, scene, key) for key in CALLS}


def permission_cells(caller: Caller, scene: Scene) -> Cells:
    """Return for each permission where the caller has it."""
    query = "select distinct unnest(permissions) as name from ops.roles"
    text = "select where ops.has_permission(%(project)s, %(permission)s)"
    asked = {
        row["name"]: [
            _answer(caller, text, {"project": place.project, "permission": row["name"]})
            for place in (scene.mine, scene.theirs)
        ]
        for row in scene.world.rows(query)
    }
    return {name: _word(answers, "has_permission") for name, answers in asked.items()}


def _may_execute(caller: Caller, name: str, call: str) -> str:
    return "-" if _is_closed(_answer(caller, call, {}), name) else "x"


def _answers(caller: Caller, scene: Scene, key: str) -> str:
    """Return one word for what the caller is told of our project and of the foreign one."""
    answers = [_answer(caller, CALLS[key], {**vars(place), "author": AUTHOR}) for place in (scene.mine, scene.theirs)]
    return _word(answers, key.partition(":")[0])


def _word(answers: list[str], function: str) -> str:
    if _is_closed(answers[0], function):
        return "-"
    short = [STATES.get(answer[:5], answer.split(":")[0]) for answer in answers]
    return WORDS.get((short[0], short[1]), "/".join(answers).replace(" ", "_"))


# Who is told that the state of things, or a value, forbids it was not told to go away.
STATES = {"PT409": "rows", "PT400": "rows"}
WORDS = {
    ("rows", "rows"): "all",
    ("rows", "none"): "own",
    ("rows", "PT404"): "own",
    ("none", "none"): "none",
    ("PT404", "PT404"): "404",
    ("PT403", "PT404"): "403",
    ("PT403", "PT403"): "403",
}


def _answer(caller: Caller, text: str, values: dict[str, object]) -> str:
    """Return `rows`, `none`, or the refusal; whatever was done is taken back."""
    try:
        with caller.connection.transaction(force_rollback=True):
            return "rows" if caller.connection.execute(text.encode(), values).fetchall() else "none"
    except (psycopg.errors.SyntaxError, psycopg.errors.UndefinedFunction):
        raise  # the call is wrong
    except psycopg.Error as error:
        return f"{error.sqlstate}:{error.diag.message_primary}"


def _is_closed(answer: str, name: str) -> bool:
    schemas = ("42501:permission denied for schema ops", "42501:permission denied for schema ops_private")
    return answer in (f"42501:permission denied for function {name}", *schemas)
