"""Reads the output of an attached container: frames of a header with their length, and what was written."""

from __future__ import annotations

import socket
import struct

# Stream (1 byte), three bytes of zero, length of what follows. Source: the API's reference, "ContainerAttach".
_HEADER = struct.Struct(">BxxxL")
_MOST = 65536


class Frames:
    """The output of a container, both of its streams in the order in which they were written."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left = 0  # of the frame that is being read, in bytes

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._connection.fileno()

    def read(self) -> bytes:
        """Return what was written; nothing at the end."""
        while self._left == 0:
            header = self._exactly(_HEADER.size)
            if not header:
                return b""
            _stream, self._left = _HEADER.unpack(header)
        chunk = self._received(min(self._left, _MOST))
        self._left -= len(chunk)
        return chunk

    def has_ended(self) -> bool:
        """Return whether nothing more is to be waited for: the engine closes the connection at the container's end."""
        return False

    def _exactly(self, size: int) -> bytes:
        """Return so many bytes, or none if the connection ends before."""
        found = b""
        while len(found) < size:
            chunk = self._received(size - len(found))
            if not chunk:
                return b""
            found += chunk
        return found

    def _received(self, most: int) -> bytes:
        try:
            return self._connection.recv(most)
        except ConnectionError:
            return b""  # the engine was ended
