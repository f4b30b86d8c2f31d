"""The stores that the settings name: of artifacts and backups, and of the backups' mirrors."""

from __future__ import annotations

from datetime import timedelta

from odooops_dagster.home import store_folder
from odooops_dagster.settings import Settings
from odooops_dagster.tools.store import ObjectStore, S3Options, open_store


def store_of(settings: Settings) -> ObjectStore:
    """Return the store of artifacts and backups."""
    return _opened(settings, settings.store_url, settings.store_endpoint_url)


def mirror_store_of(settings: Settings) -> ObjectStore | None:
    """Return the store of the backups' mirrors, None without one."""
    if not settings.mirror_url:
        return None
    return _opened(settings, settings.mirror_url, settings.mirror_endpoint_url)


def _opened(settings: Settings, url: str, endpoint_url: str) -> ObjectStore:
    options = S3Options(
        encryption=settings.store_encryption,
        kms_key_id=settings.store_kms_key_id,
        lock_mode=settings.store_lock_mode,
        lock_for=timedelta(days=settings.store_lock_days),
    )
    return open_store(url, default=store_folder(settings.home), endpoint_url=endpoint_url, options=options)
