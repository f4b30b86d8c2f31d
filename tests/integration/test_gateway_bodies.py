"""Bodies that anybody can send to the gateway: what cannot be a delivery is not read, and few large ones are held."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import Message

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http import body as bodies
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.doors.http.webhooks.receipt import MAX_BODY_BYTES
from odooops_dagster.settings import Settings

# A signature that is none of the secret.
UNCHECKED = f"sha256={'0' * 64}"


@pytest.fixture
def app(control: ControlPlane, tmp_path: Path) -> FastAPI:
    """Return a gateway with a webhook's secret."""
    return create_app(Settings(home=tmp_path, github_webhook_secret=SecretStr("hush")), control)


class Sender:
    """Sends one delivery by hand: the body comes when it is asked for, and when the test says so."""

    def __init__(self, app: FastAPI, *, path: str = "/webhooks/github", **headers: str) -> None:
        self.asked = 0
        self._path = path
        self.sends = asyncio.Event()
        self.status = 0
        self._app = app
        self._headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self) -> int:
        """Send it and return the answer's status."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": self._path,
            "query_string": b"",
            "headers": self._headers,
            "app": self._app,
        }
        await self._app(scope, self._receive, self._send)
        return self.status

    async def _receive(self) -> Message:
        self.asked += 1
        await self.sends.wait()
        return {"type": "http.request", "body": b"{}"}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_length": "2"}, 401),
        ({"content_length": "2", "x_hub_signature_256": "sha256=abc"}, 401),
        ({"content_length": str(MAX_BODY_BYTES + 1), "x_hub_signature_256": UNCHECKED}, 413),
    ],
)
def test_a_body_that_cannot_be_a_delivery_is_not_read(app: FastAPI, headers: dict[str, str], status: int) -> None:
    """Anybody can send one, and many at once."""
    sender = Sender(app, **headers)
    assert asyncio.run(sender()) == status
    assert sender.asked == 0


def test_a_body_that_does_not_come_is_not_waited_for(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is free again after a time."""
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.1)
    sender = Sender(app, content_length="2", x_hub_signature_256=UNCHECKED)
    assert asyncio.run(sender()) == 408
    assert sender.asked == 1


async def asked_for(senders: Sequence[Sender], count: int) -> None:
    """Return when so many bodies have been asked for, or after a minute."""
    for _ in range(1200):
        if sum(sender.asked for sender in senders) >= count:
            return
        await asyncio.sleep(0.05)


def test_few_large_bodies_are_held_at_once(app: FastAPI) -> None:
    """Forty of them would be a gigabyte; a small one does not wait for them."""

    async def send_many() -> None:
        app.state.large_bodies = bodies.slots()
        large = [Sender(app, content_length=str(MAX_BODY_BYTES), x_hub_signature_256=UNCHECKED) for _ in range(10)]
        small = Sender(app, content_length="2", x_hub_signature_256=UNCHECKED)
        sending = [asyncio.create_task(sender()) for sender in (*large, small)]
        await asked_for((*large, small), bodies.LARGE_AT_ONCE + 1)
        late = Sender(app, content_length="2", x_hub_signature_256=UNCHECKED)
        sending.append(asyncio.create_task(late()))
        await asked_for([late], 1)  # by then each before it has had its turn
        assert sum(sender.asked for sender in large) == bodies.LARGE_AT_ONCE
        assert (small.asked, late.asked) == (1, 1)
        for sender in (*large, small, late):
            sender.sends.set()
        assert set(await asyncio.gather(*sending)) == {401}

    asyncio.run(send_many())


def test_bodies_of_the_api_take_no_slot_of_a_delivery(app: FastAPI) -> None:
    """Nobody has to be known to send one, of unknown length too; GitHub's large deliveries wait for none of them."""

    async def send_many() -> None:
        app.state.large_bodies = bodies.slots()
        many = [Sender(app, path="/v1/runs") for _ in range(10)]
        large = Sender(app, content_length=str(MAX_BODY_BYTES), x_hub_signature_256=UNCHECKED)
        sending = [asyncio.create_task(sender()) for sender in (*many, large)]
        await asked_for((*many, large), 11)
        assert [sender.asked for sender in (*many, large)] == [1] * 11
        for sender in (*many, large):
            sender.sends.set()
        assert set(await asyncio.gather(*sending)) == {401}

    asyncio.run(send_many())
