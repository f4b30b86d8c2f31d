"""Code of an environment at its way out: it gets nowhere that policy egress does not name, and harms no other one.

Servers of the tests stand for the internet: they are on this machine, and reached because its operator opens them.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from odooops_dagster.doors.egress.way import MOST_AT_ONCE
from odooops_dagster.home import egress_socket, exit_folder, exits_folder
from odooops_dagster.tools import egress_line
from tests.egress import LettingOut, MakeWay, Server, ask, connect, letting_out, reached, rules, server, status
from tests.outlets import wait_until


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LettingOut]:
    """Yield a proxy for the tests of this file."""
    with letting_out(tmp_path_factory.mktemp("out")) as made:
        yield made


def get(url: str, *, host: str | None = None, more: str = "") -> bytes:
    """Return the head of a request for a page."""
    named = host or url.removeprefix("http://").partition("/")[0]
    return f"GET {url} HTTP/1.1\r\nHost: {named}\r\n{more}\r\n".encode()


def test_what_the_list_names_is_reached_and_counted(out: LettingOut, trap: Server) -> None:
    """By a tunnel and by a request; who asked is the environment's word, and goes no further."""
    environment = uuid4()
    folder = out.ruled(environment, f"127.0.0.1:{trap.port}")
    target = f"127.0.0.1:{trap.port}"
    assert ask(folder, connect(target), more=b"hi\r\n\r\n").endswith(b"\r\n\r\nhello")
    asker = 'X-OdooOps-Asker: {"module": "shop", "cron": "Ask"}\r\nProxy-Authorization: Basic eA==\r\n'
    assert ask(folder, get(f"http://{target}/x?y", more=asker)).endswith(b"hello")
    assert trap.got == [b"hi\r\n\r\n", f"GET /x?y HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n".encode()]
    wait_until(lambda: len(told(out, environment)) == 2, what="both")
    tunnel, page = told(out, environment)
    assert (tunnel["outcome"], tunnel["protocol"], tunnel["port"]) == ("allowed", "tcp", trap.port)
    assert (page["outcome"], page["protocol"], page["module"], page["cron"]) == ("allowed", "http", "shop", "Ask")
    wait_until(lambda: told(out, environment)[0]["bytes_in"] > 0, what="bytes")


def told(out: LettingOut, environment: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - an id
    """Return what the proxy counted of the environment."""
    return [row for path in out.left(environment) for row in json.loads(path.read_text())["attempts"]]


def test_what_it_does_not_name_is_refused_with_what_to_do(out: LettingOut) -> None:
    """In the line that Python's library puts into its error; the command keeps what is allowed already."""
    folder = out.ruled(uuid4(), "a.example")
    answer = ask(folder, connect("b.example:443"))
    assert status(answer) == 403
    line = answer.partition(b"\r\n")[0].decode()
    command = line.partition("ops policy set shop egress ")[2].strip("'")
    assert "b.example:443 is not on rule development_allow of policy egress" in line
    assert json.loads(command)["development_allow"] == ["a.example", "b.example"]


def test_no_name_is_looked_up_that_is_not_allowed(way: MakeWay) -> None:
    """A resolver that asks the attacker's server tells it what the name holds."""
    made = way(rules("*.shop.example"))
    for name in ("c2VjcmV0.evil.example", "shop.example", "c2VjcmV0.shop.example.evil"):
        assert status(ask(made.folder, connect(f"{name}:443"))) == 403
        assert status(ask(made.folder, get(f"http://{name}/"))) == 403
    assert made.looked_up == []
    assert status(ask(made.folder, connect("a.shop.example:443"))) == 502
    assert made.looked_up == ["a.shop.example"]


@pytest.mark.parametrize("mode", ["report", "enforce"])
@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "2130706433", "0x7f000001", "0x7f.1", "0"),
        *("127.1", "0177.0.0.1", "127.0.0.1.", "localhost", "inner.example", "169.254.169.254", "[fd00:ec2::254]"),
        *("metadata.example", "127.0.0.1#a.example", "a.example@127.0.0.1", "127.0.0.1%00.a.example"),
    ],
)
def test_the_machine_s_own_networks_are_reached_by_no_name_and_no_number(
    way: MakeWay, trap: Server, host: str, mode: str
) -> None:
    """Also where what is on no list is let out, and by a name on the list."""
    known = {"localhost": ["127.0.0.1", "::1"], "inner.example": ["127.0.0.1"], "metadata.example": ["169.254.169.254"]}
    made = way(rules("localhost:1", f"inner.example:{trap.port}", mode=mode), known)
    assert status(ask(made.folder, connect(f"{host}:{trap.port}"))) in (400, 403)
    assert status(ask(made.folder, get(f"http://{host}:{trap.port}/"))) in (400, 403)
    assert trap.got == []


def test_only_an_address_that_the_list_names_is_reached_there(way: MakeWay, trap: Server) -> None:
    """The same name, with the address on the list too; what keeps it out else is the judgement of addresses."""
    made = way(rules(f"inner.example:{trap.port}", f"127.0.0.1:{trap.port}"), {"inner.example": ["127.0.0.1"]})
    assert ask(made.folder, connect(f"inner.example:{trap.port}"), more=b"hi\r\n\r\n").endswith(b"hello")


def test_a_name_that_changes_its_address_is_judged_by_the_one_that_is_connected_to(way: MakeWay, trap: Server) -> None:
    """It is looked up once; an answer with an inner address among others leads nowhere inside."""
    known = {"rebinds.example": ["198.51.100.1", "127.0.0.1"]}
    made = way(rules(f"rebinds.example:{trap.port}"), known)
    answer = ask(made.folder, connect(f"rebinds.example:{trap.port}"))
    assert (status(answer), made.looked_up) == (403, ["rebinds.example"])
    assert b"inside of the platform's own networks" in answer
    assert trap.got == []


@pytest.mark.parametrize("port", [25, 465, 587, 2525])
def test_mails_leave_by_no_tunnel(way: MakeWay, port: int) -> None:
    """Whatever is on the list, and whatever the mode: they are caught."""
    made = way(rules(f"mail.example:{port}", mode="report"), {"mail.example": ["127.0.0.1"]})
    answer = ask(made.folder, connect(f"mail.example:{port}"))
    assert (status(answer), made.looked_up) == (403, [])
    assert b"mails are caught" in answer


def test_report_lets_out_what_is_on_no_list_and_says_so(way: MakeWay) -> None:
    """A choice that an administrator makes; the name is looked up then."""
    made = way(rules("a.example", mode="report"), {})
    assert status(ask(made.folder, connect("b.example:443"))) == 502  # it has no address here
    assert made.looked_up == ["b.example"]
    assert [(row["destination"], row["outcome"]) for row in made.counted()] == [("b.example", "reported")]


@pytest.mark.parametrize(
    "request_",
    [
        "GET http://AT/ HTTP/1.1\nHost: other.example\n\n",
        "GET http://AT/ HTTP/1.1\nHost: AT\nHost: other.example\n\n",
        "CONNECT AT HTTP/1.1\nHost: other.example:443\n\n",
        "GET / HTTP/1.1\nHost: AT\n\n",
        "GET https://AT/ HTTP/1.1\nHost: AT\n\n",
        "GET http://x@AT/ HTTP/1.1\nHost: AT\n\n",
        "GET http://AT/ HTTP/1.1\nHost: AT\nTransfer-Encoding : chunked\n\n",
        "POST http://AT/ HTTP/1.1\nHost: AT\nContent-Length: 1\nContent-Length: 2\n\nxx",
        "POST http://AT/ HTTP/1.1\nHost: AT\nTransfer-Encoding: gzip, chunked\n\n0\n\n",
        "GET http://AT/\tx HTTP/1.1\nHost: AT\n\n",
        "GET http://AT/ HTTP/1.1\nHost: AT\nA\x00: b\n\n",
        "\x16\x03\x01 no request at all\n\n",
    ],
)
def test_a_request_that_two_programs_could_read_in_two_ways_goes_nowhere(
    way: MakeWay, trap: Server, request_: str
) -> None:
    """The list names the server, and it gets nothing all the same."""
    made, target = way(rules(f"127.0.0.1:{trap.port}")), f"127.0.0.1:{trap.port}"
    assert status(ask(made.folder, request_.replace("AT", target, 9).replace("\n", "\r\n").encode())) in (400, 403)
    assert trap.got == []


def test_what_follows_a_request_goes_nowhere(way: MakeWay, trap: Server) -> None:
    """A second request on the connection, and one in the body of the first that another length would make of it."""
    target = f"127.0.0.1:{trap.port}"
    made = way(rules(target))
    second = get(f"http://{target}/second", host=target)
    ask(made.folder, get(f"http://{target}/first"), more=second)
    smuggled = f"Transfer-Encoding: chunked\r\nContent-Length: {len(second) + 5}\r\n"
    post = f"POST http://{target}/body HTTP/1.1\r\nHost: {target}\r\n{smuggled}\r\n0\r\n\r\n".encode()
    ask(made.folder, post, more=second)
    first, *others = trap.got
    assert first == f"GET /first HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n".encode()
    assert not [each for each in others if b"second" in each]


def test_an_environment_is_ruled_by_its_own_list_whatever_another_may(out: LettingOut, trap: Server) -> None:
    """Who asks is known by the socket; a list that changes holds from the next request on."""
    target, one, other = f"127.0.0.1:{trap.port}", uuid4(), uuid4()
    may, may_not = out.ruled(one, target), out.ruled(other)
    claim = f"X-Environment: {one}\r\nForwarded: for={one}\r\n"
    assert status(ask(may_not, get(f"http://{target}/", more=claim))) == 403
    assert status(ask(may, get(f"http://{target}/"))) == 200
    out.ruled(one)
    assert status(ask(may, get(f"http://{target}/"))) == 403


def test_a_rule_that_is_taken_back_ends_what_passes(out: LettingOut) -> None:
    """A tunnel that is open, at once; what the rules still allow passes on, and so does another environment's."""
    with server(patience=60) as one, server(patience=60) as another:
        target, other = f"127.0.0.1:{one.port}", f"127.0.0.1:{another.port}"
        mine, its = uuid4(), uuid4()
        folder = out.ruled(mine, target, other)
        open_ = [tunnel(folder, target), tunnel(folder, other), tunnel(out.ruled(its, target), target)]
        out.ruled(mine, other)
        assert [is_ended(each) for each in open_] == [True, False, False]
        out.wanted.pop(its)
        out.tell()
        assert [is_ended(each) for each in open_] == [True, False, True]
        for each in open_:
            each.close()


def test_a_rule_that_is_taken_back_while_the_way_is_looked_up_leads_nowhere(way: MakeWay, trap: Server) -> None:
    """The decision is made again with the rules that hold when the server answers."""
    target = f"slow.example:{trap.port}"
    both = (target, f"127.0.0.1:{trap.port}")
    made = way(rules(*both), {"slow.example": ["127.0.0.1"]})
    answers: list[bytes] = []
    with made.no_name_is_found():
        asking = threading.Thread(target=lambda: answers.append(ask(made.folder, connect(target), more=b"hi\r\n\r\n")))
        asking.start()
        wait_until(lambda: made.looked_up, what="a look-up")
        made.obey(rules())
    asking.join(30)
    assert status(answers[0]) == 403
    assert not any(trap.got)


def test_a_request_whose_answer_is_under_way_is_ended_with_its_rule(way: MakeWay) -> None:
    """As a tunnel is; of its answer nothing more comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        target = f"127.0.0.1:{listening.getsockname()[1]}"
        made = way(rules(target))
        with reached(made.folder) as client:
            client.sendall(get(f"http://{target}/"))
            listening.settimeout(30)
            with listening.accept()[0] as server_:
                server_.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
                until_it_says(client, b"half")
                made.obey(rules())
                assert is_ended(client)
                server_.settimeout(30)
                while server_.recv(1000):
                    pass


def test_what_passes_on_an_open_tunnel_is_counted_before_it_ends(way: MakeWay) -> None:
    """Once: it may be open for days, and a proxy that is killed counts nothing any more."""
    with server(patience=60) as one:
        target = f"127.0.0.1:{one.port}"
        made = way(rules(target))
        passing = tunnel(made.folder, target)

        async def tally() -> None:
            made.way.tally()

        made.call(tally)
        made.call(tally)
        [row] = made.counted()
        assert (row["attempts"], row["bytes_out"], row["bytes_in"]) == (1, len(b"hi\r\n\r\n"), len(Server.ANSWER))
        passing.close()


def tunnel(folder: Path, target: str) -> socket.socket:
    """Return an open tunnel on which something passed."""
    made = reached(folder)
    made.sendall(connect(target))
    until_it_says(made, b"\r\n\r\n")
    made.sendall(b"hi\r\n\r\n")
    until_it_says(made, b"hello")
    return made


def until_it_says(client: socket.socket, what: bytes) -> None:
    """Read until it has said this."""
    said = b""
    while not said.endswith(what):
        part = client.recv(1000)
        assert part, said
        said += part


def is_ended(client: socket.socket) -> bool:
    """Return whether the connection has ended, or does within a second."""
    client.settimeout(1)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_one_environment_s_flood_leaves_another_its_way(out: LettingOut, trap: Server) -> None:
    """It has so many connections at once, and no more; each of them costs it alone."""
    target = f"127.0.0.1:{trap.port}"
    loud, quiet = out.ruled(uuid4(), target), out.ruled(uuid4(), target)
    held = [reached(loud) for _ in range(MOST_AT_ONCE)]
    for each in held:
        each.sendall(b"GET http://")
    wait_until(lambda: b" 503 " in _until_first(loud), what="a refusal")
    assert status(ask(quiet, get(f"http://{target}/"))) == 200
    for each in held:
        each.close()
    wait_until(lambda: status(ask(loud, get(f"http://{target}/"))) == 200, what="room")


def _until_first(folder: Path) -> bytes:
    with reached(folder, seconds=1) as client:
        try:
            return client.recv(200)
        except TimeoutError:
            return b""


def test_a_slow_head_and_a_passage_that_stands_still_are_ended(way: MakeWay, trap: Server) -> None:
    """A byte now and then does not make a head longer-lived."""
    target = f"127.0.0.1:{trap.port}"
    made = way(rules(target), idle_seconds=0.5, head_seconds=0.5)
    with reached(made.folder) as slow:
        slow.sendall(b"GET ")
        slow.setblocking(False)
        until = time.monotonic() + 20
        while not _is_ended(slow):
            assert time.monotonic() < until
            time.sleep(0.05)
    with reached(made.folder) as still:
        still.sendall(connect(target))
        assert still.recv(100).startswith(b"HTTP/1.1 200 ")
        assert still.recv(100) == b""


def _is_ended(client: socket.socket) -> bool:
    try:
        client.sendall(b"x")
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_many_names_fill_no_record(way: MakeWay) -> None:
    """Of a minute forty are told apart, and the rest is one row."""
    made = way(rules())
    for number in range(60):
        ask(made.folder, connect(f"{number}.evil.example:443"))
    rows = made.counted()
    assert len(rows) <= 2 * 41
    assert sum(row["attempts"] for row in rows if row["destination"] == "*") >= 10


def test_a_proxy_that_starts_anew_gets_every_way_again(tmp_path: Path, trap: Server) -> None:
    """The folder that an environment sees stays the same one."""
    target, environment = f"127.0.0.1:{trap.port}", uuid4()
    for _ in range(2):
        with letting_out(tmp_path) as out:
            folder = out.ruled(environment, target)
            assert status(ask(folder, get(f"http://{target}/"))) == 200
    assert egress_line.tell(tmp_path, {}) is None  # it does not run


def test_the_way_of_an_environment_that_is_gone_is_closed(out: LettingOut) -> None:
    """Nothing listens at its socket any more."""
    environment = uuid4()
    folder = out.ruled(environment)
    others = dict(out.wanted)
    out.wanted.pop(environment)
    out.tell()

    def is_closed() -> bool:
        try:
            reached(folder).close()
        except OSError:
            return True
        return False

    wait_until(is_closed, what="the end of its way")
    assert environment in others


def test_an_environment_that_cannot_be_served_holds_up_no_other(out: LettingOut, trap: Server) -> None:
    """Neither one without a folder for its socket nor one with rules that nobody can read; the others obey at once."""
    target = f"127.0.0.1:{trap.port}"
    obeying, odd, folderless, new = sorted(uuid4() for _ in range(4))
    folder = out.ruled(obeying, target)
    exit_folder(out.home, folderless).symlink_to(out.home)
    out.wanted |= {odd: rules("no destination"), folderless: rules(), obeying: rules(), new: rules(target)}
    for _ in range(2):
        out.tell()
    reached_new = exit_folder(out.home, new)
    wait_until(lambda: status(ask(reached_new, get(f"http://{target}/"))) == 200, what="the way of a later one")
    wait_until(lambda: status(ask(folder, get(f"http://{target}/"))) == 403, what="the end of what was allowed")


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b'{"x": 1}', b"\xff" * 100, b'{"' + b"a" * 32 + b'": {}}'])
def test_a_taken_over_proxy_gains_nothing_from_the_platform(tmp_path: Path, said: bytes) -> None:
    """What it says is data; sockets are made where it cannot write, and through no link."""
    secret = tmp_path / "secrets"
    secret.mkdir()
    environment = uuid4()
    exits_folder(tmp_path).mkdir(parents=True)
    exit_folder(tmp_path, environment).symlink_to(secret)
    place = egress_socket(tmp_path)
    place.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(str(place))
        listening.listen(1)
        listening.settimeout(10)

        def answer() -> None:
            with listening.accept()[0] as line, suppress(OSError):
                line.send(said)
                line.send(b"{}")
                line.settimeout(5)
                while line.recv(1000):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        assert not egress_line.tell(tmp_path, {environment: rules()})
        thread.join(20)
    assert list(secret.iterdir()) == []
