"""A real environment that is stopped until it is asked for, and what a browser sees until it answers."""

from __future__ import annotations

from odooops_dagster.tools.loopback import loopback_client
from tests.acceptance.platform import Platform, wait_for

PAGE = {"Accept": "text/html"}


def sleeps_and_wakes(running: Platform, slug: str, branch: str, url: str) -> None:
    """Let the environment sleep; the first who asks sees it start, and then the page that was asked for."""
    running.ops("env", "stop", slug, branch, "--until-asked", "--yes", "--wait")
    asleep = running.ask("env", "show", slug, branch)
    assert (asleep["status"], asleep["wakes_on_request"]) == ("stopped", True)
    with loopback_client(timeout=60) as client:
        probe = client.get(f"{url}web/health")
        assert probe.status_code == 503
        first = client.get(f"{url}web/login", headers=PAGE)
        assert (first.status_code, first.headers["Retry-After"]) == (503, "2")
        assert "is starting" in first.text

        def page() -> str | None:
            answer = client.get(f"{url}web/login", headers=PAGE)
            assert answer.status_code in {200, 503}
            return answer.text if answer.status_code == 200 else None

        assert 'name="login"' in wait_for(page, seconds=180, what="the page that was asked for")
    assert running.ask("env", "show", slug, branch)["status"] == "running"
    starts = running.query(
        "select r.trigger, r.status from ops.v_runs as r join ops.environments as e on e.id = r.environment_id"
        " join ops.projects as p on p.id = e.project_id where r.kind = 'start' and p.slug = %s and e.name = %s",
        slug, branch,
    )  # fmt: skip
    assert [row["trigger"] for row in starts] == ["request"]
