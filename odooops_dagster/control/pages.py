"""Lists of the control plane, page by page, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from odooops_dagster.control.database import Database, Rows


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A view or table, and the columns by which it is listed, which name each of its rows."""

    relation: str
    order: tuple[str, ...]


PROJECTS = Listing(relation="projects", order=("slug",))
ENVIRONMENTS = Listing(relation="v_environment_overview", order=("partition_key", "id"))
RUNS = Listing(relation="v_runs", order=("created_at", "id"))
# Of one project, by its id: an index has them in this order.
RUNS_OF_PROJECT = Listing(relation="v_runs", order=("run_number",))
BACKUPS = Listing(relation="backups", order=("created_at", "id"))
RESTORES = Listing(relation="restores", order=("created_at", "id"))
RELEASES = Listing(relation="releases", order=("created_at", "id"))
ELIGIBILITY = Listing(relation="v_promotion_eligibility", order=("created_at", "release_id"))
HISTORY = Listing(relation="v_deployment_history", order=("created_at", "deployment_id"))
EGRESS = Listing(relation="v_egress_attempts", order=("minute", "id"))
EXCEPTIONS = Listing(relation="v_exception_status", order=("created_at", "exception_id"))
REHEARSALS = Listing(relation="rehearsals", order=("started_at", "id"))
DEPLOYMENTS = Listing(relation="deployments", order=("created_at", "id"))
INCIDENTS = Listing(relation="incidents", order=("opened_at", "id"))
DELIVERIES = Listing(relation="event_ingest_log", order=("id",))
RULES = Listing(relation="notification_rules", order=("id",))
MESSAGES = Listing(relation="outbox", order=("id",))
MEMBERS = Listing(relation="project_members", order=("project_slug", "user_id"))


class Pages:
    """Reads pages of lists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, listing: Listing, *, limit: int, after: Sequence[object] | None = None, **equal: object) -> Rows:
        """Return the rows below `after`, whose columns have these values; a value of None is no condition."""
        return self._database.page(listing.relation, order=listing.order, limit=limit, after=after, **equal)
