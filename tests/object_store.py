"""An object store that speaks S3, beside the tests (`tests/swift_server.py`)."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEY, SECRET = "test:tester", "testing"
REASON = "needs OpenStack Swift, which requirements-dev.txt names (not for Windows)"
PATIENCE = 60  # seconds until it answers


class ObjectStore:
    """One that runs. `place(bucket)` is a value of PORTAL_FILES, `environ` what goes with it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}
        with socket.create_server(("127.0.0.1", 0)) as door:
            self.port = door.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        settings = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, connect_timeout=2)
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=settings,
        )

    def start(self) -> None:
        words = [sys.executable, "-m", "tests.swift_server", str(self.home), str(self.port)]
        log = (self.home.parent / f"{self.home.name}.log").open("wb")
        with log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=Path(__file__).parent.parent)
        until = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None, (self.home.parent / f"{self.home.name}.log").read_text()
            assert time.monotonic() < until, "the object store does not answer"
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            self.client.list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def bucket(self, name: str) -> str:
        """Make an empty one; answers the value of PORTAL_FILES."""
        self.client.create_bucket(Bucket=name)
        return self.place(name)

    def place(self, name: str) -> str:
        return f"s3://{name}?endpoint=http://127.0.0.1:{self.port}"

    def keys(self, name: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=name)
        return sorted(each["Key"] for page in pages for each in page.get("Contents", ()))


def installed() -> bool:
    return all(importlib.util.find_spec(name) for name in ("swift", "eventlet"))


@contextmanager
def running(home: Path) -> Iterator[ObjectStore]:
    store = ObjectStore(home)
    before = {name: os.environ.get(name) for name in store.environ}
    os.environ.update(store.environ)
    try:
        store.start()
        yield store
    finally:
        store.stop()
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
