"""Single records of a backup, from the command line: a comparison database, a review, and the live database."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import build_app
from odooops_dagster.doors.cli.records import queue_records
from odooops_dagster.errors import Conflict, OdooOpsError
from odooops_dagster.home import COMPARISON_PREFIX
from odooops_dagster.model import Backup, Fence, Run, RunKind
from odooops_dagster.steps.recovery import rows_apply
from odooops_dagster.steps.recovery.rows import comparison_database, remove_comparison_databases
from odooops_dagster.steps.recovery.rows_apply import remove_old_reviews
from odooops_dagster.tools.row_restore.apply import Applied
from odooops_dagster.tools.row_restore.apply import apply as written
from odooops_dagster.tools.row_restore.review import Change, Header, Review
from tests.dagster.commands import Answer, Meanwhile, typed, work_off
from tests.dagster.productions import Shop, known_to_ops, shop
from tests.servers import PostgresServer

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def production(
    control: ControlPlane,
    operator_url: str,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    """Yield a filled production that the command line finds."""
    with shop(control, postgres_server, tmp_path) as made:
        known_to_ops(monkeypatch, tmp_path, control_url=operator_url, server=postgres_server)
        yield made


def ops(*arguments: object, answer: str = "", status: int = 0) -> str:
    """Run the command and return what it printed for programs."""
    words = ["backup", "records", *map(str, arguments)]
    result = CliRunner().invoke(build_app(("backup",)), words, input=answer)
    if isinstance(result.exception, OdooOpsError):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.stdout


def apply(production: Shop, file: Path, *options: str, answer: str = "", meanwhile: Meanwhile = work_off) -> Answer:
    """Let a person apply the review, and the platform work meanwhile."""
    return typed(production, "backup", "records", "apply", file, *options, answer=answer, meanwhile=meanwhile)


def compare(production: Shop, backup: Backup, out: Path, *tables: str) -> dict[str, object]:
    """Make the diff and return what the command said."""
    options = [word for table in tables for word in ("--table", table)]
    done = typed(production, "backup", "records", "diff", backup.id, "shop", "main", *options, "--out", out, "--json")
    assert done.status == 0, done
    said: dict[str, object] = done.json
    return said


def reviews(production: Shop) -> list[str]:
    """Return the keys of the reviews that the store holds."""
    return [found.key for found in production.store.list("reviews/")]


def rows_of(production: Shop, source: str) -> int:
    """Return how many rows production has there."""
    with psycopg.connect(production.data.url) as connection:
        [row] = connection.execute(f"select count(*) from {source}".encode()).fetchall()
        return int(row[0])


def comparison_databases(production: Shop) -> list[str]:
    """Return the comparison databases that are there, databases and roles."""
    return [*production.databases.list(COMPARISON_PREFIX), *production.databases.roles(COMPARISON_PREFIX)]


def test_a_deleted_attachment_comes_back_with_its_file(production: Shop, tmp_path: Path) -> None:
    """The row, the file and a trace on the environment's record; the comparison database is gone by then."""
    name = production.data.attach(b"the contract")
    backup = production.back_up()
    production.data.execute("delete from ir_attachment where store_fname = %s", name)
    (production.data.folder / name).unlink()
    out = tmp_path / "review.jsonl"
    said = compare(production, backup, out, "ir_attachment", "sale_order:1,2")
    assert (said["insert"], said["update"], said["only_in_live"], said["dangling"]) == (1, 0, 0, 0)
    assert comparison_databases(production) == []
    done = apply(production, out, "--yes", "--json")
    assert done.status == 0, done
    assert done.json == {"run": "shop#4", "inserted": 1, "updated": 0, "files": 1}
    assert "queued shop#4: 1 record(s) into shop/main" in done.said
    assert reviews(production) == []
    assert (production.data.folder / name).read_bytes() == b"the contract"
    assert compare(production, backup, tmp_path / "again.jsonl", "ir_attachment")["insert"] == 0


def test_only_what_the_review_kept_is_written(production: Shop, tmp_path: Path) -> None:
    """The person took a line out, and was asked before anything happened."""
    backup = production.back_up()
    production.data.execute("update sale_order set note = 'spoilt' where id in (1, 2)")
    out = tmp_path / "review.jsonl"
    assert compare(production, backup, out, "sale_order")["update"] == 2
    out.write_text("".join(line + "\n" for line in out.read_text().splitlines() if '"2"' not in line))
    assert apply(production, out, answer="n\n").status == 1
    assert compare(production, backup, tmp_path / "unchanged.jsonl", "sale_order")["update"] == 2
    assert "updated   1" in apply(production, out, answer="y\n").out
    again = tmp_path / "again.jsonl"
    assert compare(production, backup, again, "sale_order")["update"] == 1
    assert json.loads(again.read_text().splitlines()[1])["key"] == {"id": "2"}


def test_nothing_is_written_where_the_file_is_lost(production: Shop, tmp_path: Path) -> None:
    """Neither the row nor other files of the same review."""
    kept, lost = production.data.attach(b"kept"), production.data.attach(b"lost")
    (production.data.folder / lost).unlink()
    backup = production.back_up()
    production.data.execute("delete from ir_attachment where store_fname in (%s, %s)", kept, lost)
    (production.data.folder / kept).unlink()
    out = tmp_path / "review.jsonl"
    assert compare(production, backup, out, "ir_attachment")["insert"] == 2
    done = apply(production, out, "--yes")
    assert done.status == 1
    assert f"failed: the backup does not have {lost}" in done.said
    assert reviews(production) == []
    assert compare(production, backup, tmp_path / "again.jsonl", "ir_attachment")["insert"] == 2
    assert not (production.data.folder / kept).exists()
    assert [path.name for path in production.data.folder.parent.iterdir() if path.name.startswith(".")] == []


def test_records_go_nowhere_but_where_they_came_from(production: Shop, tmp_path: Path) -> None:
    """Production's rows do not reach another environment in this way, nor a database that came after the diff."""
    backup = production.back_up()
    production.control.environments.ensure(production.project.id, branch="feature/x")
    with pytest.raises(Conflict, match="is not of shop/feature"):
        ops("diff", backup.id, "shop", "feature/x", "--table", "sale_order", "--out", tmp_path / "out")
    production.data.execute("delete from sale_order where id = 1")
    out = tmp_path / "review.jsonl"
    compare(production, backup, out, "sale_order:1")
    database = str(production.environment.database_name)
    out.write_text(out.read_text().replace(database, f"{database}_before"))
    done = apply(production, out, "--yes")
    assert done.status == 1
    assert "no longer has the database" in done.said


def test_a_run_that_replaces_the_database_goes_first(production: Shop, tmp_path: Path) -> None:
    """Rows written into the database that is about to go would be lost: the records wait, and then are refused."""
    backup = production.back_up()
    production.data.execute("delete from sale_order where id = 1")
    out = tmp_path / "review.jsonl"
    compare(production, backup, out, "sale_order:1")
    production.control.backups.restore(backup.id, target_env="main")
    restoring = production.claim()
    swapped: list[str] = []

    def finish_first(shop: Shop) -> None:
        if not swapped and [row for row in shop.control.runs.queued() if row["kind"] == "restore"]:
            assert shop.control.runs.claim("another") == []
            swapped.append(swap(shop, restoring))
        if swapped:
            work_off(shop)

    done = apply(production, out, "--yes", meanwhile=finish_first)
    assert done.status == 1
    assert f"no longer has the database {production.environment.database_name} of the diff" in done.said


def swap(production: Shop, run: Run) -> str:
    """Let the run of a restore end with another database, as its step records it."""
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id=str(run.claimed_by))
    production.control.runs.start(fence)
    production.control.backups.start_restore(fence)
    production.control.backups.swap(
        fence,
        keep_previous_until=datetime.now(UTC) + timedelta(hours=1),
        report={},
        url="http://127.0.0.1:8069/",
        port=8069,
        database_name="restored",
        image_digest="sha256:0",
        git_sha="a" * 40,
        expires_at=None,
    )
    production.control.runs.complete(fence, exit_code=0)
    return "restored"


@pytest.mark.parametrize("kind", ["restore", "destroy"])
def test_no_other_run_begins_while_records_are_written(
    production: Shop, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: RunKind
) -> None:
    """What waits for the environment is claimed only when the rows are in it: no swap comes in between."""
    backup = production.back_up()
    production.data.execute("delete from sale_order where id = 1")
    out = tmp_path / "review.jsonl"
    compare(production, backup, out, "sale_order:1")
    claimed: list[Run] = []

    def write(*arguments: Any, **options: Any) -> Applied:  # noqa: ANN401 - passed on as they are
        wait_for_others(production, database, kind)
        claimed.extend(production.control.runs.claim("another"))
        return written(*arguments, **options)

    def work_once(shop: Shop) -> None:
        if shop.control.runs.list(status="succeeded")[0].kind != "restore":
            work_off(shop)

    monkeypatch.setattr(rows_apply, "apply", write)
    assert apply(production, out, "--yes", meanwhile=work_once).status == 0
    assert claimed == []
    assert rows_of(production, "sale_order where id = 1") == 1


def wait_for_others(production: Shop, owner_url: str, kind: RunKind) -> None:
    """Queue a run that changes the environment, past the doors that would refuse some."""
    with psycopg.connect(owner_url) as owner:
        owner.execute("set session_replication_role = replica")
        run_id = production.control.runs.queue(production.project.id, env="main", git_sha=None, ref=None, kind="backup")
        owner.execute("update ops.runs set kind = %s where id = %s", [kind, run_id])


def test_an_adopted_production_is_refused_at_the_door(production: Shop, database: str, tmp_path: Path) -> None:
    """Nothing is queued, and the review does not stay in the store."""
    backup = production.back_up()
    production.data.execute("delete from sale_order where id = 1")
    out = tmp_path / "review.jsonl"
    compare(production, backup, out, "sale_order:1")
    with psycopg.connect(database) as owner:
        owner.execute(
            "update ops.environments set is_adopted = true, status = 'adopted', url = null, port = null,"
            " database_name = null, image_digest = null, deployed_sha = null, deployed_run_id = null"
        )
    done = apply(production, out, "--yes")
    assert done.status == 1
    assert "is adopted" in done.said
    assert [run.kind for run in production.control.runs.list()] == ["compare", "backup", "deploy"]
    assert reviews(production) == []


def test_a_review_of_production_is_sealed_in_the_store(production: Shop) -> None:
    """With a key, nobody who reads the store alone learns a value; the run's config holds none either."""
    secret = "a customer's secret"
    production.data.execute("update sale_order set note = %s where id = 1", secret)
    sealed = replace(production, settings=production.settings.model_copy(update={"backup_key": SecretStr(KEY)}))
    environment = production.environment
    header = Header(
        backup_id=str(uuid4()), taken_at="", environment="shop/main", database="x", made_at="", tables=("sale_order",)
    )
    change = Change(kind="insert", table="sale_order", key={"id": "1"}, values={"id": "1", "note": secret})
    review = Review(header=header, changes=(change,))
    run = queue_records(production.control, sealed.repository, environment, review)
    kept = reviews(production)
    assert len(kept) == 1
    assert secret.encode() not in production.store.get(kept[0])
    assert secret not in json.dumps(dict(run.config), default=str)
    assert run.max_attempts == 1
    later = datetime.now(UTC) + timedelta(days=8)
    assert remove_old_reviews(production.control, production.store, now=later) == []
    production.control.runs.cancel(run.id, reason="test", requested_by="ada")
    assert remove_old_reviews(production.control, production.store, now=later) == kept


def test_a_review_is_not_written_over_and_an_empty_one_not_applied(production: Shop, tmp_path: Path) -> None:
    """It is somebody's work."""
    backup = production.back_up()
    out = tmp_path / "review.jsonl"
    compare(production, backup, out, "sale_order:1")
    queued = len(production.control.runs.list())
    with pytest.raises(Conflict, match="is there already"):
        ops("diff", backup.id, "shop", "main", "--table", "sale_order:1", "--out", out)
    assert len(production.control.runs.list()) == queued
    done = apply(production, out, "--yes")
    assert done.status == 1
    assert "keeps no record to write" in done.said


def removed(production: Shop, *, now: datetime) -> list[str]:
    """Return what was removed at that time."""
    return list(remove_comparison_databases(production.control, production.databases, now=now))


def test_the_comparison_database_of_a_killed_diff_goes_after_a_day(production: Shop) -> None:
    """One that may still be in use stays, and nothing else of that kind is touched."""
    now = datetime.now(UTC)
    with comparison_database(production.control, production.databases, now=now) as access:
        assert removed(production, now=now + timedelta(hours=20)) == []
        assert removed(production, now=now + timedelta(hours=30)) == [f"comparison database {access.database}"]
        assert comparison_databases(production) == []
    assert production.databases.exists(str(production.environment.database_name))
