"""Settings that come with a commit: they shape its own build and environment, and a wrong file stops it at once."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import environment_folder
from odooops_dagster.local.environment_limits import limits_of
from odooops_dagster.model import Run
from odooops_dagster.steps.upkeep.poll import poll_project
from odooops_dagster.tools.postgres.contents import module_states
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.servers import PostgresServer

PREVIEW = "feature/a"
MODULE = {"shop/__manifest__.py": "{'name': 'Shop', 'depends': ['base']}"}
TWIN = r"database \S+: copied from template"
SENTRY = {"sentry/__manifest__.py": "{'name': 'Sentry', 'depends': ['base']}"}


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project that has no environment yet."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        yield made


def pushed(shop: Estate, settings: str, *, branch: str = PREVIEW, **files: str) -> Run:
    """Push a commit with these settings and return its run as it ended."""
    shop.repository.commit(MODULE | SENTRY | files | {"odooops.yaml": settings}, branch=branch)
    poll_project(shop.control, shop.project)
    [run] = shop.work_off()
    return run


def deployed_again(shop: Estate) -> Run:
    """Deploy the branch's newest commit once more and return the run as it ended."""
    shop.queue(PREVIEW)
    [run] = shop.work_off()
    return run


def odoo_conf(shop: Estate, branch: str = PREVIEW) -> configparser.RawConfigParser:
    """Return the configuration with which the branch's Odoo was started."""
    environment = shop.environment(branch)
    # A candidate has the same database; its service's name goes on after the environment's.
    found = environment_folder(shop.settings.home, environment).glob(f"env-*.{environment.database_name}.conf")
    path = min(found, key=lambda path: len(path.name))
    parser = configparser.RawConfigParser()
    parser.read(path)
    return parser


def test_the_environment_runs_with_the_options_of_its_commit(shop: Estate) -> None:
    """Those for all stages, and those of its own; another branch has its own file."""
    run = pushed(
        shop,
        "odoo: {server_wide_modules: [sentry], options: {running_env: dev},"
        " stages: {staging: {options: {running_env: stage}}}}\n",
    )
    assert run.status == "succeeded", run.error_message
    conf = odoo_conf(shop)
    assert conf["options"]["server_wide_modules"] == "base,rpc,web,sentry"
    assert conf["options"]["running_env"] == "dev"
    assert pushed(shop, "# nothing\n", branch="feature/b").status == "succeeded"
    assert "running_env" not in odoo_conf(shop, "feature/b")["options"]


def test_other_options_mean_another_template(shop: Estate, capfd: pytest.CaptureFixture[str]) -> None:
    """A database that was installed with other options says nothing of these."""
    assert pushed(shop, "odoo: {options: {running_env: dev}}\n").status == "succeeded"
    pushed(shop, "odoo: {options: {running_env: test}}\n")
    assert not re.search(TWIN, capfd.readouterr().err)
    pushed(shop, "odoo: {options: {running_env: test}}  # as before\n")
    assert re.search(TWIN, capfd.readouterr().err)


def test_every_fault_stops_the_run_before_anything_is_installed(shop: Estate) -> None:
    """With its line, and the command that finds them at home."""
    run = pushed(shop, "odoo:\n  options:\n    http_port: 80\n  languages: [klingon]\n")
    assert run.status == "failed"
    assert "line 3: odoo.options.http_port" in str(run.error_message)
    assert "line 4: odoo.languages.0" in str(run.error_message)
    assert shop.environment(PREVIEW).database_name is None


def test_an_unknown_key_is_a_warning(shop: Estate, capfd: pytest.CaptureFixture[str]) -> None:
    """A platform that is older than the file must not stop every push."""
    run = pushed(shop, "odoo: {demos: true}\n")
    assert run.status == "succeeded"
    assert "odoo.demos: this key is not known; did you mean demo?: it is ignored" in capfd.readouterr().err


def test_a_server_wide_module_that_is_nowhere_is_named(shop: Estate) -> None:
    """Odoo would start without it."""
    run = pushed(shop, "odoo: {stages: {production: {server_wide_modules: [queue_job]}}}\n")
    assert run.status == "failed"
    assert "odoo.server_wide_modules names queue_job" in str(run.error_message)


def test_modules_are_left_out_by_name_and_a_wrong_name_is_refused(shop: Estate) -> None:
    """What is left out is neither installed nor tested."""
    run = pushed(shop, "modules: {leave_out: [sentry]}\n")
    assert run.status == "succeeded"
    states = module_states(shop.access(PREVIEW))
    assert "shop" in states
    assert "sentry" not in states
    wrong = pushed(shop, "modules: {leave_out: [sentri]}\n")
    assert wrong.status == "failed"
    assert "modules.leave_out names sentri" in str(wrong.error_message)


def test_modules_are_installed_besides_the_repositorys_own(shop: Estate) -> None:
    """Such as one of Odoo's that nothing depends on; one that is nowhere is named."""
    run = pushed(shop, "modules: {install: [nowhere]}\n")
    assert run.status == "failed"
    assert "nowhere" in str(run.error_message)


def test_a_candidate_loads_no_modules_of_the_repository_server_wide(shop: Estate) -> None:
    """It runs beside the Odoo that serves, where such a module would work a second time on the same data."""
    settings = "odoo: {server_wide_modules: [sentry]}\n"
    assert pushed(shop, settings).status == "succeeded"
    assert pushed(shop, settings + "# again\n").status == "succeeded"
    folder = environment_folder(shop.settings.home, shop.environment(PREVIEW))
    candidates = list(folder.glob("env-*-r*.conf"))
    assert candidates
    assert not any(
        "sentry" in path.read_text().split("server_wide_modules", 1)[1].splitlines()[0] for path in candidates
    )


ERRORS = {"errors.txt": "odoo.addons.shop: no printer at 10.0.0.7\n"}
ALLOWED = "log_allow: [{pattern: 'odoo.addons.shop: no printer at *', reason: there is none here}]\n"


def test_an_error_that_the_repository_accepts_is_counted_in_the_evidence(
    shop: Estate, capfd: pytest.CaptureFixture[str]
) -> None:
    """A copy of the result says so too, and a commit that accepts it no longer gets no copy of that result."""
    assert pushed(shop, "# nothing\n", **ERRORS).status == "failed"
    run = pushed(shop, ALLOWED, **ERRORS)
    assert run.status == "succeeded", run.error_message
    [check] = [check for check in shop.control.checks.list(run.id) if check["name"] == "log_clean"]
    assert check["metadata"]["silenced"] == [
        {"pattern": "odoo.addons.shop: no printer at *", "reason": "there is none here", "count": 1}
    ]
    copied = pushed(shop, ALLOWED + "# again\n", **ERRORS)
    assert re.search(TWIN, capfd.readouterr().err)
    [check] = [check for check in shop.control.checks.list(copied.id) if check["name"] == "log_clean"]
    assert "1 error(s) that log_allow accepts when the template was made" in check["summary"]
    assert pushed(shop, "# nothing again\n", **ERRORS).status == "failed"


def test_tags_that_leave_out_own_tests_need_the_policy(shop: Estate) -> None:
    """Everybody who pushes could switch tests off."""
    run = pushed(shop, "tests: {tags: [nightly, -slow]}\n")
    assert run.status == "failed"
    assert "tests.tags -slow would leave out tests of the repository's own modules" in str(run.error_message)
    shop.control.policies.set(shop.project.id, policy_type="gates", rules={"leave_out_tests": True})
    assert pushed(shop, "tests: {tags: [nightly, -slow]}  # again\n").status == "succeeded"


def test_a_quarantine_that_has_ended_is_told_at_once(shop: Estate, capfd: pytest.CaptureFixture[str]) -> None:
    """Before anything is installed."""
    entry = "{test: '/shop:TestShop.test_prices', owner: jane, until: 2026-01-31}"
    assert pushed(shop, f"tests: {{quarantine: [{entry}]}}\n").status == "succeeded"
    told = "the quarantine of /shop:TestShop.test_prices (owner jane) ended on 2026-01-31"
    assert told in capfd.readouterr().err


def test_debian_packages_that_are_missing_are_named_with_the_command(shop: Estate) -> None:
    """All of them, and none that is there."""
    run = pushed(shop, "apt: [dpkg, no-such-package, neither-this-one]\n")
    assert run.status == "failed"
    assert "Debian packages that the repository names are not on the platform's machine: neither-this-one," in str(
        run.error_message
    )
    assert "apt-get install neither-this-one no-such-package" in str(shop.control.logs.hint(run))


def test_a_project_has_settings_where_its_repository_cannot_be_changed(
    shop: Estate, capfd: pytest.CaptureFixture[str]
) -> None:
    """They make another build of the same commit, which no earlier result is quoted for."""
    assert pushed(shop, "odoo: {options: {running_env: dev}}\n").status == "succeeded"
    before = shop.environment(PREVIEW)
    shop.control.settings.set("shop", "odoo.options", {"running_env": "below", "extra": "here"}, changed_by="ada")
    run = deployed_again(shop)
    assert run.status == "succeeded", run.error_message
    assert not re.search(TWIN, capfd.readouterr().err)
    conf = odoo_conf(shop)["options"]
    assert (conf["running_env"], conf["extra"]) == ("dev", "here")
    assert shop.environment(PREVIEW).image_digest != before.image_digest
    [lineage] = [row for row in shop.control.lineage.list(run.id) if row["asset_key"] == "source"]
    assert len(lineage["inputs"]["settings"]) == 64
    shop.control.settings.set("shop", "odoo.options", None)
    assert deployed_again(shop).status == "succeeded"
    assert shop.environment(PREVIEW).image_digest == before.image_digest
    assert next(row["changed_by"] for row in shop.control.settings.changes(shop.project.id)) == "ada"


def test_a_projects_setting_that_is_wrong_by_now_is_told_with_the_way_out(shop: Estate) -> None:
    """An older platform, or a call of the function by hand, may have left it."""
    shop.control.settings.set("shop", "odoo.options.http_port", 80)
    run = pushed(shop, "# nothing\n")
    assert run.status == "failed"
    assert "settings of project shop: odoo.options.http_port: http_port is set by the platform" in str(
        run.error_message
    )
    assert "ops project unset" in str(shop.control.logs.hint(run))


DIFFERS = "protect and preview have no effect here: what counts is the newest commit of main"
TELL = "notifications: [{channel: webhook, recipient: %s, events: [run]}]\n"


def test_what_protects_counts_from_the_default_branch_alone(shop: Estate, capfd: pytest.CaptureFixture[str]) -> None:
    """A branch that changes it is told in one line, and changes nothing; neither does it change who is told."""
    asked = "preview: {idle_minutes: 240, memory_mb: 1024, disk_mb: 90000}\n"
    first = pushed(shop, "protect: {retention: {daily: 30}}\n" + asked + TELL % "chat", branch="main")
    assert first.status == "succeeded"
    (rule,) = shop.control.messages.rules(shop.project.id)
    assert (rule.recipient, rule.git_sha) == ("chat", first.git_sha)
    assert shop.control.policies.get(shop.project.id, policy_type="retention")["daily"] == 30
    said = capfd.readouterr().err
    assert DIFFERS not in said
    assert "odooops.yaml: preview.idle_minutes: 240 is asked for, 60 holds: ops policy set shop preview" in said
    assert "odooops.yaml: preview.disk_mb: 90000 is asked for, and no environment gets more than 51200" in said
    assert "preview.memory_mb" not in said
    run = pushed(shop, "protect: {retention: {daily: 300}, gates: {untested_modules: refuse}}\n" + TELL % "evil")
    assert run.status == "succeeded", run.error_message
    limits = limits_of(shop.control, shop.settings, shop.environment(PREVIEW))
    assert (limits.memory_mb, limits.disk_mb) == (1024, 51_200)
    said = capfd.readouterr().err
    assert (said.count(DIFFERS), said.count(DIFFERS.replace("protect and preview have", "notifications has"))) == (1, 1)
    assert shop.control.messages.rules(shop.project.id) == [rule]
    assert shop.control.policies.get(shop.project.id, policy_type="retention")["daily"] == 30
    assert shop.control.policies.get(shop.project.id, policy_type="gates")["untested_modules"] == "refuse_overlooked"
    assert pushed(shop, "# nothing\n", branch="main").status == "succeeded"
    assert shop.control.policies.get(shop.project.id, policy_type="retention")["daily"] == 7
    assert shop.control.messages.rules(shop.project.id) == []


def test_a_module_that_is_left_out_is_there_for_another_that_needs_it(shop: Estate) -> None:
    """It is installed with that one, from the same commit, and its own tests do not count."""
    needy = {"shop/__manifest__.py": "{'name': 'Shop', 'depends': ['sentry']}"}
    run = pushed(shop, "modules: {leave_out: [sentry]}\n", **needy)
    assert run.status == "succeeded", run.error_message
