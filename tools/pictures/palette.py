"""Rewrites a screenshot as a PNG of at most 256 colours, a third of its size; tells pictures that look the same."""

from __future__ import annotations

import base64
import struct
import zlib
from collections import Counter

from playwright.sync_api import Page

COLOURS = 256
# These many of the commonest stay as they are: areas. Of the others, shades that are near each other share a place, so
# that rare colours get one, too.
AREAS = 64
SHADE = 90
# Edges of letters are drawn a little differently from run to run; of a channel's 255.
NOTICEABLE = 48
Colour = tuple[int, ...]
# The browser decodes the picture: its pixels, four bytes each, and its width.
PIXELS = """async source => {
    const image = await createImageBitmap(await (await fetch(source)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const bytes = context.getImageData(0, 0, image.width, image.height).data;
    const url = await new Promise(done => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(new Blob([bytes]));
    });
    return [image.width, url.slice(url.indexOf(",") + 1)];
}"""


def pixels(page: Page, picture: bytes) -> tuple[int, list[Colour]]:
    """Width and colours; `page` is an empty page of a browser."""
    width, encoded = page.evaluate(PIXELS, f"data:image/png;base64,{base64.b64encode(picture).decode()}")
    return width, list(struct.iter_unpack("3Bx", base64.b64decode(encoded)))


def reduced(page: Page, picture: bytes) -> bytes:
    """The same picture with a palette."""
    width, colours = pixels(page, picture)
    counts = Counter(colours)
    palette: list[Colour] = []
    for colour in sorted(counts, key=lambda colour: (-counts[colour], colour)):
        if len(palette) < AREAS or (
            len(palette) < COLOURS and all(distance(colour, other) > SHADE for other in palette)
        ):
            palette.append(colour)
    place = {colour: palette.index(nearest(colour, palette)) for colour in counts}
    rows = (colours[start : start + width] for start in range(0, len(colours), width))
    scanlines = b"".join(b"\0" + bytes(place[colour] for colour in row) for row in rows)
    return b"".join((
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">2I5B", width, len(colours) // width, 8, 3, 0, 0, 0)),
        chunk(b"PLTE", b"".join(map(bytes, palette))),
        chunk(b"IDAT", zlib.compress(scanlines, 9)),
        chunk(b"IEND", b""),
    ))  # fmt: skip


def alike(page: Page, one: bytes, other: bytes) -> bool:
    """Whether nobody would see a difference."""
    (width, colours), (other_width, other_colours) = pixels(page, one), pixels(page, other)
    if (width, len(colours)) != (other_width, len(other_colours)):
        return False
    pairs = (pair for pair in zip(colours, other_colours, strict=True) if pair[0] != pair[1])
    return all(abs(a - b) <= NOTICEABLE for pair in pairs for a, b in zip(*pair, strict=True))


def nearest(colour: Colour, palette: list[Colour]) -> Colour:
    return min(palette, key=lambda other: distance(colour, other))


def distance(colour: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(colour, other, strict=True))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
