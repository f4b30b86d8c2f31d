"""Ends a test process that eats the machine's memory, and says what each of its threads was doing."""

from __future__ import annotations

import faulthandler
import os
import threading

import psutil

LOOK_EVERY_SECONDS = 2.0
# Several times what the largest test needs; at the end of the machine's memory the kernel would choose whom to kill.
MOST_BYTES = 4 * 2**30
EXIT_CODE = 70


def watch(*, most_bytes: int = MOST_BYTES, every_seconds: float = LOOK_EVERY_SECONDS) -> None:
    """Look at this process's memory from now on; what it says goes to where standard error leads now."""
    told = os.dup(2)  # a test's standard error is captured, and would end with the process
    threading.Thread(target=_look, args=(most_bytes, every_seconds, told), name="appetite", daemon=True).start()


def _look(most_bytes: int, every_seconds: float, told: int) -> None:
    me, rest = psutil.Process(), threading.Event()
    while not rest.wait(every_seconds):
        if (used := me.memory_info().rss) > most_bytes:
            os.write(told, f"\nthis test process uses {used} bytes of memory; what its threads do:\n".encode())
            faulthandler.dump_traceback(told)
            os._exit(EXIT_CODE)
