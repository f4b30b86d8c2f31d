"""What the process of a run makes once and keeps, made before the runs are forked: they share its memory.

A first connection and a first statement leave behind what SQLAlchemy and Dagster remember of them, megabytes in each
process. The connection itself is closed again: a fork would share it.
"""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from odooops_dagster.engine.private import InstanceRef
from odooops_dagster.engine.storage import close_connections, take_tables_as_given

_NOBODY = "00000000-0000-0000-0000-000000000000"


def rehearsed_instance(settings: InstanceRef, *, say: Callable[[str], None]) -> dg.DagsterInstance:
    """Return an instance that has asked its database what each run asks first, and whose connections are closed.

    Args:
        settings: what makes the instance.
        say: is told why nothing was asked: the runs then ask for the first time themselves.
    """
    take_tables_as_given()
    instance = dg.DagsterInstance.from_ref(settings)
    try:
        instance.get_run_by_id(_NOBODY)
    except Exception as exc:  # noqa: BLE001 - at the first start the tables may be missing yet, and a run would say more
        say(f"runs ask the database for the first time themselves: {exc}")
    finally:
        close_connections()
    return instance
