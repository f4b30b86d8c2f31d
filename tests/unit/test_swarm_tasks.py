"""What is said of a service in a swarm, by the tasks that the engine lists, the newest first."""

from __future__ import annotations

from typing import Any

import pytest

from odooops_dagster.tools.runtime.swarm_tasks import state_of


def task(state: str, *, node: str = "n1", **status: str) -> dict[str, Any]:
    """Return a task as the engine tells it."""
    return {"NodeID": node, "Status": {"State": state, **status}}


@pytest.mark.parametrize("state", ["assigned", "accepted", "preparing", "ready"])
def test_a_service_whose_node_fetches_the_image_runs(state: str) -> None:
    """Else a first deployment gave up after seconds, while the image came."""
    assert state_of([task(state)]) == ("running", "node n1 prepares it")


def test_a_service_that_moves_to_another_node_runs() -> None:
    """The task of the node that went is told as it was last seen, or as shut down."""
    assert state_of([task("preparing", node="n2"), task("running")]) == ("running", "node n2 prepares it")
    assert state_of([task("running", node="n2"), task("shutdown")]) == ("running", "on node n2")


def test_a_service_that_breaks_again_and_again_has_failed() -> None:
    """What the swarm prepares next is another attempt; the reason is that of the task that broke."""
    broken = task("failed", Err="task: non-zero exit (1)", Message="started")
    assert state_of([task("ready"), broken]) == ("failed", "task: non-zero exit (1)")
    assert state_of([task("starting"), broken]) == ("running", "on node n1")


def test_a_service_for_which_there_is_no_node_has_failed() -> None:
    """With the swarm's own words, before it has a task as well."""
    waits = task("pending", node="", Err="no suitable node (scheduling constraints not satisfied on 1 node)")
    assert state_of([waits])[0] == "failed"
    assert "no suitable node" in state_of([waits])[1]
    assert state_of([]) == ("failed", "")
