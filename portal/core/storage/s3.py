"""Files in a bucket of an object store that speaks S3: `s3://bucket/beginning?endpoint=…&region=…`.

The key and the secret come from where every program that speaks S3 finds them (AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY, or the files of ~/.aws).
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, Any, cast
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from portal.core.storage.base import Away, Entry, Missing

log = logging.getLogger(__name__)
CONNECT, READ, PROBE = 3, 10, 3  # seconds
CONNECTIONS = 16  # as many as threads that serve
FULL = frozenset({"InsufficientStorage", "InsufficientCapacity", "QuotaExceeded", "XMinioStorageFull"})
NO_ROOM = 507
NONE = "NoSuchKey"


@cache
def client(place: str, *, quick: bool = False, anonymous: bool = False) -> Any:
    """One client per process, shared by its threads. `quick`: short timeout, to check whether the store responds."""
    asked = dict(parse_qsl(urlsplit(place).query))
    settings = Config(
        connect_timeout=CONNECT,
        read_timeout=PROBE if quick else READ,
        retries={"mode": "standard", "total_max_attempts": 1},  # each more would hold a thread as long again
        max_pool_connections=CONNECTIONS,
        signature_version=UNSIGNED if anonymous else "s3v4",
        s3={"addressing_style": "path" if "endpoint" in asked else "auto"},
        # Others than Amazon's know no checksums beside Content-MD5.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session(region_name=asked.get("region") or os.environ.get("AWS_REGION") or "us-east-1")
    return session.client("s3", endpoint_url=asked.get("endpoint"), config=settings)


class Content:
    """A file that is read in pieces."""

    def __init__(self, bucket: Bucket, body: Any) -> None:
        self._bucket, self._body = bucket, body

    def read(self, size: int = -1) -> bytes:
        with telling(self._bucket):
            found: bytes = self._body.read(None if size < 0 else size)
        return found

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> Content:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Bucket:
    """The objects of one area."""

    def __init__(self, place: str, area: str) -> None:
        parts = urlsplit(place)
        self.place, self.name = place, parts.netloc
        beginning = parts.path.strip("/")
        self.beginning = "".join(f"{part}/" for part in (beginning, area) if part)

    def key(self, name: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": f"{self.beginning}{name}"}

    def put(self, name: str, content: IO[bytes]) -> None:
        begun, digest = content.tell(), hashlib.md5(usedforsecurity=False)  # which the store compares
        while piece := content.read(2**20):
            digest.update(piece)
        content.seek(begun)
        with telling(self):
            checked = b64encode(digest.digest()).decode()
            client(self.place).put_object(**self.key(name), Body=content, ContentMD5=checked)

    def open(self, name: str) -> IO[bytes]:
        with telling(self):
            return cast(IO[bytes], Content(self, client(self.place).get_object(**self.key(name))["Body"]))

    def entries(self) -> Iterator[Entry]:
        with telling(self):
            pages = client(self.place).get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.name, Prefix=self.beginning):
                for each in page.get("Contents", ()):
                    yield Entry(each["Key"].removeprefix(self.beginning), each["Size"])

    def discard(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                with telling(self):
                    client(self.place).delete_object(**self.key(name))
            except (Away, OSError):
                return  # it is away for the others, too

    def where(self, name: str) -> str:
        return f"s3://{self.name}/{self.beginning}{name}"

    def ask(self) -> None:
        with telling(self):
            client(self.place, quick=True).head_bucket(Bucket=self.name)

    def open_to_everybody(self, name: str) -> bool:
        asked = client(self.place, quick=True, anonymous=True)
        ways = (
            lambda: asked.list_objects_v2(Bucket=self.name, MaxKeys=1),
            lambda: asked.head_object(**self.key(name)),
        )
        return any(succeeds(way) for way in ways)


def succeeds(way: Any) -> bool:
    try:
        way()
    except ClientError:
        return False
    except BotoCoreError as fault:
        raise Away(str(fault)) from None
    return True


@contextmanager
def telling(bucket: Bucket) -> Iterator[None]:
    """Convert the library's errors to those of `base.py`."""
    try:
        yield
    except ClientError as fault:
        told = fault.response.get("Error", {})
        code = str(told.get("Code", ""))
        if code in FULL or fault.response["ResponseMetadata"].get("HTTPStatusCode") == NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), bucket.where("")) from None
        if code == NONE:  # and not whatever some web server between has not found
            raise Missing(bucket.where("")) from None
        raise Away(f"{bucket.where('')}: {code} {told.get('Message', '')}".strip()) from None
    except (BotoCoreError, HTTPClientError) as fault:
        raise Away(f"{bucket.where('')}: {fault}") from None
