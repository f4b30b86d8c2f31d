"""A clone that is cancelled ends at once: it does not wait for files that nobody wants any more."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.steps.recovery import load
from odooops_dagster.tools.backup import filestore
from odooops_dagster.tools.store import FolderStore
from tests.dagster.studios import studio
from tests.servers import PostgresServer

FILES = 120
# What was being read when the cancel came, and what was ahead of it.
UNDER_WAY = 20
PATIENCE_SECONDS = 60.0


class Held(FolderStore):
    """A store that gives no file before it is let."""

    def __init__(self, folder: Path, *, let: threading.Event) -> None:
        super().__init__(folder)
        self._let = let
        self.asked = threading.Event()
        self.opened = 0

    def open(self, key: str) -> BinaryIO:
        """Open it; a file's object, when it may."""
        if threading.current_thread().name.startswith("restore"):
            self.opened += 1
            self.asked.set()
            assert self._let.wait(PATIENCE_SECONDS)
        return super().open(key)


def test_a_cancel_stops_the_copying_of_files(
    control: ControlPlane,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cancel comes while the database is loaded; of the files, what was under way is all that is read."""
    monkeypatch.setattr(filestore, "LARGEST", 5000)  # as many objects as there are files
    home = tmp_path_factory.mktemp("studio")
    with studio(control, postgres_server, home) as (made, _):
        made.shop.data.fill(files=FILES)
        made.shop.back_up()
        stop = threading.Event()
        store = Held(Path(made.shop.settings.home) / "store", let=stop)
        step = replace(made.step(), store=store)
        cancel_while_loading(monkeypatch, store, stop)
        with pytest.raises(KeyboardInterrupt):
            clone_production(step, made.build)
        assert 0 < store.opened < UNDER_WAY
        assert made.left() == []


def cancel_while_loading(monkeypatch: pytest.MonkeyPatch, store: Held, stop: threading.Event) -> None:
    """Let the run be interrupted once its database is being loaded and the first files are read; `stop` says so."""

    def interrupt(*_: object, **__: object) -> None:
        assert store.asked.wait(PATIENCE_SECONDS)
        raise KeyboardInterrupt

    monkeypatch.setattr(load, "threading", SimpleNamespace(Event=lambda: stop))
    monkeypatch.setattr(load, "restore_database", interrupt)
