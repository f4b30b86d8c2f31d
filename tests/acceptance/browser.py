"""A real browser, as far as a test looks: open a page, wait for what a person waits for, look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

# Nothing but the page itself may use the network.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MILLISECONDS = 120_000


class Seen:
    """A page that has loaded."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def visible(self, selector: str) -> bool:
        """Return whether a person comes to see the element."""
        try:
            self._page.locator(selector).locator("visible=true").first.wait_for(timeout=_PATIENCE_MILLISECONDS)
        except PlaywrightTimeout:
            return False
        return True

    def open(self, url: str, *, until: str) -> Seen:
        """Open another page in the same session and wait until the element shows."""
        page = self._page.context.new_page()
        page.goto(url, timeout=_PATIENCE_MILLISECONDS)
        page.locator(until).locator("visible=true").first.wait_for(timeout=_PATIENCE_MILLISECONDS)
        return Seen(page)

    def run(self, script: str, *words: object) -> Any:  # noqa: ANN401 -- whatever the script returns
        """Run a function of JavaScript in the page, as its own scripts do."""
        return self._page.evaluate(script, list(words))

    def cookies(self) -> list[dict[str, Any]]:
        """Return what the session keeps of every site, also what no script may read."""
        return [dict(cookie) for cookie in self._page.context.cookies()]

    def screenshot(self, path: Path) -> int:
        """Take a picture and return its size in bytes."""
        self._page.screenshot(path=path)
        return path.stat().st_size


class Browser:
    """A headless Chromium with an empty profile."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium

    def see(self, url: str, *, until: str) -> Seen:
        """Open the page and wait until the element shows."""
        page = self._chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(url, timeout=_PATIENCE_MILLISECONDS)
        page.locator(until).locator("visible=true").first.wait_for(timeout=_PATIENCE_MILLISECONDS)
        return Seen(page)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield a browser; without one the test is skipped on a person's machine and fails in CI."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        reason = "no Chromium: scripts/dev/system-packages.sh"
        pytest.fail(reason, pytrace=False) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
