"""The same scenarios on both faces of the console, in a real browser over a real gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings
from odooops_dagster.tools.store.addressed import put_addressed
from tests.acceptance.browser import Browser, Seen
from tests.console_faces import Embedded, Face, Gateway, Person, Static
from tests.servers import PostgresServer
from tests.sql.releases import Release, make_release
from tests.sql.world import SHA, World
from tests.web_console import Places

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SAY = "select ops.append_run_log(%s, %s, %s)"
FILL = """
    insert into ops.run_logs (run_id, attempt, level, message)
    select %s, 1, 'info', n || ' of many' from generate_series(1, 120000) as n
"""
# What a log may hold: markup, a terminal's colours, and a mark that turns text round.
HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script> \x1b[31mred\x1b[0m \u202edesrever'
SHOWN = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script> red desrever'


@pytest.fixture(params=["embedded", "static"])
def face(
    request: pytest.FixtureRequest, browser: Browser, database: str, postgres_server: PostgresServer, tmp_path: Path
) -> Iterator[Face]:
    """Yield a face of the console over the test's database."""
    found: Face
    if request.param == "embedded":
        gateway = Gateway(database, postgres_server, tmp_path)
        found = Embedded(browser, gateway, request.getfixturevalue("owner"))
    else:
        places: Places = request.getfixturevalue("places")
        gateway = Gateway(database, postgres_server, tmp_path, port=places.gateway_port, **places.settings)
        found = Static(browser, gateway, places.site, places.logins)
    gateway.start()
    yield found
    browser.leave()
    gateway.stop()


@pytest.fixture
def project(world: World) -> UUID:
    """Project shop."""
    return world.project("shop")


@pytest.fixture
def dora(world: World, project: UUID) -> Person:
    """A developer of it."""
    return Person(name="dora", user_id=world.member(project, "developer"))


def test_a_stranger_sees_nothing_but_the_way_in(face: Face, browser: Browser, world: World, project: UUID) -> None:
    """Whichever page is opened; who signs out is a stranger again, also on a page that is open."""
    world.work(project)
    seen = browser.see(face.place("run", number=1), until=face.closed())
    assert seen.count("text=shop#1") == 0


def test_people_see_the_projects_of_which_they_are_members(face: Face, world: World, dora: Person) -> None:
    """And no other; who signs out sees none."""
    world.project("other")
    seen = face.enter(dora)
    assert seen.visible("h2:has-text('shop')")
    assert seen.count("text=other") == 0
    seen.click("button:has-text('Sign out')")
    seen.go(face.place("overview"), until=face.closed())


def test_branches_stand_by_stage(face: Face, world: World, project: UUID, dora: Person) -> None:
    """With what each serves and where it answers, and the way to its runs."""
    run = world.work(project, "main")
    world.rows("select ops.record_deployment(%s, 1, 'http://shop.example', 8069, 'live', 'sha256:1', %s)", run, SHA)
    world.complete(run)
    world.work(project, "feature/a")
    seen = face.enter(dora, "overview")
    assert seen.visible("section:has(h2:text('Production')) >> text=main")
    assert seen.visible(f"section:has(h2:text('Production')) >> text={SHA[:10]}")
    assert seen.visible("a[href='http://shop.example']")
    assert seen.visible("section:has(h2:text('Development')) >> text=feature/a")
    seen.click("a:text-is('#1')")
    assert seen.visible("h1:has-text('shop#1')")


def test_the_history_goes_back_to_the_first_run(face: Face, world: World, project: UUID, dora: Person) -> None:
    """Newest first, page by page."""
    for _ in range(45):
        world.rows("select ops.cancel_run(%s)", world.queue(project))
    seen = face.enter(dora, "runs")
    assert seen.visible("tbody tr:first-child >> text=#45")
    assert seen.count("tbody tr") == 40
    seen.click("text=Earlier runs")
    assert seen.visible("a:text-is('#1')")
    assert seen.count("a:text-is('#45')") == 0


def test_a_failed_run_says_why_and_who_acts(face: Face, world: World, project: UUID, dora: Person) -> None:
    """Its error, the answer of each check, its steps; and it is run again by whom may."""
    run = world.work(project)
    world.rows(
        "select ops.record_check(%s, 1, 'tests_pass', false, true, 'test_price failed in shop/tests/test_price.py')",
        run,
    )
    world.rows("select ops.complete_workflow_run(%s, 1, 'Tests failed: test_price', 1)", run)
    seen = face.enter(dora, "run", about={"number": 1})
    assert seen.visible("h1 .failed")
    assert seen.visible("strong:text-is('Tests failed: test_price')")
    assert seen.visible("text=Who has to act: who pushed.")
    assert seen.visible(".checks li:has(.failed) >> text=test_price failed in shop/tests/test_price.py")
    seen.click("text=Run again")
    assert seen.visible("h1:has-text('shop#2')")
    assert world.value("select retry_of from ops.v_runs where run_number = 2") == run


def test_a_log_is_followed_through_a_killed_gateway(face: Face, world: World, project: UUID, dora: Person) -> None:
    """No line is lost, none comes twice, and the page says when the run has ended."""
    run = world.work(project)
    for number in range(700):
        world.rows(SAY, run, "info", f"line {number}")
    seen = face.enter(dora, "run", about={"number": 1})
    assert seen.visible("text=Following the log.")
    world.rows(SAY, run, "info", "line 700")
    assert seen.visible("text=line 700")
    face.gateway.stop()
    world.rows(SAY, run, "info", "line 701")
    assert seen.visible("text=trying again")
    face.gateway.start()
    world.rows(SAY, run, "info", "line 702")
    assert seen.visible("text=line 702")
    world.complete(run)
    assert seen.visible("text=The run has ended")
    assert seen.visible("h1 .succeeded")
    lines = seen.run("() => [...document.querySelectorAll('.log li span')].map(each => each.textContent)")
    assert lines == [f"line {number}" for number in range(703 - len(lines), 703)]
    assert len(lines) >= 500


def test_hostile_text_stays_text(face: Face, world: World, project: UUID, dora: Person) -> None:
    """In a log that stands and in one that grows, in an error and in a name."""
    run = world.work(project)
    world.rows(SAY, run, "info", HOSTILE)
    seen = face.enter(dora, "run", about={"number": 1})
    assert seen.visible("text=Following the log.")
    world.rows(SAY, run, "info", f"{HOSTILE} again")
    assert seen.visible(".log li:nth-child(2)")
    world.rows("select ops.complete_workflow_run(%s, 1, %s, 1)", run, HOSTILE)
    assert seen.visible("h1 .failed")
    told = "() => [...document.querySelectorAll('.log li span, .bad strong')].map(each => each.textContent)"
    assert sorted(seen.run(told)) == [SHOWN, SHOWN, f"{SHOWN} again"]
    assert seen.run("() => [window.harmed ?? null, document.querySelectorAll('main img, main script').length]") == [
        None,
        0,
    ]


def test_a_log_is_searched_and_a_line_has_an_address(face: Face, world: World, project: UUID, dora: Person) -> None:
    """In the database: also what is far above the lines that a page shows."""
    run = world.work(project)
    world.rows(SAY, run, "error", "Disk FULL")
    for number in range(600):
        world.rows(SAY, run, "info", f"line {number}")
    world.complete(run)
    seen = face.enter(dora, "run", about={"number": 1})
    assert seen.count("text=Disk FULL") == 0
    seen.fill("input[name=q]", "disk full")
    seen.click("button:text-is('Search')")
    assert seen.visible(".log li.error >> text=Disk FULL")
    seen.click(".log li.error a")
    assert seen.visible(".log :is(li:target, li[aria-current]) >> text=Disk FULL")
    assert seen.visible("text=line 0")


def test_a_long_log_is_searched_to_its_beginning(face: Face, world: World, project: UUID, dora: Person) -> None:
    """Part after part by itself, until a page is full; then the rest is a link away."""
    run = world.work(project)
    world.rows(SAY, run, "error", "Disk FULL")
    world.rows(FILL, run)
    world.complete(run)
    seen = face.enter(dora, "run", about={"number": 1})
    seen.fill("input[name=q]", "disk full")
    seen.click("button:text-is('Search')")
    assert seen.visible(".log li.error >> text=Disk FULL")
    assert seen.count("text=No line has this text") == 0
    seen.fill("input[name=q]", "000 of")
    seen.click("button:text-is('Search')")
    assert seen.visible("span:text-is('120000 of many')")
    assert seen.visible("span:text-is('1000 of many')")
    assert seen.count(".log li:has(span)") == 120
    seen.fill("input[name=q]", "nothing says this")
    seen.click("button:text-is('Search')")
    assert seen.visible("text=No line has this text")
    seen.fill("input[name=q]", "00 of")
    seen.click("button:text-is('Search')")
    assert seen.visible("text=Earlier lines")
    assert seen.count(".log li:has(span)") == 500
    seen.click("text=Earlier lines")
    assert seen.visible("span:text-is('70000 of many')")
    assert seen.count("span:text-is('70100 of many')") == 0


def test_a_file_of_a_run_is_downloaded_as_it_is(
    face: Face, world: World, project: UUID, dora: Person, tmp_path: Path
) -> None:
    """Byte for byte."""
    run = world.work(project)
    content = b"<script>window.harmed=1</script>\x00\xff\n" * 1000
    kept = put_addressed(Platform(Settings(home=tmp_path)).store, content, content_type="text/plain")
    add = "select ops.add_run_artifact(%s, 'build.log', %s, %s, 'text/plain', %s)"
    world.rows(add, run, kept.url, kept.sha256, kept.size_bytes)
    world.complete(run)
    seen = face.enter(dora, "run", about={"number": 1})
    row = "tr:has-text('build.log')"
    assert seen.visible(f"{row} >> text=35.0 kB")
    assert seen.download(f"{row} a[download], {row} button") == content


def hosted(world: World, project: UUID) -> Release:
    """Return a release that passed G1, of a project whose production serves an older build."""
    run = world.work(project, "main")
    world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'live', 'sha256:1', %s)", run, SHA)
    world.complete(run)
    release = make_release(world, project, "1.0")
    release.check("G1")
    return release


def test_two_people_take_a_release_to_production(face: Face, world: World, project: UUID) -> None:
    """Each gate says why it stands as it does, and the button is there as soon as the database allows it.

    One of them has no mouse.
    """
    release = hosted(world, project)
    quinn = face.enter(Person(name="quinn", persona="qa_tester"), "release", about={"version": "1.0"})
    assert quinn.visible("text=It may not go to production yet: G2, G3")
    sign_off_by_keyboard(quinn, "the order flow works")
    assert quinn.visible("text=by quinn (qa tester)")
    rita = face.enter(Person(name="rita", persona="release_manager"), "release", about={"version": "1.0"})
    assert rita.visible("text=It may not go to production yet: G3")
    rita.fill("#why-G3", "legal agrees")
    rita.click("text=Approve G3")
    rita.fill("#confirm-production", "shop")
    rita.click("button:has-text('Promote to production')")
    assert rita.visible("h1:has-text('promote')")
    row = world.row("select requested_by, stage from ops.deployments where release_id = %s", release.id)
    assert row == {"requested_by": "rita", "stage": "production"}
    assert rita.visible("text=in the queue")


def sign_off_by_keyboard(seen: Seen, reason: str) -> None:
    """Go through the page's controls in the order in which they are read, and approve gate G2."""
    assert seen.visible("#why-G2")
    for _ in range(40):
        seen.press("Tab")
        if seen.run("() => document.activeElement.id") == "why-G2":
            break
    seen.type(reason)
    seen.press("Tab")
    seen.press("Enter")


def test_nobody_is_shown_a_button_that_the_database_would_refuse(face: Face, world: World, project: UUID) -> None:
    """A viewer reads all of it, and presses nothing."""
    hosted(world, project)
    viewer = Person(name="vera", user_id=world.member(project, "viewer"))
    seen = face.enter(viewer, "release", about={"version": "1.0"})
    assert seen.visible("text=A QA tester decides, and never the author.")
    assert seen.count("button:has-text('Approve')") + seen.count("button:has-text('Promote')") == 0
    seen.go(face.place("run", number=1), until="h1 .succeeded")
    assert seen.visible("text=No line")
    assert seen.count("button:has-text('Run again')") == 0
    seen.go(face.place("backups"), until="h1:has-text('Backups')")
    assert seen.visible("table, section.card")
    assert seen.count("button:has-text('Back up')") == 0


def test_a_refusal_is_shown_as_the_database_says_it(face: Face, world: World, project: UUID) -> None:
    """What was allowed when the page was drawn may not be any more."""
    release = hosted(world, project)
    quinn = face.enter(Person(name="quinn", persona="qa_tester"), "release", about={"version": "1.0"})
    quinn.fill("#why-G2", "the order flow works")
    world.rows("update ops.releases set withdrawn_at = now(), status = 'withdrawn' where id = %s", release.id)
    quinn.click("text=Approve G2")
    assert quinn.visible("text=withdrawn")
    assert world.value("select count(*) from ops.approvals where gate_code = 'G2'") == 0
