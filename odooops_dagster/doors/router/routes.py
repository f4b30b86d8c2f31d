"""Find the environment that answers a request, by the host name that the request names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from odooops_dagster.doors.router.demand import asks, wants_page
from odooops_dagster.doors.router.head import Head
from odooops_dagster.doors.router.pages import Answer, answer_of
from odooops_dagster.doors.router.visitors import admit
from odooops_dagster.home import bus_socket, environment_socket, label_of_host, url_of_label
from odooops_dagster.settings import Settings
from odooops_dagster.tools.front import notices
from odooops_dagster.tools.front.notices import Notice

HEALTH = "/healthz"
# How long a request waits for an environment that starts, or for one that is busy.
_HELD_SECONDS = 30.0
# Names of the machine itself, under which no environment answers: all of them would share what a browser keeps of it.
_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, kw_only=True)
class Passage:
    """The socket of the Odoo that answers, and the head that it gets; `other` answers if nobody listens there."""

    label: str
    socket: Path
    head: bytes
    other: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Held:
    """A request that waits: the router asks again for its route for these seconds, and then gives the answer."""

    label: str
    answer: Answer
    seconds: float = 0.0
    wakes: bool = False  # whether it starts the environment


def route(settings: Settings, head: Head, *, client: str) -> Passage | Held | Answer:
    """Return who answers on the port of all environments.

    Args:
        settings: the platform's settings.
        head: the request.
        client: the address from which the request came: the browser's, or the proxy's.
    """
    if head.host in _MACHINE and head.target == HEALTH:
        return Answer(status=200, text="ok")
    label = label_of_host(settings, head.host)
    if label is None:
        return _misdirected(head)
    return _admitted(settings, head, label, _told(head, client=client))


def route_former_port(settings: Settings, head: Head, label: str) -> Passage | Held | Answer:
    """Return who answers on the port that the environment had before it had a host name.

    Browsers are led to the host name. A proxy that was told of the port still gets through, and is believed as before.
    It is known by a field that no page can make a browser send: the browser asks first, and gets no permission here.
    """
    forwarded_for = head.field(b"x-forwarded-for")
    if forwarded_for is not None and not _is_below_localhost(head):
        told = {
            "X-Forwarded-For": forwarded_for,
            "X-Forwarded-Host": head.field(b"x-forwarded-host") or head.authority,
            "X-Forwarded-Proto": head.field(b"x-forwarded-proto") or "http",
        }
        return _admitted(settings, head, label, told)
    if head.host in _MACHINE or label_of_host(settings, head.host) == label:
        place = f"{url_of_label(settings, label).rstrip('/')}{head.target}"
        return Answer(status=307, text=f"this environment is at {place}", location=place)
    return _misdirected(head)


def unavailable(head: Head) -> Answer:
    """Return the answer for an environment whose Odoo does not run."""
    return Answer(status=503, text=f"{head.host} does not run now: ops env list")


def busy(head: Head, passage: Passage) -> Held:
    """Return how long a request waits for an Odoo that works on as many as it can take."""
    answer = Answer(status=503, text=f"{head.host} works on other requests: ask again in a while", retry_after=5)
    return Held(label=passage.label, answer=answer, seconds=_HELD_SECONDS)


def _admitted(settings: Settings, head: Head, label: str, told: Mapping[str, str]) -> Passage | Held | Answer:
    """Return who answers, once the request may come in."""
    found = admit(settings, head, label)
    return found if isinstance(found, Answer) else _passage(settings, found, label, told)


def _passage(settings: Settings, head: Head, label: str, told: Mapping[str, str]) -> Passage | Held | Answer:
    socket = _socket(settings.home, label)
    notice = notices.read(socket.with_suffix(".json"))
    if notice is not None and notice.state == "replaced":
        candidate = socket.with_name(Path(notice.candidate).name)
        return Passage(label=label, socket=candidate, head=head.forwarded(told), other=socket)
    if notice is not None:
        return _held(head, label, notice)
    if not socket.exists():
        return _misdirected(head)
    # An Odoo of one process, which kept no bus when it was replaced by this one, answers for all.
    if head.is_for_bus and (bus := bus_socket(socket)).exists():
        return Passage(label=label, socket=bus, head=head.forwarded(told), other=socket)
    return Passage(label=label, socket=socket, head=head.forwarded(told))


def _held(head: Head, label: str, notice: Notice) -> Held:
    """Return how long the request waits, and what it is told then: people see a page at once, programs wait."""
    as_page = wants_page(head)
    wakes = notice.state == "asleep" and asks(head)
    comes = wakes or notice.state == "starting"
    return Held(
        label=label,
        answer=answer_of(replace(notice, state="starting") if wakes else notice, as_page=as_page),
        seconds=_HELD_SECONDS if comes and not as_page else 0.0,
        wakes=wakes,
    )


@lru_cache(maxsize=1024)
def _socket(home: Path, label: str) -> Path:
    """Return where the environment's Odoo listens; a name that nobody has costs no more than one that somebody has."""
    return environment_socket(home, label)


def _told(head: Head, *, client: str) -> dict[str, str]:
    """Return the fields that tell Odoo who asks for which URL; what a client of this machine says of itself is dropped.

    Every other name leads to a proxy, which knows the client.
    """
    if _is_below_localhost(head):
        return {"X-Forwarded-For": client, "X-Forwarded-Host": head.authority, "X-Forwarded-Proto": "http"}
    return {
        "X-Forwarded-For": head.field(b"x-forwarded-for") or client,
        "X-Forwarded-Host": head.authority,
        "X-Forwarded-Proto": head.field(b"x-forwarded-proto") or "https",
    }


def _is_below_localhost(head: Head) -> bool:
    return head.host.removesuffix(".").endswith(".localhost")


def _misdirected(head: Head) -> Answer:
    named = head.host or "a request without host"
    return Answer(status=421, text=f"no environment answers for {named}: ops env list shows the URLs")
