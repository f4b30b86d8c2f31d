"""Promotions in which the platform, a lock or the database server fails: the release is not always to blame."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment import update as update_step
from odooops_dagster.steps.environment.install import Installed, Target
from odooops_dagster.steps.environment.update import Changes
from odooops_dagster.steps.release import faults, timed_update
from odooops_dagster.steps.release import promote as step
from odooops_dagster.tools.postgres.connections import conninfo
from tests.dagster.promotions import GOOD, Promoting, failed_and_rolled_back

# The session in which an update works ends in the middle of it.
ENDED = "select pg_terminate_backend(pg_backend_pid())"


def test_an_update_that_hangs_on_a_lock_ends_in_time_and_names_who_holds_it(
    hosted: Promoting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken back as any other, and people find the data of before."""
    before, data = hosted.serves(), hosted.data()
    real, held = update_step.update_modules, ExitStack()

    def locked(ctx: StepContext, target: Target, changes: Changes, *, log: str) -> Installed:
        holder = psycopg.connect(conninfo(target.access(ctx)), application_name="a report")
        held.callback(holder.close)
        holder.execute("lock table sale_order")
        soon = ctx.settings.model_copy(update={"odoo_timeout_seconds": 4})
        return real(replace(ctx, settings=soon), target, changes, log=log)

    monkeypatch.setattr(timed_update, "update_modules", locked)
    with held:
        done = hosted.promote(hosted.release("1.1", {"shop/update.sql": GOOD}))
    assert "it waited for public.sale_order, locked by a report" in failed_and_rolled_back(hosted, done)
    assert (hosted.serves(), hosted.data()) == (before, data)


@pytest.mark.parametrize("is_dropped", [False, True], ids=["its sessions are ended", "it is dropped"])
def test_a_copy_that_is_lost_in_the_middle_of_its_update_costs_nobody_anything(
    hosted: Promoting, is_dropped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a copy: what served serves again."""
    before, data = hosted.serves(), hosted.data()
    real = update_step.update_modules

    def lost(ctx: StepContext, target: Target, changes: Changes, *, log: str) -> Installed:
        if is_dropped:
            ctx.databases.drop(target.name)
        return real(ctx, target, changes, log=log)

    monkeypatch.setattr(timed_update, "update_modules", lost)
    done = hosted.promote(hosted.release("1.1", {"shop/update.sql": f"{GOOD}\n{ENDED}"}))
    if is_dropped:  # the platform lost it: that is not held against the release
        assert hosted.control.releases.by_id(done.release_id).status != "rolled_back"
    else:
        failed_and_rolled_back(hosted, done)
    assert (hosted.serves(), hosted.data()) == (before, data)
    assert hosted.keep_house() == []


def test_a_release_that_lost_a_module_is_refused_while_people_work(
    hosted: Promoting, capfd: pytest.CaptureFixture[str]
) -> None:
    """Odoo would serve without it, though its row says that it is installed: it is named, with what to do."""
    gift = {"gift/__init__.py": "", "gift/__manifest__.py": "{'name': 'Gift', 'depends': ['shop']}"}
    assert hosted.promote(hosted.release("1.1", gift)).status == "succeeded"
    before, data = hosted.serves(), hosted.data()
    shutil.rmtree(hosted.estate.repository.work / "gift")
    done = hosted.promote(hosted.release("1.2", {"shop/update.sql": GOOD}))
    run = hosted.run_of(done)
    assert (done.status, run.status) == ("failed", "failed")
    assert run.error_message == "the release lacks module gift, which is installed in shop/main"
    assert "uninstall it in Odoo first" in str(hosted.control.logs.hint(run))
    assert (hosted.serves(), hosted.data()) == (before, data)
    assert capfd.readouterr().err.count("is in maintenance") == 1


def test_a_way_back_goes_on_without_the_module_that_the_release_added(
    hosted: Promoting, capfd: pytest.CaptureFixture[str]
) -> None:
    """Otherwise the bad release would serve on; the run's log names the module."""
    before = hosted.environment.image_digest
    gift = {"gift/__init__.py": "", "gift/__manifest__.py": "{'name': 'Gift', 'depends': ['shop']}"}
    promoted = hosted.promote(hosted.release("1.1", gift))
    back = hosted.rollback(promoted)
    assert (back.status, hosted.environment.image_digest) == ("succeeded", before)
    assert "may be missing: ['gift']" in capfd.readouterr().err


def test_an_odoo_that_answers_without_an_installed_module_is_not_healthy(
    hosted: Promoting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pages answer and its rows are whole: only its log says what it did not load."""
    gift = {"gift/__init__.py": "", "gift/__manifest__.py": "{'name': 'Gift', 'depends': ['shop']}"}
    assert hosted.promote(hosted.release("1.1", gift)).status == "succeeded"
    before, data = hosted.serves(), hosted.data()
    shutil.rmtree(hosted.estate.repository.work / "gift")
    monkeypatch.setattr(step, "_refuse_loss", lambda *_: None)
    done = hosted.promote(hosted.release("1.2", {"README.md": "no gifts"}))
    assert "Some modules are not loaded" in failed_and_rolled_back(hosted, done)
    assert (hosted.serves(), hosted.data()) == (before, data)


def test_a_fault_of_the_platform_is_not_held_against_the_release(hosted: Promoting) -> None:
    """The server went away in the middle: all is as it was, an incident says so, and the same release goes later."""
    before, data = hosted.serves(), hosted.data()
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    with pytest.MonkeyPatch.context() as once:

        def lost(*_: object, **__: object) -> Installed:
            raise Unavailable("the environments' database does not answer: server closed the connection")

        once.setattr(timed_update, "update_modules", lost)
        done = hosted.promote(release)
    assert (done.status, hosted.run_of(done).status) == ("failed", "failed")
    assert (hosted.serves(), hosted.data()) == (before, data)
    assert hosted.control.deployments.list(hosted.estate.project.id)[0].id == done.id, "no rollback is recorded"
    [incident] = hosted.control.incidents.list(hosted.estate.project.id)
    assert "may be promoted again" in incident.description
    assert hosted.promote(release).status == "succeeded"


def test_an_update_whose_server_was_restarted_is_not_held_against_the_release(
    hosted: Promoting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odoo itself tells only that its session ended; the server tells that it is another one."""
    times = iter([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)])
    release = hosted.release("1.1", {"shop/update.sql": f"{GOOD}\n{ENDED}"})
    monkeypatch.setattr(faults, "server_since", lambda *_: next(times))
    monkeypatch.setattr(step, "server_since", lambda *_: next(times))
    done = hosted.promote(release)
    assert done.status == "failed"
    assert hosted.control.releases.by_id(release.id).status != "rolled_back"
