"""Hand a review over through the store, sealed: to the run that applies it, and from the run that made it."""

from __future__ import annotations

import io
from datetime import datetime

from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.uploads import Upload, remove_upload, take_up, upload
from odooops_dagster.tools.row_restore.review import Review, from_bytes, to_bytes
from odooops_dagster.tools.store import ObjectStore

FOLDER = "reviews"


def hand_over(repository: Repository, project_slug: str, review: Review, *, now: datetime) -> Upload:
    """Store the review for its reader."""
    return upload(repository, _folder(project_slug), io.BytesIO(to_bytes(review)), now=now)


def take_over(repository: Repository, project_slug: str, handed: Upload) -> Review:
    """Return the review that was handed over.

    Raises:
        NotFound: the store no longer holds it.
        Conflict: it is damaged, or sealed with another key.
    """
    return from_bytes(b"".join(take_up(repository, _folder(project_slug), handed)), name="the review")


def remove_review(store: ObjectStore, project_slug: str, handed: Upload) -> None:
    """Remove the review from the store, after its reader has it."""
    remove_upload(store, _folder(project_slug), handed)


def _folder(project_slug: str) -> str:
    return f"{FOLDER}/{project_slug}"
