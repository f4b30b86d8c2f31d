"""Who connects to what is decided in one place: nothing else opens a connection to an environment's database."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("odooops_dagster", "assets", "resources", "sensors", "schedules")
DOORS = "odooops_dagster/tools/postgres/connections.py"
# They know the addresses of the platform's own databases only: the control plane, Dagster's storage, maintenance.
OF_THE_PLATFORM = {
    "odooops_dagster/control/agents.py",
    "odooops_dagster/control/database.py",
    "odooops_dagster/control/migrate.py",
    "odooops_dagster/local/postgres.py",
    "odooops_dagster/local/preflight.py",
    "odooops_dagster/local/readiness.py",
    "odooops_dagster/local/superuser.py",
}
# Before the stack starts they set up the embedded clusters, and move the platform's own databases into theirs.
OF_CLUSTERS = {"odooops_dagster/local/separation.py", "odooops_dagster/local/superuser.py"}
# They back the platform's own databases up, and make a cluster of a backup.
OF_RECOVERY = {
    "odooops_dagster/local/recovery/backup.py",
    "odooops_dagster/local/recovery/fill.py",
    "odooops_dagster/local/recovery/revocations.py",
}
# What an administrator does inside an environment's database: change owners and rights, by name.
INSIDE = {"odooops_dagster/tools/postgres/reassignment.py": "give_everything"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Yield every file of the platform."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def callers_of(*names: str) -> dict[str, set[str]]:
    """Return the functions in which each file names one of these, as an attribute or by itself."""
    found: dict[str, set[str]] = {}
    for file, tree in sources():
        for function in ast.walk(tree):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for node in ast.walk(function):
                    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
                    if name in names:
                        found.setdefault(file, set()).add(function.name)
    return found


def test_only_one_file_opens_connections_to_environments() -> None:
    """A second one would have to know when to be whom."""
    opening = {file for file, tree in sources() if any(map(opens, ast.walk(tree)))}
    assert opening == {DOORS} | OF_THE_PLATFORM


def test_the_administrator_enters_an_environments_database_only_to_give_it_away() -> None:
    """What reads or writes rows is another role's."""
    assert callers_of("administrator_inside") == {file: {name} for file, name in INSIDE.items()}


def test_the_administrator_is_known_to_the_files_of_servers_alone() -> None:
    """Its connection is to a database in which no environment has an object: maintenance, or the platform's own."""
    assert (
        set(callers_of("administrator")) == {"odooops_dagster/tools/postgres/databases.py"} | OF_CLUSTERS | OF_RECOVERY
    )


def test_only_roles_of_environments_and_adopted_productions_reach_programs_and_readers() -> None:
    """The programs that dump and load, and all readers and writers, take an access: no other file makes one."""
    making = {file for file, tree in sources() if any(map(makes_access, ast.walk(tree)))}
    of_environments = {"odooops_dagster/tools/postgres/databases.py", "odooops_dagster/tools/postgres/adoption.py"}
    assert making == {*of_environments, "odooops_dagster/local/recovery/sources.py"}  # the latter of the platform's own


def makes_access(node: ast.AST) -> bool:
    """Return whether the node makes the access of a role to a database."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "DatabaseAccess"


def opens(node: ast.AST) -> bool:
    """Return whether the node is psycopg's way to connect, or a pool of connections."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("connect", "AsyncConnection") and getattr(node.value, "id", "") in ("psycopg", "psycopg2")
    return isinstance(node, ast.Name) and node.id == "ConnectionPool"


def test_every_way_to_connect_is_seen() -> None:
    """The test above would see a new one."""
    for line in ("psycopg.connect(url)", "p = psycopg.connect", "ConnectionPool(url)"):
        assert any(map(opens, ast.walk(ast.parse(line))))
