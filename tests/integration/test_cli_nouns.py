"""`ops project`, `ops env` and `ops run` on a real control plane and a real repository."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import build_app
from odooops_dagster.doors.cli.project import repository_address
from odooops_dagster.errors import BadInput, NotFound, OdooOpsError, StepFailed
from odooops_dagster.home import deploy_key
from odooops_dagster.model import Fence, LogLine, Run
from tests.json_forms import as_published
from tests.repositories import Repository

WORKER = "tests"


class Ops:
    """The command line, as a person types it."""

    def __init__(self) -> None:
        self.app = build_app(("project", "env", "run"))

    def __call__(self, *arguments: str, answer: str = "", status: int = 0) -> str:
        """Run the command and return what it printed for programs; it must end with this status."""
        result = CliRunner().invoke(self.app, list(arguments), input=answer)
        if isinstance(result.exception, OdooOpsError):
            raise result.exception
        assert result.exit_code == status, result.output
        return result.stdout

    def json(self, *arguments: str, status: int = 0) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run the command with --json and return the value, which has the form that is published for it."""
        return as_published(arguments, self(*arguments, "--json", status=status))


@pytest.fixture
def ops(operator_url: str, monkeypatch: pytest.MonkeyPatch) -> Ops:
    """The command line over the test's database."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("LOGNAME", "ada")
    return Ops()


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A repository with a feature branch."""
    repository = Repository(tmp_path)
    repository.commit({"a": "1"})
    repository.commit({"a": "2"}, branch="feature/x")
    return repository


@pytest.fixture
def project(ops: Ops, shop: Repository) -> dict[str, Any]:
    """The project of that repository."""
    created: dict[str, Any] = ops.json("project", "create", "shop", "--repo", shop.url)
    return created


@pytest.fixture
def run(ops: Ops, project: dict[str, Any]) -> dict[str, Any]:
    """A queued run of the feature branch."""
    queued: dict[str, Any] = ops.json("run", "create", project["slug"], "feature/x")
    return queued


def work(control: ControlPlane) -> tuple[Run, Fence]:
    """Take the next run, as a worker does."""
    [claimed] = control.runs.claim(WORKER)
    fence = Fence(run_id=claimed.id, attempt=claimed.attempt, worker_id=WORKER)
    return control.runs.start(fence, dagster_run_id=None, lease_seconds=60), fence


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - typer's own
    """Yield every command's words."""
    command = command or get_command(build_app())
    children = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        yield from commands(child, (*path, name))


def test_a_production_that_was_only_built_says_how_it_comes_to_run(
    ops: Ops, project: dict[str, Any], control: ControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the list below the table, whole however narrow the terminal, and in the page's place of the URL."""
    control.environments.ensure(project["id"], branch="main")
    ops.app(["env", "list", "shop"], standalone_mode=False)
    told = capsys.readouterr()
    assert "shop/main is built, not running: ops env create shop main" in told.err
    assert "ops env create" not in told.out
    assert "built, not running: ops env create shop main" in ops("env", "show", "shop", "main")


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    """Help begins with the usage and says in a sentence what the command does."""
    result = CliRunner().invoke(build_app(), [*words, "--help"])
    assert result.exit_code == 0
    assert " ".join(words) in result.output
    assert len(result.output.splitlines()) > 5


def test_a_project_takes_its_default_branch_from_the_repository(ops: Ops, shop: Repository) -> None:
    """Nobody has to say what the repository says."""
    created = ops.json("project", "create", "shop", "--repo", shop.url)
    assert (created["default_branch"], created["repo_url"], created["odoo_version"]) == ("main", shop.url, "19.0")
    assert [item["slug"] for item in ops.json("project", "list")] == ["shop"]
    assert ops.json("project", "show", "shop")["id"] == created["id"]


def test_creating_a_project_twice_changes_nothing(ops: Ops, shop: Repository, project: dict[str, Any]) -> None:
    """Scripts may say it again."""
    assert ops.json("project", "create", "shop", "--repo", shop.url)["id"] == project["id"]


def test_a_local_path_is_recorded_whole(ops: Ops, shop: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform works in another folder than the person."""
    monkeypatch.chdir(shop.bare.parent)
    assert ops.json("project", "create", "shop", "--repo", "shop.git")["repo_url"] == shop.url


def test_a_project_of_an_unreachable_repository_is_refused_unless_told(ops: Ops, tmp_path: Path) -> None:
    """A typing error is found at once; --no-check is for those who know better."""
    with pytest.raises(StepFailed, match="there is no repository at"):
        ops("project", "create", "shop", "--repo", f"{tmp_path}/none.git")
    assert ops.json("project", "create", "shop", "--repo", f"{tmp_path}/none.git", "--no-check")["slug"] == "shop"


@pytest.mark.parametrize("who", ["ada:s3cret", "ghp_token", "x-access-token:ghp_token", ":s3cret"])
def test_a_name_or_a_password_in_the_repository_address_is_refused(ops: Ops, control: ControlPlane, who: str) -> None:
    """It would be shown to everyone who sees the project; SQL refuses it from whoever asks."""
    assert ops
    address = f"https://{who}@github.com/acme/shop.git"
    with pytest.raises(BadInput, match="holds a name or a password"):
        repository_address(address)
    with pytest.raises(BadInput, match="holds a name or a password") as caught:
        control.projects.create("shop", repo_url=address, odoo_version="19.0")
    assert "token" not in str(caught.value)
    assert repository_address("ssh://git@github.com/acme/shop.git").startswith("ssh://git@")


def test_a_project_gets_an_ssh_key_of_its_own(ops: Ops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the project is there; the same one each time, readable by the platform's account only, until it goes."""
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "state"))
    public = ops("project", "deploy-key", "shop")
    assert public.startswith("ssh-ed25519 AAAA")
    assert ops("project", "deploy-key", "shop") == public
    assert ops("project", "deploy-key", "other") != public
    key = deploy_key(tmp_path / "state", "shop")
    assert key is not None
    assert key.stat().st_mode & 0o777 == 0o600
    seen = subprocess.run(["ssh-keygen", "-y", "-f", key], capture_output=True, text=True, check=True).stdout
    assert seen.split()[:2] == public.split()[:2]
    ops("project", "deploy-key", "shop", "--remove", "--yes")
    assert deploy_key(tmp_path / "state", "shop") is None
    with pytest.raises(NotFound, match="project shop has no deploy key"):
        ops("project", "deploy-key", "shop", "--remove", "--yes")
    with pytest.raises(BadInput, match="is no project's slug"):
        ops("project", "deploy-key", "../postgres-postgres")


@pytest.mark.usefixtures("project")
def test_archiving_asks_first(ops: Ops, control: ControlPlane) -> None:
    """No is respected, --yes is for machines."""
    ops("project", "archive", "shop", answer="n\n", status=1)
    assert ops.json("project", "show", "shop")["status"] == "active"
    ops("env", "create", "shop", "feature/x")
    work(control)
    ops("project", "archive", "shop", "--yes")
    assert ops.json("project", "show", "shop")["status"] == "archived"
    [going] = ops.json("env", "list", "shop")
    assert going["status"] == "destroying"
    for _ in range(2):
        ops("project", "restore", "shop")
    assert ops.json("project", "show", "shop")["status"] == "active"


@pytest.mark.usefixtures("run")
def test_archiving_leaves_nothing_of_what_was_never_built(ops: Ops) -> None:
    """The queued build is canceled, and its environment is gone at once."""
    ops("project", "archive", "shop", "--yes")
    assert ops.json("env", "list", "shop") == []
    [gone] = ops.json("env", "list", "shop", "--all")
    assert gone["status"] == "destroyed"
    [canceled] = ops.json("run", "list", "shop")
    assert canceled["status"] == "canceled"


@pytest.mark.usefixtures("project")
def test_settings_of_a_project_are_set_shown_and_removed(ops: Ops, control: ControlPlane) -> None:
    """Each change with the name of the person at the keyboard."""
    ops("project", "set", "shop", "odoo.languages", "[fr_FR]")
    ops("project", "set", "shop", "odoo.demo", "true")
    assert ops.json("project", "show", "shop")["settings"] == {"odoo.demo": True, "odoo.languages": ["fr_FR"]}
    with pytest.raises(NotFound, match=r"odoo\.demos is not set") as caught:
        ops("project", "unset", "shop", "odoo.demos")
    assert caught.value.hint == "set are: odoo.demo"
    ops("project", "unset", "shop", "odoo.demo")
    assert ops.json("project", "show", "shop")["settings"] == {"odoo.languages": ["fr_FR"]}
    changes = control.settings.changes(control.projects.get("shop").id)
    assert [(row["key"], row["changed_by"]) for row in changes] == [
        ("odoo.languages", "ada"), ("odoo.demo", "ada"), ("odoo.demo", "ada"),
    ]  # fmt: skip


@pytest.mark.usefixtures("project")
def test_a_setting_that_is_none_changes_nothing(ops: Ops, control: ControlPlane) -> None:
    """The key that may be meant is named."""
    with pytest.raises(BadInput, match="did you mean demo"):
        ops("project", "set", "shop", "odoo.demos", "true")
    with pytest.raises(NotFound):
        ops("project", "set", "no-shop", "odoo.demo", "true")
    assert not control.settings.get(control.projects.get("shop").id)


@pytest.mark.usefixtures("project")
def test_a_run_is_made_of_the_branchs_newest_commit(ops: Ops, shop: Repository) -> None:
    """The commit is looked up in the repository; a feature branch is deployed."""
    sha = shop.commit({"a": "3"}, branch="feature/x")
    run = ops.json("run", "create", "shop", "feature/x")
    assert (run["git_sha"], run["git_ref"], run["kind"]) == (sha, "refs/heads/feature/x", "deploy")
    assert (run["status"], run["trigger"], run["requested_by"]) == ("queued", "cli", "ada")


@pytest.mark.usefixtures("project")
def test_the_default_branch_is_built(ops: Ops) -> None:
    """What a push would ask for is what the command asks for."""
    assert ops.json("run", "create", "shop", "main")["kind"] == "build"


@pytest.mark.usefixtures("project")
def test_the_same_key_gives_the_same_run(ops: Ops) -> None:
    """A script that is not sure may ask again."""
    first = ops.json("run", "create", "shop", "feature/x", "--key", "k")
    assert ops.json("run", "create", "shop", "feature/x", "--key", "k")["id"] == first["id"]


@pytest.mark.usefixtures("project")
def test_a_run_of_an_unknown_branch_names_the_known_ones(ops: Ops) -> None:
    """The hint lists what could have been meant."""
    with pytest.raises(NotFound, match="has no branch feature/y") as caught:
        ops("run", "create", "shop", "feature/y")
    assert "feature/x" in str(caught.value.hint)


@pytest.mark.parametrize("command", ["show", "status"])
def test_a_run_is_found_by_number_and_by_id(ops: Ops, run: dict[str, Any], command: str) -> None:
    """People write shop#1, programs the id."""
    assert ops.json("run", command, f"shop#{run['run_number']}")["id"] == run["id"]
    assert ops.json("run", command, run["id"])["id"] == run["id"]
    assert run["git_sha"] in ops("run", command, run["id"])


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["shop#999", "none#1", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_run_is_not_found(ops: Ops, name: str) -> None:
    """Neither by number nor by id."""
    with pytest.raises(NotFound):
        ops("run", "show", name)


def test_what_is_no_runs_name_is_refused(ops: Ops) -> None:
    """The hint shows how to write it."""
    with pytest.raises(BadInput, match="12 is no run"):
        ops("run", "show", "12")


@pytest.mark.usefixtures("run")
def test_lists_can_be_narrowed(ops: Ops) -> None:
    """By project and by status."""
    assert len(ops.json("run", "list")) == 1
    assert len(ops.json("run", "list", "shop", "--status", "queued")) == 1
    assert ops.json("run", "list", "--status", "failed") == []
    assert "shop#1" in ops("run", "list")
    with pytest.raises(NotFound):
        ops("run", "list", "none")


def test_the_queue_shows_what_waits(ops: Ops, run: dict[str, Any]) -> None:
    """Positions and reasons come from the control plane."""
    [row] = ops.json("run", "queue")
    assert run["id"] in row.values()


def test_a_run_shows_its_place_and_its_usual_duration_until_it_ends(
    ops: Ops, control: ControlPlane, run: dict[str, Any]
) -> None:
    """Whoever waits sees for what, and how long such runs took before."""
    waiting = ops.json("run", "show", run["id"])
    assert (waiting["position"], waiting["waits_for"], waiting["usual_duration"]) == (1, "a free worker", None)
    assert "a free worker" in ops("run", "show", run["id"])
    _, fence = work(control)
    working = ops.json("run", "show", run["id"])
    assert (working["usual_duration"], working["expected_end"]) == (None, None)
    control.runs.complete(fence, exit_code=0)
    assert "usual_duration" not in ops.json("run", "show", run["id"])
    again = ops.json("run", "retry", run["id"])
    work(control)
    working = ops.json("run", "show", again["id"])
    assert working["usual_duration"].startswith("0:00:")
    assert working["expected_end"] >= working["started_at"]


def test_logs_are_printed_and_followed_to_the_end(ops: Ops, control: ControlPlane, run: dict[str, Any]) -> None:
    """Following ends with the run and says how it ended."""
    _, fence = work(control)
    control.logs.append(fence, [LogLine(level="info", message=f"line {number}") for number in range(1200)])
    control.runs.complete(fence, exit_code=0)
    lines = ops.json("run", "logs", run["id"])
    assert [line["message"] for line in lines if line["message"].startswith("line ")][-1] == "line 1199"
    assert "info  line 0\n" in ops("run", "logs", run["id"])
    followed = ops("run", "logs", run["id"], "--follow", "--json").splitlines()
    assert [json.loads(line)["message"] for line in followed] == [line["message"] for line in lines]


def test_following_a_run_that_fails_exits_with_1(ops: Ops, control: ControlPlane, run: dict[str, Any]) -> None:
    """CI jobs see the failure."""
    _, fence = work(control)
    control.runs.complete(fence, exit_code=1, error_message="module sale does not install")
    ops("run", "logs", run["id"], "--follow", status=1)


@pytest.mark.parametrize("series", ["12.0", "18", "master", "19.1", ""])
def test_a_project_of_no_series_is_refused_with_those_that_there_are(ops: Ops, tmp_path: Path, series: str) -> None:
    """Not minutes later, by its first run."""
    url = Repository(tmp_path, "other").url
    with pytest.raises(BadInput, match="is not an Odoo series") as caught:
        ops("project", "create", "other", "--repo", url, "--odoo", series)
    assert "16.0, 17.0, 18.0, 19.0" in str(caught.value.hint)
    assert ops.json("project", "list") == []


def test_a_failed_run_shows_its_reason_and_what_to_do(ops: Ops, control: ControlPlane, run: dict[str, Any]) -> None:
    """To people and to programs; what an earlier attempt said is over."""
    _, fence = work(control)
    for hint in ("wait", "name odoo-addon-sale in requirements.txt"):
        control.logs.event(fence, level="error", message="image failed", payload={"hint": hint})
    assert ops.json("run", "show", run["id"])["hint"] is None
    control.runs.complete(fence, exit_code=1, error_message="module sale is missing")
    shown = ops.json("run", "show", run["id"])
    assert (shown["error_message"], shown["hint"]) == ("module sale is missing", hint)
    assert f"  {hint}\n" in ops("run", "show", run["id"])


def test_the_audit_trail_is_shown_and_verified(ops: Ops, control: ControlPlane, run: dict[str, Any]) -> None:
    """Every change of state is there, and the chain holds."""
    _, fence = work(control)
    control.runs.complete(fence, exit_code=0)
    assert len(ops.json("run", "events", run["id"])) >= 4
    assert ops.json("run", "verify", run["id"])["intact"] is True


def test_a_waiting_run_is_canceled_at_once(ops: Ops, run: dict[str, Any]) -> None:
    """No worker is needed for that."""
    assert ops.json("run", "cancel", run["id"], "--reason", "typo")["status"] == "canceled"


def test_a_working_run_is_asked_to_stop(ops: Ops, control: ControlPlane, run: dict[str, Any]) -> None:
    """The worker ends it."""
    work(control)
    asked = ops.json("run", "cancel", run["id"])
    assert asked["status"] == "running"
    assert asked["cancel_requested_at"] is not None


def test_a_retry_is_a_new_run_that_names_the_old(ops: Ops, control: ControlPlane, run: dict[str, Any]) -> None:
    """History stays as it was."""
    _, fence = work(control)
    control.runs.complete(fence, exit_code=1, error_message="broken")
    again = ops.json("run", "retry", f"shop#{run['run_number']}")
    assert (again["retry_of"], again["git_sha"], again["status"]) == (run["id"], run["git_sha"], "queued")


@pytest.mark.usefixtures("project")
def test_an_environment_is_created_with_its_run(ops: Ops) -> None:
    """A branch runs without a push."""
    environment = ops.json("env", "create", "shop", "feature/x")
    assert (environment["branch"], environment["stage"]) == ("feature/x", "development")
    assert [row["partition_key"] for row in ops.json("env", "list", "shop")] == ["shop/feature/x"]
    assert ops.json("env", "show", "shop", "feature/x")["id"] == environment["id"]
    assert len(ops.json("run", "list")) == 1


@pytest.mark.usefixtures("run")
def test_destroying_asks_and_queues(ops: Ops) -> None:
    """The plan is shown first; the work is a run like any other."""
    ops("env", "destroy", "shop", "feature/x", answer="n\n", status=1)
    assert {run["kind"] for run in ops.json("run", "list")} == {"deploy"}
    ops("env", "destroy", "shop", "feature/x", "--yes")
    assert {run["kind"] for run in ops.json("run", "list")} == {"deploy", "destroy"}


@pytest.mark.usefixtures("project")
def test_destroying_what_is_not_there_fails_unless_told(ops: Ops) -> None:
    """--if-exists is for scripts."""
    with pytest.raises(NotFound, match="has no environment for feature/x"):
        ops("env", "destroy", "shop", "feature/x", "--yes")
    ops("env", "destroy", "shop", "feature/x", "--if-exists")
