"""Edge functions of agents before and after their tables make room: the codemod brings them along, and loses nothing."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from odooops_dagster.control.agents import renamed_objects
from odooops_dagster.control.migrate import migrate
from odooops_dagster.errors import NotFound
from tests.command_line import CommandLine
from tests.edge_functions import FUNCTIONS, NAMES, serving
from tests.sql.test_legacy import LEGACY, legacy_url
from tests.sql.world import connect

__all__ = ["legacy_url"]
AGENTS = ("ops-ingest", "executor")
SECRET = "of the agents"
# References in each, as the plan of the renaming counts them or more.
REFERENCES = {"ops-ingest": 5, "executor": 1}


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    """The functions as they were before the renaming."""
    folder = tmp_path / "functions"
    shutil.copytree(FUNCTIONS, folder)
    for name in AGENTS:
        path = folder / name / "index.ts"
        path.write_text(path.read_text().replace("ops.agent_", "ops."))
    return folder


def test_functions_go_on_after_the_codemod(
    legacy_url: str, functions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They work before the migration, fail after it, and work again, with every row that there was."""
    run = uuid4()
    works(legacy_url, functions, str(run), events=2)
    migrate(legacy_url)
    with serving("ops-ingest", folder=functions, **secrets(legacy_url)) as client:
        assert tell(client, {"run_id": str(uuid4()), "agent_id": "agent-7"}) == 500
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", legacy_url)
    ops = CommandLine("db")
    argv = ("db", "rename-agent-tables", "--functions", str(functions))
    assert "+    insert into ops.agent_runs" in ops(*argv, "--dry-run").stdout
    assert "ops.agent_" not in (functions / "executor" / "index.ts").read_text(), "nothing is written"
    told = {Path(row["path"]).parent.name: row["renamed"] for row in ops.json(*argv)}
    assert {name: told[name] >= count for name, count in REFERENCES.items()} == dict.fromkeys(AGENTS, True)
    for name in NAMES:  # the platform's own call functions of the same name as the agents', and keep them
        assert (functions / name / "index.ts").read_text() == (FUNCTIONS / name / "index.ts").read_text()
    assert ops.json(*argv) == [], "run again, it finds nothing"
    works(legacy_url, functions, str(run), events=2)
    with connect(legacy_url) as connection:
        count = connection.execute("select count(*) from ops.agent_run_events where run_id = %s", [run]).fetchone()
    assert count == {"count": 2}


def test_an_artifact_that_is_told_twice_or_at_once_is_written_once(legacy_url: str) -> None:
    """And one of the same address that another run has is its own."""
    migrate(legacy_url)
    runs = [{"run_id": str(uuid4()), "agent_id": "agent-7", "artifacts": [{"uri": "s3://b/a"}] * 2} for _ in range(2)]
    with serving("ops-ingest", folder=FUNCTIONS, **secrets(legacy_url)) as client, ThreadPoolExecutor(8) as pool:
        assert {*pool.map(lambda told: tell(client, told), runs * 8)} == {200}
    with connect(legacy_url) as connection:
        rows = connection.execute("select run_id::text from ops.agent_artifacts where uri = 's3://b/a'").fetchall()
    assert sorted(row["run_id"] for row in rows) == sorted(str(told["run_id"]) for told in runs)


def works(url: str, functions: Path, run: str, *, events: int) -> None:
    """Tell a run twice, and have it executed by one of two."""
    told = {
        "run_id": run,
        "agent_id": f"agent-{run}",
        "status": "pending",
        "metadata": {"model": "x"},
        "events": [{"idempotency_key": f"{run}/{number}", "message": "said"} for number in range(events)],
        "artifacts": [{"uri": "s3://b/a"}],
    }
    with serving("ops-ingest", folder=functions, **secrets(url)) as client:
        assert [tell(client, told), tell(client, told)] == [200, 200]
    with serving("executor", folder=functions, **secrets(url)) as client:
        answers = [
            client.post("/", json={"agent_id": f"agent-{run}"}, headers={"Authorization": f"Bearer {SECRET}"}).json()
            for _ in range(2)
        ]
        assert client.post("/", json={}, headers={"Authorization": "Bearer x"}).status_code == 401
    assert answers == [{"run": {"id": run, "metadata": {"model": "x"}}}, {"run": None}]


def tell(client: object, told: object) -> int:
    """Tell a run and return the status."""
    response = client.post("/", content=json.dumps(told), headers={"Authorization": f"Bearer {SECRET}"})  # type: ignore[attr-defined]
    return int(response.status_code)


def secrets(url: str) -> dict[str, str]:
    """Return the secrets of the agents' functions."""
    return {"OPS_AGENTS_DB_URL": url, "OPS_AGENTS_SECRET": SECRET}


def test_the_database_tells_what_it_renamed(legacy_url: str, url: str) -> None:
    """What kept its name is not among it; where nothing was, the hint says what to do."""
    with pytest.raises(NotFound, match="no tables of agents"):
        renamed_objects(url)
    migrate(legacy_url)
    names = renamed_objects(legacy_url)
    assert {"runs", "run_events", "run_logs", "run_usage", "artifacts", "append_event", "run_status"} <= set(names)
    assert not {"memory", "kpi_snapshots", "active_runs", "finish_agent"} & set(names)
    assert all(new == f"agent_{old}" for old, new in names.items())
    assert LEGACY
