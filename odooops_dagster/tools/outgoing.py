"""Requests to receivers elsewhere, and what their answers mean for a message."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

import httpx

from odooops_dagster.errors import Undelivered

# A receiver that takes longer is asked again later; the claim on a message outlasts several such calls.
SECONDS = 10.0
# How long one takes in all that sends a byte now and then, and how much it may answer: what waits behind it is others'.
_WHOLE_SECONDS = 30.0
_MOST_BYTES = 8 * 1024**2
# Of the answer as it came, and not of what is kept of it.
_OF_THE_WAY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
# No message waits longer for a limit of requests than this: a wrong clock would hold it forever.
_LONGEST_WAIT = 3600
# What no repeat of the same request changes. 401, 403 and 404 may: a token is replaced, or is known everywhere only
# after a while. Source: kargo issue 6630 (a fresh installation token is refused with 404).
_FINAL = frozenset({400, 405, 409, 410, 413, 415, 422})


def outgoing_client(**options: Any) -> httpx.Client:  # noqa: ANN401 - as httpx has it
    """Return a client that follows no redirect: it would carry credentials to an address that nobody chose."""
    # A connection for each request, which its time limit ends.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=SECONDS, follow_redirects=False, limits=limits, **options)


def send(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    receiver: str,
    remedy: str,
    **options: Any,  # noqa: ANN401 - as httpx has it
) -> httpx.Response:
    """Send a request and return the answer.

    Args:
        client: what sends it.
        method: GET, POST and so on.
        url: where to, or a path below the client's base.
        receiver: what people call who answers.
        remedy: how a person replaces the credentials or the address.
        options: as `httpx.Client.request` has them.

    Raises:
        Undelivered: there is no answer, or none of success.
    """
    try:
        with _within(_WHOLE_SECONDS) as trace:
            answer = _answer(client, method, url, extensions={"trace": trace}, **options)
    except (httpx.HTTPError, OverflowError) as exc:
        raise Undelivered(f"{receiver} cannot be reached: {str(exc) or type(exc).__name__}") from exc
    if answer.is_success:
        return answer
    status, wait = answer.status_code, _wait_seconds(answer)
    if answer.is_redirect:
        text = f"answers that it has moved; set the new address with {remedy}"
    elif wait:
        text = f"allows no more requests for {wait} s"
    elif status == 401:
        text = f"refuses the credentials; set others with {remedy}"
    else:
        text = f"answers {status}: {_said(answer)}"
    raise Undelivered(f"{receiver} {text}", wait_seconds=wait, is_final=status in _FINAL, status=status)


def _answer(client: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as above
    """Return the whole answer; raise OverflowError for one that is longer than any that means something."""
    body = bytearray()
    with client.stream(method, url, **options) as coming:
        for piece in coming.iter_bytes():
            body += piece
            if len(body) > _MOST_BYTES:
                raise OverflowError(f"its answer is longer than {_MOST_BYTES // 1024**2} MiB")
    headers = [each for each in coming.headers.multi_items() if each[0].lower() not in _OF_THE_WAY]
    return httpx.Response(coming.status_code, headers=headers, content=bytes(body))


@contextmanager
def _within(seconds: float) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Yield a tracer for a request, whose connection is cut when the time is over.

    The time limits of httpx are those of one read. Source: "Request extensions" in httpcore's documentation.
    """
    streams: list[Any] = []

    def trace(_event: str, told: dict[str, Any]) -> None:
        if hasattr(stream := told.get("return_value"), "get_extra_info"):
            streams.append(stream)

    def cut() -> None:
        for stream in streams:
            with suppress(OSError):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield trace
    finally:
        timer.cancel()


def _wait_seconds(answer: httpx.Response) -> int:
    """Return how long a limit of requests lasts, 0 if there is none.

    Source: "Rate limits for the REST API" in GitHub's documentation; other forges use the same names.
    """
    if answer.status_code not in (403, 429, 503):
        return 0
    told = answer.headers.get("retry-after", "")
    if told.isdigit():
        return min(max(int(told), 1), _LONGEST_WAIT)
    reset = answer.headers.get("x-ratelimit-reset", answer.headers.get("ratelimit-reset", ""))
    left = answer.headers.get("x-ratelimit-remaining", answer.headers.get("ratelimit-remaining", ""))
    if left == "0" and reset.isdigit():
        return min(max(int(int(reset) - time.time()) + 1, 1), _LONGEST_WAIT)
    return 60 if answer.status_code == 429 else 0


def _said(answer: httpx.Response) -> str:
    """Return the first words of a refusal."""
    try:
        told = answer.json()
    except ValueError:
        return answer.reason_phrase
    text = told.get("message") or told.get("error") if isinstance(told, dict) else None
    return " ".join(str(text or answer.reason_phrase).split())[:200]
