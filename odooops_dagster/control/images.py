"""Images of builds in registries: recorded, judged by policy, and removed when nothing needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import Fence, FromRow


@dataclass(frozen=True, kw_only=True)
class UnneededImage(FromRow):
    """An image that nothing on the record needs."""

    id: UUID
    project_slug: str
    reference: str
    used_at: datetime


@dataclass(frozen=True, kw_only=True)
class CondemnedImage(FromRow):
    """An image whose removal began, with the layers that go with it, the highest first."""

    reference: str
    tags: Sequence[str]
    layers: Sequence[str]
    build_digest: str


@dataclass(frozen=True, kw_only=True)
class ImageAnswer(FromRow):
    """Whether an image may be deployed to a stage, or be removed, and by what."""

    question: str
    is_met: bool
    detail: str


class Images:
    """Calls the functions of ops.images; the record alone decides."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        fence: Fence,
        *,
        build_digest: str,
        reference: str,
        signed_by: str | None,
        tags: Sequence[str] = (),
        layers: Sequence[str] = (),
    ) -> UUID:
        """Record an image that the run made or is about to deploy, and return its id.

        Args:
            fence: the run's attempt.
            build_digest: the build that it holds.
            reference: the image by its digest.
            signed_by: the fingerprint of the key that verified its signature now; None for none.
            tags: the tags that it was pushed under.
            layers: the names of its layers in the engine, the lowest first.

        Raises:
            BadInput: the image is another build's.
        """
        found: UUID = self._database.value(
            "record_image",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_build_digest=build_digest,
            p_reference=reference,
            p_signed_by=signed_by,
            p_tags=list(tags),
            p_layers=list(layers),
        )
        return found

    def require(self, fence: Fence, *, build_digest: str) -> None:
        """Refuse the image that the run recorded of the build where policy does not allow it in the run's stage.

        Raises:
            Conflict: it is unsigned, or another key signed it.
        """
        self._database.call(
            "require_image", p_run_id=fence.run_id, p_attempt=fence.attempt, p_build_digest=build_digest
        )

    def list(self, project_slug: str) -> Rows:
        """Return the project's images that are not removed, the last pushed first."""
        return self._database.read("v_images", order="pushed_at desc", project_slug=project_slug)

    def of_build(self, project_slug: str, build_digest: str) -> Rows:
        """Return the image that the build last became as the only row; nothing where there is none, or no longer."""
        return self._database.read(
            "v_images", order="used_at desc", limit=1, project_slug=project_slug, build_digest=build_digest
        )

    def explain(self, image_id: UUID) -> Sequence[ImageAnswer]:
        """Return where the image may be deployed, and whether it may be removed.

        Raises:
            NotFound: there is no such image.
        """
        return [ImageAnswer.from_row(row) for row in self._database.call("explain_image", image_id=image_id)]

    def to_remove(self, project_id: UUID | None = None) -> Sequence[UnneededImage]:
        """Return the images that nothing needs, of one project or of all."""
        return [UnneededImage.from_row(row) for row in self._database.call("images_to_remove", p_project_id=project_id)]

    def prune(self, project_id: UUID) -> int:
        """Ask for the removal of the project's images that nothing needs; return how many there are."""
        return int(self._database.value("prune_images", p_project_id=project_id))

    def condemn(self, image_id: UUID) -> CondemnedImage | None:
        """Begin the image's removal; return None if it is needed or removed."""
        rows = self._database.call("condemn_image", p_image_id=image_id)
        return CondemnedImage.from_row(rows[0]) if rows else None

    def record_removed(self, image_id: UUID) -> None:
        """Record that the image is gone."""
        self._database.call("record_image_removed", p_image_id=image_id)

    def known_layers(self) -> set[str]:
        """Return the names of the layers of all images that are not removed."""
        return {name for row in self._database.read("v_images", order="id") for name in row["layers"]}
