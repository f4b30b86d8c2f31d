"""What the stack runs, as text: commands, order, environment, the supervisor's configuration."""

from __future__ import annotations

import configparser
import json
import shlex
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from supervisor.options import ServerOptions, make_namespec

from odooops_dagster.errors import BadInput
from odooops_dagster.home import code_socket
from odooops_dagster.local.front_sandboxes import front_sandbox
from odooops_dagster.local.postgres import DatabaseUrls, embedded_servers
from odooops_dagster.local.programs import (
    Program,
    definition,
    namespec,
    programs,
    supervisor_ini,
    url,
    workspace,
)
from odooops_dagster.local.stack_environment import (
    PLAIN_SETTINGS,
    SECRET_SETTINGS,
    stack_environment,
    variables_of,
)
from odooops_dagster.local.startup import instance_settings, last_words
from odooops_dagster.settings import Settings

URLS = DatabaseUrls(
    owner="postgresql://o",
    gateway="postgresql://g",
    worker="postgresql://w",
    operator="postgresql://p",
    dagster="postgresql://d",
    odoo="postgresql://a",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings under which every database is someone else's."""
    return Settings(
        home=tmp_path,
        database_url=SecretStr(URLS.worker),
        dagster_database_url=SecretStr(URLS.dagster),
        odoo_database_url=SecretStr(URLS.odoo),
    )


def _programs(settings: Settings) -> list[Program]:
    return programs(settings, embedded_servers(settings))


def _groups(settings: Settings) -> list[Any]:
    """Return the groups that supervisord reads in its configuration."""
    for folder in ("dagster", "logs", "run"):
        (settings.home / folder).mkdir(parents=True, exist_ok=True)
    file = settings.home / "run" / "supervisord.conf"
    file.write_text(supervisor_ini(_programs(settings), home=settings.home))
    options = ServerOptions()
    options.realize(["-n", "-c", str(file)])
    return list(options.process_group_configs)


def test_the_database_starts_before_the_code_and_the_code_before_its_readers(tmp_path: Path) -> None:
    """Each stage needs the one before it."""
    for cluster, port in (("control", "5432"), ("postgres", "5433")):
        (tmp_path / cluster).mkdir()
        (tmp_path / cluster / "port").write_text(f"{port}\n")
    chosen = _programs(Settings(home=tmp_path))
    assert [(program.name, program.stage) for program in chosen] == [
        ("control", 1),
        ("postgres", 1),
        ("environments", 2),
        ("code", 2),
        ("runs", 2),
        ("webserver", 3),
        ("daemon", 3),
        ("gateway", 3),
        ("router", 3),
        ("catcher", 3),
        ("egress", 3),
    ]


def test_no_server_is_run_where_every_database_has_a_url(settings: Settings) -> None:
    """The embedded PostgreSQL is a default, not a part."""
    assert {"control", "postgres"}.isdisjoint(program.name for program in _programs(settings))


def test_programs_stop_in_the_opposite_order(settings: Settings) -> None:
    """The front ones together; then what the runs belong to, as they still need the environments' services."""
    groups = sorted(_groups(settings), reverse=True)
    assert [sorted(program.name for program in group.process_configs) for group in groups] == [
        ["catcher", "daemon", "egress", "gateway", "router", "webserver"],
        ["runs"],
        ["code"],
        ["environments"],
    ]


def test_the_supervisor_knows_each_program_by_its_name(settings: Settings) -> None:
    """A program of a group is called by both names."""
    known = {
        make_namespec(group.name, program.name) for group in _groups(settings) for program in group.process_configs
    }
    assert known == {namespec(program) for program in _programs(settings)}


def test_programs_restart_and_their_logs_rotate(settings: Settings) -> None:
    """Nobody has to look after them at night."""
    parsed = _parse(supervisor_ini(_programs(settings), home=settings.home))
    for name in (name for name in parsed.sections() if name.startswith("program:")):
        assert parsed[name]["autorestart"] == "true"
        assert int(parsed[name]["stdout_logfile_maxbytes"]) > 0
        assert int(parsed[name]["stdout_logfile_backups"]) > 0


def test_the_gateway_finds_a_password_that_its_url_leaves_out(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the control plane is elsewhere, libpq's own files are in its sandbox; the router and our own need none."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".pgpass").touch(mode=0o600)
    environment = stack_environment(settings, URLS, webhook_secret="s3cret")

    def mounts(settings: Settings, program: str) -> dict[str, Path]:
        made = front_sandbox(settings, program, environment)
        assert made is not None
        return {Path(inside).name: path for inside, path in made.mounts.items()}

    assert mounts(settings, "gateway") == {".pgpass": tmp_path / ".pgpass"}
    assert mounts(settings, "router") == mounts(Settings(home=tmp_path), "gateway") == {}


def test_no_program_starts_in_the_folder_in_which_ops_up_was_typed(settings: Settings) -> None:
    """A module that lies there, as in a customer's repository, would be imported in the place of ours."""
    parsed = _parse(supervisor_ini(_programs(settings), home=settings.home))
    assert {parsed[name]["directory"] for name in parsed.sections() if name.startswith("program:")} == {"/"}


def test_no_secret_stands_in_a_command_or_a_file(settings: Settings) -> None:
    """Databases' passwords and the webhook's secret travel in the environment."""
    chosen = _programs(settings)
    environment = stack_environment(settings, URLS, webhook_secret="s3cret")
    told = [definition(one, home=settings.home, environment=environment) for one in chosen if one.contained]
    written = supervisor_ini(chosen, home=settings.home) + "".join(told)
    assert "postgresql://" not in written
    assert "s3cret" not in written
    assert environment["ODOOOPS_DATABASE_URL"] == "postgresql://w"
    assert environment["ODOOOPS_GITHUB_WEBHOOK_SECRET"] == "s3cret"


OF_A_RUN = {"DATABASE_URL", "DAGSTER_DATABASE_URL", "ODOO_DATABASE_URL", "BACKUP_KEY", "COSIGN_PASSWORD"}


@pytest.mark.parametrize(
    ("program", "secrets"),
    [
        ("code", {*OF_A_RUN, "SMTP_PASSWORD", "OTLP_HEADERS"}),
        ("runs", OF_A_RUN),
        ("webserver", {"DATABASE_URL", "DAGSTER_DATABASE_URL"}),
        ("daemon", {"DATABASE_URL", "DAGSTER_DATABASE_URL"}),
        (
            "gateway",
            {
                "GATEWAY_DATABASE_URL",
                "API_DATABASE_URL",
                "SUPABASE_JWT_SECRET",
                "OIDC_CLIENT_SECRET",
                "GITHUB_WEBHOOK_SECRET",
            },
        ),
        ("router", set()),
        ("catcher", set()),
        ("egress", set()),
    ],
)
def test_a_program_gets_only_the_secrets_that_it_uses(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, program: str, secrets: set[str]
) -> None:
    """The owner's connection reaches none of them, and the gateway, which the network reaches, no backup key."""
    for name in SECRET_SETTINGS:
        monkeypatch.setenv(name, "postgresql://o")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("GITHUB_TOKEN", "hush")
    environment = stack_environment(settings, URLS, webhook_secret="s3cret")
    names = set(variables_of(program, environment))
    assert names & set(SECRET_SETTINGS) == {f"ODOOOPS_{name}" for name in secrets}
    assert ("AWS_SECRET_ACCESS_KEY" in names) == (program in {"code", "runs"})
    assert {"PATH", "ODOOOPS_HOME"} <= names
    assert not {"GITHUB_TOKEN", "ODOOOPS_MIGRATE_URL", "ODOOOPS_OPERATOR_DATABASE_URL", "ODOOOPS_ADOPT_DSN"} & set(
        environment
    )


def test_every_setting_that_is_no_secret_reaches_the_platforms_programs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that a program did not get would silently have its default there."""
    for name in PLAIN_SETTINGS:
        monkeypatch.setenv(name, "1")
    environment = stack_environment(settings, URLS, webhook_secret="s3cret")
    for program in ("code", "runs", "webserver", "daemon", "gateway"):
        assert set(PLAIN_SETTINGS) <= set(variables_of(program, environment))


def test_a_percent_sign_in_the_state_folder_survives_the_configuration(tmp_path: Path) -> None:
    """The supervisor expands percent signs."""
    home = tmp_path / "50% off"
    parsed = _parse(supervisor_ini([Program(name="x", argv=("echo", "a b"), stage=1, contained=False)], home=home))
    assert parsed["supervisord"]["directory"].replace("%%", "%") == str(home / "dagster")
    assert shlex.split(parsed["program:x"]["command"]) == ["echo", "a b"]


def test_a_folder_that_the_configuration_cannot_express_is_refused() -> None:
    """A comment sign after a space would cut the path short."""
    with pytest.raises(BadInput, match="cannot stand in a configuration"):
        supervisor_ini([], home=Path("/srv/a ;b"))


def test_the_workspace_names_the_code_servers_socket(settings: Settings) -> None:
    """Webserver and daemon share one code server."""
    (location,) = yaml.safe_load(workspace(settings))["load_from"]
    assert location["grpc_server"]["socket"] == str(code_socket(settings.home))


def test_a_launcher_is_told_the_names_of_variables_and_not_their_values(settings: Settings) -> None:
    """The program inherits them, so that no secret is in a file."""
    told = json.loads(definition(_programs(settings)[-1], home=settings.home, environment={"PATH": "/bin", "X": "y"}))
    assert told["env"] is None
    assert told["inherits"] == ["PATH"]


def test_the_runs_get_the_same_variables_without_a_launcher(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They outlive the program that forks them, so that no launcher may run it: patterns say what it inherits."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    environment = stack_environment(settings, URLS, webhook_secret="s3cret")
    runs = next(program for program in _programs(settings) if program.name == "runs")
    patterns = runs.argv[runs.argv.index("--inherits") + 1].split(",")
    got = {name for name in environment if any(fnmatchcase(name, pattern) for pattern in patterns)}
    assert got == set(variables_of("runs", environment)) == set(variables_of("code", environment))


def test_an_address_that_listens_everywhere_is_shown_as_loopback() -> None:
    """A browser cannot open 0.0.0.0 everywhere."""
    assert url("0.0.0.0", 3000) == "http://127.0.0.1:3000"  # noqa: S104 -- shown, not bound
    assert url("10.0.0.5", 3000) == "http://10.0.0.5:3000"


def test_the_instance_names_our_coordinator_and_log_handler() -> None:
    """Runs born in Dagster are enrolled, and lines of runs reach ops.run_logs."""
    instance = yaml.safe_load(instance_settings())
    coordinator = instance["run_coordinator"]
    assert (coordinator["module"], coordinator["class"]) == (
        "odooops_dagster.engine.coordinator",
        "OdooOpsRunCoordinator",
    )
    (handler,) = instance["python_logs"]["dagster_handler_config"]["handlers"].values()
    assert handler["class"] == "odooops_dagster.engine.log_handler.RunLogHandler"
    assert instance["telemetry"] == {"enabled": False}
    assert instance["run_retries"] == {"enabled": False}


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("LOG: hello\nFATAL: no\n", "FATAL: no"),
        ("1 @ FATAL: could not bind\n1 @ LOG: database system is shut down\n", "1 @ FATAL: could not bind"),
        (
            "a\nValueError: x\n\nThe above exception was the direct cause of ...\n\nLoadError: in\n  file\n",
            "ValueError: x",
        ),
        ("", "it wrote nothing"),
    ],
)
def test_a_programs_last_words_are_its_reason(log: str, reason: str) -> None:
    """The person reads why it ended, not that it did."""
    assert last_words(log) == reason


def _parse(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return parser
