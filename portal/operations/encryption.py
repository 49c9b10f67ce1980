"""A stream encrypted with a passphrase: libsodium's secretstream (XChaCha20-Poly1305), the key made by Argon2id.

Nobody without the passphrase can read, change, reorder or cut the stream without being noticed. Memory use does not
depend on its length.
"""

from __future__ import annotations

import secrets
import struct
from typing import IO

import nacl.bindings as sodium
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError
from nacl.pwhash import argon2id

MAGIC = b"PORTAL-BACKUP 1\n"
CHUNK = 2**20  # bytes
OVERHEAD = sodium.crypto_secretstream_xchacha20poly1305_ABYTES
FINAL = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
MESSAGE = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
# What Argon2id costs: passes and bytes. They are in the archive, so that they may grow with the machines.
PASSES, MEMORY = 3, 128 * 2**20
MOST_PASSES, MOST_MEMORY = 20, 2**30
COST = struct.Struct(">II")
# The first message: where it cannot be opened, the passphrase is another one.
GREETING = b"portal"


class BadArchive(Exception):
    """This archive cannot be used; the message is one sentence for the operator."""


class Damaged(BadArchive):
    def __init__(self) -> None:
        super().__init__("the archive is damaged: it is not complete or was altered; use another one")


def key_of(passphrase: str, salt: bytes, passes: int, memory: int) -> bytes:
    size = sodium.crypto_secretstream_xchacha20poly1305_KEYBYTES
    return argon2id.kdf(size, passphrase.encode(), salt, opslimit=passes, memlimit=memory)


class Encrypting:
    """A file to write to. `close()` marks the end; without it, the stream counts as cut off."""

    def __init__(self, target: IO[bytes], passphrase: str) -> None:
        salt = secrets.token_bytes(argon2id.SALTBYTES)
        self._target, self._pending, self._abandoned = target, bytearray(), False
        self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
        key = key_of(passphrase, salt, PASSES, MEMORY)
        header = sodium.crypto_secretstream_xchacha20poly1305_init_push(self._state, key)
        target.write(MAGIC + COST.pack(PASSES, MEMORY) + salt + header)
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
        """Nothing more is written: tarfile would, when it is let go after a fault."""
        self._abandoned = True

    def _push(self, content: bytes, tag: int) -> None:
        self._target.write(sodium.crypto_secretstream_xchacha20poly1305_push(self._state, content, None, tag))


class Decrypting:
    """A file to read from. Raises BadArchive."""

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        self._source, self._pending, self._ended = source, b"", False
        if source.read(len(MAGIC)) != MAGIC:
            raise BadArchive("this is no backup of the portal, or one of a newer release")
        cost, salt = source.read(COST.size), source.read(argon2id.SALTBYTES)
        header = source.read(sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES)
        if len(header) < sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES:
            raise Damaged
        passes, memory = COST.unpack(cost)
        if not (0 < passes <= MOST_PASSES and 2**13 <= memory <= MOST_MEMORY):
            raise Damaged
        self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
        key = key_of(passphrase, salt, passes, memory)
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(self._state, header, key)
        try:
            greeting = self._pull(len(GREETING))
        except Damaged:
            raise BadArchive("the passphrase is not that of this archive, or its beginning was altered") from None
        if greeting != GREETING:
            raise Damaged

    def read(self, size: int) -> bytes:
        while len(self._pending) < size and not self._ended:
            self._pending += self._pull(CHUNK)
        found, self._pending = self._pending[:size], self._pending[size:]
        return found

    def finish(self) -> None:
        """Read on to the end. Raises Damaged when there is none, or anything comes after it."""
        while not self._ended:
            self._pull(CHUNK)
        if self._source.read(1):
            raise Damaged

    def _pull(self, size: int) -> bytes:
        sealed = self._source.read(size + OVERHEAD)
        try:
            content, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(self._state, sealed)
        except (CryptoError, SodiumError, ValueError, TypeError):
            raise Damaged from None
        self._ended = tag == FINAL
        return bytes(content)
