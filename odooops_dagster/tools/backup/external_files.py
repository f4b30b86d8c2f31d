"""Attachments that Odoo keeps in an object store: their `store_fname` is an address, not a file in the filestore.

OCA's fs_attachment writes `<code of the storage>://<path>` (OCA/storage, fs_storage/readme/USAGE.md), attachment_s3 and
attachment_azure write `s3://<bucket>/<key>` and `azure://...` (camptocamp/odoo-cloud-platform).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

_ADDRESS = re.compile(r"(?P<store>[^/]+?)://")


def store_of(name: str) -> str | None:
    """Return the object store of the attachment; None if it is a file in the filestore."""
    found = _ADDRESS.match(name)
    return found["store"] if found else None


def split_by_store(names: Iterable[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the sorted names of files in the filestore, and the number of attachments per object store."""
    files: list[str] = []
    stores: Counter[str] = Counter()
    for name in names:
        if store := store_of(name):
            stores[store] += 1
        else:
            files.append(name)
    return tuple(sorted(files)), dict(sorted(stores.items()))


def summary_of(stores: Mapping[str, int]) -> str:
    """Return a readable summary of the attachments in object stores."""
    where = ", ".join(f"{store}: {count}" for store, count in stores.items())
    return f"{sum(stores.values())} attachment(s) are in an object store and no part of the backup ({where})"
