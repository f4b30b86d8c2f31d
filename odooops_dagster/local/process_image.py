"""Gives a forked process the command line and environment that /proc shows, as exec would.

What ends leftovers finds them by their marks there: launch.py, and the tools of whoever looks after the machine.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Source: prctl(2) and include/uapi/linux/prctl.h. The map may be set without privileges, its single values may not.
_PR_SET_MM = 35
_PR_SET_MM_MAP = 14
# `struct prctl_mm_map`: eleven addresses, the auxiliary vector with its size, and the descriptor of the program.
_MAP = "=11QQIi"
# Fields of /proc/self/stat, counted from 1: start_code, end_code, start_data, end_data, start_brk, start_stack.
_CODE, _DATA, _BRK, _STACK = (26, 27), (45, 46), 47, 28

# Must live as long as the process.
_shown: list[mmap.mmap] = []


def show_as(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Make /proc show this command line and environment for this process.

    Raises:
        OSError: the kernel has no such call, or refuses it.
    """
    if sys.platform != "linux":
        raise OSError(f"{sys.platform} cannot change the command line that it shows")
    words = b"".join(os.fsencode(word) + b"\0" for word in argv)
    variables = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
    # Private: the kernel reads no other kind of page for /proc.
    text = mmap.mmap(-1, len(words) + len(variables), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    text.write(words + variables)
    start = ctypes.addressof(ctypes.c_char.from_buffer(text))
    middle = start + len(words)
    _set_map(start, middle, middle, middle + len(variables))
    _shown.append(text)


def _set_map(*shown: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    # The process's name in parentheses may contain any character; the third field comes after it.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    places = [int(fields[number - 3]) for number in (*_CODE, *_DATA, _BRK)]
    addresses = [*places, libc.sbrk(0), int(fields[_STACK - 3]), *shown]
    described = struct.pack(_MAP, *addresses, 0, 0, -1)
    size = ctypes.c_ulong(len(described))
    if libc.prctl(_PR_SET_MM, _PR_SET_MM_MAP, described, size, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
