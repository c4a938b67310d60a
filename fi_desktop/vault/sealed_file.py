"""A file that is sealed, or in clear: written from its start to its end, read from any place.

A sealed file is a header and chunks of 64 KiB, each sealed for itself (`sealing.ChunkCipher`):

    8 bytes   "fi-seal1"
    16 bytes  salt of the file's key
    chunks    64 KiB and a tag of 16 bytes; the last one is shorter, and marked as the last

A chunk is bound to the job and the kind of file, by the key, and to its number. Nothing can be cut off a
file, or put in another place, without it being noticed.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from fi_desktop.vault.sealing import ChunkCipher

CHUNK_BYTES = 64 * 1024
MAGIC = b"fi-seal1"
_SALT_BYTES = 16
_HEADER_BYTES = len(MAGIC) + _SALT_BYTES
_SEALED_CHUNK = CHUNK_BYTES + 16


@dataclass(frozen=True, slots=True)
class FileSeal:
    """How files of one kind of one job are read and written.

    Attributes:
        key: of these files; None: they are in clear.
        mixed: files that are still in clear are read too, while a home is being sealed.
    """

    key: bytes | None = field(default=None, repr=False)
    mixed: bool = False

    def read(self, path: Path) -> bytes:
        """Return the whole content of a file.

        Raises:
            OSError: it cannot be read.
            SealBroken: it was changed, cut, or sealed with another key.
        """
        if self.key is None:
            return path.read_bytes()
        with self.open(path) as file:
            return file.read()

    def whole(self, data: bytes) -> bytes:
        """Return what a file with this content consists of: sealed data, or `data` itself in clear."""
        if self.key is None:
            return data
        salt = secrets.token_bytes(_SALT_BYTES)
        cipher = self._cipher(salt)
        last = max(0, len(data) - 1) // CHUNK_BYTES
        chunks = [
            cipher.seal(number, data[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES], last=number == last)
            for number in range(last + 1)
        ]
        return b"".join((MAGIC, salt, *chunks))

    def stored_bytes(self, length: int) -> int:
        """Return how long a file with content of this length is, bytes."""
        if self.key is None:
            return length
        return _HEADER_BYTES + length + 16 * max(1, -(-length // CHUNK_BYTES))

    def open(self, path: Path, *, growing: bool = False) -> IO[bytes]:
        """Open a file for reading from any place.

        growing: it may not be complete yet; what is there so far is read, in whole chunks.

        Raises:
            OSError: it cannot be read.
            SealBroken: it is in clear, or what is read later was changed.
        """
        file = path.open("rb")
        if self.key is None:
            return file
        try:
            header = file.read(_HEADER_BYTES)
            if header[: len(MAGIC)] != MAGIC:
                if not self.mixed and not (growing and not header):
                    raise _broken("not sealed")
                file.seek(0)
                return file
            cipher = self._cipher(header[len(MAGIC) :])
            return io.BufferedReader(_SealedReader(file, cipher, growing=growing), CHUNK_BYTES)
        except BaseException:
            file.close()
            raise

    def writer(self, path: Path) -> FileWriter:
        """Create a file, or empty it, to be written from its start to its end."""
        file = path.open("wb")
        if self.key is None:
            return FileWriter(file)
        salt = secrets.token_bytes(_SALT_BYTES)
        file.write(MAGIC + salt)
        return _SealedWriter(file, self._cipher(salt))

    def prepare(self) -> None:
        """Import what sealing needs, for a process that may open no files later."""
        if self.key is not None:
            self._cipher(b"").seal(0, b"", last=True)

    def _cipher(self, salt: bytes) -> ChunkCipher:
        from fi_desktop.vault.sealing import ChunkCipher

        if self.key is None:
            raise ValueError("files in clear have no key")
        return ChunkCipher(self.key, salt)


IN_CLEAR = FileSeal()
"""Files in clear, of any kind."""


class FileWriter:
    """Writes a file from its start to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)

    def flush(self) -> None:
        """Let others read what has been written so far; if it is sealed, in whole chunks."""
        self._file.flush()

    def finish(self) -> None:
        """Complete the file; it is on disk when this returns."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; without `finish` it is incomplete, which a reader notices if it is sealed."""
        self._file.close()


class _SealedWriter(FileWriter):
    """Writes a sealed file."""

    def __init__(self, file: IO[bytes], cipher: ChunkCipher) -> None:
        super().__init__(file)
        self._cipher = cipher
        self._rest = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._rest += data
        while len(self._rest) > CHUNK_BYTES:  # the last chunk stays until it is known to be the last
            self._file.write(self._cipher.seal(self._number, bytes(self._rest[:CHUNK_BYTES]), last=False))
            self._number += 1
            del self._rest[:CHUNK_BYTES]

    def finish(self) -> None:
        """Write the last chunk; the file is on disk when this returns."""
        self._file.write(self._cipher.seal(self._number, bytes(self._rest), last=True))
        self._rest.clear()
        super().finish()


class _SealedReader(io.RawIOBase):
    """Reads a sealed file from any place."""

    def __init__(self, file: IO[bytes], cipher: ChunkCipher, *, growing: bool) -> None:
        super().__init__()
        self._file, self._cipher, self._growing = file, cipher, growing
        self._position = 0
        self._number, self._chunk = -1, b""  # the chunk that was read last

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size()}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number, offset = divmod(self._position, CHUNK_BYTES)
        data = self._chunk_at(number)[offset : offset + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _sealed_bytes(self) -> int:
        return self._file.seek(0, os.SEEK_END) - _HEADER_BYTES

    def _size(self) -> int:
        sealed = self._sealed_bytes()
        return max(0, sealed - 16 * -(-sealed // _SEALED_CHUNK))

    def _chunk_at(self, number: int) -> bytes:
        """Return a chunk; empty behind the last one."""
        if number == self._number:
            return self._chunk
        sealed = self._sealed_bytes()
        chunks = -(-sealed // _SEALED_CHUNK)
        if number >= chunks:
            if not chunks and not self._growing:
                raise _broken("cut off")
            return b""
        last = number == chunks - 1
        self._file.seek(_HEADER_BYTES + number * _SEALED_CHUNK)
        stored = self._file.read(_SEALED_CHUNK)
        if last and self._growing:
            chunk = self._latest(number, stored)
            if chunk is None:
                return b""
        else:
            chunk = self._cipher.unseal(number, stored, last=last)
        self._number, self._chunk = number, chunk
        return chunk

    def _latest(self, number: int, stored: bytes) -> bytes | None:
        """Return the last chunk so far, or of all; None if it is being written just now."""
        from fi_desktop.vault.sealing import SealBroken

        for last in (True, False):
            with suppress(SealBroken):
                return self._cipher.unseal(number, stored, last=last)
        return None


@contextmanager
def reading(seal: FileSeal, path: Path, *, growing: bool = False) -> Iterator[IO[bytes]]:
    """Open a file for reading, and close it after the block; see `FileSeal.open`."""
    file = seal.open(path, growing=growing)
    try:
        yield file
    finally:
        file.close()


def _broken(why: str) -> ValueError:
    from fi_desktop.vault.sealing import SealBroken

    return SealBroken(why)
