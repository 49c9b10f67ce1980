"""An archive encrypted with a passphrase: Argon2id makes the key of the stream (`core/storage/encrypted_streams`)."""

from __future__ import annotations

import secrets
import struct
from typing import IO

import nacl.bindings as sodium
from nacl.pwhash import argon2id

from portal.core.storage import encrypted_streams

MAGIC = b"PORTAL-BACKUP 1\n"
# What Argon2id costs: passes and bytes. They are in the archive, so that they may grow with the machines.
PASSES, MEMORY = 3, 128 * 2**20
MOST_PASSES, MOST_MEMORY = 20, 2**30
COST = struct.Struct(">II")


class BadArchive(Exception):
    """This archive cannot be used; the message is one sentence for the operator."""


class Damaged(BadArchive):
    def __init__(self) -> None:
        super().__init__("the archive is damaged: it is not complete or was altered; use another one")


class WrongPassphrase(BadArchive):
    def __init__(self) -> None:
        super().__init__("the passphrase is not that of this archive, or its beginning was altered")


def key_of(passphrase: str, salt: bytes, passes: int, memory: int) -> bytes:
    size = sodium.crypto_secretstream_xchacha20poly1305_KEYBYTES
    return argon2id.kdf(size, passphrase.encode(), salt, opslimit=passes, memlimit=memory)


class Encrypting(encrypted_streams.Encrypting):
    def __init__(self, target: IO[bytes], passphrase: str) -> None:
        salt = secrets.token_bytes(argon2id.SALTBYTES)
        target.write(MAGIC + COST.pack(PASSES, MEMORY) + salt)
        super().__init__(target, key_of(passphrase, salt, PASSES, MEMORY))


class Decrypting(encrypted_streams.Decrypting):
    """Raises BadArchive."""

    damaged, wrong_key = Damaged, WrongPassphrase

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        if source.read(len(MAGIC)) != MAGIC:
            raise BadArchive("this is no backup of the portal, or one of a newer release")
        cost, salt = source.read(COST.size), source.read(argon2id.SALTBYTES)
        if len(salt) < argon2id.SALTBYTES:
            raise Damaged
        passes, memory = COST.unpack(cost)
        if not (0 < passes <= MOST_PASSES and 2**13 <= memory <= MOST_MEMORY):
            raise Damaged
        super().__init__(source, key_of(passphrase, salt, passes, memory))
