"""The backup archive: a tar inside an encrypted stream that verifies on its own.

It begins with what it is of (`portal.json`) and ends with what has to be in it (`manifest.json`): rows and digest of
each table, digest of each file, the head of the trail. It is never in memory as a whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from portal.operations.archive_encryption import BadArchive, Damaged, Decrypting, Encrypting
from portal.operations.tables import Tally

FORMAT = 1
HEAD, MANIFEST = "portal.json", "manifest.json"
STORED = re.compile(r"[0-9a-f]{32}")
# What else is in the data directory, and belongs to the database.
BESIDE = re.compile(r"identity\.json|(personal|audit|secret)\.key|audit_heads(\.\d+)?\.log|demo_password")
PIECE = 2**20  # bytes
MOST_JSON = 2**28  # bytes of what is read as a whole


@dataclass(frozen=True)
class Head:
    """What an archive says first. `tables`: their columns, in the order of the values."""

    made_at: str
    installation: str
    revision: str
    database: str
    tables: Mapping[str, Sequence[str]]
    format: int = FORMAT


@dataclass
class Manifest:
    """What has to be in an archive. `damaged`: files that rows name and that were missing or changed."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    trail: tuple[int, str] = (0, "")
    damaged: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(each["rows"] for each in self.tables.values())


class Packing:
    """Writes the members of an archive, and its manifest with the last one."""

    def __init__(self, target: IO[bytes], passphrase: str, told: Callable[[], None]) -> None:
        """`told` hears of every member."""
        self._stream, self._told = Encrypting(target, passphrase), told
        self._tar = tarfile.open(fileobj=self._stream, mode="w|", format=tarfile.PAX_FORMAT)  # type: ignore[call-overload] # noqa: SIM115
        self.manifest = Manifest()

    def head(self, head: Head) -> None:
        self._add(HEAD, to_json(asdict(head)))

    def rows(self, table: str, blocks: Iterator[bytes]) -> None:
        tally = Tally()
        for number, block in enumerate(blocks):
            tally.add(block)
            self._add(f"tables/{table}/{number}", block)
        self.manifest.tables[table] = tally.told()

    def beside(self, name: str, content: bytes) -> None:
        self.manifest.beside[name] = hashlib.sha256(content).hexdigest()
        self._add(f"beside/{name}", content)

    def file(self, stored: str, content: bytes) -> str:
        """Answers its digest."""
        self.manifest.files[stored] = hashlib.sha256(content).hexdigest()
        self.manifest.bytes += len(content)
        self._add(f"files/{stored}", content)
        return self.manifest.files[stored]

    def abandon(self) -> None:
        self._stream.abandon()

    def close(self) -> None:
        self._add(MANIFEST, to_json(asdict(self.manifest)))
        self._tar.close()
        self._stream.close()

    def _add(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        self._tar.addfile(info, io.BytesIO(content))
        self._tar.members.clear()  # it would remember every one
        self._told()


class Hashing:
    """A file that is read, and its digest so far."""

    def __init__(self, source: Any) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int) -> bytes:
        content: bytes = self._source.read(size)
        self.digest.update(content)
        return content

    def pieces(self) -> Iterator[bytes]:
        while piece := self.read(PIECE):
            yield piece


class Taker:
    """Hears what is in an archive while it is read; this one only lets it be checked."""

    def begin(self, head: Head) -> None:
        pass

    def rows(self, table: str, block: bytes) -> None:
        pass

    def beside(self, name: str, content: bytes) -> None:
        pass

    def file(self, stored: str, pieces: Iterator[bytes]) -> None:
        pass


def read(path: Path, passphrase: str, taker: Taker) -> tuple[Head, Manifest]:
    """Go through an archive to its end. Raises BadArchive: what the taker heard until then counts for nothing."""
    with path.open("rb") as source:
        stream = Decrypting(source, passphrase)
        found = Contents(taker)
        with telling_damage(), tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]
            while (member := tar.next()) is not None:
                tar.members.clear()
                found.take(member.name, member.size, tar.extractfile(member))
            stream.finish()
        return found.proved()


@contextmanager
def telling_damage() -> Iterator[None]:
    """Of what passed the encryption, this cannot be; a program that writes wrong archives is found by it."""
    try:
        yield
    except (tarfile.TarError, KeyError, TypeError, ValueError) as fault:
        if isinstance(fault, TypeError | ValueError) and not isinstance(fault, UnicodeError | json.JSONDecodeError):
            raise
        raise Damaged from fault


class Contents:
    """What of an archive went by, compared at the end with what it says that it holds."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker
        self._head: Head | None = None
        self._told: Manifest | None = None
        self._tables: dict[str, Tally] = {}
        self._seen = Manifest()

    def take(self, name: str, size: int, content: Any) -> None:
        if content is None or self._told is not None:
            raise Damaged
        kind, _, rest = name.partition("/")
        steps: dict[str, Callable[[str, int, Hashing], None]] = {
            HEAD: self._begin,
            "tables": self._rows,
            "beside": self._beside,
            "files": self._file,
            MANIFEST: self._end,
        }
        if kind not in steps or (self._head is None) != (kind == HEAD):
            raise Damaged
        steps[kind](rest, size, Hashing(content))

    def _begin(self, _rest: str, size: int, content: Hashing) -> None:
        head = json.loads(whole(content, size))
        if head.get("format") != FORMAT:
            raise BadArchive("the archive is of another release of the portal: restore it with that one")
        self._head = Head(**head)
        self._tables = {table: Tally() for table in self._head.tables}
        self._taker.begin(self._head)

    def _rows(self, rest: str, size: int, content: Hashing) -> None:
        table = rest.rpartition("/")[0]
        block = whole(content, size)
        self._tables[table].add(block)
        self._taker.rows(table, block)

    def _beside(self, name: str, size: int, content: Hashing) -> None:
        if not BESIDE.fullmatch(name):
            raise Damaged
        self._taker.beside(name, whole(content, size))
        self._seen.beside[name] = content.digest.hexdigest()

    def _file(self, stored: str, size: int, content: Hashing) -> None:
        if not STORED.fullmatch(stored):
            raise Damaged
        self._taker.file(stored, content.pieces())
        for _ in content.pieces():  # what the taker left
            pass
        self._seen.files[stored] = content.digest.hexdigest()
        self._seen.bytes += size

    def _end(self, _rest: str, size: int, content: Hashing) -> None:
        told = json.loads(whole(content, size))
        self._told = Manifest(**{**told, "trail": tuple(told["trail"])})

    def proved(self) -> tuple[Head, Manifest]:
        """Raises Damaged unless everything was there as the manifest says."""
        if self._head is None or self._told is None:
            raise Damaged
        self._seen.tables = {table: tally.told() for table, tally in self._tables.items()}
        for name in ("tables", "beside", "files", "bytes"):
            if getattr(self._seen, name) != getattr(self._told, name):
                raise Damaged
        return self._head, self._told


def whole(content: Hashing, size: int) -> bytes:
    if size > MOST_JSON:
        raise Damaged
    return content.read(size)


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
