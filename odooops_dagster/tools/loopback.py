"""A client for names below localhost, which browsers take for this machine and a resolver need not know."""

from __future__ import annotations

import httpx


def loopback_client(*, base_url: str = "", timeout: float, follow_redirects: bool = False) -> httpx.Client:
    """Return a client that connects to this machine for every name below localhost, as browsers do."""
    # Proxies of the machine lead elsewhere.
    return httpx.Client(
        base_url=base_url,
        timeout=timeout,
        follow_redirects=follow_redirects,
        trust_env=False,
        transport=_BelowLocalhost(),
    )


class _BelowLocalhost(httpx.HTTPTransport):
    """Source: RFC 6761, section 6.3."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask at the loopback address, with the name in the field Host."""
        if not request.url.host.endswith(".localhost"):
            return super().handle_request(request)
        return super().handle_request(
            httpx.Request(
                request.method,
                request.url.copy_with(host="127.0.0.1"),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )
