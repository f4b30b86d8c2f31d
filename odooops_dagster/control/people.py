"""The persons who author, approve and request, and the names by which they are known."""

from __future__ import annotations

import builtins
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model.people import AliasKind, Person


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
