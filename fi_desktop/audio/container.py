"""Opens a media file with FFmpeg, and explains in one sentence why it cannot be opened.

FFmpeg sees the bytes of one file and nothing else: not the file's name (which may hold a patient's, and which
FFmpeg repeats in errors and logs), no second file, no network. So playlists that point elsewhere are
unreadable, as are formats that FFmpeg recognizes by extension only, and formats that nobody records in.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import av
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer

from fi_desktop.audio.chunk_formats import AudioChunk, Readable, find_audio
from fi_desktop.audio.given_file import GivenFile
from fi_desktop.audio.media_files import HEAD_BYTES, NotAFileError, open_regular, unsupported_error
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError

# FFmpeg's messages name streams, tags and paths, and go to stderr. None discards them unformatted.
av.logging.set_level(None)

_READ_BUFFER_BYTES = 256 * 1024
_AV_TIME_BASE = 1_000_000
# Largest single allocation in FFmpeg: room for a picture of a 4K video, and for an index that takes more
# than the samples it counts; the index of 24 hours of video takes half of the maximum.
_FIXED_ALLOCATION_BYTES = 32 * 1024 * 1024
_ALLOCATION_PER_FILE_BYTE = 2
_MAX_ALLOCATION_BYTES = 256 * 1024 * 1024
_PYAV = Path(av.__file__).resolve().parent
# Where PyAV's wheels keep FFmpeg's libraries: Linux and Windows, macOS.
_LIBRARY_FOLDERS = (_PYAV.with_name("av.libs"), _PYAV / ".dylibs")

# The formats that are opened, by FFmpeg's names: what recorders, phones, cameras and editors write. FFmpeg
# knows some 300 more, of games, pictures, subtitles and playlists: code that only a hostile file would reach.
FORMATS = (
    "aac", "ac3", "act", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi", "caf", "dsf", "dss",
    "dts", "dtshd", "dv", "eac3", "flac", "flv", "gsm", "gxf", "iff", "ilbc", "ircam", "ivr", "live_flv",
    "loas", "matroska", "mlp", "mmf", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "mxf", "nistsphere",
    "nut", "ogg", "oma", "paf", "pva", "pvf", "qcp", "rm", "sox", "tak", "truehd", "tta", "voc", "w64", "wav",
    "wtv", "wv", "xwma",
)  # fmt: skip
# Passed as container_options: with `options`, PyAV frees too many dictionaries if tracks appear while the
# file is probed (https://github.com/PyAV-Org/PyAV/issues/2010).
_OPTIONS = {"protocol_whitelist": "none", "format_whitelist": ",".join(FORMATS)}

# How the containers that people record to begin. A file that begins so and cannot be opened is damaged,
# rather than something else with a wrong extension.
_MAGIC = (
    (0, b"RIFF"), (0, b"RF64"), (0, b"fLaC"), (0, b"OggS"), (0, b"ID3"), (0, b"\x1aE\xdf\xa3"), (4, b"ftyp"),
    (0, b"FORM"), (0, b"caff"), (0, b"#!AMR"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """An open file and one of its audio tracks.

    Attributes:
        file: the bytes; code that moves its position restores it.
        size_bytes: length of the file, without space reserved after the audio.
        input: the same bytes as FFmpeg reads them.
        container: FFmpeg's view of the file.
        stream: the audio track; the one that a player would choose, if not replaced.
        audio_chunk: location of the audio in a chunk-based file such as WAV; None for other files.
    """

    file: Readable
    size_bytes: int
    input: FFmpegInput
    container: InputContainer
    stream: AudioStream
    audio_chunk: AudioChunk | None = None

    @property
    def start_s(self) -> float:
        """Smallest timestamp of any track, seconds; 0 if unknown."""
        return (self.container.start_time or 0) / _AV_TIME_BASE

    @property
    def duration_s(self) -> float | None:
        """Length from the header or estimated by FFmpeg, seconds; None if unknown."""
        duration = self.container.duration
        return duration / _AV_TIME_BASE if duration is not None and duration > 0 else None


def read_error() -> TransientError:
    """Return the error of a drive or network folder that stopped responding."""
    return TransientError(
        messages.AUDIO_READ,
    )


def away_error() -> TransientError:
    """Return the error of a drive or network folder that is not connected."""
    return TransientError(
        messages.AUDIO_AWAY,
    )


def limit_allocations(file_bytes: int) -> bool:
    """Make FFmpeg's allocations fail that a file of this length cannot need, whatever its header claims.

    FFmpeg allocates a chunk, tag or table before it reads it. Its own limit is 2 GiB, and PyAV has no way to
    change it. The limit is that of the process, which reads one recording at a time.

    Returns: whether it was possible: only with a PyAV that brings its own FFmpeg.
    """
    limit = min(_FIXED_ALLOCATION_BYTES + _ALLOCATION_PER_FILE_BYTE * file_bytes, _MAX_ALLOCATION_BYTES)
    for set_limit in _allocation_limits():
        set_limit(limit)
    return bool(_allocation_limits())


@cache
def _allocation_limits() -> list[Callable[[int], None]]:
    """Return what sets the limit in each copy of FFmpeg that PyAV has loaded."""
    found: list[Callable[[int], None]] = []
    for path in (path for folder in _LIBRARY_FOLDERS for path in folder.glob("*avutil*")):
        try:
            # PyAV has loaded this library: the same path gives the same instance.
            set_limit = ctypes.CDLL(str(path)).av_max_alloc
        except (OSError, AttributeError):
            continue
        set_limit.argtypes, set_limit.restype = [ctypes.c_size_t], None
        found.append(set_limit)
    return found


@contextmanager
def open_media(source: Path) -> Iterator[Media]:
    """Open a recording for reading.

    Raises:
        UserError: audio.missing, audio.forbidden, audio.not_a_file, audio.empty, audio.unreadable,
            audio.damaged or audio.no_audio; and the errors of `unsupported_error`.
        TransientError: audio.read if the drive fails; audio.away if its folder is gone.
    """
    with open_recording(source) as file, _open(file) as media:
        yield media


@contextmanager
def open_media_at(media: Media, start: int) -> Iterator[Media]:
    """Open what begins at offset `start` of an open file as a file.

    Raises:
        UserError, TransientError: as `open_media`.
    """
    with _open(FileSlice(media.file, start, media.size_bytes)) as part:
        yield part


@contextmanager
def _open(file: Readable) -> Iterator[Media]:
    size_bytes = file.seek(0, 2)
    head = _head(file)
    if size_bytes == 0:
        raise UserError(messages.AUDIO_EMPTY)
    if (error := unsupported_error(head)) is not None:
        raise error
    chunk = _find_audio(file, size_bytes)
    limit_allocations(size_bytes)
    if chunk is not None and chunk.trailing:
        size_bytes = chunk.end
        patched = FileSlice(file, 0, chunk.end, replaced_at=chunk.size_at, replacement=chunk.size_field)
        source = FFmpegInput(patched)
    else:
        source = FFmpegInput(file)
    try:
        container = av.open(
            source,
            mode="r",
            metadata_errors="replace",
            buffer_size=_READ_BUFFER_BYTES,
            io_open=_refuse,
            container_options=_OPTIONS,
        )
    except _SecondFileError:
        raise UserError(messages.AUDIO_UNREADABLE) from None
    except (av.FFmpegError, ValueError):
        # ValueError: PyAV rejects what the header declares.
        if source.failed:
            raise read_error() from None
        raise UserError(
            messages.AUDIO_DAMAGED if _looks_recorded(head) else messages.AUDIO_UNREADABLE
        ) from None
    with container:
        yield Media(file, size_bytes, source, container, _best_stream(container), chunk)


def open_recording(source: Path) -> BinaryIO:
    """Open a recording's bytes.

    Raises:
        UserError: audio.missing, audio.forbidden or audio.not_a_file.
        TransientError: audio.read if the drive fails; audio.away if its folder is gone.
    """
    try:
        if isinstance(source, GivenFile):
            file: BinaryIO = source.open("rb")
            return file
        return open_regular(source)
    except NotAFileError:
        raise UserError(messages.AUDIO_NOT_A_FILE) from None
    except OSError as error:
        _raise_open_error(error, source)


def _raise_open_error(error: OSError, source: Path) -> NoReturn:
    # "from None" throughout: the cause's text holds the path, and tracebacks are stored with the job.
    if isinstance(error, PermissionError):
        raise UserError(messages.AUDIO_FORBIDDEN) from None
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in (
        errno.ELOOP,
        errno.ENAMETOOLONG,
    ):
        raise (UserError(messages.AUDIO_MISSING) if _exists(source.parent) else away_error()) from None
    raise read_error() from None


def _exists(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # an impossible name never existed on a drive that is away
        return True


def _head(file: Readable) -> bytes:
    try:
        file.seek(0)
        head = file.read(HEAD_BYTES)
        file.seek(0)
    except OSError:
        raise read_error() from None
    return head


def _find_audio(file: Readable, size_bytes: int) -> AudioChunk | None:
    try:
        chunk = find_audio(file, size_bytes)
        file.seek(0)
    except OSError:
        raise read_error() from None
    return chunk


def _looks_recorded(head: bytes) -> bool:
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0:  # MPEG audio: eleven set bits
        return True
    return any(head[offset : offset + len(magic)] == magic for offset, magic in _MAGIC)


def _best_stream(container: InputContainer) -> AudioStream:
    try:
        stream = container.streams.best("audio")
    except IndexError:
        # A damaged transport stream: FFmpeg counts a track that PyAV did not list.
        stream = None
    if stream is None:
        # Audio may begin later in a transport stream than FFmpeg looks: its rate is not known yet.
        stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise UserError(messages.AUDIO_NO_AUDIO if container.streams.video else messages.AUDIO_UNREADABLE)
    assert isinstance(stream, AudioStream)
    if stream.codec_context is None:
        # FFmpeg chooses by bit rate and length, which may prefer a phone's spatial audio to its plain audio.
        stream = next((one for one in container.streams.audio if one.codec_context is not None), stream)
    # No decoder: a codec that this FFmpeg lacks, or a protected track ("drms").
    if stream.codec_context is None:
        raise UserError(messages.AUDIO_UNREADABLE)
    return stream


class FileSlice:
    """Bytes `start` to `end` of a file as a file, some of them replaced; positions count from `start`."""

    def __init__(
        self, file: Readable, start: int, end: int, *, replaced_at: int = 0, replacement: bytes = b""
    ) -> None:
        """Replace the bytes at position `replaced_at` of the slice by `replacement`."""
        self._file = file
        self._start = start
        self._end = end
        self._replaced_at = replaced_at
        self._replacement = replacement
        file.seek(start)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move from the start (0), the position (1) or the end (2).

        Raises:
            ValueError: before the start.
        """
        base = (0, self.tell(), self._end - self._start)[whence]
        if base + offset < 0:
            raise ValueError("before the start")
        return self._file.seek(self._start + base + offset) - self._start

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        at = self.tell()
        data = self._file.read(max(0, min(size, self._end - self._start - at)))
        first = max(0, self._replaced_at - at)
        last = min(len(data), self._replaced_at + len(self._replacement) - at)
        if first >= last:
            return data
        new = self._replacement[at + first - self._replaced_at : at + last - self._replaced_at]
        return data[:first] + new + data[last:]


class FFmpegInput:
    """A file's bytes without its name, which PyAV would pass to FFmpeg and put into its errors.

    Attributes:
        failed: whether a read failed; FFmpeg saw the end of the file there.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.tell = file.tell
        self.failed = False

    # Neither method raises: PyAV keeps one exception, and prints the others to stderr.

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        try:
            return self._file.read(size)
        except OSError:
            self.failed = True
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; returns -1 for an impossible position, as damaged files ask for."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -1


class _SecondFileError(Exception):
    """The file asked FFmpeg to open another one."""


def _refuse(*_asked: Any) -> NoReturn:
    raise _SecondFileError
