"""The file of a bundle: an uncompressed tar whose bytes follow from its parts alone.

A tar, because every system opens it; uncompressed, so that a reader meets no bomb and no version of a library changes
the bytes. The reader refuses whatever the writer would not have written: each byte of the file belongs to a part, or
follows from its name and size.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Mapping

from odooops_dagster.errors import BadInput

# The bounds of what is written and read: they bound a reader's memory.
LARGEST_PART = 32 * 1024 * 1024
LARGEST_BUNDLE = 256 * 1024 * 1024
MOST_PARTS = 4096

_NAME = re.compile(r"[a-z0-9][A-Za-z0-9_.-]*(?:/[a-z0-9A-Z][A-Za-z0-9_.-]*)*", re.ASCII)
# The longest name in a ustar header without a prefix.
_LONGEST_NAME = 100
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_HINT = "get the file again from the one who made it: ops release bundle"


def pack(parts: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the bytes of the file with these parts.

    Raises:
        BadInput: the parts exceed the bounds.
    """
    if len(parts) > MOST_PARTS or size_of(parts) > LARGEST_BUNDLE:
        raise BadInput(f"a bundle has at most {MOST_PARTS} parts and {LARGEST_BUNDLE} bytes")
    for name in sorted(parts):
        if not _is_name(name) or len(parts[name]) > LARGEST_PART:
            raise BadInput(f"{name!r} is no part of a bundle: at most {LARGEST_PART} bytes below a plain name")
        yield _header(name, len(parts[name]))
        yield parts[name]
        yield bytes(-len(parts[name]) % _BLOCK)
    yield _END


def size_of(parts: Mapping[str, bytes]) -> int:
    """Return the size of the file with these parts."""
    return sum(size_of_part(len(data)) for data in parts.values()) + len(_END)


def size_of_part(size_bytes: int) -> int:
    """Return the bytes that a part of this size takes in the file."""
    return _BLOCK + size_bytes + -size_bytes % _BLOCK


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the parts of the file.

    Raises:
        BadInput: it is no bundle, or not all of one; the message names the entry at which that shows.
    """
    if len(data) > LARGEST_BUNDLE:
        raise BadInput(f"the file is larger than {LARGEST_BUNDLE} bytes, as no bundle is", hint=_HINT)
    parts: dict[str, bytes] = {}
    place = 0
    while (block := data[place : place + _BLOCK]) != _END[:_BLOCK]:
        name, size = _entry(block, place)
        end = place + size_of_part(size)
        _refuse_misplaced(name, parts)
        if end > len(data):
            raise BadInput(f"the bundle ends within {name}: the file is cut off", hint=_HINT)
        if any(data[place + _BLOCK + size : end]):
            raise BadInput(f"bytes were added behind {name}", hint=_HINT)
        parts[name] = data[place + _BLOCK : place + _BLOCK + size]
        place = end
    if data[place:] != _END:
        raise BadInput("the end of the bundle is cut off, or something was added behind it", hint=_HINT)
    return parts


def _entry(block: bytes, place: int) -> tuple[str, int]:
    """Return the name and the size in the header, if the writer could have written it."""
    if len(block) < _BLOCK:
        what = "the file is no bundle" if not place else "the bundle is cut off: it lacks its end"
        raise BadInput(f"{what}: {place + len(block)} bytes" if not place else what, hint=_HINT)
    try:
        entry = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as exc:
        what = (
            "the file is no bundle: it does not begin as a tar"
            if not place
            else f"the header at byte {place} is damaged"
        )
        raise BadInput(what, hint=_HINT) from exc
    if entry.type != tarfile.REGTYPE:
        raise BadInput(f"the entry {entry.name!r} is a link, a folder or a device, and no part of a bundle", hint=_HINT)
    if not _is_name(entry.name):
        raise BadInput(f"the entry {entry.name!r} has a name that no part of a bundle has", hint=_HINT)
    if not 0 <= entry.size <= LARGEST_PART:
        raise BadInput(f"the entry {entry.name} has {entry.size} bytes, more than a part may have", hint=_HINT)
    if block != _header(entry.name, entry.size):
        raise BadInput(f"the header of {entry.name} is not as a bundle has it", hint=_HINT)
    return entry.name, entry.size


def _refuse_misplaced(name: str, parts: dict[str, bytes]) -> None:
    if name in parts:
        raise BadInput(f"the bundle has two entries {name}", hint=_HINT)
    if len(parts) >= MOST_PARTS:
        raise BadInput(f"the bundle has more than {MOST_PARTS} entries", hint=_HINT)
    if parts and name < next(reversed(parts)):
        raise BadInput(f"the entry {name} is not in its place: a bundle is sorted by name", hint=_HINT)


def _is_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
