"""The anchors of a control plane's record in the store: numbered files below the control plane's id."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from odooops_dagster.errors import BadInput
from odooops_dagster.model.anchors import Anchor
from odooops_dagster.tools.store.objects import ObjectStore


class AnchorFiles:
    """Reads and writes the anchors of one control plane, and their signed checkpoints."""

    def __init__(self, store: ObjectStore, control_plane: UUID) -> None:
        self._store = store
        self.control_plane = control_plane
        self._prefix = f"audit/{control_plane}/"

    def numbers(self) -> list[int]:
        """Return the numbers of the anchors in the store, oldest first."""
        return sorted(self._numbers())

    def read(self, number: int) -> Anchor:
        """Return the anchor with the number.

        Raises:
            BadInput: its file is not as it was written.
        """
        try:
            lines = self._store.get(self.name(number)).decode().splitlines()
        except UnicodeDecodeError as exc:
            raise BadInput("it is no text") from exc
        return Anchor.read(lines)

    def write(self, anchor: Anchor) -> None:
        """Store the anchor."""
        data = "".join(f"{line}\n" for line in anchor.lines()).encode()
        self._store.put(self.name(anchor.number), data, content_type="application/jsonl")

    def read_checkpoint(self, number: int) -> bytes:
        """Return the signed checkpoint of the anchor; raise NotFound if it is not signed."""
        return self._store.get(self._checkpoint(number))

    def write_checkpoint(self, number: int, envelope: bytes) -> None:
        """Store the signed checkpoint of the anchor."""
        self._store.put(self._checkpoint(number), envelope, content_type="application/vnd.dsse+json")

    def name(self, number: int) -> str:
        """Return the store's key of the anchor."""
        return f"{self._prefix}{number:08d}.jsonl"

    def _checkpoint(self, number: int) -> str:
        return f"{self._prefix}{number:08d}.dsse.json"

    def _numbers(self) -> Iterator[int]:
        for stored in self._store.list(self._prefix):
            stem = stored.key.removeprefix(self._prefix).removesuffix(".jsonl")
            if stem.isdecimal():
                yield int(stem)
