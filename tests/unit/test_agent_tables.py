"""The codemod for the agents' renamed tables: what it renames, what it leaves alone, what it asks a person about."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.tools.agent_tables import changes, read, rewritten

NAMES = {name: f"agent_{name}" for name in ("runs", "run_events", "artifacts", "append_event")}

# before, after
RENAMED = [
    ("const q = 'select * from ops.runs where id = $1';", "const q = 'select * from ops.agent_runs where id = $1';"),
    (
        "await sql`update ops.runs set status = ${s} where id in (select run_id from ops . run_events)`;",
        "await sql`update ops.agent_runs set status = ${s} where id in (select run_id from ops . agent_run_events)`;",
    ),
    ('q("insert into \\"ops\\".\\"runs\\" values (1)");', 'q("insert into \\"ops\\".\\"agent_runs\\" values (1)");'),
    ("q('from x\\nwhere é = 1 and ops.runs');", "q('from x\\nwhere é = 1 and ops.agent_runs');"),
    ("q('insert into \"ops\".\"runs\" values (1)');", "q('insert into \"ops\".\"agent_runs\" values (1)');"),
    ("q('select ops.runs.id, OPS.RUNS.ticket from OPS.RUNS');",
     "q('select ops.agent_runs.id, OPS.agent_runs.ticket from OPS.agent_runs');"),
    ("const [r] = await sql<{ id: string; n: Map<string, number> }[]>`select * from ops.runs`;",
     "const [r] = await sql<{ id: string; n: Map<string, number> }[]>`select * from ops.agent_runs`;"),
    ("q('select ops.append_event($1)');", "q('select ops.agent_append_event($1)');"),
    ("await db.schema('ops').from('runs').select('*');", "await db.schema('ops').from('agent_runs').select('*');"),
    (
        "const db = createClient(url, key, { db: { schema: 'ops' } });\ndb.from(`runs`).insert({ 'é': 1 });",
        "const db = createClient(url, key, { db: { schema: 'ops' } });\ndb.from(`agent_runs`).insert({ 'é': 1 });",
    ),
    ("const ops = (await client()).schema(\"ops\"); ops.rpc('append_event', {});",
     "const ops = (await client()).schema(\"ops\"); ops.rpc('agent_append_event', {});"),
    (
        "y.schema('ops').from('runs').select('run_events(id),l:run_events!inner ( id )');",
        "y.schema('ops').from('agent_runs').select('run_events:agent_run_events(id),l:agent_run_events!inner ( id )');",
    ),
    (
        "db.channel('x').on('postgres_changes', { event: '*', schema: 'ops', table: 'runs' }, f);",
        "db.channel('x').on('postgres_changes', { event: '*', schema: 'ops', table: 'agent_runs' }, f);",
    ),
    (
        "type Run = Database['ops']['Tables']['runs']['Row'];",
        "type Run = Database['ops']['Tables']['agent_runs']['Row'];",
    ),
]  # fmt: skip
LEFT = [
    "// select * from ops.runs",
    "const ops = { runs: 1 }; ops.runs += 1;",
    "const url = 'https://ops.runs.example/ops.runs';",
    "q('select ops.runs_by_agent, devops.runs, ops.agent_runs, ops.running, ops.kpi_snapshots');",
    "db.schema('public').from('runs').select('run_events(*)');",
    "const db = createClient(url, key); db.from('runs').select();",
    "db.schema('ops').storage.from('runs').upload('a', b);",
    "Array.from('runs');",
    "db.schema('ops').from('other').eq('status', 'runs');",
    "f({ schema: 'public', table: 'runs' }); f({ table: 'runs' });",
    "type Run = Database['public']['Tables']['runs']['Row'];",
    "const say = 'runs'; const t = `runs ${say}`;",
]
ASKED = [
    ("export const f = (db: Client) => db.from('runs').select();", "comes from elsewhere"),
    ("import { db } from './db.ts';\nawait db.rpc('append_event');", "comes from elsewhere"),
    ("await sql.unsafe(`select * from ${schema}.runs`);", "put in at run time"),
    ("const x = ;\nq('select * from ops.runs');", "nothing is changed"),
]


@pytest.mark.parametrize(("before", "after"), RENAMED)
def test_what_names_a_renamed_object_is_renamed_once(before: str, after: str) -> None:
    """And a second time nothing."""
    once = renamed(before)
    assert once == after
    assert renamed(once) == once


def renamed(source: str, suffix: str = ".ts") -> str:
    """Return the program with new names; nothing of it is left to a person."""
    edits, doubts = read(source.encode(), suffix=suffix, names=NAMES)
    assert doubts == []
    return rewritten(source.encode(), edits).decode()


@pytest.mark.parametrize("source", LEFT)
def test_what_only_looks_like_it_is_left_alone(source: str) -> None:
    """Comments, other schemas, buckets, hosts, longer names, JavaScript's own objects."""
    assert renamed(source) == source


@pytest.mark.parametrize(("source", "reason"), ASKED)
def test_what_cannot_be_told_is_asked_and_not_changed(source: str, reason: str) -> None:
    """A person looks at it, by its line."""
    edits, (doubt,) = read(source.encode(), suffix=".ts", names=NAMES)
    assert edits == []
    assert reason in doubt.reason
    assert 1 <= doubt.line <= len(source.splitlines())


def test_react_and_generics_are_read_each_in_its_own_language(tmp_path: Path) -> None:
    """A cast in angle brackets is TypeScript, a tag is TSX; packages and links are left alone."""
    (tmp_path / "node_modules").mkdir()
    for name, source in {
        "cast.ts": "const r = <Run>await q('select 1 from ops.runs');",
        "page.tsx": "export const P = () => <p title={q('from ops.runs')}>ops.runs</p>;",
        "node_modules/a.js": "q('ops.runs')",
        "notes.md": "ops.runs",
    }.items():
        (tmp_path / name).write_text(source)
    (tmp_path / "link.ts").symlink_to(tmp_path / "cast.ts")
    found = changes(tmp_path, names=NAMES)
    assert [(change.path.name, change.count, change.doubts) for change in found] == [
        ("cast.ts", 1, ()),
        ("page.tsx", 1, ()),
    ]
    assert b"from ops.agent_runs')}>ops.runs</p>" in found[1].after
