"""Keys on their way to a server: refused where somebody could read them, and shown by no message."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from odooops_dagster.doors.cli.bearer import bearer, is_encrypted
from odooops_dagster.doors.cli.ports import remote
from odooops_dagster.doors.cli.remote import RemoteDatabase
from odooops_dagster.errors import BadInput
from tests.command_line import CommandLine

KEY = "opsk_0123456789ab_secret"


@pytest.mark.parametrize(
    ("address", "encrypted"),
    [
        ("https://odooops.example", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://odooops.localhost", True),
        ("http://odooops.example", False),
        ("http://10.0.0.7", False),
        ("http://localhost.example", False),
        ("http://0.0.0.0:8000", False),
    ],
)
def test_a_key_goes_by_tls_or_stays_on_this_machine(
    address: str, monkeypatch: pytest.MonkeyPatch, *, encrypted: bool
) -> None:
    """The network between sees it otherwise, and `ops --server` sends nothing."""
    assert is_encrypted(address) is encrypted
    monkeypatch.setenv("OPS_SERVER", address)
    monkeypatch.setenv("OPS_KEY", KEY)
    if encrypted:
        assert remote() is not None
    else:
        with pytest.raises(BadInput, match="unencrypted"):
            remote()


@pytest.mark.parametrize("address", ["odooops.example", "ftp://x", "http://[::1", "https://ana:secret@x", "https://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """With a sentence, in which no password is."""
    with pytest.raises(BadInput) as refused:
        is_encrypted(address)
    assert "secret" not in str(refused.value)


def test_the_end_of_line_of_a_file_is_no_part_of_the_key() -> None:
    """As `$(cat key)` of a file from Windows has it."""
    assert bearer(f"{KEY}\r\n", variable="OPS_KEY") == {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "wrong", [f"{KEY}\r\nX: y", f"{KEY}\0", f"Bearer {KEY}", f"{KEY}\N{LATIN SMALL LETTER E WITH ACUTE}"]
)
@pytest.mark.parametrize("variable", ["OPS_KEY", "ODOOOPS_EVENT_KEY"])
def test_a_key_is_in_no_message(wrong: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Httpx shows the header that it cannot send."""
    event = tmp_path / "event.json"
    event.write_text("{}")
    arguments = ["project", "list"] if variable == "OPS_KEY" else ["event", "send", str(event)]
    monkeypatch.setenv("OPS_SERVER", "http://127.0.0.1:9" if variable == "OPS_KEY" else "")
    if "\0" not in wrong:  # no variable has one
        monkeypatch.setenv(variable, wrong)
        with pytest.raises(BadInput, match=f"{variable} holds no key"):
            CommandLine("project", "event")(*arguments)
    with pytest.raises(BadInput) as refused:
        bearer(wrong, variable=variable)
    assert "secret" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("slug", ["shop/settings", "shop?limit=1", "../incidents", "shop#x"])
def test_a_name_stays_in_its_place_of_the_path(slug: str) -> None:
    """A script passes on what others named: no such word makes another request."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(404, json={"detail": "no"})

    server = RemoteDatabase("http://127.0.0.1", key=KEY, transport=httpx.MockTransport(answer))
    assert server.read("projects", order="slug", slug=slug) == []
    [path] = asked
    assert path.startswith("/v1/projects/")
    assert path.count("/") == 3
    assert not set("?#") & set(path)
    for nothing in ("", ".", ".."):
        with pytest.raises(BadInput, match="names nothing"):
            server.read("projects", order="slug", slug=nothing)
