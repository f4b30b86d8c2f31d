"""The backups of platforms in a store. Each platform's are below its control plane's id, and no other one touches them.

A backup is in two repositories, of the record and of Dagster's storage. The manifest of the record is written last and
names the one of Dagster's storage: without it there is no backup.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from odooops_dagster.errors import Conflict, NotFound
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.gc import collect
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.backup.repository_lock import LOCK_TTL
from odooops_dagster.tools.backup.retention import Candidate, Policy, plan
from odooops_dagster.tools.store import ObjectStore

_ROOT = "platform"
# An empty object for each platform that has a place: to list them reads no other key.
_PLACES = f"{_ROOT}/places/"
_HINT = "ops platform list"


@dataclass(frozen=True, kw_only=True)
class PlatformBackup:
    """A backup of a platform that is in the store."""

    id: str
    taken_at: datetime
    verified_at: datetime | None  # when it was last restored for a proof; None: never
    version: str  # of the platform that made it
    size_bytes: int  # of the dumps
    environments: int
    unfinished_runs: int  # which a restore ends
    home: str  # the state folder
    platform: UUID | None  # the control plane's id; None: it was made before backups had one


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """The place of one platform's backups; without an id that of all backups which were made before there were ids."""

    store: ObjectStore
    sealer: Sealer
    platform: UUID | None

    @property
    def prefix(self) -> str:
        """Return what its keys begin with."""
        return _ROOT if self.platform is None else f"{_ROOT}/{self.platform}"

    @cached_property
    def record(self) -> Repository:
        """Return the repository of the record."""
        return Repository(self.store, prefix=f"{self.prefix}/record", sealer=self.sealer)

    @cached_property
    def dagster(self) -> Repository:
        """Return the repository of Dagster's storage."""
        return Repository(self.store, prefix=f"{self.prefix}/dagster", sealer=self.sealer)

    def claim(self) -> None:
        """Have the place listed, before the first backup is in it."""
        self.store.put(f"{_PLACES}{self.platform}", b"")

    def manifest(self, key: str) -> Manifest:
        """Return the manifest of a record.

        Raises:
            Damaged: it was made by another platform than the one in whose place it lies.
            Conflict: it is damaged, or sealed with another key.
        """
        manifest = self.record.manifest(key)
        made_by = manifest.facts.get("control_plane")
        if made_by != (None if self.platform is None else str(self.platform)):
            raise Damaged(
                f"backup {manifest.id} in the place of {self.prefix} was made by platform {made_by}", hint=_HINT
            )
        return manifest

    def manifests(self) -> list[Manifest]:
        """Return the manifests of the records, oldest first."""
        return [self.manifest(key) for key in self.record.manifests()]

    def describe(self, manifest: Manifest) -> PlatformBackup:
        """Return what the manifest says of its backup, and when it was proved."""
        facts = manifest.facts
        return PlatformBackup(
            id=manifest.id,
            taken_at=manifest.taken_at,
            verified_at=self.verified_at(manifest),
            version=facts["version"],
            size_bytes=manifest.size_bytes + facts["dagster"]["size_bytes"],
            environments=facts["environments"],
            unfinished_runs=facts["unfinished_runs"],
            home=facts["home"],
            platform=self.platform,
        )

    def note_proof(self, manifest: Manifest, *, at: datetime) -> None:
        """Record that the backup was restored into a scratch server and was the same."""
        label = self.proof(manifest)
        told = {"at": at.isoformat(), "manifest": manifest.sha256}
        self.store.put(label, self.sealer.seal(json.dumps(told).encode(), label=label))

    def verified_at(self, manifest: Manifest) -> datetime | None:
        """Return when the backup was last proved."""
        label = self.proof(manifest)
        try:
            told: dict[str, Any] = json.loads(self.sealer.unseal(self.store.get(label), label=label))
        except (NotFound, Conflict, ValueError):
            return None
        return datetime.fromisoformat(told["at"]) if told["manifest"] == manifest.sha256 else None

    def proof(self, manifest: Manifest) -> str:
        """Return the key of what says that the backup was proved."""
        return f"{self.prefix}/proofs/{manifest.id}"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The two manifests of a backup, and where they are."""

    place: Place
    record: Manifest
    dagster: Manifest

    @property
    def size_bytes(self) -> int:
        """Return the size of what is restored."""
        return self.record.size_bytes + self.dagster.size_bytes

    @property
    def described(self) -> PlatformBackup:
        """Return what its manifest says of it."""
        return self.place.describe(self.record)


class PlatformBackups:
    """Finds, proves and drops the backups of one platform; every object is sealed with the platform's key.

    Without a platform's id, in a folder that has none yet, it finds those of every platform and drops none.
    """

    def __init__(self, store: ObjectStore, sealer: Sealer, *, platform: UUID | None) -> None:
        self.store = store
        self.sealer = sealer
        self.platform = platform

    def place(self, platform: UUID | None) -> Place:
        """Return the place of a platform's backups."""
        return Place(store=self.store, sealer=self.sealer, platform=platform)

    def list(self) -> list[PlatformBackup]:
        """Return the backups, newest first.

        Raises:
            Conflict: a manifest is damaged, or sealed with another key.
        """
        found = [place.describe(manifest) for place in self._places() for manifest in place.manifests()]
        return sorted(found, key=lambda each: (each.taken_at, each.id), reverse=True)

    def find(self, backup_id: str | None) -> Parts:
        """Return the manifests of this backup, or of the platform's newest one.

        Raises:
            NotFound: there is no such backup, or none.
            Conflict: no platform is named, and the store has backups of several.
            Damaged: the second manifest is not the one that was written.
        """
        filled = {place: keys for place in self._places() if (keys := place.record.manifests())}
        places = self._own(filled) if backup_id is None else filled
        found = [
            (place, key) for place, keys in places.items() for key in keys if backup_id in (None, key.partition("-")[2])
        ]
        if not found:
            what = "the store holds no backup of the platform" if backup_id is None else f"there is no {backup_id}"
            raise NotFound(what, hint=_HINT if filled else "ops platform backup; see ODOOOPS_PLATFORM_STORE_URL")
        place, key = found[-1]
        return _parts(place, place.manifest(key))

    def _own(self, places: Mapping[Place, Sequence[str]]) -> Mapping[Place, Sequence[str]]:
        """Return the one place whose newest backup is meant where none is named.

        Raises:
            Conflict: it is not certain that they are of one platform.
        """
        own = {place: keys for place, keys in places.items() if self.platform in (None, place.platform)}
        if len(own) > 1 or (places and not own):
            listed = ", ".join(f"platform {place.platform}" if place.platform else "unnamed ones" for place in places)
            raise Conflict(
                f"the store has backups of more than this platform, and none is named: {listed}",
                hint="ops platform list, then name the BACKUP, or the platform with --platform ID",
            )
        return own

    def apply_retention(self, *, policy: Policy, now: datetime) -> Sequence[str]:
        """Drop the platform's backups that the policy does not keep, and what no other one needs; return their ids."""
        if self.platform is None:
            return []
        place = self.place(self.platform)
        kept = {manifest.key: manifest for manifest in place.manifests()}
        candidates = [
            Candidate(id=key, taken_at=each.taken_at, is_verified=place.verified_at(each) is not None)
            for key, each in kept.items()
        ]
        dropped = [kept[verdict.id] for verdict in plan(candidates, policy=policy, now=now) if not verdict.is_kept]
        for manifest in dropped:
            place.record.forget(manifest.key)
            self.store.delete(place.proof(manifest))
        for key in _halves(place, now):
            place.dagster.forget(key)
        for repository in (place.record, place.dagster):
            collect(repository, collector_id="platform")
        return [manifest.id for manifest in dropped]

    def _places(self) -> Sequence[Place]:
        """Return the platform's place after that of backups without an id; without a platform every place."""
        if self.platform is not None:
            return [self.place(None), self.place(self.platform)]
        listed = [each.key.removeprefix(_PLACES) for each in self.store.list(_PLACES)]
        return [self.place(None), *(self.place(UUID(each)) for each in sorted(listed))]


def _parts(place: Place, record: Manifest) -> Parts:
    told = record.facts["dagster"]
    dagster = place.dagster.manifest(told["manifest"])
    if dagster.sha256 != told["sha256"]:
        raise Damaged(f"{told['manifest']} is not what backup {record.id} was made with", hint=_HINT)
    return Parts(place=place, record=record, dagster=dagster)


def _halves(place: Place, now: datetime) -> Iterator[str]:
    """Yield the manifests of Dagster's storage that no record names and that no backup at work made."""
    named = {manifest.facts["dagster"]["manifest"] for manifest in place.manifests()}
    for key in place.dagster.manifests():
        if key not in named and now - place.dagster.manifest(key).taken_at > LOCK_TTL:
            yield key
