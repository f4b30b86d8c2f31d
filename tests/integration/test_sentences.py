"""What goes wrong with a command is one sentence and its remedy on stderr: no noise of libraries, no traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr, ValidationError

from odooops_dagster.errors import Unavailable
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings
from tests.ops import Ops
from tests.servers import PostgresServer, running_server, state_folder

READERS = [
    ("env", "list"),
    ("run", "list"),
    ("project", "list"),
    ("backup", "list"),
    ("drill", "list"),
    ("project", "show", "shop"),
]
NEXT = "  → Start it with `ops up`, or look at ODOOOPS_DATABASE_URL."


@pytest.fixture
def ops() -> Iterator[Ops]:
    """Yield the command on an empty state folder."""
    with state_folder("sentences") as home:
        yield Ops(home)


@pytest.fixture
def nobody() -> Iterator[int]:
    """Yield a port on which nobody listens, and nobody will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def said(ops: Ops, *arguments: str, **environment: str) -> list[str]:
    """Return the lines of a command that fails, all of which are on stderr."""
    done = ops.run(*arguments, **environment)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    return done.stderr.splitlines()


@pytest.mark.parametrize("reader", READERS, ids=" ".join)
def test_a_database_that_is_not_there_is_one_sentence(ops: Ops, nobody: int, reader: tuple[str, ...]) -> None:
    """It names the place that was asked, and what refused; the pool that asked says nothing of its own."""
    lines = said(ops, *reader, ODOOOPS_DATABASE_URL=f"postgresql://ops_worker:s3cret@127.0.0.1:{nobody}/ops")
    reason = f'connection failed: connection to server at "127.0.0.1", port {nobody} failed: Connection refused'
    assert lines == [f"ops: The control plane's database does not answer: {reason}", NEXT]


def test_a_machine_reads_one_line_of_json(ops: Ops, nobody: int) -> None:
    """And nothing before or after it."""
    url = f"postgresql://ops_worker:s3cret@127.0.0.1:{nobody}/ops"
    [line] = said(ops, "env", "list", "--json", ODOOOPS_DATABASE_URL=url)
    assert json.loads(line)["kind"] == "Unavailable"
    assert "s3cret" not in line


CORRECT = "  → Correct ODOOOPS_DATABASE_URL, or let it in on the server."
FULL = "  → End connections that nobody needs, or let the server take more (max_connections)."
LATER = "  → Wait a moment, then try again."


@contextmanager
def limited_role(server: PostgresServer) -> Iterator[str]:
    """Yield the URL of a role that may have no connection."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("create role one_too_many login password 's3cret' connection limit 0")
        yield f"postgresql://one_too_many:s3cret@127.0.0.1:{server.embedded.port}/postgres"
        connection.execute("drop role one_too_many")


@contextmanager
def ending_server() -> Iterator[str]:
    """Yield the URL of a server that waits for its last client, and takes no other."""
    with running_server("ending") as server, psycopg.connect(server.url("postgres")):
        pid = int((server.embedded.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGTERM)
        yield server.url("postgres", "ops_worker")


@contextmanager
def refusing(why: str, server: PostgresServer) -> Iterator[tuple[str, str, str]]:
    """Yield the URL of a server that answers and lets nobody in, what it says, and the remedy."""
    port = server.embedded.port
    if why == "wrong password":
        url = f"postgresql://ops_worker:s3cret@127.0.0.1:{port}/postgres"
        yield url, 'password authentication failed for user "ops_worker"', CORRECT
    elif why == "no such role":
        url = f"postgresql://nobody_here:s3cret@127.0.0.1:{port}/postgres"
        yield url, 'password authentication failed for user "nobody_here"', CORRECT
    elif why == "no such database":
        yield server.url("nothing_here", "ops_worker"), 'database "nothing_here" does not exist', CORRECT
    elif why == "too many connections":
        with limited_role(server) as url:
            yield url, 'too many connections for role "one_too_many"', FULL
    else:
        with ending_server() as url:
            yield url, "the database system is shutting down", LATER


@pytest.mark.parametrize(
    "why", ["wrong password", "no such role", "no such database", "too many connections", "shutting down"]
)
def test_a_server_that_lets_nobody_in_is_one_sentence(ops: Ops, postgres_server: PostgresServer, why: str) -> None:
    """The server's own words, and what to do about them; a machine reads the same in one line."""
    with refusing(why, postgres_server) as (url, reason, remedy):
        for variable, verb, whose in [
            ("ODOOOPS_DATABASE_URL", ("env", "list"), "The control plane's database"),
            ("ODOOOPS_MIGRATE_URL", ("db", "status"), "The database"),
        ]:
            sentence = f"{whose} refuses the connection: {reason}"
            hint = remedy.replace("ODOOOPS_DATABASE_URL", variable)
            assert said(ops, *verb, **{variable: url}) == [f"ops: {sentence}", hint]
        [line] = said(ops, *verb, "--json", **{variable: url})
        assert json.loads(line) == {"error": sentence, "hint": hint.removeprefix("  → "), "kind": "Unavailable"}


def test_a_database_that_never_answers_is_one_sentence(ops: Ops) -> None:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        lines = said(ops, "env", "list", ODOOOPS_DATABASE_URL=f"postgresql://ops_worker@127.0.0.1:{port}/ops")
    assert len(lines) == 2
    assert re.match(r"ops: The control plane's database does not answer: .*timeout", lines[0])
    assert lines[1] == NEXT


def test_an_embedded_server_that_was_never_started_is_one_sentence(ops: Ops) -> None:
    """The usual mistake of the first minute."""
    assert said(ops, "env", "list") == [
        f"ops: The platform has never been started here ({ops.home})",
        "  → ops up",
    ]


def test_an_environments_server_that_is_not_there_is_one_sentence(nobody: int, tmp_path: Path) -> None:
    """It says which of the servers it is."""
    url = SecretStr(f"postgresql://ops_worker:s3cret@127.0.0.1:{nobody}/ops")
    settings = Settings(home=tmp_path, database_url=url, odoo_database_url=url, dagster_database_url=url)
    with Platform(settings) as opened, pytest.raises(Unavailable) as caught:
        opened.databases.exists("shop")
    reason = f'connection failed: connection to server at "127.0.0.1", port {nobody} failed: Connection refused'
    assert str(caught.value) == f"The environments' database server does not answer: {reason}"
    assert caught.value.hint == "Start it with `ops up`, or look at ODOOOPS_ODOO_DATABASE_URL."


@pytest.mark.parametrize(
    "variable",
    [
        "ODOOOPS_DATABASE_URL",
        "ODOOOPS_MIGRATE_URL",
        "ODOOOPS_ODOO_DATABASE_URL",
        "ODOOOPS_DAGSTER_DATABASE_URL",
    ],
)
@pytest.mark.parametrize("url", ["ops_worker:s3cret@db/ops", "postgresql://ops_worker:s3cret@db/ops?ssl=maybe"])
def test_a_connection_string_that_is_none_is_one_sentence(ops: Ops, variable: str, url: str) -> None:
    """With the variable's name, and without the password in it."""
    lines = said(ops, "env", "list", **{variable: url})
    assert lines == [
        f"ops: {variable}: this is no connection string of PostgreSQL; write postgresql://user:password@host/database",
        f"  → correct or unset {variable}",
    ]


def test_an_at_sign_of_the_password_is_no_place(ops: Ops) -> None:
    """What follows it is a host to PostgreSQL's library, which would say that it cannot find it."""
    lines = said(ops, "env", "list", ODOOOPS_DATABASE_URL="postgresql://ops_worker:half@s3cret@db/ops")
    assert lines[0].endswith(", with each @ of the password as %40")
    assert "s3cret" not in "".join(lines)


def test_no_setting_is_quoted_where_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the platform write such an error to their logs."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", "ops_worker:s3cret@db/ops")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("verb", ["status", "migrate"])
def test_a_schema_that_cannot_be_reached_is_one_sentence(ops: Ops, nobody: int, verb: str) -> None:
    """The owner's connection is asked without a pool."""
    lines = said(ops, "db", verb, ODOOOPS_MIGRATE_URL=f"postgresql://ops_worker@127.0.0.1:{nobody}/ops")
    assert len(lines) == 2
    assert lines[0].startswith("ops: The database does not answer: connection failed: ")
    assert lines[0].endswith("Connection refused")


def test_the_doctor_says_why_a_database_does_not_let_us_in(ops: Ops, nobody: int) -> None:
    """The reason, and not PostgreSQL's question after it."""
    url = f"postgresql://ops_worker@127.0.0.1:{nobody}/ops"
    done = ops.run("doctor", "--json", ODOOOPS_DATABASE_URL=url)
    [found] = [finding for finding in json.loads(done.stdout) if finding["name"] == "databases"]
    assert found["detail"].endswith("Connection refused")
    assert done.stderr == ""


def test_a_fault_of_our_own_is_one_sentence_and_its_traceback_a_file(ops: Ops, tmp_path: Path) -> None:
    """People are not shown our code, and whoever mends it needs the whole story."""
    place = ops.home / "odoo" / "19.0"
    place.mkdir(parents=True)
    (place / "installation.json").write_text("{")
    lines = said(ops, "odoo", "list", TMPDIR=str(tmp_path))
    assert len(lines) == 2
    assert lines[0].startswith("ops: a fault of odooops: JSONDecodeError: Expecting property name")
    told = re.fullmatch(r"  → please report it, with (?P<file>\S+)", lines[1])
    assert told is not None
    traceback = Path(told["file"])
    assert traceback.parent == tmp_path
    assert "Traceback (most recent call last)" in traceback.read_text()
    assert traceback.stat().st_mode & 0o077 == 0


def test_a_file_that_the_machine_refuses_is_one_sentence(ops: Ops, tmp_path: Path) -> None:
    """It is none of our faults, and the path says where to look."""
    place = ops.home / "odoo" / "19.0" / "installation.json"
    place.mkdir(parents=True)
    sentence, remedy = said(ops, "odoo", "list", TMPDIR=str(tmp_path))
    assert sentence == f"ops: Is a directory: {place}"
    assert remedy.startswith("  → mend that; how it came about: ")
