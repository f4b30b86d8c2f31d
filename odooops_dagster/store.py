"""Where artifacts are kept: objects named by a key, in a folder, in memory, or in an S3 bucket."""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol
from urllib.parse import quote, unquote, urlsplit

from odooops_dagster.errors import BadInput, Forbidden, NotFound, Unavailable
from odooops_dagster.files import whole_file

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from types_boto3_s3.client import S3Client

# What an object may come from: bytes, a file, or a stream that is read once, block by block.
Source = bytes | Path | BinaryIO

_BLOCK = 1024 * 1024
# A service that does not take our call, or says nothing, for so long is asked again, so often altogether. The life of
# a backup's mark (backup/marks.py) is longer than all of it.
_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 60.0
_TRIES = 5
# How often a download that broke off is taken up again, and after what pause, doubled each time.
_READ_TRIES = 5
_READ_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object that the store holds whole."""

    key: str
    url: str
    size_bytes: int


class ObjectStore(Protocol):
    """Keeps bytes under a key; a reader sees an object whole or not at all, and every method may be told twice."""

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Keep the bytes, the file's or the stream's, under the key; another put of the key replaces them."""

    def open(self, key: str) -> BinaryIO:
        """Open the object for reading from its start to its end, block by block; NotFound where there is none."""

    def get(self, key: str) -> bytes:
        """Return all of the object's bytes at once; NotFound where there is none."""

    def stat(self, key: str) -> StoredObject | None:
        """Return what the store knows of the object, or None where there is none."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return every object whose key starts with the prefix, in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Remove what puts that were killed before then left below the prefix, where a store knows of such."""


def open_store(url: str, *, default: Path, endpoint_url: str = "", options: S3Options | None = None) -> ObjectStore:
    """Return the store at file:///path, s3://bucket/prefix or memory:; the folder `default` where the URL is empty."""
    if not url:
        return FolderStore(default)
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return S3Store(parts.netloc, prefix=parts.path.strip("/"), endpoint_url=endpoint_url, options=options or _PLAIN)
    if url == "memory:":
        return MemoryStore()
    raise BadInput(f"{url!r} names no store", hint="use file:///path or s3://bucket/prefix in ODOOOPS_STORE_URL")


class _Whole:
    """Keeps an object whole or not at all, and reads it at once for who knows that it is small."""

    def open(self, key: str) -> BinaryIO:
        """Open the object for reading."""
        raise NotImplementedError

    def get(self, key: str) -> bytes:
        """Return the object's bytes."""
        with self.open(key) as stream:
            return stream.read()

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Do nothing: a put that was killed left nothing."""


class FolderStore(_Whole):
    """Objects as files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:  # noqa: ARG002 - a file has no type
        """Write beside the object, flush to disk, and let the new one take its place."""
        path = self._path(key)
        with _opened(source) as stream, self._translated(key), whole_file(path) as target:
            shutil.copyfileobj(stream, target, length=_BLOCK)
        return self._describe(path)

    def open(self, key: str) -> BinaryIO:
        """Open the object's file."""
        try:
            with self._translated(key):
                return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
            raise _absent(key) from exc

    def stat(self, key: str) -> StoredObject | None:
        """Return what the folder says of the object."""
        try:
            return self._describe(path) if (path := self._path(key)).is_file() else None
        except FileNotFoundError:
            return None

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return the objects found below the folder; files that are being written have hidden names."""
        folder = self._root / prefix.rpartition("/")[0]
        found = {path.relative_to(self._root).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for key in sorted(found):
            if key.startswith(prefix) and not found[key].name.startswith(".") and (stored := self.stat(key)):
                yield stored  # what was deleted meanwhile is left out

    def delete(self, key: str) -> None:
        """Remove the file."""
        with self._translated(key):
            self._path(key).unlink(missing_ok=True)

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Remove the hidden files in which nobody has written since then."""
        for path in (self._root / prefix).rglob(".*"):
            with self._translated(prefix), suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    path.unlink()

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Turn what the disk says into our errors; that a file is not there is said by its own."""
        try:
            yield
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise
        except OSError as exc:
            hint = f"see to the disk and the rights of {self._root}"
            raise Unavailable(f"{key}: the folder store answers: {exc.strerror or exc}", hint=hint) from exc

    def _describe(self, path: Path) -> StoredObject:
        key = path.relative_to(self._root).as_posix()
        return StoredObject(key=key, url=path.as_uri(), size_bytes=path.stat().st_size)


class MemoryStore(_Whole):
    """Objects of this process, gone with it."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:  # noqa: ARG002 - nobody asks for the type
        """Keep a copy."""
        copy = io.BytesIO()
        with _opened(source) as stream:
            shutil.copyfileobj(stream, copy, length=_BLOCK)
        data = copy.getvalue()
        with self._lock:
            self._objects[checked_key(key)] = data
        return self._describe(key, data)

    def open(self, key: str) -> BinaryIO:
        """Read the object as it is now."""
        with self._lock:
            data = self._objects.get(checked_key(key))
        if data is None:
            raise _absent(key)
        return io.BytesIO(data)

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


@dataclass(frozen=True, kw_only=True)
class S3Options:
    """How the bucket's service encrypts what it keeps, and for how long it refuses to give an object up."""

    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = ""
    kms_key_id: str = ""
    lock_mode: Literal["", "GOVERNANCE", "COMPLIANCE"] = ""
    lock_for: timedelta = timedelta()
    # Files and streams larger than this go in parts of this size; S3 takes 10,000 parts.
    part_bytes: int = 16 * 1024 * 1024

    def arguments(self, *, content_type: str, now: datetime) -> dict[str, Any]:
        """Return what is sent along with an object's bytes."""
        arguments: dict[str, Any] = {"ContentType": content_type}
        if self.encryption:
            arguments["ServerSideEncryption"] = self.encryption
        if self.kms_key_id:
            arguments["SSEKMSKeyId"] = self.kms_key_id
        if self.lock_mode:
            # A service takes no locked object without a checksum of its own.
            arguments["ChecksumAlgorithm"] = "SHA256"
            arguments["ObjectLockMode"] = self.lock_mode
            arguments["ObjectLockRetainUntilDate"] = now + self.lock_for
        return arguments


_PLAIN = S3Options()


class S3Store(_Whole):
    """Objects in a bucket of Amazon S3 or of a service that speaks its protocol."""

    def __init__(self, bucket: str, *, prefix: str = "", endpoint_url: str = "", options: S3Options = _PLAIN) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = _s3_client(endpoint_url)
        self._options = options

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Upload the bytes; large files and streams go in parts, each tried again where the service stumbles."""
        name = self._name(key)
        arguments = self._options.arguments(content_type=content_type, now=datetime.now(UTC))
        with self._translated(key):
            if isinstance(source, bytes):
                self._client.put_object(Bucket=self._bucket, Key=name, Body=source, **arguments)
                return self._describe(name, len(source))
            with _opened(source) as stream:
                counted: Any = _Counted(stream)
                parts = _transfer_config(self._options.part_bytes)
                self._client.upload_fileobj(counted, self._bucket, name, ExtraArgs=arguments, Config=parts)
        return self._describe(name, int(counted.size_bytes))

    def open(self, key: str) -> BinaryIO:
        """Begin to download the object; where the line breaks, the rest is asked for."""
        return io.BufferedReader(_S3Reader(self, key), buffer_size=_BLOCK)

    def read_from(self, key: str, offset: int, etag: str) -> tuple[Any, int, str]:
        """Ask for the object's bytes from the offset on, of this version only; return body, length and version."""
        arguments: dict[str, Any] = {"Range": f"bytes={offset}-", "IfMatch": etag} if offset else {}
        with self._translated(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key), **arguments)
        return answer["Body"], int(answer["ContentLength"]), str(answer["ETag"])

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


class _S3Reader(io.RawIOBase):
    """The bytes of one version of an object, over as many downloads as it takes."""

    def __init__(self, store: S3Store, key: str) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._position = 0
        self._body, self._size, self._etag = store.read_from(key, 0, "")

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer with what comes next."""
        view = memoryview(buffer).cast("B")
        data = self._next(min(len(view), self._size - self._position))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """Hang up."""
        if not self.closed:
            self._body.close()
        super().close()

    def _next(self, size: int) -> bytes:
        if not size:
            return b""
        for attempt in range(_READ_TRIES):
            data = self._try(size, is_last=attempt == _READ_TRIES - 1)
            if data:
                return data
            time.sleep(_READ_PAUSE_SECONDS * 2**attempt)
            self._body, _, _ = self._store.read_from(self._key, self._position, self._etag)
        raise Unavailable(f"{self._key}: the download ends at byte {self._position} of {self._size}")

    def _try(self, size: int, *, is_last: bool) -> bytes:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see _s3_client

        try:
            return bytes(self._body.read(size))
        except (BotoCoreError, OSError) as exc:
            if is_last:
                message = f"{self._key}: the download broke off at byte {self._position} of {self._size}: {exc}"
                raise Unavailable(message, hint="see whether the store is up, and try again") from exc
            return b""


class _Counted:
    """A stream that counts what was read of it; it hides that it may be sought in, so that it is read once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size_bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        """Read on."""
        data = self._stream.read(size)
        self.size_bytes += len(data)
        return data


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """Yield a stream of the source's bytes; a stream that was given stays open."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


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

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_SILENCE_SECONDS,
        retries={"max_attempts": _TRIES, "mode": "standard"},
    )
    if not endpoint_url:
        return boto3.client("s3", config=config)
    # Services other than Amazon's know buckets by path, and not all of them the newer checksums.
    others = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", endpoint_url=endpoint_url, config=config.merge(others))


def _transfer_config(part_bytes: int) -> Any:  # noqa: ANN401 - boto3's own class, imported late
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - see _s3_client

    return TransferConfig(multipart_threshold=part_bytes, multipart_chunksize=part_bytes, max_concurrency=4)
