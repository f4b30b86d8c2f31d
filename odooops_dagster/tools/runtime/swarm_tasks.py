"""What the tasks of a Docker Swarm service say of it. Source: "Swarm task states" of Docker's documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

_AT_WORK = frozenset({"running", "starting"})
# A node has it: it fetches the image, which takes minutes on a node that has not seen it.
_ON_ITS_WAY = frozenset({"assigned", "accepted", "preparing", "ready"})
_BROKEN = frozenset({"failed", "rejected"})


def state_of(tasks: Sequence[Mapping[str, Any]]) -> tuple[Literal["running", "failed"], str]:
    """Return the state of a service that is to run, and what there is to say of it.

    A service whose first task is being prepared runs: whoever waits for its answer goes on waiting. After a task that
    broke, the next one is a new attempt of the swarm's, and the service has failed until that one is at work.

    Args:
        tasks: the service's tasks as the engine lists them, the newest first.
    """
    newest = tasks[0]["Status"] if tasks else {"State": "new"}
    broken = next((each["Status"] for each in tasks[1:] if each["Status"]["State"] in _BROKEN), None)
    node = str(tasks[0].get("NodeID", "")) if tasks else ""
    if newest["State"] in _AT_WORK:
        return "running", f"on node {node}"
    if newest["State"] in _ON_ITS_WAY and broken is None:
        return "running", f"node {node} prepares it"
    said = str(newest.get("Err") or newest.get("Message") or "")
    return "failed", said if broken is None else str(broken.get("Err") or said)
