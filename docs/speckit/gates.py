"""The four gates: each looks at a tree, and returns what is wrong with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docs.links import leads_somewhere, links
from docs.schema.catalog import read_schema
from docs.schema.model import Schema
from docs.schema.pages import ROOT, schema_pages
from docs.schema.sources import read_notes
from docs.speckit.bundles import bundle_findings
from docs.speckit.names import name_findings
from odooops_dagster.control.export import differences
from tests.node_tools import node_tool
from tests.servers import running_server

DOCUMENTS = ("ARCHITECTURE", "DATA_BOUNDARIES", "RUN_LIFECYCLE", "CICD", "SECURITY")
_FOREIGN = {".git", ".venv", "node_modules", ".pytest_cache", "build", "dist"}


@contextmanager
def live_schema() -> Iterator[Schema]:
    """Yield the schema of a database that is migrated on a server of its own."""
    with running_server("speckit") as server, server.fresh_database() as url:
        yield read_schema(url)


def spec_kit(root: Path, schema: Schema) -> list[str]:
    """Return what is wrong with the bundles, by themselves, with one another and with the schema."""
    return [*bundle_findings(root), *name_findings(root, schema)]


def schema_documents(root: Path, schema: Schema) -> list[str]:
    """Return each document of the schema that differs, and each migration that differs from its export."""
    written = {path.relative_to(ROOT): text for path, text in schema_pages(schema, read_notes()).items()}
    found = [
        f"{path}: it differs from the live schema: python -m docs.generate"
        for path, text in written.items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    return found + [
        f"supabase/migrations: {fault}: make export" for fault in differences(root / "supabase" / "migrations")
    ]


def prisma(root: Path, _: Schema) -> list[str]:
    """Return what Prisma's own program says against the schema."""
    environment = dict(os.environ) | {
        "PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true",  # `prisma validate` never starts it, and else it is downloaded
        "DATABASE_URL": "postgresql://localhost/none",
    }
    done = subprocess.run(
        [node_tool("prisma"), "validate", f"--schema={root / 'prisma' / 'schema.prisma'}"],
        cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return [f"prisma/schema.prisma: {done.stdout}{done.stderr}"] if done.returncode else []


def documents(root: Path, _: Schema) -> list[str]:
    """Return each of the five documents that is missing, and each link that leads nowhere."""
    places = [root / "docs" / "odooops-sh" / f"{name}.md" for name in DOCUMENTS]
    found = [f"{place.relative_to(root)}: the document is missing" for place in places if not place.is_file()]
    for page in sorted(root.rglob("*.md")):
        if not _FOREIGN & set(page.relative_to(root).parts):
            broken = [target for target in links(page.read_text("utf-8")) if not leads_somewhere(page, target)]
            found += [f"{page.relative_to(root)}: the link {target} leads nowhere" for target in broken]
    return found


GATES = {
    "validate-spec-kit": spec_kit,
    "validate-schema": schema_documents,
    "validate-prisma": prisma,
    "validate-docs": documents,
}
