"""The questions asked of what was restored: rows, files, and a file as Odoo hands it out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from odooops_dagster.checks.attachment import check_attachment
from odooops_dagster.checks.restored import judge_files, judge_rows


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"public.sale": 3, "public.partner": 1}, None),
        ({"public.sale": 2, "public.partner": 1}, "1 table(s) differ: public.sale: 2 rows instead of 3 rows"),
        ({"public.sale": 3}, "1 table(s) differ: public.partner: no table instead of 1 rows"),
        ({"public.sale": 3, "public.partner": 1, "x.y": 0}, "1 table(s) differ: x.y: 0 rows instead of no table"),
    ],
)
def test_every_table_has_the_rows_it_had(found: dict[str, int], said: str | None) -> None:
    """Fewer, more, none, and a table too many are each named."""
    check = judge_rows({"public.sale": 3, "public.partner": 1}, found)
    assert check.passed == (said is None)
    assert check.summary == (said or "4 rows in 2 tables, as they were backed up")


def test_every_file_is_there_and_hashes_to_its_name(tmp_path: Path) -> None:
    """A missing file, one that is longer, one with another byte, and one that only the database knows."""
    files: dict[str, tuple[int, str | None]] = {}
    for name in ("good", "missing", "longer", "altered", "unknown"):
        (tmp_path / name).write_bytes(name.encode())
        files[name] = (len(name), hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest())
    assert judge_files(tmp_path, files, spoken_of=["good"]).summary == "5 files, as they were backed up"
    (tmp_path / "missing").unlink()
    (tmp_path / "longer").write_bytes(b"longer!")
    (tmp_path / "altered").write_bytes(b"Altered")
    files["unknown"] = (7, None)
    check = judge_files(tmp_path, files, spoken_of=["good", "lost"])
    assert not check.passed
    assert check.metadata["bad"] == ["altered", "longer", "missing", "lost"]


@contextmanager
def served(status: int, body: bytes, *, location: str = "") -> Iterator[str]:
    """Answer everything with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"signed", "attachment 7: 6 bytes, as they were attached"),
        (200, b"", "0 bytes that are not those of"),
        (404, b"signed", "/web/content/7 answers 404"),
    ],
)
def test_an_attachment_is_read_as_it_was_attached(status: int, body: bytes, said: str) -> None:
    """Odoo answers 200 with no byte where the file is gone; that is not good."""
    sha1 = hashlib.sha1(b"signed", usedforsecurity=False).hexdigest()
    with served(status, body) as url:
        check = check_attachment(url, attachment_id=7, sha1=sha1)
    assert said in check.summary
    assert check.passed == ((status, body) == (200, b"signed"))


def test_an_odoo_that_does_not_answer_hands_out_nothing() -> None:
    """The check says so instead of failing itself."""
    check = check_attachment("http://127.0.0.1:1/", attachment_id=7, sha1="0" * 40)
    assert not check.passed
    assert "cannot be read" in check.summary


def test_an_attachment_on_another_host_is_not_fetched() -> None:
    """The restored data may name any; the check stays on the machine."""
    sha1 = hashlib.sha1(b"signed", usedforsecurity=False).hexdigest()
    with served(200, b"signed") as other, served(302, b"", location=f"{other}file") as url:
        check = check_attachment(url, attachment_id=7, sha1=sha1)
    assert (check.passed, check.summary) == (False, "/web/content/7 cannot be read: it leads to 127.0.0.1")
