"""Every document that is written from the schema, by its path."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from docs.schema.catalog import read_schema
from docs.schema.dbml import dbml
from docs.schema.markdown import reference_pages
from docs.schema.mermaid import erd_page
from docs.schema.model import Schema
from docs.schema.prisma import prisma
from docs.schema.security import filled_in
from docs.schema.sources import Notes, read_notes
from tests.servers import running_server

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
SECURITY = ROOT / "docs" / "odooops-sh" / "SECURITY.md"


def documents() -> dict[Path, str]:
    """Migrate a database on a server of its own, and return the text of every document of its schema."""
    with running_server("docs") as server, server.fresh_database() as url:
        return schema_pages(read_schema(url), read_notes())


def stale(written: Iterable[Path]) -> list[Path]:
    """Return the pages of the schema's reference that nothing writes any more."""
    return sorted(set((REFERENCE / "schema").glob("*")) - set(written))


def schema_pages(schema: Schema, notes: Notes) -> dict[Path, str]:
    """Return the text of every document of the schema."""
    return {
        REFERENCE / "schema.dbml": dbml(schema, notes),
        REFERENCE / "ERD.md": erd_page(schema),
        ROOT / "prisma" / "schema.prisma": prisma(schema, notes),
        SECURITY: filled_in(SECURITY.read_text(), schema, notes),
        **{REFERENCE / "schema" / name: text for name, text in reference_pages(schema, notes).items()},
    }
