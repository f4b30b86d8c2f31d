"""The main job with the docker runtime: a push becomes an Odoo in a container of a real engine, and nothing leaks."""

from __future__ import annotations

import base64
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from odooops_dagster.home import containers_folder
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import FINISHED, Run
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.tools.registry.cosign import fingerprint
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform, platform, wait_for
from tests.acceptance.repository import Repository
from tests.acceptance.sleeping import sleeps_and_wakes
from tests.debian_programs import cosign
from tests.docker_engine import Engine
from tests.environments import login_page
from tests.image_shop import SECRET, login, new_key
from tests.registries import PASSWORD, USER, Registry

__all__ = ["login"]

pytestmark = [
    pytest.mark.docker,
    pytest.mark.root,
    pytest.mark.odoo,
    pytest.mark.stack,
    pytest.mark.timeout(1800),
]

SLUG = "contained"
BRANCH = "feature/visits"
DOCKERFILE = """\
FROM odoo:19
RUN apt-get install -y jdupes
RUN touch /usr/bin/mine
RUN pip3 install 'phonenumbers<9'
COPY fonts /usr/share/fonts/acme
COPY fonts/acme.ttf /usr/bin/python3
ENV ACME_MODE=live
"""


@pytest.fixture(scope="module")
def running(engine: Engine, registry: Registry, login: Path) -> Iterator[Platform]:
    """Yield a platform whose environments are containers of signed images in a registry."""
    key = new_key(login / "key")
    settings = {
        "ODOOOPS_DOCKER_ENGINE": engine.url,
        "ODOOOPS_DOCKER_IMAGE": engine.image,
        "ODOOOPS_IMAGE_REGISTRY": f"{registry.host}/acme",
        "ODOOOPS_DOCKERFILE": "true",
        "ODOOOPS_TRAEFIK_URL": "http://127.0.0.1:8601",
        "ODOOOPS_REGISTRY_LOGIN": str(login),
        "ODOOOPS_COSIGN_KEY": str(key),
        "ODOOOPS_COSIGN_PASSWORD": SECRET,
        "ODOOOPS_COSIGN_PUBLIC_KEY": str(key.with_name("cosign.pub")),
    }
    # A container has a /tmp of its own: code below it cannot be in an image.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", "/var/tmp")  # noqa: S108 - its files are made by tempfile
        patched.setenv("PATH", f"{cosign().parent}:{os.environ['PATH']}")
        with platform("containers", is_up=True, runtime="docker", **settings) as made:
            yield made


@pytest.fixture(scope="module")
def contained(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return the repository that is pushed to."""
    return Repository(tmp_path_factory.mktemp("contained"))


@pytest.fixture(scope="module")
def pushed(running: Platform, contained: Repository) -> Run:
    """Return the run of a feature branch that became a preview."""
    repository = contained
    repository.add_demo()
    repository.write("odooops.yaml", "odoo: {options: {workers: 2}}\n")
    make_project(running, SLUG, repository)
    repository.write("apt.txt", "hello\n")
    repository.write("fonts/acme.ttf", "a font")
    repository.write("Dockerfile", DOCKERFILE)
    repository.push("main")
    run = running.ended(running.run_of(SLUG, repository.push(BRANCH, "Add visits")))
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    return run


def environment_of(running: Platform) -> dict[str, Any]:
    """Return the environment's row."""
    return running.query("select * from ops.environments where name = %s and destroyed_at is null", BRANCH)[0]


def containers_of(running: Platform, engine: Engine) -> list[Any]:
    """Return the platform's containers."""
    ours: dict[str, str | list[str] | bool] = {"label": f"odooops.root={containers_folder(running.home)}"}
    return list(engine.client.containers.list(all=True, filters=ours))


def test_a_push_becomes_an_odoo_in_a_container(running: Platform, engine: Engine, pushed: Run) -> None:
    """It answers under its host name, its jobs left no container, and it runs as an account without capabilities."""
    assert login_page(environment_of(running)["url"]).status_code == 200
    checks = running.query("select name, passed, summary, metadata from ops.run_checks where run_id = %s", pushed.id)
    assert {row["name"] for row in checks if row["passed"]} >= {"modules_installed", "module_tests_passed", "healthy"}
    [prints] = [row for row in checks if row["name"] == "prints"]
    assert prints["metadata"]["asked"] is False, "the image has no wkhtmltopdf"
    assert "apt-get install -y --no-install-recommends wkhtmltopdf" in prints["summary"]
    [container] = containers_of(running, engine)
    assert container.attrs["HostConfig"]["NetworkMode"] == "none"
    assert container.attrs["HostConfig"]["ReadonlyRootfs"]
    host = urlsplit(environment_of(running)["url"]).hostname
    assert [value for name, value in container.labels.items() if name.endswith(".rule")] == [f"Host(`{host}`)"]
    # without a network these are its only ways (tests/hostile/test_ways_out.py asks through the second one)
    assert {"/run/outlet", "/run/exit"} <= {mount["Destination"] for mount in container.attrs["Mounts"]}
    for process in _programs_of(container):
        assert int(process["Uid"].split()[0]) >= 2_000_000_000
        assert {int(process[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
        assert process["NoNewPrivs"] == "1"
        assert process["Seccomp"] == "2"


def test_workers_and_the_bus_run_in_the_container(running: Platform, engine: Engine, pushed: Run) -> None:
    """The router leads the bus to a socket of its own, as with processes."""
    assert pushed
    [container] = containers_of(running, engine)

    def buses() -> int:
        commands = [_command_of(pid) for pid in _pids_of(container)]
        return [words[2] for words in commands if len(words) > 2].count("gevent")

    # A program that it starts has its name until it becomes another one.
    wait_for(lambda: buses() == 1 or None, seconds=60, what=lambda: f"one bus but {buses()}")
    with loopback_client(timeout=60) as client:
        assert client.get(f"{environment_of(running)['url']}websocket/health").json() == {"status": "pass"}


def test_the_environment_runs_a_signed_image_with_its_debian_packages(
    running: Platform, engine: Engine, registry: Registry, login: Path, pushed: Run
) -> None:
    """By digest, under the short commit and the date; the record has its key and why it stays."""
    assert pushed
    [container] = containers_of(running, engine)
    images = running.ask("image", "list", SLUG)
    [image] = [each for each in images if each["reference"] == container.attrs["Config"]["Image"]]
    assert image["signed_by"] == fingerprint(login / "key" / "cosign.pub")
    assert image["tags"] == sorted([str(pushed.git_sha)[:12], f"{pushed.created_at:%Y%m%d}"])
    assert set(image["tags"]) <= set(registry.tags(f"acme/{SLUG}"))
    assert container.exec_run(["/usr/bin/hello"]).output.strip() == b"Hello, world!"
    answers = {row["question"]: row for row in running.ask("image", "explain", SLUG, image["reference"])}
    assert answers["production"]["is_met"]
    assert answers["removal"]["detail"] == f"deployed in {SLUG}/{BRANCH}"
    assert running.ask("image", "prune", SLUG, "--dry-run") == []


def test_a_dockerfile_counts_as_far_as_a_commit_may_say(running: Platform, engine: Engine, pushed: Run) -> None:
    """Packages, files and variables are there; no line ran, and what decides more is told with its line."""
    [container] = containers_of(running, engine)
    assert container.exec_run(["/usr/bin/jdupes", "-v"]).output.startswith(b"jdupes")
    assert container.exec_run(["cat", "/usr/share/fonts/acme/acme.ttf"]).output == b"a font"
    [serving, *_] = (pid for pid in _pids_of(container) if pid != container.attrs["State"]["Pid"])
    assert "ACME_MODE=live" in Path(f"/proc/{serving}/environ").read_text().split("\0")
    assert '"phonenumbers"' in running.ops("run", "artifact", f"{SLUG}#{pushed.run_number}", "sbom.json").stdout
    assert container.exec_run(["/usr/bin/mine"]).exit_code != 0, "no line of the Dockerfile runs"
    said = running.said(pushed)
    assert "Dockerfile:3: RUN touch /usr/bin/mine: not done here" in said
    assert "Dockerfile:6: COPY fonts/acme.ttf /usr/bin/python3: not done here" in said


def test_no_secret_is_in_what_the_engine_tells(
    running: Platform, engine: Engine, registry: Registry, pushed: Run
) -> None:
    """No password is in labels, variables, arguments, logs, images or their history, nor in Dagster's runs."""
    secrets = {
        text
        for path in (running.home / "secrets").rglob("*")
        if path.is_file() and len(text := path.read_text(errors="replace").strip()) >= 8
    }
    secrets |= {SECRET, PASSWORD, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
    assert len(secrets) > 3
    [container] = containers_of(running, engine)
    told = [json.dumps(container.attrs), json.dumps(container.image.history()), container.logs().decode()]
    told += [json.dumps([image.attrs, image.history()]) for image in engine.client.images.list()]
    told += [Path(f"/proc/{pid}/cmdline").read_text() for pid in _pids_of(container)]
    told += [running.said(pushed), *_written_to(registry, f"acme/{SLUG}"), *_runs_of_dagster(running)]
    assert str(pushed.id) in told[-1], "Dagster's runs were looked at"
    assert not [secret for secret in secrets for text in told if secret in text]


def _written_to(registry: Registry, repository: str) -> Iterator[str]:
    """Yield the manifests of the registry, with the configurations and statements that they name."""
    for tag in registry.tags(repository):
        manifest = registry.manifest(repository, tag)
        yield json.dumps(manifest)
        small = [manifest["config"], *(layer for layer in manifest["layers"] if layer["size"] < 4 * 1024**2)]
        for blob in small:
            text = registry.blob(repository, blob["digest"]).decode(errors="replace")
            yield text
            # A statement is Base64 in an envelope.
            with suppress(ValueError, TypeError, KeyError):
                yield base64.b64decode(json.loads(text)["payload"]).decode(errors="replace")


def _runs_of_dagster(running: Platform) -> Iterator[str]:
    """Yield what Dagster keeps of its runs: configuration, tags and events."""
    with psycopg.connect(database_urls(running.settings).dagster) as connection:
        events = connection.execute("select event from event_logs").fetchall()
        runs = connection.execute("select run_body from runs").fetchall()
    yield from (str(text) for (text,) in events)
    yield "\n".join(str(text) for (text,) in runs)


def test_a_killed_odoo_answers_again(running: Platform, engine: Engine, pushed: Run) -> None:
    """The engine starts it again, at the same socket."""
    assert pushed
    [container] = containers_of(running, engine)
    os.kill(container.attrs["State"]["Pid"], signal.SIGKILL)
    url = environment_of(running)["url"]

    def answers() -> bool | None:
        [now] = containers_of(running, engine)
        is_new = now.attrs["State"]["Pid"] not in (0, container.attrs["State"]["Pid"])
        return True if is_new and login_page(url).status_code == 200 else None

    assert wait_for(answers, seconds=60, what="a new Odoo")


def test_an_engine_that_is_killed_during_a_push_ends_its_run_once(
    running: Platform, engine: Engine, contained: Repository, pushed: Run
) -> None:
    """The run has one end, whichever it is, and the preview answers again when the engine is back."""
    assert pushed
    contained.write("CHANGES.md", "a change")
    run = running.run_of(SLUG, contained.push(BRANCH))
    status = "select status from ops.runs where id = %s"
    wait_for(lambda: running.query(status, run.id)[0]["status"] == "running" or None, seconds=60, what="run at work")
    engine.end(signal.SIGKILL)
    engine.start()
    run = running.ended(run)
    events = running.query("select payload from ops.run_events where run_id = %s order by id", run.id)
    ends = [event["payload"]["to"] for event in events if event["payload"].get("to") in FINISHED]
    assert ends == [run.status], running.said(run)
    assert running.query("select ops.verify_run_chain(%s) as whole", run.id) == [{"whole": True}]
    url = environment_of(running)["url"]
    assert wait_for(lambda: login_page(url).status_code == 200 or None, seconds=120, what="an answer")


def test_a_container_that_sleeps_wakes_for_the_first_who_asks(running: Platform, pushed: Run) -> None:
    """As with processes: the router knows the environment, whatever it runs in."""
    assert pushed
    sleeps_and_wakes(running, SLUG, BRANCH, environment_of(running)["url"])


def test_commands_know_the_runtime_and_nothing_runs_after_the_platform(
    running: Platform, engine: Engine, pushed: Run
) -> None:
    """Nobody has to set a variable for a command; a stopped container is kept, so that it comes back."""
    assert pushed
    assert "Evented Service (longpolling) running" in running.ops("env", "logs", SLUG, BRANCH).stdout
    assert "Python 3" in {each["name"]: each for each in running.ask("doctor")}["containers"]["detail"]
    running.down()
    assert [container.status for container in containers_of(running, engine)] == ["exited"]


def _pids_of(container: Any) -> list[int]:  # noqa: ANN401 - of a library without types
    return [int(row[1]) for row in container.top()["Processes"]]


def _command_of(pid: int) -> list[str]:
    """Return the command line; nothing if the process has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


def _programs_of(container: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401 - as above
    """Yield the kernel's word about each process but the launcher."""
    for pid in _pids_of(container):
        if pid != container.attrs["State"]["Pid"]:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            yield {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}
