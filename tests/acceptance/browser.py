"""A real browser, as far as a test looks: open a page, wait for what a person waits for, look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, ViewportSize, sync_playwright
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
        self._complaints: list[str] = []
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("console", lambda said: self._complaints.append(said.text) if said.type == "error" else None)

    def complaints(self) -> list[str]:
        """Return what the page's scripts and its policy complained of so far: errors that nobody caught or reported."""
        return list(self._complaints)

    def visible(self, selector: str) -> bool:
        """Return whether a person comes to see the element."""
        try:
            self._page.locator(selector).locator("visible=true").first.wait_for(timeout=_PATIENCE_MILLISECONDS)
        except PlaywrightTimeout:
            return False
        return True

    def open(self, url: str, *, until: str) -> Seen:
        """Open another page in the same session and wait until the element shows."""
        return Seen(self._page.context.new_page()).go(url, until=until)

    def go(self, url: str, *, until: str) -> Seen:
        """Open another page in the same tab and wait until the element shows."""
        self._page.goto(url, timeout=_PATIENCE_MILLISECONDS)
        self._page.locator(until).locator("visible=true").first.wait_for(timeout=_PATIENCE_MILLISECONDS)
        return self

    def click(self, selector: str) -> None:
        """Click on the element."""
        self._page.locator(selector).locator("visible=true").first.click(timeout=_PATIENCE_MILLISECONDS)

    def reload(self) -> None:
        """Load the page again."""
        self._page.reload(timeout=_PATIENCE_MILLISECONDS)

    def fill(self, selector: str, text: str) -> None:
        """Write into the field."""
        self._page.locator(selector).fill(text, timeout=_PATIENCE_MILLISECONDS)

    def press(self, keys: str) -> None:
        """Press a key, such as Tab or Enter."""
        self._page.keyboard.press(keys)

    def type(self, text: str) -> None:
        """Type where the keyboard is."""
        self._page.keyboard.type(text)

    def count(self, selector: str) -> int:
        """Return how many such elements a person sees now."""
        return self._page.locator(selector).locator("visible=true").count()

    def download(self, selector: str) -> bytes:
        """Click on what downloads a file, and return the file."""
        with self._page.expect_download(timeout=_PATIENCE_MILLISECONDS) as started:
            self.click(selector)
        return started.value.path().read_bytes()

    @property
    def url(self) -> str:
        """The address of the page."""
        return self._page.url

    def look(self, size: tuple[int, int], scheme: Literal["light", "dark"]) -> None:
        """Look at the same page in a window of this size, in pixels, and in these colours."""
        self._page.set_viewport_size(ViewportSize(width=size[0], height=size[1]))
        self._page.emulate_media(color_scheme=scheme)

    def close(self) -> None:
        """Close the page; the session goes on."""
        self._page.close()

    def run(self, script: str, *words: object) -> Any:  # noqa: ANN401 -- whatever the script returns
        """Run a function of JavaScript in the page, as its own scripts do."""
        return self._page.evaluate(script, list(words))

    def cookies(self) -> list[dict[str, Any]]:
        """Return what the session keeps of every site, also what no script may read."""
        return [dict(cookie) for cookie in self._page.context.cookies()]

    def screenshot(self, path: Path, *, whole: bool = False) -> int:
        """Take a picture, of the whole page or of what is seen of it, and return its size in bytes."""
        self._page.screenshot(path=path, full_page=whole)
        return path.stat().st_size


class Browser:
    """A headless Chromium with an empty profile."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium

    def see(
        self,
        url: str,
        *,
        until: str,
        size: tuple[int, int] = (1440, 900),
        scheme: Literal["light", "dark"] = "light",
    ) -> Seen:
        """Open the page in a window of this size, in pixels, and wait until the element shows."""
        viewport = ViewportSize(width=size[0], height=size[1])
        page = self._chromium.new_context(viewport=viewport, color_scheme=scheme).new_page()
        return Seen(page).go(url, until=until)

    def leave(self) -> None:
        """Close every window, so that no page goes on asking a server that ends."""
        for context in self._chromium.contexts:
            context.close()


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
