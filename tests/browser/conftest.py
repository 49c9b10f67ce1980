"""The portal as a newcomer starts it, and a real browser before it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import PASSWORD, settings

HERE = Path(__file__).resolve().parent.parent.parent
# Without these a headless Chromium looks for its maker's hosts.
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(address)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `run.py` serves a fresh portal with its demo."""
    port = free_port()
    environment = os.environ | settings(tmp_path_factory.mktemp("served")) | {"PORTAL_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "run.py"], cwd=HERE, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        found = playwright.chromium.launch(executable_path=path, args=QUIET.split())
        yield found
        found.close()


@pytest.fixture
def open_as(browser: Browser, address: str) -> Iterator[Any]:
    """`open_as("filler01")` is a page of that account's browser; whatever goes wrong in it fails the test."""
    contexts, troubles = [], []

    def open_page(username: str, width: int = 1400, *, scripts: bool = True, language: str = "zh_Hans") -> Page:
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, java_script_enabled=scripts, base_url=address)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: troubles.append(str(fault)))
        page.on("console", lambda told: troubles.append(told.text) if told.type == "error" else None)
        page.on("request", lambda asked: troubles.append(asked.url) if not ours(asked.url, address) else None)
        page.goto("/login/")
        page.fill("#username", username)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(f"{address}/")
        page.goto(f"/lang/{language}")
        return page

    open_page.troubles = troubles  # for who makes some on purpose
    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def ours(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))
