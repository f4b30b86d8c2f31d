"""A person's session of the Dagster UI, for a program that cannot resolve names below localhost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx


@contextmanager
def logged_in(link: str) -> Iterator[httpx.Client]:
    """Yield a client that has followed the link of `ops ui`."""
    url = urlsplit(link)
    headers = {"Host": url.netloc, "Accept": "text/html"}
    base = f"http://127.0.0.1:{url.port}"
    with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=60) as client:
        answer = client.get(f"{url.path}?{url.query}")
        assert answer.status_code == 303, answer.text
        yield client
