"""The flows in ARCHITECTURE are told hop by hop as they run: each file is reached, each SQL function is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = ROOT / "docs" / "odooops-sh" / "ARCHITECTURE.md"
PACKAGES = ("odooops_dagster", "assets", "resources", "sensors", "schedules")
# What Dagster, uvicorn or the shell calls: nothing of ours has to import it.
DOORS = ("odooops_dagster/doors/", "sensors/", "schedules/", "assets/", "resources/")
CALLED_BY_DAGSTER = {
    "odooops_dagster/engine/coordinator.py",
    "odooops_dagster/engine/fork_launcher.py",
    "odooops_dagster/engine/log_handler.py",
    "odooops_dagster/engine/fork_server.py",  # by `ops up`
}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One flow: its title, and the files and SQL functions of its hops."""

    title: str
    files: tuple[str, ...]
    functions: tuple[str, ...]


def flows(text: str) -> list[Flow]:
    """Return the flows of the document."""
    chapter = text.partition("\n## The five flows\n")[2].partition("\n## ")[0]
    found = []
    for section in chapter.split("\n### ")[1:]:
        rows = [line.strip("|").split("|") for line in section.splitlines() if re.match(r"\| \d", line)]
        files = [name for row in rows for name in re.findall(r"`([^`]+)`", row[2])]
        functions = [name for row in rows for name in re.findall(r"`ops\.([^`]+)`", row[3])]
        found.append(Flow(title=section.splitlines()[0], files=tuple(files), functions=tuple(functions)))
    return found


FLOWS = flows(ARCHITECTURE.read_text())
each_flow = pytest.mark.parametrize("flow", FLOWS, ids=[flow.title for flow in FLOWS])


def test_there_are_five_flows_and_what_they_share() -> None:
    """A flow that loses its heading or its table is noticed."""
    assert len(FLOWS) == 6
    assert all(len(flow.files) >= 5 and len(flow.functions) >= 3 for flow in FLOWS)


@each_flow
def test_every_file_of_a_flow_is_reached(flow: Flow) -> None:
    """A file is a door, or another file of the same flow imports it, directly or through its package."""
    files = set(flow.files)
    reached = {name for file in files for name in imported(ROOT / file)}
    unreached = {file for file in files - CALLED_BY_DAGSTER if not file.startswith(DOORS)} - reached
    assert unreached == set()


@each_flow
def test_every_function_of_a_flow_is_called_by_the_control_plane(flow: Flow) -> None:
    """The SQL function is one that Python calls, not a helper of one."""
    called = "".join(path.read_text() for path in (ROOT / "odooops_dagster" / "control").glob("*.py"))
    assert [name for name in flow.functions if f'"{name}"' not in called] == []


@pytest.mark.parametrize("page", [ARCHITECTURE, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.stem)
def test_every_file_and_function_that_a_page_names_exists(page: Path) -> None:
    """Also outside of the flows: a file that moved and a function that was renamed leave the text behind."""
    text = page.read_text()
    files = re.findall(rf"`((?:{'|'.join(PACKAGES)}|sql|scripts)/[^`*<]+)`", text)
    assert [name for name in files if not (ROOT / name).exists()] == []
    names = {path.stem for path in (ROOT / "sql").rglob("*.sql")}
    tables = set(re.findall(r"create table (?:if not exists )?ops\.(\w+)", _migrations()))
    assert set(re.findall(r"`ops(?:_private)?\.(\w+)`", text)) - names - tables == set()


def _migrations() -> str:
    return "".join(path.read_text() for path in sorted((ROOT / "sql" / "migrations").glob("*.sql")))


def test_a_hop_that_nothing_calls_is_seen() -> None:
    """The rows are read, and a file that no other imports is missed."""
    [flow] = flows(
        "\n## The five flows\n\n### A way\n| 1 | in | `sensors/reconciler.py` | `ops.queue_run` |\n"
        "| 2 | on | `odooops_dagster/tools/odoo/debian.py` | |\n\n## More\n| 1 | x | `y` | |\n"
    )
    assert flow.files == ("sensors/reconciler.py", "odooops_dagster/tools/odoo/debian.py")
    assert flow.functions == ("queue_run",)
    with pytest.raises(AssertionError):
        test_every_file_of_a_flow_is_reached(flow)


def imported(file: Path) -> Iterator[str]:
    """Yield the files that a file imports; of a package also what its __init__ imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in PACKAGES:
            for name in (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)):
                yield from _files_of(name, importer=file)


def _files_of(module: str, *, importer: Path) -> Iterator[str]:
    path = ROOT / Path(*module.split("."))
    if (source := path.with_suffix(".py")).is_file():
        yield str(source.relative_to(ROOT))
    elif (package := path / "__init__.py").is_file() and package != importer:
        yield from imported(package)
