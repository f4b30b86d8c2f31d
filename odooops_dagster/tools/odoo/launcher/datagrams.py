"""Send datagrams to a socket of the platform, and keep for a while those that it does not take now.

The kernel holds ten unread datagrams (net.unix.max_dgram_qlen), and none where nobody listens. Odoo's Python runs this
file, so that it imports the standard library alone.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections import deque

# Of more than these the oldest are forgotten: a flood costs its sender, and nobody else.
MOST_WAITING = 500
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
# Why one that could be taken later is not taken now; any other error is the datagram's own, such as its length.
_NOT_NOW = (errno.EAGAIN, errno.ENOBUFS, errno.ECONNREFUSED, errno.ENOENT)


class Datagrams:
    """Sends in the order of `send`, which never waits; a thread of its own sends what is left over, and then ends.

    Args:
        folder: the folder of the socket.
        name: the socket's name.
    """

    _is_retried: bool

    def __init__(self, folder: str, name: str) -> None:
        # By its descriptor: the path of a Unix socket may have no more than 107 bytes.
        self._place = f"/proc/self/fd/{os.open(folder, os.O_PATH | os.O_DIRECTORY)}/{name}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._forget()
        # The parent still has what waits, and its thread; the child would send it a second time.
        os.register_at_fork(after_in_child=self._forget)

    def send(self, datagram: bytes) -> None:
        """Send the datagram after those that wait."""
        self._waiting.append(datagram)
        if not self._deliver():
            self._try_again()

    def _forget(self) -> None:
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._delivering = threading.Lock()
        self._is_retried = False

    def _try_again(self) -> None:
        if not self._is_retried:
            threading.Thread(target=self._retry, name="datagrams", daemon=True).start()
            self._is_retried = True  # afterwards: a program that may start no more threads tries again at the next one

    def _deliver(self) -> bool:
        """Send what is taken, the oldest first; return whether nothing waits any more.

        Nobody waits for the lock: an object that dies while this thread has it may send too, and a thread that ends
        with the program may keep it.
        """
        if not self._delivering.acquire(blocking=False):
            return False
        try:
            while self._waiting:
                datagram = self._waiting.popleft()
                try:
                    self._socket.sendto(datagram, self._place)
                except OSError as exc:
                    if exc.errno in _NOT_NOW:
                        self._waiting.appendleft(datagram)
                        return False
            return True
        finally:
            self._delivering.release()

    def _retry(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while self._waiting:
            time.sleep(pause)
            before = len(self._waiting)
            self._deliver()
            is_moving = len(self._waiting) < before
            pause = _FIRST_PAUSE_SECONDS if is_moving else min(2 * pause, _LONGEST_PAUSE_SECONDS)
        self._is_retried = False
        if self._waiting:  # it came between the last two lines
            self._try_again()
