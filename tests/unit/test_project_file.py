"""What odooops.yaml may say, and how its faults are told."""

from __future__ import annotations

import configparser
import json
from pathlib import Path

import pytest
import yaml

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.project_file import EXAMPLE, NAME, OdooOptions, read_project_file, read_text
from odooops_dagster.tools.project_file.explain import differences, effective
from odooops_dagster.tools.project_file.keys import ProjectFile
from odooops_dagster.tools.project_file.page import schema_text

ACCESS = DatabaseAccess(host="127.0.0.1", port=5433, user="ops_1", password="s3cr%t;#x", database="ops_shop")
QUEUE_JOB = """\
odoo:
  server_wide_modules: [queue_job]
  options:
    running_env: test
    limit_time_real: 60
  sections:
    queue_job:
      channels: "root:2,root.mails:1"
  stages:
    production:
      server_wide_modules: [sentry]
      options: {running_env: prod, max_cron_threads: 2}
"""


def told(text: str) -> list[str]:
    """Return what is wrong with a file, a line for each fault."""
    reading = read_text(text.encode())
    return [str(fault) for fault in (*reading.unknown, *reading.faults)]


def settings(text: str) -> ProjectFile:
    """Return the settings of a right file."""
    reading = read_text(text.encode())
    assert not reading.faults
    assert not reading.unknown
    return reading.settings


def odoo_conf(options: OdooOptions, *, cron_threads: int = 1) -> configparser.RawConfigParser:
    """Return odoo.conf with these options, read as Odoo reads it."""
    parser = configparser.RawConfigParser()
    parser.read_string(
        commands.config_file(
            ACCESS,
            data_dir=Path("/data"),
            addons_paths=[Path("/src")],
            port=8070,
            cron_threads=cron_threads,
            more=options,
        )
    )
    return parser


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    """A repository needs no settings."""
    reading = read_project_file(tmp_path)
    assert reading.settings == ProjectFile()
    assert not reading.faults


def test_an_empty_file_is_no_fault() -> None:
    """Somebody who commented everything out wants the defaults."""
    assert settings("") == settings("# nothing\n") == ProjectFile()


def test_the_example_changes_nothing_and_each_of_its_lines_is_right() -> None:
    """`ops config init` writes what can be commented in."""
    assert settings(EXAMPLE) == ProjectFile()
    commented_in = "\n".join(line.removeprefix("# ") for line in EXAMPLE.splitlines()[2:])
    assert settings(commented_in).odoo.sections == {"queue_job": {"channels": "root:2"}}
    assert set(yaml.safe_load(commented_in)) == set(ProjectFile.model_fields)
    for key in ("odoo", "modules", "tests"):
        fields = yaml.safe_load(commented_in)[key]
        assert set(fields) == set(type(getattr(ProjectFile(), key)).model_fields), "the example shows every key"


def test_the_options_of_a_stage_come_on_top() -> None:
    """Lists are joined, single options replaced."""
    made = settings(QUEUE_JOB)
    assert made.odoo_of("staging").options == {"running_env": "test", "limit_time_real": 60}
    production = made.odoo_of("production")
    assert production.server_wide_modules == ("queue_job", "sentry")
    assert production.options == {"running_env": "prod", "limit_time_real": 60, "max_cron_threads": 2}
    assert production.sections == {"queue_job": {"channels": "root:2,root.mails:1"}}


def test_odoo_reads_the_options_that_the_repository_names() -> None:
    """Also those of modules, in sections of their own."""
    conf = odoo_conf(settings(QUEUE_JOB).odoo_of("production"))
    assert conf["options"]["server_wide_modules"] == "base,rpc,web,queue_job,sentry"
    assert conf["options"]["running_env"] == "prod"
    assert conf["options"]["limit_time_real"] == "60"
    assert conf["options"]["limit_time_cpu"] == "600", "what is not named keeps the platform's default"
    assert conf["options"]["max_cron_threads"] == "2"
    assert conf["queue_job"]["channels"] == "root:2,root.mails:1"


def test_where_the_platform_wants_no_background_work_there_is_none() -> None:
    """An Odoo beside production's must not run production's crons."""
    assert odoo_conf(settings(QUEUE_JOB).odoo_of("production"), cron_threads=0)["options"]["max_cron_threads"] == "0"


@pytest.mark.parametrize(
    "name",
    ["db_host", "db_name", "dbfilter", "list_db", "admin_passwd", "data_dir", "addons_path", "http_port", "proxy_mode",
     "http_interface", "logfile", "log_handler", "log_level", "smtp_server", "smtp_password", "syslog",
     "limit_memory_hard", "gevent_port", "xmlrpc_port", "test_enable", "init", "update", "upgrade_path", "screenshots",
     "pre_upgrade_scripts", "server_wide_modules", "geoip_city_db", "bin_path", "without_demo", "x_sendfile", "pidfile",
     "load_language", "pg_path"],
)  # fmt: skip
def test_what_the_platform_sets_is_refused_by_name(name: str) -> None:
    """The platform's own lines decide where an Odoo listens, what it opens and what it says."""
    [line] = told(f"odoo:\n  options:\n    {name}: x\n")
    assert line.startswith(f"odooops.yaml line 3: odoo.options.{name}: {name} is set by the platform")


@pytest.mark.parametrize("asked", ["1", "-2", "65", "true", "2.5", "many"])
def test_a_number_of_workers_that_cannot_serve_is_refused(asked: str) -> None:
    """One worker prints nothing: the page that it prints asks for its parts."""
    [line] = told(f"odoo:\n  stages:\n    production:\n      options: {{workers: {asked}}}\n")
    assert "workers is" in line
    assert "0 for threads, or 2 to 64" in line


def test_workers_are_for_the_odoo_that_serves_alone() -> None:
    """Installation, tests and drills have one process, whatever a repository says; crons have their own limit."""
    options = settings("odoo: {options: {workers: 4, limit_time_real: 30}}").odoo_of("production")
    conf = odoo_conf(options)["options"]
    assert (conf["workers"], conf["limit_time_real"], conf["limit_time_real_cron"]) == ("0", "30", "1200")


@pytest.mark.parametrize("name", ["DB_HOST", "Db_Host", "db host", "db_host ", "a:b", "a=b", "#a", "[options]", "a\nb"])
def test_a_name_that_another_could_hide_in_is_refused(name: str) -> None:
    """Odoo's parser compares names in small letters, and takes a line apart at the first sign of its own."""
    assert len(told(json.dumps({"odoo": {"options": {name: "x"}}}))) == 1


@pytest.mark.parametrize("name", ["options", "DEFAULT", "Default", "a]b", "a\nb", ""])
def test_a_section_that_reaches_into_the_platforms_is_refused(name: str) -> None:
    """The lines of DEFAULT count in every section."""
    assert len(told(json.dumps({"odoo": {"sections": {name: {"db_host": "elsewhere"}}}}))) == 1


@pytest.mark.parametrize("value", ["a\nb", "a\rb", " a", "a ", "a\n[options]\ndb_host = x"])
def test_a_value_of_several_lines_is_refused(value: str) -> None:
    """A second line would be an option of its own."""
    assert len(told(json.dumps({"odoo": {"options": {"running_env": value}}}))) == 1
    assert len(told(json.dumps({"odoo": {"sections": {"queue_job": {"channels": value}}}}))) == 1


def test_every_fault_is_told_at_once_with_its_line() -> None:
    """Nobody pushes once for each."""
    assert told(
        "odoo:\n  demo: perhaps\n  languages: [fr_FR, klingon]\n  options: {limit_time_cpu: [1]}\n"
        "modules: [a]\nversion: 2\n"
    ) == [
        "odooops.yaml line 2: odoo.demo: input should be a valid boolean, unable to interpret input",
        "odooops.yaml line 3: odoo.languages.1: this name or value is not possible here",
        "odooops.yaml line 4: odoo.options.limit_time_cpu: it has to be true or false, a number, or a text of one line",
        "odooops.yaml line 5: modules: input should be a valid dictionary or instance of ModuleSettings",
        "odooops.yaml line 6: version: input should be 1",
    ]


def test_whom_to_tell_names_channels_and_no_secret() -> None:
    """Every fault at once, each with what to write in its place; builds do not depend on it."""
    wrong = told(
        "notifications:\n"
        "  - {channel: mail, recipient: team, events: [run]}\n"
        "  - {channel: webhook, recipient: https://chat.example/s3cr3t, events: []}\n"
        "  - {channel: pigeon, recipient: x, events: [nonsense], stage: moon}\n"
        "  - {recipient: x}\n"
    )
    assert [line.removeprefix("odooops.yaml line ")[:42].rsplit(":", 1)[0] for line in wrong] == [
        "2: notifications.0.recipient",
        "3: notifications.1.recipient",
        "3: notifications.1.events",
        "4: notifications.2.channel",
        "4: notifications.2.events.0",
        "4: notifications.2.stage",
        "5: notifications.3",
    ]
    assert "write one, such as team@example.com" in wrong[0]
    assert "ops notify target add webhook NAME" in wrong[1]
    assert "s3cr3t" not in str(wrong)
    assert wrong[2].endswith("name one event at least: run, deployment, gate, backup, alarm, incident")
    told_of = (
        "notifications: [{channel: webhook, recipient: chat, events: [run, gate], stage: staging, fault: project}]"
    )
    assert settings(told_of).digest == ProjectFile().digest
    assert settings(told_of).shaping() == {}
    assert effective(settings(told_of), "production") == {
        "told from the default branch: webhook chat": "run, gate staging and by fault of project"
    }


def test_an_unknown_key_is_told_with_the_key_that_is_meant() -> None:
    """The rest of the file counts: a newer version may know the key."""
    reading = read_text(
        b"odoo:\n  server_wide_module: [a]\n  stages: {staging: {option: {}}}\n  demo: true\nnonsense: 1\n"
    )
    assert [str(fault) for fault in reading.unknown] == [
        "odooops.yaml line 2: odoo.server_wide_module: this key is not known; did you mean server_wide_modules?",
        "odooops.yaml line 3: odoo.stages.staging.option: this key is not known; did you mean options?",
        "odooops.yaml line 5: nonsense: this key is not known; known here: " + ", ".join(ProjectFile.model_fields),
    ]
    assert reading.settings.odoo.demo is True


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("odoo: [", "line 1: expected the node content"),
        ("a: 1\n b: 2\n", "line 2: mapping values are not allowed here"),
        ("- odoo\n", "it has to hold keys"),
        ("odoo: {}\nodoo: {}\n", "line 2: odoo: the key is there twice"),
        ("odoo: !!python/name:os.system {}\n", "the tag tag:yaml.org,2002:python/name:os.system is not known here"),
        ("odoo: {options: {x: !secret y}}\n", "the tag !secret is not known here"),
        ("? [1]\n: 2\n", "a key has to be a name"),
        ("odoo: &a {options: *a}\n", "it is no YAML"),
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(7)
        ), "it is no YAML"),
        ("odoo: " + "[" * 5000, "it is no YAML"),
        ("# " + "x" * 300_000, "it is larger than 256 kB"),
    ],
    ids=["half", "indented", "a list", "twice", "code", "a tag", "no name", "itself", "a bomb", "deep", "large"],
)  # fmt: skip
def test_what_is_no_settings_file_is_told_as_such(text: str, reason: str) -> None:
    """It never runs code, and never takes long."""
    [line] = told(text)
    assert reason in line


def test_bytes_that_are_no_text_are_refused() -> None:
    """A byte order mark is fine."""
    assert [str(fault) for fault in read_text(b"odoo: \xff").faults] == ["odooops.yaml line 1: it is not UTF-8"]
    assert settings("\ufeffodoo: {demo: true}\n").odoo.demo is True


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """It may lead to a file of somebody else, whose first line would be shown."""
    (tmp_path / "elsewhere").write_text("password: x\n")
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    [fault] = read_project_file(tmp_path).faults
    assert "no link" in fault.message


@pytest.mark.parametrize("name", ["odooops.yml", ".odooops.yaml"])
def test_a_file_with_almost_the_name_is_told(tmp_path: Path, name: str) -> None:
    """Settings that are silently ignored are the worst."""
    (tmp_path / name).write_text("odoo: {demo: true}\n")
    [fault] = read_project_file(tmp_path).faults
    assert fault.message == f"{name} is not read: rename it to odooops.yaml"


def test_what_changes_between_two_files_is_told_for_a_stage() -> None:
    """Only what counts there."""
    assert differences(ProjectFile(), settings(QUEUE_JOB), "production")[0] == {
        "stage": "production", "setting": "server-wide modules", "old": None, "new": "queue_job, sentry",
    }  # fmt: skip
    assert differences(settings(QUEUE_JOB), settings(QUEUE_JOB), "staging") == []
    assert effective(settings("odoo: {demo: true}"), "production") == {"demo data": "no"}


def test_the_schema_knows_what_the_reader_knows() -> None:
    """Editors are told of the same keys."""
    schema = json.loads(schema_text())
    assert schema["additionalProperties"] is False
    assert set(schema["$defs"]["OdooSettings"]["properties"]) == {
        "server_wide_modules", "options", "sections", "demo", "languages", "ribbon", "stages",
    }  # fmt: skip
