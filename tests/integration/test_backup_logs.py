"""A backup holds logs beside the data: found again, read back, and stored once."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from odooops_dagster.errors import NotFound, Unavailable
from odooops_dagster.tools.backup import logs
from odooops_dagster.tools.backup.create import Created
from odooops_dagster.tools.backup.logs import LogSource, Readable, file_source, log_blocks, logs_of, rotated
from odooops_dagster.tools.backup.repository import Repository
from tests.backups import Production, back_up, check, production_on, repository_in
from tests.servers import PostgresServer


@pytest.fixture
def production(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Production]:
    """A filled database with its files."""
    with production_on(postgres_server, tmp_path / "filestore") as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return repository_in(tmp_path / "store")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Odoo's log, with what was rotated away from it."""
    folder = tmp_path / "log"
    folder.mkdir()
    path = folder / "odoo.log"
    path.write_bytes(b"".join(b"%d INFO shop odoo: a line that says something\n" % n for n in range(100_000)))
    for age, name in enumerate(("odoo.log.1", "odoo.log-20260101.gz"), start=1):
        (folder / name).write_bytes(b"older: " + name.encode() + b"\n")
        os.utime(folder / name, (path.stat().st_mtime - age * 1000,) * 2)
    return path


def of_odoo(log: Path) -> list[LogSource]:
    """Return the log and those rotated away."""
    return [file_source(f"odoo/{path.name}", path) for path in rotated(log)]


def held(repository: Repository, created: Created) -> dict[str, bytes]:
    """Return what the backup holds of logs."""
    manifest = repository.manifest(created.manifest.key)
    return {file.name: b"".join(log_blocks(repository, manifest, file)) for file in logs_of(repository, manifest)}


def test_the_logs_come_back_as_they_were(production: Production, repository: Repository, log: Path) -> None:
    """Of Odoo and of runs, and verify reads them with everything else."""
    said = LogSource(name="runs/7-deploy.log", read=text(b"12:00 info  installed\n"))
    silent = LogSource(name="runs/8-deploy.log", read=text(b""))
    created = back_up(production, repository, "first", logs=[*of_odoo(log), said, silent])
    expected = {f"odoo/{path.name}": path.read_bytes() for path in log.parent.iterdir()}
    assert held(repository, created) == {**expected, "runs/7-deploy.log": b"12:00 info  installed\n"}
    assert created.manifest.facts["logs"] == {"odoo": 3, "runs": 1, "older": 0, "unread": []}
    assert check(production, repository, created).is_good
    assert list(map(str, rotated(log))) == [
        f"{log.parent}/{name}" for name in ("odoo.log", "odoo.log.1", "odoo.log-20260101.gz")
    ]


def test_a_log_that_grew_costs_what_is_new(production: Production, repository: Repository, log: Path) -> None:
    """And one that was rotated away since is the same bytes under another name."""
    first = back_up(production, repository, "first", logs=of_odoo(log))
    with log.open("ab") as stream:
        stream.write(b"one more line\n")
    second = back_up(production, repository, "second", logs=of_odoo(log))
    (log.parent / "odoo.log.1").rename(log.parent / "odoo.log.2")
    log.rename(log.parent / "odoo.log.1")
    log.write_bytes(b"begins anew\n")
    third = back_up(production, repository, "third", logs=of_odoo(log))
    assert first.stored_bytes > 200_000
    assert second.stored_bytes < 30_000
    assert third.stored_bytes < 30_000
    assert held(repository, third)["odoo/odoo.log.1"].endswith(b"one more line\n")


def test_the_log_of_an_ended_run_is_read_once(production: Production, repository: Repository) -> None:
    """The next backup has it from the last one; that of a run at work is read again."""
    first = back_up(production, repository, "first", logs=[LogSource(name="runs/7-deploy.log", read=text(b"done\n"))])
    before, after = (first.manifest.taken_at + timedelta(seconds=seconds) for seconds in (-5, 5))
    ended = LogSource(name="runs/7-deploy.log", read=text(b"asked again\n"), ended_at=before)
    assert held(repository, back_up(production, repository, "second", logs=[ended])) == {"runs/7-deploy.log": b"done\n"}
    for ended_at in (after + timedelta(hours=1), None):
        at_work = LogSource(name="runs/7-deploy.log", read=text(b"asked again\n"), ended_at=ended_at)
        made = back_up(production, repository, f"at-work-{ended_at is None}", logs=[at_work])
        assert held(repository, made) == {"runs/7-deploy.log": b"asked again\n"}


def test_there_is_room_for_the_newest(
    production: Production, repository: Repository, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of one that is too long, from the beginning of a line, and of the older ones their number."""
    monkeypatch.setitem(logs.LARGEST, "odoo", 1000)
    created = back_up(production, repository, "first", logs=of_odoo(log))
    found = held(repository, created)
    assert found["odoo/odoo.log"] == log.read_bytes()[-len(found["odoo/odoo.log"]) :]
    assert 900 < len(found["odoo/odoo.log"]) <= 1000
    assert found["odoo/odoo.log"].startswith(b"999")
    log.write_bytes(b"x" * 44 + b"\n")
    monkeypatch.setitem(logs.LARGEST, "odoo", 45)
    second = back_up(production, repository, "second", logs=of_odoo(log))
    assert held(repository, second) == {"odoo/odoo.log": log.read_bytes()}
    assert second.manifest.facts["logs"]["older"] == 2


def test_a_log_that_cannot_be_read_costs_no_backup(production: Production, repository: Repository, log: Path) -> None:
    """It is named: gone, a pipe, a link, or kept by a database that does not answer."""
    os.mkfifo(log.parent / "pipe")
    (log.parent / "link").symlink_to(log)

    @contextmanager
    def down(_most: int) -> Iterator[Readable]:
        raise Unavailable("the control plane does not answer")
        yield io.BytesIO()

    names = ("gone", "pipe", "link")
    sources = [file_source(f"odoo/{name}", log.parent / name) for name in names]
    created = back_up(production, repository, "first", logs=[*sources, LogSource(name="runs/1-x.log", read=down)])
    assert created.manifest.facts["logs"]["unread"] == [*(f"odoo/{name}" for name in names), "runs/1-x.log"]
    assert check(production, repository, created).is_good


def test_a_damaged_log_is_named_and_written_anew(production: Production, repository: Repository, log: Path) -> None:
    """What the store lost of a log is found as what it lost of a file."""
    created = back_up(production, repository, "first", logs=of_odoo(log))
    [victim] = next(file for file in logs_of(repository, created.manifest) if file.name == "odoo/odoo.log.1").objects
    repository.store.delete(repository.prefix + created.manifest.objects[victim].key)
    found = check(production, repository, created)
    assert [(defect.subject, defect.object) for defect in found.defects] == [("odoo/odoo.log.1", victim)]
    with pytest.raises(NotFound):
        held(repository, created)
    mended = back_up(production, repository, "second", logs=of_odoo(log), quarantine=found.quarantined)
    assert check(production, repository, mended).is_good


def text(data: bytes) -> Callable[[int], AbstractContextManager[Readable]]:
    """Return what reads a log that says this."""

    @contextmanager
    def read(_most: int) -> Iterator[Readable]:
        yield io.BytesIO(data)

    return read
