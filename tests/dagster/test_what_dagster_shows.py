"""What Dagster's pages show of a run: a sentence without stack traces, numbers to plot, what still serves."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from odooops_dagster.engine.overview import RUNNING, report_running, table_of
from odooops_dagster.engine.storage import calmed
from odooops_dagster.kinds import KINDS
from odooops_dagster.local.programs import ui_url
from odooops_dagster.model import Run
from tests.dagster.world import World

UI = "http://ui.localhost:3000"


def failed_step(result: dg.ExecuteInProcessResult) -> dg.DagsterEvent:
    """Return the event of the step that failed."""
    [event] = [each for each in result.all_events if each.event_type == dg.DagsterEventType.STEP_FAILURE]
    return event


def materialized(world: World, run: Run) -> dg.ExecuteInProcessResult:
    """Carry out the run, which succeeds."""
    result = world.materialize(run)
    assert result.success
    return result


@pytest.mark.parametrize("wish", [{"image": "fail"}, {"failing_check": "log_clean"}])
def test_a_step_that_fails_shows_its_sentence_and_no_frames(world: World, wish: dict[str, Any]) -> None:
    """Neither Dagster's code nor ours is where anybody should look; the files of the run are a click away."""
    world.queue("deploy", **wish)
    result = world.materialize(world.claim())
    failure = failed_step(result).step_failure_data
    assert failure.error is not None
    assert (failure.error.stack, failure.error.cause, failure.error.context) == ([], None, None)
    assert failure.user_failure_data is not None
    sentence = "image cannot be had" if "image" in wish else "log_clean: 1 of 3"
    assert (failure.error.message, failure.user_failure_data.description) == (sentence, sentence)
    metadata = failure.user_failure_data.metadata
    if "image" in wish:
        assert metadata["next"].value == "push again"
    else:
        log = metadata["build.log"].value
        assert str(log).endswith("/build.log")


def test_a_bug_of_ours_keeps_its_frames(world: World) -> None:
    """Who mends it needs them."""
    world.queue(image="crash")
    failure = failed_step(world.materialize(world.claim())).step_failure_data
    assert failure.error is not None
    assert failure.error.cause is not None
    assert any("_obey" in line for line in failure.error.cause.stack)


def test_a_step_behind_a_failed_one_is_no_error(world: World) -> None:
    """Nothing went wrong in it: it was not reached."""
    world.queue(source="fail")
    result = world.materialize(world.claim())
    told = [entry for entry in world.instance.all_logs(result.run_id) if "Not executing" in entry.user_message]
    assert {calmed(entry).user_message for entry in told} == {
        f"{step} was not reached" for step in ("image", "prod_clone", "database", "deployment")
    }
    assert {calmed(entry).level for entry in told} == {logging.INFO}
    [failure] = list(world.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_FAILURE))
    assert calmed(failure) == failure


def test_every_asset_has_numbers_to_plot(world: World) -> None:
    """Durations of all, and what each of them counts."""
    world.queue()
    result = materialized(world, world.claim())
    made = [
        event for event in result.get_asset_materialization_events() if event.asset_key != dg.AssetKey("prod_clone")
    ]
    assert len(made) == 4
    for event in made:
        metadata = event.materialization.metadata
        assert isinstance(metadata["seconds"].value, float), event.asset_key


@pytest.mark.parametrize(
    ("wish", "refused_at"),
    [
        ({"source": "fail"}, ("source", "image", "prod_clone", "database", "deployment")),
        ({"image": "fail"}, ("image", "prod_clone", "database", "deployment")),
        ({"failing_check": "log_clean"}, ("database", "deployment")),
        ({"failing_check": "healthy"}, ("deployment",)),
    ],
)
def test_a_refused_push_leaves_what_serves_green(
    world: World, wish: dict[str, Any], refused_at: tuple[str, ...]
) -> None:
    """The refusal is the run's: in Dagster the environment's partition has what it had of each asset."""
    world.queue()
    materialized(world, world.claim())
    before = world.control.environments.by_id(world.environment.id)
    world.queue("deploy", **wish)
    refused = world.materialize(world.claim())
    assert not refused.success
    for asset in refused_at:
        [newest] = world.instance.fetch_materializations(dg.AssetKey(asset), limit=1).records
        shown = newest.asset_materialization
        assert shown is not None
        assert newest.run_id == refused.run_id  # the newest run that was to make it has it, or the asset is red
        assert shown.partition == world.environment.partition_key
        assert str(shown.description).startswith("The environment serves what it served before: ")
        assert shown.metadata["database"].value == before.database_name
        assert str(before.deployed_sha)[:10] in str(shown.metadata["commit"].value)
    assert painted_red(world) == []


def test_a_selection_of_assets_keeps_only_what_it_was_to_make(world: World) -> None:
    """An asset that the run left alone is not told of."""
    world.queue()
    materialized(world, world.claim())
    world.queue(source="fail")
    assert not world.materialize(world.claim(), assets=["source", "image"]).success
    assert painted_red(world) == []
    [newest] = world.instance.fetch_materializations(dg.AssetKey("database"), limit=1).records
    assert newest.asset_materialization is not None
    assert newest.asset_materialization.description is None


def painted_red(world: World) -> list[str]:
    """Return the assets of which Dagster says that a partition failed."""
    attempts = (
        world.instance.event_log_storage.get_latest_asset_partition_materialization_attempts_without_materializations
    )
    return [name for name in KINDS["deploy"].assets if attempts(dg.AssetKey(name))]


def test_a_check_is_answered_for_one_environment(world: World) -> None:
    """Its page in Dagster has a line of each, and the answer of one hides no other's."""
    world.queue()
    materialized(world, world.claim())
    world.queue(branch="feature/stock", failing_check="log_clean")
    assert not world.materialize(world.claim()).success
    key = dg.AssetCheckKey(dg.AssetKey("database"), "log_clean")
    answers = world.instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    told = {each.partition: str(each.status.value) for each in answers}
    assert told == {world.environment.partition_key: "SUCCEEDED", "shop/feature/stock": "FAILED"}


def answers(world: World, check: str, asset: str) -> dict[str | None, tuple[str, bool]]:
    """Return by partition the newest answer, and whether it is about what was made last."""
    key = dg.AssetCheckKey(dg.AssetKey(asset), check)
    found = world.instance.event_log_storage.get_asset_check_partition_info([key])
    return {each.partition_key: (str(each.latest_execution_status.value), each.is_current) for each in found}


def test_an_answer_counts_for_what_it_was_asked_of(world: World) -> None:
    """Dagster forgets an answer when the asset is made after it."""
    world.queue()
    materialized(world, world.claim())
    for asset, check in (("image", "upgrade_advisories"), ("database", "log_clean"), ("deployment", "healthy")):
        assert answers(world, check, asset) == {world.environment.partition_key: ("SUCCEEDED", True)}, check


@pytest.mark.parametrize(("served", "answer"), [(True, "SUCCEEDED"), (False, "FAILED")])
def test_a_check_that_was_not_asked_is_not_red(world: World, served: bool, answer: str) -> None:
    """What serves has passed it; where nothing serves it is a warning, and Dagster's error of a run in neither case."""
    if served:
        world.queue()
        materialized(world, world.claim())
    world.queue("deploy", failing_check="log_clean")
    refused = world.materialize(world.claim())
    [told] = [
        entry.dagster_event.asset_check_evaluation_data
        for entry in world.instance.all_logs(refused.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if entry.dagster_event and entry.dagster_event.asset_check_evaluation_data.check_name == "healthy"
    ]
    assert (told.passed, told.severity) == (served, dg.AssetCheckSeverity.WARN)
    assert told.description == "not asked: log_clean: 1 of 3"
    assert answers(world, "healthy", "deployment") == {world.environment.partition_key: (answer, True)}


def test_a_refused_first_push_leaves_nothing_green(world: World) -> None:
    """Where nothing serves, nothing is said to serve."""
    world.queue(image="fail")
    assert not world.materialize(world.claim()).success
    assert world.instance.fetch_materializations(dg.AssetKey("deployment"), limit=1).records == []
    assert "deployment" in painted_red(world)


def test_one_page_says_what_runs_where_and_of_which_commit(world: World) -> None:
    """A deployment writes it anew; the same table is not written twice."""
    world.queue()
    run = world.claim()
    materialized(world, run)
    [newest] = world.instance.fetch_materializations(dg.AssetKey(RUNNING), limit=10).records
    assert newest.asset_materialization is not None
    table = str(newest.asset_materialization.metadata["environments"].value)
    environment = world.control.environments.by_id(world.environment.id)
    page = f"{ui_url(world.settings)}/assets/deployment?partition=shop%2Ffeature%2Fcart"
    assert f"| [shop/feature/cart]({environment.url}) | running | [`{str(run.git_sha)[:10]}`]({page}) |" in table
    assert newest.asset_materialization.metadata["running"].value == 1
    world.control.projects.archive("shop")
    gone = world.control.environments.list()
    assert report_running(world.instance, gone, ui=UI)
    assert not report_running(world.instance, gone, ui=UI)


def test_the_page_of_ten_thousand_environments_shows_the_ones_that_matter(world: World) -> None:
    """It is written at each change, and Dagster keeps every one."""
    one = world.environment
    many = [replace(one, partition_key=f"shop/{n}", status="running" if n > 9990 else "stopped") for n in range(10_000)]
    production = replace(one, partition_key="shop/zz", stage="production", status="running")
    table = table_of([*many, production], ui=UI)
    assert len(table) < 50_000
    assert [row.split(" | ")[0] for row in table.splitlines()[2:12]] == [
        "| shop/zz",
        *(f"| shop/{n}" for n in range(9991, 10_000)),
    ]
    assert table.splitlines()[-1] == "9801 more: `ops env list` and the console show all."
