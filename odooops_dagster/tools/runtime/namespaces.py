"""Refuses user namespaces to a program in a container, whatever filter of system calls its engine has.

Docker's filter refuses them, Podman's lets them through: in one a program is root for code of the kernel that is closed
to users. The launcher sets this filter besides, and the program inherits it and cannot take it off. Standard library
alone, as the launcher, which reads it in the container. Sources: seccomp(2); linux/seccomp.h, linux/filter.h and
linux/audit.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_CLONE_NEWUSER = 0x10000000
# Of each machine: its number for auditing, and those of clone and unshare. clone3 is 435 everywhere.
_MACHINES = {"x86_64": (0xC000003E, 56, 272), "aarch64": (0xC00000B7, 220, 97)}
_CLONE3 = 435
# x86_64 has a second set of numbers from here on (x32).
_X32 = 0x40000000
_LOAD, _EQUALS, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = 0, 4, 16  # in struct seccomp_data, whose arguments are little-endian here
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def forbid_user_namespaces() -> None:
    """Refuse them to this process and all that come of it, for good.

    Raises:
        OSError: the kernel has no filters of system calls.
    """
    code = _filter(os.uname().machine)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if code and (
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        or libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    ):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


def _filter(machine: str) -> bytes:
    """Return the filter's instructions; none for a machine whose numbers we do not know."""
    if machine not in _MACHINES:
        return b""
    architecture, clone, unshare = _MACHINES[machine]
    return b"".join(
        struct.pack("HBBI", code, if_so, if_not, value)
        for code, if_so, if_not, value in (
            (_LOAD, 0, 0, _ARCHITECTURE_AT),
            (_EQUALS, 0, 8, architecture),  # the numbers of another one, such as of 32 bits, mean something else
            (_LOAD, 0, 0, _NUMBER_AT),
            (_AT_LEAST, 6, 0, _X32),
            (_EQUALS, 4, 0, _CLONE3),  # its flags are in memory: who finds it missing calls clone
            (_EQUALS, 1, 0, clone),
            (_EQUALS, 0, 4, unshare),
            (_LOAD, 0, 0, _ARGUMENT_AT),
            (_HAS_BIT, 1, 2, _CLONE_NEWUSER),
            (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
            (_RETURN, 0, 0, _REFUSE | errno.EPERM),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
