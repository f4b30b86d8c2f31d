"""The S3 store, over HTTP against a server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from odooops_dagster.errors import NotFound, Unavailable
from odooops_dagster.runtime.ports import free_port
from odooops_dagster.store import ObjectStore, open_store
from tests.suites.store_suite import StoreSuite

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
    with pytest.raises(NotFound, match="there is no bucket no-such-bucket") as caught:
        store.put("a", b"x")
    assert caught.value.hint


def test_a_service_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    """The hint names the settings."""
    store = open_store("s3://bucket", default=tmp_path, endpoint_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match="bucket cannot be reached") as caught:
        store.put("a", b"x")
    assert "ODOOOPS_STORE_ENDPOINT_URL" in str(caught.value.hint)
