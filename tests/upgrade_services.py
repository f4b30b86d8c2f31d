"""A service that upgrades dumps, as Odoo's does: a request with an id and a key, an upload, a state to ask, a download.

It stands in for the real one, which takes a contract. The exchange is that of Odoo's documentation of its upgrade API:
`database/v1/create`, `upload`, `process`, `status` and `download`, each with what went wrong in `failures`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qs, urlsplit

CONTRACT = "M1234567890"
# Returns the upgraded dump; raises ValueError with the service's log.
Upgrade = Callable[[bytes], bytes]

# The operator's program for this service. It needs nothing but Python.
CLIENT = """#!/usr/bin/python3
import json, os, sys, time, urllib.parse, urllib.request

URL = "{url}/database/v1/"
dump, series, result = sys.argv[1:]
NEVER, NOBODY = 65, 77


def ask(verb, body=None, **words):
    query = urllib.parse.urlencode(words)
    with urllib.request.urlopen(URL + verb + "?" + query, data=body) as answer:
        return answer.read()


def told(verb, body=None, **words):
    answer = json.loads(ask(verb, body, **words))
    if answer["failures"]:
        print(answer["failures"][0]["message"], flush=True)
        sys.exit(NOBODY)
    return answer["request"]


contract = os.environ["ODOOOPS_UPGRADE_CONTRACT"]
print("asking for contract", contract, flush=True)
request = told("create", contract=contract, target=series, aim="test", filename=os.path.basename(dump))
who = dict(request=request["id"], key=request["key"])
print("request", request["id"], flush=True)
with open(dump, "rb") as file:
    told("upload", file.read(), **who)
told("process", **who)
while True:
    state = told("status", **who)
    if state["state"] not in ("pending", "progress"):
        break
    time.sleep(0.1)
if state["state"] == "error":
    print(state["log"], flush=True)
    sys.exit(NEVER)
with open(result, "wb") as file:
    file.write(ask("download", **who))
print("upgraded to", series, flush=True)
"""


@dataclass
class Service:
    """What the service knows of its requests, and how it upgrades."""

    upgrade: Upgrade
    never_ends: bool = False
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def client(self, folder: Path) -> Path:
        """Write the client's program into a folder that every account may read, and return it."""
        folder.mkdir(mode=0o755)
        path = folder / "upgrade-client"
        path.write_text(CLIENT.replace("{url}", self.url))
        path.chmod(0o755)
        return path

    def answer(self, verb: str, words: dict[str, str], body: bytes) -> dict[str, Any] | bytes:
        """Return the answer to one question."""
        self.asked.append(verb)
        if verb == "create":
            return self._create(words)
        request = self.requests.get(words.get("request", ""))
        if request is None or request["key"] != words.get("key"):
            return _failed("REQUEST:INVALID", "there is no such request")
        if verb == "upload":
            request["dump"] = body
        elif verb == "process":
            request["state"] = "pending"
            threading.Thread(target=self._work, args=[request], daemon=True).start()
        elif verb == "download":
            return bytes(request["result"])
        return {"failures": [], "request": {name: request[name] for name in ("id", "key", "state", "log")}}

    def _create(self, words: dict[str, str]) -> dict[str, Any]:
        if words.get("contract") != CONTRACT:
            return _failed("CONTRACT:INVALID", "the contract is not valid")
        number = str(len(self.requests) + 1)
        self.requests[number] = {"id": number, "key": token_hex(8), "state": "draft", "log": ""}
        return {"failures": [], "request": self.requests[number]}

    def _work(self, request: dict[str, Any]) -> None:
        request["state"] = "progress"
        if self.never_ends:
            return
        try:
            request["result"] = self.upgrade(request["dump"])
            request["state"] = "done"
        except ValueError as exc:
            request |= {"log": str(exc), "state": "error"}


@contextmanager
def upgrade_service(upgrade: Upgrade) -> Iterator[Service]:
    """Yield a running service."""
    service = Service(upgrade=upgrade)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    service.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            words = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = service.answer(parts.path.rpartition("/")[2], words, body)
            data = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET  # noqa: N815 - the name that BaseHTTPRequestHandler looks for

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    return Handler


def _failed(reason: str, message: str) -> dict[str, Any]:
    return {"failures": [{"reason": reason, "message": message}], "request": None}
