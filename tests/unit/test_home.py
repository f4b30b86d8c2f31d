"""Every path of the state folder and every name of a database, role and service is spelt in one package."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from odooops_dagster import home
from odooops_dagster.home import Owner, StateEntry
from odooops_dagster.home.contents import CONTENTS
from odooops_dagster.model import Environment, Project, Run
from tests.unit.test_steps_names import make_environment, make_run

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("odooops_dagster", "assets", "resources", "sensors", "schedules")
HOME = Path("/srv/ops")
ID = UUID("0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001")
# Texts that begin like a place or a name of ours, and are none.
OTHERS = {
    "odooops_dagster/control/work.py": {"ops_work"},  # a channel of announcements
    "odooops_dagster/engine/waiting.py": {"ops_queue"},  # a sensor
    "odooops_dagster/control/migrate.py": {"ops_functions_views_policies"},
    "odooops_dagster/steps/recovery/backup_logs.py": {"odoo/", "runs/"},  # names inside a backup
}


@pytest.fixture
def environment() -> Environment:
    """Return an environment whose id is known."""
    return replace(make_environment("main"), id=ID)


@pytest.fixture
def run() -> Run:
    """Return the second attempt of a run whose id is known."""
    return replace(make_run(7), id=ID, attempt=2)


def test_a_state_folder_of_an_earlier_version_is_found_again(environment: Environment, run: Run) -> None:
    """No path may change: what an earlier version wrote there would be lost from sight."""
    project = Project(
        id=ID, slug="demo", workspace_key="main", odoo_version="19.0", repo_url="", default_branch="main", status=""
    )
    checkout = home.checkout_folder(HOME, project, "a" * 40)
    secrets = home.secrets_folder(HOME)
    found = {
        home.build_manifest(HOME, "sha256:abc"): "builds/abc.json",
        home.control_plane_file(HOME): "control-plane.json",
        home.dagster_home(HOME): "dagster",
        home.instance_file(HOME): "dagster/dagster.yaml",
        home.workspace_file(HOME): "dagster/workspace.yaml",
        home.demo_folder(HOME): "demo",
        home.sandbox_folder(HOME, "ops_drill_1"): "drills/ops_drill_1",
        home.service_config(HOME, environment, service="env-1", database="d"): f"environments/{ID.hex}/env-1.d.conf",
        home.service_log(HOME, environment, "env-1"): f"environments/{ID.hex}/logs/env-1.log",
        home.filestore(HOME, environment, "d"): f"environments/{ID.hex}/data/filestore/d",
        home.load_proof(HOME, environment): f"environments/{ID.hex}/loadable.json",
        home.owner_file(home.environment_folder(HOME, environment)): f"environments/{ID.hex}/.odooops-owner",
        home.handoff_folder(HOME, "demo/main"): "handoff/demo%2Fmain",
        home.installation_file(HOME): "installation",
        home.clone_template_lock(HOME, project): f"locks/clone-template-{ID.hex}",
        home.program_log(HOME, "gateway"): "logs/gateway.log",
        home.supervisor_errors(HOME): "logs/supervisord.err",
        home.installations_folder(HOME): "odoo",
        home.cluster_folder(HOME): "postgres/data",
        home.cluster_port_file(HOME): "postgres/port",
        home.cluster_set_up_file(HOME): "postgres/set-up",
        home.set_up_sockets(HOME): "run/set-up-postgres",
        home.cluster_folder(HOME, home.StateEntry.CONTROL): "control/data",
        home.server_programs(HOME, "18.4"): "postgresql/18.4",
        home.mirrors_folder(HOME): "repos",
        home.cluster_lock(HOME): "run/postgres.lock",
        home.cluster_sockets(HOME): "run/postgres",
        home.program_definition(HOME, "gateway"): "run/gateway.json",
        home.stack_lock(HOME): "run/stack.lock",
        home.stopping_mark(HOME): "run/stopping",
        home.supervisor_configuration(HOME): "run/supervisord.conf",
        home.supervisor_pid_file(HOME): "run/supervisord.pid",
        home.code_socket(HOME): "run/code/code.sock",
        home.fork_socket(HOME): "run/forks/fork.sock",
        home.supervisor_socket(HOME): "run/supervisor.sock",
        home.run_folder(HOME, ID): f"runs/{ID}",
        home.services_folder(HOME): "runtime",
        home.services_socket(home.services_folder(HOME)): "runtime/supervisor.sock",
        home.secret_file(HOME, home.WEBHOOK_SECRET): "secrets/github-webhook",
        home.webhook_secret_file(HOME, ID): f"secrets/webhooks/{ID.hex}",
        home.secret_file(HOME, home.password_secret(home.WORKER)): "secrets/postgres-ops_worker",
        home.role_passwords(secrets): "secrets/databases",
        home.adoption_file(secrets, ID): f"secrets/adopted/{ID}.json",
        checkout: f"sources/0192aaaa/{'a' * 40}",
        home.partial_checkout(checkout, run): f"sources/0192aaaa/.{'a' * 40}.{ID.hex}.2",
        home.store_folder(HOME): "store",
        home.template_filestore(HOME, "opstpl_1"): "templates/opstpl_1/filestore",
        home.python_environments(HOME): "venvs",
    }
    assert {str(path.relative_to(HOME)) for path in found} == set(found.values())
    assert all(path == HOME / expected for path, expected in found.items())


def test_databases_and_roles_of_an_earlier_version_are_found_again(environment: Environment, run: Run) -> None:
    """No name may change: the janitor and the restores find their databases by it."""
    now = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    assert home.database_name(environment, run) == "ops_demo_main_0192aaaa_r7_2"
    assert home.scratch_name(environment, run) == "ops_clone_0192aaaa_r7_2"
    assert home.role_name(environment) == "ops_0192aaaa"
    assert home.service_name(environment) == "env-0192aaaa"
    assert home.candidate_name(environment, run) == "env-0192aaaa-r7"
    assert home.template_name("f" * 64, run) == "opstpl_ffffffffffffffff_rffff0001_2"
    assert home.clone_template_name("f" * 64, run) == "opstpl_gold_ffffffffffffffff_rffff0001_2"
    assert home.drill_name(run) == f"ops_drill_{ID.hex}_2"
    assert re.fullmatch("opsrec_2026020304_[0-9a-f]{16}", home.comparison_name(now))
    own = (home.CONTROL_DATABASE, home.DAGSTER_DATABASE, home.MAINTENANCE_DATABASE)
    assert own == ("odooops", "odooops_dagster", "postgres")
    assert home.TEMPLATES_ROLE == "ops_templates"
    roles = (home.SUPERUSER, home.ADMINISTRATOR, home.GATEWAY, home.WORKER, home.OPERATOR, home.CALLERS)
    assert roles == ("postgres", "odooops_administrator", "ops_gateway", "ops_worker", "ops_operator", "ops_api")


def test_a_name_leads_back_to_its_owner(environment: Environment, run: Run) -> None:
    """What a killed run leaves behind is known by its name alone."""
    owner = Owner(environment="0192aaaa", run_number=7)
    database, clone = home.database_name(environment, run), home.scratch_name(environment, run)
    assert home.owner_of_database(database) == home.owner_of_database(clone) == owner
    assert home.owner_of_role(clone) == owner
    assert home.owner_of_role(home.role_name(environment)) == Owner(environment="0192aaaa", run_number=None)
    assert home.role_of_database(database) == home.role_name(environment)
    assert home.role_of_database(clone) == clone
    for name in (home.template_name("f" * 64, run), home.clone_template_name("f" * 64, run)):
        assert home.run_of_template(name) == ID.hex[-8:]
    assert home.run_of_drill(home.drill_name(run)) == ID
    made = home.comparison_made_at(home.comparison_name(datetime(2026, 2, 3, 4, 5, tzinfo=UTC)))
    assert made == datetime(2026, 2, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    ["postgres", "ops_gateway", "ops_worker", "ops_operator", "ops_templates", "opstpl_x", "opsrec_1", "ops_drill_1"],
)
def test_what_is_not_ours_leads_nowhere(name: str) -> None:
    """A role or database that only looks like ours is left alone."""
    assert home.owner_of_role(name) is None
    assert home.run_of_template(name) is None
    assert home.run_of_drill(name) is None
    assert home.comparison_made_at(name) is None


def test_incomplete_checkouts_are_found(tmp_path: Path, run: Run) -> None:
    """A killed checkout's folder leads back to its run; a complete one is no leftover."""
    project = Project(
        id=ID, slug="demo", workspace_key="main", odoo_version="19.0", repo_url="", default_branch="main", status=""
    )
    whole = home.checkout_folder(tmp_path, project, "a" * 40)
    partial = home.partial_checkout(whole, run)
    for folder in (whole, partial):
        folder.mkdir(parents=True)
    assert list(home.partial_checkouts(tmp_path)) == [(partial, ID.hex)]


def test_the_architecture_lists_every_place_of_the_state_folder() -> None:
    """Who looks into the folder finds what each entry is for."""
    text = (ROOT / "docs" / "odooops-sh" / "ARCHITECTURE.md").read_text()
    table = text.partition("| place | holds |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([^`]+?)/?` \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert rows == [(place, CONTENTS[place].holds, CONTENTS[place].may_go) for place in StateEntry]


def test_no_other_file_spells_a_place_or_a_name() -> None:
    """A second spelling would be forgotten by the next change."""
    found = {}
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if not name.startswith("odooops_dagster/home/"):
            found[name] = set(spellings(path.read_text())) - OTHERS.get(name, set())
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_the_search_sees_each_way_to_spell_one() -> None:
    """A part of a path, a pattern, a relative name, a formatted name; not a folder of someone else's."""
    code = 'home / "logs" / "x"\nself._home / f"{run}"\nsettings.cache_home / "venvs"\n(home / "sources").glob("*")'
    assert sorted(spellings(code)) == ["logs", "sources", "venvs"]
    code = '"""ops_x in prose."""\nname.startswith("runs/")\nf"templates/{name}"\nglob("builds/*.json")'
    assert sorted(spellings(code)) == ["builds/*.json", "runs/", "templates/"]
    code = 'f"ops_{run}"\nre.compile(r"opstpl_[0-9]")\nof = "opsrec_"\nf"env-{short}"'
    assert sorted(spellings(code)) == ["env-", "ops_", "opsrec_", "opstpl_[0-9]"]
    assert list(spellings('venv / "bin"\nzip / "data"\n"ops.runs"\nx = "logs", "--env-file"')) == []


def spellings(source: str) -> Iterator[str]:
    """Yield the texts that spell a place below a state folder, or begin like a database, role or service of ours."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    places = "|".join(re.escape(place) for place in StateEntry)
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and is_home(node.left):
            found = re.match(rf"({places})(/.*)?$", text_of(node.right))
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            # Dagster's own tags begin with `dagster/`.
            found = re.match(rf"(?!dagster/)({places})/.*|(ops|opstpl|opsrec)_.*|env-.*", text_of(node))
        else:
            continue
        if found:
            yield found[0]


def is_home(node: ast.expr) -> bool:
    """Return whether the expression is named like the state folder or its cache."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.lstrip("_") in {"home", "cache", "cache_home"}


def text_of(node: ast.expr) -> str:
    """Return the constant text, or the text at the beginning of a formatted one."""
    first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
