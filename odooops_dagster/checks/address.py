"""Where a check asks an Odoo: at its URL, or at its own socket as the router would, for a browser at that URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

Hooks = dict[str, list[Callable[[httpx.Request], None]]]


@dataclass(frozen=True, kw_only=True)
class Address:
    """The URL of an Odoo, and the Unix socket at which it listens; None for an Odoo that listens at its URL."""

    url: str
    socket: Path | None

    @property
    def inner(self) -> httpx.URL:
        """Return the URL to request: a socket has no TLS, also where a proxy adds it at the public URL."""
        url = httpx.URL(self.url)
        return url if self.socket is None else url.copy_with(scheme="http")

    def own(self, url: httpx.URL) -> httpx.URL | None:
        """Return the address of a URL to which this Odoo redirected; None for another host."""
        public, inner = httpx.URL(self.url), self.inner
        if (url.scheme, url.netloc) not in {(public.scheme, public.netloc), (inner.scheme, inner.netloc)}:
            return None
        return url.copy_with(scheme=inner.scheme)

    def client(self, *, timeout: float | None = None, event_hooks: Hooks | None = None) -> httpx.Client:
        """Return a client that keeps no connections, so that each request has its own, which can be cut."""
        unkept = httpx.Limits(max_keepalive_connections=0)
        transport = None if self.socket is None else httpx.HTTPTransport(uds=str(self.socket), limits=unkept)
        # Ignore the proxy settings of the machine: the address is on this machine.
        return httpx.Client(
            trust_env=False,
            limits=unkept,
            transport=transport,
            timeout=timeout,
            event_hooks=event_hooks,
            headers={} if self.socket is None else self._forwarded(),
        )

    def _forwarded(self) -> dict[str, str]:
        """Return the headers by which the router passes the client's address and the public URL to Odoo."""
        public = httpx.URL(self.url)
        return {
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Host": public.netloc.decode("ascii"),
            "X-Forwarded-Proto": public.scheme,
        }
