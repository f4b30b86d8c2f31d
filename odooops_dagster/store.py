"""Where artifacts are kept: objects named by a key, in a folder, in memory, or in an S3 bucket."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from odooops_dagster.errors import BadInput, Forbidden, NotFound, Unavailable
from odooops_dagster.files import whole_file

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object that the store holds whole."""

    key: str
    url: str
    size_bytes: int


class ObjectStore(Protocol):
    """Keeps bytes under a key; a reader sees an object whole or not at all, and every method may be told twice."""

    def put(self, key: str, source: bytes | Path, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Keep the bytes, or the file's, under the key; another put of the key replaces them."""

    def get(self, key: str) -> bytes:
        """Return the object's bytes; NotFound where there is none."""

    def stat(self, key: str) -> StoredObject | None:
        """Return what the store knows of the object, or None where there is none."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return every object whose key starts with the prefix, in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""


def open_store(url: str, *, default: Path, endpoint_url: str = "") -> ObjectStore:
    """Return the store at file:///path, s3://bucket/prefix or memory:; the folder `default` where the URL is empty."""
    if not url:
        return FolderStore(default)
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return S3Store(parts.netloc, prefix=parts.path.strip("/"), endpoint_url=endpoint_url)
    if url == "memory:":
        return MemoryStore()
    raise BadInput(f"{url!r} names no store", hint="use file:///path or s3://bucket/prefix in ODOOOPS_STORE_URL")


class FolderStore:
    """Objects as files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, key: str, source: bytes | Path, *, content_type: str = "application/octet-stream") -> StoredObject:  # noqa: ARG002 - a file has no type
        """Write beside the object, flush to disk, and let the new one take its place."""
        path = self._path(key)
        with whole_file(path) as target:
            if isinstance(source, bytes):
                target.write(source)
            else:
                with source.open("rb") as stream:
                    shutil.copyfileobj(stream, target, length=1024 * 1024)
        return self._describe(path)

    def get(self, key: str) -> bytes:
        """Return the object's bytes."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
            raise _absent(key) from exc

    def stat(self, key: str) -> StoredObject | None:
        """Return what the folder says of the object."""
        path = self._path(key)
        return self._describe(path) if path.is_file() else None

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return the objects found below the folder; files that are being written have hidden names."""
        folder = self._root / prefix.rpartition("/")[0]
        found = {path.relative_to(self._root).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for key in sorted(found):
            if key.startswith(prefix) and not found[key].name.startswith("."):
                yield self._describe(found[key])

    def delete(self, key: str) -> None:
        """Remove the file."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _describe(self, path: Path) -> StoredObject:
        key = path.relative_to(self._root).as_posix()
        return StoredObject(key=key, url=path.as_uri(), size_bytes=path.stat().st_size)


class MemoryStore:
    """Objects of this process, gone with it."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, source: bytes | Path, *, content_type: str = "application/octet-stream") -> StoredObject:  # noqa: ARG002 - nobody asks for the type
        """Keep a copy."""
        data = source if isinstance(source, bytes) else source.read_bytes()
        with self._lock:
            self._objects[checked_key(key)] = data
        return self._describe(key, data)

    def get(self, key: str) -> bytes:
        """Return the object's bytes."""
        with self._lock:
            data = self._objects.get(checked_key(key))
        if data is None:
            raise _absent(key)
        return data

    def stat(self, key: str) -> StoredObject | None:
        """Return the object's size."""
        with self._lock:
            data = self._objects.get(checked_key(key))
        return None if data is None else self._describe(key, data)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return the objects as they are now."""
        with self._lock:
            found = sorted((key, data) for key, data in self._objects.items() if key.startswith(prefix))
        return (self._describe(key, data) for key, data in found)

    def delete(self, key: str) -> None:
        """Forget the object."""
        with self._lock:
            self._objects.pop(checked_key(key), None)

    def _describe(self, key: str, data: bytes) -> StoredObject:
        return StoredObject(key=key, url=f"memory:{quote(key)}", size_bytes=len(data))


class S3Store:
    """Objects in a bucket of Amazon S3 or of a service that speaks its protocol."""

    def __init__(self, bucket: str, *, prefix: str = "", endpoint_url: str = "") -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = _s3_client(endpoint_url)

    def put(self, key: str, source: bytes | Path, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Upload the bytes; large files go in parts."""
        name = self._name(key)
        with self._translated(key):
            if isinstance(source, bytes):
                self._client.put_object(Bucket=self._bucket, Key=name, Body=source, ContentType=content_type)
                size = len(source)
            else:
                self._client.upload_file(str(source), self._bucket, name, ExtraArgs={"ContentType": content_type})
                size = int(self._client.head_object(Bucket=self._bucket, Key=name)["ContentLength"])
        return self._describe(name, size)

    def get(self, key: str) -> bytes:
        """Download the object."""
        with self._translated(key):
            return self._client.get_object(Bucket=self._bucket, Key=self._name(key))["Body"].read()

    def stat(self, key: str) -> StoredObject | None:
        """Ask for the object's head."""
        try:
            with self._translated(key):
                head = self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        except NotFound:
            return None
        return self._describe(self._name(key), int(head["ContentLength"]))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Ask for page after page of keys."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for entry in page.get("Contents", []):
                    yield self._describe(entry["Key"], int(entry["Size"]))

    def delete(self, key: str) -> None:
        """Remove the object; S3 does not mind one that is not there."""
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def _name(self, key: str) -> str:
        return self._prefix + checked_key(key)

    def _describe(self, name: str, size: int) -> StoredObject:
        url = f"s3://{self._bucket}/{quote(name)}"
        return StoredObject(key=name.removeprefix(self._prefix), url=url, size_bytes=size)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Turn boto's errors into ours."""
        from boto3.exceptions import Boto3Error  # noqa: PLC0415 - see _s3_client
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see _s3_client

        try:
            yield
        except ClientError as exc:
            raise self._translate(exc.response.get("Error", {}), key=key) from exc
        except (Boto3Error, BotoCoreError) as exc:
            hint = "check ODOOOPS_STORE_URL, ODOOOPS_STORE_ENDPOINT_URL and the AWS credentials"
            raise Unavailable(f"bucket {self._bucket} cannot be reached: {exc}", hint=hint) from exc

    def _translate(self, error: Any, *, key: str) -> Exception:  # noqa: ANN401 - botocore's own mapping
        code = str(error.get("Code", ""))
        if code in ("404", "NoSuchKey"):
            return _absent(key)
        if code == "NoSuchBucket":
            return NotFound(f"there is no bucket {self._bucket}", hint="create it, or change ODOOOPS_STORE_URL")
        if code in ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
            return Forbidden(f"bucket {self._bucket} refuses us: {code}", hint="check the AWS credentials")
        return Unavailable(f"bucket {self._bucket} answers {code}: {error.get('Message', '')}", hint="try again later")


def checked_key(key: str) -> str:
    """Return the key if every store can hold it: words between slashes, none hidden, none leading upwards."""
    if not key.isprintable() or len(key.encode()) > 900 or not all(map(_is_word, key.split("/"))):
        raise BadInput(f"{key!r} cannot name an object", hint="use words between slashes that start with no dot")
    return key


def _is_word(word: str) -> bool:
    return 0 < len(word.encode()) <= 255 and not word.startswith(".")


def _absent(key: str) -> NotFound:
    return NotFound(f"the store has no object {key}")


def _s3_client(endpoint_url: str) -> S3Client:
    # Imported here because it takes a quarter of a second, which a folder store need not pay.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": 5, "mode": "standard"})
    if not endpoint_url:
        return boto3.client("s3", config=config)
    # Services other than Amazon's know buckets by path, and not all of them the newer checksums.
    others = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", endpoint_url=endpoint_url, config=config.merge(others))
