"""One thing that the platform does with backups, as a program of its own: told and answered in JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.steps.core.files import copy_tree
from odooops_dagster.tools.backup import create, restore, verify
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.sanitize.pipeline import offenders, set_parameters
from odooops_dagster.tools.store import FolderStore

Question = Mapping[str, Any]


def main() -> None:
    """Do what is asked for."""
    question = json.load(sys.stdin)
    verbs: Mapping[str, Callable[[Question], Question]] = {
        "create": _create,
        "verify": _verify,
        "restore": _restore,
        "clone": _clone,
    }
    json.dump(verbs[sys.argv[1]](question), sys.stdout)


def _create(question: Question) -> Question:
    made = create.create(
        _repository(question),
        DatabaseAccess(**question["access"]),
        backup_id=question["id"],
        filestore_path=Path(question["filestore"]),
        programs=_programs(question),
    )
    manifest = made.manifest
    return {"key": manifest.key, "stored_bytes": made.stored_bytes, "bytes": manifest.size_bytes}


def _verify(question: Question) -> Question:
    repository = _repository(question)
    found = verify.verify(repository, repository.manifest(question["key"]), programs=_programs(question))
    if not found.is_good:
        raise SystemExit("\n".join(map(str, found.defects[:5])))
    return {"objects": found.object_count, "files": found.file_count}


def _restore(question: Question) -> Question:
    """Load the database and fetch the files at the same time, as the step does."""
    repository, databases = _repository(question), _databases(question)
    manifest = repository.manifest(question["key"])
    databases.create(question["database"], owner=question["owner"])
    access = databases.access(question["database"], role=question["owner"])
    with ThreadPoolExecutor(1) as pool:
        filling = pool.submit(restore.restore_filestore, repository, manifest, Path(question["to"]))
        restore.restore_database(repository, manifest, access, programs=_programs(question))
        filling.result()
    return {}


def _clone(question: Question) -> Question:
    """Copy the clone template, make the copy its own, ask what of production is left, and only then give it away."""
    databases = _databases(question)
    name, scratch = question["database"], question["scratch"]
    databases.create(name, owner=scratch, template=question["golden"])
    access = databases.access(name, role=scratch)
    set_parameters(access, {"database.uuid": str(uuid4()), "database.secret": str(uuid4())})
    if found := offenders(access):
        raise SystemExit(f"the copy is not harmless: {found}")
    copy_tree(Path(question["filestore"]), Path(question["to"]))
    databases.hand_over(name, to=question["owner"])
    return {}


def _repository(question: Question) -> Repository:
    return Repository(FolderStore(Path(question["store"])), prefix="backups/bench", sealer=Sealer())


def _programs(question: Question) -> Programs:
    return Programs(folder=Path(question["bin_dir"]))


def _databases(question: Question) -> OdooDatabases:
    return OdooDatabases(question["admin_url"], secrets=Path(question["secrets"]))


if __name__ == "__main__":
    main()
