"""`ops backup` on a real control plane, a real production and a real store."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import BadInput, Conflict, NotFound, OdooOpsError
from odooops_dagster.model import Backup, Run
from odooops_dagster.tools.backup.quarantine import quarantined
from odooops_dagster.tools.backup.repositories import manifest_key
from tests.dagster.commands import ROOT, Answer, typed, work_off
from tests.dagster.productions import Shop, shop
from tests.json_forms import as_published
from tests.ops import Ops as Processes
from tests.servers import PostgresServer


class Ops:
    """The command line, as a person types it."""

    def __init__(self) -> None:
        self.app = build_app(("backup",))

    def __call__(self, *arguments: str, answer: str = "", status: int = 0) -> Result:
        """Run the command; it must end with this status."""
        result = CliRunner().invoke(self.app, ["backup", *arguments], input=answer)
        if isinstance(result.exception, OdooOpsError):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    def json(self, *arguments: str, status: int = 0) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run the command with --json and return the value."""
        return as_published(("backup", *arguments), self(*arguments, "--json", status=status).stdout)


@pytest.fixture
def ops(operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ops:
    """The command line over the test's database and state folder."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "ada")
    return Ops()


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Shop]:
    """A filled production."""
    with shop(control, postgres_server, tmp_path) as made:
        yield made


@pytest.fixture
def made(production: Shop) -> Backup:
    """A verified backup of it."""
    return production.back_up(label="before the fair")


def test_a_backup_is_asked_for_by_whom_and_what_for(ops: Ops, production: Shop) -> None:
    """The run waits in the queue under the person's name; the same key asks for nothing new."""
    asked = ops.json("create", "shop", "main", "--label", "before the fair", "--key", "k")
    assert (asked["status"], asked["label"], asked["env"]) == ("pending", "before the fair", "shop/main")
    assert ops.json("create", "shop", "main", "--label", "before the fair", "--key", "k")["id"] == asked["id"]
    [run] = production.control.runs.list("shop", status="queued")
    assert (run.kind, run.trigger, run.requested_by) == ("backup", "cli", "ada")


@pytest.mark.usefixtures("production")
def test_a_backup_of_what_is_not_there_names_what_is(ops: Ops) -> None:
    """The hint lists the environments."""
    with pytest.raises(NotFound, match="has no environment for feature/y") as caught:
        ops("create", "shop", "feature/y")
    assert "main" in str(caught.value.hint)


def test_waiting_shows_the_work_and_how_it_ended(production: Shop, operator_url: str, tmp_path: Path) -> None:
    """The command ends with the run: 0 for a good backup, and its row is what is printed."""
    processes = Processes(tmp_path)
    done: list[Any] = []
    waiting = threading.Thread(
        target=lambda: done.append(
            processes.run("backup", "create", "shop", "main", "--wait", "--json", ODOOOPS_DATABASE_URL=operator_url)
        )
    )
    waiting.start()
    while not production.control.runs.peek(1):
        assert waiting.is_alive(), done
        waiting.join(0.1)
    run = production.claim()
    production.execute(run)
    waiting.join(60)
    [ended] = done
    assert ended.returncode == 0, ended.stderr
    assert f"run shop#{run.run_number} succeeded" in ended.stderr
    assert json.loads(ended.stdout)["status"] == "verified"


def test_the_logs_of_a_backup_are_listed_printed_and_written(
    ops: Ops, production: Shop, database: str, tmp_path: Path
) -> None:
    """One by name, or all below a folder; what is there already stays, and the environment's record says who read."""
    folder = names.environment_folder(production.settings.home, production.environment) / "logs"
    folder.mkdir(parents=True)
    (folder / "env-1.log").write_text("hello\n" * 1000)
    made = production.back_up()
    assert "odoo/env-1.log  6.0 kB" in ops("logs", str(made.id)).stdout
    assert ops.json("logs", str(made.id)) == [{"name": "odoo/env-1.log", "size": 6000}]
    assert ops("logs", str(made.id), "odoo/env-1.log").stdout == "hello\n" * 1000
    ops("logs", str(made.id), "--out", str(tmp_path / "out"))
    assert (tmp_path / "out" / "odoo" / "env-1.log").read_text() == "hello\n" * 1000
    with pytest.raises(Conflict, match=r"env-1.log is there already"):
        ops("logs", str(made.id), "--out", str(tmp_path / "out"))
    with pytest.raises(NotFound, match="holds no log odoo/other") as caught:
        ops("logs", str(made.id), "odoo/other.log")
    assert "odoo/env-1.log" in str(caught.value.hint)
    with psycopg.connect(database) as connection:
        told = connection.execute(
            "select event, payload from ops.environment_events where environment <> 'project' order by id"
        ).fetchall()
    assert [event for event, _ in told] == ["backup_logs_read"] * len(told)
    assert told[0][1]["rationale_structured"] == {
        "backup_id": str(made.id), "requested_by": "ada", "log": "odoo/env-1.log"
    }  # fmt: skip


def test_the_list_shows_what_could_be_brought_back(ops: Ops, made: Backup) -> None:
    """Id, environment, state, label, moment, sizes and age, in words and for programs."""
    shown = ops("list").stdout
    head, row = shown.splitlines()[:2]
    assert head.split() == ["id", "env", "status", "label", "taken", "size", "stored", "age"]
    assert str(made.id) in row
    assert re.search(r"shop/main +verified +before the fair .+ kB +[\d.]+ kB +\d+ min", row)
    [entry] = ops.json("list", "shop")
    assert (entry["id"], entry["env"], entry["size_bytes"]) == (str(made.id), "shop/main", made.size_bytes)
    assert ops.json("list", "--status", "failed") == []
    with pytest.raises(NotFound):
        ops("list", "none")


def test_a_backup_is_shown_with_its_checks_by_the_beginning_of_its_id(ops: Ops, made: Backup) -> None:
    """Eight letters do; too few, or none of a backup, do not."""
    shown = ops.json("show", str(made.id)[:8])
    assert (shown["id"], shown["run"].partition("#")[0]) == (str(made.id), "shop")
    assert {check["name"] for check in shown["checks"]} == {
        "backup_verified",
        "filestore_complete",
        "attachments_elsewhere",
        "left_out",
    }
    assert "backup_verified" in ops("show", str(made.id)).stdout
    for unknown in (str(made.id)[:2], "zzzzzzzz", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound):
            ops("show", unknown)


@pytest.fixture
def typing(production: Shop, ops: Ops, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Typing:
    """A person who types commands that a run carries out."""
    assert ops.app
    monkeypatch.setenv("ODOOOPS_ODOO_DATABASE_URL", postgres_server.url("postgres"))
    return Typing(production)


class Typing:
    """Types commands that queue a run, while the platform works with these settings."""

    def __init__(self, production: Shop) -> None:
        self.production = production

    def __call__(self, *words: str, answer: str = "", status: int = 0, **settings: object) -> Answer:
        """Type the command; it must end with this status."""
        done = typed(
            self.production, "backup", *words, answer=answer, meanwhile=lambda shop: work_off(shop, **settings)
        )
        assert done.status == status, done
        return done

    def json(self, *words: str, status: int = 0) -> Any:  # noqa: ANN401 - whatever the command prints
        """Type the command with --json and return the value."""
        return self(*words, "--json", status=status).json


def test_verify_reads_the_store_now(typing: Typing, production: Shop, made: Backup) -> None:
    """Good is noted with its time; damage is named, noted, and mended by the next backup."""
    told = typing.json("verify", str(made.id))
    assert (told["is_good"], told["fault"]) == (True, None)
    assert told["read_bytes"] >= made.size_bytes
    again = production.control.backups.get(made.id)
    assert again.verified_at > made.verified_at  # type: ignore[operator]
    name = production.spoil(made)
    told = typing.json("verify", str(made.id), status=1)
    assert name in told["fault"]
    spoilt = production.control.backups.get(made.id)
    assert (spoilt.status, spoilt.error_message) == ("failed", told["fault"])
    assert quarantined(production.repository) == {name}
    [failed, succeeded] = [run for run in production.control.runs.list("shop") if run.kind == "verify"]
    assert (failed.status, failed.error_message) == ("failed", f"backup {made.id} is damaged: {told['fault']}")
    assert (succeeded.status, succeeded.requested_by, succeeded.environment_id) == ("succeeded", "ada", None)


def test_a_backup_whose_manifest_is_lost_is_no_backup(typing: Typing, production: Shop, made: Backup) -> None:
    """What the store does not have cannot be restored, whatever the row says."""
    production.repository.forget(str(manifest_key(made)))
    assert "holds no manifest" in typing.json("verify", str(made.id), status=1)["fault"]
    assert production.control.backups.get(made.id).status == "failed"


def test_a_manifest_with_a_flipped_bit_is_found(typing: Typing, production: Shop, made: Backup) -> None:
    """It is damaged for certain where nothing is encrypted."""
    key = production.repository.prefix + str(manifest_key(made))
    whole = bytearray(production.store.get(key))
    whole[len(whole) // 2] ^= 1
    production.store.put(key, bytes(whole))
    assert "next: ops backup create shop main" in typing("verify", str(made.id), status=1).said
    assert production.control.backups.get(made.id).status == "failed"


def test_a_key_that_does_not_fit_spoils_no_backup(typing: Typing, production: Shop, made: Backup) -> None:
    """Who reads with another key learns that; the row stays as it was."""
    other = typing("verify", str(made.id), status=1, backup_key=SecretStr("A" * 43 + "="))
    assert "failed: " in other.said
    assert production.control.backups.get(made.id).status == "verified"
    assert "ODOOOPS_BACKUP_KEY" in typing("verify", str(made.id), status=1, backup_key=SecretStr("short")).said
    assert production.control.backups.get(made.id).status == "verified"


def test_a_store_that_does_not_answer_is_no_verdict(production: Shop, made: Backup, typing: Typing) -> None:
    """Nothing is known then, and nothing noted."""
    (production.settings.home / "store").rename(production.settings.home / "elsewhere")
    assert "the store gives up nothing of the backups" in typing("verify", str(made.id), status=1).said
    assert production.control.backups.get(made.id).status == "verified"


def test_a_held_backup_is_not_dropped(ops: Ops, production: Shop, made: Backup) -> None:
    """Until its hold is released; a hold has a reason."""
    production.back_up()
    with pytest.raises(BadInput, match="a hold has a reason"):
        ops("hold", str(made.id))
    assert ops.json("hold", str(made.id), "--reason", "an audit")["hold_reason"] == "an audit"
    assert "verified, held" in ops("list").stdout
    with pytest.raises(Conflict, match="held: an audit") as caught:
        ops("drop", str(made.id), "--yes")
    assert "--release" in str(caught.value.hint)
    ops("hold", str(made.id), "--release")
    ops("drop", str(made.id), answer="n\n", status=1)
    assert production.control.backups.get(made.id).status == "verified"
    assert ops.json("drop", str(made.id), "--yes", "--reason", "too large")["drop_reason"] == "too large"
    assert str(made.id) not in ops("list").stdout
    assert str(made.id) in ops("list", "--all").stdout


def test_the_last_good_backup_is_not_dropped(ops: Ops, made: Backup) -> None:
    """However much somebody wants to."""
    with pytest.raises(Conflict, match="the last verified one"):
        ops("drop", str(made.id), "--yes")


def test_retention_says_what_it_would_do_and_then_does_it(
    ops: Ops, typing: Typing, production: Shop, made: Backup, database: str
) -> None:
    """A rehearsal changes nothing; the real run asks first, and frees what nobody else needs."""
    name = production.data.attach(b"new")
    second = production.back_up()
    production.data.execute("delete from ir_attachment where store_fname = %s", name)
    third = production.back_up()
    for backup, age in ((made, 400), (second, 410)):
        make_older(database, backup, timedelta(days=age))
    rules = {"daily": 1, "weekly": 1, "monthly": 1}
    production.control.policies.set(production.project.id, policy_type="retention", rules=rules)
    plan = {row["id"]: row for row in ops.json("retention", "shop", "--dry-run")}
    assert {row: plan[str(row)]["verdict"] for row in (made.id, second.id, third.id)} == {
        made.id: "drop",
        second.id: "drop",
        third.id: "keep",
    }
    assert "newest of day 1 of 1" in plan[str(third.id)]["reasons"]
    assert "beyond the days, weeks and months" in ops("retention", "--dry-run").stdout
    ops("retention", "shop", answer="n\n", status=1)
    assert len(production.repository.manifests()) == 3
    done = typing.json("retention", "shop", "--yes")["shop"]
    assert {dropped["id"] for dropped in done["dropped"]} == {str(made.id), str(second.id)}
    assert done["collected"] > 0
    drops = [
        event for event in production.control.logs.events(runs(production)[0].id) if "drop backup" in event["message"]
    ]
    assert len(drops) == 2
    assert [key.partition("-")[2] for key in production.repository.manifests()] == [str(third.id)]
    assert typing.json("verify", str(third.id))["is_good"]
    assert "0 backup(s) dropped" in typing("retention", "shop").said


def runs(production: Shop) -> list[Run]:
    """Return the retention runs, the newest first."""
    return [run for run in production.control.runs.list("shop") if run.kind == "retention"]


@pytest.mark.usefixtures("typing")
def test_the_run_of_a_killed_command_goes_on(production: Shop, made: Backup) -> None:
    """The command only watches: without it the backup is read and the result recorded all the same."""
    words = [sys.executable, "-m", "odooops_dagster.doors.cli", "backup", "verify", str(made.id)]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        assert "queued shop#" in command.stderr.readline()
        command.kill()
    [waiting] = production.control.runs.list("shop", status="queued")
    work_off(production)
    run = production.control.runs.get(waiting.id)
    assert (run.kind, run.status) == ("verify", "succeeded")
    told = production.control.logs.result(run.id, "verification")
    assert told is not None
    assert told["is_good"]


def make_older(database: str, backup: Backup, age: timedelta) -> None:
    """Let the row say that the data are of long ago."""
    with psycopg.connect(database) as connection:
        connection.execute("update ops.backups set taken_at = %s where id = %s", [datetime.now(UTC) - age, backup.id])
