"""The router's own answers, and the pages that people see while an environment starts or its data change.

A page needs no script: it asks again by itself, at the address that was asked for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from html import escape

from odooops_dagster.tools.front.notices import Notice

_PHRASES = {
    200: "OK",
    303: "See Other",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    408: "Request Timeout",
    421: "Misdirected Request",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
_AGAIN_SECONDS = 2
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">{refresh}<title>{title}</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem}}
progress{{width:100%}}p{{color:#555}}</style></head>
<body><h1>{title}</h1>{progress}<p>{text}</p></body></html>
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of our own."""

    status: int
    text: str
    location: str | None = None
    retry_after: int | None = None  # seconds
    is_page: bool = False
    asks_login: bool = False
    cookie: str | None = None

    def encoded(self) -> bytes:
        """Return the bytes of the answer; nobody keeps it."""
        body = (self.text if self.is_page else f"{self.text}\n").encode()
        lines = [
            f"HTTP/1.1 {self.status} {_PHRASES[self.status]}",
            f"Content-Type: text/{'html' if self.is_page else 'plain'}; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        lines += [] if self.location is None else [f"Location: {self.location}"]
        lines += ['WWW-Authenticate: Basic realm="preview", charset="UTF-8"'] if self.asks_login else []
        lines += [] if self.cookie is None else [f"Set-Cookie: {self.cookie}"]
        lines += [] if self.retry_after is None else [f"Retry-After: {self.retry_after}"]
        lines += ["Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'"] if self.is_page else []
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def answer_of(notice: Notice, *, as_page: bool) -> Answer:
    """Return what the environment's notice tells somebody who asks for it."""
    title, text = _WORDS[notice.state](notice)
    again = _again(notice)
    if not as_page:
        return Answer(status=503, text=f"{title}: {text}", retry_after=again)
    refresh = "" if again is None else f'<meta http-equiv="refresh" content="{again}">'
    page = _PAGE.format(refresh=refresh, title=escape(title), text=escape(text), progress=_progress(notice))
    return Answer(status=503, text=page, retry_after=again, is_page=True)


def _again(notice: Notice) -> int | None:
    """Return after how many seconds it is of use to ask again; None if it is of none."""
    if notice.state == "stopped":
        return None
    if notice.state == "maintenance":
        return max(5, min(30, round(_left(notice))))
    return _AGAIN_SECONDS


def _left(notice: Notice) -> float:
    """Return how many seconds the state lasts yet, by what it usually takes; at least zero."""
    return max(0.0, notice.since + notice.seconds - time.time())


def _progress(notice: Notice) -> str:
    if not notice.seconds or notice.state in {"stopped", "asleep"}:
        return ""
    done = min(notice.seconds, max(0.0, time.time() - notice.since))
    return f'<progress max="{notice.seconds:.0f}" value="{done:.0f}"></progress>'


def _starting(notice: Notice) -> tuple[str, str]:
    usual = f"That usually takes about {_duration(notice.seconds)}. " if notice.seconds else ""
    return f"{notice.environment} is starting", f"{usual}What you asked for comes as soon as it answers."


def _asleep(notice: Notice) -> tuple[str, str]:
    return f"{notice.environment} sleeps", "Somebody who asks for it starts it."


def _stopped(notice: Notice) -> tuple[str, str]:
    return f"{notice.environment} is stopped", f"{notice.by or 'Somebody'} stopped it; ops env start starts it."


def _maintenance(notice: Notice) -> tuple[str, str]:
    if not notice.seconds:
        return f"{notice.environment} is being updated", "It is back soon."
    left = _left(notice)
    when = f"about {_duration(left)} from now" if left else "any moment: it takes longer than it was predicted to"
    return f"{notice.environment} is being updated", f"It is back {when}."


_WORDS = {
    "asleep": _asleep,
    "starting": _starting,
    "replaced": _starting,
    "stopped": _stopped,
    "maintenance": _maintenance,
}


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{minutes} min"
