"""A forked process shows the command line and the variables that it would have after an exec."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from odooops_dagster.local.process_image import show_as

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")


def test_a_forked_process_shows_what_it_became() -> None:
    """Leftovers are found by a mark in their variables, whatever the parent had; a long text has room."""
    told, tell = os.pipe()
    wait, go = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            show_as(["other", "program", "x" * 5000], {"MARK": "here", "LONG": "y" * 5000})
            os.write(tell, b"done")
            os.close(go)
            os.read(wait, 1)
        finally:
            os._exit(0)
    try:
        os.close(tell)
        if not os.read(told, 4):
            pytest.skip("this kernel does not let a process change what it shows")
        assert psutil.Process(child).cmdline() == ["other", "program", "x" * 5000]
        assert psutil.Process(child).environ() == {"MARK": "here", "LONG": "y" * 5000}
        assert Path("/proc/self/cmdline").read_bytes().split(b"\0")[0] == os.fsencode(sys.orig_argv[0])
    finally:
        os.close(go)
        os.waitpid(child, 0)
        for descriptor in (told, wait):
            os.close(descriptor)
