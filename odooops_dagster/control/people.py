"""The persons who author, approve and request, and the names by which they are known."""

from __future__ import annotations

import builtins
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model.people import AliasKind, Person, PersonKey


class People:
    """Reads ops.v_people, and writes people and their names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> builtins.list[Person]:
        """Return the persons by name."""
        return [Person.from_row(row) for row in self._database.read("v_people", order="name, person_id")]

    def get(self, person_id: UUID) -> Person:
        """Return the person with this id."""
        row = self._database.one("v_people", what=f"person {person_id}", order="name", person_id=person_id)
        return Person.from_row(row)

    def speaks_for_others(self) -> bool:
        """Return whether the caller is the platform, which names the person for whom it acts."""
        return bool(self._database.value("is_platform"))

    def create(self, name: str, *, created_by: str | None = None) -> Person:
        """Create a person without names to compare by."""
        return self.get(self._database.value("create_person", name=name, p_created_by=created_by))

    def add_alias(self, person_id: UUID, alias: str, *, kind: AliasKind, created_by: str | None = None) -> Person:
        """Add a name to the person.

        Raises:
            Conflict: it is another person's name.
            NotFound: there is no such person.
        """
        self._database.call("add_person_alias", person_id=person_id, alias=alias, kind=kind, p_created_by=created_by)
        return self.get(person_id)

    def remove_alias(self, alias: str) -> bool:
        """Take the name from its person, and return whether it had one."""
        return bool(self._database.value("remove_person_alias", alias=alias))

    def add_key(self, person_id: UUID, *, key_id: str, public_key: str, created_by: str | None = None) -> PersonKey:
        """Register a public key of the person; `key_id` is its name in DSSE envelopes.

        Raises:
            Conflict: it is another person's, or was withdrawn.
        """
        found = self._database.value(
            "add_person_key", person_id=person_id, key_id=key_id, public_key=public_key, p_created_by=created_by
        )
        return PersonKey.from_row(self._database.one("person_keys", what=f"key {key_id}", order="id", id=found))

    def revoke_key(self, key_id: str, *, revoked_by: str | None = None) -> bool:
        """Withdraw the key, and return whether it was in force."""
        return bool(self._database.value("revoke_person_key", key_id=key_id, p_revoked_by=revoked_by))

    def signing_keys(self, person_id: UUID | None = None) -> builtins.list[PersonKey]:
        """Return the keys, oldest first, withdrawn ones too."""
        rows = self._database.read("person_keys", order="created_at, id", person_id=person_id)
        return [PersonKey.from_row(row) for row in rows]
