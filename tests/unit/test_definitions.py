"""Services on disk, ports and whole files."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.options import UnhosedConfigParser, expand

from odooops_dagster.errors import BadInput
from odooops_dagster.files import whole_file, write_whole
from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.definitions import Definitions, ini_value, program_ini
from odooops_dagster.tools.runtime.ports import free_port


def service(folder: Path, *, name: str = "env-1") -> Service:
    """Return a service with all its fields set."""
    return Service(
        name=name,
        argv=("odoo", "-c", "a file;#%.conf"),
        cwd=folder,
        sandbox=None,
        port=20001,
        log_path=folder / "logs" / "odoo.log",
        env={"PGPASSWORD": "hush"},
        memory_mb=512,
        socket=folder / "odoo.sock",
    )


@pytest.fixture
def definitions(tmp_path: Path) -> Definitions:
    """An empty folder of definitions."""
    return Definitions(tmp_path / "services", configuration=tmp_path / "supervisord.conf")


def test_a_wanted_service_is_read_back_as_it_was(definitions: Definitions, tmp_path: Path) -> None:
    """Another process of the platform sees the same definition."""
    definitions.want(service(tmp_path))
    assert definitions.get("env-1") == service(tmp_path)
    assert definitions.is_wanted("env-1")
    assert definitions.names() == ["env-1"]


def test_what_the_launcher_is_told_is_in_a_file_of_our_own(definitions: Definitions, tmp_path: Path) -> None:
    """Secrets are there, and nowhere else."""
    definitions.want(service(tmp_path))
    path = tmp_path / "services" / "env-1.json"
    told = json.loads(path.read_text())
    assert told["argv"] == ["odoo", "-c", "a file;#%.conf"]
    assert told["env"]["PGPASSWORD"] == "hush"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_unwanted_service_is_kept_until_it_is_removed(definitions: Definitions, tmp_path: Path) -> None:
    """Both may be told twice."""
    definitions.want(service(tmp_path))
    for _time in range(2):
        definitions.unwant("env-1")
        assert not definitions.is_wanted("env-1")
        assert definitions.get("env-1") is not None
    for _time in range(2):
        definitions.remove("env-1")
        assert definitions.get("env-1") is None
    assert definitions.names() == []


def test_refreshing_writes_the_inis_of_wanted_services_only(definitions: Definitions, tmp_path: Path) -> None:
    """The interpreter's path may have changed since; what shall not run stays so."""
    definitions.want(service(tmp_path))
    definitions.want(service(tmp_path, name="env-2"))
    definitions.unwant("env-2")
    ini = tmp_path / "services" / "env-1.ini"
    ini.write_text("[program:env-1]\ncommand=/gone/python\n")
    definitions.refresh()
    assert "/gone/python" not in ini.read_text()
    assert not definitions.is_wanted("env-2")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "-x", ".x", "a:b", "a\nb", "x" * 101])
def test_a_name_that_no_file_or_program_may_bear_is_refused(definitions: Definitions, name: str) -> None:
    """The name becomes part of a path and of a section."""
    with pytest.raises(BadInput, match="cannot name a service"):
        definitions.get(name)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_the_supervisor_reads_back_what_we_write_or_we_refuse_to_write_it(text: str) -> None:
    """Its parser knows two kinds of comments and its values expand percent signs."""
    try:
        value = ini_value(text)
    except BadInput:
        return
    parser = UnhosedConfigParser()
    parser.read_string(f"[program:x]\nstdout_logfile={value}\nafter=1\n")
    assert expand(parser.get("program:x", "stdout_logfile", raw=True), {}, "stdout_logfile") == text
    assert parser.get("program:x", "after", raw=True) == "1"


def test_an_ini_names_no_secret(tmp_path: Path) -> None:
    """It says how to run the launcher, and where the log goes."""
    ini = program_ini(service(tmp_path), command=["python", "launch.py", "100% mine"])
    assert "hush" not in ini
    assert "command=python launch.py '100%% mine'" in ini
    assert f"stdout_logfile={tmp_path}/logs/odoo.log" in ini
    assert "stdout_logfile_maxbytes=10485760" in ini


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    """A write that fails half-way leaves the old file and no other."""
    path = tmp_path / "new" / "folder" / "file"
    write_whole(path, b"old")

    def write_half() -> None:
        with whole_file(path) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"old"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_a_free_port_is_free_and_given_once() -> None:
    """It lies below the ports of outgoing connections."""
    ports = [free_port() for _time in range(50)]
    assert len(set(ports)) == 50
    outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(20000 <= port < outgoing for port in ports)
    with socket.create_server(("127.0.0.1", ports[0])):
        pass


def test_a_free_port_is_none_of_those_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The port of a stopped environment is free and still not to be had."""
    numbers = iter([3, 3, 4])
    monkeypatch.setattr("odooops_dagster.tools.runtime.ports.secrets.randbelow", lambda _span: next(numbers))
    monkeypatch.setattr("odooops_dagster.tools.runtime.ports._given", set())
    assert free_port(taken={20003}) == 20004
