"""The lock files: each resolves for the lowest patch of every supported Python on both processors, and is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from odooops_dagster.tools.odoo import series as odoo_series

ROOT = Path(__file__).parents[2]
PLATFORM = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13")
PROCESSORS = ["x86_64", "aarch64"]
# Their authors publish no wheel: two of pure Python, and one that a compiler makes (README, "Needed").
WITHOUT_WHEEL = {"docopt", "ofxparse"}
COMPILED = {"x86_64": set[str](), "aarch64": {"libsass"}}


def test_the_lock_resolves_everywhere_and_names_all_that_its_packages_need() -> None:
    """An index has a wheel of each pin for each machine; what the pins depend on is pinned too."""
    assert_whole(PLATFORM, pythons=PYTHONS)


@pytest.mark.parametrize("name", odoo_series.known())
def test_the_lock_of_a_series_resolves_on_each_of_its_pythons_and_is_whole(name: str) -> None:
    """An older Odoo runs on fewer of them; nothing of it is compiled either."""
    series = odoo_series.series(name)
    assert set(series.pythons) <= set(PYTHONS)
    assert_whole(Path(str(series.file("requirements.txt"))), pythons=series.pythons)


def assert_whole(lock: Path, *, pythons: tuple[str, ...]) -> None:
    """Assert that the lock's pins, and no others, are what an installation takes on the first patch of each Python."""
    machines = list(product([f"{python}.0" for python in pythons], PROCESSORS))
    # An index answers slowly and each resolution asks it again, so they wait together.
    with ThreadPoolExecutor(len(machines)) as pool:
        resolutions = pool.map(lambda machine: resolved(lock, python=machine[0], processor=machine[1]), machines)
        found = dict(zip(machines, resolutions, strict=True))
    assert found == {
        (python, processor): locked(lock, python=python, processor=processor) for python, processor in machines
    }


def test_a_pin_that_asks_for_a_later_patch_does_not_resolve(tmp_path: Path) -> None:
    """The machine that resolves may be newer than the one that installs: Debian 12 has Python 3.11.2."""
    lock = tmp_path / "requirements.txt"
    lock.write_text("soupsieve==4.1.1\n")
    assert "soupsieve==4.1.1 depends on Python>=3.11.5" in refusal(lock, python="3.11.0", processor="x86_64")
    assert resolved(lock, python="3.12.0", processor="x86_64") == {"soupsieve==4.1.1"}


def test_a_pin_without_a_wheel_for_the_processor_does_not_resolve(tmp_path: Path) -> None:
    """Nobody learns only at the installation that a compiler is needed."""
    lock = tmp_path / "requirements.txt"
    lock.write_text("python-ldap==3.4.4\n")
    assert "python-ldap==3.4.4 has no usable wheels" in refusal(lock, python="3.11.0", processor="aarch64")


def resolved(lock: Path, *, python: str, processor: str) -> set[str]:
    """Return the pins that an installation of the lock takes, with all that they depend on; nothing is installed."""
    done = _resolve(lock, python=python, processor=processor)
    assert done.returncode == 0, done.stderr
    return {line for line in done.stdout.splitlines() if line}


def refusal(lock: Path, *, python: str, processor: str) -> str:
    """Return why the lock cannot be installed on that machine, in one line."""
    done = _resolve(lock, python=python, processor=processor)
    assert done.returncode != 0, done.stdout
    return " ".join(done.stderr.split())


def locked(lock: Path, *, python: str, processor: str) -> set[str]:
    """Return the lock's own pins for that machine."""
    machine = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "platform_machine": processor,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    lines = [line for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    pins = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate(machine)]
    return {f"{canonicalize_name(pin.name)}{pin.specifier}" for pin in pins}


def _resolve(lock: Path, *, python: str, processor: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--system-certs"]
    argv += ["--no-header", "--no-annotate"]
    argv += ["--python-version", python, "--python-platform", f"{processor}-manylinux_2_28", "--only-binary", ":all:"]
    argv += [f"--no-binary={name}" for name in sorted(WITHOUT_WHEEL | COMPILED[processor])]
    index = {"UV_DEFAULT_INDEX": os.environ["PIP_INDEX_URL"]} if "PIP_INDEX_URL" in os.environ else {}
    return subprocess.run([*argv, str(lock)], env=os.environ | index, capture_output=True, text=True, check=False)
