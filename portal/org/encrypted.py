"""Personal data at rest: encrypted, comparable by a keyed hash, never printed by accident.

A sealed value is stored as `1.<digest>.<token>`: the digest (HMAC-SHA-256, its own key) answers "is it equal",
the token (Fernet) holds the text. Keys lie in the data directory, outside the database.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from flask import current_app
from sqlalchemy import String, Text, func
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

VERSION = "1."
SHORTEST_KEY = 32  # bytes
DIGEST_LENGTH = 43  # SHA-256 in URL-safe base64 without padding


def new_keys() -> str:
    """A fresh key file: encryption keys, newest first, and the key of the digests, which is never rotated."""
    return json.dumps({"encrypt": [Fernet.generate_key().decode()], "digest": Fernet.generate_key().decode()})


class Vault:
    """Seals and opens texts with the keys of one data directory; new ones count from the moment they are there. Raises
    ValueError, LookupError or TypeError when the file holds no keys."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read()

    def _read(self) -> None:
        read_at, parsed = self._path.stat().st_mtime_ns, json.loads(self._path.read_text())
        digest_key = base64.urlsafe_b64decode(parsed["digest"])
        if len(digest_key) < SHORTEST_KEY:
            raise ValueError
        self._keys = MultiFernet([Fernet(key) for key in parsed["encrypt"]])
        self._texts, self._digest_key, self._read_at = parsed["encrypt"], digest_key, read_at

    def _refresh(self) -> None:
        """Have the keys as they are now; a file that was lost or broken meanwhile takes away none."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            if self._path.stat().st_mtime_ns != self._read_at:
                self._read()

    @property
    def _fernet(self) -> MultiFernet:
        self._refresh()
        return self._keys

    def fingerprints(self, label: bytes) -> list[str]:
        """Of each encryption key with the key of the digests, the newest first; they tell keys apart, nothing else."""
        self._refresh()
        return [hmac.new(self._digest_key, label + text.encode(), hashlib.sha256).hexdigest() for text in self._texts]

    def keys_of(self, purpose: bytes) -> list[bytes]:
        """A key for something else than texts made of each encryption key, the newest first: 32 bytes each."""
        self._refresh()
        return [hmac.new(text.encode(), purpose, hashlib.sha256).digest() for text in self._texts]

    def digest(self, text: str) -> str:
        mac = hmac.new(self._digest_key, text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def seal(self, text: str, compared: str | None = None) -> str:
        """`compared`: what the digest is of, where one value is written in several ways."""
        digest = self.digest(text if compared is None else compared)
        return f"{VERSION}{digest}.{self._fernet.encrypt(text.encode()).decode()}"

    def renew(self, stored: str) -> str:
        """The same value, encrypted with the newest key."""
        version, digest, token = stored.split(".", 2)
        return f"{version}.{digest}.{self._fernet.rotate(token.encode()).decode()}"

    def open(self, stored: str) -> str:
        return self._fernet.decrypt(stored.split(".", 2)[2].encode()).decode()


def vault() -> Vault:
    """The vault of the running portal."""
    found: Vault = current_app.extensions["portal.vault"]
    return found


def install(app: Any, path: Path) -> None:
    app.extensions["portal.vault"] = Vault(path)


class Sealed:
    """A personal value in memory. Printing, formatting or logging it shows nothing; `reveal()` is the one way in."""

    __slots__ = ("stored",)

    def __init__(self, stored: str) -> None:
        self.stored = stored

    @classmethod
    def of(cls, text: str, compared: str | None = None) -> Sealed:
        return cls(vault().seal(text, compared))

    def reveal(self) -> str:
        return vault().open(self.stored)

    @property
    def digest(self) -> str:
        return self.stored[: len(VERSION) + DIGEST_LENGTH]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and hmac.compare_digest(self.digest, other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        return "******"

    __repr__ = __str__


class Retyped(Sealed):
    """Typed by somebody who may not see what is kept. It equals nothing, so that no answer, no number of a version and
    no line of the trail tells whether it is the same."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = Sealed.__hash__


class SealedText(TypeDecorator[Sealed]):
    """A column of sealed values. `column == Sealed.of(text)` compares digests; plain text is refused."""

    impl = String(512)
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator[Sealed]):  # noqa: N801 - SQLAlchemy's name
        __hash__ = TypeDecorator.Comparator.__hash__

        def __eq__(self, other: Any) -> Any:
            if not isinstance(other, Sealed):
                return super().__eq__(other)
            return func.substr(self.expr, 1, len(other.digest), type_=String()) == other.digest

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is not None and not isinstance(value, Sealed):
            raise TypeError("personal data is stored sealed, never as plain text")
        return value.stored if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> Sealed | None:
        return Sealed(value) if value is not None else None


class SealedLongText(SealedText):
    """A column of sealed values of any length."""

    impl = Text  # type: ignore[assignment] # a type of text, too
    cache_ok = True


class SealedOrPlain(SealedText):
    """A column whose texts are personal in some rows only (a mobile number typed where an office phone is asked)."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value if isinstance(value, str) else super().process_bind_param(value, dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return Sealed(value) if value and value.startswith(VERSION) else value
