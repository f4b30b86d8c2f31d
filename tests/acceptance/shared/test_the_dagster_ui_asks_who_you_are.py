"""The Dagster UI belongs to who is logged in, whatever else their browser shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlencode

import pytest

from odooops_dagster.engine.coordinator import SCHEDULE
from tests.acceptance.browser import Browser
from tests.acceptance.platform import Platform

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(600)]

LAUNCH = """mutation { launchRun(executionParams: {
    selector: {repositoryLocationName: "odooops", repositoryName: "__repository__", pipelineName: "artifact_expiry"}
    runConfigData: {} }) { __typename } }"""
RUNS = 'query { runsOrError(filter: {pipelineName: "artifact_expiry"}) { ... on Runs { results { tags { key } } } } }'
ASK = """async ([query]) => (await fetch("/graphql", {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({query})})).json()"""
# What a page can send to another site without asking it: an image, a request of a script, a form.
HOSTILE = """<!doctype html><title>hostile</title><body><img src="%(get)s"><iframe name="sink"></iframe>
<form method="post" action="%(get)s" enctype="text/plain" target="sink"><input name="a" value="b"></form><script>
document.forms[0].submit();
const sent = [fetch("%(get)s", {mode: "no-cors", credentials: "include"}), fetch("%(url)s", {method: "POST",
    mode: "no-cors", credentials: "include", body: JSON.stringify({query: "%(query)s"})})];
Promise.allSettled(sent).then(() => setTimeout(() => document.body.append("all sent"), 2000));</script>"""


def test_a_page_of_somebody_else_starts_nothing_in_an_operators_browser(running: Platform, browser: Browser) -> None:
    """What the same session starts from the UI's own page does start."""
    ui = browser.see(running.ask("ui")["url"], until="body")

    def launched() -> int:
        runs = ui.run(ASK, RUNS)["data"]["runsOrError"]["results"]
        # On a new platform the schedule starts one too, 37 minutes past the hour.
        return sum(SCHEDULE not in {tag["key"] for tag in run["tags"]} for run in runs)

    before = launched()
    query, url = " ".join(LAUNCH.split()), f"{running.dagster_url}/graphql"
    words = {"get": escape(f"{url}?{urlencode({'query': query})}"), "url": url, "query": query.replace('"', '\\"')}
    with serving_page(HOSTILE % words) as elsewhere:
        ui.open(elsewhere, until="text=all sent")
    assert launched() == before
    assert ui.run(ASK, LAUNCH)["data"]["launchRun"]["__typename"] == "LaunchRunSuccess"
    assert launched() == before + 1


@contextmanager
def serving_page(page: str) -> Iterator[str]:
    """Serve the page on another port of this machine, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
