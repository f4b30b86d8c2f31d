"""The S3 store, over HTTP against a server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from odooops_dagster.errors import Unavailable
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.ports import free_port
from odooops_dagster.tools.store import ObjectStore, S3Options, S3Store, open_store
from odooops_dagster.tools.store.configured import store_of
from tests.suites.store_suite import StoreSuite
from tests.suites.stumbling import Stumbling

_numbers = count()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server for the tests of this file."""
    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What boto3 reads from its environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def url(endpoint: str) -> str:
    """A new bucket with a prefix."""
    bucket = f"bucket-{next(_numbers)}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return f"s3://{bucket}/some/prefix"


class TestS3Store(StoreSuite):
    """Objects in a bucket."""

    @pytest.fixture
    def store(self, url: str, endpoint: str, tmp_path: Path) -> ObjectStore:
        """A store in the new bucket."""
        return open_store(url, default=tmp_path, endpoint_url=endpoint)

    def test_objects_stand_below_the_prefix_with_their_type(self, store: ObjectStore, url: str, endpoint: str) -> None:
        """Others may keep their things in the same bucket."""
        stored = store.put("report.json", b"{}", content_type="application/json")
        assert stored.url == f"{url}/report.json"
        client = boto3.client("s3", endpoint_url=endpoint)
        head = client.head_object(Bucket=urlsplit(url).netloc, Key="some/prefix/report.json")
        assert head["ContentType"] == "application/json"

    def test_list_goes_over_all_pages(self, store: ObjectStore) -> None:
        """A page has a thousand keys."""
        for number in range(1010):
            store.put(f"many/{number:04}", b"")
        assert len(list(store.list("many/"))) == 1010


def test_a_missing_bucket_says_so(endpoint: str, tmp_path: Path) -> None:
    """It is not an absent object."""
    store = open_store("s3://no-such-bucket", default=tmp_path, endpoint_url=endpoint)
    with pytest.raises(Unavailable, match="there is no bucket no-such-bucket") as caught:
        store.put("a", b"x")
    assert caught.value.hint


def test_a_service_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    """The hint names the settings."""
    store = open_store("s3://bucket", default=tmp_path, endpoint_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match="bucket cannot be reached") as caught:
        store.put("a", b"x")
    assert "ODOOOPS_STORE_ENDPOINT_URL" in str(caught.value.hint)


def test_encryption_and_lock_are_asked_for_with_every_object(endpoint: str) -> None:
    """Small objects and streams in parts alike."""
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    options = S3Options(encryption="AES256", lock_mode="GOVERNANCE", lock_for=timedelta(days=2), part_bytes=5 * 2**20)
    store = S3Store("locked", endpoint_url=endpoint, options=options)
    store.put("small", b"x")
    assert store.put("large", BytesIO(bytes(11 * 2**20))).size_bytes == 11 * 2**20
    for key in ("small", "large"):
        head = client.head_object(Bucket="locked", Key=key)
        assert head["ServerSideEncryption"] == "AES256"
    locked = client.head_object(Bucket="locked", Key="small")  # moto forgets the lock of what came in parts
    assert locked["ObjectLockMode"] == "GOVERNANCE"
    assert locked["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(days=1)
    assert store.stat("large") == store.put("large", bytes(11 * 2**20))


def test_a_service_that_stumbles_is_asked_again(endpoint: str, url: str) -> None:
    """Two answers of 500 and a download that breaks off are nobody's business."""
    with Stumbling(endpoint) as service:
        store = open_store(url, default=Path("/nowhere"), endpoint_url=service.url)
        service.failures = 2
        store.put("a", b"x" * 3_000_000)
        service.breaks = 2
        assert store.get("a") == b"x" * 3_000_000
        assert (service.failures, service.breaks) == (0, 0)


def test_a_service_that_keeps_failing_is_named_with_its_answer(endpoint: str, url: str) -> None:
    """The answer of the service is in the message."""
    with Stumbling(endpoint) as service:
        store = open_store(url, default=Path("/nowhere"), endpoint_url=service.url)
        service.failures = 1000
        with pytest.raises(Unavailable, match=r"bucket bucket-\d+ answers (500|InternalError)"):
            store.put("a", b"x")


def test_the_settings_say_how_the_service_keeps_objects(endpoint: str) -> None:
    """Encrypted by the service, and locked for as long as they say."""
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    settings = Settings(
        store_url="s3://locked",
        store_endpoint_url=endpoint,
        store_encryption="AES256",
        store_lock_mode="GOVERNANCE",
        store_lock_days=3,
    )
    store_of(settings).put("a/b", b"c")
    head = client.head_object(Bucket="locked", Key="a/b")
    assert (head["ServerSideEncryption"], head["ObjectLockMode"]) == ("AES256", "GOVERNANCE")
    assert head["ObjectLockRetainUntilDate"] - datetime.now(UTC) > timedelta(days=2)
