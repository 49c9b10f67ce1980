"""Remove metadata (place, time, device) from images without touching the image data.

Only what is known to belong to the picture is kept, so that metadata of a kind that nobody thought of goes, too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

EXIF = b"Exif\x00\x00"
ORIENTATION = 0x0112
UPRIGHT = 1
START, END, SCAN, ADOBE, ICC = 0xD8, 0xD9, 0xDA, 0xEE, 0xE2
# Segments without a length: restart marks and the like.
BARE = frozenset({0x01, *range(0xD0, 0xD8)})
# How the picture is coded; segments of applications and comments are none of it.
CODED = frozenset({*range(0xC0, 0xD0), SCAN, *range(0xDB, 0xE0)})
PNG_SIGN = b"\x89PNG\r\n\x1a\n"
# Chunks that a PNG is shown by; every other is somebody's words.
SHOWN = frozenset(
    (
        *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT"),
        *(b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT"),
    )
)


class Broken(Exception):
    """Raised when the parts of an image cannot be separated."""


def jpeg(content: bytes) -> bytes:
    """The first picture of a JPEG file, without metadata but for its orientation."""
    kept, turned = [content[:2]], UPRIGHT
    for marker, segment in segments(content):
        if marker == 0xE1 and segment[4:].startswith(EXIF):
            turned = orientation(segment[4 + len(EXIF) :]) if turned == UPRIGHT else turned
        elif belongs(marker, segment):
            kept.append(segment)
    if turned != UPRIGHT:
        at = 2 if len(kept) > 1 and kept[1].startswith(b"\xff\xe0") else 1
        kept.insert(at, exif_segment(turned))
    return b"".join(kept)


def belongs(marker: int, segment: bytes) -> bool:
    """Colours depend on the profile and on what Adobe's segment says of them; JFIF is kept without the
    thumbnail that may follow in a segment of its own (JFXX)."""
    if marker == 0xE0:
        return segment[4:9] == b"JFIF\x00"
    if marker == ICC:
        return segment[4:16] == b"ICC_PROFILE\x00"
    if marker == ADOBE:
        return segment[4:9] == b"Adobe"
    return marker in CODED or marker in BARE or marker == END


def segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, segment) after the start of the picture up to its end; a scan with its data. Raises Broken."""
    at = 2
    while True:
        if at >= len(content):
            return
        while content[at : at + 2] == b"\xff\xff":  # filled up before a segment
            at += 1
        if len(content) < at + 2 or content[at] != 0xFF:
            raise Broken
        marker = content[at + 1]
        if marker in BARE or marker == END:
            yield marker, content[at : at + 2]
            at += 2
        else:
            size = int.from_bytes(content[at + 2 : at + 4], "big")
            until = at + 2 + size
            if size < 2 or until > len(content):
                raise Broken
            until = scanned(content, until) if marker == SCAN else until
            yield marker, content[at:until]
            at = until
        if marker == END:
            return


def scanned(content: bytes, at: int) -> int:
    """Where the data of a scan ends: at the next marker that is neither a byte FF of it nor a restart."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            return len(content)  # a picture that breaks off can still be shown
        following = content[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0 or following in BARE:
            at += 2
        else:
            return at


def orientation(exif: bytes) -> int:
    """The Exif orientation; 1 if it cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return UPRIGHT
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for n in range(min(count, 512)):
            tag, kind, _many, value = struct.unpack_from(f"{order}HHIH", exif, at + 2 + 12 * n)
            if (tag, kind) == (ORIENTATION, 3):
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT


def exif_of(turned: int) -> bytes:
    """Exif data with the orientation only."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, 3, 1, turned, 0, 0)


def exif_segment(turned: int) -> bytes:
    body = EXIF + exif_of(turned)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def png(content: bytes) -> bytes:
    """A PNG with the chunks that it is shown by, up to its end, and its orientation."""
    kept, at, turned = [PNG_SIGN], len(PNG_SIGN), UPRIGHT
    while at + 12 <= len(content):
        until = at + int.from_bytes(content[at : at + 4], "big") + 12
        if until > len(content):
            raise Broken
        name = content[at + 4 : at + 8]
        if name == b"eXIf":
            turned = orientation(content[at + 8 : until - 4])
        elif name in SHOWN:
            kept.append(content[at:until])
        at = until
        if name == b"IEND":
            break
    if turned != UPRIGHT:
        kept.insert(2, chunk(b"eXIf", exif_of(turned)))
    return b"".join(kept)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


CLEANERS = {"jpg": jpeg, "jpeg": jpeg, "png": png}
