"""Materialize of any assets, with the real steps: what serves is never dropped, and production's data stay."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.kinds import KINDS, kind_of
from odooops_dagster.model import Fence, Run
from odooops_dagster.steps.environment import deployment
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.servers import PostgresServer

PRODUCTION, STAGING, PREVIEW = "main", "release/1", "feature/a"
MADE = ("source", "image", "prod_clone", "database", "deployment")
ASSETS = (*MADE, "backup", "recovery_drill")
SUBSETS = [names for n in range(1, len(ASSETS) + 1) for names in combinations(ASSETS, n)]
# One of each that is carried out in another way; tests/unit/test_kinds.py says of all 127 which kind they are.
HARMLESS = [
    ("source",),
    ("image",),
    ("source", "image"),
    ("prod_clone",),
    ("database",),
    ("image", "database"),
    ("source", "image", "prod_clone", "database"),
    ("backup",),
    ("recovery_drill",),
]
DEPLOYING = [
    ("deployment",),
    ("image", "deployment"),
    ("prod_clone", "deployment"),
    ("database", "deployment"),
    ("prod_clone", "database", "deployment"),
    MADE,
]
# Of more kinds than one: with a backup or a drill among them, these once passed for one.
MIXED = [("database", "deployment", "backup"), ("deployment", "recovery_drill"), ASSETS]
ORDERS = 3


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project whose production serves and has a verified backup."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        made.push(PRODUCTION)
        made.work_off()
        made.queue(PRODUCTION)
        made.work_off()
        made.order(PRODUCTION, ORDERS)
        assert made.back_up(PRODUCTION).status == "verified"
        yield made


def deployed(shop: Estate, branch: str) -> None:
    """Let the branch serve, with orders of its own."""
    if branch != PRODUCTION:
        shop.push(branch)
        assert [run.status for run in shop.work_off()] == ["succeeded"]
        shop.order(branch, ORDERS - shop.orders(branch))
    assert shop.orders(branch) == ORDERS


def click(shop: Estate, branch: str, assets: tuple[str, ...]) -> Run | None:
    """Materialize the assets; return the run as it ended, None where the selection was refused."""
    try:
        return shop.click(branch, *assets)
    except (BadInput, Conflict):
        return None


def assert_serves(shop: Estate, branch: str, database: str | None) -> None:
    """The row names this database, it is there, the janitor leaves it alone, and people see their orders."""
    shop.keep_house()
    assert shop.serving(branch) == database
    assert database in shop.made()
    assert shop.orders(branch) == ORDERS


def test_of_all_selections_none_may_change_what_production_serves(shop: Estate) -> None:
    """All 127: each is refused, or becomes a run whose kind may not; that the record refuses as well."""
    key = shop.environment(PRODUCTION).partition_key
    for assets in SUBSETS:
        dagster_run_id = "-".join(assets)
        try:
            kind = kind_of("__ASSET_JOB", assets)
            fence = shop.control.runs.enroll(
                dagster_run_id, partition_key=key, kind=kind, requested_by=None, worker_id="w", config={}
            )
        except (BadInput, Conflict):
            continue
        assert KINDS[kind].effect == "none", assets
        shop.control.runs.start(fence, dagster_run_id=dagster_run_id)
        with pytest.raises(Conflict, match="deploys nothing"):
            record(shop, fence, "another")
        shop.control.runs.complete(fence, exit_code=1)
    assert_serves(shop, PRODUCTION, shop.serving(PRODUCTION))


def record(shop: Estate, fence: Fence, database: str) -> None:
    """Point the run's environment at a database."""
    shop.control.environments.record_deployment(
        fence,
        url="http://127.0.0.1:8069/",
        port=8069,
        database_name=database,
        image_digest="sha256:0",
        git_sha="a" * 40,
        expires_at=None,
    )


@pytest.mark.parametrize("branch", [PRODUCTION, STAGING, PREVIEW])
def test_what_serves_survives_every_selection(shop: Estate, branch: str) -> None:
    """A redeployment: only a run that made a database of its own lets that one serve, and never in production."""
    deployed(shop, branch)
    backups = [taken.id for taken in shop.control.backups.list(status="verified")]
    for assets in chain(HARMLESS, DEPLOYING, MIXED):
        before = shop.serving(branch)
        run = click(shop, branch, assets)
        assert run is None or assets not in MIXED
        replaced = run is not None and run.status == "succeeded" and {"database", "deployment"} <= set(assets)
        if replaced:
            assert branch != PRODUCTION
            assert shop.serving(branch) != before
            shop.order(branch, ORDERS - shop.orders(branch))
        assert_serves(shop, branch, shop.serving(branch) if replaced else before)
    verified = {taken.id for taken in shop.control.backups.list(status="verified")}
    assert verified.issuperset(backups)
    assert_serves(shop, PRODUCTION, shop.serving(PRODUCTION))


@pytest.mark.parametrize("branch", [STAGING, PREVIEW])
def test_what_serves_survives_every_selection_that_comes_to_nothing(shop: Estate, branch: str) -> None:
    """The new build does not answer, or what serves would not start again: nothing that serves is taken away."""
    deployed(shop, branch)
    before = shop.serving(branch)
    shop.change(branch, "insert into sale_order (name) values ('BROKEN')")

    def assert_left_alone(failed: Run | None) -> None:
        assert failed is not None
        assert failed.status == "failed"
        assert shop.serving(branch) == before
        assert before in shop.made()
        assert shop.orders(branch) == ORDERS + 1

    assert_left_alone(click(shop, branch, ("deployment",)))
    shop.push(branch, broken=True)
    assert_left_alone(shop.work_off()[0])
    assert_left_alone(click(shop, branch, ("prod_clone", "database", "deployment")))


@pytest.mark.parametrize("branch", [STAGING, PREVIEW])
def test_before_a_first_deployment_a_selection_deploys_or_says_what_is_missing(shop: Estate, branch: str) -> None:
    """A deployment alone has nothing to deploy; together with a database it has, and nothing else changes."""
    shop.push(branch)
    [waiting] = shop.control.runs.list("shop", status="queued")
    shop.control.runs.cancel(waiting.id, reason="by hand", requested_by="ada")
    for assets in HARMLESS:
        click(shop, branch, assets)
        assert shop.serving(branch) is None
    alone = click(shop, branch, ("deployment",))
    assert alone is not None
    assert alone.error_message == f"shop/{branch} was never deployed, and this run made no database"
    done = click(shop, branch, ("prod_clone", "database", "deployment"))
    assert done is not None
    assert done.status == "succeeded"
    shop.order(branch, ORDERS - shop.orders(branch))
    assert_serves(shop, branch, shop.serving(branch))
    assert_serves(shop, PRODUCTION, shop.serving(PRODUCTION))


def test_a_staging_is_not_deployed_without_its_clone(shop: Estate) -> None:
    """A database with deployment alone would take production's data away from those who test with them."""
    deployed(shop, STAGING)
    before = shop.serving(STAGING)
    run = click(shop, STAGING, ("database", "deployment"))
    assert run is not None
    assert run.error_message == f"shop/{STAGING} gets a clone of production, and this run made none"
    assert_serves(shop, STAGING, before)


def test_restored_data_stay_when_the_deployment_is_made_again(shop: Estate) -> None:
    """It deploys what the row names, not what some earlier run made; the way back from the restore stays too."""
    deployed(shop, PREVIEW)
    taken = shop.back_up(PREVIEW)
    before = shop.serving(PREVIEW)
    restored = shop.restore(taken, PREVIEW)
    assert shop.serving(PREVIEW) == restored.database_name != before
    run = shop.click(PREVIEW, "deployment")
    assert run.status == "succeeded"
    assert_serves(shop, PREVIEW, restored.database_name)
    assert before in shop.made()
    assert shop.undo(restored, PREVIEW).status == "succeeded"
    assert_serves(shop, PREVIEW, before)


@pytest.mark.parametrize("assets", [("deployment",), ("database", "deployment")])
def test_a_cancel_of_a_deployment_drops_only_what_the_run_made(
    shop: Estate, monkeypatch: pytest.MonkeyPatch, assets: tuple[str, ...]
) -> None:
    """The step is interrupted while the new Odoo is asked; the old one serves on."""
    deployed(shop, PREVIEW)
    before, made = shop.serving(PREVIEW), shop.made()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deployment, "wait_until_healthy", interrupt)
    assert shop.click(PREVIEW, *assets).status == "failed"
    assert shop.made() == made
    assert_serves(shop, PREVIEW, before)


def test_a_build_that_is_not_kept_any_more_is_made_again(shop: Estate) -> None:
    """The row names its commit: the same build serves."""
    deployed(shop, PREVIEW)
    environment = shop.environment(PREVIEW)
    for manifest in (shop.settings.home / "builds").glob("*.json"):
        manifest.unlink()
    shop.push(PREVIEW)
    [waiting] = shop.control.runs.list("shop", status="queued")
    shop.control.runs.cancel(waiting.id, reason="by hand", requested_by="ada")
    assert shop.click(PREVIEW, "deployment").status == "succeeded"
    again = shop.environment(PREVIEW)
    assert (again.image_digest, again.deployed_sha) == (environment.image_digest, environment.deployed_sha)
    assert_serves(shop, PREVIEW, environment.database_name)
