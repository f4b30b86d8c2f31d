"""Objects in a bucket of Amazon S3 or of a service that speaks its protocol."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Literal
from urllib.parse import quote

from odooops_dagster.errors import Forbidden, NotFound, OdooOpsError, Unavailable, Unreadable
from odooops_dagster.tools.store.objects import (
    BLOCK_BYTES,
    Source,
    StoredObject,
    WholeObjects,
    absent,
    checked_key,
    opened,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from types_boto3_s3.client import S3Client

# Timeouts of a request in seconds, and the number of tries. All tries together take less time than the lifetime of a
# backup's mark (backup/repository_lock.py).
_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 60.0
_TRIES = 5
# Number of tries for an interrupted download, and the first pause, which doubles each time.
_READ_TRIES = 5
_READ_PAUSE_SECONDS = 0.2
# Error codes for an existing object that S3 cannot return: missing rights on the object, a missing KMS key, an archived
# object. Source: "Error responses" of the S3 API and the error codes of KMS.
_OF_THE_OBJECT = frozenset(
    {
        "403",
        "AccessDenied",
        "InvalidObjectState",
        "KMS.DisabledException",
        "KMS.NotFoundException",
        "KMS.KMSInvalidStateException",
    }
)


@dataclass(frozen=True, kw_only=True)
class S3Options:
    """Server-side encryption and object lock of the bucket."""

    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = ""
    kms_key_id: str = ""
    lock_mode: Literal["", "GOVERNANCE", "COMPLIANCE"] = ""
    lock_for: timedelta = timedelta()
    # Files and streams larger than this are uploaded in parts of this size; S3 allows 10,000 parts.
    part_bytes: int = 16 * 1024 * 1024

    def arguments(self, *, content_type: str, now: datetime) -> dict[str, Any]:
        """Return the arguments of an upload."""
        arguments: dict[str, Any] = {"ContentType": content_type}
        if self.encryption:
            arguments["ServerSideEncryption"] = self.encryption
        if self.kms_key_id:
            arguments["SSEKMSKeyId"] = self.kms_key_id
        if self.lock_mode:
            # An upload with object lock requires a checksum.
            arguments["ChecksumAlgorithm"] = "SHA256"
            arguments["ObjectLockMode"] = self.lock_mode
            arguments["ObjectLockRetainUntilDate"] = now + self.lock_for
        return arguments


_PLAIN = S3Options()


class S3Store(WholeObjects):
    """Objects in a bucket of Amazon S3 or of a service that speaks its protocol."""

    def __init__(self, bucket: str, *, prefix: str = "", endpoint_url: str = "", options: S3Options = _PLAIN) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = _s3_client(endpoint_url)
        self._options = options

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Upload the content; large files and streams are uploaded in parts, each with retries."""
        name = self._name(key)
        arguments = self._options.arguments(content_type=content_type, now=datetime.now(UTC))
        with self._translated(key):
            if isinstance(source, bytes):
                self._client.put_object(Bucket=self._bucket, Key=name, Body=source, **arguments)
                return self._describe(name, len(source), datetime.now(UTC))
            with opened(source) as stream:
                counted: Any = _Counted(stream)
                parts = _transfer_config(self._options.part_bytes)
                self._client.upload_fileobj(counted, self._bucket, name, ExtraArgs=arguments, Config=parts)
        return self._describe(name, int(counted.size_bytes), datetime.now(UTC))

    def open(self, key: str) -> BinaryIO:
        """Start to download the object; an interrupted download is resumed."""
        return io.BufferedReader(_S3Reader(self, key), buffer_size=BLOCK_BYTES)

    def read_from(self, key: str, offset: int, etag: str) -> tuple[Any, int, str]:
        """Request the object's bytes from the offset on, if it still has this ETag; return body, length and ETag."""
        arguments: dict[str, Any] = {"Range": f"bytes={offset}-", "IfMatch": etag} if offset else {}
        with self._translated(key, reading=True):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key), **arguments)
        return answer["Body"], int(answer["ContentLength"]), str(answer["ETag"])

    def stat(self, key: str) -> StoredObject | None:
        """Return the object's metadata with a HEAD request, None if it is absent."""
        try:
            with self._translated(key):
                head = self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        except NotFound:
            return None
        return self._describe(self._name(key), int(head["ContentLength"]), head["LastModified"])

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return the objects below the prefix, page by page."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for entry in page.get("Contents", []):
                    yield self._describe(entry["Key"], int(entry["Size"]), entry["LastModified"])

    def delete(self, key: str) -> None:
        """Delete the object; S3 ignores an absent one."""
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def _name(self, key: str) -> str:
        return self._prefix + checked_key(key)

    def _describe(self, name: str, size: int, modified_at: datetime) -> StoredObject:
        url = f"s3://{self._bucket}/{quote(name)}"
        key = name.removeprefix(self._prefix)
        return StoredObject(key=key, url=url, size_bytes=size, modified_at=modified_at)

    @contextmanager
    def _translated(self, key: str, *, reading: bool = False) -> Iterator[None]:
        """Translate boto's errors; with `reading`, distinguish errors of one object from errors of the bucket."""
        from boto3.exceptions import Boto3Error  # noqa: PLC0415 - see _s3_client
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see _s3_client

        try:
            yield
        except ClientError as exc:
            error = exc.response.get("Error", {})
            if reading and str(error.get("Code", "")) in _OF_THE_OBJECT and self._answers():
                raise self._unreadable(key, error) from exc
            raise self._translate(error, key=key) from exc
        except (Boto3Error, BotoCoreError) as exc:
            hint = "check ODOOOPS_STORE_URL, ODOOOPS_STORE_ENDPOINT_URL and the AWS credentials"
            raise Unavailable(f"bucket {self._bucket} cannot be reached: {exc}", hint=hint) from exc

    def _answers(self) -> bool:
        """Return whether we can list the bucket, so that the error concerns only the object."""
        try:
            next(self.list(), None)
        except OdooOpsError:
            return False
        return True

    def _unreadable(self, key: str, error: Any) -> Unreadable:  # noqa: ANN401 - botocore's own mapping
        answer = f"{error.get('Code', '')} {error.get('Message', '')}".strip()
        hint = f"see to the rights, the key and the storage class of s3://{self._bucket}/{self._name(key)}"
        return Unreadable(f"{key} cannot be read: bucket {self._bucket} answers {answer}", hint=hint)

    def _translate(self, error: Any, *, key: str) -> Exception:  # noqa: ANN401 - botocore's own mapping
        code = str(error.get("Code", ""))
        if code in ("404", "NoSuchKey"):
            return absent(key)
        if code == "NoSuchBucket":
            return Unavailable(f"there is no bucket {self._bucket}", hint="create it, or change ODOOOPS_STORE_URL")
        if code in ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
            return Forbidden(f"bucket {self._bucket} refuses us: {code}", hint="check the AWS credentials")
        return Unavailable(f"bucket {self._bucket} answers {code}: {error.get('Message', '')}", hint="try again later")


class _S3Reader(io.RawIOBase):
    """Reads one version of an object, and resumes interrupted downloads."""

    def __init__(self, store: S3Store, key: str) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._position = 0
        self._body, self._size, self._etag = store.read_from(key, 0, "")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read the next bytes into the buffer and return their number, 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self._next(min(len(view), self._size - self._position))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """Close the download."""
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
    """Counts the bytes read from a stream; it offers no seek, so that boto reads it only once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size_bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        """Read the next bytes."""
        data = self._stream.read(size)
        self.size_bytes += len(data)
        return data


def _s3_client(endpoint_url: str) -> S3Client:
    # Import boto3 only here: it takes a quarter of a second, which a folder store does not need.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_SILENCE_SECONDS,
        retries={"max_attempts": _TRIES, "mode": "standard"},
    )
    if not endpoint_url:
        return boto3.client("s3", config=config)
    # Other services than Amazon's address buckets by path, and not all support the newer checksums.
    others = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", endpoint_url=endpoint_url, config=config.merge(others))


def _transfer_config(part_bytes: int) -> Any:  # noqa: ANN401 - boto3's own class, imported late
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - see _s3_client

    return TransferConfig(multipart_threshold=part_bytes, multipart_chunksize=part_bytes, max_concurrency=4)
