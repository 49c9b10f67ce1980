"""Encrypted streams: libsodium's secretstream (XChaCha20-Poly1305).

Nobody without the key can read, change, reorder or cut the stream without being noticed. Memory use does not depend on
its length.
"""

from __future__ import annotations

from typing import IO, ClassVar

import nacl.bindings as sodium
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError

CHUNK = 2**20  # bytes
OVERHEAD = sodium.crypto_secretstream_xchacha20poly1305_ABYTES
HEADER = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES
FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
# The first message: where it cannot be opened, the key is another one.
GREETING = b"portal"


class Damaged(Exception):
    """Raised if the stream is incomplete or was altered."""


class WrongKey(Exception):
    """Raised if the key does not match the stream, or its header was altered."""


class Encrypting:
    """A writable file. `close()` marks the end; without it, the stream counts as truncated."""

    def __init__(self, target: IO[bytes], key: bytes) -> None:
        self._target, self._pending, self._abandoned = target, bytearray(), False
        self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
        target.write(sodium.crypto_secretstream_xchacha20poly1305_init_push(self._state, key))
        self._push(GREETING, MESSAGE)

    def write(self, content: bytes) -> int:
        if self._abandoned:
            return len(content)
        self._pending += content
        while len(self._pending) > CHUNK:
            self._push(bytes(self._pending[:CHUNK]), MESSAGE)
            del self._pending[:CHUNK]
        return len(content)

    def close(self) -> None:
        self._push(bytes(self._pending), FINAL)

    def abandon(self) -> None:
        """Write nothing more: tarfile would, when it is closed after an error."""
        self._abandoned = True

    def _push(self, content: bytes, tag: int) -> None:
        self._target.write(sodium.crypto_secretstream_xchacha20poly1305_push(self._state, content, None, tag))


class Decrypting:
    """A readable file. Raises Damaged and, when opened, WrongKey; `keys` are tried in order."""

    damaged: ClassVar[type[Exception]] = Damaged
    wrong_key: ClassVar[type[Exception]] = WrongKey

    def __init__(self, source: IO[bytes], *keys: bytes) -> None:
        self._source, self._pending, self._ended = source, b"", False
        header, greeting = self._sealed(HEADER), self._sealed(len(GREETING) + OVERHEAD)
        if len(header) < HEADER:
            raise self.damaged
        for key in keys:
            self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
            sodium.crypto_secretstream_xchacha20poly1305_init_pull(self._state, header, key)
            try:
                if self._opened(greeting) == GREETING:
                    return
            except self.damaged:
                continue
            raise self.damaged
        raise self.wrong_key

    def read(self, size: int = -1) -> bytes:
        while (size < 0 or len(self._pending) < size) and not self._ended:
            self._pending += self._opened(self._sealed(CHUNK + OVERHEAD))
        size = len(self._pending) if size < 0 else size
        found, self._pending = self._pending[:size], self._pending[size:]
        return found

    def finish(self) -> None:
        """Read to the end. Raises Damaged if the end is missing or data follows it."""
        while not self._ended:
            self._opened(self._sealed(CHUNK + OVERHEAD))
        if self._source.read(1):
            raise self.damaged

    def _sealed(self, size: int) -> bytes:
        """Read this many bytes, which a store may return in pieces; fewer at the end."""
        found = bytearray()
        while len(found) < size and (piece := self._source.read(size - len(found))):
            found += piece
        return bytes(found)

    def _opened(self, sealed: bytes) -> bytes:
        try:
            content, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(self._state, sealed)
        except (CryptoError, SodiumError, ValueError, TypeError):
            raise self.damaged from None
        self._ended = tag == FINAL
        return bytes(content)
