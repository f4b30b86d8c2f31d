"""The table of lanes: every test is in one, and what passed is remembered by what it depended on."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import date
from pathlib import Path

import pytest

from tests import cache, clocks, conftest, debian_programs, flaky, long_lanes, temporary
from tests.lanes import ROOT, Lane, LaneError, Lanes, read

LANES = read()


def lane(name: str = "deep", *, tests: tuple[str, ...] = (), **marks: tuple[str, ...]) -> Lane:
    """Return a lane."""
    of_marks = {"takes": (), "takes_from_all": (), "keeps": ()} | marks
    return Lane(name=name, proves="it", minutes=1, workers=1, tests=tests, inputs=["input"], **of_marks)


def table(*lanes: Lane) -> Lanes:
    """Return a table of these lanes, in which a mark `slow` has no place in the fast one."""
    return Lanes(by_name={lane.name: lane for lane in lanes}, too_slow=frozenset({"slow"}))


def test_the_table_names_only_what_is_there() -> None:
    """A test file that was renamed takes its lane along."""
    places = {place.split("::")[0] for lane in LANES.by_name.values() for place in lane.tests}
    assert [place for place in sorted(places) if not (ROOT / place).exists()] == []


def test_every_input_of_a_lane_is_in_git() -> None:
    """A misspelt input would never change."""
    inputs = {path for lane in LANES.by_name.values() for path in lane.inputs}
    unknown = ["git", "ls-files", "--error-unmatch", "--", *inputs]
    assert subprocess.run(unknown, cwd=ROOT, capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.parametrize(
    ("node", "marks", "expected"),
    [
        ("tests/a/test_x.py::test_one", [], "fast"),
        ("tests/a/test_y.py::test_one", [], "deep"),
        ("tests/a/test_x.py::test_two[15]", [], "deep"),
        ("tests/a/test_x.py::test_two_more", [], "fast"),
        ("tests/a/test_x.py::test_one", ["old"], "deep"),
        ("tests/b/test_x.py::test_one", ["old"], "other"),
        ("tests/b/test_x.py::test_one", ["slow"], "other"),
        ("tests/lost/test_x.py::test_one", ["old"], "deep"),
    ],
)
def test_the_longest_place_decides_and_marks_take_from_the_fast_lane(
    node: str, marks: list[str], expected: str
) -> None:
    """A name that begins with another's is not held by it."""
    deep = lane(tests=("tests/a/test_y.py", "tests/a/test_x.py::test_two"), takes=("old",))
    lanes = table(lane("fast", tests=("tests/a",)), deep, lane("other", tests=("tests/b",)))
    assert lanes.of(node, marks) == expected
    assert expected in lanes.of_file(node.partition("::")[0])


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("tests/a/test_x.py::test_one", "root"),
        ("tests/b/test_x.py::test_one", "root"),
        ("tests/c/test_x.py::test_one", "boxes"),
        ("tests/lost/test_x.py::test_one", "root"),
    ],
)
def test_a_mark_may_take_from_all_lanes_but_those_that_keep_it(node: str, expected: str) -> None:
    """What is skipped in its own lane runs in that of its mark."""
    others = [lane("other", tests=("tests/b",)), lane("boxes", tests=("tests/c",), keeps=("root",))]
    lanes = table(lane("fast", tests=("tests/a",)), *others, lane("root", takes_from_all=("root",)))
    assert lanes.of(node, ["root"]) == expected
    assert expected in lanes.of_file(node.partition("::")[0])
    assert lanes.of_file("tests/c/test_x.py") == {"boxes"}


def test_a_test_in_no_lane_and_a_slow_one_in_the_fast_lane_are_refused() -> None:
    """The sentence names the test and the table."""
    lanes = table(lane("fast", tests=("tests/a",)))
    with pytest.raises(LaneError, match=r"tests/b/test_x.py::test_one is in no lane.*lanes.toml"):
        lanes.of("tests/b/test_x.py::test_one", [])
    with pytest.raises(LaneError, match=r"bears \['slow'\]: name it in another lane"):
        lanes.of("tests/a/test_x.py::test_one", ["slow"])


def test_a_place_in_two_lanes_is_refused(tmp_path: Path) -> None:
    """Which of them runs it would be chance."""
    one = '[lane.{}]\nproves = "it"\nminutes = 1\ninputs = []\ntests = ["tests/a"]\n'
    (tmp_path / "lanes.toml").write_text("too_slow = []\n[inputs]\n" + one.format("a") + one.format("b"))
    with pytest.raises(LaneError, match="more than once: tests/a"):
        read(tmp_path / "lanes.toml")


def test_what_a_lane_depended_on_is_known_only_of_what_is_committed(tmp_path: Path) -> None:
    """Another commit of an input is another fingerprint; another file is not."""

    def commit(name: str, text: str) -> str | None:
        (tmp_path / name).write_text(text)
        assert name != "input" or long_lanes.fingerprint(lane(), tmp_path) is None
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"], cwd=tmp_path, check=True
        )
        return long_lanes.fingerprint(lane(), tmp_path)

    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    first = commit("input", "1")
    assert first is not None
    assert commit("other", "1") == first
    assert commit("input", "2") not in {None, first}


def test_one_red_lane_makes_all_red_and_each_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A lane that was left out is none."""
    assert long_lanes.report([(lane("a"), "passed in 1.0 minutes"), (lane("b"), "left out: it passed")]) == 0
    assert long_lanes.report([(lane("a"), "passed in 1.0 minutes"), (lane("b"), "red after 2.0 minutes")]) == 1
    assert "── b: red after 2.0 minutes" in capsys.readouterr().out


def test_a_lane_that_is_not_there_is_an_error_that_names_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing runs."""
    with pytest.raises(SystemExit, match="2"):
        long_lanes.main(["story"])
    assert "no lane story: there are pages, fast, stories" in capsys.readouterr().err


def test_a_failure_is_named_when_it_happens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is cut short has told what failed until then."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    for when in ("setup", "call"):
        conftest.pytest_runtest_logreport(
            pytest.TestReport("tests/x.py::test_y", ("x", 1, "y"), {}, "failed", "it broke", when)
        )
    assert capsys.readouterr().out == "\nERROR tests/x.py::test_y\nit broke\n\nFAILED tests/x.py::test_y\nit broke\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("time.sleep(0.1)", "sleeps"),
        ("sleep(2)", "sleeps"),
        ("time.sleep(0.05)", ""),
        ("time.sleep(2)  # clock: the server's own limit", ""),
        ("threading.Timer(0.3, let.set).start()", "starts a timer"),
        ("assert time.monotonic() - began < 10", "bounds"),
        ("assert 0.4 < perf_counter() - began < 20", "bounds"),
        ("took = time.monotonic() - began\nassert took <= 5", "bounds"),
        ("assert 5 > time.time() - began", "bounds"),
        ("assert time.monotonic() - began > 0.4", ""),
        ("assert time.monotonic() < deadline", ""),
        ("while not done():\n    time.sleep(0.01)", "without an end"),
        ("while not done():\n    assert time.monotonic() < end\n    time.sleep(0.01)", ""),
        ("while time.monotonic() < end:\n    time.sleep(0.01)", ""),
        ("while not stop.is_set():\n    time.sleep(0.01)", ""),
        ("while not done():\n    await asyncio.sleep(0.01)", ""),
        ('closed.bind(("127.0.0.1", 0))', "takes a port"),
        ("closed.bind((peer, 0))", ""),
    ],
)
def test_a_wait_for_a_clock_is_found(text: str, why: str) -> None:
    """A sleep, a timer, a duration's upper bound, a loop without an end, a port that others may take."""
    assert [why in wait.why for wait in clocks.waits(text)] == [True] * bool(why)


def test_no_test_of_the_fast_lane_waits_for_a_clock() -> None:
    """A file of which some tests are fast is read without those that another lane names."""
    found = [
        f"{file.relative_to(ROOT)}:{wait.line} {wait.why}"
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        for wait in clocks.waits(file.read_text())
        if LANES.of(f"{file.relative_to(ROOT)}::{wait.function}", ()) == "fast"
    ]
    assert found == []


def test_a_run_leaves_no_file_whatever_its_tests_have_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker makes no folder of its own; what it writes goes with the run's."""
    monkeypatch.delenv("ODOOOPS_TEST_TMP")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = temporary.make()
    assert folder is not None
    assert temporary.make() is None
    assert tempfile.gettempdir() == str(folder)
    (folder / "closed" / "below").mkdir(parents=True)
    (folder / "closed" / "below" / "file").touch(0o400)
    (folder / "closed").chmod(0o000)
    temporary.remove(folder)
    assert list(tmp_path.iterdir()) == []


ENTRY = '[[test]]\nnode = "tests/x.py::test_{}"\nreason = "{}"\nsince = 2026-12-01\nuntil = {}\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ENTRY.format("a", " ", "2026-12-02"), "test_a has no reason"),
        (ENTRY.format("a", "x", "2026-12-16"), "test_a ends on 2026-12-16: mend it within 14 days of 2026-12-01"),
        (ENTRY.format("a", "x", "2026-11-30"), "test_a ends on 2026-11-30"),
        (2 * ENTRY.format("a", "x", "2026-12-02"), "names a test twice"),
        ("".join(ENTRY.format(number, "x", "2026-12-02") for number in range(11)), "11 tests are flaky, and 10 may be"),
    ],
)
def test_a_list_of_flaky_tests_is_short_and_each_has_an_end(tmp_path: Path, text: str, sentence: str) -> None:
    """Otherwise it would only grow."""
    (tmp_path / "flaky.toml").write_text(text)
    with pytest.raises(flaky.FlakyError, match=sentence):
        flaky.read(tmp_path / "flaky.toml")


def test_only_a_long_test_is_tried_again_and_not_after_its_end(tmp_path: Path) -> None:
    """The list names tests that are there."""
    (tmp_path / "flaky.toml").write_text(ENTRY.format("a", "x", "2026-12-15"))
    entry = flaky.read(tmp_path / "flaky.toml")["tests/x.py::test_a"]
    last, later = date(2026, 12, 15), date(2026, 12, 16)
    asked = [("stories", last), ("stories", later), ("fast", last), ("pages", last)]
    assert [flaky.tries(entry, lane=name, today=day) for name, day in asked] == [2, 0, 0, 0]
    assert flaky.tries(None, lane="stories", today=last) == 0
    assert [node for node in flaky.read() if not (ROOT / node.partition("::")[0]).exists()] == []


def test_a_fast_test_that_asks_for_what_is_fetched_fails_also_where_it_is_in_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a new machine it would not pass, or take minutes."""
    monkeypatch.setenv("ODOOOPS_TEST_OFFLINE", "1")
    with pytest.raises(pytest.fail.Exception, match=r"fetches nothing, and this needs cosign: name it in lane network"):
        debian_programs.debian13("cosign")
    monkeypatch.delenv("ODOOOPS_TEST_OFFLINE")
    cache.fetch("cosign")
