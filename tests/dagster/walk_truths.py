"""What must be true after every step of a walk, whatever happened: asked of the record, the server, disk and store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import filestore, owner_of_database, role_name, short_id
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Backup, Environment, Restore
from odooops_dagster.tools.backup.repositories import manifest_of, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.verify import verify
from odooops_dagster.tools.postgres.contents import read_rows
from tests.dagster.estate import Estate

PRODUCTION = "main"
FIRST_ORDERS = ("S1", "S2", "S3")
DRAFT = "S4"  # in the second backup, and removed since
# Each order comes with a file, as a sales order comes with its signed PDF.
ORDERS = "select o.name, f.store_fname from public.sale_order as o left join public.ir_attachment as f using (name)"
ORDERS += " order by o.id"

State = tuple[str, ...]


def file_of(order: str) -> tuple[str, bytes]:
    """Return the name and content of the file that comes with an order; the name is its hash, as Odoo's are."""
    content = f"signed {order}\n".encode() * 50
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return f"{digest[:2]}/{digest}", content


@dataclass
class Books:
    """What users wrote: the orders of each database of production, and what each backup of it may hold."""

    orders: dict[str, State] = field(default_factory=dict)
    backups: dict[UUID, set[State]] = field(default_factory=dict)
    verified: set[UUID] = field(default_factory=set)
    outdated: set[UUID] = field(default_factory=set)  # of another day: the retention policy may drop them


class Truths:
    """Looks at the world of a walk and at what users wrote; what happens is noted by who lets it happen."""

    def __init__(self, world: Estate, neighbour: str) -> None:
        self._estate = world
        self._neighbour = neighbour
        self.books = Books()
        self.books.orders[self.serving()] = FIRST_ORDERS
        self.look()
        second = sorted(world.control.backups.list(), key=lambda backup: backup.moment)[1]
        self.books.backups[second.id] = {(*FIRST_ORDERS, DRAFT)}

    # -- what can be asked

    def environments(self) -> dict[str, Environment]:
        """Return the living environments by branch; none is made by asking."""
        rows = self._estate.control.environments.list(self._estate.project.slug)
        return {row.name: row for row in rows if row.status != "destroyed"}

    def serving(self) -> str:
        """Return the database that production serves.

        Raises:
            AssertionError: production is gone, or serves nothing.
        """
        production = self.environments().get(PRODUCTION)
        assert production is not None, "production is gone"
        assert production.database_name is not None, "production serves nothing"
        return production.database_name

    def restores(self, branch: str) -> list[Restore]:
        """Return the restores in place of a branch's living environment."""
        environment = self.environments().get(branch)
        if environment is None:
            return []
        return list(self._estate.control.backups.restores(environment_id=environment.id, purpose="restore"))

    @property
    def repository(self) -> Repository:
        """Return the repository of the project's backups."""
        return repository_of(self._estate.store, self._estate.settings, self._estate.project.slug)

    # -- what must be true

    def look(self) -> None:
        """Look at all that must hold after every step.

        Raises:
            AssertionError: something of it does not.
        """
        there = set(self._estate.databases.list())
        assert self._neighbour in there, "what is not the platform's was dropped"
        self._look_at_owners(there)
        self._look_at_production(there)
        self._look_at_backups()

    def _look_at_owners(self, there: set[str]) -> None:
        """Each environment serves a database that is there, its own, and nobody else's."""
        ends = {run.environment_id for run in self._estate.control.runs.list(limit=500) if run.kind == "destroy"}
        serving: dict[str, str] = {}
        for environment in self.environments().values():
            name, key = environment.database_name, environment.partition_key
            if name is None:
                continue
            assert name not in serving, f"{key} serves {name}, and so does {serving[name]}"
            serving[name] = key
            owner = owner_of_database(name)
            assert owner is not None, f"{key} serves {name}, which is no environment's"
            assert owner.environment == short_id(environment), f"{key} serves {name}, which another made"
            if environment.id not in ends:
                assert name in there, f"{key} serves {name}, which is not there"

    def _look_at_production(self, there: set[str]) -> None:
        serving = self.serving()
        restores = self.restores(PRODUCTION)
        if serving not in self.books.orders:
            self._note_restored(serving, restores)
        self._look_at_data(serving, "what users wrote is gone")
        for restore in restores:
            if restore.keep_previous_until and restore.keep_previous_until > datetime.now(UTC):
                for name in (str(restore.previous_database_name), str(restore.database_name)):
                    assert name in there, f"the way back over {name} is gone"
                    if name in self.books.orders:
                        self._look_at_data(name, "the way back leads to other data")

    def _note_restored(self, serving: str, restores: list[Restore]) -> None:
        """Note what a restore brought, which is what its backup may hold."""
        made = [restore for restore in restores if restore.database_name == serving]
        assert [restore.status for restore in made] == ["succeeded"], f"{serving} serves, and no restore made it"
        found = tuple(self._orders_of(serving))
        assert found in self.books.backups[made[0].backup_id], "a restore brought other data than its backup's"
        self.books.orders[serving] = found

    def _look_at_data(self, database: str, complaint: str) -> None:
        """The database has the rows that users wrote, and each of its files is on disk as it was."""
        found = self._orders_of(database)
        assert tuple(found) == self.books.orders[database], f"{database}: {complaint}"
        folder = filestore(self._estate.settings.home, self.environments()[PRODUCTION], database)
        for order, name in found.items():
            assert name == file_of(order)[0], f"{database}: the row of order {order}'s file is gone"
            assert (folder / name).is_file(), f"{database}: the file of order {order} is gone"
            assert (folder / name).read_bytes() == file_of(order)[1], f"{database}: the file of order {order} changed"

    def _look_at_backups(self) -> None:
        state = self.books.orders[self.serving()]
        rows = {backup.id: backup for backup in self._estate.control.backups.list()}
        for backup in rows.values():
            if backup.id not in self.books.verified and backup.stage == "production":
                self.books.backups.setdefault(backup.id, set()).add(state)
        for lost in self.books.verified - {key for key, backup in rows.items() if backup.status == "verified"}:
            assert rows[lost].status == "dropped", f"backup {lost} was verified and is {rows[lost].status}"
            assert lost in self.books.outdated, f"backup {lost} is lost: {rows[lost].drop_reason}"
        verified = [backup for backup in rows.values() if backup.status == "verified"]
        assert any(backup.stage == "production" for backup in verified), "production has no backup left"
        self.books.verified = {backup.id for backup in verified}
        for backup in verified:
            self._read(backup)

    def _read(self, backup: Backup) -> None:
        """Read the manifest and every object of it; each must hash to its name."""
        try:
            manifest = manifest_of(self.repository, backup)
            for name in manifest.objects:
                self.repository.read(name, manifest.objects)
        except OdooOpsError as exc:
            raise AssertionError(f"backup {backup.id} is verified and cannot be read: {exc}") from exc

    def look_at_the_end(self) -> None:
        """Verify every backup as the product does, with PostgreSQL's own programs.

        Raises:
            AssertionError: one has a defect.
        """
        for backup in self._estate.control.backups.list(status="verified"):
            manifest = manifest_of(self.repository, backup)
            found = verify(self.repository, manifest, programs=pg_programs(self._estate.settings))
            assert found.is_good, f"backup {backup.id} cannot be read: {found.defects}"

    def _orders_of(self, database: str) -> dict[str, str]:
        """Return the orders of a database, and the name of each one's file."""
        access = self._estate.databases.access(database, role=role_name(self.environments()[PRODUCTION]))
        return {row["name"]: row["store_fname"] for row in read_rows(access, ORDERS)}
