"""The code location: what is in it, and that loading it does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from odooops_dagster.definitions import definitions as lazy
from odooops_dagster.kinds import KINDS, MAINTENANCE
from resources.io import run_memory

ROOT = Path(__file__).parents[2]

# Ends the process as soon as anything opens a connection, starts a process or writes a file.
WATCH = """
import sys
def watch(event, arguments):
    opened = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if opened and "__pycache__" in str(arguments[0]):
        return
    if opened or event in ("socket.connect", "subprocess.Popen", "os.mkdir"):
        sys.exit(f"{event}: {arguments}")
sys.dont_write_bytecode = True
import dagster
sys.addaudithook(watch)
import odooops_dagster.definitions
import odooops_dagster.engine.coordinator
import odooops_dagster.engine.log_handler
"""


@pytest.fixture
def definitions() -> dg.Definitions:
    """Return the code location's definitions."""
    return lazy() if callable(lazy) else lazy


def test_the_location_loads_whole(definitions: dg.Definitions) -> None:
    """Every asset, job, sensor and schedule finds the resources it asks for."""
    dg.Definitions.validate_loadable(definitions)


def test_the_graph_runs_from_source_to_deployment(definitions: dg.Definitions) -> None:
    """The order is source → image → clone of production → database → deployment, one partition each."""
    graph = definitions.resolve_asset_graph()
    parents = {key.path[-1]: {p.path[-1] for p in graph.get(key).parent_keys} for key in graph.get_all_asset_keys()}
    assert parents == {
        "source": set(),
        "image": {"source"},
        "prod_clone": {"image", "backup"},
        "database": {"image", "prod_clone"},
        "deployment": {"database"},
        "production": set(),
        "backup": {"production"},
        "recovery_drill": {"backup"},
        "upgrade_report": {"backup"},
        "running": set(),  # the page of all environments
    }
    placed = graph.get_all_asset_keys() - {dg.AssetKey("running")}
    names = {str(getattr(graph.get(key).partitions_def, "name", "")) for key in placed}
    assert names == {"environments"}


def test_checks_block_but_for_what_only_warns(definitions: dg.Definitions) -> None:
    """A check that fails stops what comes after it; what people should know does not."""
    made = [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)]
    specs = [spec for asset in made for spec in asset.check_specs]
    blocking = {spec.name for spec in specs if spec.blocking}
    assert blocking >= {
        "modules_installed",
        "module_tests_passed",
        "log_clean",
        "healthy",
        "backup_verified",
        "clone_harmless",
    }
    assert {spec.name for spec in specs} - blocking == {
        "filestore_complete",
        "attachments_elsewhere",
        "left_out",
        "neutralization_coverage",
        "prints",
        "upgrade_advisories",
        "upgrade_not_red",
    }


def test_no_value_of_an_asset_is_written_to_a_file(definitions: dg.Definitions) -> None:
    """Dagster would name the file after the branch, which may have any name and any length."""
    resources = dict(definitions.resources or {})
    for asset in definitions.resolve_asset_graph().assets_defs:
        managers = {output.io_manager_key for output in asset.node_def.output_defs} if asset.is_executable else set()
        assert all(resources[key] is run_memory for key in managers)


def test_every_asset_says_what_it_is(definitions: dg.Definitions) -> None:
    """Group, owners, kinds, description and code version are set."""
    for spec in definitions.resolve_all_asset_specs():
        assert spec.group_name in {"build", "data", "production"}
        assert spec.owners
        assert spec.kinds
        assert spec.description
        assert spec.code_version


def test_the_sensors_and_the_clock_run_from_the_start(definitions: dg.Definitions) -> None:
    """A fresh platform works without a click in the UI."""
    sensors = list(definitions.sensors or ())
    assert {sensor.name for sensor in sensors} >= {
        "ops_queue",
        "github_pushes",
        "cancellations",
        "reconciler",
        "housekeeping",
    }
    stopped = {sensor.name for sensor in sensors if sensor.default_status != dg.DefaultSensorStatus.RUNNING}
    assert stopped == {"traces"}  # no collector is named
    schedules = [s for s in definitions.schedules or () if isinstance(s, dg.ScheduleDefinition)]
    assert {schedule.name for schedule in schedules} >= {
        "environment_expiry",
        "log_retention",
        "artifact_expiry",
        "audit_anchor",
        "platform_backup",
    }
    assert all(schedule.default_status == dg.DefaultScheduleStatus.RUNNING for schedule in schedules)


def test_importing_opens_nothing(tmp_path: Path) -> None:
    """No connection, no process, no file: the code is imported in four processes and more for each run."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH],
        cwd=ROOT,
        env=os.environ | {"ODOOOPS_HOME": str(tmp_path / "absent"), "ODOOOPS_DATABASE_URL": "postgresql://absent/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_dagsters_own_validation_passes(tmp_path: Path) -> None:
    """`dagster definitions validate` finds the location through pyproject.toml, from anywhere."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-m", "odooops_dagster.definitions"],
        cwd=ROOT,
        env=os.environ | {"DAGSTER_HOME": str(tmp_path), "ODOOOPS_HOME": str(tmp_path / "absent")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_kind_that_is_carried_out_has_its_job(definitions: dg.Definitions) -> None:
    """The tables of kinds and of maintenance say what there is, and the location has nothing else to run."""
    made = {job.name: job for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")}
    assert {kind.job for kind in KINDS.values() if kind.job} | set(MAINTENANCE) == set(made)
    assert all(made[name].partitions_def is None for name in MAINTENANCE)
    for kind in KINDS.values():
        if kind.job and kind.assets:
            keys = made[kind.job].asset_layer.executable_asset_keys
            assert {key.path[-1] for key in keys} == set(kind.assets)


def test_every_asset_is_made_by_some_kind(definitions: dg.Definitions) -> None:
    """What Materialize could be asked for has a kind, or is refused."""
    graph = definitions.resolve_asset_graph()
    made = {key.path[-1] for key in graph.get_all_asset_keys() if graph.get(key).is_materializable}
    assert made == {name for kind in KINDS.values() for name in kind.assets}


def test_everything_says_what_it_is_in_one_sentence(definitions: dg.Definitions) -> None:
    """What the pages list is read by people who have not seen the code; a schedule's sentence begins with its clock."""
    clocks = {"*/10 * * * *": "Every ten minutes: ", "*/5 * * * *": "Every five minutes: "}
    loaded = definitions.get_repository_def()
    jobs = [job for job in loaded.get_all_jobs() if not job.name.startswith("__")]
    assets = loaded.asset_graph.get_all_asset_keys()
    named: list[Any] = [*loaded.schedule_defs, *loaded.sensor_defs, *jobs]  # their common base names no description
    said = [(one.name, one.description) for one in named]
    said += [(key.to_user_string(), loaded.asset_graph.get(key).description) for key in assets]
    assert [name for name, text in said if not text or not text.endswith(".") or "\n" in text] == []
    for schedule in loaded.schedule_defs:
        clock = clocks.get(str(schedule.cron_schedule), "Every hour: ")
        assert (schedule.description or "").startswith(clock), schedule.name
