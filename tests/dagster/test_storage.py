"""Dagster's history lies in the platform's PostgreSQL, and commands work where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._core.test_utils import create_run_for_test
from dagster._serdes import ConfigurableClassData
from dagster_postgres import PostgresRunStorage

from odooops_dagster.engine.storage import PlatformStorage, with_driver
from odooops_dagster.errors import BadInput
from tests.servers import PostgresServer

ROOT = Path(__file__).parents[2]
VARIABLE = "ODOOOPS_DAGSTER_DATABASE_URL"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:1/d?sslmode=require", "postgresql+psycopg2://u:p@h:1/d?sslmode=require"),
        ("postgres://h/d", "postgresql+psycopg2://h/d"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg2://h/d"),
    ],
)
def test_the_driver_is_named(url: str, expected: str) -> None:
    """SQLAlchemy's own choice changes between versions; ours does not."""
    assert with_driver(url) == expected


def test_runs_go_to_postgres_and_come_back(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The instance that dagster.yaml describes keeps what it is told."""
    with postgres_server.fresh_database(migrated=False) as url:
        monkeypatch.setenv(VARIABLE, url)
        storage = {
            "module": "odooops_dagster.engine.storage",
            "class": "PlatformStorage",
            "config": {"url_variable": VARIABLE},
        }
        with DagsterInstance.local_temp(str(tmp_path), overrides={"storage": {"custom": storage}}) as instance:
            run = create_run_for_test(instance)
            assert isinstance(instance.run_storage, PostgresRunStorage)
        with DagsterInstance.local_temp(str(tmp_path), overrides={"storage": {"custom": storage}}) as again:
            assert again.get_run_by_id(run.run_id) is not None


def test_a_lasting_instance_without_a_url_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """History is not lost in silence."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(BadInput, match=f"{VARIABLE} is not set"):
        PlatformStorage.from_config_value(_DATA, {"url_variable": VARIABLE})


def test_a_passing_instance_leaves_nothing_behind() -> None:
    """What a command needed goes with its process."""
    script = "from odooops_dagster.engine.storage import passing_folder; print(passing_folder())"
    folder = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "odooops-dagster-" in folder
    assert not Path(folder.strip()).exists()


def test_the_definitions_are_valid_in_a_checkout_where_nothing_runs() -> None:
    """`dagster definitions validate` needs no variable and no service."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "DAGSTER_"))}
    argv = [sys.executable, "-m", "dagster", "definitions", "validate"]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Validation successful" in done.stdout + done.stderr


_DATA = ConfigurableClassData("odooops_dagster.engine.storage", "PlatformStorage", f"url_variable: {VARIABLE}\n")
