"""A server of one repository and of its files in Git LFS, over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.repositories import run_git
from tests.web_servers import QuietServer


@contextmanager
def serving(bare: Path, *, password: str = "") -> Iterator[str]:
    """Yield the repository's address; with a password, the server refuses who gives none."""
    run_git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    with _Server(bare, is_closed=bool(password)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{bare.name}"
        finally:
            server.shutdown()
            thread.join()


class _Server(QuietServer):
    def __init__(self, bare: Path, *, is_closed: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bare = bare
        self.is_closed = is_closed


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer(self._body())

    def do_POST(self) -> None:
        self._answer(self._body())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as the base class has it
        pass

    def _answer(self, body: bytes) -> None:
        if self.server.is_closed and "Authorization" not in self.headers:
            self._send(401, b"", {"WWW-Authenticate": 'Basic realm="git"'})
        elif self.path.endswith("/info/lfs/objects/batch"):
            self._send(200, self._batch(json.loads(body)), {"Content-Type": "application/vnd.git-lfs+json"})
        elif self.path.startswith("/objects/"):
            oid = self.path.rpartition("/")[2]
            self._send(200, (self.server.bare / "lfs/objects" / oid[:2] / oid[2:4] / oid).read_bytes(), {})
        else:
            self._send(200, *self._git(body))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunk(self) -> bytes:
        chunk = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return chunk

    def _batch(self, asked: dict[str, list[dict[str, Any]]]) -> bytes:
        """Return where each object is: https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md."""
        here = f"http://{self.headers['Host']}/objects"
        found = [each | {"actions": {"download": {"href": f"{here}/{each['oid']}"}}} for each in asked["objects"]]
        return json.dumps({"transfer": "basic", "objects": found}).encode()

    def _git(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        """Return what git's own program for HTTP answers."""
        path, _, query = self.path.partition("?")
        env = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.server.bare.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        return answer, dict(line.split(": ", 1) for line in head.decode().splitlines())

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
