"""The list of attacks is whole: each is carried out by tests that pytest finds, or says that it is open."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.attacks import ROOT, Attack, attacks, boundaries

# What pytest ends with when a name that it is given names no test.
NOT_FOUND = 4


def collected(names: list[str]) -> subprocess.CompletedProcess[str]:
    """Return what pytest says of the tests that the names name, without running them."""
    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *names]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)


def faults(attack: Attack) -> list[str]:
    """Return what the attack's entry lacks."""
    if attack.open:
        parts = (attack.stopped, attack.mended, attack.tests)
        return ["is open, and says what stops it"] if any(parts) else []
    lacks = [f"has no {name}" for name in ("stopped", "mended", "tests") if not getattr(attack, name)]
    gone = [f"names {path}, which is not there" for path in attack.mended if not (ROOT / path).is_file()]
    return lacks + gone + [f"names {name} twice" for name in set(attack.tests) if attack.tests.count(name) > 1]


def test_every_attack_says_what_stops_it_where_and_by_which_test_that_is_known() -> None:
    """Or that it is open; the numbers have no gap, so that no row was lost."""
    assert {attack.number: faults(attack) for attack in attacks() if faults(attack)} == {}
    assert [attack.number for attack in attacks()] == list(range(1, len(attacks()) + 1))


def test_an_entry_that_lacks_something_is_found() -> None:
    """The check above bites."""
    bare = Attack(number=1, who="a", gains="b", kind="c")
    assert faults(bare) == ["has no stopped", "has no mended", "has no tests"]
    told = Attack(number=1, who="a", gains="b", kind="c", stopped="d", mended=("no.py",), tests=("t", "t"))
    assert faults(told) == ["names no.py, which is not there", "names t twice"]
    assert faults(Attack(number=1, who="a", gains="b", kind="c", open="d", tests=("t",))) != []


def test_every_attack_tries_to_cross_a_boundary_unless_it_is_open() -> None:
    """A boundary names attacks that are in the list, and promises nothing against one that is open."""
    tried = {number for boundary in boundaries() for number in boundary.attacks}
    assert tried == {attack.number for attack in attacks() if not attack.open}


@pytest.mark.timeout(360)
def test_pytest_finds_every_test_that_the_list_names() -> None:
    """A test that was renamed or removed would leave a promise without a proof."""
    names = [name for attack in attacks() for name in attack.tests]
    done = collected(sorted(set(names)))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    found = re.findall(r"^\S+\.py(?:::\S+)+", done.stdout, re.MULTILINE)
    # A class or a file stands for its tests, a test for its parameters.
    assert {
        name for name in names if not any(re.match(rf"{re.escape(name)}(?=::|\[|$)", each) for each in found)
    } == set()


def test_a_test_that_is_not_there_is_missed(tmp_path: Path) -> None:
    """So pytest itself is what tells."""
    (tmp_path / "test_one.py").write_text("def test_it() -> None:\n    pass\n")
    assert collected([f"{tmp_path}/test_one.py::test_it"]).returncode == 0
    assert collected([f"{tmp_path}/test_one.py::test_other"]).returncode == NOT_FOUND
