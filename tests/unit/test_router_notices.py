"""The router before an environment that sleeps, starts, is replaced or is being updated."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from odooops_dagster.doors.router import routes, splice
from odooops_dagster.doors.router.routes import route
from odooops_dagster.doors.router.traffic import Traffic
from odooops_dagster.home import candidate_socket, environment_notice, environment_socket
from odooops_dagster.settings import Settings
from odooops_dagster.tools.front import line, notices
from odooops_dagster.tools.front.notices import Notice, State
from tests.routers import PATIENCE, routing
from tests.suites.processes import eventually
from tests.web_servers import UnixServer

LABEL = "feature-visits--shop"
PAGE = {"Accept": "text/html,*/*"}
CANDIDATE = "odoo-candidate-r7"


class Odoo(BaseHTTPRequestHandler):
    """Answers where it listens: at once, slowly, or when the test lets it."""

    let = threading.Event()

    def do_GET(self) -> None:
        """Answer."""
        time.sleep(0.5 if self.path == "/slow" else 0)
        if self.path == "/held":
            self.let.wait(PATIENCE)
        body = Path(str(self.connection.getsockname())).name.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the state folder."""
    return tmp_path


@pytest.fixture
def client(home: Path) -> Iterator[httpx.Client]:
    """Yield a client of a router that answers the platform too."""
    settings = Settings(home=home)
    with (
        routing(lambda head, client: route(settings, head, client=client), home=home) as port,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Host": f"{LABEL}.localhost"}, timeout=PATIENCE
        ) as found,
    ):
        yield found


def serve(place: Path) -> UnixServer:
    """Let an Odoo answer at the place."""
    server = UnixServer(place, Odoo)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


def post(home: Path, state: State, *, since: float | None = None, **more: Any) -> None:  # noqa: ANN401 - its fields
    """Leave a notice for the environment."""
    told = Notice(state=state, environment="shop/<visits>", since=since or time.time(), **more)
    notices.post(home, LABEL, told)


def test_a_person_sees_a_page_that_asks_again_until_the_environment_answers(home: Path, client: httpx.Client) -> None:
    """Its request is what wakes the environment; the page needs no script, and the address stays."""
    post(home, "asleep")
    answer = client.get("/web?debug=1", headers=PAGE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert '<meta http-equiv="refresh" content="2">' in answer.text
    assert "shop/&lt;visits&gt; is starting" in answer.text
    assert line.wanted(home) == [LABEL]
    line.forget_wanted(home, [LABEL])
    post(home, "starting", seconds=8, since=time.time() - 3)
    page = client.get("/web?debug=1", headers=PAGE).text
    assert "takes about 8 s" in page
    assert '<progress max="8" value="3">' in page
    assert line.wanted(home) == []
    serve(environment_socket(home, LABEL))
    notices.take_down(home, LABEL)
    assert client.get("/web?debug=1", headers=PAGE).status_code == 200


def test_a_program_waits_until_the_environment_answers(home: Path, client: httpx.Client) -> None:
    """Many at once are all answered, and the environment is wanted once."""
    post(home, "asleep")
    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(client.get, "/api") for _ in range(40)]
        eventually(lambda: line.wanted(home), what="the environment is wanted")
        assert len(line.wanted(home)) == 1
        serve(environment_socket(home, LABEL))
        notices.take_down(home, LABEL)
        assert {each.result(PATIENCE).status_code for each in asked} == {200}


def test_no_crowd_waits_for_one_environment(home: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may ask for one that sleeps: who is too many is told to come again, and the others are answered."""
    monkeypatch.setattr(splice, "_WAITING", 3)
    post(home, "asleep")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.get, "/api") for _ in range(4)]
        (refused, *_), _waiting = wait(asked, PATIENCE, return_when=FIRST_COMPLETED)
        assert (refused.result().status_code, refused.result().headers["Retry-After"]) == (503, "2")
        serve(environment_socket(home, LABEL))
        notices.take_down(home, LABEL)
        assert sorted(each.result(PATIENCE).status_code for each in asked) == [200, 200, 200, 503]
    post(home, "starting")
    waits: list[str] = []
    count = Traffic.wait

    def counted(traffic: Traffic, label: str) -> None:
        count(traffic, label)
        waits.append(label)

    monkeypatch.setattr(Traffic, "wait", counted)
    with ThreadPoolExecutor(3) as pool:
        again = [pool.submit(client.get, "/api") for _ in range(3)]
        eventually(lambda: len(waits) == 3, what="three wait")
        notices.take_down(home, LABEL)
        assert {each.result(PATIENCE).status_code for each in again} == {200}


def test_a_program_that_waited_in_vain_is_told_when_to_come_back(
    home: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not held for ever."""
    monkeypatch.setattr(routes, "_HELD_SECONDS", 0.3)
    post(home, "starting")
    answer = client.get("/api")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "is starting" in answer.text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/web/health", {}),
        ("/websocket", {"Upgrade": "websocket", "Connection": "Upgrade"}),
        ("/longpolling/poll", {}),
        ("/favicon.ico", {}),
        ("/web", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
        ("/web", {"User-Agent": "kube-probe/1.31"}),
        ("/web", {"Sec-Purpose": "prefetch"}),
    ],
)
def test_probes_robots_and_old_tabs_neither_wake_nor_keep_awake(
    home: Path, client: httpx.Client, path: str, fields: dict[str, str]
) -> None:
    """They are answered at once, and the environment sleeps on."""
    post(home, "asleep")
    assert client.get(path, headers=PAGE | fields).status_code == 503
    assert client.head("/web").status_code == 503
    assert line.wanted(home) == []
    asked = line.asked(home)
    assert asked is not None
    assert asked.at == {}


def test_what_a_person_stopped_says_so_and_wakes_for_nobody(home: Path, client: httpx.Client) -> None:
    """There is nothing to wait for."""
    post(home, "stopped")
    for fields in (PAGE, {}):
        answer = client.get("/web", headers=fields)
        assert answer.status_code == 503
        assert "Retry-After" not in answer.headers
        assert "Somebody stopped it; ops env start" in answer.text
    post(home, "stopped", by="<anna>")
    assert "&lt;anna&gt; stopped it" in client.get("/web", headers=PAGE).text
    assert line.wanted(home) == []


def test_an_update_counts_down_to_its_predicted_end(home: Path, client: httpx.Client) -> None:
    """People and programs are told; one that takes longer says that."""
    serve(environment_socket(home, LABEL))
    post(home, "maintenance", seconds=600, since=time.time() - 240)
    answer = client.get("/web", headers=PAGE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "is being updated" in answer.text
    assert "about 6 min from now" in answer.text
    assert client.get("/api").status_code == 503
    post(home, "maintenance", seconds=60, since=time.time() - 240)
    assert "longer than it was predicted" in client.get("/web", headers=PAGE).text


def test_a_candidate_answers_while_the_service_is_replaced(home: Path, client: httpx.Client) -> None:
    """Also where the environment's own socket is gone; and the service, where the candidate is."""
    candidate = candidate_socket(home, CANDIDATE)
    server = serve(candidate)
    post(home, "replaced", candidate=candidate.name)
    assert client.get("/web").text == candidate.name
    own = environment_socket(home, LABEL)
    serve(own)
    assert client.get("/web").text == candidate.name
    server.shutdown()
    server.server_close()
    assert client.get("/web").text == own.name


def test_the_platform_waits_for_the_requests_that_are_at_work(
    home: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is ended with the Odoo that answers it."""
    own = environment_socket(home, LABEL)
    serve(own)
    Odoo.let.clear()
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(client.get, "/held")
        eventually(lambda: line.drain(home, own, seconds=0) == 1, what="the request is at work")
        drain = Traffic._drain  # noqa: SLF001 - the request is let go once it is waited for

        async def let_go(traffic: Traffic, place: Path, *, seconds: float) -> int:
            asyncio.get_running_loop().call_soon(Odoo.let.set)
            return await drain(traffic, place, seconds=seconds)

        monkeypatch.setattr(Traffic, "_drain", let_go)
        assert line.drain(home, own) == 0
        assert held.result(PATIENCE).status_code == 200


def test_an_odoo_gets_no_more_requests_at_once_than_it_can_take(home: Path, client: httpx.Client) -> None:
    """The others wait for their turn: an Odoo without a free connection to its database answers with an error."""
    own = environment_socket(home, LABEL)
    serve(own)
    with ThreadPoolExecutor(60) as pool:
        asked = [pool.submit(client.get, "/slow") for _ in range(60)]
        most = 0
        while not all(each.done() for each in asked):
            most = max(most, line.drain(home, own, seconds=0))
        assert {each.result(PATIENCE).status_code for each in asked} == {200}
    assert 8 < most <= splice._AT_ONCE  # noqa: SLF001 - the limit itself


def test_the_router_tells_when_an_environment_was_last_asked_for(home: Path, client: httpx.Client) -> None:
    """In one answer for all, since it began to watch."""
    serve(environment_socket(home, LABEL))
    before = time.time()
    client.get("/web")
    asked = line.asked(home)
    assert asked is not None
    assert asked.since.timestamp() <= before
    assert before <= asked.at[LABEL] <= time.time()


def test_a_start_that_was_killed_keeps_nobody_waiting_for_ever(home: Path, client: httpx.Client) -> None:
    """A state that lasts for longer than it can is no state; nor is a file that nobody can read."""
    serve(environment_socket(home, LABEL))
    post(home, "starting", since=time.time() - 3600)
    assert client.get("/web", headers=PAGE).status_code == 200
    environment_notice(home, LABEL).write_text("{")
    assert client.get("/web", headers=PAGE).status_code == 200


def test_without_a_router_nobody_waits_and_nobody_knows(home: Path) -> None:
    """The platform goes on."""
    assert line.drain(home, environment_socket(home, LABEL)) == 0
    assert line.asked(home) is None
    assert line.wanted(home) == []
