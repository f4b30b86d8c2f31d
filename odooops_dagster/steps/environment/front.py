"""What stands in front of an environment while its Odoo cannot answer: a notice, or its candidate.

The router obeys it, so that no request is lost. `converge` tells again what the environment's
row says, also after a kill.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from odooops_dagster.home import candidate_name, candidate_socket, environment_notice, environment_socket
from odooops_dagster.model import Environment
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.front import line, notices
from odooops_dagster.tools.front.notices import Notice, State


def tell(settings: Settings, environment: Environment) -> None:
    """Tell who asks what the environment's row says: that it sleeps or is stopped, or nothing where it runs."""
    if environment.status == "stopped" and environment.database_name is not None:
        known = notices.read(environment_notice(settings.home, environment.host_label))
        by = known.by if known is not None and known.state == "stopped" else ""
        post(settings, environment, "asleep" if environment.wakes_on_request else "stopped", by=by)
    else:
        notices.take_down(settings.home, environment.host_label)


def post(
    settings: Settings, environment: Environment, state: State, *, seconds: float = 0.0, by: str | None = None
) -> None:
    """Tell who asks from now on of a state, by whom it is, and how many seconds it usually lasts; 0 if nobody knows."""
    notice = Notice(state=state, environment=environment.partition_key, since=time.time(), seconds=seconds, by=by or "")
    notices.post(settings.home, environment.host_label, notice)


def let_finish(ctx: StepContext) -> None:
    """Wait for the end of the requests at which the environment's Odoo works; new ones do not reach it by now."""
    at_work = line.drain(ctx.settings.home, environment_socket(ctx.settings.home, ctx.environment.host_label))
    if at_work:
        ctx.log("warn", f"{at_work} request(s) were still at work after {line.DRAIN_SECONDS:.0f} s, and are ended")


@contextmanager
def candidate_answers(ctx: StepContext) -> Iterator[None]:
    """Lead requests to the run's candidate while the block replaces the service; then stop the candidate.

    Without a candidate that runs nothing is led. The environment's own socket answers again when the block has ended.
    """
    name = candidate_name(ctx.environment, ctx.run)
    home, label = ctx.settings.home, ctx.environment.host_label
    candidate = candidate_socket(home, name)
    if ctx.runtime.status(name)[0].state == "running":
        told = Notice(
            state="replaced",
            environment=ctx.environment.partition_key,
            since=time.time(),
            candidate=candidate.name,
        )
        notices.post(home, label, told)
        let_finish(ctx)
    try:
        yield
    finally:
        notices.take_down(home, label)
        line.drain(home, candidate)
        ctx.runtime.stop(name, remove=True)
