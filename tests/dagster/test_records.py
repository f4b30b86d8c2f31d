"""Single records of a backup, from the command line: a sidecar, a review, and the live database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from odooops_dagster.cli import build_app
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, OdooOpsError
from odooops_dagster.model import Backup
from odooops_dagster.steps.records import SIDECAR_PREFIX, remove_sidecars, sidecar
from tests.dagster.productions import Shop, known_to_ops, shop
from tests.servers import PostgresServer


@pytest.fixture
def production(
    control: ControlPlane,
    worker_url: str,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shop]:
    """Yield a filled production that the command line finds."""
    with shop(control, postgres_server, tmp_path) as made:
        known_to_ops(monkeypatch, tmp_path, control_url=worker_url, server=postgres_server)
        yield made


def ops(*arguments: object, answer: str = "", status: int = 0) -> str:
    """Run the command and return what it printed for programs."""
    words = ["backup", "records", *map(str, arguments)]
    result = CliRunner().invoke(build_app(("backup",)), words, input=answer)
    if isinstance(result.exception, OdooOpsError):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.stdout


def compare(backup: Backup, out: Path, *tables: str) -> dict[str, object]:
    """Make the diff and return what the command said."""
    options = [word for table in tables for word in ("--table", table)]
    said: dict[str, object] = json.loads(ops("diff", backup.id, "shop", "main", *options, "--out", out, "--json"))
    return said


def sidecars(production: Shop) -> list[str]:
    """Return the sidecars that are there, databases and roles."""
    return [*production.databases.list(SIDECAR_PREFIX), *production.databases.roles(SIDECAR_PREFIX)]


def test_a_deleted_attachment_comes_back_with_its_file(production: Shop, tmp_path: Path) -> None:
    """The row, the file and a trace on the environment's record; the sidecar is gone by then."""
    name = production.data.attach(b"the contract")
    backup = production.back_up()
    production.data.execute("delete from ir_attachment where store_fname = %s", name)
    (production.data.folder / name).unlink()
    out = tmp_path / "review.jsonl"
    said = compare(backup, out, "ir_attachment", "sale_order:1,2")
    assert (said["insert"], said["update"], said["only_in_live"], said["dangling"]) == (1, 0, 0, 0)
    assert sidecars(production) == []
    assert json.loads(ops("apply", out, "--yes", "--json")) == {"inserted": 1, "updated": 0, "files": 1}
    assert (production.data.folder / name).read_bytes() == b"the contract"
    assert compare(backup, tmp_path / "again.jsonl", "ir_attachment")["insert"] == 0


def test_only_what_the_review_kept_is_written(production: Shop, tmp_path: Path) -> None:
    """The person took a line out, and was asked before anything happened."""
    backup = production.back_up()
    production.data.execute("update sale_order set note = 'spoilt' where id in (1, 2)")
    out = tmp_path / "review.jsonl"
    assert compare(backup, out, "sale_order")["update"] == 2
    out.write_text("".join(line + "\n" for line in out.read_text().splitlines() if '"2"' not in line))
    ops("apply", out, answer="n\n", status=1)
    assert compare(backup, tmp_path / "unchanged.jsonl", "sale_order")["update"] == 2
    assert "updated   1" in ops("apply", out, answer="y\n")
    again = tmp_path / "again.jsonl"
    assert compare(backup, again, "sale_order")["update"] == 1
    assert json.loads(again.read_text().splitlines()[1])["key"] == {"id": "2"}


def test_nothing_is_written_where_the_file_is_lost(production: Shop, tmp_path: Path) -> None:
    """Neither the row nor other files of the same review."""
    kept, lost = production.data.attach(b"kept"), production.data.attach(b"lost")
    (production.data.folder / lost).unlink()
    backup = production.back_up()
    production.data.execute("delete from ir_attachment where store_fname in (%s, %s)", kept, lost)
    (production.data.folder / kept).unlink()
    out = tmp_path / "review.jsonl"
    assert compare(backup, out, "ir_attachment")["insert"] == 2
    with pytest.raises(Conflict, match=f"the backup does not have {lost}"):
        ops("apply", out, "--yes")
    assert compare(backup, tmp_path / "again.jsonl", "ir_attachment")["insert"] == 2
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
    compare(backup, out, "sale_order:1")
    database = str(production.environment.database_name)
    out.write_text(out.read_text().replace(database, f"{database}_before"))
    with pytest.raises(Conflict, match="no longer has the database"):
        ops("apply", out, "--yes")


def test_a_run_that_replaces_the_database_goes_first(production: Shop, tmp_path: Path) -> None:
    """Rows written into the database that is about to go would be lost."""
    backup = production.back_up()
    production.data.execute("delete from sale_order where id = 1")
    out = tmp_path / "review.jsonl"
    compare(backup, out, "sale_order:1")
    production.control.backups.restore(backup.id, target_env="main")
    production.claim()
    with pytest.raises(Conflict, match=r"works on shop/main.*: restore"):
        ops("apply", out, "--yes")


def test_a_review_is_not_written_over_and_an_empty_one_not_applied(production: Shop, tmp_path: Path) -> None:
    """It is somebody's work."""
    backup = production.back_up()
    out = tmp_path / "review.jsonl"
    compare(backup, out, "sale_order:1")
    with pytest.raises(Conflict, match="is there already"):
        compare(backup, out, "sale_order:1")
    with pytest.raises(BadInput, match="keeps no record to write"):
        ops("apply", out, "--yes")


def test_the_sidecar_of_a_killed_diff_goes_after_a_day(production: Shop) -> None:
    """One that may still be in use stays, and nothing else of that kind is touched."""
    now = datetime.now(UTC)
    with sidecar(production.control, production.databases, now=now) as access:
        assert list(remove_sidecars(production.control, production.databases, now=now + timedelta(hours=20))) == []
        gone = list(remove_sidecars(production.control, production.databases, now=now + timedelta(hours=30)))
        assert gone == [f"sidecar {access.database}"]
        assert sidecars(production) == []
    assert production.databases.exists(str(production.environment.database_name))
