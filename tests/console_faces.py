"""The two faces of the console, as one person in a browser uses them: the gateway's own pages, and the static site."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlencode
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.model.releases import Persona
from odooops_dagster.tools.runtime.ports import free_port
from tests.acceptance.browser import Browser, Seen
from tests.api import settings
from tests.consoles import link_token
from tests.gateways import serving
from tests.platform_logins import by_job
from tests.servers import PostgresServer
from tests.supabase_logins import PASSWORD, Logins

Noun = Literal["projects", "overview", "runs", "run", "releases", "release", "backups"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody: a member of a project, or who works in one of the personas."""

    name: str
    persona: Persona | None = None
    user_id: UUID | None = None


class Gateway:
    """A gateway with the console at a port that it keeps through restarts."""

    def __init__(self, url: str, server: PostgresServer, home: Path, *, port: int | None = None, **values: Any) -> None:  # noqa: ANN401
        self._given = (url, server, home)
        self._values = values
        self.port = port or free_port()
        self._stack = ExitStack()

    @property
    def address(self) -> str:
        """Return its address for a browser."""
        return f"http://console.localhost:{self.port}"

    def start(self) -> None:
        """Start it."""
        url, server, home = self._given
        control = self._stack.enter_context(by_job(url, server))
        app = create_app(settings(url, server, home, **self._values), control)
        self._stack.enter_context(serving(app, port=self.port))

    def stop(self) -> None:
        """End it, with its connections."""
        self._stack.close()


class Face(Protocol):
    """One of the consoles; both say the same words."""

    gateway: Gateway

    def place(self, noun: Noun, **about: object) -> str:
        """Return the address of a page about project shop."""

    def enter(self, person: Person, noun: Noun = "projects", **how: Any) -> Seen:  # noqa: ANN401
        """Sign the person in, in a browser of its own, and open a page; `about` names what it is about."""

    def closed(self) -> str:
        """Return the element that a stranger sees."""


class Embedded:
    """The pages that the gateway serves; a person comes by a link."""

    def __init__(self, browser: Browser, gateway: Gateway, owner: ControlPlane) -> None:
        self.gateway = gateway
        self._browser = browser
        self._owner = owner

    def place(self, noun: Noun, **about: object) -> str:
        """Return the address of a page about project shop."""
        root = f"{self.gateway.address}/projects/shop"
        return {
            "projects": f"{self.gateway.address}/",
            "overview": root,
            "run": f"{root}/runs/{about.get('number')}",
            "release": f"{root}/releases/{about.get('version')}/show",
        }.get(noun, f"{root}/{noun}")

    def enter(self, person: Person, noun: Noun = "projects", *, about: Any = None, **how: Any) -> Seen:  # noqa: ANN401
        """Sign the person in and open a page."""
        personas = (person.persona,) if person.persona else ()
        token = link_token(self._owner, person.name, *personas, user_id=person.user_id)
        seen = self._browser.see(f"{self.gateway.address}/login?token={token}", until="h1", **how)
        seen.click("button:has-text('Sign in')")
        assert seen.visible("h1:has-text('Projects')")
        return seen.go(self.place(noun, **about or {}), until="h1")

    def closed(self) -> str:
        """Return the element that a stranger sees."""
        return "h1:has-text('Nobody is signed in')"


class Static:
    """The static site; a person signs in at Supabase, and the gateway believes the token."""

    def __init__(self, browser: Browser, gateway: Gateway, site: str, logins: Logins) -> None:
        self.gateway = gateway
        self.site = site
        self._browser = browser
        self.logins = logins

    def place(self, noun: Noun, **about: object) -> str:
        """Return the address of a page about project shop."""
        if noun == "projects":
            return f"{self.site}/"
        return f"{self.site}/{'project' if noun == 'overview' else noun}/?{urlencode({'project': 'shop'} | about)}"

    def enter(self, person: Person, noun: Noun = "projects", *, about: Any = None, **how: Any) -> Seen:  # noqa: ANN401
        """Sign the person in on the page that was opened, which then shows what it is about."""
        login = self.logins.add(person.name, role=person.persona or "authenticated", sub=person.user_id)
        seen = self._browser.see(self.place(noun, **about or {}), until="h1", **how)
        seen.fill("input[name=email]", login.email)
        seen.fill("input[name=password]", PASSWORD)
        seen.click("button:text-is('Sign in')")
        assert seen.visible(".account")
        assert seen.visible("h1")
        return seen

    def closed(self) -> str:
        """Return the element that a stranger sees."""
        return "h1:has-text('Sign in')"
