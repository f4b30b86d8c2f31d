"""Remove artifacts that no run keeps any longer: first from the store, then from the record."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import destroy
from odooops_dagster.control import ControlPlane
from odooops_dagster.steps.recovery.rows_apply import remove_old_reviews
from odooops_dagster.steps.recovery.zips import remove_old_zips
from odooops_dagster.steps.upkeep.expire import remove_artifacts
from odooops_dagster.tools.store import ObjectStore


@dg.schedule(job=destroy, cron_schedule="37 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def artifact_expiry(control: dg.ResourceParam[ControlPlane], store: dg.ResourceParam[ObjectStore]) -> dg.SkipReason:
    """Remove the expired objects, then their rows, and the old uploads that no run needs."""
    remove_old_zips(control, store, now=datetime.now(UTC))
    remove_old_reviews(control, store, now=datetime.now(UTC))
    removed = remove_artifacts(control, store)
    reason = f"{removed.objects} object(s) removed, {removed.rows} artifact(s) forgotten"
    if removed.elsewhere:
        reason += f"; not in this store: {', '.join(removed.elsewhere[:10])}"
    return dg.SkipReason(reason if removed.objects or removed.elsewhere else "no artifact is past its time")
