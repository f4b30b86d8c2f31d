"""Any branch that git takes gets a preview: its name is no file's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.repositories import run_git
from tests.servers import PostgresServer

LONG = "功能/客户门户发票自动核对与对账单生成改进之二零二六年第三季度迭代计划需求编号一二三四五六七八九十补充说明"


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project whose repository was seen before: now every new branch is built, whatever its name."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        made.push("main")
        made.work_off()
        yield made


def comes_and_goes(shop: Estate, branch: str) -> None:
    """Push the branch, let its preview come and go, and delete the branch."""
    shop.push(branch)
    assert [(run.status, run.error_message) for run in shop.work_off()] == [("succeeded", None)]
    shop.queue(branch, "destroy")
    assert [run.status for run in shop.work_off()] == ["succeeded"]
    work = shop.repository.work
    run_git(work, "push", "--quiet", "origin", f":refs/heads/{branch}")
    run_git(work, "checkout", "--quiet", "--detach")
    run_git(work, "branch", "--quiet", "-D", branch)


@pytest.mark.parametrize("branch", [LONG, "x" * 240, "a'\"$(id)%2F-é-😀"], ids=["long", "of one part", "of any signs"])
def test_a_branch_of_any_name_gets_a_preview(shop: Estate, branch: str) -> None:
    """Also one whose name is longer than a file's name may be, in whatever script."""
    comes_and_goes(shop, branch)


def test_a_branch_may_have_the_name_of_a_former_branchs_folder(shop: Estate) -> None:
    """Git takes them one after the other: `topic` after `topic/a`, and the other way round."""
    for branch in ("topic/a", "topic", "topic/b"):
        comes_and_goes(shop, branch)
