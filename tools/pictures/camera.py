"""A demo portal of its own, and a browser that takes pictures of its pages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Locator, Page, ViewportSize, sync_playwright

from tools.pictures.palette import alike, reduced

HERE = Path(__file__).resolve().parent.parent.parent
GUIDE = HERE / "docs" / "guide"
PASSWORD = "Demo-12345678"  # noqa: S105 (of accounts that live as long as this program)
AS_OF = "2026-06-30"
# Without these a headless Chromium looks for its maker's hosts.
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
START_SECONDS = 120
SIZE = ViewportSize(width=1400, height=900)
MARGIN = 12
# What differs from run to run: the clock (the demo's day is fixed) and the numbers that the demo draws for people.
STEADY = """day => {
    const [year, month, date] = day.split("-").map(Number);
    const people = new Map();
    const number = drawn => {
        if (!people.has(drawn)) people.set(drawn, "B-7K3Q" + "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"[people.size]);
        return people.get(drawn);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        let text = node.data.replace(/\\d{4}-\\d\\d-\\d\\d (?=\\d\\d:\\d\\d)/g, day + " ");
        text = text.replace(/\\b\\d\\d:\\d\\d(:\\d\\d)?\\b/g, (_, seconds) => "09:30" + (seconds ? ":00" : ""));
        text = text.replace(/B-[0-9A-Z]{5}/g, number);
        if (node.parentElement.closest("[data-alarms]"))
            text = text.replace(/\\d+年\\d+月\\d+日/, `${year}年${month}月${date}日`);
        if (text !== node.data) node.data = text;
    }
}"""
MARK = "node => { node.style.outline = '3px solid #e8820c'; node.style.outlineOffset = '3px'; }"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 (an address of this program)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(address)


@contextmanager
def portal() -> Iterator[str]:
    """The address of a fresh portal with the small demo, whose day is fixed; it is gone afterwards."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        kept = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
        settings = {"PORTAL_DATA_DIR": home, "PORTAL_PORT": str(port), "PORTAL_AS_OF": AS_OF}
        environment = {**kept, **settings, "PORTAL_DEMO_PASSWORD": PASSWORD}
        command = [sys.executable, "run.py"]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=quiet, stderr=quiet)
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


class Camera:
    """Signs in as anybody and takes pictures."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.darkroom = browser.new_page()

    def page(self, username: str = "") -> Page:
        """A page of this account, in Chinese; without one, the sign-in page."""
        context = self.browser.new_context(viewport=SIZE, base_url=self.address, locale="zh-CN")
        page = context.new_page()
        page.goto("/lang/zh_Hans?next=/login/")
        if username:
            page.fill("#username", username)
            page.fill("#password", PASSWORD)
            page.press("#password", "Enter")
            page.wait_for_url(f"{self.address}/")
        return page

    def take(self, page: Page, name: str, *marked: str, upto: str = "", at: str = "") -> None:
        """A picture of the window: `marked` are framed, `at` is scrolled to the top, all after `upto` is cut off."""
        page.wait_for_load_state("networkidle")
        page.evaluate(STEADY, AS_OF)
        if at:
            page.locator(at).first.evaluate("node => window.scrollTo(0, node.getBoundingClientRect().top - 16)")
        for selector in marked:
            page.locator(f"{selector} >> visible=true").first.evaluate(MARK)
        height = bottom(page.locator(upto).last) + MARGIN if upto else SIZE["height"]
        clip = FloatRect(x=0, y=0, width=SIZE["width"], height=height)
        picture = page.screenshot(clip=clip, animations="disabled")
        path = (GUIDE / f"{name}.png").resolve()
        new = reduced(self.darkroom, picture)
        if path.exists() and alike(self.darkroom, path.read_bytes(), new):
            return
        path.write_bytes(new)
        sys.stdout.write(f"{path.relative_to(HERE)}: {len(new) // 1024} KB\n")


def bottom(part: Locator) -> float:
    box = part.bounding_box()
    assert box, part  # noqa: S101
    return box["y"] + box["height"]


@contextmanager
def camera() -> Iterator[Camera]:
    """A camera at a portal of its own."""
    with portal() as address, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=QUIET.split())
        try:
            yield Camera(browser, address)
        finally:
            browser.close()
