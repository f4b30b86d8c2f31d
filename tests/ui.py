"""A person's session of the Dagster UI, for a program that cannot resolve names below localhost."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx


def logged_in(link: str) -> httpx.Client:
    """Return a client that has followed the link of `ops ui`."""
    url = urlsplit(link)
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{url.port}",
        headers={"Host": url.netloc, "Accept": "text/html"},
        trust_env=False,
        timeout=60,
    )
    answer = client.get(f"{url.path}?{url.query}")
    assert answer.status_code == 303, answer.text
    # Cookies are kept for the address, and the session's is for the name.
    client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
    return client
